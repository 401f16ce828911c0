//! How long words live here, and what becomes of those that are kept.

use super::{
    Shared,
    service::{Told, problem},
};
use crate::{
    backup::{self, BackupError},
    chain::{CHANGES, Head, Verified, WORDS},
    event_store::{Deed, EventStore, EventStoreError, Redactor},
    people::{self, Asking},
    session::Keeps,
    store::{Household, Store, Whereabouts},
    tasks::TaskKind,
    wipe,
};
use jiff::Timestamp;
use loqa_core::grammar::Grammar;
use loqa_protocol::{
    ClientFrame, Envelope, Event, Keep, KeepOf, KeptLook, PrivacyScope, Problem, Retained,
    SessionId,
};
use serde_json::{Value, json};
use std::{
    collections::HashSet,
    ops::RangeInclusive,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, PoisonError, Weak, atomic::Ordering},
    time::Duration,
};
use tokio::time::Instant;

/// Why a hub ends that was wiped.
pub(super) const WIPED: &str = "everything it kept was wiped, as somebody asked";
/// So long it goes on for its last answer to arrive.
const TELLS: Duration = Duration::from_millis(250);
/// In the folder of backups: the last one that the hub made.
const BACKUP: &str = "loqa-backup.age";
/// So many hours a conversation may be kept that is kept for a while.
const HOURS: RangeInclusive<u32> = 1..=87_600;
/// How often is looked whether words are kept that should be, and whether the time of some is over.
const LOOK: Duration = Duration::from_secs(10);
/// A clock that has jumped is believed only when it has gone on for so long.
const DISTRUST: Duration = Duration::from_secs(3600);
/// A clock may be set so much without being doubted, ms.
const SET_MS: i64 = 26 * 3_600_000;
/// So long a hub may have been off without its clock being doubted, ms.
const OFF_MS: i64 = 60 * 24 * 3_600_000;

/// How long the words of one conversation live, if somebody has said so for it alone.
pub(super) type OwnScope = Arc<Mutex<Option<PrivacyScope>>>;

/// What is kept of conversations.
pub(super) struct Keeper {
    store: Arc<Store>,
    data: PathBuf,
    /// Made when the keys are there, which they are unless the disk was full from the start.
    events: OnceLock<EventStore>,
    redactor: Mutex<Option<Made>>,
}

/// What tells words that are not kept, and what it was made of.
struct Made {
    grammar: Weak<Grammar>,
    redactor: Arc<Redactor>,
}

impl Keeper {
    pub fn new(store: Arc<Store>, data: PathBuf) -> Keeper {
        Keeper {
            store,
            data,
            events: OnceLock::new(),
            redactor: Mutex::default(),
        }
    }

    /// What is kept; `None`: there are no keys to it, as the disk had no room for them.
    pub fn events(&self) -> Option<&EventStore> {
        if self.events.get().is_none()
            && let Some(keys) = self.store.keys()
        {
            self.events
                .get_or_init(|| EventStore::in_folder(&self.data, keys));
        }
        self.events.get()
    }

    /// What should be kept and is not, in plain words.
    pub fn trouble(&self) -> Option<String> {
        self.events.get()?.trouble()
    }

    /// Writes everything that waits.
    pub fn close(&self) {
        if let Some(events) = self.events.get() {
            events.close();
        }
    }

    fn redactor(&self, grammar: &Arc<Grammar>, household: &Household) -> Arc<Redactor> {
        let names = household
            .people
            .values()
            .flat_map(|person| person.name.split_whitespace());
        let names: HashSet<_> = names.map(str::to_lowercase).collect();
        let what = &household.keeping.redact;
        let mut made = self.redactor.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = &*made
            && made.grammar.as_ptr() == Arc::as_ptr(grammar)
            && (&made.redactor.what, &made.redactor.names) == (what, &names)
        {
            return made.redactor.clone();
        }
        let speech = grammar.speech();
        let known = speech.words.iter().map(|word| word.to_lowercase());
        let redactor = Arc::new(Redactor {
            what: what.clone(),
            names,
            known: known.collect(),
        });
        *made = Some(Made {
            grammar: Arc::downgrade(grammar),
            redactor: redactor.clone(),
        });
        redactor
    }
}

impl Shared {
    /// Whose words those are that are said there, and how long they live: asked for anew with each turn.
    pub(super) fn keeps(
        &self,
        place: &str,
        room: Option<String>,
        own: OwnScope,
    ) -> Arc<dyn Fn() -> Keeps + Send + Sync> {
        let (store, otherwise) = (self.store.clone(), self.config.conversation.privacy);
        let place = place.to_owned();
        Arc::new(move || {
            let household = store.snapshot();
            let from = Asking {
                place: &place,
                room: room.as_deref(),
                minute: 0,
                now_ms: Timestamp::now().as_millisecond(),
            };
            let person = people::speaker(&household, from);
            let who = Whereabouts {
                room: room.as_deref(),
                person: person.map(|person| person.keeps.min(person.agreed())),
                conversation: *own.lock().unwrap_or_else(PoisonError::into_inner),
            };
            Keeps {
                actor_id: person
                    .map(|person| person.id.to_string())
                    .unwrap_or_default(),
                scope: household.keeping.scope(who, otherwise),
            }
        })
    }

    /// Has an event kept, if its words may be.
    pub(super) fn keep(&self, envelope: &Envelope) {
        if envelope.privacy_scope == PrivacyScope::Ephemeral {
            return;
        }
        let Some(events) = self.keeper.events() else {
            return;
        };
        let household = self.store.snapshot();
        let mut envelope = envelope.clone();
        if !household.keeping.redact.is_empty() {
            let grammar = self.understanding.grammar();
            envelope = self
                .keeper
                .redactor(&grammar, &household)
                .redacted(envelope);
        }
        if let Some(retained) = Retained::new(envelope) {
            events.append(retained);
        }
    }

    /// What somebody wants of the conversations that are kept; of one that is shown, `event` is called with
    /// each of its events, in order.
    pub(super) fn kept(&self, look: KeptLook, event: impl FnMut(Envelope)) -> Told {
        let events = self.keeper.events().ok_or_else(no_keys)?;
        // Whoever has just said something expects to find it.
        events.settle()?;
        Ok(match look {
            KeptLook::List { before_ms, most } => {
                let most = usize::try_from(most).unwrap_or(usize::MAX);
                Some(json!(events.list(before_ms, most)?))
            }
            KeptLook::Search { query, most } => {
                let most = usize::try_from(most).unwrap_or(usize::MAX);
                Some(json!(events.search(&query, most)?))
            }
            // Its events follow as what they are.
            KeptLook::Show(name) => {
                let found = events.find(&name)?;
                let (envelopes, damaged) = events.readable(found.id)?;
                envelopes.into_iter().for_each(event);
                Some(json!({ "conversation": found, "damaged": damaged }))
            }
            KeptLook::Forget(name) => {
                let id = u128::from_str_radix(&name, 16).ok();
                let unknown = || EventStoreError::Unknown(name.clone());
                let id = id.filter(|_| name.len() == 32).ok_or_else(unknown)?;
                events.forget(SessionId(id))?;
                None
            }
        })
    }

    /// Changes what is kept from now on.
    pub(super) fn change_keeping(&self, keep: Keep, own: &OwnScope) -> Result<(), Problem> {
        if let Keep::Scope {
            of: KeepOf::Conversation,
            scope,
        } = keep
        {
            *own.lock().unwrap_or_else(PoisonError::into_inner) = scope;
            return Ok(());
        }
        if let Keep::Scope {
            of: KeepOf::Room(room),
            scope: Some(_),
        } = &keep
        {
            let home = self.understanding.home();
            if !home.areas.iter().any(|area| area.id == *room) {
                let message = format!("there is no room `{room}`");
                return Err(problem(
                    "no_such_room",
                    message,
                    "look at the house as it is now",
                ));
            }
        }
        if matches!(keep, Keep::Hours(hours) if !HOURS.contains(&hours)) {
            return Err(problem(
                "bad_hours",
                "a conversation is kept for an hour at least, and for ten years (87600 hours) at most",
                "0 hours is \"ephemeral\", and what has no end \"persistent\": choose that",
            ));
        }
        if let (Keep::Scope { of, scope }, Some(events)) = (&keep, self.keeper.events()) {
            let of = match of {
                KeepOf::Room(room) => format!("room {room}"),
                KeepOf::Household | KeepOf::Conversation => "household".to_owned(),
            };
            let scope = scope.unwrap_or(self.config.conversation.privacy);
            events.note(Deed::Scope { of, scope })?;
        }
        let changed = self.household.commit(None, |household, _| {
            let keeping = &mut household.keeping;
            match keep {
                Keep::Scope {
                    of: KeepOf::Room(room),
                    scope,
                } => match scope {
                    Some(scope) => drop(keeping.rooms.insert(room, scope)),
                    None => drop(keeping.rooms.remove(&room)),
                },
                Keep::Scope { scope, .. } => keeping.household = scope,
                Keep::Hours(hours) => keeping.hours = hours,
                Keep::Redact(what) => keeping.redact = what.into_iter().collect(),
            }
            Ok(((), Vec::new()))
        });
        match changed {
            Ok(outcome) => outcome.durable.map_err(|reason| {
                let message =
                    format!("this counts until Loqa ends, and is not on the disk: {reason}");
                problem("not_saved", message, "free some disk space")
            }),
            Err(error) => Err(problem("not_changed", error.to_string(), "try again")),
        }
    }

    /// What was done with what is kept, and whether it is what was written.
    pub(super) fn audit(&self, noted: Option<String>) -> Told {
        let events = self.keeper.events().ok_or_else(no_keys)?;
        let noted = noted.map(|text| {
            head(&text).ok_or_else(|| {
                let message = format!("`{text}` is no head of an audit");
                problem(
                    "bad_head",
                    message,
                    "a head is as `loqa audit verify` prints it: a word, entries, 64 digits, with colons between",
                )
            })
        });
        let noted = noted.transpose()?;
        let noted = |chain| match &noted {
            Some((of, head)) if *of == chain => Some(head),
            _ => None,
        };
        let audit = self.store.audit();
        Ok(Some(json!({
            WORDS: shown(events.verify(noted(WORDS))?),
            CHANGES: shown(audit.verify(noted(CHANGES))?),
            "deeds": events.deeds()?,
            "changed": audit.changes()?,
        })))
    }

    /// Makes a sealed copy of everything, in the data folder.
    pub(super) fn back_up(&self, recipient: &str) -> Told {
        let keys = self.store.keys().ok_or_else(no_keys)?;
        let data = self.store.folder().path();
        let recipient = match (recipient, backup::recipient_of(data)) {
            ("", None) => {
                return Err(problem(
                    "no_kit",
                    "there is no recovery kit to seal a backup for",
                    "`loqa backup FILE` makes one, and the first backup",
                ));
            }
            ("", Some(kept)) => kept,
            (given, _) => given.to_owned(),
        };
        let to = data.join("backups").join(BACKUP);
        backup::write(&self.store, &keys, &recipient, &to)?;
        if let Some(events) = self.keeper.events() {
            events.note(Deed::BackedUp)?;
        }
        Ok(Some(json!({ "file": to, "recipient": recipient })))
    }

    /// Destroys every key, takes away everything that is kept, and ends the hub.
    pub(super) fn wipe(&self, word: &str) -> Result<(), Problem> {
        if word != ClientFrame::WIPE {
            let help = "send the word `wipe` with it";
            return Err(problem(
                "not_meant",
                "a wipe was asked for without its word",
                help,
            ));
        }
        let data = self.store.folder().path();
        self.wiped.store(true, Ordering::Relaxed);
        self.keeper.close();
        let wiped = wipe::wipe(data);
        // What was in memory goes with the process, once whoever asked has been told.
        self.tasks.spawn(TaskKind::ESSENTIAL, "wiped", async {
            tokio::time::sleep(TELLS).await;
            Err::<(), _>(WIPED)
        });
        match wiped {
            Ok(left) => {
                let path = left.paths.first();
                let path = path.map(|path| format!("{} is still there", path.display()));
                let still = path.or_else(|| left.keyring.map(|kept| kept.to_string()));
                still.map_or(Ok(()), |still| {
                    let message = format!("everything is unreadable, but {still}");
                    Err(problem("not_removed", message, "remove it by hand"))
                })
            }
            Err(error) => {
                let message = format!("a key may still be there: {error}");
                Err(problem(
                    "not_wiped",
                    message,
                    "stop Loqa, then remove its data folder",
                ))
            }
        }
    }

    /// Takes away what was written while a wiped hub ended.
    pub(super) fn forget_leftovers(&self) {
        self.keeper.close();
        wipe::remove_rest(self.store.folder().path());
    }

    /// Erases what has been kept for its time, and says when something is not kept that should be.
    pub(super) fn watch_over_words(self: &Arc<Self>) {
        let hub = self.clone();
        self.tasks
            .spawn(TaskKind::BACKGROUND, "keeping", async move {
                let begun = Instant::now();
                let mut clock = None;
                let mut said = None;
                loop {
                    let (looking, clock_before) = (hub.clone(), clock.take());
                    let ran = begun.elapsed();
                    let looked =
                        tokio::task::spawn_blocking(move || looking.look(clock_before, ran));
                    clock = looked.await.unwrap_or_default();
                    let trouble = hub.keeper.trouble();
                    if trouble.is_some() && said != trouble {
                        hub.tell_degraded(trouble.clone().unwrap_or_default());
                    }
                    said = trouble;
                    tokio::time::sleep(LOOK).await;
                }
                #[expect(unreachable_code, reason = "gives the loop a type")]
                Ok::<(), String>(())
            });
    }

    fn look(&self, before: Option<WallClock>, ran: Duration) -> Option<WallClock> {
        let events = self.keeper.events()?;
        events.rest();
        if before.is_none() {
            match events.finish_erasing() {
                Ok(0) => {}
                Ok(erased) => tracing::info!(erased, "the erasing of conversations was finished"),
                Err(error) => tracing::warn!(%error, "conversations could not be erased"),
            }
        }
        let now = Timestamp::now().as_millisecond();
        let mut clock = before.unwrap_or_else(|| {
            let newest = events.list(None, 1).ok();
            let newest = newest.and_then(|list| list.first().map(|it| it.last_ms));
            WallClock::begin(now, ran, newest)
        });
        if clock.is_believed(now, ran) {
            let hours = i64::from(self.store.snapshot().keeping.hours);
            match events.expire(now.saturating_sub(hours * 3_600_000)) {
                Ok(0) => {}
                Ok(erased) => tracing::info!(erased, "conversations were erased"),
                Err(error) => tracing::warn!(%error, "conversations could not be erased"),
            }
        }
        Some(clock)
    }

    fn tell_degraded(&self, message: String) {
        let event = Event::Degraded {
            what: "conversations".into(),
            message,
            help: "check the disk; everything else goes on meanwhile".into(),
        };
        self.announce(self.own_event(SessionId(rand::random()), 0, event));
    }
}

/// Whether the clock on the wall can be believed: one that has jumped by years must not erase what it
/// should not, nor keep it for ever.
#[derive(Clone, Copy, Debug)]
struct WallClock {
    wall_ms: i64,
    ran: Duration,
    /// From then on, counted as the hub runs.
    believed_from: Duration,
}

impl WallClock {
    /// At the hub's start; `newest` is when somebody last spoke.
    fn begin(wall_ms: i64, ran: Duration, newest: Option<i64>) -> WallClock {
        let odd = newest.is_some_and(|newest| {
            !(newest - SET_MS..newest.saturating_add(OFF_MS)).contains(&wall_ms)
        });
        WallClock {
            wall_ms,
            ran,
            believed_from: if odd { ran + DISTRUST } else { ran },
        }
    }

    fn is_believed(&mut self, wall_ms: i64, ran: Duration) -> bool {
        let passed = i64::try_from((ran - self.ran).as_millis()).unwrap_or(i64::MAX);
        if (wall_ms - self.wall_ms - passed).abs() > SET_MS {
            self.believed_from = ran + DISTRUST;
        }
        (self.wall_ms, self.ran) = (wall_ms, ran);
        ran >= self.believed_from
    }
}

/// What a look at a chain has shown, with a sentence for each thing that is wrong.
fn shown(verified: Option<Verified>) -> Value {
    let broken = verified.iter().flat_map(|verified| &verified.broken);
    let says: Vec<_> = broken.map(ToString::to_string).collect();
    let mut shown = json!(verified);
    for (place, says) in says.into_iter().enumerate() {
        shown["broken"][place]["says"] = says.into();
    }
    shown
}

/// Reads a head as somebody has written it down: of which chain, and which.
fn head(text: &str) -> Option<(&'static str, Head)> {
    let (of, head) = text.trim().split_once(':')?;
    let of = [WORDS, CHANGES].into_iter().find(|chain| *chain == of)?;
    let (n, link) = head.split_once(':')?;
    let head = Head {
        n: n.parse().ok()?,
        link: hex::decode(link).ok()?.try_into().ok()?,
        at_ms: 0,
    };
    Some((of, head))
}

fn no_keys() -> Problem {
    problem(
        "no_keys",
        "nothing can be kept: the disk has had no room for a key since Loqa started",
        "free some disk space",
    )
}

impl From<BackupError> for Problem {
    fn from(error: BackupError) -> Self {
        crate::gateway::problem("backup", &error)
    }
}

impl From<EventStoreError> for Problem {
    fn from(error: EventStoreError) -> Self {
        let code = match error {
            EventStoreError::Disk(_) | EventStoreError::File(_) => "events_disk",
            EventStoreError::TooNew { .. } => "events_too_new",
            EventStoreError::Keys(_) => "data_keys",
            EventStoreError::Unknown(_) => "no_such_conversation",
            EventStoreError::KeyGone(_) => "key_gone",
            EventStoreError::Damaged(..) => "events_damaged",
            EventStoreError::Deed(_) | EventStoreError::Stopping => "failed",
        };
        crate::gateway::problem(code, &error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 3_600_000;

    #[test]
    fn a_clock_that_jumps_is_believed_when_it_has_gone_on_for_an_hour() {
        let at = Duration::from_secs;
        let now = 20_000 * DAY;
        let mut clock = WallClock::begin(now, at(0), None);
        assert!(clock.is_believed(now + 10_000, at(10)));
        // Summer time, and somebody who travels.
        assert!(clock.is_believed(now + 3_600_000 + 20_000, at(20)));
        for years in [3650, -3650] {
            let set = now + years * DAY;
            assert!(!clock.is_believed(set, at(30)));
            assert!(!clock.is_believed(set + 3_599_000, at(30 + 3599)));
            assert!(clock.is_believed(set + 3_600_000, at(30 + 3600)));
            clock = WallClock::begin(now, at(0), None);
        }
        for (newest, believed) in [
            (now - DAY, true),
            (now - 59 * DAY, true),
            (now - 3650 * DAY, false),
            (now + 3650 * DAY, false),
        ] {
            let mut clock = WallClock::begin(now, at(0), Some(newest));
            assert_eq!(clock.is_believed(now, at(0)), believed, "{newest}");
            assert!(clock.is_believed(now + 3_600_000, at(3600)));
        }
    }
}
