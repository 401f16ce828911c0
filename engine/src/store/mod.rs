//! Household state and the commit ledger, kept so that an acknowledged effect survives `kill -9`
//! and happens at most once.
//!
//! One SQLite file, `loqa.db` in the data folder (WAL, `synchronous=FULL`), in which everything that
//! says something is sealed with the household's key. The truth is in memory
//! ([`Store::snapshot`]); every commit writes the rows in which it differs from the disk. When the
//! disk refuses, the household goes on in memory, the difference is written with the next commit
//! that succeeds, and [`Store::unsaved`] says what would be lost meanwhile.

mod audit;
mod entries;
mod error;
mod folder;
mod household;
mod keeping;
mod nodes;
mod people;
mod plain;
mod rewrite;
mod schema;
#[cfg(test)]
mod tests;

pub use audit::{Audit, Deed, Entry, Note};
pub use error::{CommitError, StoreError};
pub use folder::DataFolder;
pub use household::{AlarmPhase, AlarmRecord, Household, TimerPhase, TimerRecord};
pub use keeping::{Keeping, Whereabouts};
pub use nodes::PairedNode;
pub use people::{Consent, Person, Place, SpeaksFor};
pub use schema::copy_database;

use crate::keys::{Keys, KeysError};
use entries::Kind;
use jiff::Timestamp;
use loqa_protocol::{EffectKind, UtteranceId};
use loqa_skill_sdk::EffectError;
use rewrite::Journal;
use rusqlite::Connection;
use schema::{LedgerRow, OpenError, Opened};
use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

/// The ledger is pruned once per this many commits.
const PRUNE_EVERY: u64 = 256;

/// The household on disk and in memory. Shared by reference; every method takes `&self`.
pub struct Store {
    folder: Arc<DataFolder>,
    audit: Audit,
    current: RwLock<Arc<Household>>,
    writer: Mutex<Writer>,
}

/// What only one commit at a time may touch.
struct Writer {
    /// `None` while the disk would not even give us an empty database.
    database: Option<Database>,
    /// What the disk holds.
    saved: Arc<Household>,
    /// Utterances carried out that the disk does not know of.
    unsaved_ledger: Vec<LedgerRow>,
    /// Why the last write failed; `None` if it did not.
    failure: Option<String>,
    commits: u64,
    /// Whether a key that is made may be kept in the keyring.
    keyring: bool,
}

/// The database, and the keys to it.
struct Database {
    connection: Connection,
    keys: Arc<Keys>,
}

/// A commit that took place.
#[derive(Clone, Debug, PartialEq)]
pub struct CommitOutcome<R> {
    /// What the closure returned.
    pub value: R,
    /// Kinds of effects, in order.
    pub kinds: Vec<EffectKind>,
    /// Whether it is on the disk. If not, it holds until the process ends, and is written as soon
    /// as the disk allows: say so, with this reason.
    pub durable: Result<(), String>,
}

/// What a crash would lose now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsaved {
    /// Why the disk refused.
    pub reason: String,
    /// Timers started, changed or removed.
    pub timers: usize,
    /// Alarms set, changed or removed.
    pub alarms: usize,
    /// Devices commanded.
    pub devices: usize,
    /// Lists changed.
    pub lists: usize,
}

impl fmt::Display for Unsaved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |count: usize, what: &str| match count {
            0 => None,
            1 => Some(format!("1 {what}")),
            _ => Some(format!("{count} {what}s")),
        };
        let parts: Vec<String> = [
            count(self.timers, "timer"),
            count(self.alarms, "alarm"),
            count(self.devices, "device"),
            count(self.lists, "list"),
        ]
        .into_iter()
        .flatten()
        .collect();
        let what = if parts.is_empty() {
            "the latest changes".to_owned()
        } else {
            parts.join(", ")
        };
        write!(f, "could not be kept on disk: {what} ({})", self.reason)
    }
}

impl Store {
    /// Takes the data folder (created if missing) and reads what it holds. A key that is made is kept
    /// in a file.
    ///
    /// # Errors
    /// As [`Store::open_with`].
    pub fn open(folder: &Path) -> Result<Store, StoreError> {
        Store::open_with(folder, false)
    }

    /// Takes the data folder (created if missing) and reads what it holds. `keyring`: a key that is made
    /// is kept in the keyring of the system, where there is one; that may take a while.
    ///
    /// A disk too full for a first, empty database is no error: the store starts in memory and
    /// [`Store::unsaved`] says so.
    ///
    /// # Errors
    /// [`StoreError`]; whatever it is, nothing was deleted or changed.
    pub fn open_with(folder: &Path, keyring: bool) -> Result<Store, StoreError> {
        let folder = DataFolder::acquire(folder)?;
        let path = folder.path().join(folder::DATABASE);
        let (database, household, failure) = match connect(&folder, keyring) {
            Ok((database, household)) => (Some(database), household, None),
            Err(ConnectError::Store(error)) => return Err(error),
            // There is nothing that starting in memory could hide.
            Err(ConnectError::Refused {
                source,
                empty: true,
            }) => (None, Household::default(), Some(source.to_string())),
            Err(ConnectError::Refused {
                source,
                empty: false,
            }) => return Err(StoreError::Disk { path, source }),
        };
        let household = Arc::new(household);
        let mut audit = Audit::in_folder(folder.path());
        if let Some(Database { keys, .. }) = &database {
            audit = audit.with(keys.clone());
        }
        if let Err(error) = audit.sign() {
            tracing::warn!(%error, "what was written down in the audit cannot be signed");
        }
        Ok(Store {
            folder: Arc::new(folder),
            audit,
            current: RwLock::new(household.clone()),
            writer: Mutex::new(Writer {
                database,
                saved: household,
                unsaved_ledger: Vec::new(),
                failure,
                commits: 0,
                keyring,
            }),
        })
    }

    /// The data folder, held as long as any clone of this lives.
    pub fn folder(&self) -> &Arc<DataFolder> {
        &self.folder
    }

    /// Where it is written down what is done to the household.
    pub fn audit(&self) -> &Audit {
        &self.audit
    }

    /// The keys to everything that is kept; none as long as the disk has had no room for them.
    pub fn keys(&self) -> Option<Arc<Keys>> {
        let writer = self.writer();
        writer
            .database
            .as_ref()
            .map(|database| database.keys.clone())
    }

    /// Writes a copy of the database as it is now; what the disk has refused is not in it.
    ///
    /// # Errors
    /// SQLite's.
    pub(crate) fn copy_to(&self, path: &Path) -> rusqlite::Result<()> {
        let writer = self.writer();
        let Some(database) = &writer.database else {
            return Ok(());
        };
        copy_database(&database.connection, path)
    }

    /// The household now. Never waits for the disk.
    pub fn snapshot(&self) -> Arc<Household> {
        self.current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Carries out `change` on a working copy: all of it or, if it refuses, nothing. Then writes
    /// the difference and the ledger row in one transaction, so that it takes place at most once
    /// per `utterance` (`None` for changes nobody asked for, such as a timer that ends).
    ///
    /// Blocks for one fsync; other commits wait, [`Store::snapshot`] does not and shows the new
    /// state only afterwards. The epoch goes up unless there was neither change nor utterance.
    ///
    /// # Errors
    /// [`CommitError`]; nothing was changed then. A disk that refuses is no error but
    /// [`CommitOutcome::durable`].
    pub fn commit<R>(
        &self,
        utterance: Option<UtteranceId>,
        change: impl FnOnce(&mut Household) -> Result<(R, Vec<EffectKind>), EffectError>,
    ) -> Result<CommitOutcome<R>, CommitError> {
        let mut writer = self.writer();
        if let Some(utterance) = utterance
            && writer.is_committed(&self.folder, utterance)?
        {
            return Err(CommitError::AlreadyCommitted(utterance));
        }
        let before = self.snapshot();
        let mut working = Household::clone(&before);
        let (value, kinds) = change(&mut working).map_err(CommitError::Refused)?;
        if utterance.is_none() && working == *before {
            return Ok(CommitOutcome {
                value,
                kinds,
                durable: writer.failure.clone().map_or(Ok(()), Err),
            });
        }
        working.epoch = before.epoch + 1;
        if let Some(utterance) = utterance {
            writer.unsaved_ledger.push(LedgerRow {
                utterance,
                kinds: kinds.clone(),
                at_ms: Timestamp::now().as_millisecond(),
            });
        }
        let working = Arc::new(working);
        let durable = writer.write(&self.folder, &working);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = working;
        Ok(CommitOutcome {
            value,
            kinds,
            durable,
        })
    }

    /// Tries again to write what the disk refused. Blocks like a commit.
    ///
    /// # Errors
    /// Why the disk still refuses.
    pub fn flush(&self) -> Result<(), String> {
        let mut writer = self.writer();
        if writer.failure.is_none() {
            return Ok(());
        }
        let current = self.snapshot();
        writer.write(&self.folder, &current)
    }

    /// What a crash would lose now; `None` when everything is on the disk, as it should be. Waits
    /// for a commit under way.
    pub fn unsaved(&self) -> Option<Unsaved> {
        let writer = self.writer();
        let reason = writer.failure.clone()?;
        let current = self.snapshot();
        let changes = entries::changes(&writer.saved, &current).unwrap_or_default();
        let count = |kind| changes.iter().filter(|change| change.kind == kind).count();
        Some(Unsaved {
            reason,
            timers: count(Kind::Timer),
            alarms: count(Kind::Alarm),
            devices: count(Kind::Device),
            lists: count(Kind::List),
        })
    }

    /// A closure that panicked has changed nothing but its own copy, so a poisoned lock is sound.
    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer {
    fn is_committed(
        &self,
        folder: &DataFolder,
        utterance: UtteranceId,
    ) -> Result<bool, StoreError> {
        if self
            .unsaved_ledger
            .iter()
            .any(|row| row.utterance == utterance)
        {
            return Ok(true);
        }
        let Some(Database { connection, .. }) = &self.database else {
            return Ok(false);
        };
        schema::is_committed(connection, utterance).map_err(|source| StoreError::Disk {
            path: folder.path().join(folder::DATABASE),
            source,
        })
    }

    /// Makes the disk hold `current`.
    fn write(&mut self, folder: &DataFolder, current: &Arc<Household>) -> Result<(), String> {
        let result = self.try_write(folder, current);
        match &result {
            Ok(()) => {
                if self.failure.take().is_some() {
                    tracing::info!("the disk accepts writes again; everything is saved");
                }
                self.saved = current.clone();
                self.unsaved_ledger.clear();
            }
            Err(reason) => {
                if self.failure.is_none() {
                    tracing::warn!(%reason, "the disk refuses writes; going on in memory");
                }
                self.failure = Some(reason.clone());
            }
        }
        result
    }

    fn try_write(&mut self, folder: &DataFolder, current: &Household) -> Result<(), String> {
        let Database { connection, keys } = match &mut self.database {
            Some(database) => database,
            none => match connect(folder, self.keyring) {
                Ok((database, _)) => none.insert(database),
                Err(error) => return Err(error.to_string()),
            },
        };
        let key = keys.household();
        schema::save(connection, &self.saved, current, &self.unsaved_ledger, key)
            .map_err(|error| error.to_string())?;
        self.commits += 1;
        if self.commits.is_multiple_of(PRUNE_EVERY)
            && let Err(error) = schema::prune_ledger(connection, Timestamp::now().as_millisecond())
        {
            tracing::warn!(%error, "old ledger rows were not removed");
        }
        Ok(())
    }
}

enum ConnectError {
    Store(StoreError),
    Refused {
        source: rusqlite::Error,
        empty: bool,
    },
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConnectError::Store(error) => error.fmt(f),
            ConnectError::Refused { source, .. } => source.fmt(f),
        }
    }
}

fn connect(folder: &DataFolder, keyring: bool) -> Result<(Database, Household), ConnectError> {
    let path = folder.database().map_err(|source| {
        ConnectError::Store(StoreError::Folder {
            path: folder.path().to_owned(),
            source,
        })
    })?;
    connect_to(folder, &path, keyring).map_err(|error| match error {
        OpenError::Damaged(reason) => ConnectError::Store(StoreError::Damaged { path, reason }),
        OpenError::TooNew(found) => ConnectError::Store(StoreError::TooNew { path, found }),
        OpenError::Disk {
            error: source,
            empty,
        } => ConnectError::Refused { source, empty },
        OpenError::Sealed => ConnectError::Store(StoreError::Keys(KeysError::Missing {
            data: folder.path().to_owned(),
        })),
        OpenError::Keys(error) => ConnectError::Store(StoreError::Keys(error)),
    })
}

fn connect_to(
    folder: &DataFolder,
    path: &Path,
    keyring: bool,
) -> Result<(Database, Household), OpenError> {
    // Keys are made for what is not sealed yet, never for what was sealed with others.
    let keys = |make| Keys::open(folder.path(), keyring, make);
    let journal = Journal::of(path);
    let (connection, keys) = match schema::open(path)? {
        Opened::Sealed(connection) => (connection, keys(false)?),
        Opened::Empty(mut connection) => {
            let keys = keys(true).map_err(|error| match error {
                KeysError::Disk { source, .. } => OpenError::Disk {
                    error: rusqlite::Error::ToSqlConversionFailure(source.into()),
                    empty: true,
                },
                other => OpenError::Keys(other),
            })?;
            schema::begin(&mut connection, keys.household())?;
            (connection, keys)
        }
        Opened::Plain(connection, format) => {
            let keys = keys(true)?;
            rewrite::rewrite(path, journal, connection, format, keys.household())?;
            let Opened::Sealed(connection) = schema::open(path)? else {
                return Err(OpenError::Damaged("it was written anew, and is not".into()));
            };
            (connection, keys)
        }
    };
    if let Err(error) = rewrite::finish(path) {
        tracing::warn!(%error, "what the database was before it was sealed is still there");
    }
    // Pruning is not worth refusing to start on a full disk.
    let _ = schema::prune_ledger(&connection, Timestamp::now().as_millisecond());
    let household = schema::load(&connection, keys.household())?;
    let keys = Arc::new(keys);
    Ok((Database { connection, keys }, household))
}
