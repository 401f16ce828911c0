//! What a hub and a node say to each other about themselves, beside what they do for each other.
//!
//! One stream carries it, which the node opens: `Hello`, answered by `Welcome` or `Refusal`, then `Beat`s
//! both ways for as long as they are connected. Any further stream begins with an `Open`.

use crate::{Capability, Problem};
use alloc::{string::String, vec::Vec};
use serde::{Deserialize, Serialize};

/// A frame between a hub and a node that belongs to no job.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LinkFrame {
    /// First, from the node.
    Hello(Hello),
    /// The hub's answer.
    Welcome(Welcome),
    /// Or this: the hub closes.
    Refusal {
        /// Why, and what to do.
        problem: Problem,
    },
    /// Whoever sends it lives.
    Beat(Beat),
    /// First on any further stream: what it is for.
    Open {
        /// Which frames follow.
        stream: StreamKind,
    },
    /// From the hub: what the node shows from its next connection on, as its own is getting old.
    Certificate {
        /// X.509, DER.
        der: Vec<u8>,
    },
}

/// Who a node is and what it can do.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Hello {
    /// The oldest version of this protocol that it speaks.
    pub oldest_version: u32,
    /// The newest.
    pub newest_version: u32,
    /// As people call it.
    pub name: String,
    /// Its program, and which version.
    pub software: String,
    /// What it is there for.
    pub roles: Vec<NodeRole>,
    /// What it can do.
    pub offers: Vec<Offer>,
    /// How it can encode live audio, the dearest first.
    pub codecs: Vec<AudioCodec>,
}

/// Who the hub is, and what both keep to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Welcome {
    /// Of this protocol.
    pub version: u32,
    /// As people call the household.
    pub name: String,
    /// Its program, and which version.
    pub software: String,
    /// How live audio is encoded.
    pub codec: AudioCodec,
}

/// That somebody lives, and how busy they are.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Beat {
    /// Counts from 1.
    pub ordinal: u64,
    /// Of the last beat that came from the other side; 0: none yet.
    pub seen: u64,
    /// The next one follows within so long, ms.
    pub next_ms: u32,
    /// How much of the machine is in use, in thousandths.
    pub load_permille: u32,
    /// What it can do; `None`: as before.
    pub offers: Option<Vec<Offer>>,
    /// From the hub: how often the models that it gives have changed since the link began.
    pub models: u64,
}

/// Something a node can do, and how well, as it was measured there.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Offer {
    /// What.
    pub capability: Capability,
    /// Jobs at a time.
    pub slots: u32,
    /// Jobs now.
    pub running: u32,
    /// Compute time over audio time, in thousandths; 0: not measured.
    pub rtf_permille: u32,
    /// From the last input to the first output, ms, of 19 in 20 jobs; 0: not measured.
    pub first_ms: u32,
}

/// What a node is there for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeRole {
    /// It runs models for the hub.
    Inference,
    /// It hears and speaks in a room.
    Puck,
    /// It shows.
    Display,
}

/// How live audio is encoded.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AudioCodec {
    /// 16 bits a sample, little-endian. Everybody knows it.
    Pcm16,
    /// RFC 6716.
    Opus,
}

/// What a stream is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamKind {
    /// One job: `JobFrame`s both ways.
    Job,
    /// A client of the hub: `ClientFrame`s to it, `ServerFrame`s back.
    Client,
    /// A browser at the node: HTTP, as to the hub's own page.
    Page,
    /// A model that the hub has: [`ModelFrame`](crate::model::ModelFrame)s both ways.
    Model,
}
