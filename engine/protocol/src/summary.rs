//! What one turn was: the last line of `loqa ask --json`.

use alloc::{string::String, vec::Vec};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// When the grammar lets a turn be answered (see docs: latency classes).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum LatencyClass {
    /// Closed: complete, and no continuation could change it.
    A,
    /// Extendable: complete, but could go on.
    B,
    /// Open: needs an open recogniser or a language model.
    C,
}

/// Was the plan prepared while the person spoke still right at the end?
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speculation {
    /// Nothing had been prepared.
    #[default]
    None,
    /// The prepared plan was committed.
    Hit,
    /// The final words differed; the prepared plan was discarded.
    Miss,
}

/// One step of a turn ("… and …" makes two).
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct StepSummary {
    /// `skill.intent`.
    pub intent: String,
    /// Slot name → value: list → canonical value; number → number; duration → seconds;
    /// time → RFC 3339 local; device and area → id.
    pub slots: Map<String, Value>,
}

/// Everything a program wants to know about a finished turn.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct TurnSummary {
    /// The WAV file the turn was fed from, if any.
    pub file: Option<String>,
    /// The words understood, as spoken; empty if rejected.
    pub text: String,
    /// The first step's `skill.intent`; `None` if nothing matched.
    pub intent: Option<String>,
    /// The first step's slots.
    pub slots: Map<String, Value>,
    /// All steps, in order.
    pub steps: Vec<StepSummary>,
    /// `None` if nothing matched.
    pub class: Option<LatencyClass>,
    /// What Loqa said.
    pub reply: String,
    /// The audio was not a command at all (no effect, no reply beyond "I didn't get that").
    pub rejected: bool,
    /// End of the last spoken word → first reply sample leaving the playback ring, ms.
    /// `None` when typed or rejected.
    pub ttfa_ms: Option<f64>,
    /// End of the last spoken word → result of the effects known, ms.
    pub result_ms: Option<f64>,
    /// End of the last spoken word → the endpoint was decided, ms.
    pub endpoint_delay_ms: Option<f64>,
    /// Words of the person were lost: more speech followed the commit. `None` if not known.
    pub cut_off: Option<bool>,
    /// Committed before the last word had ended, all words heard.
    pub early: Option<bool>,
    /// Did the speculative plan hold?
    pub speculation: Speculation,
    /// Time per hop.
    pub hops: HopTimings,
    /// What was believed while the person spoke, oldest first; at most [`TurnSummary::MAX_PARTIALS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partials: Vec<Partial>,
    /// Which model heard the turn and which spoke the reply, if any did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub placements: Vec<Placement>,
}

/// Words believed so far.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Partial {
    /// When they came, ms after the end of the last word: below 0 while the person spoke.
    pub at_ms: f64,
    /// All words so far.
    pub text: String,
}

/// Which model did a job, and why that one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Placement {
    /// `kind.name:variant`, as [`crate::Capability`] writes it.
    pub capability: String,
    /// For people.
    pub reason: String,
}

impl TurnSummary {
    /// Partials that are kept of a turn; the last ones matter most.
    pub const MAX_PARTIALS: usize = 24;

    /// Whether Loqa has asked something, and waits for the answer.
    pub fn asks(&self) -> bool {
        self.reply.trim_end().ends_with('?')
    }
}

/// Milliseconds per hop of a spoken turn. `None` where the turn did not take that hop.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct HopTimings {
    /// Last sample of speech → endpoint decided.
    pub endpoint_ms: Option<f64>,
    /// Endpoint → final hypothesis.
    pub stt_final_ms: Option<f64>,
    /// Time spent in prepare for the plan that was committed.
    pub prepare_ms: Option<f64>,
    /// Final hypothesis → effects committed.
    pub commit_ms: Option<f64>,
    /// Commit → first chunk of reply audio available (0 when staged).
    pub tts_first_chunk_ms: Option<f64>,
    /// Reply audio available → first sample left the playback ring.
    pub playback_ms: Option<f64>,
}
