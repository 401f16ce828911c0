//! What became of skills: installed, granted, refused, and that they acted. A row says when, what, and which skill and
//! permission; no words, no values, no results.
//!
//! A database beside the household's, `audit.db`: the hub holds that one alone, and here commands
//! write while it runs.

use super::{StoreError, now_ms};
use rusqlite::{Connection, params};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    fs::{DirBuilder, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

/// So many rows are kept, the newest: of what skills did, and of all else.
const KEPT: i64 = 10_000;
/// How long somebody else may take to write a row.
const PATIENCE: Duration = Duration::from_secs(5);
/// The version of the table; a later one migrates this one.
const FORMAT: i64 = 1;
const TABLE: &str = "
    CREATE TABLE audit (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at_ms INTEGER NOT NULL,
        what TEXT NOT NULL,
        skill TEXT NOT NULL,
        version TEXT NOT NULL,
        permission TEXT, -- NULL where it is about none
        decision TEXT NOT NULL
    );
    PRAGMA user_version = 1;
";

/// Where it is written down. Clones are the same.
#[derive(Clone, Debug)]
pub struct Audit {
    path: PathBuf,
    /// What takes rows that may come a moment late; full: the caller waits.
    writer: Arc<OnceLock<SyncSender<Later>>>,
}

/// For whoever writes what may come late.
enum Later {
    /// A skill acted, with the permissions it used.
    Invoked {
        at_ms: i64,
        skill: String,
        version: String,
        permissions: String,
    },
    /// Tell when everything before is written.
    Flush(SyncSender<()>),
}

/// Rows that wait to be written.
const WAITING: usize = 256;
/// So long they wait for more, so that a busy house writes once.
const GATHER: Duration = Duration::from_millis(500);

/// What happened to a skill.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deed {
    /// It was installed.
    Install,
    /// A later version of it was.
    Upgrade,
    /// It was given a permission.
    Grant,
    /// It does not count any more.
    Disable,
    /// It counts again.
    Enable,
    /// A version of it was chosen.
    Pin,
    /// An earlier version of it counts again.
    Rollback,
    /// It is gone.
    Remove,
    /// The household has set something for it.
    Set,
    /// It planned, or began, what its manifest does not ask for.
    Effect,
    /// Its code was loaded.
    Load,
    /// It kept failing.
    Rest,
    /// It answered somebody, or acted.
    Invoke,
    /// Somebody was added, or is otherwise now.
    Person,
    /// Somebody is gone.
    PersonGone,
    /// A person's PIN is another, or gone.
    PersonPin,
    /// A microphone, a screen or a room speaks for somebody else.
    Place,
    /// What people may do is otherwise.
    Rule,
    /// Somebody has agreed to have their words kept, or no longer does.
    Consent,
    /// A node belongs to the household, or is otherwise now.
    Node,
    /// A node does not any more.
    NodeGone,
}

/// A row.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Entry {
    /// When, Unix ms.
    pub at_ms: i64,
    /// What, as in [`Deed`].
    pub what: String,
    /// Which skill.
    pub skill: String,
    /// Which version of it.
    pub version: String,
    /// Which permission it was about, if any.
    pub permission: Option<String>,
    /// `allowed` or `refused`.
    pub decision: String,
}

impl Deed {
    /// As it is written down.
    pub fn name(self) -> &'static str {
        match self {
            Deed::Install => "install",
            Deed::Upgrade => "upgrade",
            Deed::Grant => "grant",
            Deed::Disable => "disable",
            Deed::Enable => "enable",
            Deed::Pin => "pin",
            Deed::Rollback => "rollback",
            Deed::Remove => "remove",
            Deed::Set => "set",
            Deed::Effect => "effect",
            Deed::Load => "load",
            Deed::Rest => "rest",
            Deed::Invoke => "invoke",
            Deed::Person => "person",
            Deed::PersonGone => "person-gone",
            Deed::PersonPin => "person-pin",
            Deed::Place => "place",
            Deed::Rule => "rule",
            Deed::Consent => "consent",
            Deed::Node => "node",
            Deed::NodeGone => "node-gone",
        }
    }
}

/// What somebody did to a skill, about to be written down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Note<'n> {
    /// What.
    pub deed: Deed,
    /// To which skill.
    pub skill: &'n str,
    /// Which version of it.
    pub version: &'n str,
    /// About which permission, if any.
    pub permission: Option<&'n str>,
    /// Whether it was allowed.
    pub allowed: bool,
}

impl Audit {
    /// That of a data folder. Nothing is made before there is something to write.
    pub fn in_folder(data: &Path) -> Audit {
        Audit {
            path: data.join("audit.db"),
            writer: Arc::default(),
        }
    }

    /// Writes rows down, all or none, durably. Blocks for an fsync.
    ///
    /// # Errors
    /// The disk will not have them.
    pub fn write(&self, notes: &[Note<'_>]) -> Result<(), StoreError> {
        let at_ms = now_ms();
        let notes: Vec<_> = notes.iter().map(|note| (at_ms, *note)).collect();
        self.insert(&notes).map_err(|error| self.disk(error))
    }

    /// Writes down what the hub has refused. That it is refused does not depend on it.
    pub fn refused(&self, deed: Deed, skill: &str, version: &str, permission: Option<&str>) {
        let note = Note {
            deed,
            skill,
            version,
            permission,
            allowed: false,
        };
        if let Err(error) = self.write(&[note]) {
            tracing::warn!(%error, skill, "a refusal could not be written down");
        }
    }

    /// Has it written down within the second that a skill acted: nobody waits for the disk. A process
    /// that is killed meanwhile loses the row, not the deed, which the household's ledger knows.
    pub fn invoked(&self, skill: &str, version: &str, permissions: &str) {
        let writer = self.writer.get_or_init(|| self.start_writer());
        let row = Later::Invoked {
            at_ms: now_ms(),
            skill: skill.to_owned(),
            version: version.to_owned(),
            permissions: permissions.to_owned(),
        };
        // It ends with the last clone of this.
        let _ = writer.send(row);
    }

    /// Waits until everything is written that was to be soon.
    pub fn flush(&self) {
        let Some(writer) = self.writer.get() else {
            return;
        };
        let (done, is_done) = sync_channel(1);
        if writer.send(Later::Flush(done)).is_ok() {
            let _ = is_done.recv_timeout(PATIENCE);
        }
    }

    fn start_writer(&self) -> SyncSender<Later> {
        let (sender, receiver) = sync_channel(WAITING);
        let own = Audit {
            path: self.path.clone(),
            writer: Arc::default(),
        };
        thread::spawn(move || own.write_later(&receiver));
        sender
    }

    fn write_later(&self, rows: &Receiver<Later>) {
        while let Ok(first) = rows.recv() {
            let mut waiting = vec![first];
            let until = Instant::now() + GATHER;
            while !matches!(waiting.last(), Some(Later::Flush(_)))
                && waiting.len() < WAITING
                && let Ok(next) = rows.recv_timeout(until.saturating_duration_since(Instant::now()))
            {
                waiting.push(next);
            }
            let invoked = waiting.iter().filter_map(|row| match row {
                Later::Invoked {
                    at_ms,
                    skill,
                    version,
                    permissions,
                } => Some((
                    *at_ms,
                    Note {
                        deed: Deed::Invoke,
                        skill,
                        version,
                        permission: Some(permissions.as_str()).filter(|it| !it.is_empty()),
                        allowed: true,
                    },
                )),
                Later::Flush(_) => None,
            });
            let invoked: Vec<_> = invoked.collect();
            if let Err(error) = self.insert(&invoked) {
                tracing::warn!(%error, "what skills did could not be written down");
            }
            for row in &waiting {
                if let Later::Flush(done) = row {
                    let _ = done.send(());
                }
            }
        }
    }

    /// The newest rows, oldest first: so many at most.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn latest(&self, most: usize) -> Result<Vec<Entry>, StoreError> {
        if !self.path.exists() {
            return Ok(Vec::new());
        }
        let entries = self.open().and_then(|connection| {
            let mut rows = connection.prepare(
                "SELECT at_ms, what, skill, version, permission, decision FROM
                    (SELECT * FROM audit ORDER BY id DESC LIMIT ?) ORDER BY id",
            )?;
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            rows.query_map([most], |row| {
                Ok(Entry {
                    at_ms: row.get(0)?,
                    what: row.get(1)?,
                    skill: row.get(2)?,
                    version: row.get(3)?,
                    permission: row.get(4)?,
                    decision: row.get(5)?,
                })
            })?
            .collect()
        });
        entries.map_err(|error| self.disk(error))
    }

    /// When each skill was last given each permission to ask somebody over HTTP: skill and permission →
    /// Unix ms.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn hosts_granted(&self) -> Result<BTreeMap<(String, String), i64>, StoreError> {
        if !self.path.exists() {
            return Ok(BTreeMap::new());
        }
        let granted = self.open().and_then(|connection| {
            let mut rows = connection.prepare(
                "SELECT skill, permission, max(at_ms) FROM audit
                    WHERE what = 'grant' AND decision = 'allowed' AND permission LIKE 'http:%'
                    GROUP BY skill, permission",
            )?;
            rows.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?
                .collect()
        });
        granted.map_err(|error| self.disk(error))
    }

    fn insert(&self, notes: &[(i64, Note<'_>)]) -> rusqlite::Result<()> {
        if notes.is_empty() {
            return Ok(());
        }
        let mut connection = self.open()?;
        let transaction = connection.transaction()?;
        for (at_ms, note) in notes {
            transaction.execute(
                "INSERT INTO audit (at_ms, what, skill, version, permission, decision) VALUES (?, ?, ?, ?, ?, ?)",
                params![
                    at_ms,
                    note.deed.name(),
                    note.skill,
                    note.version,
                    note.permission,
                    if note.allowed { "allowed" } else { "refused" }
                ],
            )?;
        }
        // What was allowed outlives what was done with it.
        for own in ["what = 'invoke'", "what <> 'invoke'"] {
            transaction.execute(
                &format!(
                    "DELETE FROM audit WHERE {own} AND id <= (SELECT id FROM audit WHERE {own} ORDER BY id DESC LIMIT 1 OFFSET ?)"
                ),
                [KEPT],
            )?;
        }
        transaction.commit()
    }

    /// Opened for each use: rows are rare, and nobody is kept out meanwhile.
    fn open(&self) -> rusqlite::Result<Connection> {
        create(&self.path)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        let mut connection = Connection::open(&self.path)?;
        connection.busy_timeout(PATIENCE)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        let immediate = rusqlite::TransactionBehavior::Immediate;
        let transaction = connection.transaction_with_behavior(immediate)?;
        let format: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        match format {
            0 => transaction.execute_batch(TABLE)?,
            FORMAT => {}
            later => {
                let error = format!("a newer Loqa wrote it (format {later})");
                return Err(rusqlite::Error::ToSqlConversionFailure(error.into()));
            }
        }
        transaction.commit()?;
        Ok(connection)
    }

    fn disk(&self, source: rusqlite::Error) -> StoreError {
        StoreError::Disk {
            path: self.path.clone(),
            source,
        }
    }
}

/// Made for its owner alone, as the household's is.
fn create(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path);
    file.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(skill: &str) -> Note<'_> {
        Note {
            deed: Deed::Effect,
            skill,
            version: "1.0.0",
            permission: Some("timer"),
            allowed: false,
        }
    }

    #[test]
    fn the_newest_rows_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let audit = Audit::in_folder(&folder.path().join("data"));
        assert_eq!(audit.latest(usize::MAX).unwrap(), []);
        audit.write(&[refused("first")]).unwrap();
        let kept = usize::try_from(KEPT).unwrap();
        audit.write(&vec![refused("second"); kept]).unwrap();
        let entries = audit.latest(usize::MAX).unwrap();
        assert_eq!(entries.len(), kept);
        assert!(entries.iter().all(|entry| entry.skill == "second"));
        assert_eq!(entries[0].decision, "refused");
        audit.write(&[refused("third")]).unwrap();
        let latest = audit.latest(2).unwrap();
        let skills: Vec<_> = latest.iter().map(|entry| entry.skill.as_str()).collect();
        assert_eq!(skills, ["second", "third"]);
    }

    #[test]
    fn what_a_newer_loqa_wrote_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let audit = Audit::in_folder(folder.path());
        audit.write(&[refused("tea")]).unwrap();
        let connection = Connection::open(&audit.path).unwrap();
        connection.pragma_update(None, "user_version", 2).unwrap();
        let error = audit.write(&[refused("tea")]).unwrap_err().to_string();
        assert!(error.contains("a newer Loqa wrote it"), "{error}");
    }
}
