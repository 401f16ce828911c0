//! The words of Loqa: identifiers, events and frames that every program of a household speaks.
//!
//! Types here are plain data without IO. `wire` turns them into the bytes of `proto/loqa/v1/`.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod capability;
pub mod card;
mod event;
mod frame;
mod hypothesis;
mod ids;
mod job;
mod keep;
pub mod link;
pub mod model;
mod node;
mod phase;
mod scope;
mod summary;
pub mod view;
pub mod wire;

pub use capability::{Capability, CapabilityParseError};
pub use event::{EffectKind, Envelope, Event, Retained};
pub use frame::{
    AudioFormat, Choice, ClientFrame, HomeEdit, ModelChange, PeopleEdit, Problem, ServerFrame,
    SkillChange,
};
pub use hypothesis::{Hypothesis, Verdict};
pub use ids::{NodeId, NodeIdParseError, SessionId, TurnId, UtteranceId};
pub use job::{JobError, JobErrorKind, JobFrame, JobOptions, MAX_LIKELY, Message, Role, Tool};
pub use keep::{Keep, KeepOf, KeptLook, Redaction};
pub use link::{AudioCodec, NodeRole, StreamKind};
pub use node::{Called, Hears, NodeEdit, NodeSettings};
pub use phase::Phase;
pub use scope::{PrivacyScope, QosTier};
pub use summary::{
    HopTimings, LatencyClass, Partial, Placement, Speculation, StepSummary, TurnSummary,
};
pub use view::{View, ViewPart};
