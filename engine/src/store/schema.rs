//! Tables, migrations, and rows ⇄ [`Household`].

use super::household::{AlarmPhase, AlarmRecord, Changes, Household, TimerPhase, TimerRecord};
use loqa_protocol::{EffectKind, UtteranceId};
use loqa_skill_sdk::AlarmEvery;
use rusqlite::{Connection, OptionalExtension, params};
use std::path::Path;

/// Migration `n` brings a database from `user_version` n to n + 1. Released ones never change;
/// `fixtures/v<n>.sql` keeps a database of every version.
pub(super) const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE household (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        epoch INTEGER NOT NULL,
        next_timer_id INTEGER NOT NULL
    );
    INSERT INTO household VALUES (1, 0, 1);
    CREATE TABLE timer (
        id INTEGER PRIMARY KEY,
        name TEXT,
        total_s INTEGER NOT NULL,
        phase TEXT NOT NULL CHECK (phase IN ('running', 'paused', 'ringing')),
        ms INTEGER NOT NULL -- running: ends at; paused: left; ringing: ended at
    );
    CREATE TABLE device (id TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE list (id TEXT PRIMARY KEY, items TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE ledger (
        session BLOB NOT NULL,
        turn INTEGER NOT NULL,
        effects TEXT NOT NULL, -- kinds only, no words
        at_ms INTEGER NOT NULL,
        PRIMARY KEY (session, turn)
    ) WITHOUT ROWID;
    CREATE INDEX ledger_at ON ledger (at_ms);
",
    "
    CREATE TABLE storage (
        skill TEXT NOT NULL,
        key TEXT NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (skill, key)
    ) WITHOUT ROWID;
",
    "
    CREATE TABLE alarm (
        id INTEGER PRIMARY KEY, -- from the same row of numbers as a timer's
        text TEXT, -- what it reminds of; NULL: it is an alarm
        days INTEGER, -- a bit each, 1 = Monday; NULL: it rings once
        hour INTEGER,
        minute INTEGER,
        due_ms INTEGER NOT NULL,
        phase TEXT NOT NULL CHECK (phase IN ('waiting', 'snoozed', 'ringing', 'missed')),
        ms INTEGER NOT NULL -- snoozed: until; ringing, missed: since
    );
",
    "
    ALTER TABLE alarm ADD COLUMN does TEXT; -- a sentence; NULL: it rings, or is said
",
];

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
    /// The disk will not have it.
    Disk {
        error: rusqlite::Error,
        /// The database holds nothing yet.
        empty: bool,
    },
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

/// Opens, checks and migrates.
pub(super) fn open(path: &Path) -> Result<Connection, OpenError> {
    // No page, or only the one that says nothing but that there will be a journal.
    let nothing_yet = |connection: &Connection| {
        path.metadata().is_ok_and(|file| file.len() == 0)
            || connection
                .query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))
                .is_ok_and(|version| version == 0)
    };
    let mut connection = Connection::open(path)?;
    prepare(&mut connection).map_err(|error| match error {
        OpenError::Disk { error, .. } => OpenError::Disk {
            empty: nothing_yet(&connection),
            error,
        },
        other => other,
    })?;
    Ok(connection)
}

fn prepare(connection: &mut Connection) -> Result<(), OpenError> {
    // The folder lock already keeps others out. Exclusive mode needs no shared-memory file, so an
    // existing database still opens on a full disk.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    let check: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if check != "ok" {
        return Err(OpenError::Damaged(check));
    }
    migrate(connection)
}

fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let done = usize::try_from(version)
        .ok()
        .filter(|done| *done <= MIGRATIONS.len())
        .ok_or(OpenError::TooNew(version))?;
    if done == MIGRATIONS.len() {
        return Ok(());
    }
    // All or none: on a disk that fills up meanwhile the database is what it was, or empty.
    let transaction = connection.transaction()?;
    for migration in &MIGRATIONS[done..] {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    Ok(transaction.commit()?)
}

/// Reads everything.
pub(super) fn load(connection: &Connection) -> Result<Household, OpenError> {
    let mut household = connection
        .query_row("SELECT epoch, next_timer_id FROM household", [], |row| {
            Ok(Household {
                epoch: row.get::<_, i64>(0)?.cast_unsigned(),
                next_timer_id: row.get::<_, i64>(1)?.cast_unsigned(),
                ..Household::default()
            })
        })
        .optional()?
        .ok_or_else(|| OpenError::Damaged("the row of the table `household` is missing".into()))?;
    let mut timers = connection.prepare("SELECT id, name, total_s, phase, ms FROM timer")?;
    let mut rows = timers.query([])?;
    while let Some(row) = rows.next()? {
        let id = row.get::<_, i64>(0)?.cast_unsigned();
        let ms: i64 = row.get(4)?;
        let state = match row.get_ref(3)?.as_str().unwrap_or_default() {
            "running" => TimerPhase::Running { ends_at_ms: ms },
            "paused" => TimerPhase::Paused {
                remaining_ms: ms.max(0).cast_unsigned(),
            },
            "ringing" => TimerPhase::Ringing { ended_at_ms: ms },
            other => {
                return Err(OpenError::Damaged(format!(
                    "timer {id} is in the unknown phase `{other}`"
                )));
            }
        };
        let total_s = row.get::<_, i64>(2)?.cast_unsigned();
        household.timers.insert(
            id,
            TimerRecord {
                id,
                name: row.get(1)?,
                total_s,
                state,
            },
        );
    }
    load_alarms(connection, &mut household)?;
    let json = |table: &str, id: &str, error: serde_json::Error| {
        OpenError::Damaged(format!("{table} `{id}`: {error}"))
    };
    for (id, state) in pairs(connection, "SELECT id, state FROM device")? {
        let state = serde_json::from_str(&state).map_err(|error| json("device", &id, error))?;
        household.devices.insert(id, state);
    }
    for (id, items) in pairs(connection, "SELECT id, items FROM list")? {
        let items = serde_json::from_str(&items).map_err(|error| json("list", &id, error))?;
        household.lists.insert(id, items);
    }
    let mut storage = connection.prepare("SELECT skill, key, text FROM storage")?;
    let mut rows = storage.query([])?;
    while let Some(row) = rows.next()? {
        let key = (row.get(0)?, row.get(1)?);
        household.storage.insert(key, row.get(2)?);
    }
    Ok(household)
}

fn load_alarms(connection: &Connection, household: &mut Household) -> Result<(), OpenError> {
    let mut alarms = connection
        .prepare("SELECT id, text, days, hour, minute, due_ms, phase, ms, does FROM alarm")?;
    let mut rows = alarms.query([])?;
    while let Some(row) = rows.next()? {
        let id = row.get::<_, i64>(0)?.cast_unsigned();
        let every = match row.get::<_, Option<u8>>(2)? {
            Some(days) => Some(AlarmEvery {
                days,
                hour: row.get(3)?,
                minute: row.get(4)?,
            }),
            None => None,
        };
        let ms: i64 = row.get(7)?;
        let phase = match row.get_ref(6)?.as_str().unwrap_or_default() {
            "waiting" => AlarmPhase::Waiting,
            "snoozed" => AlarmPhase::Snoozed { until_ms: ms },
            "ringing" => AlarmPhase::Ringing { since_ms: ms },
            "missed" => AlarmPhase::Missed { since_ms: ms },
            other => {
                return Err(OpenError::Damaged(format!(
                    "alarm {id} is in the unknown phase `{other}`"
                )));
            }
        };
        household.alarms.insert(
            id,
            AlarmRecord {
                id,
                text: row.get(1)?,
                does: row.get(8)?,
                every,
                due_ms: row.get(5)?,
                phase,
            },
        );
    }
    Ok(())
}

fn pairs(connection: &Connection, query: &str) -> rusqlite::Result<Vec<(String, String)>> {
    connection
        .prepare(query)?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Writes what differs and the ledger rows in one transaction, durably. Safe to repeat after an
/// error that left it unknown whether the transaction took place.
pub(super) fn save(
    connection: &mut Connection,
    saved: &Household,
    current: &Household,
    ledger: &[LedgerRow],
) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    let changes = Changes::between(saved, current);
    for (id, timer) in changes.timers {
        match timer {
            Some(timer) => {
                let (phase, ms) = match timer.state {
                    TimerPhase::Running { ends_at_ms } => ("running", ends_at_ms),
                    TimerPhase::Paused { remaining_ms } => {
                        ("paused", i64::try_from(remaining_ms).unwrap_or(i64::MAX))
                    }
                    TimerPhase::Ringing { ended_at_ms } => ("ringing", ended_at_ms),
                };
                transaction
                    .prepare_cached("INSERT OR REPLACE INTO timer (id, name, total_s, phase, ms) VALUES (?, ?, ?, ?, ?)")?
                    .execute(params![id.cast_signed(), timer.name, timer.total_s.cast_signed(), phase, ms])?
            }
            None => transaction
                .prepare_cached("DELETE FROM timer WHERE id = ?")?
                .execute([id.cast_signed()])?,
        };
    }
    for (id, alarm) in changes.alarms {
        match alarm {
            Some(alarm) => {
                let (phase, ms) = match alarm.phase {
                    AlarmPhase::Waiting => ("waiting", 0),
                    AlarmPhase::Snoozed { until_ms } => ("snoozed", until_ms),
                    AlarmPhase::Ringing { since_ms } => ("ringing", since_ms),
                    AlarmPhase::Missed { since_ms } => ("missed", since_ms),
                };
                let every = alarm.every;
                transaction
                    .prepare_cached("INSERT OR REPLACE INTO alarm (id, text, days, hour, minute, due_ms, phase, ms, does) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")?
                    .execute(params![
                        id.cast_signed(),
                        alarm.text,
                        every.map(|every| every.days),
                        every.map(|every| every.hour),
                        every.map(|every| every.minute),
                        alarm.due_ms,
                        phase,
                        ms,
                        alarm.does
                    ])?
            }
            None => transaction
                .prepare_cached("DELETE FROM alarm WHERE id = ?")?
                .execute([id.cast_signed()])?,
        };
    }
    for (id, state) in changes.devices {
        match state {
            Some(state) => transaction
                .prepare_cached("INSERT OR REPLACE INTO device (id, state) VALUES (?, ?)")?
                .execute([id, &json(state)?])?,
            None => transaction
                .prepare_cached("DELETE FROM device WHERE id = ?")?
                .execute([id])?,
        };
    }
    for (id, items) in changes.lists {
        match items {
            Some(items) => transaction
                .prepare_cached("INSERT OR REPLACE INTO list (id, items) VALUES (?, ?)")?
                .execute([id, &json(items)?])?,
            None => transaction
                .prepare_cached("DELETE FROM list WHERE id = ?")?
                .execute([id])?,
        };
    }
    for ((skill, key), text) in changes.storage {
        match text {
            Some(text) => transaction
                .prepare_cached(
                    "INSERT OR REPLACE INTO storage (skill, key, text) VALUES (?, ?, ?)",
                )?
                .execute([skill, key, text])?,
            None => transaction
                .prepare_cached("DELETE FROM storage WHERE skill = ? AND key = ?")?
                .execute([skill, key])?,
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
