//! What can be said in this house, and what comes of it: skills that act on the real store, and a world of devices that
//! counts how often each was commanded.

use super::{faults::Bug, world::World};
use loqa_core::{
    grammar::{Context, Grammar, SlotValue, Step},
    home::Home,
    manifest::{FollowUp, Intent, List, ListValue, Manifest},
    seams::{Committed, Draft, DraftId, HostError, PrepareRequest},
};
use loqa_engine::{
    event_store::EventStore,
    store::{CommitError, Household, Store, TimerPhase, TimerRecord},
};
use loqa_protocol::{EffectKind, Envelope, PrivacyScope, Retained, TurnId, UtteranceId};
use loqa_skill_sdk::{DeviceState, EffectError};
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, OnceLock},
};

/// Each is commanded once in a run, so that whoever counts knows what is twice.
pub const LAMPS: [&str; 16] = [
    "attic", "balcony", "basement", "bathroom", "bedroom", "closet", "garden", "guest", "hall",
    "kitchen", "library", "nursery", "office", "pantry", "porch", "studio",
];
pub const DOORS: [&str; 6] = ["front", "back", "cellar", "side", "terrace", "garage"];
pub const MINUTES: [&str; 8] = [
    "two", "three", "four", "five", "six", "seven", "eight", "nine",
];
/// What no command covers. Nobody else says its last word.
pub const QUESTIONS: [&str; 3] = [
    "why is the sky blue above mauritius",
    "who was the painter of guernica",
    "what is the weight of a pomegranate",
];
/// What is said where something is not on the disk.
pub const UNSAVED: &str = "But I could not save that to the disk.";

/// The grammar, made once.
pub fn grammar() -> Arc<Grammar> {
    static GRAMMAR: OnceLock<Arc<Grammar>> = OnceLock::new();
    GRAMMAR.get_or_init(compiled).clone()
}

fn compiled() -> Arc<Grammar> {
    let intent = |name: &str, sentences: &[&str]| Intent {
        name: name.into(),
        sentences: sentences.iter().map(|it| (*it).into()).collect(),
        ..Intent::default()
    };
    let values = |names: &[&str]| {
        let value = |name: &&str| ListValue {
            said: (*name).into(),
            means: (*name).into(),
        };
        List::Values(names.iter().map(value).collect())
    };
    let home = Manifest {
        name: "home".into(),
        intents: vec![
            intent("light", &["turn on the {lamp} light"]),
            intent("unlock", &["unlock the {door} door"]),
        ],
        lists: BTreeMap::from([
            ("lamp".into(), values(&LAMPS)),
            ("door".into(), values(&DOORS)),
        ]),
        ..Manifest::default()
    };
    let timers = Manifest {
        name: "timers".into(),
        intents: vec![intent(
            "set",
            &["set a timer", "set a timer for {duration}"],
        )],
        followups: BTreeMap::from([(
            "how_long".into(),
            FollowUp {
                ask: "For how long?".into(),
                sentences: vec!["{duration}".into(), "for {duration}".into()],
            },
        )]),
        ..Manifest::default()
    };
    let loqa = Manifest {
        name: "loqa".into(),
        intents: vec![
            intent("never_mind", &["never mind"]),
            intent("repeat", &["repeat that"]),
        ],
        ..Manifest::default()
    };
    match Grammar::compile(&[home, timers, loqa], &Home::default()) {
        Ok(grammar) => Arc::new(grammar),
        Err(errors) => panic!("the simulated household must compile: {errors:?}"),
    }
}

/// What a step would do, as the world of devices counts it; nothing if something is missing.
pub fn deed(step: &Step) -> Option<String> {
    let slot = |name: &str| step.slots.iter().find(|(it, _)| it == name);
    match (
        step.intent.as_str(),
        slot("lamp"),
        slot("door"),
        slot("duration"),
    ) {
        ("light", Some((_, lamp)), ..) => Some(format!("light {}", text(lamp))),
        ("unlock", _, Some((_, door)), _) => Some(format!("unlock {}", text(door))),
        ("set", _, _, Some((_, duration))) => Some(format!("timer {}", text(duration))),
        _ => None,
    }
}

fn text(value: &SlotValue) -> String {
    match value {
        SlotValue::Item(serde_json::Value::String(text)) => text.clone(),
        SlotValue::Duration(seconds) => seconds.to_string(),
        other => format!("{other:?}"),
    }
}

/// How long the timer is that it sets.
fn seconds(deed: &str) -> Option<u64> {
    deed.strip_prefix("timer ")?.parse().ok()
}

/// Whether it was done, as far as is kept.
pub fn kept(household: &Household, deed: &str) -> bool {
    match seconds(deed) {
        Some(seconds) => household
            .timers
            .values()
            .any(|it: &TimerRecord| it.total_s == seconds),
        None => household.devices.contains_key(deed),
    }
}

/// The skill host, on the real store.
pub struct House {
    pub store: Store,
    pub events: Option<EventStore>,
    drafts: BTreeMap<DraftId, PrepareRequest>,
    /// Of those carried out: a host that died is asked again.
    carried: BTreeMap<DraftId, PrepareRequest>,
    next: u64,
}

impl House {
    /// With whatever the folder holds.
    pub fn open(folder: &Path) -> Result<House, String> {
        let store = Store::open(folder).map_err(|error| error.to_string())?;
        Ok(House {
            store,
            events: None,
            drafts: BTreeMap::new(),
            carried: BTreeMap::new(),
            next: 0,
        })
    }

    pub fn prepare(&mut self, request: &PrepareRequest) -> Result<Draft, HostError> {
        self.next += 1;
        let id = DraftId(self.next);
        self.drafts.insert(id, request.clone());
        let asks = |step: &&Step| step.intent == "set" && deed(step).is_none();
        let ask = request
            .steps
            .iter()
            .find(asks)
            .map(|step| Context::FollowUp {
                skill: step.skill.clone(),
                name: "how_long".into(),
            });
        let grave = request.steps.iter().find(|step| step.intent == "unlock");
        let confirm = grave.and_then(deed).map(|deed| format!("Shall I {deed}?"));
        let reply = match ask {
            Some(_) => "For how long?".into(),
            None => said(&request.steps),
        };
        Ok(Draft {
            id,
            reply,
            effects: true,
            confirm,
            pin: false,
            hushed: false,
            ask,
            epoch: self.store.snapshot().epoch,
        })
    }

    pub fn discard(&mut self, draft: DraftId) {
        self.drafts.remove(&draft);
    }

    /// Carries it out: durably, once, and then in the world.
    pub fn commit(
        &mut self,
        utterance: UtteranceId,
        draft: DraftId,
        world: &mut World,
    ) -> Result<Committed, HostError> {
        let request = self
            .drafts
            .remove(&draft)
            .or_else(|| self.carried.get(&draft).cloned());
        let request = request.ok_or(HostError::Stale)?;
        self.carried.insert(draft, request.clone());
        let deeds: Vec<String> = request.steps.iter().filter_map(deed).collect();
        let outcome = self.store.commit(Some(utterance), |household| {
            for deed in &deeds {
                put(household, deed);
            }
            Ok(((), vec![EffectKind::Device; deeds.len()]))
        });
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(CommitError::AlreadyCommitted(utterance)) => {
                return Err(HostError::AlreadyCommitted(utterance));
            }
            Err(error) => return Err(HostError::Failed(error.to_string())),
        };
        for deed in &deeds {
            world.say(|| format!("world    {deed}"));
            world.witness.done(utterance.session, deed);
        }
        let mut reply = said(&request.steps);
        if outcome.durable.is_err() {
            reply = format!("{reply} {UNSAVED}");
        }
        Ok(Committed {
            reply,
            effects: outcome.kinds,
            ok: true,
            cards: Vec::new(),
            told: Vec::new(),
        })
    }

    /// What a committed utterance did, for whoever is told of it.
    pub fn deeds_of(&self, draft: DraftId) -> Vec<String> {
        let steps = self.carried.get(&draft).or_else(|| self.drafts.get(&draft));
        steps.map_or_else(Vec::new, |it| it.steps.iter().filter_map(deed).collect())
    }

    /// Whether the ledger knows it; nothing is changed.
    pub fn knows(&self, utterance: UtteranceId) -> bool {
        let refused = self
            .store
            .commit::<()>(Some(utterance), |_| Err(EffectError(String::new())));
        matches!(refused, Err(CommitError::AlreadyCommitted(_)))
    }

    /// Has an event kept, if it may be.
    pub fn keep(&mut self, mut envelope: Envelope, folder: &Path, world: &World) {
        if world.has(Bug::EphemeralWritten) {
            envelope.privacy_scope = PrivacyScope::Session;
        }
        let Some(retained) = Retained::new(envelope) else {
            return;
        };
        if self.events.is_none() {
            let keys = self.store.keys();
            self.events = keys.map(|keys| EventStore::in_folder(folder, keys));
        }
        if let Some(events) = &self.events {
            events.append(retained);
        }
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(events) = &self.events {
            events.close();
        }
    }
}

fn put(household: &mut Household, deed: &str) {
    match seconds(deed) {
        Some(total_s) => {
            let id = household.take_timer_id();
            let timer = TimerRecord {
                id,
                name: None,
                total_s,
                state: TimerPhase::Paused {
                    remaining_ms: total_s * 1000,
                },
            };
            household.timers.insert(id, timer);
        }
        None => {
            let state = DeviceState {
                power: Some(true),
                ..DeviceState::default()
            };
            household.devices.insert(deed.into(), state);
        }
    }
}

/// What is said of steps that were done.
pub fn said(steps: &[Step]) -> String {
    let one = |step: &Step| deed(step).map(|deed| format!("Did {deed}."));
    steps.iter().filter_map(one).collect::<Vec<_>>().join(" ")
}

/// The same utterance by another name: what must not be.
pub fn renamed(utterance: UtteranceId) -> UtteranceId {
    UtteranceId {
        turn: TurnId(utterance.turn.0 + 1000),
        ..utterance
    }
}
