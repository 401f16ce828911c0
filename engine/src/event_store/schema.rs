//! Tables and rows of `events.db`. What a row says is sealed; in the clear are numbers, times, and whose
//! key it is.

use super::EventStoreError;
use crate::{chain, keys::Owner, whole_file};
use loqa_protocol::{PrivacyScope, SessionId};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::{path::Path, time::Duration};

/// `user_version`. A later format comes to be by a migration from here, after a backup.
const FORMAT: i64 = 1;

const TABLES: &str = "
    CREATE TABLE conversation (
        number INTEGER PRIMARY KEY,
        id BLOB NOT NULL UNIQUE, -- 16 bytes, by chance: names its key
        person INTEGER, -- whose key wraps its key; NULL: the household's
        scope INTEGER NOT NULL, -- 1: kept for a while, 2: until it is forgotten
        begun_ms INTEGER NOT NULL,
        last_ms INTEGER NOT NULL,
        events INTEGER NOT NULL,
        turns INTEGER NOT NULL,
        title BLOB -- sealed: the first words
    );
    CREATE INDEX conversation_last ON conversation (last_ms);
    CREATE TABLE event (
        conversation INTEGER NOT NULL,
        seq INTEGER NOT NULL, -- in its conversation, from 0
        at_ms INTEGER NOT NULL,
        leaf INTEGER NOT NULL, -- its number in the chain
        sealed BLOB NOT NULL,
        PRIMARY KEY (conversation, seq)
    ) WITHOUT ROWID;
    CREATE TABLE deed (
        leaf INTEGER PRIMARY KEY, -- its number in the chain
        at_ms INTEGER NOT NULL,
        sealed BLOB NOT NULL -- with the household's key
    );
";

/// How long another process may hold the file.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is kept of a conversation besides its events.
#[derive(Clone, Debug)]
pub(super) struct Conversation {
    pub number: i64,
    pub id: SessionId,
    pub owner: Owner,
    pub scope: PrivacyScope,
    pub begun_ms: i64,
    pub last_ms: i64,
    pub events: u64,
    pub turns: u64,
    pub title: Option<Vec<u8>>,
}

/// An event as it lies there.
pub(super) struct Kept {
    pub seq: u64,
    pub at_ms: i64,
    pub leaf: u64,
    pub sealed: Vec<u8>,
}

impl Kept {
    /// What the chain remembers of it: also whose it is, and how long it may be kept.
    pub fn hash(&self, of: &Conversation) -> chain::Hash {
        let (person, scope) = (person(of.owner).unwrap_or(-1), of.scope as u8);
        chain::hash(&[
            &place(of.id, self.seq, self.at_ms),
            &person.to_be_bytes(),
            &[scope],
            &self.sealed,
        ])
    }
}

fn person(owner: Owner) -> Option<i64> {
    match owner {
        Owner::Household => None,
        Owner::Person(id) => Some(id.cast_signed()),
    }
}

/// What an event is sealed for: it opens nowhere else.
pub(super) fn place(id: SessionId, seq: u64, at_ms: i64) -> Vec<u8> {
    let (id, seq, at) = (id.0.to_be_bytes(), seq.to_be_bytes(), at_ms.to_be_bytes());
    [b"loqa event ", &id[..], &seq, &at].concat()
}

/// What a conversation's first words are sealed for.
pub(super) fn title_place(id: SessionId) -> Vec<u8> {
    [b"loqa title ", &id.0.to_be_bytes()[..]].concat()
}

/// Opens it for reading alone; `None`: nothing was ever kept.
pub(super) fn open_to_read(path: &Path) -> Result<Option<Connection>, EventStoreError> {
    if !path.exists() {
        return Ok(None);
    }
    let connection = connect(path)?;
    match format_of(&connection)? {
        0 => Ok(None),
        FORMAT => Ok(Some(connection)),
        later => Err(EventStoreError::TooNew {
            path: path.to_owned(),
            found: later,
        }),
    }
}

/// Opens it to write; makes it if it is not there, for its owner alone.
pub(super) fn open(path: &Path) -> Result<Connection, EventStoreError> {
    // SQLite gives its side files the permissions of this one.
    whole_file::open_private(path)?;
    let mut connection = connect(path)?;
    match format_of(&connection)? {
        0 => {
            let transaction = connection.transaction()?;
            transaction.execute_batch(TABLES)?;
            transaction.execute_batch(chain::TABLES)?;
            transaction.pragma_update(None, "user_version", FORMAT)?;
            transaction.commit()?;
        }
        FORMAT => {}
        later => {
            return Err(EventStoreError::TooNew {
                path: path.to_owned(),
                found: later,
            });
        }
    }
    Ok(connection)
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(PATIENCE)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

fn format_of(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

const COLUMNS: &str = "number, id, person, scope, begun_ms, last_ms, events, turns, title";

fn conversation(row: &Row<'_>) -> rusqlite::Result<Conversation> {
    let person: Option<i64> = row.get(2)?;
    Ok(Conversation {
        number: row.get(0)?,
        id: SessionId(u128::from_be_bytes(row.get(1)?)),
        owner: person.map_or(Owner::Household, |id| Owner::Person(id.cast_unsigned())),
        scope: match row.get(3)? {
            2 => PrivacyScope::Persistent,
            _ => PrivacyScope::Session,
        },
        begun_ms: row.get(4)?,
        last_ms: row.get(5)?,
        events: row.get::<_, i64>(6)?.cast_unsigned(),
        turns: row.get::<_, i64>(7)?.cast_unsigned(),
        title: row.get(8)?,
    })
}

/// That of this id.
pub(super) fn find(
    connection: &Connection,
    id: SessionId,
) -> rusqlite::Result<Option<Conversation>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM conversation WHERE id = ?"))?
        .query_row([id.0.to_be_bytes()], conversation)
        .optional()
}

/// The newest whose id begins so, in hexadecimal digits.
pub(super) fn named(connection: &Connection, name: &str) -> rusqlite::Result<Option<Conversation>> {
    let name = name.to_uppercase();
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(None);
    }
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM conversation WHERE substr(hex(id), 1, ?) = ? ORDER BY last_ms DESC LIMIT 1"))?
        .query_row(params![name.len() as i64, name], conversation)
        .optional()
}

/// The newest that ended before, newest first.
pub(super) fn latest(
    connection: &Connection,
    before_ms: i64,
    most: usize,
) -> rusqlite::Result<Vec<Conversation>> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM conversation WHERE last_ms < ? ORDER BY last_ms DESC LIMIT ?"
        ))?
        .query_map([before_ms, most], conversation)?
        .collect()
}

/// All of them.
pub(super) fn all(connection: &Connection) -> rusqlite::Result<Vec<Conversation>> {
    connection
        .prepare(&format!(
            "SELECT {COLUMNS} FROM conversation ORDER BY number"
        ))?
        .query_map([], conversation)?
        .collect()
}

/// Those to be kept for a while only that ended before `before_ms`.
pub(super) fn over(connection: &Connection, before_ms: i64) -> rusqlite::Result<Vec<Conversation>> {
    connection
        .prepare(&format!(
            "SELECT {COLUMNS} FROM conversation WHERE last_ms < ? AND scope = 1"
        ))?
        .query_map([before_ms], conversation)?
        .collect()
}

/// Its events, in order, one by one: one that cannot be read does not hide the others.
pub(super) fn each_event(
    connection: &Connection,
    number: i64,
    mut each: impl FnMut(Kept),
) -> rusqlite::Result<()> {
    let mut rows = connection.prepare_cached(
        "SELECT seq, at_ms, leaf, sealed FROM event WHERE conversation = ? ORDER BY seq",
    )?;
    let mut rows = rows.query([number])?;
    while let Some(row) = rows.next()? {
        each(Kept {
            seq: row.get::<_, i64>(0)?.cast_unsigned(),
            at_ms: row.get(1)?,
            leaf: row.get::<_, i64>(2)?.cast_unsigned(),
            sealed: row.get(3)?,
        });
    }
    Ok(())
}

/// Begins one; returns its number.
pub(super) fn begin(connection: &Connection, new: &Conversation) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("INSERT INTO conversation (id, person, scope, begun_ms, last_ms, events, turns) VALUES (?, ?, ?, ?, ?, 0, 0)")?
        .execute(params![
            new.id.0.to_be_bytes(),
            person(new.owner),
            match new.scope {
                PrivacyScope::Persistent => 2,
                _ => 1,
            },
            new.begun_ms,
            new.last_ms
        ])?;
    Ok(connection.last_insert_rowid())
}

/// Adds an event.
pub(super) fn insert(connection: &Connection, number: i64, event: &Kept) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO event (conversation, seq, at_ms, leaf, sealed) VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![
            number,
            event.seq.cast_signed(),
            event.at_ms,
            event.leaf.cast_signed(),
            event.sealed
        ])?;
    Ok(())
}

/// Writes down how far a conversation has come.
pub(super) fn update(connection: &Connection, now: &Conversation) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE conversation SET last_ms = ?, events = ?, turns = ?, title = ? WHERE number = ?",
        )?
        .execute(params![
            now.last_ms,
            now.events.cast_signed(),
            now.turns.cast_signed(),
            now.title,
            now.number
        ])?;
    Ok(())
}

/// Takes a conversation away; its hashes stay. Returns their numbers, as runs from … to.
pub(super) fn erase(connection: &Connection, number: i64) -> rusqlite::Result<Vec<(u64, u64)>> {
    let mut leaves = connection
        .prepare_cached("SELECT leaf FROM event WHERE conversation = ? ORDER BY leaf")?
        .query_map([number], |row| Ok(row.get::<_, i64>(0)?.cast_unsigned()))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    leaves.dedup();
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for leaf in leaves {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == leaf => *last = leaf,
            _ => runs.push((leaf, leaf)),
        }
    }
    connection.execute("DELETE FROM event WHERE conversation = ?", [number])?;
    connection.execute("DELETE FROM conversation WHERE number = ?", [number])?;
    Ok(runs)
}
