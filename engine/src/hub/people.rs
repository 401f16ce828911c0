//! Who lives here, as clients ask for it and change it; and the PINs they type for a conversation.

use super::{
    Shared,
    service::{Told, problem},
};
use crate::{
    people::{self, Seen},
    session::{Session, SessionHandle, SessionParts, WeakSession},
    store::{Audit, CommitError, Deed, Note},
};
use loqa_core::{policy::Pin, seams::Unproved};
use loqa_protocol::{PeopleEdit, Problem, SessionId};
use loqa_skill_sdk::EffectError;
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

/// What the audit calls the household's people, in the place of a skill.
const PEOPLE: &str = "people";
/// Screens that are remembered until the hub stops; more are not listed unless somebody has chosen for them.
const SCREENS: usize = 64;

/// Conversations that may want a PIN, and screens that have been here.
#[derive(Default)]
pub(super) struct Present {
    sessions: Mutex<BTreeMap<SessionId, WeakSession>>,
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

    /// Whether whoever asks may change who belongs here: where an owner has a PIN, this must be it. Blocks
    /// for a slow hash. A refusal is written down.
    ///
    /// # Errors
    /// It is not.
    pub(super) fn prove_owner(&self, typed: &str, deed: Deed, what: &str) -> Result<(), Problem> {
        let moment = self.household.read();
        if !people::is_locked(&moment.household, moment.wall.as_millisecond()) {
            return Ok(());
        }
        let known = pin(typed).and_then(|pin| self.host.is_owner(&pin).map_err(unproved));
        known.inspect_err(|_| {
            let audit = Audit::in_folder(self.store.folder().path());
            audit.refused(deed, what, "", None);
        })
    }

    /// Changes that, if whoever asks may. Blocks for a slow hash and an fsync. Tells which person or rule it
    /// was about.
    pub(super) fn edit_people(&self, typed: &str, edit: &PeopleEdit) -> Told {
        let audit = Audit::in_folder(self.store.folder().path());
        let moment = self.household.read();
        let now_ms = moment.wall.as_millisecond();
        self.prove_owner(typed, Deed::Person, PEOPLE)?;
        let home = self.understanding.home();
        let mut wrong = None;
        let outcome = self.household.commit(None, |household, _| {
            let changed = people::change(household, &home, edit, now_ms).and_then(|change| {
                let note = Note {
                    deed: change.deed,
                    skill: PEOPLE,
                    version: &change.id,
                    permission: change.to.as_deref(),
                    allowed: true,
                };
                audit.write(&[note])?;
                Ok(change)
            });
            match changed {
                Ok(change) => Ok((change, Vec::new())),
                Err(problem) => {
                    wrong = Some(problem);
                    Err(EffectError(String::new()))
                }
            }
        });
        let unsaved = |error: &dyn std::fmt::Display| {
            let help = "see whether the disk is full; `loqa doctor` says more";
            problem("people", format!("this cannot be kept: {error}"), help)
        };
        match outcome {
            Ok(outcome) => match outcome.durable {
                Ok(()) => Ok(Some(json!({ "id": outcome.value.id }))),
                Err(reason) => Err(unsaved(&reason)),
            },
            Err(CommitError::Refused(_)) => {
                Err(wrong.unwrap_or_else(|| unsaved(&"it was refused")))
            }
            Err(error) => Err(unsaved(&error)),
        }
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
