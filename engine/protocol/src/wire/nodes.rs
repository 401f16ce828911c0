//! Changes of which nodes belong to the household.

use super::{DecodeError, v1};
use crate::{NodeEdit, NodeId};
use alloc::{format, vec::Vec};
use v1::edit_nodes::Edit;

impl From<NodeEdit> for Edit {
    fn from(edit: NodeEdit) -> Self {
        match edit {
            NodeEdit::Open => Edit::Open(v1::OpenPairing {}),
            NodeEdit::Given(shown) => Edit::Given(shown),
            NodeEdit::Accept(node) => Edit::Accept(to_wire(node)),
            NodeEdit::Close => Edit::Close(v1::ClosePairing {}),
            NodeEdit::Set { node, name, room } => Edit::Set(v1::NodeSettings {
                node: to_wire(node),
                name,
                room,
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
            Edit::Set(v1::NodeSettings { node, name, room }) => NodeEdit::Set {
                node: from_wire("edit_nodes.set.node", &node)?,
                name,
                room,
            },
            Edit::Revoke(node) => NodeEdit::Revoke(from_wire("edit_nodes.revoke", &node)?),
        })
    }
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
