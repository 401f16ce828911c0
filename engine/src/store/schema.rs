//! Tables, and rows ⇄ [`Household`]. What a row says is sealed with the household's key; what is not,
//! are numbers that say nothing of anybody.

use super::{
    entries::{self, Row},
    household::Household,
    plain,
};
use crate::keys::{Key, KeysError};
use loqa_protocol::{EffectKind, UtteranceId};
use rusqlite::{Connection, OptionalExtension, params};
use std::path::Path;

/// The format that this Loqa writes. Those up to [`plain::LAST`] are written anew when they are opened;
/// a later one comes to be by a migration from here.
pub(super) const FORMAT: i64 = 5;

const TABLES: &str = "
    CREATE TABLE household (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        epoch INTEGER NOT NULL,
        next_timer_id INTEGER NOT NULL,
        key BLOB NOT NULL -- a hash of the key that seals the entries
    );
    CREATE TABLE entry (
        kind INTEGER NOT NULL, -- timer, alarm, device, …: numbers of `entries::Kind`
        name BLOB NOT NULL, -- a keyed hash: it says nothing
        sealed BLOB NOT NULL,
        PRIMARY KEY (kind, name)
    ) WITHOUT ROWID;
    CREATE TABLE ledger (
        session BLOB NOT NULL,
        turn INTEGER NOT NULL,
        effects TEXT NOT NULL, -- kinds only, no words
        at_ms INTEGER NOT NULL,
        PRIMARY KEY (session, turn)
    ) WITHOUT ROWID;
    CREATE INDEX ledger_at ON ledger (at_ms);
";

/// How long the ledger remembers an utterance.
const LEDGER_KEPT_MS: i64 = 30 * 24 * 3600 * 1000;

/// That an utterance was carried out, and what kind of thing was done.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LedgerRow {
    pub utterance: UtteranceId,
    pub kinds: Vec<EffectKind>,
    pub at_ms: i64,
}

/// Why a database cannot be used.
pub(super) enum OpenError {
    /// Its content is not what Loqa wrote.
    Damaged(String),
    /// A later Loqa wrote it.
    TooNew(i64),
    /// The keys to it are not to be had.
    Keys(KeysError),
    /// It was sealed with another key.
    Sealed,
    /// The disk will not have it.
    Disk {
        error: rusqlite::Error,
        /// The database holds nothing yet.
        empty: bool,
    },
}

impl From<KeysError> for OpenError {
    fn from(error: KeysError) -> Self {
        OpenError::Keys(error)
    }
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::{Error, ErrorCode};
        match &error {
            Error::SqliteFailure(failure, _)
                if matches!(
                    failure.code,
                    ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase
                ) =>
            {
                OpenError::Damaged(error.to_string())
            }
            // The tables are not ours: a failure that SQLite has no better code for.
            Error::SqliteFailure(failure, _) if failure.code == ErrorCode::Unknown => {
                OpenError::Damaged(error.to_string())
            }
            Error::SqlInputError { .. }
            | Error::FromSqlConversionFailure(..)
            | Error::InvalidColumnType(..) => OpenError::Damaged(error.to_string()),
            _ => OpenError::Disk {
                error,
                empty: false,
            },
        }
    }
}

/// A database, by what is to be done with it.
pub(super) enum Opened {
    /// It is of this format.
    Sealed(Connection),
    /// It holds nothing, not even tables: [`begin`] makes them.
    Empty(Connection),
    /// It is from before everything was sealed: of this format.
    Plain(Connection, usize),
}

/// Opens and checks.
pub(super) fn open(path: &Path) -> Result<Opened, OpenError> {
    // No page, or only the one that says nothing but that there will be a journal.
    let nothing_yet = |connection: &Connection| {
        path.metadata().is_ok_and(|file| file.len() == 0)
            || format_of(connection).is_ok_and(|format| format == 0)
    };
    let connection = Connection::open(path)?;
    let format = prepare(&connection).map_err(|error| match error {
        OpenError::Disk { error, .. } => OpenError::Disk {
            empty: nothing_yet(&connection),
            error,
        },
        other => other,
    })?;
    match usize::try_from(format) {
        Ok(0) => Ok(Opened::Empty(connection)),
        Ok(plain) if plain <= plain::LAST => Ok(Opened::Plain(connection, plain)),
        Ok(_) if format == FORMAT => Ok(Opened::Sealed(connection)),
        _ => Err(OpenError::TooNew(format)),
    }
}

/// Makes the tables in an empty database.
///
/// # Errors
/// All or none: on a disk that fills up meanwhile the database is empty.
pub(super) fn begin(connection: &mut Connection, key: &Key) -> Result<(), OpenError> {
    let begun = (|| {
        let transaction = connection.transaction()?;
        transaction.execute_batch(TABLES)?;
        let first = "INSERT INTO household (only, epoch, next_timer_id, key) VALUES (1, 0, 1, ?)";
        transaction.execute(first, [mark(key)])?;
        transaction.pragma_update(None, "user_version", FORMAT)?;
        transaction.commit()
    })();
    begun.map_err(|error| match OpenError::from(error) {
        OpenError::Disk { error, .. } => OpenError::Disk { error, empty: true },
        other => other,
    })
}

/// Returns its format.
fn prepare(connection: &Connection) -> Result<i64, OpenError> {
    // The folder lock already keeps others out. Exclusive mode needs no shared-memory file, so an
    // existing database still opens on a full disk.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    let check: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if check != "ok" {
        return Err(OpenError::Damaged(check));
    }
    Ok(format_of(connection)?)
}

fn format_of(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Reads everything.
pub(super) fn load(connection: &Connection, key: &Key) -> Result<Household, OpenError> {
    let household = connection
        .query_row(
            "SELECT epoch, next_timer_id, key FROM household",
            [],
            |row| {
                let household = Household {
                    epoch: row.get::<_, i64>(0)?.cast_unsigned(),
                    next_timer_id: row.get::<_, i64>(1)?.cast_unsigned(),
                    ..Household::default()
                };
                Ok((household, row.get::<_, Vec<u8>>(2)?))
            },
        )
        .optional()?
        .ok_or_else(|| OpenError::Damaged("the row of the table `household` is missing".into()));
    let (mut household, sealed_with) = household?;
    if sealed_with != mark(key) {
        return Err(OpenError::Sealed);
    }
    let mut entries = connection.prepare("SELECT kind, name, sealed FROM entry")?;
    let mut rows = entries.query([])?;
    while let Some(row) = rows.next()? {
        let row = Row {
            kind: row.get(0)?,
            name: row.get(1)?,
            sealed: row.get(2)?,
        };
        entries::put(&mut household, &row, key).map_err(|error| {
            OpenError::Damaged(format!("an entry of kind {}: {error}", row.kind))
        })?;
    }
    Ok(household)
}

/// Tells keys apart, and says nothing of them.
fn mark(key: &Key) -> [u8; 32] {
    key.tag(&[b"seals the household"])
}

/// Writes what differs and the ledger rows in one transaction, durably. Safe to repeat after an
/// error that left it unknown whether the transaction took place.
pub(super) fn save(
    connection: &mut Connection,
    saved: &Household,
    current: &Household,
    ledger: &[LedgerRow],
    key: &Key,
) -> rusqlite::Result<()> {
    let changes = entries::changes(saved, current)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let transaction = connection.transaction()?;
    for change in changes {
        let (kind, name) = (change.kind as u8, change.name(key));
        match change.sealed(key, &name) {
            Some(sealed) => transaction
                .prepare_cached(
                    "INSERT OR REPLACE INTO entry (kind, name, sealed) VALUES (?, ?, ?)",
                )?
                .execute(params![kind, name, sealed])?,
            None => transaction
                .prepare_cached("DELETE FROM entry WHERE kind = ? AND name = ?")?
                .execute(params![kind, name])?,
        };
    }
    transaction
        .prepare_cached("UPDATE household SET epoch = ?, next_timer_id = ?")?
        .execute([
            current.epoch.cast_signed(),
            current.next_timer_id.cast_signed(),
        ])?;
    for row in ledger {
        transaction
            .prepare_cached(
                "INSERT OR IGNORE INTO ledger (session, turn, effects, at_ms) VALUES (?, ?, ?, ?)",
            )?
            .execute(params![
                row.utterance.session.0.to_be_bytes(),
                row.utterance.turn.0,
                json(&row.kinds)?,
                row.at_ms
            ])?;
    }
    transaction.commit()
}

fn json<T: serde::Serialize + ?Sized>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

/// Was this utterance carried out?
pub(super) fn is_committed(
    connection: &Connection,
    utterance: UtteranceId,
) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM ledger WHERE session = ? AND turn = ?")?
        .exists(params![utterance.session.0.to_be_bytes(), utterance.turn.0])
}

/// Forgets utterances nobody can ask about any more.
pub(super) fn prune_ledger(connection: &Connection, now_ms: i64) -> rusqlite::Result<usize> {
    connection.execute(
        "DELETE FROM ledger WHERE at_ms < ?",
        [now_ms.saturating_sub(LEDGER_KEPT_MS)],
    )
}

/// Writes a copy of a database as it is now, whoever writes to it meanwhile.
///
/// # Errors
/// SQLite's.
pub fn copy_database(from: &Connection, to: &Path) -> rusqlite::Result<()> {
    let path = to.to_str();
    let path = path.ok_or_else(|| rusqlite::Error::InvalidPath(to.to_owned()))?;
    from.execute("VACUUM INTO ?", [path]).map(drop)
}
