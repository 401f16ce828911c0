//! Conversations: each session is one task that drives the pure turn machine with real audio,
//! models, skills and time.
//!
//! [`Session::spawn`] starts one; its [`SessionHandle`] asks typed sentences and hands over
//! audio. Events flow into the sink while turns run, and each turn ends with a summary. Dropping
//! the last handle ends the session at once: a commit under way is durable or has not happened.

mod clock;
mod driver;
mod ears;
mod mouth;
mod record;
mod thoughts;

#[cfg(test)]
mod tests;

use crate::tasks::{TaskKind, Tasks};
use jiff::tz::TimeZone;
use loqa_core::{
    attention::Attention,
    endpoint::EndpointConfig,
    grammar::Grammar,
    policy::Pin,
    seams::{
        AudioFrames, LanguageModel, SkillHost, Speaker, SpeechToText, TextToSpeech, Voice,
        VoiceActivity,
    },
    turn::TurnConfig,
};
use loqa_protocol::{Envelope, Placement, PrivacyScope, QosTier, SessionId, TurnSummary};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};

/// Requests that may wait; the next one waits with its sender.
const MAX_REQUESTS: usize = 16;
/// Summaries that nobody has taken yet; more turns than that in one recording are not told.
const MAX_SUMMARIES: usize = 1024;

/// Makes the voice activity detector of one stretch of listening.
pub type VadFactory = Arc<dyn Fn() -> Box<dyn VoiceActivity> + Send + Sync>;

/// What a session is made of.
#[derive(Clone)]
pub struct SessionParts {
    /// Names it for ever.
    pub id: SessionId,
    /// `None`: typed turns work, spoken ones say that they do not.
    pub stt: Option<Arc<dyn SpeechToText>>,
    /// `None`: what no command covers is not answered.
    pub llm: Option<Arc<dyn LanguageModel>>,
    /// `None`: replies are only written.
    pub tts: Option<Arc<dyn TextToSpeech>>,
    /// `None`: replies are only written.
    pub speaker: Option<Arc<dyn Speaker>>,
    /// Called once per [`SessionHandle::listen`].
    pub vad: VadFactory,
    /// Prepares and commits.
    pub host: Arc<dyn SkillHost>,
    /// The sentences of the household; a new one is used from the next word on.
    pub grammar: watch::Receiver<Arc<Grammar>>,
    /// Where events go. When it is full they are shed (`seq` shows the gap); summaries also
    /// reach whoever asked.
    pub events: mpsc::Sender<Envelope>,
    /// What replies are spoken with.
    pub voice: Voice,
    /// Which models these are, and why: told with each turn that they had a part in.
    pub placements: Vec<Placement>,
    /// Area id of the room the person is in, if known.
    pub room: Option<String>,
    /// The microphone or screen, as the skill host knows it.
    pub place: String,
    /// Where the session comes from: `hub`, a room, a node.
    pub origin: String,
    /// How soon an answer is due.
    pub tier: QosTier,
    /// Whose words these are, and how long they may live; asked for with each turn.
    pub keeps: Arc<dyn Fn() -> Keeps + Send + Sync>,
    /// Where "at seven" is.
    pub zone: TimeZone,
    /// How silence ends an utterance; asked for again when the household has changed.
    pub endpoint: Arc<dyn Fn() -> EndpointConfig + Send + Sync>,
    /// How turns go.
    pub turn: TurnConfig,
}

/// Whose words those of a turn are.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Keeps {
    /// Who speaks: the id of a person; empty for the household.
    pub actor_id: String,
    /// How long they may live.
    pub scope: PrivacyScope,
}

/// What is known of audio that is fed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Stimulus {
    /// Name shown in the summaries.
    pub file: Option<String>,
    /// Offset of the first sample after the last spoken word. Latency is counted from here;
    /// otherwise from the last voiced sample.
    pub speech_end: Option<u64>,
    /// Time is the sample clock: frames may come as fast as the caller likes, each is heard as
    /// soon as everything before it has been understood. Otherwise frame `k` is taken to be
    /// complete when it arrives, `(k + 1) · 20 ms` after the first sample was spoken.
    pub fast: bool,
    /// It is not sure that this is for Loqa: only a command shows that it is, and anything else ends as rejected,
    /// without a word.
    pub doubted: bool,
}

/// The session has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the conversation has ended")]
pub struct SessionOver;

enum Request {
    Ask {
        text: String,
        answer: oneshot::Sender<TurnSummary>,
    },
    Pin {
        pin: Pin,
        answer: oneshot::Sender<TurnSummary>,
    },
    Listen {
        frames: AudioFrames,
        stimulus: Stimulus,
        summaries: mpsc::Sender<TurnSummary>,
    },
    Interrupt,
    Cancel,
}

/// A conversation in its own task.
pub struct Session;

impl Session {
    /// Starts a conversation. It ends when the last handle is dropped or the tasks shut down.
    pub fn spawn(parts: SessionParts, tasks: &Tasks) -> SessionHandle {
        let (requests, incoming) = mpsc::channel(MAX_REQUESTS);
        let (at, attention) = watch::channel(Attention::default());
        let name = format!("session {}", parts.id);
        let driver = driver::Driver::new(parts, incoming, at, tasks.cancelled());
        tasks.spawn(TaskKind::CLIENT, name, driver.run());
        SessionHandle {
            requests,
            attention,
        }
    }
}

/// Speaks with a session. Clones speak with the same one.
#[derive(Clone)]
pub struct SessionHandle {
    requests: mpsc::Sender<Request>,
    attention: watch::Receiver<Attention>,
}

impl SessionHandle {
    /// One typed turn. Silences a reply being spoken; waits for typed turns asked before.
    ///
    /// # Errors
    /// The session has ended.
    pub async fn ask(&self, text: impl Into<String>) -> Result<TurnSummary, SessionOver> {
        let (answer, summary) = oneshot::channel();
        let request = Request::Ask {
            text: text.into(),
            answer,
        };
        self.requests.send(request).await.map_err(|_| SessionOver)?;
        summary.await.map_err(|_| SessionOver)
    }

    /// A PIN that was typed somewhere, for the question that is open. `None` if none is.
    ///
    /// # Errors
    /// The session has ended.
    pub async fn pin(&self, pin: Pin) -> Result<Option<TurnSummary>, SessionOver> {
        let (answer, summary) = oneshot::channel();
        let request = Request::Pin { pin, answer };
        self.requests.send(request).await.map_err(|_| SessionOver)?;
        Ok(summary.await.ok())
    }

    /// The same session, for as long as others hold it.
    pub fn weak(&self) -> WeakSession {
        WeakSession {
            requests: self.requests.downgrade(),
            attention: self.attention.clone(),
        }
    }

    /// What the conversation is at now.
    pub fn attention(&self) -> Attention {
        *self.attention.borrow()
    }

    /// Listens to `frames` until they end and everything in them has
    /// been answered; what is unfinished at their end is followed by silence. Yields a summary
    /// per turn, at least one, and closes. Waits for audio handed over before.
    ///
    /// # Errors
    /// The session has ended.
    pub async fn listen(
        &self,
        frames: AudioFrames,
        stimulus: Stimulus,
    ) -> Result<mpsc::Receiver<TurnSummary>, SessionOver> {
        let (summaries, ended) = mpsc::channel(MAX_SUMMARIES);
        let request = Request::Listen {
            frames,
            stimulus,
            summaries,
        };
        self.requests.send(request).await.map_err(|_| SessionOver)?;
        Ok(ended)
    }

    /// Stops listening and speaking: somebody else has the word. A question stays open.
    ///
    /// # Errors
    /// The session has ended.
    pub async fn interrupt(&self) -> Result<(), SessionOver> {
        self.requests
            .send(Request::Interrupt)
            .await
            .map_err(|_| SessionOver)
    }

    /// Stops listening, speaking and everything not yet committed. Turns under way end.
    ///
    /// # Errors
    /// The session has ended.
    pub async fn cancel(&self) -> Result<(), SessionOver> {
        self.requests
            .send(Request::Cancel)
            .await
            .map_err(|_| SessionOver)
    }
}

/// A session that ends when nobody else speaks with it.
#[derive(Clone)]
pub struct WeakSession {
    requests: mpsc::WeakSender<Request>,
    attention: watch::Receiver<Attention>,
}

impl WeakSession {
    /// Speaks with it, if it has not ended.
    pub fn upgrade(&self) -> Option<SessionHandle> {
        Some(SessionHandle {
            requests: self.requests.upgrade()?,
            attention: self.attention.clone(),
        })
    }
}
