//! Ids, enums and the turn summary.

use super::{DecodeError, FromWire, id_from_wire, id_to_wire, v1, wire_enum};
use crate::{
    HopTimings, Partial, Placement, SessionId, StepSummary, TurnId, TurnSummary, UtteranceId,
};
use alloc::{string::ToString, vec::Vec};
use serde_json::{Map, Value};

wire_enum!(
    PrivacyScope,
    "privacy_scope",
    [Ephemeral, Session, Persistent]
);
wire_enum!(QosTier, "capability_tier", [Fast, Balanced, Rich]);
wire_enum!(LatencyClass, "class", [A, B, C]);
wire_enum!(Speculation, "speculation", [None, Hit, Miss]);

impl From<&UtteranceId> for v1::UtteranceId {
    fn from(utterance: &UtteranceId) -> Self {
        v1::UtteranceId {
            session: id_to_wire(utterance.session.0),
            turn: utterance.turn.0,
        }
    }
}

impl TryFrom<v1::UtteranceId> for UtteranceId {
    type Error = DecodeError;

    fn try_from(utterance: v1::UtteranceId) -> Result<Self, DecodeError> {
        let session = SessionId(id_from_wire("utterance.session", &utterance.session)?);
        Ok(UtteranceId {
            session,
            turn: TurnId(utterance.turn),
        })
    }
}

fn slots_to_wire(slots: &Map<alloc::string::String, Value>) -> Vec<v1::Slot> {
    slots
        .iter()
        .map(|(name, value)| v1::Slot {
            name: name.clone(),
            json: value.to_string(),
        })
        .collect()
}

fn slots_from_wire(slots: Vec<v1::Slot>) -> Result<Map<alloc::string::String, Value>, DecodeError> {
    slots
        .into_iter()
        .map(|slot| match serde_json::from_str(&slot.json) {
            Ok(value) => Ok((slot.name, value)),
            Err(error) => Err(DecodeError::Invalid {
                field: "slot.json",
                reason: error.to_string(),
            }),
        })
        .collect()
}

impl From<&TurnSummary> for v1::TurnSummary {
    fn from(summary: &TurnSummary) -> Self {
        let step = |step: &StepSummary| v1::Step {
            intent: step.intent.clone(),
            slots: slots_to_wire(&step.slots),
        };
        let partial = |partial: &Partial| v1::Partial {
            at_ms: partial.at_ms,
            text: partial.text.clone(),
        };
        let placement = |placement: &Placement| v1::Placement {
            capability: placement.capability.clone(),
            reason: placement.reason.clone(),
        };
        let hops = &summary.hops;
        v1::TurnSummary {
            file: summary.file.clone(),
            text: summary.text.clone(),
            intent: summary.intent.clone(),
            slots: slots_to_wire(&summary.slots),
            steps: summary.steps.iter().map(step).collect(),
            class: summary
                .class
                .map(|class| v1::LatencyClass::from(class).into()),
            reply: summary.reply.clone(),
            rejected: summary.rejected,
            ttfa_ms: summary.ttfa_ms,
            result_ms: summary.result_ms,
            endpoint_delay_ms: summary.endpoint_delay_ms,
            cut_off: summary.cut_off,
            early: summary.early,
            speculation: v1::Speculation::from(summary.speculation).into(),
            hops: Some(v1::HopTimings {
                endpoint_ms: hops.endpoint_ms,
                stt_final_ms: hops.stt_final_ms,
                prepare_ms: hops.prepare_ms,
                commit_ms: hops.commit_ms,
                tts_first_chunk_ms: hops.tts_first_chunk_ms,
                playback_ms: hops.playback_ms,
            }),
            partials: summary.partials.iter().map(partial).collect(),
            placements: summary.placements.iter().map(placement).collect(),
        }
    }
}

impl TryFrom<v1::TurnSummary> for TurnSummary {
    type Error = DecodeError;

    fn try_from(summary: v1::TurnSummary) -> Result<Self, DecodeError> {
        let step = |step: v1::Step| {
            Ok(StepSummary {
                intent: step.intent,
                slots: slots_from_wire(step.slots)?,
            })
        };
        let partial = |v1::Partial { at_ms, text }| Partial { at_ms, text };
        let placement = |placement: v1::Placement| Placement {
            capability: placement.capability,
            reason: placement.reason,
        };
        let hops = summary
            .hops
            .ok_or(DecodeError::Missing("turn_summary.hops"))?;
        Ok(TurnSummary {
            file: summary.file,
            text: summary.text,
            intent: summary.intent,
            slots: slots_from_wire(summary.slots)?,
            steps: summary
                .steps
                .into_iter()
                .map(step)
                .collect::<Result<_, DecodeError>>()?,
            class: summary.class.map(FromWire::from_wire).transpose()?,
            reply: summary.reply,
            rejected: summary.rejected,
            ttfa_ms: summary.ttfa_ms,
            result_ms: summary.result_ms,
            endpoint_delay_ms: summary.endpoint_delay_ms,
            cut_off: summary.cut_off,
            early: summary.early,
            speculation: FromWire::from_wire(summary.speculation)?,
            hops: HopTimings {
                endpoint_ms: hops.endpoint_ms,
                stt_final_ms: hops.stt_final_ms,
                prepare_ms: hops.prepare_ms,
                commit_ms: hops.commit_ms,
                tts_first_chunk_ms: hops.tts_first_chunk_ms,
                playback_ms: hops.playback_ms,
            },
            partials: summary.partials.into_iter().map(partial).collect(),
            placements: summary.placements.into_iter().map(placement).collect(),
        })
    }
}
