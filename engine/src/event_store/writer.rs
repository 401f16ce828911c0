//! Writes events in groups, on a thread of its own: whoever keeps one never waits for the disk. What the
//! disk refuses is not kept, and that is said.

use super::{
    EventStoreError, Inner,
    schema::{self, Conversation, Kept},
};
use crate::{
    chain::{self, Chain, Head},
    keys::{Key, Keys, Owner},
};
use jiff::Timestamp;
use loqa_protocol::{Envelope, Event, Retained, SessionId, wire::Wire};
use rusqlite::Connection;
use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError,
        mpsc::{Receiver, SyncSender},
    },
    time::{Duration, Instant},
};

/// Events that share a transaction at most, so that none waits long for the others.
const GROUP: usize = 4096;
/// Silence after which what follows in the same session is another conversation: as long as Loqa
/// remembers what was said.
const PAUSE_MS: i64 = 120_000;
/// Conversations whose keys are at hand.
const OPEN: usize = 64;
/// The head is written down beside the file at most this often.
const ANCHOR: Duration = Duration::from_secs(10);

/// What the thread is asked for.
pub(super) enum Order {
    /// Keep this; tell when it is on the disk, if somebody wants to know.
    Keep(Box<Retained>, Option<SyncSender<Result<(), String>>>),
    /// Do this with the database between two groups.
    Do(Box<dyn FnOnce(&mut Writer) + Send>),
}

/// The thread's own.
pub(super) struct Writer {
    inner: Arc<Inner>,
    database: Option<Database>,
    open: HashMap<SessionId, OpenConversation>,
    anchored: Option<Instant>,
}

pub(super) struct Database {
    pub connection: Connection,
    pub chain: Chain,
}

/// A conversation that goes on.
struct OpenConversation {
    row: Conversation,
    key: Key,
}

impl Writer {
    pub fn new(inner: Arc<Inner>) -> Writer {
        Writer {
            inner,
            database: None,
            open: HashMap::new(),
            anchored: None,
        }
    }

    /// Until nobody can order any more.
    pub fn run(mut self, orders: &Receiver<Order>) {
        let mut next = None;
        while let Some(order) = next.take().or_else(|| orders.recv().ok()) {
            let first = match order {
                Order::Do(act) => {
                    act(&mut self);
                    continue;
                }
                Order::Keep(event, told) => (event, told),
            };
            let mut group = vec![first];
            while group.len() < GROUP {
                match orders.try_recv() {
                    Ok(Order::Keep(event, told)) => group.push((event, told)),
                    Ok(other) => {
                        next = Some(other);
                        break;
                    }
                    Err(_) => break,
                }
            }
            let result = self.keep(group.iter().map(|(event, _)| event.envelope()));
            let result = result.map_err(|error| error.to_string());
            self.inner.outcome(result.as_ref().err(), group.len());
            for told in group.into_iter().filter_map(|(_, told)| told) {
                // Whoever asked may not wait any more.
                let _ = told.send(result.clone());
            }
        }
        self.anchor(true);
    }

    /// The database, opened and made when it is needed.
    pub fn database(&mut self) -> Result<&mut Database, EventStoreError> {
        match &mut self.database {
            Some(database) => Ok(database),
            none => {
                let connection = schema::open(&self.inner.path)?;
                let chain = Chain::resume(&connection, Some(&self.inner.keys.signing()?))?;
                Ok(none.insert(Database { connection, chain }))
            }
        }
    }

    /// The keys to all of it.
    pub fn keys(&self) -> &Arc<Keys> {
        &self.inner.keys
    }

    /// Was anything ever kept?
    pub fn exists(&self) -> bool {
        self.database.is_some() || self.inner.path.exists()
    }

    /// Nobody finds words of these any more.
    pub fn forget_words(&self, rows: &[Conversation]) {
        if let Some(index) = lock(&self.inner.index).as_mut() {
            let gone = |id| rows.iter().any(|row| row.id == id);
            index.words.retain(|words| !gone(words.conversation));
        }
    }

    /// Closes the file; it is opened again if somebody still has something to keep.
    pub fn end(&mut self) {
        self.anchor(true);
        self.open.clear();
        self.database = None;
    }

    /// Conversations under way are looked up anew: some may be gone.
    pub fn forget_open(&mut self) {
        self.open.clear();
    }

    /// All of them or none.
    fn keep<'e>(
        &mut self,
        events: impl Iterator<Item = &'e Envelope>,
    ) -> Result<(), EventStoreError> {
        let before = self.database()?.chain.head();
        let result = self.write(events);
        match result {
            Ok(words) => {
                self.inner.index(words);
                self.anchor(false);
                Ok(())
            }
            Err(error) => {
                self.open.clear();
                if let Some(database) = &mut self.database {
                    database.chain.back_to(before);
                }
                // A disk that failed may have another file next time.
                self.database = None;
                Err(error)
            }
        }
    }

    fn write<'e>(
        &mut self,
        events: impl Iterator<Item = &'e Envelope>,
    ) -> Result<Vec<super::search::Words>, EventStoreError> {
        self.database()?;
        let Writer {
            inner,
            database: Some(Database { connection, chain }),
            open,
            ..
        } = self
        else {
            unreachable!("it was opened in the line before");
        };
        let transaction = connection.transaction()?;
        let mut words = Vec::new();
        let mut touched = Vec::new();
        for envelope in events {
            let found = conversation(inner, &transaction, open, envelope)?;
            let OpenConversation { row, key } = found;
            let seq = row.events;
            let sealed = key.seal(
                &schema::place(row.id, seq, envelope.at_ms),
                &envelope.to_bytes(),
            );
            let mut kept = Kept {
                seq,
                at_ms: envelope.at_ms,
                leaf: 0,
                sealed,
            };
            kept.leaf = chain.add(&transaction, &kept.hash(row))?;
            schema::insert(&transaction, row.number, &kept)?;
            row.events += 1;
            row.last_ms = row.last_ms.max(envelope.at_ms);
            if let Event::TurnSummary(turn) = &envelope.event {
                row.turns += 1;
                if row.title.is_none() && !turn.text.is_empty() {
                    row.title = Some(key.seal(&schema::title_place(row.id), turn.text.as_bytes()));
                }
            }
            if !touched.contains(&envelope.session_id) {
                touched.push(envelope.session_id);
            }
            words.extend(super::search::words(row.id, seq, envelope));
        }
        for session in touched {
            if let Some(OpenConversation { row, .. }) = open.get(&session) {
                schema::update(&transaction, row)?;
            }
        }
        chain.sign(&transaction, Timestamp::now().as_millisecond())?;
        transaction.commit()?;
        Ok(words)
    }

    /// Writes the head down beside the file, where it is time.
    fn anchor(&mut self, last: bool) {
        let due = self.anchored.is_none_or(|at| at.elapsed() >= ANCHOR);
        let Some(database) = self.database.as_ref().filter(|_| due || last) else {
            return;
        };
        self.anchored = Some(Instant::now());
        let head: Head = database.chain.head();
        if let Err(error) = chain::write_anchor(&self.inner.anchor, &head) {
            tracing::warn!(%error, "the head of the audit could not be written down beside it");
        }
    }
}

/// The conversation that an event belongs to: the one under way in its session, or a new one.
fn conversation<'o>(
    inner: &Inner,
    connection: &Connection,
    open: &'o mut HashMap<SessionId, OpenConversation>,
    envelope: &Envelope,
) -> Result<&'o mut OpenConversation, EventStoreError> {
    let session = envelope.session_id;
    let owner = owner(envelope);
    let goes_on = |row: &Conversation| {
        envelope.at_ms - row.last_ms < PAUSE_MS
            && row.scope == envelope.privacy_scope
            && row.owner == owner
    };
    if open.get(&session).is_some_and(|found| goes_on(&found.row)) {
        return Ok(open.get_mut(&session).expect("it was just found"));
    }
    if open.len() >= OPEN
        && let Some(oldest) = open.iter().min_by_key(|(_, open)| open.row.last_ms)
    {
        let oldest = *oldest.0;
        if let Some(gone) = open.remove(&oldest) {
            schema::update(connection, &gone.row)?;
        }
    }
    if let Some(gone) = open.remove(&session) {
        schema::update(connection, &gone.row)?;
    }
    let found = schema::find(connection, session)?;
    let row = match found {
        Some(row) if goes_on(&row) => row,
        found => {
            // The first conversation of a session has its name.
            let id = found.map_or(session, |_| SessionId(rand::random()));
            let mut row = Conversation {
                number: 0,
                id,
                owner,
                scope: envelope.privacy_scope,
                begun_ms: envelope.at_ms,
                last_ms: envelope.at_ms,
                events: 0,
                turns: 0,
                title: None,
            };
            row.number = schema::begin(connection, &row)?;
            row
        }
    };
    let key = inner.keys.session(row.owner, row.id)?;
    Ok(open.entry(session).or_insert(OpenConversation { row, key }))
}

/// Whose words an event has.
fn owner(envelope: &Envelope) -> Owner {
    envelope
        .actor_id
        .parse()
        .map_or(Owner::Household, Owner::Person)
}

/// As [`Inner`] is poisoned only by a panic that has changed nothing.
pub(super) fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
