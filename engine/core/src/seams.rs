//! Where the core meets the world: one trait per kind of model, speaker and skill host.
//!
//! The models have one shape: a stream in, a stream out, **drop to cancel**.

use crate::{
    grammar::{Context, Grammar, SpeechGrammar, Step},
    policy::{Pin, Risk},
};
use futures::{future::BoxFuture, stream::BoxStream};
use loqa_protocol::{
    EffectKind, Event, Hypothesis, Message, PrivacyScope, QosTier, UtteranceId, card::Card,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Samples per second of everything that is heard.
pub const SAMPLE_RATE_HZ: u32 = 16_000;
/// Samples of one frame: 20 ms.
pub const FRAME_SAMPLES: usize = 320;

/// 20 ms of the microphone: mono PCM in [-1, 1] at 16 kHz.
#[derive(Clone, Debug, PartialEq)]
pub struct AudioFrame {
    /// Offset of the first sample on the stream's sample clock.
    pub offset: u64,
    /// Exactly [`FRAME_SAMPLES`] samples.
    pub samples: Arc<[f32]>,
}

/// A piece of synthesised speech: mono PCM in [-1, 1].
#[derive(Clone, Debug, PartialEq)]
pub struct SpeechChunk {
    /// Samples per second; constant within one reply.
    pub sample_rate_hz: u32,
    /// Any number of samples.
    pub samples: Vec<f32>,
}

/// Frames of one utterance, from onset (with pre-roll) on; ends when the endpoint was decided.
pub type AudioFrames = BoxStream<'static, AudioFrame>;
/// Speakable clauses of one reply, in order.
pub type TextStream = BoxStream<'static, String>;

/// Why a model gave no answer, by remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// Load it, or wait until it is.
    #[error("{what} is not loaded: {help}")]
    NotLoaded {
        /// The model or library.
        what: String,
        /// What to do about it.
        help: String,
    },
    /// Place the work elsewhere.
    #[error("the node running {0} is gone")]
    NodeLost(String),
    /// Drop a tier.
    #[error("{0} took too long")]
    Deadline(String),
    /// Report it.
    #[error("{0}")]
    Backend(String),
    /// Ask for less.
    #[error("{0}")]
    TooMuch(String),
}

/// How to transcribe one utterance; any words, unless told otherwise.
#[derive(Clone, Default)]
pub struct TranscribeOptions {
    /// What may be said; `None` for open vocabulary.
    pub grammar: Option<Arc<SpeechGrammar>>,
    /// Which part of it.
    pub context: Context,
    /// The household's sentences, for a recogniser that hears any words: what is likely, and what is
    /// understood. `None`: nothing but the grammar is of interest.
    pub household: Option<Arc<Grammar>>,
    /// Whether words that the household does not say are of use too, where any may be said.
    pub open: bool,
    /// How private it is what is said.
    pub scope: PrivacyScope,
}

/// Speech to text.
pub trait SpeechToText: Send + Sync {
    /// Transcribes one utterance while it is spoken.
    ///
    /// Yields a hypothesis after every frame it has heard (`through` says how far; a slow backend
    /// may skip frames), and exactly one with `is_final`, last, once `audio` has ended: without words
    /// and [`Rejected`](loqa_protocol::Verdict::Rejected) where nobody spoke. What was committed
    /// stays. The same audio gives the same words whatever came before it, and however it is cut into
    /// frames; samples that are not finite are silence. Dropping the stream frees the worker within
    /// 50 ms.
    fn transcribe(
        &self,
        audio: AudioFrames,
        options: TranscribeOptions,
    ) -> BoxStream<'static, Result<Hypothesis, ModelError>>;

    /// Makes `grammar` ready (compiled, pronunciations looked up) so that the next `transcribe`
    /// with it starts at once. Utterances under way keep theirs. Returns the words that have no
    /// pronunciation in the dictionary, with the one made up by rule.
    fn load_grammar(
        &self,
        grammar: Arc<SpeechGrammar>,
    ) -> BoxFuture<'static, Result<Vec<GuessedWord>, ModelError>>;
}

/// A word the dictionary lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuessedWord {
    /// As written in the household's files.
    pub word: String,
    /// ARPAbet phones made up by rule, separated by spaces; `None` if no rule applies.
    pub pronunciation: Option<String>,
}

/// A voice's name, such as `slt`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Voice(pub String);

/// How to say something.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct SpeakOptions {
    /// By which voice.
    pub voice: Voice,
    /// How fast, in thousandths of the voice's own speed, 500 to 2000; 0: at that speed. A voice that knows but one speaks as ever.
    pub speed_permille: u32,
    /// How private it is what is said.
    pub scope: PrivacyScope,
}

impl From<Voice> for SpeakOptions {
    /// By this voice, and for nobody who may not hear everything.
    fn from(voice: Voice) -> Self {
        SpeakOptions {
            voice,
            ..SpeakOptions::default()
        }
    }
}

/// Text to speech.
pub trait TextToSpeech: Send + Sync {
    /// Speaks clauses as they arrive: one is heard before the next is there. The first chunk is small,
    /// at most 100 ms; all have one rate. Nothing is said of nothing, and any text is survived. Dropping
    /// the stream cancels, and leaves the voice to the next reply. A voice that is not there is
    /// [`ModelError::Backend`], naming the nearest.
    fn synthesize(
        &self,
        text: TextStream,
        options: SpeakOptions,
    ) -> BoxStream<'static, Result<SpeechChunk, ModelError>>;
}

/// What somebody says to a language model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Said {
    /// All words so far.
    pub text: String,
    /// Whether these are all; now it answers.
    pub is_final: bool,
}

/// How to answer.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AnswerOptions {
    /// What was said before, the oldest first.
    pub history: Vec<Message>,
    /// How soon the answer is due, and so how much of one.
    pub tier: QosTier,
    /// Commands of these risks are not offered to it.
    pub barred: Vec<Risk>,
    /// How private it is what is said.
    pub scope: PrivacyScope,
}

/// A part of an answer.
#[derive(Clone, PartialEq, Debug)]
pub enum Answered {
    /// Words that follow those before.
    Words(String),
    /// Instead of words: a command, as [`Grammar::called`] reads it.
    Call {
        /// `skill.intent`.
        name: String,
        /// Slot → what a person would say in it.
        arguments: serde_json::Map<String, serde_json::Value>,
    },
}

/// Answers what no command covers.
pub trait LanguageModel: Send + Sync {
    /// Reads what is said while it is said, and answers once it is final: ends after the last word, or
    /// after a call, which is of a tool that was offered, with what it takes. `said` that ends before
    /// anything was final ends without an answer. Of the history the oldest is left out where it is too
    /// long; words that are too long by themselves are [`ModelError::TooMuch`]. Dropping the stream
    /// frees the model within 50 ms.
    fn answer(
        &self,
        said: BoxStream<'static, Said>,
        options: AnswerOptions,
    ) -> BoxStream<'static, Result<Answered, ModelError>>;
}

/// Voice activity detection.
pub trait VoiceActivity: Send {
    /// Samples a window holds.
    fn window(&self) -> usize;
    /// P(speech) in [0, 1] of the next window; feed every window once and in order.
    fn score(&mut self, window: &[f32]) -> f32;
    /// Forgets everything heard.
    fn reset(&mut self);
}

/// Hears one wake phrase, or several, in a stream that never ends.
pub trait WakeWord: Send {
    /// Hears the next frame of the stream, whose first sample is `offset` on its sample clock;
    /// feed every frame once and in order. Tells a phrase once, when it has ended.
    fn detect(&mut self, offset: u64, frame: &[f32; FRAME_SAMPLES]) -> Option<Wake>;
    /// Forgets everything heard. Offsets may jump forward afterwards.
    fn reset(&mut self);
}

/// A wake phrase was said.
#[derive(Clone, Debug, PartialEq)]
pub struct Wake {
    /// The phrase as configured.
    pub phrase: String,
    /// First sample after the phrase, on the stream's sample clock.
    pub end: u64,
    /// How sure the detector is, in [0, 1]; comparable within one detector only.
    pub score: f32,
    /// It may have been something else: what follows shows whether it was the phrase.
    pub doubted: bool,
    /// Which kind of detector that is.
    pub detector: &'static str,
}

/// A microphone: a stream of frames without end or gap.
///
/// What a device loses (an overrun, an unplugged cable) comes as silence, so that offsets are
/// always the time since it was opened.
pub trait Microphone: Send + Sync {
    /// Starts hearing, with what is said from now on; offsets count from 0. Dropping the stream
    /// lets go of the device. A listener that is more than 2 s behind misses frames, which shows
    /// in the offsets.
    fn listen(&self) -> BoxStream<'static, MicrophoneEvent>;
}

/// What a microphone tells.
#[derive(Clone, Debug, PartialEq)]
pub enum MicrophoneEvent {
    /// The next 20 ms.
    Frame(AudioFrame),
    /// Hearing has begun, or begun again, on the device of this name.
    Found(String),
    /// Nothing is heard until it is found again, and why.
    Lost(String),
}

/// Plays replies. Implementations: a sound device; a WAV file or nothing, paced in real time.
pub trait Speaker: Send + Sync {
    /// Starts collecting `audio` without a sound. The reply becomes audible with
    /// [`ArmedReply::start`]; dropping it before or after silences it (within 20 ms).
    fn arm(
        &self,
        audio: BoxStream<'static, Result<SpeechChunk, ModelError>>,
    ) -> Box<dyn ArmedReply>;
}

/// A reply that is synthesised but not (yet) audible.
pub trait ArmedReply: Send + Sync {
    /// Makes it audible. Resolves to the instant at which its first sample left the playback
    /// ring, or to the model's error if there never was one.
    fn start(&self) -> BoxFuture<'static, Result<Instant, ModelError>>;
    /// Resolves when the last sample has left (or it was silenced), to how much was heard.
    fn finished(&self) -> BoxFuture<'static, Duration>;
    /// How much has left so far.
    fn heard(&self) -> Duration;
    /// Gain in dB, 0 = as synthesised. Used for ducking.
    fn set_gain_db(&self, gain_db: f32);
}

/// Names a plan that the skill host keeps.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct DraftId(pub u64);

/// What to prepare.
#[derive(Clone, Debug, PartialEq)]
pub struct PrepareRequest {
    /// Whose effects these would be.
    pub utterance: UtteranceId,
    /// What the ledger calls it, where the same may be said again after an outage; else the utterance itself.
    pub once: Option<UtteranceId>,
    /// What was understood, one step per command.
    pub steps: Vec<Step>,
    /// The words that asked for it: not a later "yes", but what it was a yes to.
    pub text: String,
    /// Area id of the room the person is in, if known.
    pub room: Option<String>,
    /// The microphone or screen it came through; empty if that is not known.
    pub place: String,
    /// That somebody has given their PIN for just this.
    pub proof: Option<Proof>,
}

impl PrepareRequest {
    /// These steps for whoever is in the house, wherever they are.
    pub fn new(utterance: UtteranceId, steps: Vec<Step>, text: impl Into<String>) -> Self {
        PrepareRequest {
            utterance,
            once: None,
            steps,
            text: text.into(),
            room: None,
            place: String::new(),
            proof: None,
        }
    }
}

/// That a PIN was right; whose it is, the host knows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Proof(pub u64);

/// Why a PIN proves nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unproved {
    /// It is nobody's.
    Wrong,
    /// Too many were wrong: none is looked at.
    Locked,
}

/// A plan as the turn machine sees it; the plan itself stays with the host.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// Hand it back to commit or discard.
    pub id: DraftId,
    /// What will be said if the effects go as predicted. Not yet speakable text.
    pub reply: String,
    /// Whether commit changes anything.
    pub effects: bool,
    /// Ask this first; commit only on "yes".
    pub confirm: Option<String>,
    /// `confirm` asks for a PIN: commit only a plan that was prepared with the [`Proof`] of one.
    pub pin: bool,
    /// What is said of it is for the screen, and not for the room.
    pub hushed: bool,
    /// The plan lacks something: say `reply` (a question), then listen in this context.
    pub ask: Option<Context>,
    /// State epoch it was prepared in; a later epoch invalidates it.
    pub epoch: u64,
}

/// What commit did.
#[derive(Clone, Debug, PartialEq)]
pub struct Committed {
    /// What to say: rendered from the results.
    pub reply: String,
    /// Kinds of effects that took place, in order.
    pub effects: Vec<EffectKind>,
    /// False if an effect failed or was refused; `reply` then says so.
    pub ok: bool,
    /// What to show, in order.
    pub cards: Vec<Card>,
    /// What skills tell everybody besides the reply, in order.
    pub told: Vec<Event>,
}

/// Why a plan could not be made or carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// Prepare again: unknown, older than 2 s, or no longer what the person would be asked about.
    #[error("the plan is no longer valid")]
    Stale,
    /// This utterance has been committed before; nothing was done again.
    #[error("utterance {0} was already carried out")]
    AlreadyCommitted(UtteranceId),
    /// Say it to the person.
    #[error("{0}")]
    Failed(String),
}

/// Runs skills in two steps.
pub trait SkillHost: Send + Sync {
    /// Reads only; microseconds. The plan is kept until committed, discarded or 2 s old.
    fn prepare(&self, request: &PrepareRequest) -> Result<Draft, HostError>;
    /// Runs the plan's effects, durably and at most once per utterance. If what prepare had read
    /// has changed since, the plan is made anew first.
    fn commit(
        &self,
        utterance: UtteranceId,
        draft: DraftId,
    ) -> BoxFuture<'static, Result<Committed, HostError>>;
    /// Looks whose PIN this is. Takes some tens of milliseconds, on purpose.
    fn prove(&self, pin: Pin) -> BoxFuture<'static, Result<Proof, Unproved>>;
    /// What nobody may have done who speaks through `place` in `room`, whatever they say.
    fn barred(&self, place: &str, room: Option<&str>) -> Vec<Risk>;
    /// Forgets a plan. Unknown ids are fine.
    fn discard(&self, draft: DraftId);
    /// Current state epoch: changes whenever a commit or the outside world changed what prepare reads.
    fn epoch(&self) -> u64;
}
