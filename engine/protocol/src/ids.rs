//! Who and what: nodes, sessions, turns, utterances.

use core::{fmt, str::FromStr};
use serde::{Deserialize, Serialize};

/// A node, named by the hash of its TLS public key: knowing the id authenticates the node.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct NodeId(pub [u8; 32]);

impl NodeId {
    /// Its first eight digits: enough to tell the nodes of one household apart, and no proof of anything.
    pub fn short(&self) -> impl fmt::Display + use<> {
        struct Short([u8; 4]);
        impl fmt::Display for Short {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:08x}", u32::from_be_bytes(self.0))
            }
        }
        let [a, b, c, d, ..] = self.0;
        Short([a, b, c, d])
    }
}

/// This is no [`NodeId`]: one has 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NodeIdParseError;

impl fmt::Display for NodeIdParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the id of a node has 64 digits, 0-9 and a-f")
    }
}

impl core::error::Error for NodeIdParseError {}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for NodeId {
    type Err = NodeIdParseError;

    /// As it is displayed; capital letters are refused, so that there is one way to write it.
    fn from_str(text: &str) -> Result<NodeId, NodeIdParseError> {
        let digit = |digit: u8| match digit {
            b'0'..=b'9' => Ok(digit - b'0'),
            b'a'..=b'f' => Ok(digit - b'a' + 10),
            _ => Err(NodeIdParseError),
        };
        let digits: &[u8; 64] = text.as_bytes().try_into().map_err(|_| NodeIdParseError)?;
        let mut id = [0; 32];
        for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(NodeId(id))
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_node_is_written_in_one_way() {
        let node = NodeId(core::array::from_fn(|at| at as u8 * 7));
        let text = node.to_string();
        assert_eq!(text.parse(), Ok(node));
        assert_eq!(node.short().to_string(), text[..8]);
        for wrong in [
            "",
            &text[1..],
            &text.to_uppercase(),
            &text.replace('0', "g"),
        ] {
            assert_eq!(wrong.parse::<NodeId>(), Err(NodeIdParseError), "{wrong}");
        }
    }
}
