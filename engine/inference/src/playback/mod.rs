//! The speaker: replies leave sample by sample, and what left is known exactly.
//!
//! A reply is armed (collected silently), started, perhaps ducked, and heard to its end or
//! dropped. [`DeviceSpeaker`] plays it; [`PacedSpeaker`] has no device and keeps its time.

mod chime;
mod device;
mod paced;
mod reference;
mod reply;
mod source;

pub use self::{
    chime::{attentive, chime, ring},
    device::{DeviceSpeaker, PlaybackError},
    paced::{Pace, PacedSpeaker},
    reference::Reference,
    source::ReplySource,
};

#[cfg(test)]
pub(crate) use self::reference::Tapped;

use std::sync::Arc;

/// Receives every reply that was heard, once, when it has ended and before
/// [`finished`](loqa_core::seams::ArmedReply::finished) resolves. Called on the reply's own
/// thread, so it may write a file.
pub type Tee = Arc<dyn Fn(HeardReply) + Send + Sync>;

/// What left the speaker of one reply, as synthesised (before gain).
#[derive(Clone, Debug, PartialEq)]
pub struct HeardReply {
    /// Samples per second.
    pub sample_rate_hz: u32,
    /// Mono PCM in [-1, 1].
    pub samples: Vec<f32>,
}
