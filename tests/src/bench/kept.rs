//! Conversations that are kept, against kill -9 and against whoever changes a bit of them. Part of `bench faults`.

use super::{
    figure::{Goal, Report},
    store::{event, open},
};
use anyhow::{Context, Result, ensure};
use clap::Args;
use loqa_engine::event_store::FILE;
use loqa_protocol::SessionId;
use loqa_tests::voices::Random;
use rusqlite::{Connection, params, types::Value};
use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const BENCH: &str = "faults";
/// What is kept until the process is killed.
const CONVERSATION: u64 = 0;
/// Of each table that what was said is in, its key, and what a bit may be flipped in.
const COLUMNS: [(&str, &str, &[&str]); 3] = [
    (
        "event",
        "leaf",
        &["conversation", "seq", "at_ms", "leaf", "sealed"],
    ),
    ("leaf", "n", &["n", "hash"]),
    ("head", "n", &["n", "link", "at_ms", "signature"]),
];

/// Keeps turns in this folder until it is killed, and says of each when it is on the disk.
#[derive(Args)]
pub struct Keep {
    folder: PathBuf,
}

impl Keep {
    /// Does it.
    pub fn run(self) -> Result<()> {
        let store = open(&self.folder)?;
        for turn in kept(&self.folder)?.. {
            let told = store.append_acknowledged(event(CONVERSATION, turn));
            told.recv()?.map_err(anyhow::Error::msg)?;
            println!("{turn}");
        }
        Ok(())
    }
}

/// How many there are, of which none is missing and none doubled.
fn kept(folder: &Path) -> Result<u64> {
    let store = open(folder)?;
    if store.list(None, 1)?.is_empty() {
        return Ok(0);
    }
    let events = store.timeline(SessionId(u128::from(CONVERSATION) + 1))?;
    let wrong = (0..).zip(&events).find(|(n, event)| event.seq != *n);
    ensure!(wrong.is_none(), "{wrong:?}");
    let verified = store.verify(None)?.context("nothing is there")?;
    ensure!(verified.broken.is_empty(), "{:?}", verified.broken);
    store.close();
    Ok(events.len() as u64)
}

/// Kills a process that keeps turns, so often, each time after some were acknowledged.
pub fn kills(times: u64, seed: u64, report: &mut Report) -> Result<()> {
    let mut random = Random::new(seed);
    let folder = tempfile::tempdir()?;
    let mut lost = 0;
    for _ in 0..times {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("keep")
            .arg(folder.path())
            .stdout(Stdio::piped())
            .spawn()?;
        let out = BufReader::new(child.stdout.take().context("no output")?);
        let last = out.lines().nth(random.below(13)).context("it has ended")?;
        child.kill()?;
        child.wait()?;
        // The last that it has said, at least.
        if kept(folder.path())? <= last?.parse()? {
            lost += 1;
        }
    }
    report.figure(BENCH, "kept_kills", Some(times as f64), "kills", Goal::None);
    report.figure(
        BENCH,
        "kept_lost",
        Some(lost.into()),
        "turns",
        Goal::AtMost(0.0),
    );
    Ok(())
}

/// Changes one bit of what is kept, so often, and looks whether that is found.
pub fn tamperings(times: u64, seed: u64, report: &mut Report) -> Result<()> {
    let mut random = Random::new(seed);
    let folder = tempfile::tempdir()?;
    let store = open(folder.path())?;
    for turn in 0..20 {
        store.append(event(turn % 2, turn));
    }
    store.settle()?;
    let mut connection = Connection::open(folder.path().join(FILE))?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    for (table, ..) in COLUMNS {
        let copied = format!("CREATE TEMP TABLE as_{table} AS SELECT * FROM {table}");
        connection.execute_batch(&copied)?;
    }
    let mut change = |store: &loqa_engine::event_store::EventStore| -> Result<bool> {
        let (table, key, columns) = COLUMNS[random.below(COLUMNS.len())];
        let column = columns[random.below(columns.len())];
        let row = format!("SELECT {key}, {column} FROM {table} ORDER BY random() LIMIT 1");
        let (id, value): (i64, Value) =
            connection.query_row(&row, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let changed = match value {
            Value::Blob(mut bytes) => {
                let at = random.below(bytes.len());
                bytes[at] ^= 1 << random.below(8);
                Value::Blob(bytes)
            }
            Value::Integer(number) => Value::Integer(number ^ (1 << random.below(40))),
            other => anyhow::bail!("{table}.{column} holds {other:?}"),
        };
        let set = format!("UPDATE {table} SET {column} = ?1 WHERE {key} = ?2");
        let transaction = connection.transaction()?;
        // One that is taken already cannot be given twice.
        if transaction.execute(&set, params![changed, id]).is_err() {
            return Ok(true);
        }
        transaction.commit()?;
        let found = match store.verify(None) {
            Ok(verified) => verified.is_none_or(|verified| !verified.broken.is_empty()),
            Err(_) => true,
        };
        connection.execute_batch(&format!(
            "BEGIN; DELETE FROM {table}; INSERT INTO {table} SELECT * FROM temp.as_{table}; COMMIT"
        ))?;
        Ok(found)
    };
    let mut unseen = 0;
    for _ in 0..times {
        unseen += i32::from(!change(&store)?);
    }
    let verified = store.verify(None)?.context("nothing is there")?;
    let broken = &verified.broken;
    ensure!(
        broken.is_empty(),
        "it was left as it was, and has {broken:?}"
    );
    store.close();
    report.figure(BENCH, "tamperings", Some(times as f64), "bits", Goal::None);
    report.figure(
        BENCH,
        "tamperings_unseen",
        Some(unseen.into()),
        "bits",
        Goal::AtMost(0.0),
    );
    Ok(())
}
