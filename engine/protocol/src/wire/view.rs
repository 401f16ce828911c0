//! Views, whose parts travel as they are.

pub use super::v1::{
    Alarm, Area, Card, CardLine, Device, DeviceState, House, List, Listening, Skill, SkillIntent,
    SkillSetting, State, Timer,
};

use super::{DecodeError, v1};
use crate::{View, ViewPart};
use v1::view::Part;

impl From<&View> for v1::View {
    fn from(view: &View) -> Self {
        let part = match &view.part {
            ViewPart::House(house) => Part::House(house.clone()),
            ViewPart::State(state) => Part::State(state.clone()),
            ViewPart::Listening(listening) => Part::Listening(listening.clone()),
            ViewPart::Event(envelope) => Part::Event(envelope.into()),
        };
        v1::View {
            seq: view.seq,
            part: Some(part),
        }
    }
}

impl TryFrom<v1::View> for View {
    type Error = DecodeError;

    fn try_from(v1::View { seq, part }: v1::View) -> Result<Self, DecodeError> {
        let part = match part.ok_or(DecodeError::Missing("view.part"))? {
            Part::House(house) => ViewPart::House(house),
            Part::State(state) => ViewPart::State(state),
            Part::Listening(listening) => ViewPart::Listening(listening),
            Part::Event(envelope) => ViewPart::Event(envelope.try_into()?),
        };
        Ok(View { seq, part })
    }
}
