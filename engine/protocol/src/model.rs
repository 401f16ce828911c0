//! A model that a node has of its hub: one stream is one file.
//!
//! The node sends `Wanted`; the hub answers with `File` and as many `Chunk`s as are missing, and finishes. The node finishes
//! once it has the whole and it is what it should be. Either says `Refusal` instead.

use crate::{Capability, Problem};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// SHA-256 of a file.
pub type Sha256 = [u8; 32];

/// A frame of a model on its way, in either direction.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ModelFrame {
    /// First, from the node.
    Wanted(ModelWanted),
    /// From the hub: what the file is.
    File {
        /// Its length.
        bytes: u64,
        /// Of all of it.
        sha256: Sha256,
        /// Of the first byte that follows: what the node has, or 0 where that is of another file.
        from: u64,
    },
    /// The next bytes of it.
    Chunk {
        /// At least one.
        bytes: Vec<u8>,
    },
    /// Why nothing comes of it: from the hub before any chunk or in the place of one, from the node after what came.
    Refusal {
        /// And what to do.
        problem: Problem,
    },
}

/// What a node wants of its hub.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ModelWanted {
    /// What it could do with it: `stt.whisper:NAME`, where NAME is what the hub calls the model.
    pub capability: Capability,
    /// Of the file that it has, or has the beginning of.
    pub sha256: Option<Sha256>,
    /// So many bytes of that.
    pub here: u64,
}
