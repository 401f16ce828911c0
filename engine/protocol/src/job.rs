//! Work for a model in another process or on another node: one stream is one job.
//!
//! The asker sends `Open`, then `Audio`, `Text` or `Said` frames, then `Finish`; the worker answers with
//! `Hypothesis`, `Speech`, or `Delta` and `ToolCall` frames, then `Finish` or `Error`. Closing the stream
//! earlier cancels.

use crate::{AudioFormat, Capability, Hypothesis, UtteranceId};
use alloc::{string::String, vec::Vec};
use serde::{Deserialize, Serialize};

/// Likely words of a [`JobOptions::Transcribe`] that a worker looks at.
pub const MAX_LIKELY: usize = 200;

/// A frame of a job, in either direction.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum JobFrame {
    /// First: what is wanted.
    Open {
        /// Which model.
        capability: Capability,
        /// Whose words; the same after a move to another worker.
        utterance: UtteranceId,
        /// How.
        options: JobOptions,
    },
    /// Audio to transcribe.
    Audio {
        /// Of the first sample, on the stream's sample clock.
        offset: u64,
        /// Mono PCM in [-1, 1] at 16 kHz.
        samples: Vec<f32>,
    },
    /// Words so far; the last one is final.
    Hypothesis {
        /// What is believed.
        hypothesis: Hypothesis,
    },
    /// A clause to speak.
    Text {
        /// Speakable.
        text: String,
    },
    /// Synthesised speech.
    Speech {
        /// Samples per second.
        format: AudioFormat,
        /// Mono PCM in [-1, 1].
        samples: Vec<f32>,
    },
    /// What the user has said, to be answered by a [`JobOptions::Generate`]. It may be sent often: the
    /// worker reads ahead while the user speaks, and reads again from the first word that has changed.
    Said {
        /// All words so far. With none, the last message of the history is answered.
        text: String,
        /// Whether these are all; now the answer begins.
        is_final: bool,
    },
    /// More of an answer.
    Delta {
        /// Follows what came before.
        text: String,
    },
    /// Instead of an answer: one of the tools that were offered is wanted.
    ToolCall {
        /// Which.
        name: String,
        /// A JSON object, as the tool's parameters describe it.
        arguments: String,
    },
    /// Nothing more comes from this side.
    Finish,
    /// From a worker that has nothing else to say for a while: it works, and is not stuck.
    Alive,
    /// The job failed.
    Error {
        /// Why.
        error: JobError,
    },
}

/// How a job is to be done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum JobOptions {
    /// Speech to text.
    Transcribe {
        /// What may be said, as JSGF; `None` for open vocabulary.
        jsgf: Option<String>,
        /// Names and words that are likely, the likeliest first; at most [`MAX_LIKELY`] count.
        likely: Vec<String>,
        /// The language that is spoken, ISO 639-1; `None`: the worker detects it.
        language: Option<String>,
        /// Whether words are wanted while somebody speaks. They take a model's time, which it then lacks
        /// for the last ones.
        interim: bool,
    },
    /// Text to speech.
    Synthesize {
        /// Voice name.
        voice: String,
        /// How fast, in thousandths of the voice's own speed; 0: at that, as whoever knows no speed means it.
        speed_permille: u32,
    },
    /// An answer, or the call of a tool, by a language model.
    Generate {
        /// Who it is and how it answers.
        system: String,
        /// What was said before, the oldest first. What is too much for the model is left out, the oldest
        /// first.
        history: Vec<Message>,
        /// What it may call.
        tools: Vec<Tool>,
        /// The longest answer, in the model's tokens.
        max_tokens: u32,
        /// How much is left to chance, in thousandths; 0: nothing.
        temperature_milli: u32,
        /// Chance begins here.
        seed: u64,
    },
}

/// What somebody has said before.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Message {
    /// Who.
    pub role: Role,
    /// What; of a [`Role::Tool`] its result.
    pub text: String,
}

/// Who has said something.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The person.
    User,
    /// The model.
    Assistant,
    /// A tool that the model has called.
    Tool,
}

/// What a language model may call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Tool {
    /// Unique among those that are offered.
    pub name: String,
    /// What it does, for the model.
    pub about: String,
    /// What it takes: the JSON Schema of an object.
    pub parameters: String,
}

/// Why a job failed, by remedy.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct JobError {
    /// What the asker can do about it.
    pub kind: JobErrorKind,
    /// What was wrong; of [`JobErrorKind::Deadline`] what it was that took too long.
    pub message: String,
    /// What a person can do; may be empty.
    pub help: String,
}

/// What the asker of a failed job can do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobErrorKind {
    /// Wait, or have the model loaded.
    NotLoaded,
    /// Use a lighter tier.
    Deadline,
    /// Report it.
    Backend,
    /// Ask for less.
    TooMuch,
}
