//! Carrying plans out: all of a turn or nothing of it.

use super::{Inner, joined, lock};
use crate::{
    skills::{
        cards,
        deeds::Undoing,
        effects::Acting,
        household::Moment,
        own,
        plans::{Prepared, Work},
    },
    store::{CommitError, Household},
};
use loqa_core::{
    grammar::Step,
    seams::{Committed, HostError},
};
use loqa_protocol::{EffectKind, card::Card};
use loqa_skill_sdk::{Effect, EffectError, Effects, Plan};

/// What a commit did.
#[derive(Default)]
struct Done {
    reply: String,
    kinds: Vec<EffectKind>,
    /// Last step first.
    undoings: Vec<Undoing>,
    cards: Vec<Card>,
}

impl Inner {
    /// Carries a plan out. Blocks for one fsync.
    pub(super) fn commit(&self, mut prepared: Prepared) -> Result<Committed, HostError> {
        let utterance = prepared.request.utterance;
        let mut refused = None;
        let outcome = self.household.commit(Some(utterance), |household, moment| {
            // From here on nobody else changes anything.
            match self.renew(prepared.clone(), moment) {
                Ok(anew) => prepared = anew,
                Err(error) => {
                    refused = Some(error);
                    return Err(EffectError(String::new()));
                }
            }
            let done = match &prepared.work {
                Work::Steps(steps) => self.carry_out(steps, household, moment),
                Work::Undo(deed) => {
                    let steps = lock(&self.deeds).get(*deed).map(|deed| deed.steps.clone());
                    let steps = steps.ok_or_else(|| EffectError(own::NOTHING_DONE.into()))?;
                    let (reply, kinds) = self.take_back(&steps, household, moment)?;
                    let card = |step: &Undoing| Some(Card::gone(&step.skill, step.card.as_ref()?));
                    Ok(Done {
                        reply,
                        kinds,
                        cards: steps.iter().filter_map(card).collect(),
                        ..Done::default()
                    })
                }
            }?;
            let kinds = done.kinds.clone();
            Ok((done, kinds))
        });
        if let Some(error) = refused {
            return Err(error);
        }
        if let Work::Undo(deed) = prepared.work {
            lock(&self.deeds).forget(deed);
        }
        match outcome {
            Ok(outcome) => {
                let Done {
                    mut reply,
                    undoings,
                    cards,
                    ..
                } = outcome.value;
                if !undoings.is_empty() {
                    lock(&self.deeds).remember(utterance, prepared.request.text, undoings);
                }
                if let Err(reason) = outcome.durable {
                    tracing::warn!(%reason, "an effect is not on the disk");
                    reply = joined([reply.as_str(), "But I could not save that to the disk, so it lasts only until I am restarted."].into_iter());
                }
                Ok(Committed {
                    reply,
                    effects: outcome.kinds,
                    ok: true,
                    cards,
                })
            }
            Err(CommitError::Refused(EffectError(reply))) => {
                let several = matches!(&prepared.work, Work::Steps(steps) if steps.len() > 1);
                let reply = if several {
                    format!("{reply} So I did nothing.")
                } else {
                    reply
                };
                Ok(Committed {
                    reply,
                    effects: Vec::new(),
                    ok: false,
                    cards: Vec::new(),
                })
            }
            Err(CommitError::AlreadyCommitted(utterance)) => {
                Err(HostError::AlreadyCommitted(utterance))
            }
            Err(CommitError::Store(error)) => {
                tracing::error!(%error, "the ledger cannot be read");
                Err(HostError::Failed(
                    "I did nothing, because I cannot read my own records.".into(),
                ))
            }
        }
    }

    /// All steps or, with the error, none: the household is thrown away then.
    fn carry_out(
        &self,
        steps: &[(Step, Plan)],
        household: &mut Household,
        moment: &Moment,
    ) -> Result<Done, EffectError> {
        let mut done = Done::default();
        let mut replies = Vec::new();
        for (step, plan) in steps {
            let (reply, kinds, mut compensators) =
                self.run(&step.skill, plan, household, moment)?;
            replies.push(reply);
            if !kinds.is_empty() && step.skill != own::NAME {
                compensators.reverse();
                done.undoings.push(Undoing {
                    skill: step.skill.clone(),
                    intent: step.intent.clone(),
                    compensators,
                    card: plan.card.as_ref().map(|card| card.id.clone()),
                });
            }
            done.kinds.extend(kinds);
        }
        done.undoings.reverse();
        done.cards = cards::of(steps);
        done.reply = joined(replies.iter().map(String::as_str));
        Ok(done)
    }

    /// Undoes steps, last first.
    pub(super) fn take_back(
        &self,
        steps: &[Undoing],
        household: &mut Household,
        moment: &Moment,
    ) -> Result<(String, Vec<EffectKind>), EffectError> {
        let mut replies = Vec::new();
        let mut kinds = Vec::new();
        for step in steps {
            tracing::debug!(
                skill = step.skill,
                intent = step.intent,
                "taking a step back"
            );
            let plan = Plan {
                effects: step.compensators.clone(),
                ..Plan::default()
            };
            let (reply, done, _) = self.run(&step.skill, &plan, household, moment)?;
            replies.push(reply);
            kinds.extend(done);
        }
        Ok((
            own::undone(&joined(replies.iter().map(String::as_str))),
            kinds,
        ))
    }

    /// Runs one skill's commit.
    fn run(
        &self,
        skill: &str,
        plan: &Plan,
        household: &mut Household,
        moment: &Moment,
    ) -> Result<(String, Vec<EffectKind>, Vec<Effect>), EffectError> {
        let permissions = self
            .registry
            .manifest(skill)
            .map(|manifest| manifest.permissions.as_slice())
            .unwrap_or_default();
        let mut acting = Acting::new(
            &self.house,
            household,
            (moment.now_ms, moment.wall),
            skill,
            permissions,
        );
        let reply = match self.registry.code(skill) {
            Some(code) => code
                .commit(plan, &mut acting)
                .map_err(|error| EffectError(error.to_string()))??,
            None => {
                acting.carry_out(&plan.effects)?;
                plan.reply.clone()
            }
        };
        Ok((reply, acting.kinds, acting.compensators))
    }
}
