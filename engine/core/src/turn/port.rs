//! What goes into the turn machine and what comes out of it.

use crate::{
    endpoint::Expectation,
    grammar::{Context, Grammar, Step},
    policy::Pin,
    seams::{
        Answered, Committed, Draft, DraftId, HostError, ModelError, PrepareRequest, Proof, Unproved,
    },
};
use loqa_protocol::{Event, Hypothesis, Message, TurnId, TurnSummary, UtteranceId};
use std::{sync::Arc, time::Duration};

/// One run of the recogniser over an utterance.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Take(pub u32);

/// One request to prepare.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct PlanId(pub u64);

/// One reply, staged or audible.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ReplyId(pub u64);

/// One question to the language model, or about a PIN.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct QuestionId(pub u64);

/// What happens to a session. Results name what they answer: late ones die on arrival.
#[derive(Clone)]
pub enum Input {
    /// A typed sentence: a whole turn at once.
    Typed(String),
    /// A PIN that was typed somewhere, for the question that is open.
    Pin(Pin),
    /// Somebody speaks; the utterance's audio begins at this sample.
    SpeechStarted {
        /// First sample, pre-roll included.
        at: u64,
    },
    /// A pause inside the utterance.
    SpeechPaused {
        /// First sample after the last voiced one.
        at: u64,
    },
    /// The utterance goes on after a pause.
    SpeechResumed,
    /// The utterance is over.
    Endpoint {
        /// Whose hangover had passed.
        expectation: Expectation,
        /// Sample up to which the utterance was heard.
        through: u64,
        /// Moment at which the last voiced sample was spoken.
        last_voiced: Duration,
        /// End of the last word, where the stimulus tells it; else the same.
        t0: Duration,
    },
    /// The recogniser's belief.
    Heard(Take, Hypothesis),
    /// The recogniser gave up, or ended without a final hypothesis.
    HearingFailed(Take, String),
    /// A plan, or why there is none, and the time it took.
    Prepared(PlanId, Result<Draft, HostError>, Duration),
    /// Whether a PIN was right.
    Proved(QuestionId, Result<Proof, Unproved>),
    /// What commit did.
    Committed(UtteranceId, Result<Committed, HostError>),
    /// More of the language model's answer, that it is over (`None`), or why there is no more.
    Answered(QuestionId, Result<Option<Answered>, ModelError>),
    /// The first sample of a reply left.
    ReplyStarted {
        /// Which.
        reply: ReplyId,
        /// When its first chunk of audio was there.
        audio_ready: Duration,
        /// When the sample left.
        at: Duration,
    },
    /// A reply ended, was silenced, or never got a voice.
    ReplyEnded {
        /// Which.
        reply: ReplyId,
        /// How much of it left.
        heard: Duration,
    },
    /// What plans were prepared from has changed.
    EpochChanged,
    /// The household or its skills changed; utterances under way are read in the new grammar.
    GrammarChanged(Arc<Grammar>),
    /// More speech may (true) or cannot (false) follow.
    Listening(bool),
    /// It is not sure that this speech is for Loqa: only a command shows that it is, and anything else is listened past.
    Doubted,
    /// The audio ended without anybody having spoken.
    NothingHeard,
    /// The person speaks over the answer: it ends, and its question stays open.
    Interrupt,
    /// The person wants none of it.
    Cancel,
    /// [`deadline`](super::TurnMachine::deadline) has come.
    Deadline,
}

/// What the shell must do, in this order.
#[derive(Clone, PartialEq, Debug)]
pub enum Effect {
    /// Start the recogniser on the retained audio from a sample on, then on what follows.
    Transcribe {
        /// Names the run.
        take: Take,
        /// First sample.
        from: u64,
        /// What may be said.
        context: Context,
    },
    /// Take the endpoint back: the endpointer goes on with the utterance.
    Reopen,
    /// The utterance's audio is over; its final hypothesis is awaited.
    FinishTranscription(Take),
    /// The run is no longer wanted.
    DropTranscription(Take),
    /// Ask the skill host for a plan.
    Prepare(PlanId, PrepareRequest),
    /// Ask the skill host whose PIN this is.
    Prove(QuestionId, Pin),
    /// Forget a plan.
    Discard(DraftId),
    /// Synthesise without a sound.
    Stage(ReplyId, String),
    /// Forget a staged reply.
    Unstage(ReplyId),
    /// Carry the plan out, once.
    Commit(UtteranceId, DraftId),
    /// Make a reply audible: the staged one of this id, or a new one.
    Speak(ReplyId, String),
    /// Ask the language model.
    Ask {
        /// Names the question.
        question: QuestionId,
        /// What was said before, the oldest first.
        history: Vec<Message>,
        /// The question.
        text: String,
    },
    /// Its answer is no longer wanted.
    Forget(QuestionId),
    /// Make the beginning of a reply audible.
    Begin(ReplyId, String),
    /// What follows in it.
    GoOn(ReplyId, String),
    /// Nothing more follows.
    Complete(ReplyId),
    /// Silence it.
    Silence(ReplyId),
    /// Tell everybody.
    Announce(TurnId, Box<Event>),
    /// The turn is over.
    EndTurn(Box<Ended>),
}

/// A finished turn.
#[derive(Clone, PartialEq, Debug)]
pub struct Ended {
    /// Which.
    pub turn: TurnId,
    /// Complete but for what the machine cannot know: `file`, slots as JSON, `cut_off`, `early`.
    pub summary: TurnSummary,
    /// What was done or asked for.
    pub steps: Vec<Step>,
    /// Whether the language model was asked.
    pub open: bool,
    /// Sample up to which speech had been heard when its words were acted on, if they were.
    pub acted_through: Option<u64>,
    /// Where speech began that followed the commit and could not be made part of the turn.
    pub lost_speech: Option<u64>,
}

impl Effect {
    pub(super) fn announce(turn: TurnId, event: Event) -> Effect {
        Effect::Announce(turn, Box::new(event))
    }
}
