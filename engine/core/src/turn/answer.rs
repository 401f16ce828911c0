//! Loqa's half of a turn: what is known of it, from its words to the end of its reply.

use super::{
    Dialogue, Effect, Plan, PlanId, QuestionId, ReplyId, TurnConfig, TurnMachine, open::Thought,
    reading::Origin, utterance::EndpointMark,
};
use crate::{grammar::Step, seams::Proof};
use loqa_protocol::{LatencyClass, TurnId, TurnSummary, UtteranceId};
use std::time::Duration;

/// Where an answer to speech came from.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Spoken {
    /// First sample of the turn.
    pub from: u64,
    pub endpoint: EndpointMark,
    /// When the words were known.
    pub final_at: Duration,
}

/// An answer in the making, or being spoken.
pub(super) struct Answer {
    pub turn: TurnId,
    /// What the ledger knows the present plan by.
    pub utterance: UtteranceId,
    /// All words of the turn.
    pub text: String,
    /// The words that asked for it, in this turn or before.
    pub said: String,
    /// `None` if typed.
    pub spoken: Option<Spoken>,
    /// Said aloud although it was typed: somebody had asked aloud.
    pub aloud: bool,
    /// The PIN that somebody has given for it.
    pub proof: Option<Proof>,
    /// What is said of it is shown, and not for the room.
    pub hushed: bool,
    /// What was asked for, all steps of the turn.
    pub steps: Vec<Step>,
    pub origin: Origin,
    /// The question these words answered, if Loqa had asked one.
    pub asked: Option<Dialogue>,
    /// Whether the language model was asked.
    pub open: bool,
    /// What it says, while it does.
    pub thought: Option<Thought>,
    pub phase: Phase,
    pub filler: Filler,
    /// A plan has been made anew because it was stale; only once.
    pub retried: bool,
    /// Steps carried out, and what was said about each commit.
    pub done: Vec<Step>,
    pub replies: Vec<String>,
    pub committed_at: Option<Duration>,
    pub acted_through: Option<u64>,
    pub summary: TurnSummary,
    pub lost_speech: Option<u64>,
}

pub(super) enum Phase {
    /// Waiting for the first words of the language model.
    Thinking { since: Duration },
    /// Waiting to hear whose PIN it is.
    Proving {
        question: QuestionId,
        since: Duration,
    },
    /// Waiting for a plan.
    Preparing { plan: Plan, since: Duration },
    /// Waiting for the result.
    Committing { plan: Plan, since: Duration },
    /// Saying something, or about to: it `waits` until the filler has ended.
    Speaking {
        reply: ReplyId,
        text: String,
        waits: bool,
        since: Duration,
        started: bool,
    },
    /// Said; a further step may follow.
    Lingering,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Filler {
    NotYet,
    Audible(ReplyId),
    Over,
}

impl Answer {
    fn new(turn: TurnId, utterance: UtteranceId, text: String, now: Duration) -> Answer {
        let summary = TurnSummary {
            text: text.clone(),
            ..TurnSummary::default()
        };
        let nothing = Plan {
            id: PlanId(0),
            text: String::new(),
            said: String::new(),
            steps: Vec::new(),
            utterance,
            draft: None,
            staged: None,
            hushed: false,
            took: Duration::ZERO,
        };
        Answer {
            turn,
            utterance,
            said: text.clone(),
            text,
            spoken: None,
            aloud: false,
            proof: None,
            hushed: false,
            steps: Vec::new(),
            origin: Origin::Fresh,
            asked: None,
            open: false,
            thought: None,
            phase: Phase::Preparing {
                plan: nothing,
                since: now,
            },
            filler: Filler::NotYet,
            retried: false,
            done: Vec::new(),
            replies: Vec::new(),
            committed_at: None,
            acted_through: None,
            summary,
            lost_speech: None,
        }
    }

    pub(super) fn typed(
        turn: TurnId,
        utterance: UtteranceId,
        text: String,
        class: Option<LatencyClass>,
        now: Duration,
    ) -> Answer {
        let mut answer = Answer::new(turn, utterance, text, now);
        answer.summary.class = class;
        answer
    }

    pub(super) fn spoken(
        turn: TurnId,
        utterance: UtteranceId,
        from: u64,
        endpoint: EndpointMark,
        text: String,
        class: Option<LatencyClass>,
        now: Duration,
    ) -> Answer {
        let mut answer = Answer::typed(turn, utterance, text, class, now);
        answer.hear_end(from, endpoint, now);
        answer
    }

    pub(super) fn hear_end(&mut self, from: u64, endpoint: EndpointMark, now: Duration) {
        self.spoken = Some(Spoken {
            from,
            endpoint,
            final_at: now,
        });
        self.acted_through = Some(endpoint.through);
        let endpoint_ms = millis_between(endpoint.t0, endpoint.at);
        self.summary.endpoint_delay_ms = Some(endpoint_ms);
        self.summary.hops.endpoint_ms = Some(endpoint_ms);
        self.summary.hops.stt_final_ms = Some(millis_between(endpoint.at, now));
    }

    pub(super) fn awaits(&self, id: PlanId) -> bool {
        matches!(&self.phase, Phase::Preparing { plan, .. } if plan.id == id && plan.draft.is_none())
    }

    /// Is its plan still to be carried out?
    pub(super) fn uncommitted(&self) -> bool {
        matches!(
            self.phase,
            Phase::Preparing { .. } | Phase::Committing { .. }
        )
    }

    /// Is something under way that takes no time of the person?
    pub(super) fn working(&self) -> bool {
        self.uncommitted()
            || matches!(
                self.phase,
                Phase::Thinking { .. }
                    | Phase::Proving { .. }
                    | Phase::Speaking { started: false, .. }
            )
    }

    /// May speech that begins at `now` be a further step?
    pub(super) fn may_continue(&self, now: Duration, config: &TurnConfig) -> bool {
        let committing = matches!(self.phase, Phase::Committing { .. });
        let lately = self
            .committed_at
            .is_some_and(|at| now <= at + config.continuation);
        self.spoken.is_some() && self.asked.is_none() && (committing || lately)
    }

    /// The steps that go beyond those done; `None` if there are none, or if others were said.
    pub(super) fn beyond(&self, steps: &[Step]) -> Option<Vec<Step>> {
        steps
            .strip_prefix(self.done.as_slice())
            .filter(|rest| !rest.is_empty() && !self.done.is_empty())
            .map(<[Step]>::to_vec)
    }

    /// What was said about the steps done, and `reply`.
    pub(super) fn with_replies(&self, reply: &str) -> String {
        let all = self.replies.iter().map(String::as_str).chain([reply]);
        all.filter(|reply| !reply.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Whether what is said of it is spoken.
    pub(super) fn is_voiced(&self, config: &TurnConfig) -> bool {
        self.spoken.is_some() || self.aloud || config.speak_typed
    }

    pub(super) fn silence_filler(&mut self, effects: &mut Vec<Effect>) {
        if let Filler::Audible(filler) = self.filler {
            effects.push(Effect::Silence(filler));
            self.filler = Filler::Over;
        }
    }

    /// Forgets the plan; if it is being committed, only what was staged for it.
    pub(super) fn drop_plan(&mut self, effects: &mut Vec<Effect>) {
        match std::mem::replace(&mut self.phase, Phase::Lingering) {
            Phase::Preparing { plan, .. } => TurnMachine::discard(Some(plan), effects),
            Phase::Committing {
                plan:
                    Plan {
                        staged: Some((staged, _)),
                        ..
                    },
                ..
            } => effects.push(Effect::Unstage(staged)),
            Phase::Committing { .. } => {}
            other => self.phase = other,
        }
        self.silence_filler(effects);
    }

    /// Has a person been waiting who has not been asked to?
    pub(super) fn filler_due(&self) -> bool {
        self.spoken.is_some() && self.filler == Filler::NotYet
    }

    /// Wants no more of the language model's answer.
    pub(super) fn stop_thinking(&mut self, effects: &mut Vec<Effect>) {
        if let Some(thought) = &mut self.thought
            && !std::mem::replace(&mut thought.over, true)
        {
            effects.push(Effect::Forget(thought.question));
        }
    }

    /// Silences what is audible.
    pub(super) fn fall_silent(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        self.stop_thinking(effects);
        if let Phase::Speaking { reply, waits, .. } = &self.phase {
            effects.push(if *waits {
                Effect::Unstage(*reply)
            } else {
                Effect::Silence(*reply)
            });
            self.silence_filler(effects);
            self.phase = Phase::Lingering;
            // The person speaks now: their time to go on has not begun to run out.
            self.committed_at = self.committed_at.map(|at| at.max(now));
        }
    }

    /// `until` is when a turn that has said everything ends.
    pub(super) fn deadline(
        &self,
        config: &TurnConfig,
        until: Option<Duration>,
    ) -> Option<Duration> {
        match &self.phase {
            Phase::Thinking { since } if self.filler_due() => Some(*since + config.ponder),
            Phase::Thinking { since } => Some(*since + config.answer_timeout),
            Phase::Proving { since, .. } | Phase::Preparing { since, .. } => {
                Some(*since + config.commit_timeout)
            }
            Phase::Committing { since, .. } if self.filler_due() => {
                Some(*since + config.filler_after)
            }
            Phase::Committing { since, .. } => Some(*since + config.commit_timeout),
            Phase::Speaking { since, .. } => Some(*since + config.longest),
            Phase::Lingering => until,
        }
    }
}

/// Milliseconds from `from` to `to`, negative if `to` was earlier.
pub(super) fn millis_between(from: Duration, to: Duration) -> f64 {
    (to.as_secs_f64() - from.as_secs_f64()) * 1e3
}
