//! What is said of the household's nodes, and by them.

use crate::NodeId;
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
    /// How a node is called, where it is, how loud, and whether it hears. What is absent stays.
    Set {
        /// Which.
        node: NodeId,
        /// As people call it.
        name: Option<String>,
        /// The id of a room; empty: in none.
        room: Option<String>,
        /// How loud it is, percent.
        volume: Option<u8>,
        /// Whether it hears nothing.
        muted: Option<bool>,
    },
    /// A node does not belong to the household any more. What it is connected to ends.
    Revoke(NodeId),
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
}
