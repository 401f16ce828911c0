//! What became of skills: installed, granted, refused, and that they acted. A row says when, what, and which skill and
//! permission; no words, no values, no results.
//!
//! A database beside the household's, `audit.db`: the hub holds that one alone, and here commands
//! write while it runs. Whoever changes what stands in it breaks a hash chain, whose heads are signed where the key
//! for that is to be had: a command that has none leaves it to the next.

mod chained;
#[cfg(test)]
mod tests;

use self::chained::COLUMNS;
use super::StoreError;
use crate::{
    chain::{self, Chain, Head, Verified},
    keys::{Key, Keys, KeysError},
    whole_file,
};
use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior, params};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    fs::DirBuilder,
    io,
    os::unix::fs::DirBuilderExt,
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
const FORMAT: i64 = 2;
const TABLE: &str = "
    CREATE TABLE audit (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at_ms INTEGER NOT NULL,
        what TEXT NOT NULL,
        skill TEXT NOT NULL,
        version TEXT NOT NULL,
        permission TEXT, -- NULL where it is about none
        decision TEXT NOT NULL,
        leaf INTEGER -- its number in the chain; calls have none
    );
    PRAGMA user_version = 2;
";

/// Where it is written down. Clones are the same.
#[derive(Clone, Debug)]
pub struct Audit {
    path: PathBuf,
    /// Among them what heads of the chain are signed with, once they were to be had.
    keys: Arc<OnceLock<Arc<Keys>>>,
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

impl Note<'_> {
    fn at(&self, at_ms: i64) -> Entry {
        Entry {
            at_ms,
            what: self.deed.name().to_owned(),
            skill: self.skill.to_owned(),
            version: self.version.to_owned(),
            permission: self.permission.map(str::to_owned),
            decision: if self.allowed { "allowed" } else { "refused" }.to_owned(),
        }
    }
}

impl Audit {
    /// That of a data folder. Nothing is made before there is something to write.
    pub fn in_folder(data: &Path) -> Audit {
        Audit {
            path: data.join("audit.db"),
            keys: Arc::default(),
            writer: Arc::default(),
        }
    }

    /// The same, signed with one of these keys: nobody has to look for them.
    pub fn with(self, keys: Arc<Keys>) -> Audit {
        Audit {
            keys: Arc::new(OnceLock::from(keys)),
            ..self
        }
    }

    /// Writes rows down, all or none, durably. Blocks for an fsync.
    ///
    /// # Errors
    /// The disk will not have them.
    pub fn write(&self, notes: &[Note<'_>]) -> Result<(), StoreError> {
        let at_ms = Timestamp::now().as_millisecond();
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
            at_ms: Timestamp::now().as_millisecond(),
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
            writer: Arc::default(),
            ..self.clone()
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
            if !invoked.is_empty()
                && let Err(error) = self.insert(&invoked)
            {
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
        self.rows("TRUE", i64::try_from(most).unwrap_or(i64::MAX))
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

    /// Everything but calls of skills, oldest first.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn changes(&self) -> Result<Vec<Entry>, StoreError> {
        self.rows("what <> 'invoke'", i64::MAX)
    }

    /// The newest of those of which this is true, oldest first: so many at most.
    fn rows(&self, which: &str, most: i64) -> Result<Vec<Entry>, StoreError> {
        if !self.path.exists() {
            return Ok(Vec::new());
        }
        let entries = self.open().and_then(|connection| {
            let mut rows = connection.prepare(&format!(
                "SELECT {COLUMNS} FROM
                    (SELECT * FROM audit WHERE {which} ORDER BY id DESC LIMIT ?) ORDER BY id"
            ))?;
            rows.query_map([most], chained::entry)?.collect()
        });
        entries.map_err(|error| self.disk(error))
    }

    /// Looks whether it is what was written; `None` if nothing ever was. `noted`: a head that somebody wrote down
    /// elsewhere.
    ///
    /// # Errors
    /// It cannot be read, or the key that heads are signed with is not to be had.
    pub fn verify(&self, noted: Option<&Head>) -> Result<Option<Verified>, StoreError> {
        let anchor = chain::anchor(&self.anchor());
        if !self.path.exists() {
            let anchor = anchor.filter(|anchor| anchor.n > 0);
            return Ok(anchor.as_ref().map(Verified::gone));
        }
        let seed = self.seed()?;
        let verified = self
            .open()
            .and_then(|connection| chained::verify(&connection, &seed, noted.or(anchor.as_ref())));
        verified.map(Some).map_err(|error| self.disk(error))
    }

    /// Signs what was written where the key for that was not to be had.
    ///
    /// # Errors
    /// It still is not, or the disk will not have it.
    pub fn sign(&self) -> Result<(), StoreError> {
        if !self.path.exists() {
            return Ok(());
        }
        self.seed()?;
        self.insert(&[]).map_err(|error| self.disk(error))
    }

    fn insert(&self, notes: &[(i64, Note<'_>)]) -> rusqlite::Result<()> {
        let mut connection = self.open()?;
        // Whoever goes on from the end of the chain keeps others from doing so.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let seed = self.seed().inspect_err(|error| {
            tracing::debug!(%error, "what is written down now is signed later");
        });
        let mut chain = Chain::resume(&transaction, seed.as_ref().ok())?;
        let signed = chain.head().n;
        chain.catch_up(&transaction)?;
        for (at_ms, note) in notes {
            let entry = note.at(*at_ms);
            let leaf = match note.deed {
                Deed::Invoke => None,
                _ => Some(chained::add(&mut chain, &transaction, &entry)?.cast_signed()),
            };
            transaction.execute(
                "INSERT INTO audit (at_ms, what, skill, version, permission, decision, leaf) VALUES (?, ?, ?, ?, ?, ?, ?)",
                params![
                    entry.at_ms,
                    entry.what,
                    entry.skill,
                    entry.version,
                    entry.permission,
                    entry.decision,
                    leaf
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
        let more = chain.head().n > signed;
        if more {
            chain.sign(&transaction, Timestamp::now().as_millisecond())?;
        }
        transaction.commit()?;
        if more
            && seed.is_ok()
            && let Err(error) = chain::write_anchor(&self.anchor(), &chain.head())
        {
            tracing::warn!(%error, "the head of the audit could not be written down beside it");
        }
        Ok(())
    }

    /// Where the last head is written down, too.
    fn anchor(&self) -> PathBuf {
        self.path.with_extension("head")
    }

    fn seed(&self) -> Result<Key, KeysError> {
        let keys = match self.keys.get() {
            Some(keys) => keys,
            None => {
                let data = self.path.parent().unwrap_or(&self.path);
                let keys = Arc::new(Keys::open(data, false, false)?);
                self.keys.get_or_init(|| keys)
            }
        };
        keys.signing()
    }

    /// Opened for each use: rows are rare, and nobody is kept out meanwhile.
    fn open(&self) -> rusqlite::Result<Connection> {
        create(&self.path)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        let mut connection = Connection::open(&self.path)?;
        connection.busy_timeout(PATIENCE)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let format: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        match format {
            0 => {
                transaction.execute_batch(TABLE)?;
                transaction.execute_batch(chain::TABLES)?;
            }
            1 => chained::migrate(&transaction, &self.path)?,
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
    whole_file::open_private(path).map(drop)
}
