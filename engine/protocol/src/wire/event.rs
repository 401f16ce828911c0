//! Envelopes and events.

use super::{DecodeError, FromWire, id_from_wire, id_to_wire, v1, wire_enum};
use crate::{Envelope, Event, SessionId, TurnId};
use v1::event::Kind;

wire_enum!(Verdict, "verdict", [Unknown, Accepted, Rejected]);
wire_enum!(
    EffectKind,
    "effects",
    [
        Timer, Device, List, Alarm, Storage, Http, Notify, Publish, Speak
    ]
);

impl From<&Envelope> for v1::Envelope {
    fn from(envelope: &Envelope) -> Self {
        v1::Envelope {
            trace_id: id_to_wire(envelope.trace_id),
            session_id: id_to_wire(envelope.session_id.0),
            turn: envelope.turn.map(|turn| turn.0),
            actor_id: envelope.actor_id.clone(),
            origin: envelope.origin.clone(),
            seq: envelope.seq,
            at_ms: envelope.at_ms,
            capability_tier: v1::QosTier::from(envelope.capability_tier).into(),
            privacy_scope: v1::PrivacyScope::from(envelope.privacy_scope).into(),
            event: Some(v1::Event {
                kind: Some(Kind::from(&envelope.event)),
            }),
        }
    }
}

impl TryFrom<v1::Envelope> for Envelope {
    type Error = DecodeError;

    fn try_from(envelope: v1::Envelope) -> Result<Self, DecodeError> {
        let kind = envelope
            .event
            .and_then(|event| event.kind)
            .ok_or(DecodeError::Missing("envelope.event"))?;
        Ok(Envelope {
            trace_id: id_from_wire("envelope.trace_id", &envelope.trace_id)?,
            session_id: SessionId(id_from_wire("envelope.session_id", &envelope.session_id)?),
            turn: envelope.turn.map(TurnId),
            actor_id: envelope.actor_id,
            origin: envelope.origin,
            seq: envelope.seq,
            at_ms: envelope.at_ms,
            capability_tier: FromWire::from_wire(envelope.capability_tier)?,
            privacy_scope: FromWire::from_wire(envelope.privacy_scope)?,
            event: kind.try_into()?,
        })
    }
}

impl From<&Event> for Kind {
    fn from(event: &Event) -> Self {
        match event.clone() {
            Event::SpeechStarted => Kind::SpeechStarted(v1::SpeechStarted {}),
            Event::SttPartial { text } => Kind::SttPartial(v1::SttPartial { text }),
            Event::SttFinal { text, verdict } => Kind::SttFinal(v1::SttFinal {
                text,
                verdict: v1::Verdict::from(verdict).into(),
            }),
            Event::NluResponse {
                text,
                intents,
                reply,
            } => Kind::NluResponse(v1::NluResponse {
                text,
                intents,
                reply,
            }),
            Event::SpeechEnded {
                endpoint_delay_ms,
                state,
            } => Kind::SpeechEnded(v1::SpeechEnded {
                endpoint_delay_ms,
                state,
            }),
            Event::SkillInvoke { intent } => Kind::SkillInvoke(v1::SkillInvoke { intent }),
            Event::SkillResult {
                intent,
                effects,
                ok,
            } => {
                let effects = effects
                    .into_iter()
                    .map(|effect| v1::EffectKind::from(effect).into())
                    .collect();
                Kind::SkillResult(v1::SkillResult {
                    intent,
                    effects,
                    ok,
                })
            }
            Event::TtsRequest { text } => Kind::TtsRequest(v1::TtsRequest { text }),
            Event::ReplyStarted { text } => Kind::ReplyStarted(v1::ReplyStarted { text }),
            Event::ReplyEnded { heard_ms } => Kind::ReplyEnded(v1::ReplyEnded { heard_ms }),
            Event::TimerRang { id, name, late_s } => {
                Kind::TimerRang(v1::TimerRang { id, name, late_s })
            }
            Event::TimerSilenced { id } => Kind::TimerSilenced(v1::TimerSilenced { id }),
            Event::AlarmRang {
                id,
                text,
                time,
                late_s,
            } => Kind::AlarmRang(v1::AlarmRang {
                id,
                text,
                time,
                late_s,
            }),
            Event::AlarmSilenced { id } => Kind::AlarmSilenced(v1::AlarmSilenced { id }),
            Event::SkillNotice { skill, text, aloud } => {
                Kind::SkillNotice(v1::SkillNotice { skill, text, aloud })
            }
            Event::PinWanted { wanted } => Kind::PinWanted(v1::PinWanted { wanted }),
            Event::SkillPublished {
                skill,
                topic,
                payload,
            } => Kind::SkillPublished(v1::SkillPublished {
                skill,
                topic,
                payload,
            }),
            Event::Degraded {
                what,
                message,
                help,
            } => Kind::Degraded(v1::Degraded {
                what,
                message,
                help,
            }),
            Event::VisualCardUpdate(card) => Kind::VisualCardUpdate(card),
            Event::TurnSummary(summary) => Kind::TurnSummary(v1::TurnSummary::from(&summary)),
        }
    }
}

impl TryFrom<Kind> for Event {
    type Error = DecodeError;

    fn try_from(kind: Kind) -> Result<Self, DecodeError> {
        Ok(match kind {
            Kind::SpeechStarted(v1::SpeechStarted {}) => Event::SpeechStarted,
            Kind::SttPartial(v1::SttPartial { text }) => Event::SttPartial { text },
            Kind::SttFinal(v1::SttFinal { text, verdict }) => Event::SttFinal {
                text,
                verdict: FromWire::from_wire(verdict)?,
            },
            Kind::NluResponse(v1::NluResponse {
                text,
                intents,
                reply,
            }) => Event::NluResponse {
                text,
                intents,
                reply,
            },
            Kind::SpeechEnded(v1::SpeechEnded {
                endpoint_delay_ms,
                state,
            }) => Event::SpeechEnded {
                endpoint_delay_ms,
                state,
            },
            Kind::SkillInvoke(v1::SkillInvoke { intent }) => Event::SkillInvoke { intent },
            Kind::SkillResult(v1::SkillResult {
                intent,
                effects,
                ok,
            }) => {
                let effects = effects
                    .into_iter()
                    .map(FromWire::from_wire)
                    .collect::<Result<_, _>>()?;
                Event::SkillResult {
                    intent,
                    effects,
                    ok,
                }
            }
            Kind::TtsRequest(v1::TtsRequest { text }) => Event::TtsRequest { text },
            Kind::ReplyStarted(v1::ReplyStarted { text }) => Event::ReplyStarted { text },
            Kind::ReplyEnded(v1::ReplyEnded { heard_ms }) => Event::ReplyEnded { heard_ms },
            Kind::TimerRang(v1::TimerRang { id, name, late_s }) => {
                Event::TimerRang { id, name, late_s }
            }
            Kind::TimerSilenced(v1::TimerSilenced { id }) => Event::TimerSilenced { id },
            Kind::AlarmRang(v1::AlarmRang {
                id,
                text,
                time,
                late_s,
            }) => Event::AlarmRang {
                id,
                text,
                time,
                late_s,
            },
            Kind::AlarmSilenced(v1::AlarmSilenced { id }) => Event::AlarmSilenced { id },
            Kind::SkillNotice(v1::SkillNotice { skill, text, aloud }) => {
                Event::SkillNotice { skill, text, aloud }
            }
            Kind::PinWanted(v1::PinWanted { wanted }) => Event::PinWanted { wanted },
            Kind::SkillPublished(v1::SkillPublished {
                skill,
                topic,
                payload,
            }) => Event::SkillPublished {
                skill,
                topic,
                payload,
            },
            Kind::Degraded(v1::Degraded {
                what,
                message,
                help,
            }) => Event::Degraded {
                what,
                message,
                help,
            },
            Kind::VisualCardUpdate(card) => Event::VisualCardUpdate(card),
            Kind::TurnSummary(summary) => Event::TurnSummary(summary.try_into()?),
        })
    }
}
