//! Which nodes belong to the household.

use loqa_protocol::Hears;
use serde::{Deserialize, Serialize};

/// A node that was paired. Its key is in [`Household::nodes`](super::Household::nodes): who has the other
/// half may come in for as long as it stands there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PairedNode {
    /// As people call it; no two have the same.
    pub name: String,
    /// What it is for, as bits: 1 inference, 2 puck, 4 display.
    pub roles: u8,
    /// The id of the room it is in; empty: in none.
    #[serde(default)]
    pub room: String,
    /// It hears nothing.
    #[serde(default)]
    pub muted: bool,
    /// Whose words it may work on.
    #[serde(default)]
    pub hears: Hears,
    /// When it was, Unix ms.
    pub paired_at_ms: i64,
}
