//! The house as a dashboard shows it. What only displays it needs no stricter types than the wire
//! has: these are the messages of `proto/loqa/v1/view.proto`, which documents their fields.

pub use crate::wire::view::{
    Alarm, Area, Device, DeviceState, House, List, Listening, Skill, SkillIntent, SkillSetting,
    State, Timer,
};

use crate::Envelope;
use serde::{Deserialize, Serialize};

/// Id of the list that every household has, for notes; ids of devices in `home.toml` have no dot.
pub const NOTES: &str = "loqa.notes";

/// A part of the house, as it is from now on.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct View {
    /// Ordinal within the subscription, from 0; a gap means loss: watch again.
    pub seq: u64,
    /// What.
    pub part: ViewPart,
}

/// What a [`View`] may show. The first of each kind are the house as it is; of events, the turns
/// that are remembered. Of all these, `Listening` comes last.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(
    clippy::large_enum_variant,
    reason = "as with events: tens of them a turn"
)]
pub enum ViewPart {
    /// Rooms, devices, skills.
    House(House),
    /// Timers, states of devices, lists.
    State(State),
    /// Whether the room is listened to.
    Listening(Listening),
    /// Something happened.
    Event(Envelope),
}
