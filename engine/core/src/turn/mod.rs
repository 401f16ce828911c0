//! The turn machine: from words to deeds, once. Sans-IO: inputs and time come in, effects go out,
//! [`deadline`](TurnMachine::deadline) says when it wants to be woken.
//!
//! A turn has two halves that may overlap. The [`utterance`] is the person's: words are read while
//! they are spoken, a plan is prepared on stable ones and its reply staged. The [`answer`] is
//! Loqa's: the plan is committed at the endpoint if the final words are the plan's, and its result
//! is spoken. Between turns a [`Dialogue`] remembers what Loqa asked.

mod answer;
mod claims;
mod conclusion;
mod config;
mod deed;
mod history;
mod open;
mod pin;
mod port;
mod reading;
mod reply;
mod utterance;

#[cfg(test)]
mod household;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod scenarios;

pub use config::{Phrases, TurnConfig};
pub use port::{Effect, Ended, Input, PlanId, QuestionId, ReplyId, Take};

use crate::{
    endpoint::Expectation,
    grammar::{Context, Grammar, Step},
    policy::Pin,
    seams::{Draft, HostError, PrepareRequest},
};
use answer::Answer;
use history::History;
use loqa_protocol::{Event, SessionId, Speculation, TurnId, UtteranceId};
use std::{sync::Arc, time::Duration};
use utterance::{EndpointMark, Utterance};

/// What Loqa asked, and what it was about.
#[derive(Clone, PartialEq, Debug)]
struct Dialogue {
    question: Question,
    /// What the person had asked for.
    steps: Vec<Step>,
    /// In these words.
    said: String,
    /// Whether it was asked aloud.
    aloud: bool,
    /// Counts from the end of the turn that asked.
    until: Option<Duration>,
}

#[derive(Clone, PartialEq, Debug)]
enum Question {
    /// Shall I? A "yes" commits only if a new plan asks and promises the same.
    Confirm { ask: String, reply: String },
    /// What is the PIN? It commits only if a new plan promises the same.
    Pin { reply: String, asked_again: bool },
    /// Something is missing.
    FollowUp {
        context: Context,
        ask: String,
        asked_again: bool,
    },
}

impl Dialogue {
    fn context(&self) -> Context {
        match &self.question {
            Question::Confirm { .. } => Context::Confirm,
            Question::Pin { .. } => Context::Pin,
            Question::FollowUp { context, .. } => context.clone(),
        }
    }
}

/// A plan: asked for, then there (or refused).
#[derive(Clone, Debug)]
struct Plan {
    id: PlanId,
    /// The words it was prepared on.
    text: String,
    /// The words that asked for it, if these only said yes or filled a gap.
    said: String,
    steps: Vec<Step>,
    utterance: UtteranceId,
    draft: Option<Result<Draft, HostError>>,
    /// Reply being synthesised for it.
    staged: Option<(ReplyId, String)>,
    /// What is said of it is not for the room.
    hushed: bool,
    took: Duration,
}

/// The conversation of one session.
pub struct TurnMachine {
    config: TurnConfig,
    session: SessionId,
    room: Option<String>,
    place: String,
    grammar: Arc<Grammar>,
    hearing: Option<Utterance>,
    answer: Option<Answer>,
    dialogue: Option<Dialogue>,
    last_reply: String,
    history: History,
    /// The reply silenced last, and its turn: how much of it was heard is still to be told.
    silenced: Option<(ReplyId, TurnId)>,
    /// Can more speech follow?
    listening: bool,
    /// Whether what is heard is for Loqa, only a command shows.
    doubted: bool,
    next_turn: u32,
    next_take: u32,
    next_plan: u64,
    next_reply: u64,
    next_question: u64,
}

impl TurnMachine {
    /// A conversation that has not begun. `room` is the area the person is in, if known.
    pub fn new(
        config: TurnConfig,
        session: SessionId,
        room: Option<String>,
        grammar: Arc<Grammar>,
    ) -> TurnMachine {
        TurnMachine {
            config,
            session,
            room,
            place: String::new(),
            grammar,
            hearing: None,
            answer: None,
            dialogue: None,
            last_reply: String::new(),
            history: History::default(),
            silenced: None,
            listening: false,
            doubted: false,
            next_turn: 0,
            next_take: 0,
            next_plan: 0,
            next_reply: 0,
            next_question: 0,
        }
    }

    /// The same through this microphone or screen, as the skill host knows it.
    pub fn through(self, place: String) -> TurnMachine {
        TurnMachine { place, ..self }
    }

    /// Takes one input at `now`, the time since the session began, which must not decrease.
    pub fn handle(&mut self, input: Input, now: Duration, effects: &mut Vec<Effect>) {
        let before = self.wants_pin();
        self.take(input, now, effects);
        self.tell_pin(before, effects);
        let before = self.wants_pin();
        self.meet_deadlines(now, effects);
        self.tell_pin(before, effects);
    }

    fn take(&mut self, input: Input, now: Duration, effects: &mut Vec<Effect>) {
        match input {
            Input::Typed(text) => self.typed(&text, now, effects),
            Input::Pin(pin) => self.pin_typed(pin, now, effects),
            Input::SpeechStarted { at } => self.speech_started(at, now, effects),
            Input::SpeechPaused { at } => self.speech_paused(at, effects),
            Input::SpeechResumed => self.speech_resumed(effects),
            Input::Endpoint {
                expectation,
                through,
                last_voiced,
                t0,
            } => {
                self.endpoint(
                    EndpointMark {
                        expectation,
                        through,
                        last_voiced,
                        t0,
                        at: now,
                    },
                    effects,
                );
            }
            Input::Heard(take, hypothesis) => self.heard(take, hypothesis, now, effects),
            Input::HearingFailed(take, error) => self.hearing_failed(take, error, now, effects),
            Input::Prepared(plan, result, took) => self.prepared(plan, result, took, now, effects),
            Input::Proved(question, proved) => self.proved(question, proved, now, effects),
            Input::Committed(utterance, result) => self.committed(utterance, result, now, effects),
            Input::Answered(question, answered) => {
                self.answered(question, answered, now, effects);
            }
            Input::ReplyStarted {
                reply,
                audio_ready,
                at,
            } => self.reply_started(reply, audio_ready, at, effects),
            Input::ReplyEnded { reply, heard } => self.reply_ended(reply, heard, now, effects),
            Input::EpochChanged => self.replan(effects),
            Input::GrammarChanged(grammar) => {
                self.grammar = grammar;
                self.reread(effects);
            }
            Input::Listening(listening) => {
                self.listening = listening;
                self.doubted &= !listening;
            }
            Input::Doubted => self.doubted = true,
            Input::NothingHeard => self.nothing_heard(now, effects),
            Input::Interrupt => self.interrupt(now, effects),
            Input::Cancel => self.cancel(now, effects),
            Input::Deadline => {}
        }
    }

    /// When to call [`handle`](Self::handle) with [`Input::Deadline`] at the latest.
    pub fn deadline(&self) -> Option<Duration> {
        let hearing = self
            .hearing
            .as_ref()
            .and_then(|utterance| utterance.deadline(&self.config));
        let answer = self
            .answer
            .as_ref()
            .and_then(|answer| answer.deadline(&self.config, self.lingers_until()));
        let dialogue = self
            .dialogue
            .as_ref()
            .and_then(|dialogue| dialogue.until)
            .filter(|_| self.hearing.is_none());
        let history = self
            .history
            .until()
            .filter(|_| self.hearing.is_none() && self.answer.is_none());
        [hearing, answer, dialogue, history]
            .into_iter()
            .flatten()
            .min()
    }

    /// What the words so far let one expect: the endpointer's hangover.
    pub fn expectation(&self) -> Expectation {
        self.hearing
            .as_ref()
            .map_or(Expectation::Incomplete, |utterance| {
                self.expectation_of(utterance)
            })
    }

    /// First sample that a transcription may still be started from.
    pub fn retain_from(&self) -> Option<u64> {
        let hearing = self
            .hearing
            .as_ref()
            .map(|utterance| utterance.from.min(utterance.began));
        let answer = self
            .answer
            .as_ref()
            .and_then(|answer| answer.spoken.map(|spoken| spoken.from));
        [hearing, answer].into_iter().flatten().min()
    }

    /// Is somebody speaking, or their last words being read?
    pub fn hearing(&self) -> bool {
        self.hearing.is_some()
    }

    /// Is an answer being prepared, carried out or spoken?
    pub fn answering(&self) -> bool {
        self.answer.is_some()
    }

    /// May what is heard be a question for the language model?
    pub fn hears_questions(&self) -> bool {
        self.config.open_questions && !self.doubts()
    }

    /// Whether what is heard is for Loqa only if it is a command.
    fn doubts(&self) -> bool {
        self.doubted && self.dialogue.is_none()
    }

    /// Has Loqa asked something that is still to be answered?
    pub fn asking(&self) -> bool {
        self.dialogue.is_some()
    }

    /// Is something under way that takes no time of the person: a final hypothesis, a plan, a
    /// commit, a voice about to begin?
    pub fn working(&self) -> bool {
        self.hearing
            .as_ref()
            .is_some_and(|utterance| utterance.endpoint.is_some())
            || self.answer.as_ref().is_some_and(Answer::working)
    }

    /// The id the next turn will have.
    pub fn next_turn(&self) -> TurnId {
        TurnId(self.next_turn)
    }

    /// The turn under way, or the next one.
    pub fn turn(&self) -> TurnId {
        let answer = self.answer.as_ref().map(|answer| answer.turn);
        answer
            .or(self.hearing.as_ref().map(|utterance| utterance.turn))
            .unwrap_or(self.next_turn())
    }

    /// What the person may say now.
    fn context(&self) -> Context {
        self.dialogue
            .as_ref()
            .map(Dialogue::context)
            .unwrap_or_default()
    }

    /// How long the open question waits.
    fn patience(&self) -> Duration {
        match self.asks_pin() {
            true => self.config.patience.max(self.config.pin_patience),
            false => self.config.patience,
        }
    }

    fn new_turn(&mut self) -> TurnId {
        let turn = TurnId(self.next_turn);
        self.next_turn += 1;
        turn
    }

    fn new_take(&mut self) -> Take {
        self.next_take += 1;
        Take(self.next_take)
    }

    fn new_reply(&mut self) -> ReplyId {
        self.next_reply += 1;
        ReplyId(self.next_reply)
    }

    fn typed(&mut self, text: &str, now: Duration, effects: &mut Vec<Effect>) {
        if self.asks_pin()
            && let Some(pin) = Pin::typed(text)
        {
            return self.pin_typed(pin, now, effects);
        }
        // What that was for ends now.
        let may_be_pin = self.may_hear_pin();
        self.abandon_utterance(now, effects);
        self.end_answer(now, effects);
        let turn = self.new_turn();
        let words = crate::grammar::normalize(text).join(" ");
        let reading = self.read(&words);
        let shown = match may_be_pin && reading.meaning.may_be_pin() {
            true => String::new(),
            false => words,
        };
        self.answer = Some(Answer::typed(
            turn,
            UtteranceId {
                session: self.session,
                turn,
            },
            shown,
            reading.class,
            now,
        ));
        self.respond(reading.meaning, None, now, effects);
    }

    /// Prepares `steps` and remembers the plan under its words.
    fn plan(
        &mut self,
        utterance: UtteranceId,
        steps: Vec<Step>,
        text: String,
        said: String,
        effects: &mut Vec<Effect>,
    ) -> Plan {
        self.next_plan += 1;
        let id = PlanId(self.next_plan);
        let request = PrepareRequest {
            utterance,
            once: None,
            steps: steps.clone(),
            text: said.clone(),
            room: self.room.clone(),
            place: self.place.clone(),
            proof: self
                .answer
                .as_ref()
                .filter(|answer| answer.utterance == utterance)
                .and_then(|answer| answer.proof),
        };
        effects.push(Effect::Prepare(id, request));
        Plan {
            id,
            text,
            said,
            steps,
            utterance,
            draft: None,
            staged: None,
            hushed: false,
            took: Duration::ZERO,
        }
    }

    fn discard(plan: Option<Plan>, effects: &mut Vec<Effect>) {
        let Some(plan) = plan else { return };
        if let Some((reply, _)) = plan.staged {
            effects.push(Effect::Unstage(reply));
        }
        if let Some(Ok(draft)) = plan.draft {
            effects.push(Effect::Discard(draft.id));
        }
    }

    fn prepared(
        &mut self,
        id: PlanId,
        result: Result<Draft, HostError>,
        took: Duration,
        now: Duration,
        effects: &mut Vec<Effect>,
    ) {
        if let Some(utterance) = &mut self.hearing
            && let Some(plan) = &mut utterance.plan
            && plan.id == id
        {
            plan.took = took;
            plan.draft = Some(result);
            self.stage(effects);
        } else if let Some(answer) = &mut self.answer
            && answer.awaits(id)
        {
            self.planned(result, took, now, effects);
        } else if let Ok(draft) = result {
            effects.push(Effect::Discard(draft.id));
        }
    }

    /// Stops everything, commits and questions excepted; who was asked has as long to answer as at
    /// first.
    fn interrupt(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        self.abandon_utterance(now, effects);
        self.end_answer(now, effects);
        let patience = self.patience();
        if let Some(dialogue) = &mut self.dialogue {
            dialogue.until = Some(now + patience);
        }
    }

    /// Stops everything, commits excepted.
    fn cancel(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        self.interrupt(now, effects);
        self.dialogue = None;
    }

    fn nothing_heard(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        if self.hearing.is_some() || self.answer.is_some() {
            return;
        }
        let turn = self.new_turn();
        self.listen_past(turn, None, Speculation::None, now, effects);
    }

    /// Emits the end of a turn; a question asked in it is open from now on.
    fn end_turn(&mut self, ended: Ended, now: Duration, effects: &mut Vec<Effect>) {
        let patience = self.patience();
        if let Some(dialogue) = &mut self.dialogue {
            dialogue.until.get_or_insert(now + patience);
        }
        effects.push(Effect::EndTurn(Box::new(ended)));
    }

    fn meet_deadlines(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        // Each step lets go of the deadline it met; three kinds can fall due at once.
        for _ in 0..8 {
            self.conclude_held(now, effects);
            if self.deadline().is_none_or(|deadline| deadline > now) {
                return;
            }
            self.history.forget(now);
            self.hearing_deadline(now, effects);
            self.answer_deadline(now, effects);
            if self.hearing.is_none()
                && self
                    .dialogue
                    .as_ref()
                    .and_then(|dialogue| dialogue.until)
                    .is_some_and(|until| until <= now)
            {
                // Silence is a no.
                self.dialogue = None;
            }
        }
    }

    fn announce(&self, turn: TurnId, event: Event, effects: &mut Vec<Effect>) {
        effects.push(Effect::announce(turn, event));
    }
}
