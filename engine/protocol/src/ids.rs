//! Who and what: nodes, sessions, turns, utterances.

use core::fmt;
use serde::{Deserialize, Serialize};

/// A node, named by the hash of its TLS public key: knowing the id authenticates the node.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct NodeId(pub [u8; 32]);

/// One conversation of one actor, from wake to idle. Random, 128 bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct SessionId(pub u128);

/// Ordinal of a turn in its session, from 0: one utterance and the reply it causes.
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default, Serialize, Deserialize,
)]
pub struct TurnId(pub u32);

/// Names one utterance for ever: a re-decoded or re-placed utterance keeps its id, so that its
/// effects happen at most once.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct UtteranceId {
    /// The conversation.
    pub session: SessionId,
    /// The turn in it.
    pub turn: TurnId,
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Display for TurnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

impl fmt::Display for UtteranceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.session, self.turn)
    }
}
