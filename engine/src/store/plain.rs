//! Databases from before everything was sealed, formats 1 to 4: read once, to be written anew.
//! None of this ever changes; `fixtures/v<n>.sql` keeps a database of every format.

use super::{
    household::{AlarmPhase, AlarmRecord, Household, TimerPhase, TimerRecord},
    schema::{LedgerRow, OpenError},
};
use loqa_protocol::{EffectKind, SessionId, TurnId, UtteranceId};
use loqa_skill_sdk::AlarmEvery;
use rusqlite::{Connection, OptionalExtension};

/// The last of them.
pub(super) const LAST: usize = MIGRATIONS.len();

/// Migration `n` brings a database from `user_version` n to n + 1.
const MIGRATIONS: &[&str] = &[
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

/// What such a database holds.
pub(super) struct Plain {
    pub household: Household,
    pub ledger: Vec<LedgerRow>,
}

/// Reads one of `format`. It is brought to the last of these formats meanwhile, so hand it a copy.
pub(super) fn load(copy: &mut Connection, format: usize) -> Result<Plain, OpenError> {
    let transaction = copy.transaction()?;
    for migration in &MIGRATIONS[format..] {
        transaction.execute_batch(migration)?;
    }
    transaction.commit()?;
    Ok(Plain {
        household: load_household(copy)?,
        ledger: load_ledger(copy)?,
    })
}

fn load_ledger(connection: &Connection) -> Result<Vec<LedgerRow>, OpenError> {
    let mut rows = connection.prepare("SELECT session, turn, effects, at_ms FROM ledger")?;
    let rows = rows.query_map([], |row| {
        let effects: String = row.get(2)?;
        Ok((
            UtteranceId {
                session: SessionId(u128::from_be_bytes(row.get(0)?)),
                turn: TurnId(row.get(1)?),
            },
            effects,
            row.get(3)?,
        ))
    })?;
    rows.map(|row| {
        let (utterance, effects, at_ms) = row?;
        let kinds: Vec<EffectKind> = serde_json::from_str(&effects)
            .map_err(|error| OpenError::Damaged(format!("ledger {utterance}: {error}")))?;
        Ok(LedgerRow {
            utterance,
            kinds,
            at_ms,
        })
    })
    .collect()
}

/// Reads everything.
fn load_household(connection: &Connection) -> Result<Household, OpenError> {
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
