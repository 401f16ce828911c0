//! "What is the PIN?": said or typed, proved by the skill host, and then carried out as after a "yes".
//! What is heard of it is shown to nobody and kept by nobody.

use super::{
    Dialogue, Effect, Question, QuestionId, TurnMachine,
    answer::{Answer, Phase},
    reading::{Meaning, Origin},
};
use crate::{
    policy::Pin,
    seams::{Proof, Unproved},
};
use loqa_protocol::{Event, TurnId, UtteranceId};
use std::time::Duration;

impl TurnMachine {
    /// Has Loqa asked for a PIN, and still waits for it?
    pub fn asks_pin(&self) -> bool {
        self.dialogue.as_ref().is_some_and(Dialogue::asks_pin)
    }

    /// The turn in which a PIN is wanted, if one is: while one is looked at too, as it may be a wrong one.
    pub(super) fn wants_pin(&self) -> Option<TurnId> {
        let proving = |answer: &Answer| matches!(answer.phase, Phase::Proving { .. });
        let wanted = self.asks_pin() || self.answer.as_ref().is_some_and(proving);
        wanted.then_some(self.turn())
    }

    /// Whether what is said may be a PIN: one is wanted, or was and is still being answered.
    pub fn may_hear_pin(&self) -> bool {
        let answered = self.answer.as_ref().and_then(|it| it.asked.as_ref());
        self.asks_pin() || answered.is_some_and(Dialogue::asks_pin)
    }

    /// Tells everybody who has keys to press that a PIN is wanted, or no longer; `before`, it was in that turn.
    pub(super) fn tell_pin(&self, before: Option<TurnId>, effects: &mut Vec<Effect>) {
        match (before, self.wants_pin().is_some()) {
            (None, true) => {
                self.announce(self.turn(), Event::PinWanted { wanted: true }, effects);
            }
            (Some(turn), false) => {
                self.announce(turn, Event::PinWanted { wanted: false }, effects);
            }
            _ => {}
        }
    }

    /// Takes a PIN that was typed, if one is wanted.
    pub(super) fn pin_typed(&mut self, pin: Pin, now: Duration, effects: &mut Vec<Effect>) {
        let Some(aloud) = self.dialogue.as_ref().map(|dialogue| dialogue.aloud) else {
            return;
        };
        if !self.asks_pin() {
            return;
        }
        self.abandon_utterance(now, effects);
        self.end_answer(now, effects);
        let turn = self.new_turn();
        let utterance = UtteranceId {
            session: self.session,
            turn,
        };
        let mut answer = Answer::typed(turn, utterance, String::new(), None, now);
        answer.aloud = aloud;
        self.answer = Some(answer);
        self.respond(Meaning::Pin(pin), None, now, effects);
    }

    /// Has the host look whose PIN it is.
    pub(super) fn prove(
        &mut self,
        pin: Pin,
        asked: Option<Dialogue>,
        now: Duration,
        effects: &mut Vec<Effect>,
    ) {
        self.next_question += 1;
        let question = QuestionId(self.next_question);
        let (Some(answer), Some(asked)) = (&mut self.answer, asked) else {
            return;
        };
        answer.steps.clone_from(&asked.steps);
        answer.said = asked.said;
        answer.phase = Phase::Proving {
            question,
            since: now,
        };
        effects.push(Effect::Prove(question, pin));
    }

    /// It is somebody's, or not.
    pub(super) fn proved(
        &mut self,
        question: QuestionId,
        proved: Result<Proof, Unproved>,
        now: Duration,
        effects: &mut Vec<Effect>,
    ) {
        let Some(answer) = &mut self.answer else {
            return;
        };
        if !matches!(answer.phase, Phase::Proving { question: asked, .. } if asked == question) {
            return;
        }
        match proved {
            Ok(proof) => {
                answer.origin = Origin::Proven;
                answer.proof = Some(proof);
                let (utterance, steps) = (answer.utterance, answer.steps.clone());
                let said = answer.said.clone();
                let plan = self.plan(utterance, steps, String::new(), said, effects);
                if let Some(answer) = &mut self.answer {
                    answer.phase = Phase::Preparing { plan, since: now };
                }
            }
            Err(Unproved::Wrong) => {
                self.dialogue = answer.asked.clone().map(|asked| asked.again(false));
                let reply = self.config.phrases.wrong_pin.clone();
                self.say(reply, None, now, effects);
            }
            Err(Unproved::Locked) => {
                let reply = self.config.phrases.pin_locked.clone();
                self.say(reply, None, now, effects);
            }
        }
    }
}

impl Dialogue {
    fn asks_pin(&self) -> bool {
        matches!(self.question, Question::Pin { .. })
    }

    /// The question stays open; `unheard` if what came was no PIN at all, which is asked about only once.
    pub(super) fn again(self, unheard: bool) -> Dialogue {
        let question = match self.question {
            Question::Pin { reply, .. } => Question::Pin {
                reply,
                asked_again: unheard,
            },
            other => other,
        };
        Dialogue {
            question,
            until: None,
            ..self
        }
    }
}
