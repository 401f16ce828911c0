//! Changes of which nodes belong to the household, and calls that they hear.

use super::{DecodeError, id_from_wire, id_to_wire, v1};
use crate::{Called, NodeEdit, NodeId};
use alloc::{format, vec::Vec};
use v1::edit_nodes::Edit;

impl From<NodeEdit> for Edit {
    fn from(edit: NodeEdit) -> Self {
        match edit {
            NodeEdit::Open => Edit::Open(v1::OpenPairing {}),
            NodeEdit::Given(shown) => Edit::Given(shown),
            NodeEdit::Accept(node) => Edit::Accept(to_wire(node)),
            NodeEdit::Close => Edit::Close(v1::ClosePairing {}),
            NodeEdit::Set {
                node,
                name,
                room,
                volume,
                muted,
            } => Edit::Set(v1::NodeSettings {
                node: to_wire(node),
                name,
                room,
                volume: volume.map(Into::into),
                muted,
            }),
            NodeEdit::Revoke(node) => Edit::Revoke(to_wire(node)),
        }
    }
}

impl TryFrom<Option<Edit>> for NodeEdit {
    type Error = DecodeError;

    fn try_from(edit: Option<Edit>) -> Result<Self, DecodeError> {
        Ok(match edit.ok_or(DecodeError::Missing("edit_nodes.edit"))? {
            Edit::Open(v1::OpenPairing {}) => NodeEdit::Open,
            Edit::Given(shown) => NodeEdit::Given(shown),
            Edit::Accept(node) => NodeEdit::Accept(from_wire("edit_nodes.accept", &node)?),
            Edit::Close(v1::ClosePairing {}) => NodeEdit::Close,
            Edit::Set(v1::NodeSettings {
                node,
                name,
                room,
                volume,
                muted,
            }) => NodeEdit::Set {
                node: from_wire("edit_nodes.set.node", &node)?,
                name,
                room,
                volume: volume
                    .map(|it| percent("edit_nodes.set.volume", it))
                    .transpose()?,
                muted,
            },
            Edit::Revoke(node) => NodeEdit::Revoke(from_wire("edit_nodes.revoke", &node)?),
        })
    }
}

impl From<Called> for v1::Called {
    fn from(called: Called) -> Self {
        v1::Called {
            utterance: id_to_wire(called.utterance),
            phrase: called.phrase,
            ago_ms: called.ago_ms,
            above_noise_db: called.above_noise_db,
            score: called.score,
            detector: called.detector,
        }
    }
}

impl TryFrom<v1::Called> for Called {
    type Error = DecodeError;

    fn try_from(called: v1::Called) -> Result<Self, DecodeError> {
        Ok(Called {
            utterance: id_from_wire("called.utterance", &called.utterance)?,
            phrase: called.phrase,
            ago_ms: called.ago_ms,
            above_noise_db: called.above_noise_db,
            score: called.score,
            detector: called.detector,
        })
    }
}

/// A number up to 100.
pub(super) fn percent(field: &'static str, value: u32) -> Result<u8, DecodeError> {
    let percent = u8::try_from(value).ok().filter(|it| *it <= 100);
    percent.ok_or_else(|| DecodeError::Invalid {
        field,
        reason: format!("{value} instead of 0 to 100"),
    })
}

fn to_wire(node: NodeId) -> Vec<u8> {
    node.0.to_vec()
}

fn from_wire(field: &'static str, bytes: &[u8]) -> Result<NodeId, DecodeError> {
    let id = bytes.try_into().map_err(|_| DecodeError::Invalid {
        field,
        reason: format!("{} bytes instead of 32", bytes.len()),
    })?;
    Ok(NodeId(id))
}
