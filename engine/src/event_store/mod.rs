//! What was said, for those who want it kept: `events.db` in the data folder. Only a [`Retained`] event
//! can be written, which cannot be made of an ephemeral one. Each is sealed with its conversation's key,
//! and is an entry in a hash chain; whoever destroys the key has made the words unreadable for good.
//!
//! Writing never makes anybody wait. What the disk refuses is not kept, and [`EventStore::trouble`] says so.

mod deed;
mod redact;
mod schema;
mod search;
mod verify;
mod writer;

pub use deed::{Because, Deed, Noted};
pub use redact::Redactor;

use crate::{
    chain::{self, Head, Verified},
    keys::{Key, Keys, KeysError, Owner},
};
use loqa_protocol::{Envelope, PrivacyScope, Retained, SessionId, wire::Wire};
use rusqlite::Connection;
use schema::Conversation;
use search::Words;
use serde::Serialize;
use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{self, Receiver, SyncSender, TrySendError},
    },
    time::{Duration, Instant},
};
use writer::{Order, Writer, lock};

/// In the data folder.
pub const FILE: &str = "events.db";
/// Beside it: the last head that was written down.
const ANCHOR: &str = "events.head";
/// Events that wait for the disk. More than a house says in a minute; when they are full, what comes is
/// not kept, and that is said.
const WAITING: usize = 16_384;
/// Words are let go so long after somebody last looked for some.
const LET_GO: Duration = Duration::from_secs(600);

/// Why what is kept cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum EventStoreError {
    /// The disk or the file.
    #[error(
        "cannot use the conversations that are kept: {0}\n  help: check the disk; `loqa audit verify` tells what is damaged"
    )]
    Disk(#[from] rusqlite::Error),
    /// A file beside it.
    #[error("cannot use the conversations that are kept: {0}\n  help: check the disk")]
    File(#[from] io::Error),
    /// A later Loqa wrote it.
    #[error("{} was written by a newer Loqa (format {found}); it was left as it is\n  help: update Loqa", .path.display())]
    TooNew {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
    },
    /// A key is not to be had.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// There is no such conversation.
    #[error("no conversation {0} is kept\n  help: `loqa session list` shows those that are")]
    Unknown(String),
    /// Its key was destroyed, or never was here.
    #[error("conversation {0} cannot be read: its key is gone")]
    KeyGone(SessionId),
    /// It is not what was written.
    #[error(
        "conversation {0} was changed, or is damaged: {1} of its entries cannot be read\n  help: `loqa audit verify` tells more; `loqa session forget {0}` takes it away"
    )]
    Damaged(SessionId, usize),
    /// A deed that cannot be written down.
    #[error("this cannot be written down: {0}")]
    Deed(String),
    /// Nobody writes any more.
    #[error("Loqa is stopping")]
    Stopping,
}

/// A conversation that is kept, as a list shows it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Listed {
    /// Its name.
    #[serde(serialize_with = "as_text")]
    pub id: SessionId,
    /// Whose it is; nobody's in particular if none.
    pub person: Option<u64>,
    /// How long it is kept.
    pub scope: PrivacyScope,
    /// When it began, Unix ms.
    pub begun_ms: i64,
    /// When it ended, Unix ms.
    pub last_ms: i64,
    /// Turns.
    pub turns: u64,
    /// Entries.
    pub events: u64,
    /// Its first words; nothing if they cannot be read.
    pub title: Option<String>,
}

/// A turn that somebody looked for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Found {
    /// The conversation it is in.
    #[serde(serialize_with = "as_text")]
    pub conversation: SessionId,
    /// Which entry of it.
    pub seq: u64,
    /// When, Unix ms.
    pub at_ms: i64,
    /// What was said and answered, in small letters, a line each.
    pub text: String,
}

fn as_text<S: serde::Serializer>(id: &SessionId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

/// All that is kept of what was said. Clones are the same.
#[derive(Clone)]
pub struct EventStore {
    inner: Arc<Inner>,
    orders: SyncSender<Order>,
}

struct Inner {
    path: PathBuf,
    anchor: PathBuf,
    keys: Arc<Keys>,
    /// For reading alone, opened at its first use.
    reader: Mutex<Option<Connection>>,
    index: Mutex<Option<Index>>,
    /// Events that were not kept.
    lost: AtomicU64,
    trouble: Mutex<Option<String>>,
}

/// The words of all turns, by time.
struct Index {
    words: Vec<Words>,
    used: Instant,
}

impl EventStore {
    /// That of a data folder. Nothing is made before there is something to keep.
    pub fn in_folder(data: &Path, keys: Arc<Keys>) -> EventStore {
        let (orders, ordered) = mpsc::sync_channel(WAITING);
        let inner = Arc::new(Inner {
            path: data.join(FILE),
            anchor: data.join(ANCHOR),
            keys,
            reader: Mutex::default(),
            index: Mutex::default(),
            lost: AtomicU64::default(),
            trouble: Mutex::default(),
        });
        let writer = Writer::new(inner.clone());
        let thread = std::thread::Builder::new().name("event store".into());
        // Without it, whoever orders is told that nobody writes.
        let _ = thread.spawn(move || writer.run(&ordered));
        EventStore { inner, orders }
    }

    /// Has an event kept. Never waits: where the disk cannot keep up, it is lost, and counted.
    pub fn append(&self, event: Retained) {
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) =
            self.orders.try_send(Order::Keep(Box::new(event), None))
        {
            self.inner
                .outcome(Some(&"the disk is too slow".to_owned()), 1);
        }
    }

    /// Has an event kept, and tells when it is on the disk, or why it is not.
    pub fn append_acknowledged(&self, event: Retained) -> Receiver<Result<(), String>> {
        let (told, tells) = mpsc::sync_channel(1);
        let order = Order::Keep(Box::new(event), Some(told));
        // A writer that is gone drops what would tell.
        let _ = self.orders.send(order);
        tells
    }

    /// What is not kept though it should be, in plain words; nothing if all is well.
    pub fn trouble(&self) -> Option<String> {
        let reason = lock(&self.inner.trouble).clone()?;
        let lost = self.inner.lost.load(Relaxed);
        Some(format!(
            "conversations are not kept: {reason} ({lost} entries lost)"
        ))
    }

    /// Waits until everything is written, or refused, that was to be kept until now.
    ///
    /// # Errors
    /// [`EventStoreError::Stopping`]
    pub fn settle(&self) -> Result<(), EventStoreError> {
        self.order(|_| Ok(()))
    }

    /// Writes everything that waits, and ends.
    pub fn close(&self) {
        let (done, is_done) = mpsc::sync_channel(1);
        let last = Order::Do(Box::new(move |writer: &mut Writer| {
            writer.end();
            let _ = done.send(());
        }));
        if self.orders.send(last).is_ok() {
            let _ = is_done.recv_timeout(Duration::from_secs(5));
        }
        *lock(&self.inner.reader) = None;
    }

    /// Conversations that ended before, newest first.
    ///
    /// # Errors
    /// [`EventStoreError`]
    pub fn list(
        &self,
        before_ms: Option<i64>,
        most: usize,
    ) -> Result<Vec<Listed>, EventStoreError> {
        self.read(Vec::new(), |inner, connection| {
            let rows = schema::latest(connection, before_ms.unwrap_or(i64::MAX), most)?;
            Ok(rows.into_iter().map(|row| inner.listed(row)).collect())
        })
    }

    /// One of them. `name` may be the beginning of its id.
    ///
    /// # Errors
    /// [`EventStoreError::Unknown`], and others.
    pub fn find(&self, name: &str) -> Result<Listed, EventStoreError> {
        let unknown = || EventStoreError::Unknown(name.to_owned());
        self.read(None, |inner, connection| {
            let row = schema::named(connection, name)?;
            Ok(row.map(|row| inner.listed(row)))
        })?
        .ok_or_else(unknown)
    }

    /// All events of a conversation, in order.
    ///
    /// # Errors
    /// [`EventStoreError`]; [`EventStoreError::Damaged`] if some cannot be read: `show_damaged` has those
    /// that can.
    pub fn timeline(&self, id: SessionId) -> Result<Vec<Envelope>, EventStoreError> {
        let (events, damaged) = self.readable(id)?;
        match damaged {
            0 => Ok(events),
            damaged => Err(EventStoreError::Damaged(id, damaged)),
        }
    }

    /// The events of a conversation that can be read, and how many cannot.
    ///
    /// # Errors
    /// [`EventStoreError`]
    pub fn readable(&self, id: SessionId) -> Result<(Vec<Envelope>, usize), EventStoreError> {
        let unknown = || EventStoreError::Unknown(id.to_string());
        let found = self.read(None, |inner, connection| {
            let Some(row) = schema::find(connection, id)? else {
                return Ok(None);
            };
            let key = inner.keys.kept_session(row.owner, id)?;
            let key = key.ok_or(EventStoreError::KeyGone(id))?;
            let mut events = Vec::new();
            let mut damaged = 0;
            schema::each_event(connection, row.number, |event| {
                match opened(&key, id, &event) {
                    Some(envelope) => events.push(envelope),
                    None => damaged += 1,
                }
            })?;
            let missing = row.events.saturating_sub((events.len() + damaged) as u64);
            Ok(Some((
                events,
                damaged + usize::try_from(missing).unwrap_or(usize::MAX),
            )))
        })?;
        found.ok_or_else(unknown)
    }

    /// Turns in which every word of `query` begins somewhere, newest first. The first time, every turn is
    /// opened, which takes a while where there are many.
    ///
    /// # Errors
    /// [`EventStoreError`]
    pub fn search(&self, query: &str, most: usize) -> Result<Vec<Found>, EventStoreError> {
        let mut index = lock(&self.inner.index);
        if index.is_none() {
            let words = self.read(Vec::new(), |inner, connection| inner.all_words(connection))?;
            *index = Some(Index {
                words,
                used: Instant::now(),
            });
        }
        let Some(index) = index.as_mut() else {
            return Ok(Vec::new());
        };
        index.used = Instant::now();
        let found = search::find(&index.words, query, most).into_iter();
        Ok(found
            .map(|words| Found {
                conversation: words.conversation,
                seq: words.seq,
                at_ms: words.at_ms,
                text: words.text.clone(),
            })
            .collect())
    }

    /// Makes a conversation unreadable, and takes it away.
    ///
    /// # Errors
    /// [`EventStoreError`]
    pub fn forget(&self, id: SessionId) -> Result<(), EventStoreError> {
        self.order(move |writer| {
            let connection = &writer.database()?.connection;
            let row = schema::find(connection, id)?;
            let row = row.ok_or_else(|| EventStoreError::Unknown(id.to_string()))?;
            writer.erase(&[row], Because::Asked).map(drop)
        })
    }

    /// Makes all conversations of a person unreadable, and takes them away; how many.
    ///
    /// # Errors
    /// [`EventStoreError`]
    pub fn forget_person(&self, person: u64) -> Result<usize, EventStoreError> {
        self.order(move |writer| {
            // Before anything else: whatever fails then, nobody reads them.
            writer.keys().destroy_person(person)?;
            if !writer.exists() {
                return Ok(0);
            }
            let all = schema::all(&writer.database()?.connection)?.into_iter();
            let theirs: Vec<_> = all
                .filter(|row| row.owner == Owner::Person(person))
                .collect();
            writer.erase(&theirs, Because::Person)
        })
    }

    /// Erases what was to be kept for a while only and ended before `before_ms`; how many.
    ///
    /// # Errors
    /// [`EventStoreError`]
    pub fn expire(&self, before_ms: i64) -> Result<usize, EventStoreError> {
        self.order(move |writer| {
            if !writer.exists() {
                return Ok(0);
            }
            let over = schema::over(&writer.database()?.connection, before_ms)?;
            writer.erase(&over, Because::Time)
        })
    }

    /// Erases what an interruption has left half erased; how many. Looks for every conversation's key, so
    /// it is for once after a start.
    ///
    /// # Errors
    /// [`EventStoreError`]
    pub fn finish_erasing(&self) -> Result<usize, EventStoreError> {
        self.order(move |writer| {
            if !writer.exists() {
                return Ok(0);
            }
            let keys = writer.keys().clone();
            let mut unfinished = Vec::new();
            for row in schema::all(&writer.database()?.connection)? {
                // A key that is gone: somebody asked, and the hub ended in the middle of it.
                if keys.kept_session(row.owner, row.id)?.is_none() {
                    unfinished.push(row);
                }
            }
            writer.erase(&unfinished, Because::Asked)
        })
    }

    /// Writes down what was done, durably.
    ///
    /// # Errors
    /// [`EventStoreError`]
    pub fn note(&self, deed: Deed) -> Result<(), EventStoreError> {
        self.order(move |writer| {
            let keys = writer.keys().clone();
            deed::note(writer.database()?, keys.household(), &deed)
        })
    }

    /// Everything that was noted, oldest first.
    ///
    /// # Errors
    /// [`EventStoreError`]
    pub fn deeds(&self) -> Result<Vec<Noted>, EventStoreError> {
        self.read(Vec::new(), |inner, connection| {
            Ok(deed::all(connection, inner.keys.household())?)
        })
    }

    /// Looks whether all that is kept is what was written. `noted`: a head that somebody wrote down
    /// elsewhere.
    ///
    /// # Errors
    /// [`EventStoreError`]
    pub fn verify(&self, noted: Option<&Head>) -> Result<Option<Verified>, EventStoreError> {
        let anchor = chain::anchor(&self.inner.anchor);
        let verified = self.read(None, |inner, connection| {
            let seed = inner.keys.signing()?;
            let household = inner.keys.household();
            let anchor = noted.or(anchor.as_ref());
            Ok(Some(verify::verify(connection, &seed, household, anchor)?))
        })?;
        Ok(match (verified, anchor) {
            (None, Some(anchor)) if anchor.n > 0 => Some(Verified::gone(&anchor)),
            (verified, _) => verified,
        })
    }

    /// Lets go of words that nobody has looked for in a while.
    pub fn rest(&self) {
        let mut index = lock(&self.inner.index);
        if index
            .as_ref()
            .is_some_and(|index| index.used.elapsed() > LET_GO)
        {
            *index = None;
        }
    }

    /// Has the writer do something, and waits for it.
    fn order<R: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Writer) -> Result<R, EventStoreError> + Send + 'static,
    ) -> Result<R, EventStoreError> {
        let (told, tells) = mpsc::sync_channel(1);
        let order = Order::Do(Box::new(move |writer: &mut Writer| {
            let _ = told.send(act(writer));
        }));
        self.orders
            .send(order)
            .map_err(|_| EventStoreError::Stopping)?;
        tells.recv().unwrap_or(Err(EventStoreError::Stopping))
    }

    /// Reads; `nothing` if nothing was ever kept.
    fn read<R>(
        &self,
        nothing: R,
        read: impl FnOnce(&Inner, &Connection) -> Result<R, EventStoreError>,
    ) -> Result<R, EventStoreError> {
        let mut reader = lock(&self.inner.reader);
        if reader.is_none() {
            *reader = schema::open_to_read(&self.inner.path)?;
        }
        match reader.as_ref() {
            Some(connection) => read(&self.inner, connection),
            None => Ok(nothing),
        }
    }
}

impl Inner {
    fn listed(&self, row: Conversation) -> Listed {
        let key = self.keys.kept_session(row.owner, row.id).ok().flatten();
        let title = key.zip(row.title).and_then(|(key, title)| {
            let plain = key.open(&schema::title_place(row.id), &title).ok()?;
            String::from_utf8(plain.to_vec()).ok()
        });
        Listed {
            id: row.id,
            person: match row.owner {
                Owner::Household => None,
                Owner::Person(person) => Some(person),
            },
            scope: row.scope,
            begun_ms: row.begun_ms,
            last_ms: row.last_ms,
            turns: row.turns,
            events: row.events,
            title,
        }
    }

    fn all_words(&self, connection: &Connection) -> Result<Vec<Words>, EventStoreError> {
        let mut words = Vec::new();
        for row in schema::all(connection)? {
            // What cannot be read cannot be found; `loqa audit verify` tells of it.
            let Ok(Some(key)) = self.keys.kept_session(row.owner, row.id) else {
                continue;
            };
            let read = schema::each_event(connection, row.number, |event| {
                let envelope = opened(&key, row.id, &event);
                words.extend(envelope.and_then(|it| search::words(row.id, event.seq, &it)));
            });
            if let Err(error) = read {
                tracing::warn!(%error, "a conversation that is kept cannot be read");
            }
        }
        words.sort_by_key(|words| words.at_ms);
        Ok(words)
    }

    /// Adds words to those that can be found, if anybody looks for some.
    fn index(&self, words: Vec<Words>) {
        if let Some(index) = lock(&self.index).as_mut() {
            index.words.extend(words);
        }
    }

    fn outcome(&self, refused: Option<&String>, events: usize) {
        let mut trouble = lock(&self.trouble);
        match refused {
            Some(reason) => {
                self.lost.fetch_add(events as u64, Relaxed);
                if trouble.is_none() {
                    tracing::warn!(%reason, "conversations are not kept");
                }
                *trouble = Some(reason.clone());
            }
            None => {
                if trouble.take().is_some() {
                    tracing::info!("conversations are kept again");
                }
            }
        }
    }
}

impl Writer {
    /// Destroys their keys, then takes their rows away; how many.
    fn erase(&mut self, rows: &[Conversation], because: Because) -> Result<usize, EventStoreError> {
        if rows.is_empty() {
            return Ok(0);
        }
        let keys = self.keys().clone();
        for row in rows {
            keys.destroy_session(row.id)?;
        }
        self.forget_open();
        self.forget_words(rows);
        let database = self.database()?;
        let before = database.chain.head();
        let mut erased = || {
            let transaction = database.connection.transaction()?;
            let mut entries = Vec::new();
            for row in rows {
                entries.extend(schema::erase(&transaction, row.number)?);
            }
            entries.sort_unstable();
            let deed = Deed::Forgot {
                because,
                conversations: rows.len(),
                entries,
            };
            deed::add(&transaction, &mut database.chain, keys.household(), &deed)?;
            Ok(transaction.commit()?)
        };
        erased().inspect_err(|_: &EventStoreError| database.chain.back_to(before))?;
        Ok(rows.len())
    }
}

fn opened(key: &Key, id: SessionId, event: &schema::Kept) -> Option<Envelope> {
    let place = schema::place(id, event.seq, event.at_ms);
    let plain = key.open(&place, &event.sealed).ok()?;
    Envelope::from_bytes(&plain).ok()
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::keep_for_tests;
