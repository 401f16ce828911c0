//! What turns look like in answers, and what a sentence means.

use loqa_protocol::{Envelope, Event, LatencyClass, Speculation, TurnSummary};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What a sentence means.
#[derive(Serialize, ToSchema)]
pub struct Meaning {
    /// What was asked about.
    text: String,
    /// What would be done, in order; nothing, if Loqa does not understand.
    steps: Vec<Step>,
    /// null if nothing was understood.
    class: Option<Class>,
}

/// One thing that is done; "… and …" makes two.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Step {
    /// `skill.intent`.
    intent: String,
    /// Its values by name: numbers, seconds, ids of devices and areas, …
    slots: BTreeMap<String, Value>,
}

/// When a sentence can be answered.
#[derive(Serialize, Deserialize, ToSchema)]
enum Class {
    /// At once: nothing could follow.
    A,
    /// After a moment: more could follow.
    B,
    /// After free text.
    C,
}

/// What the hub's own document says: the first step by itself, and all if there are several.
#[derive(Deserialize)]
pub struct Understood {
    text: String,
    intent: Option<String>,
    slots: BTreeMap<String, Value>,
    class: Option<Class>,
    #[serde(default)]
    steps: Vec<Step>,
}

impl From<Understood> for Meaning {
    fn from(understood: Understood) -> Meaning {
        let slots = understood.slots;
        let first = understood.intent.map(|intent| Step { intent, slots });
        let mut steps = understood.steps;
        if steps.is_empty() {
            steps.extend(first);
        }
        Meaning {
            text: understood.text,
            steps,
            class: understood.class,
        }
    }
}

/// A turn that is over.
#[derive(Serialize, ToSchema)]
pub struct PastTurn {
    /// Unix time, ms.
    at_ms: i64,
    pub turn: Turn,
}

impl PastTurn {
    /// Those that a client was shown, oldest first.
    pub fn newest_first(shown: Vec<Envelope>) -> Vec<PastTurn> {
        let turns = shown.into_iter().rev();
        turns
            .filter_map(|envelope| match envelope.event {
                Event::TurnSummary(summary) => Some(PastTurn {
                    at_ms: envelope.at_ms,
                    turn: summary.into(),
                }),
                _ => None,
            })
            .collect()
    }
}

/// What was understood, done and said, and how long it took. Times are counted from the last spoken
/// word, ms; null where the turn was typed, or did not come that far.
#[derive(Serialize, ToSchema)]
pub struct Turn {
    /// The words understood; empty if rejected.
    text: String,
    /// What Loqa said.
    reply: String,
    /// What was done, in order; nothing, if Loqa did not understand.
    steps: Vec<Step>,
    /// null if nothing was understood.
    class: Option<Class>,
    /// What was heard was no command.
    rejected: bool,
    /// Until the first sound of the reply.
    pub ttfa_ms: Option<f64>,
    /// Until it was done.
    result_ms: Option<f64>,
    /// Until Loqa knew that the speaker had finished.
    endpoint_delay_ms: Option<f64>,
    /// More was said after it was done; null if not known.
    cut_off: Option<bool>,
    /// It was done before the last word had ended, all words heard.
    early: Option<bool>,
    /// Whether what was prepared meanwhile was right.
    speculation: Prepared,
    hops: Hops,
    /// What was believed while somebody spoke, oldest first.
    partials: Vec<Partial>,
    /// Which model heard it, and which spoke the reply, if any did.
    placements: Vec<Placement>,
}

/// Words believed so far.
#[derive(Serialize, ToSchema)]
struct Partial {
    /// When they came: below 0 while somebody spoke.
    at_ms: f64,
    /// All words so far.
    text: String,
}

/// Which model did a job, and why that one.
#[derive(Serialize, ToSchema)]
struct Placement {
    /// Such as `stt.pocketsphinx:en-us`.
    capability: String,
    /// For people.
    reason: String,
}

/// What became of the plan that was made while somebody still spoke.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Prepared {
    /// There was none.
    None,
    /// It was carried out.
    Hit,
    /// The last words were others.
    Miss,
}

/// How long each step of a spoken turn took, ms.
#[derive(Serialize, ToSchema)]
pub struct Hops {
    endpoint_ms: Option<f64>,
    stt_final_ms: Option<f64>,
    prepare_ms: Option<f64>,
    commit_ms: Option<f64>,
    tts_first_chunk_ms: Option<f64>,
    playback_ms: Option<f64>,
}

impl From<TurnSummary> for Turn {
    fn from(summary: TurnSummary) -> Turn {
        let partials = summary.partials.into_iter().map(|partial| Partial {
            at_ms: partial.at_ms,
            text: partial.text,
        });
        let placements = summary.placements.into_iter().map(|placement| Placement {
            capability: placement.capability,
            reason: placement.reason,
        });
        let steps = summary.steps.into_iter().map(|step| Step {
            intent: step.intent,
            slots: step.slots.into_iter().collect(),
        });
        Turn {
            text: summary.text,
            reply: summary.reply,
            steps: steps.collect(),
            class: summary.class.map(Class::from),
            rejected: summary.rejected,
            ttfa_ms: summary.ttfa_ms,
            result_ms: summary.result_ms,
            endpoint_delay_ms: summary.endpoint_delay_ms,
            cut_off: summary.cut_off,
            early: summary.early,
            speculation: match summary.speculation {
                Speculation::None => Prepared::None,
                Speculation::Hit => Prepared::Hit,
                Speculation::Miss => Prepared::Miss,
            },
            hops: Hops {
                endpoint_ms: summary.hops.endpoint_ms,
                stt_final_ms: summary.hops.stt_final_ms,
                prepare_ms: summary.hops.prepare_ms,
                commit_ms: summary.hops.commit_ms,
                tts_first_chunk_ms: summary.hops.tts_first_chunk_ms,
                playback_ms: summary.hops.playback_ms,
            },
            partials: partials.collect(),
            placements: placements.collect(),
        }
    }
}

impl From<LatencyClass> for Class {
    fn from(class: LatencyClass) -> Class {
        match class {
            LatencyClass::A => Class::A,
            LatencyClass::B => Class::B,
            LatencyClass::C => Class::C,
        }
    }
}
