//! Changes of which nodes belong to the household, and calls that they hear.

use super::{DecodeError, FromWire, id_from_wire, id_to_wire, v1, wire_enum};
use crate::{Called, Hears, NodeEdit, NodeId, NodeSettings};
use alloc::{format, vec::Vec};
use v1::edit_nodes::Edit;

wire_enum!(Hears, "edit_nodes.set.hears", [Everything, Kept, Nothing]);

impl From<NodeEdit> for Edit {
    fn from(edit: NodeEdit) -> Self {
        match edit {
            NodeEdit::Open => Edit::Open(v1::OpenPairing {}),
            NodeEdit::Given(shown) => Edit::Given(shown),
            NodeEdit::Accept(node) => Edit::Accept(to_wire(node)),
            NodeEdit::Close => Edit::Close(v1::ClosePairing {}),
            NodeEdit::Set { node, to } => Edit::Set(v1::NodeSettings {
                node: to_wire(node),
                name: to.name,
                room: to.room,
                volume: to.volume.map(Into::into),
                muted: to.muted,
                hears: to.hears.map(|hears| v1::Hears::from(hears).into()),
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
                hears,
            }) => NodeEdit::Set {
                node: from_wire("edit_nodes.set.node", &node)?,
                to: NodeSettings {
                    name,
                    room,
                    volume: volume
                        .map(|it| percent("edit_nodes.set.volume", it))
                        .transpose()?,
                    muted,
                    hears: hears.map(Hears::from_wire).transpose()?,
                },
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
            doubted: called.doubted,
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
            doubted: called.doubted,
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
