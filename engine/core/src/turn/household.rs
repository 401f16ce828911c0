//! A small household for tests: its grammar, and a skill host that keeps count.

use crate::{
    grammar::{Context, Grammar, Step},
    home::{Home, Routine},
    manifest::{FollowUp, Intent, List, Manifest},
    policy::{Asked, Decision, Pin, Policy, Risk, Role, Ruling},
    seams::{Committed, Draft, DraftId, HostError, PrepareRequest, Proof, Unproved},
};
use loqa_protocol::{EffectKind, UtteranceId, card::Card};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

pub(super) fn grammar() -> Arc<Grammar> {
    let intent = |name: &str, sentences: &[&str]| Intent {
        name: name.into(),
        sentences: sentences.iter().map(|&sentence| sentence.into()).collect(),
        ..Intent::default()
    };
    let home = Manifest {
        name: "home".into(),
        intents: vec![
            intent("lights_off", &["turn off the lights"]),
            intent("fan_on", &["turn on the fan"]),
            intent("fan_on_in_kitchen", &["turn on the fan in the kitchen"]),
            intent("unlock", &["unlock the door"]),
            intent("notes", &["read my notes"]),
            intent("add", &["add {text} to my list"]),
        ],
        lists: BTreeMap::from([(
            "text".into(),
            List::Text {
                vocabulary: vec!["milk".into(), "oat milk".into()],
            },
        )]),
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
            intent("routine", &["{routine}"]),
        ],
        ..Manifest::default()
    };
    let routine = |name: &str, steps: &[&str]| Routine {
        id: name.replace(' ', "_"),
        name: name.into(),
        aliases: Vec::new(),
        steps: steps.iter().map(|&step| step.into()).collect(),
    };
    let household = Home {
        routines: vec![
            routine("good morning", &["turn off the lights", "turn on the fan"]),
            routine("we are back", &["turn on the fan", "unlock the door"]),
            routine("good evening", &["turn on the moon"]),
        ],
        ..Home::default()
    };
    match Grammar::compile(&[home, timers, loqa], &household) {
        Ok(grammar) => Arc::new(grammar),
        Err(errors) => panic!("the test household must compile: {errors:?}"),
    }
}

/// Who lives here, where somebody does.
#[derive(Clone, Default)]
pub(super) struct House {
    pub policy: Policy,
    /// Whom the room's microphone speaks for.
    pub role: Role,
    pub room: Option<String>,
    /// A room of one person.
    pub own: bool,
    pub minute: u16,
    /// Of whom, and whether it still counts.
    pub pins: Vec<(&'static str, Role, bool)>,
    /// Wrong ones in a row.
    pub wrong: u32,
}

impl House {
    fn decide(&self, step: &Step, proof: Option<Proof>) -> Decision {
        let counts = |(_, _, counts): &&(&str, Role, bool)| *counts;
        let proven = proof
            .and_then(|proof| self.pins.get(proof.0 as usize))
            .filter(counts);
        self.policy.decide(&Asked {
            role: proven.map_or(self.role, |(_, role, _)| *role),
            risk: match step.intent.as_str() {
                "unlock" => Risk::Risky,
                "notes" => Risk::Private,
                _ => Risk::Everyday,
            },
            room: self.room.as_deref(),
            shared: !self.own,
            minute: self.minute,
            proven: proven.is_some(),
            pins: self.pins.iter().any(|pin| counts(&pin)),
        })
    }

    pub fn prove(&mut self, pin: &Pin) -> Result<Proof, Unproved> {
        if self.wrong == 3 {
            return Err(Unproved::Locked);
        }
        let mut pins = self.pins.iter();
        match pins.position(|(digits, _, counts)| *counts && *digits == pin.digits()) {
            Some(at) => {
                self.wrong = 0;
                Ok(Proof(at as u64))
            }
            None => {
                self.wrong += 1;
                Err(match self.wrong {
                    3 => Unproved::Locked,
                    _ => Unproved::Wrong,
                })
            }
        }
    }
}

/// Prepares and commits like a real host, and remembers.
#[derive(Default)]
pub(super) struct Host {
    pub house: House,
    next: u64,
    pub epoch: u64,
    drafts: BTreeMap<DraftId, (PrepareRequest, Vec<Decision>)>,
    ledger: BTreeSet<UtteranceId>,
    /// `skill.intent` per effect, in order.
    pub effects: Vec<String>,
    /// Errors of the next commits.
    pub failures: Vec<HostError>,
}

impl Host {
    pub fn of(house: House) -> Host {
        Host {
            house,
            ..Host::default()
        }
    }

    pub fn prepare(&mut self, request: &PrepareRequest) -> Result<Draft, HostError> {
        self.next += 1;
        let id = DraftId(self.next);
        let ruled = self.ruled(request);
        let refused = ruled.iter().find(|it| it.ruling == Ruling::Refuse);
        if let Some(refused) = refused {
            return Err(HostError::Failed(refused.why.into()));
        }
        let is = |ruling| ruled.iter().any(|it| it.ruling == ruling);
        let (pin, sure) = (is(Ruling::Pin), is(Ruling::Confirm));
        self.drafts.insert(id, (request.clone(), ruled.clone()));
        let asks = |step: &Step| step.intent == "set" && step.slots.is_empty();
        let ask = request
            .steps
            .iter()
            .find(|step| asks(step))
            .map(|step| Context::FollowUp {
                skill: step.skill.clone(),
                name: "how_long".into(),
            });
        let mut confirm =
            sure.then(|| format!("Shall I unlock it{}?", "!".repeat(self.epoch as usize)));
        if pin {
            confirm = Some("What is the PIN?".into());
        }
        let reply = if ask.is_some() {
            "For how long?".into()
        } else {
            said(&request.steps)
        };
        Ok(Draft {
            id,
            reply,
            effects: true,
            confirm,
            pin,
            hushed: is(Ruling::Show),
            ask,
            epoch: self.epoch,
        })
    }

    fn ruled(&self, request: &PrepareRequest) -> Vec<Decision> {
        let decide = |step| self.house.decide(step, request.proof);
        request.steps.iter().map(decide).collect()
    }

    pub fn commit(
        &mut self,
        utterance: UtteranceId,
        draft: DraftId,
    ) -> Result<Committed, HostError> {
        let (request, ruled) = self.drafts.remove(&draft).ok_or(HostError::Stale)?;
        if self.ruled(&request) != ruled {
            return Err(HostError::Stale);
        }
        if let Some(error) = self.failures.pop() {
            return Err(error);
        }
        assert_eq!(
            request.utterance, utterance,
            "a plan is committed for the utterance it was prepared for"
        );
        if !self.ledger.insert(utterance) {
            return Err(HostError::AlreadyCommitted(utterance));
        }
        self.effects.extend(
            request
                .steps
                .iter()
                .map(|step| format!("{}.{}", step.skill, step.intent)),
        );
        Ok(Committed {
            reply: said(&request.steps),
            effects: vec![EffectKind::Device],
            cards: request.steps.iter().filter_map(shown).collect(),
            told: Vec::new(),
            ok: true,
        })
    }

    pub fn discard(&mut self, draft: DraftId) {
        self.drafts.remove(&draft);
    }

    /// Plans that were neither committed nor discarded.
    pub fn forgotten(&self) -> usize {
        self.drafts.len()
    }
}

/// Who unlocks a door leaves a card.
fn shown(step: &Step) -> Option<Card> {
    (step.intent == "unlock").then(|| Card {
        title: "the door is open".into(),
        ..Card::default()
    })
}

fn said(steps: &[Step]) -> String {
    let one = |step: &Step| format!("{} done.", step.intent.replace('_', " "));
    steps.iter().map(one).collect::<Vec<_>>().join(" ")
}
