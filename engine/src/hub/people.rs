//! Who lives here, as clients ask for it and change it; and the PINs they type for a conversation.

use super::{
    Shared,
    service::{Told, problem},
    wanted::Wanted,
};
use crate::{
    event_store,
    people::{self, Seen},
    session::{Session, SessionHandle, SessionParts, WeakSession},
    store::Deed,
};
use loqa_core::{policy::Pin, seams::Unproved};
use loqa_protocol::{Envelope, PeopleEdit, PrivacyScope, Problem, SessionId};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// What the audit calls the household's people, in the place of a skill.
const PEOPLE: &str = "people";
/// Screens that are remembered until the hub stops; more are not listed unless somebody has chosen for them.
const SCREENS: usize = 64;

/// How long the PIN of an owner counts for the client that gave it.
const UNLOCKED: Duration = Duration::from_secs(5 * 60);

/// Conversations that may want a PIN, and screens that have been here.
#[derive(Default)]
pub(super) struct Present {
    sessions: Mutex<BTreeMap<SessionId, WeakSession>>,
    /// PINs that some of them wait for.
    pub wanted: Wanted,
    screens: Mutex<BTreeSet<String>>,
}

impl Present {
    /// A client has come.
    pub fn came(&self, place: &str) {
        let mut screens = self.screens.lock().unwrap_or_else(PoisonError::into_inner);
        if place.starts_with(people::SCREEN) && screens.len() < SCREENS {
            screens.insert(place.to_owned());
        }
    }
}

/// Whether a client has given the PIN of an owner, and lately.
#[derive(Default)]
pub(super) struct Unlocked(Mutex<Option<Instant>>);

impl Unlocked {
    fn open(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn is_open(&self) -> bool {
        let given = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        given.is_some_and(|given| given.elapsed() < UNLOCKED)
    }
}

impl Shared {
    /// Begins a conversation that anybody may type a PIN for.
    pub(super) fn converse(&self, parts: SessionParts) -> SessionHandle {
        let id = parts.id;
        let session = Session::spawn(parts, &self.tasks);
        let sessions = &self.present.sessions;
        let mut sessions = sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, session| session.upgrade().is_some());
        sessions.insert(id, session.weak());
        session
    }

    /// The events that tell somebody who comes now which PINs are wanted.
    pub(super) fn wanted_pins(&self) -> Vec<Envelope> {
        let sessions = &self.present.sessions;
        let sessions = sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let is_there = |id| sessions.get(&id).is_some_and(|it| it.upgrade().is_some());
        self.present.wanted.events(is_there)
    }

    /// Gives a conversation the PIN that it has asked for.
    pub(super) async fn give_pin(&self, id: SessionId, typed: &str) -> Result<(), Problem> {
        let pin = pin(typed)?;
        let session = {
            let sessions = &self.present.sessions;
            let sessions = sessions.lock().unwrap_or_else(PoisonError::into_inner);
            sessions.get(&id).and_then(WeakSession::upgrade)
        };
        let given = match session {
            Some(session) => session.pin(pin).await.ok().flatten(),
            None => None,
        };
        given.map(drop).ok_or_else(|| {
            let help = "say again what you want";
            problem("no_pin_wanted", "no PIN is wanted any more", help)
        })
    }

    /// Who lives here, whom places speak for, and the rules.
    pub(super) fn people(&self, place: &str) -> Told {
        let screens = &self.present.screens;
        let screens = screens.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = Seen {
            screens: screens.clone(),
            asks: place.to_owned(),
            room: self.room(),
        };
        let moment = self.household.read();
        let now_ms = moment.wall.as_millisecond();
        let home = self.understanding.home();
        Ok(Some(people::document(
            &moment.household,
            &home,
            &seen,
            now_ms,
        )))
    }

    /// For a while a client may do what needs an owner's PIN, if this is one. Blocks for a slow hash.
    pub(super) fn unlock(&self, typed: &str, unlocked: &Unlocked) -> Result<(), Problem> {
        self.host.is_owner(&pin(typed)?).map_err(unproved)?;
        unlocked.open();
        Ok(())
    }

    /// Refuses what needs the PIN of an owner, where one has a PIN and the client has not given it.
    pub(super) fn needs_owner(&self, unlocked: &Unlocked) -> Result<(), Problem> {
        let moment = self.household.read();
        let now_ms = moment.wall.as_millisecond();
        if !people::is_locked(&moment.household, now_ms) || unlocked.is_open() {
            return Ok(());
        }
        let message = "this needs the PIN of an owner";
        Err(problem("owner_pin", message, "type it, then try again"))
    }

    /// Whether somebody may make this change, with this PIN. Blocks for a slow hash.
    fn may_edit(&self, typed: &str, edit: &PeopleEdit, unlocked: &Unlocked) -> Result<(), Problem> {
        if let PeopleEdit::Keeps { person, .. } = edit {
            let moment = self.household.read();
            let agrees = moment.household.people.get(person);
            if agrees.is_some_and(|it| it.pin.is_some()) {
                let theirs = |pin| self.host.is_pin_of(&pin, *person).map_err(unproved);
                let proven = pin(typed).and_then(theirs);
                return proven.inspect_err(|_| self.note_wrong_pin(Deed::Consent, PEOPLE));
            }
        }
        self.prove_owner(typed, unlocked, Deed::Person, PEOPLE)
    }

    /// Refuses what needs the PIN of an owner, where one has a PIN and this is none, nor was one given. Blocks
    /// for a slow hash. That a wrong one was tried is written down.
    pub(super) fn prove_owner(
        &self,
        typed: &str,
        unlocked: &Unlocked,
        deed: Deed,
        what: &str,
    ) -> Result<(), Problem> {
        let needed = self.needs_owner(unlocked);
        if needed.is_ok() || typed.is_empty() {
            return needed;
        }
        let unlocked = self.unlock(typed, unlocked);
        unlocked.inspect_err(|_| self.note_wrong_pin(deed, what))
    }

    fn note_wrong_pin(&self, deed: Deed, what: &str) {
        self.store.audit().refused(deed, what, "", None);
    }

    /// Writes down what somebody agrees to, before it counts.
    fn note_consent(&self, edit: &PeopleEdit) -> Result<(), Problem> {
        let (
            PeopleEdit::Keeps {
                person,
                scope,
                text,
            },
            Some(events),
        ) = (edit, self.keeper.events())
        else {
            return Ok(());
        };
        let person = *person;
        let deed = match scope {
            PrivacyScope::Ephemeral => event_store::Deed::ConsentWithdrawn { person },
            scope => event_store::Deed::ConsentGiven {
                person,
                scope: *scope,
                text: text.trim().to_owned(),
            },
        };
        Ok(events.note(deed)?)
    }

    /// Makes everything unreadable that is kept of a person.
    fn forget_words_of(&self, person: u64) -> Result<(), Problem> {
        let forgotten = self.keeper.events().map(|it| it.forget_person(person));
        forgotten.transpose()?;
        Ok(())
    }

    /// Changes that, if whoever asks may. Blocks for a slow hash and an fsync. Tells which person or rule it
    /// was about.
    pub(super) fn edit_people(&self, typed: &str, edit: &PeopleEdit, unlocked: &Unlocked) -> Told {
        let moment = self.household.read();
        let now_ms = moment.wall.as_millisecond();
        self.may_edit(typed, edit, unlocked)?;
        let home = self.understanding.home();
        let forgets = people::forgets(&moment.household, edit);
        if forgets.is_some() || matches!(edit, PeopleEdit::Keeps { .. }) {
            // What cannot be so forgets nothing.
            let mut trial = (*moment.household).clone();
            people::change(&mut trial, &home, edit, now_ms)?;
            self.note_consent(edit)?;
        }
        if let Some(person) = forgets {
            self.forget_words_of(person)?;
        }
        let changed = self.commit_noted(PEOPLE, |household| {
            people::change(household, &home, edit, now_ms)
        });
        if let Some(person) = forgets {
            // What they said meanwhile.
            self.forget_words_of(person)?;
        }
        let change = changed?;
        if !matches!(edit, PeopleEdit::Keeps { .. }) {
            // Who sets the first PIN of an owner need not type it at once.
            unlocked.open();
        }
        Ok(Some(json!({ "id": change.id })))
    }
}

fn pin(typed: &str) -> Result<Pin, Problem> {
    Pin::typed(typed).ok_or_else(|| {
        let help = "type the PIN of an owner: 4 to 12 digits";
        problem("wrong_pin", "this is not the PIN", help)
    })
}

fn unproved(why: Unproved) -> Problem {
    match why {
        Unproved::Wrong => problem("wrong_pin", "this is not the PIN", "try again"),
        Unproved::Locked => {
            let help = "wait a minute, then try again";
            problem("pin_locked", "too many wrong PINs", help)
        }
    }
}
