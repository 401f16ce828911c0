//! What happened: one closed enum that bus, store, displays and metrics share.

use crate::{PrivacyScope, QosTier, SessionId, TurnId, TurnSummary, Verdict, card::Card};
use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// An event with its circumstances.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Envelope {
    /// Joins everything one cause led to.
    pub trace_id: u128,
    /// The conversation.
    pub session_id: SessionId,
    /// The turn, if the event belongs to one.
    pub turn: Option<TurnId>,
    /// Who spoke or acted; empty for the household.
    pub actor_id: String,
    /// Where it came from: `hub`, a room, a node.
    pub origin: String,
    /// Ordinal within the session; gaps mean loss.
    pub seq: u64,
    /// Unix time, ms.
    pub at_ms: i64,
    /// The tier the turn runs under.
    pub capability_tier: QosTier,
    /// How long the words may live.
    pub privacy_scope: PrivacyScope,
    /// What happened.
    pub event: Event,
}

impl Envelope {
    /// As commands print it and programs are told it: its subject and circumstances, then the event's own fields.
    pub fn document(&self) -> Value {
        let mut document = json!({
            "subject": self.event.subject(),
            "session": self.session_id.to_string(),
            "turn": self.turn.map(|turn| turn.0),
            "seq": self.seq,
            "at_ms": self.at_ms,
        });
        if let (Value::Object(all), Ok(Value::Object(mut fields))) =
            (&mut document, serde_json::to_value(&self.event))
        {
            fields.remove("kind");
            all.extend(fields);
        }
        document
    }
}

/// An envelope that may be written to disk. Cannot be built from an ephemeral one.
#[derive(Clone, PartialEq, Debug)]
pub struct Retained(Envelope);

impl Retained {
    /// `None` for an ephemeral envelope.
    pub fn new(envelope: Envelope) -> Option<Retained> {
        (envelope.privacy_scope > PrivacyScope::Ephemeral).then_some(Retained(envelope))
    }

    /// The envelope inside.
    pub fn envelope(&self) -> &Envelope {
        &self.0
    }
}

/// What an effect did, without any words.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectKind {
    /// A timer was started, changed or ended.
    Timer,
    /// A device was commanded.
    Device,
    /// A list was changed.
    List,
    /// An alarm or a reminder was set, changed or stopped.
    Alarm,
    /// A skill kept something for itself, or forgot it.
    Storage,
    /// Something was asked over the internet.
    Http,
    /// A notice was shown.
    Notify,
    /// A message went to programs.
    Publish,
    /// Something was said aloud besides the reply.
    Speak,
}

/// Everything Loqa announces. Raw audio has no variant: it can reach neither bus nor store.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(
    clippy::large_enum_variant,
    reason = "tens of events a turn, moved a few times: a box would cost more than it saves"
)]
pub enum Event {
    /// Speech began.
    SpeechStarted,
    /// Words so far.
    SttPartial {
        /// Words believed so far.
        text: String,
    },
    /// The last word on what was said.
    SttFinal {
        /// Words; empty if rejected.
        text: String,
        /// Whether they can be trusted.
        verdict: Verdict,
    },
    /// A plan is ready (while the person may still be speaking).
    NluResponse {
        /// The words it was prepared for.
        text: String,
        /// `skill.intent` per step.
        intents: Vec<String>,
        /// What the reply would be.
        reply: String,
    },
    /// The person has finished.
    SpeechEnded {
        /// Last voiced sample → decision, ms.
        endpoint_delay_ms: f64,
        /// Grammar state that chose the hangover: `closed`, `extendable`, `incomplete`, `open`.
        state: String,
    },
    /// Effects are about to be committed.
    SkillInvoke {
        /// `skill.intent`.
        intent: String,
    },
    /// Effects were committed (or refused).
    SkillResult {
        /// `skill.intent`.
        intent: String,
        /// What was done, without words.
        effects: Vec<EffectKind>,
        /// False if nothing was done.
        ok: bool,
    },
    /// Reply text went to the voice.
    TtsRequest {
        /// Speakable text.
        text: String,
    },
    /// First sample of the reply left.
    ReplyStarted {
        /// What is being said.
        text: String,
    },
    /// The reply ended, or was silenced.
    ReplyEnded {
        /// Milliseconds of it that left the speaker.
        heard_ms: u64,
    },
    /// A timer rings.
    TimerRang {
        /// Its id.
        id: u64,
        /// Its name, if it has one.
        name: Option<String>,
        /// How late it rings because the hub was off, s.
        late_s: u64,
    },
    /// A ringing timer fell silent.
    TimerSilenced {
        /// Its id.
        id: u64,
    },
    /// An alarm rings, or a reminder is said.
    AlarmRang {
        /// Its id: no timer has the same.
        id: u64,
        /// What it reminds of; nothing if it is an alarm.
        text: Option<String>,
        /// When it was due, `HH:MM` on the household's clock.
        time: String,
        /// How late it rings because the hub was off, s.
        late_s: u64,
    },
    /// A ringing alarm fell silent, or a reminder has been said.
    AlarmSilenced {
        /// Its id.
        id: u64,
    },
    /// A skill has something for everybody to see, or to hear as well.
    SkillNotice {
        /// Which.
        skill: String,
        /// One sentence.
        text: String,
        /// Whether it is said as well as shown.
        aloud: bool,
    },
    /// A skill tells programs something.
    SkillPublished {
        /// Which.
        skill: String,
        /// Its own: small letters, digits, `.`, `-` and `_`.
        topic: String,
        /// JSON.
        payload: String,
    },
    /// Loqa has asked for a PIN, which may be typed as well as said; or wants it no longer.
    PinWanted {
        /// Whether it does.
        wanted: bool,
    },
    /// Something does not work as it should, in plain words, with the remedy.
    Degraded {
        /// What, such as `stt`.
        what: String,
        /// In plain words.
        message: String,
        /// What to do about it.
        help: String,
    },
    /// A skill shows something; one of the same skill and id gives way to it.
    VisualCardUpdate(Card),
    /// The turn is over.
    TurnSummary(TurnSummary),
}

impl Event {
    /// The bus subject.
    pub fn subject(&self) -> &'static str {
        match self {
            Event::SpeechStarted => "audio.speech.started",
            Event::SpeechEnded { .. } => "audio.speech.ended",
            Event::SttPartial { .. } => "stt.text.partial",
            Event::SttFinal { .. } => "stt.text.final",
            Event::NluResponse { .. } => "nlu.response",
            Event::SkillInvoke { .. } => "skill.invoke",
            Event::SkillResult { .. } => "skill.result",
            Event::TtsRequest { .. } => "tts.request",
            Event::ReplyStarted { .. } => "tts.reply.started",
            Event::ReplyEnded { .. } => "tts.reply.ended",
            Event::TimerRang { .. } => "timer.rang",
            Event::TimerSilenced { .. } => "timer.silenced",
            Event::AlarmRang { .. } => "alarm.rang",
            Event::AlarmSilenced { .. } => "alarm.silenced",
            Event::SkillNotice { .. } => "skill.notice",
            Event::SkillPublished { .. } => "skill.published",
            Event::PinWanted { .. } => "ctrl.pin.wanted",
            Event::Degraded { .. } => "ctrl.node.health",
            Event::VisualCardUpdate(_) => "visual.card.update",
            Event::TurnSummary(_) => "turn.summary",
        }
    }
}
