//! From meaning to deed: the plan prepared while the person spoke, or a new one, is asked about or
//! carried out.

use super::{
    Dialogue, Effect, Plan, Question, ReplyId, TurnMachine,
    answer::{Phase, millis_between},
    reading::{Meaning, Origin},
    utterance::Utterance,
};
use crate::{
    grammar::Step,
    seams::{Committed, Draft, HostError},
};
use loqa_protocol::{Event, Speculation, UtteranceId};
use std::time::Duration;

impl TurnMachine {
    /// Answers the words of the answer just begun. `plan` was prepared while they were spoken.
    pub(super) fn respond(
        &mut self,
        meaning: Meaning,
        plan: Option<Plan>,
        now: Duration,
        effects: &mut Vec<Effect>,
    ) {
        let asked = self.dialogue.take();
        let Some(answer) = &mut self.answer else {
            return;
        };
        answer.asked.clone_from(&asked);
        let phrases = self.config.phrases.clone();
        let (steps, reply) = match meaning {
            Meaning::Do {
                steps,
                origin,
                said,
            } => {
                answer.steps.clone_from(&steps);
                answer.origin = origin;
                answer.said = said;
                self.adopt(plan, steps, now, effects);
                return;
            }
            Meaning::Pin(pin) => {
                Self::discard(plan, effects);
                return self.prove(pin, asked, now, effects);
            }
            Meaning::NeverMind(step) => (vec![step], phrases.never_mind),
            Meaning::Repeat(step) if self.last_reply.is_empty() => {
                (vec![step], phrases.nothing_to_repeat)
            }
            Meaning::Repeat(step) => (vec![step], self.last_reply.clone()),
            Meaning::Decline => (
                vec![Step {
                    skill: "loqa".into(),
                    intent: "decline".into(),
                    slots: Vec::new(),
                }],
                phrases.declined,
            ),
            Meaning::Nothing => match asked {
                Some(Dialogue {
                    question: Question::Confirm { .. },
                    ..
                }) => (Vec::new(), phrases.declined),
                Some(
                    dialogue @ Dialogue {
                        question:
                            Question::Pin {
                                asked_again: false, ..
                            },
                        ..
                    },
                ) => {
                    self.dialogue = Some(dialogue.again(true));
                    (Vec::new(), phrases.no_pin)
                }
                Some(Dialogue {
                    question: Question::Pin { .. },
                    ..
                }) => (Vec::new(), phrases.never_mind),
                Some(Dialogue {
                    question:
                        Question::FollowUp {
                            asked_again: true, ..
                        },
                    ..
                }) => (Vec::new(), phrases.never_mind),
                Some(Dialogue {
                    question: Question::FollowUp { context, ask, .. },
                    steps,
                    said,
                    ..
                }) => {
                    let question = Question::FollowUp {
                        context,
                        ask: ask.clone(),
                        asked_again: true,
                    };
                    self.dialogue = Some(Dialogue {
                        question,
                        steps,
                        said,
                        aloud: answer.is_voiced(&self.config),
                        until: None,
                    });
                    (Vec::new(), ask)
                }
                None if self.config.open_questions && !answer.text.is_empty() => {
                    if plan.is_some() {
                        answer.summary.speculation = Speculation::Miss;
                    }
                    Self::discard(plan, effects);
                    return self.wonder(now, effects);
                }
                None => (Vec::new(), phrases.not_understood),
            },
        };
        if plan.is_some() {
            answer.summary.speculation = Speculation::Miss;
        }
        answer.steps = steps;
        Self::discard(plan, effects);
        self.say(reply, None, now, effects);
    }

    /// Does what the language model has called: a command, as if it had been said.
    pub(super) fn respond_to_call(
        &mut self,
        meaning: Meaning,
        now: Duration,
        effects: &mut Vec<Effect>,
    ) {
        if let Meaning::Do { .. } = meaning {
            return self.respond(meaning, None, now, effects);
        }
        let reply = self.config.phrases.nothing_done.clone();
        self.say(reply, None, now, effects);
    }

    /// Takes the plan that was prepared for exactly these words, or prepares now.
    fn adopt(
        &mut self,
        plan: Option<Plan>,
        steps: Vec<Step>,
        now: Duration,
        effects: &mut Vec<Effect>,
    ) {
        let Some(answer) = &mut self.answer else {
            return;
        };
        let (text, utterance) = (answer.text.clone(), answer.utterance);
        answer.summary.speculation = match &plan {
            None => Speculation::None,
            Some(plan)
                if plan.text == text && plan.steps == steps && plan.utterance == utterance =>
            {
                Speculation::Hit
            }
            Some(_) => Speculation::Miss,
        };
        if answer.summary.speculation == Speculation::Hit
            && let Some(mut plan) = plan
        {
            let (draft, took) = (plan.draft.take(), plan.took);
            answer.phase = Phase::Preparing { plan, since: now };
            if let Some(draft) = draft {
                self.planned(draft, took, now, effects);
            }
            return;
        }
        Self::discard(plan, effects);
        let said = answer.said.clone();
        let plan = self.plan(utterance, steps, text, said, effects);
        if let Some(answer) = &mut self.answer {
            answer.phase = Phase::Preparing { plan, since: now };
        }
    }

    /// The plan for the final words is there: ask, or carry it out.
    pub(super) fn planned(
        &mut self,
        result: Result<Draft, HostError>,
        took: Duration,
        now: Duration,
        effects: &mut Vec<Effect>,
    ) {
        let Some(answer) = &mut self.answer else {
            return;
        };
        let phase = std::mem::replace(&mut answer.phase, Phase::Lingering);
        let Phase::Preparing { mut plan, .. } = phase else {
            answer.phase = phase;
            return;
        };
        answer.summary.hops.prepare_ms = Some(took.as_secs_f64() * 1e3);
        let staged = plan.staged.take();
        let draft = match result {
            Ok(draft) => draft,
            Err(HostError::Stale) if !answer.retried => {
                answer.retried = true;
                Self::discard(Some(plan.clone()), effects);
                let anew = self.plan(plan.utterance, plan.steps, plan.text, plan.said, effects);
                if let Some(answer) = &mut self.answer {
                    answer.phase = Phase::Preparing {
                        plan: Plan { staged, ..anew },
                        since: now,
                    };
                }
                return;
            }
            Err(error) => {
                let reply = self.apology(&error);
                self.say(reply, staged, now, effects);
                return;
            }
        };
        let open_steps = plan.steps.clone();
        if let Some(context) = draft.ask {
            effects.push(Effect::Discard(draft.id));
            let before = matches!(
                &answer.asked,
                Some(Dialogue {
                    question: Question::FollowUp { .. },
                    ..
                })
            );
            let again = answer.origin == Origin::Completed && before;
            if again
                && matches!(
                    &answer.asked,
                    Some(Dialogue {
                        question: Question::FollowUp {
                            asked_again: true,
                            ..
                        },
                        ..
                    })
                )
            {
                let reply = self.config.phrases.never_mind.clone();
                self.say(reply, staged, now, effects);
                return;
            }
            let question = Question::FollowUp {
                context,
                ask: draft.reply.clone(),
                asked_again: again,
            };
            self.ask(question, open_steps, draft.reply, staged, now, effects);
            return;
        }
        let affirmed = answer.origin == Origin::Affirmed;
        let unchanged = match &answer.asked {
            Some(Dialogue {
                question: Question::Confirm { ask, reply },
                ..
            }) => draft.confirm.as_ref() == Some(ask) && draft.reply == *reply,
            _ => false,
        };
        let proven = answer.origin == Origin::Proven;
        let promised = matches!(
            &answer.asked,
            Some(Dialogue { question: Question::Pin { reply, .. }, .. }) if *reply == draft.reply
        );
        match draft.confirm.clone() {
            Some(ask) if draft.pin => {
                effects.push(Effect::Discard(draft.id));
                let question = Question::Pin {
                    reply: draft.reply,
                    asked_again: false,
                };
                self.ask(question, open_steps, ask, staged, now, effects);
            }
            None if proven && !promised => {
                effects.push(Effect::Discard(draft.id));
                let reply = self.config.phrases.changed.clone();
                self.say(reply, staged, now, effects);
            }
            Some(ask) if !(affirmed && unchanged) => {
                effects.push(Effect::Discard(draft.id));
                let question = Question::Confirm {
                    ask: ask.clone(),
                    reply: draft.reply,
                };
                self.ask(question, open_steps, ask, staged, now, effects);
            }
            None if affirmed => {
                effects.push(Effect::Discard(draft.id));
                let reply = self.config.phrases.changed.clone();
                self.say(reply, staged, now, effects);
            }
            _ => {
                let (turn, utterance, id) = (answer.turn, answer.utterance, draft.id);
                plan.staged = staged;
                plan.hushed = draft.hushed;
                for step in &plan.steps {
                    let intent = format!("{}.{}", step.skill, step.intent);
                    effects.push(Effect::announce(turn, Event::SkillInvoke { intent }));
                }
                effects.push(Effect::Commit(utterance, id));
                answer.phase = Phase::Committing { plan, since: now };
            }
        }
    }

    fn ask(
        &mut self,
        question: Question,
        steps: Vec<Step>,
        words: String,
        staged: Option<(ReplyId, String)>,
        now: Duration,
        effects: &mut Vec<Effect>,
    ) {
        let Some(answer) = &self.answer else { return };
        let said = answer.said.clone();
        // What is not for the room is not said again in it.
        let words = match answer.hushed {
            true => words,
            false => answer.with_replies(&words),
        };
        self.dialogue = Some(Dialogue {
            question,
            steps,
            said,
            aloud: answer.is_voiced(&self.config),
            until: None,
        });
        self.say(words, staged, now, effects);
    }

    fn apology(&self, error: &HostError) -> String {
        match error {
            HostError::Stale => self.config.phrases.changed.clone(),
            HostError::AlreadyCommitted(_) => self.config.phrases.already_done.clone(),
            HostError::Failed(message) => message.clone(),
        }
    }

    pub(super) fn committed(
        &mut self,
        utterance: UtteranceId,
        result: Result<Committed, HostError>,
        now: Duration,
        effects: &mut Vec<Effect>,
    ) {
        let Some(answer) = &mut self.answer else {
            return;
        };
        if answer.utterance != utterance || !matches!(answer.phase, Phase::Committing { .. }) {
            return;
        }
        let phase = std::mem::replace(&mut answer.phase, Phase::Lingering);
        let Phase::Committing { mut plan, .. } = phase else {
            return;
        };
        let mut staged = plan.staged.take();
        if result == Err(HostError::Stale) && !answer.retried {
            answer.retried = true;
            let mut anew = self.plan(plan.utterance, plan.steps, plan.text, plan.said, effects);
            anew.staged = staged.take();
            if let Some(answer) = &mut self.answer {
                answer.phase = Phase::Preparing {
                    plan: anew,
                    since: now,
                };
            }
            return;
        }
        if let Some(spoken) = answer.spoken {
            answer.summary.result_ms = Some(millis_between(spoken.endpoint.t0, now));
            answer.summary.hops.commit_ms = Some(millis_between(spoken.final_at, now));
        }
        let turn = answer.turn;
        let (kinds, ok) = result.as_ref().map_or((Vec::new(), false), |committed| {
            (committed.effects.clone(), committed.ok)
        });
        for step in &plan.steps {
            let intent = format!("{}.{}", step.skill, step.intent);
            effects.push(Effect::announce(
                turn,
                Event::SkillResult {
                    intent,
                    effects: kinds.clone(),
                    ok,
                },
            ));
        }
        let reply = match result {
            Ok(committed) => {
                let cards = committed.cards.into_iter().map(Event::VisualCardUpdate);
                for event in cards.chain(committed.told) {
                    effects.push(Effect::announce(turn, event));
                }
                answer.done.extend(plan.steps);
                answer.hushed |= plan.hushed;
                answer.committed_at = Some(now);
                let all = answer.with_replies(&committed.reply);
                answer.replies.push(committed.reply);
                all
            }
            Err(error) => {
                let apology = self.apology(&error);
                self.answer
                    .as_ref()
                    .map_or_else(String::new, |answer| answer.with_replies(&apology))
            }
        };
        self.say(reply, staged, now, effects);
    }

    /// The person went on: "… and …".
    pub(super) fn join(
        &mut self,
        mut utterance: Utterance,
        steps: Vec<Step>,
        text: String,
        now: Duration,
        effects: &mut Vec<Effect>,
    ) {
        let Some(mark) = utterance.endpoint else {
            return;
        };
        let Some(answer) = &mut self.answer else {
            return;
        };
        answer.fall_silent(now, effects);
        answer.hear_end(utterance.from, mark, now);
        answer.utterance = utterance.id;
        answer.text.clone_from(&text);
        answer.said.clone_from(&text);
        answer.summary.text = text;
        answer.steps.extend(steps.iter().cloned());
        answer.retried = false;
        answer.origin = Origin::Fresh;
        answer.summary.ttfa_ms = None;
        self.adopt(utterance.plan.take(), steps, now, effects);
    }
}
