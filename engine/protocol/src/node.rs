//! What is said of the household's nodes, and by them.

use crate::{NodeId, PrivacyScope};
use alloc::string::String;
use serde::{Deserialize, Serialize};

/// One change of which nodes belong to the household.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeEdit {
    /// One may be paired: the hub shows a QR code and 8 digits, for three minutes.
    Open,
    /// One may be paired that shows this: 8 digits, or what its QR code holds.
    Given(String),
    /// The words of this node match: it belongs to the household.
    Accept(NodeId),
    /// None may be paired any more; one that waits is told that its words do not match.
    Close,
    /// A node is otherwise from now on.
    Set {
        /// Which.
        node: NodeId,
        /// How.
        to: NodeSettings,
    },
    /// A node does not belong to the household any more. What it is connected to ends.
    Revoke(NodeId),
}

/// How a node is. What is absent stays.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct NodeSettings {
    /// As people call it.
    pub name: Option<String>,
    /// The id of a room; empty: in none.
    pub room: Option<String>,
    /// How loud it is, percent.
    pub volume: Option<u8>,
    /// Whether its microphone is shut.
    pub muted: Option<bool>,
    /// Whose words it may work on.
    pub hears: Option<Hears>,
}

/// Which words may leave the hub for a node that works on them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hears {
    /// All that are said in the house.
    #[default]
    Everything,
    /// Those that may be kept anyway.
    Kept,
    /// None.
    Nothing,
}

impl Hears {
    /// All of them, the most first.
    pub const ALL: [Hears; 3] = [Hears::Everything, Hears::Kept, Hears::Nothing];

    /// As files and documents write it.
    pub const fn name(self) -> &'static str {
        match self {
            Hears::Everything => "everything",
            Hears::Kept => "kept",
            Hears::Nothing => "nothing",
        }
    }

    /// The most private words that it covers; `None`: none.
    pub const fn scope(self) -> Option<PrivacyScope> {
        match self {
            Hears::Everything => Some(PrivacyScope::Ephemeral),
            Hears::Kept => Some(PrivacyScope::Session),
            Hears::Nothing => None,
        }
    }
}

/// What a microphone knows of a call that it has heard.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Called {
    /// Names what is said, also where it is said again as the hub was gone: what it asks for is done once.
    pub utterance: u128,
    /// The phrase, as the settings have it; empty: a key was pressed, and nobody else has heard that.
    pub phrase: String,
    /// How long ago the phrase ended, ms.
    pub ago_ms: u32,
    /// How far the phrase stood above what was heard before it, dB.
    pub above_noise_db: f32,
    /// How sure the detector was, in [0, 1].
    pub score: f32,
    /// Which detector that was: scores of the same one can be compared.
    pub detector: String,
    /// It may have been something else: only a command that follows shows that it was a call.
    pub doubted: bool,
}
