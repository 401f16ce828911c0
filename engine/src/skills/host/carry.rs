//! Carrying plans out: all of a turn or nothing of it.

use super::{Inner, joined, lock};
use crate::{
    skills::{
        bounds, cards,
        deeds::Undoing,
        effects::{Acting, Stage},
        elsewhere::Answers,
        household::Moment,
        own,
        plans::{Prepared, Work},
        registry::Registry,
        schedule,
    },
    store::{CommitError, Household},
};
use loqa_core::{
    grammar::Step,
    seams::{Committed, HostError},
};
use loqa_protocol::{EffectKind, Event, card::Card};
use loqa_skill_sdk::{Effect, EffectError, Effects, Plan};

/// What a commit did.
#[derive(Default)]
pub(super) struct Done {
    pub reply: String,
    kinds: Vec<EffectKind>,
    /// Last step first.
    undoings: Vec<Undoing>,
    cards: Vec<Card>,
    told: Vec<Event>,
    /// Something did not take place, though other things did; the reply says so.
    failed: bool,
    /// Some of it took place where nothing can be thrown away.
    outside: bool,
}

/// When a plan is carried out, and what was answered to its questions.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub moment: &'a Moment,
    pub answers: &'a Answers,
    /// The microphone or screen that it is done for.
    pub place: &'a str,
}

impl Inner {
    /// Carries a plan out. Blocks for one fsync.
    pub(super) fn commit(
        &self,
        mut prepared: Prepared,
        answers: &Answers,
    ) -> Result<Committed, HostError> {
        let request = &prepared.request;
        let utterance = request.once.unwrap_or(request.utterance);
        let mut refused = None;
        let outcome = self.household.commit(Some(utterance), |household, moment| {
            // From here on nobody else changes anything. What was asked elsewhere is not asked again.
            if !self.still_ruled(&prepared, moment) {
                refused = Some(HostError::Stale);
                return Err(EffectError(String::new()));
            }
            if answers.is_empty() {
                match self.renew(prepared.clone(), moment) {
                    Ok(anew) => prepared = anew,
                    Err(error) => {
                        refused = Some(error);
                        return Err(EffectError(String::new()));
                    }
                }
            }
            let place = &prepared.request.place;
            let at = At {
                moment,
                answers,
                place,
            };
            let done = match &prepared.work {
                Work::Steps(steps) => self.carry_out(&prepared.registry, steps, household, at),
                Work::Undo(deed) => {
                    let steps = lock(&self.deeds).get(*deed).map(|deed| deed.steps.clone());
                    let steps = steps.ok_or_else(|| EffectError(own::NOTHING_DONE.into()))?;
                    let card = |step: &Undoing| Some(Card::gone(&step.skill, step.card.as_ref()?));
                    let by = &prepared.registry;
                    let done = self.take_back(by, Stage::Performance, &steps, household, at)?;
                    Ok(Done {
                        cards: steps.iter().filter_map(card).collect(),
                        ..done
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
                    told,
                    failed,
                    ..
                } = outcome.value;
                if !undoings.is_empty() {
                    let confirmed = prepared.confirm.is_some();
                    lock(&self.deeds).remember(prepared.request, confirmed, undoings);
                }
                if let Err(reason) = outcome.durable {
                    tracing::warn!(%reason, "an effect is not on the disk");
                    reply = joined([reply.as_str(), "But I could not save that to the disk, so it lasts only until I am restarted."].into_iter());
                }
                Ok(Committed {
                    reply,
                    effects: outcome.kinds,
                    ok: !failed,
                    cards,
                    told,
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
                    told: Vec::new(),
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

    /// All steps or, with the error, none: the household is thrown away then. Where one fails after a
    /// device outside of the hub has done something, what was done stays, and is told.
    fn carry_out(
        &self,
        by: &Registry,
        steps: &[(Step, Plan)],
        household: &mut Household,
        at: At<'_>,
    ) -> Result<Done, EffectError> {
        let mut all = Done::default();
        let mut replies = Vec::new();
        for (step, plan) in steps {
            let before = all.outside.then(|| household.clone());
            let ran = self.run(by, Stage::Performance, &step.skill, plan, household, at);
            let (done, mut compensators) = match (ran, before) {
                (Err(EffectError(reply)), Some(before)) => {
                    *household = before;
                    replies.push(reply);
                    all.failed = true;
                    break;
                }
                (ran, _) => ran?,
            };
            replies.push(done.reply);
            // Of what Loqa does by itself, only what it schedules is taken back by "undo".
            let schedules = |back: &Effect| matches!(back, Effect::Alarm(_));
            if !done.kinds.is_empty()
                && (step.skill != own::NAME || compensators.iter().any(schedules))
            {
                compensators.reverse();
                compensators.extend(plan.undo.iter().cloned());
                all.undoings.push(Undoing {
                    skill: step.skill.clone(),
                    intent: step.intent.clone(),
                    compensators,
                    card: plan.card.as_ref().map(|card| card.id.clone()),
                });
            }
            all.kinds.extend(done.kinds);
            all.told.extend(done.told);
            all.failed |= done.failed;
            all.outside |= done.outside;
        }
        all.undoings.reverse();
        all.cards = cards::of(steps);
        all.reply = joined(replies.iter().map(String::as_str));
        Ok(all)
    }

    /// Undoes steps, last first.
    pub(super) fn take_back(
        &self,
        by: &Registry,
        stage: Stage,
        steps: &[Undoing],
        household: &mut Household,
        at: At<'_>,
    ) -> Result<Done, EffectError> {
        let mut all = Done::default();
        let mut replies = Vec::new();
        for step in steps {
            tracing::debug!(
                skill = step.skill,
                intent = step.intent,
                "taking a step back"
            );
            let plan = Plan {
                effects: step.compensators.clone(),
                reply: match step.skill.as_str() {
                    own::NAME => schedule::taken_back(&step.compensators),
                    _ => String::new(),
                },
                ..Plan::default()
            };
            let (done, _) = match self.run(by, stage, &step.skill, &plan, household, at) {
                Err(EffectError(reply)) if all.outside => {
                    replies.push(reply);
                    all.failed = true;
                    break;
                }
                ran => ran?,
            };
            replies.push(done.reply);
            all.kinds.extend(done.kinds);
            all.told.extend(done.told);
            all.failed |= done.failed;
            all.outside |= done.outside;
        }
        let reply = joined(replies.iter().map(String::as_str));
        all.reply = if all.failed {
            reply
        } else {
            own::undone(&reply)
        };
        Ok(all)
    }

    /// Runs one skill's commit: what it did, and what puts that back.
    fn run(
        &self,
        by: &Registry,
        stage: Stage,
        skill: &str,
        plan: &Plan,
        household: &mut Household,
        at: At<'_>,
    ) -> Result<(Done, Vec<Effect>), EffectError> {
        let manifest = by.manifest(skill);
        let manifest =
            manifest.ok_or_else(|| EffectError(format!("The skill {skill} is not installed.")))?;
        let mut acting = Acting::new(
            stage,
            &self.house,
            household,
            (at.moment.now_ms, at.moment.wall, at.place),
            by.own_of(manifest),
            at.answers,
        );
        acting.begin(&plan.effects);
        let ran = match by.code(skill) {
            Some(code) => code
                .commit(plan, &mut acting)
                .unwrap_or_else(|error| Err(EffectError(error.to_string()))),
            None => acting.carry_out(&plan.effects).map(|()| plan.reply.clone()),
        };
        if let Some(permission) = &acting.refused {
            by.refused(skill, permission);
        }
        let reply = match ran {
            // What was done cannot be thrown away.
            Err(EffectError(reply)) if acting.outside => reply,
            Err(EffectError(reply)) => return Err(EffectError(bounds::spoken(&reply))),
            Ok(reply) => reply,
        };
        if stage == Stage::Performance {
            by.invoked(skill, &acting.kinds);
        }
        let done = Done {
            reply: bounds::spoken(&reply),
            kinds: acting.kinds,
            told: acting.told,
            failed: acting.failed,
            outside: acting.outside,
            ..Done::default()
        };
        Ok((done, acting.compensators))
    }
}
