//! Frames of a link.

use super::{DecodeError, FromWire, v1, wire_enum};
use crate::{
    Capability, Problem,
    link::{AudioCodec, Beat, Hello, LinkFrame, Offer, StreamKind, Welcome},
};
use alloc::vec::Vec;
use v1::link_frame::Kind;

wire_enum!(NodeRole, "link_hello.roles", [Inference, Puck, Display]);
wire_enum!(AudioCodec, "link.codec", [Pcm16, Opus]);
wire_enum!(StreamKind, "link_open.kind", [Job, Client, Page, Model]);

impl From<&LinkFrame> for v1::LinkFrame {
    fn from(frame: &LinkFrame) -> Self {
        let kind = match frame.clone() {
            LinkFrame::Hello(hello) => Kind::Hello(v1::LinkHello {
                oldest_version: hello.oldest_version,
                newest_version: hello.newest_version,
                name: hello.name,
                software: hello.software,
                roles: hello
                    .roles
                    .into_iter()
                    .map(|role| v1::NodeRole::from(role).into())
                    .collect(),
                offers: to_wire(hello.offers),
                codecs: hello
                    .codecs
                    .into_iter()
                    .map(|codec| v1::AudioCodec::from(codec).into())
                    .collect(),
            }),
            LinkFrame::Welcome(welcome) => Kind::Welcome(v1::LinkWelcome {
                version: welcome.version,
                name: welcome.name,
                software: welcome.software,
                codec: v1::AudioCodec::from(welcome.codec).into(),
            }),
            LinkFrame::Refusal {
                problem:
                    Problem {
                        code,
                        message,
                        help,
                    },
            } => Kind::Refusal(v1::LinkRefusal {
                code,
                message,
                help,
            }),
            LinkFrame::Beat(beat) => Kind::Beat(v1::LinkBeat {
                ordinal: beat.ordinal,
                seen: beat.seen,
                next_ms: beat.next_ms,
                load_permille: beat.load_permille,
                offers: beat.offers.map(|offers| v1::LinkOffers {
                    offers: to_wire(offers),
                }),
                models: beat.models,
            }),
            LinkFrame::Open { stream } => Kind::Open(v1::LinkOpen {
                kind: v1::StreamKind::from(stream).into(),
            }),
            LinkFrame::Certificate { der } => Kind::Certificate(v1::LinkCertificate { der }),
        };
        v1::LinkFrame { kind: Some(kind) }
    }
}

impl TryFrom<v1::LinkFrame> for LinkFrame {
    type Error = DecodeError;

    fn try_from(v1::LinkFrame { kind }: v1::LinkFrame) -> Result<Self, DecodeError> {
        Ok(match kind.ok_or(DecodeError::Missing("link_frame.kind"))? {
            Kind::Hello(hello) => LinkFrame::Hello(Hello {
                oldest_version: hello.oldest_version,
                newest_version: hello.newest_version,
                name: hello.name,
                software: hello.software,
                // What only a later version knows is nothing to this one: its versions say what counts.
                roles: known(hello.roles),
                offers: from_wire(hello.offers)?,
                codecs: known(hello.codecs),
            }),
            Kind::Welcome(welcome) => LinkFrame::Welcome(Welcome {
                version: welcome.version,
                name: welcome.name,
                software: welcome.software,
                codec: AudioCodec::from_wire(welcome.codec)?,
            }),
            Kind::Refusal(v1::LinkRefusal {
                code,
                message,
                help,
            }) => LinkFrame::Refusal {
                problem: Problem {
                    code,
                    message,
                    help,
                },
            },
            Kind::Beat(beat) => LinkFrame::Beat(Beat {
                ordinal: beat.ordinal,
                seen: beat.seen,
                next_ms: beat.next_ms,
                load_permille: beat.load_permille,
                offers: beat
                    .offers
                    .map(|offers| from_wire(offers.offers))
                    .transpose()?,
                models: beat.models,
            }),
            Kind::Open(v1::LinkOpen { kind }) => LinkFrame::Open {
                stream: StreamKind::from_wire(kind)?,
            },
            Kind::Certificate(v1::LinkCertificate { der }) => LinkFrame::Certificate { der },
        })
    }
}

fn known<T: FromWire>(values: Vec<i32>) -> Vec<T> {
    let values = values.into_iter();
    values.filter_map(|it| T::from_wire(it).ok()).collect()
}

fn to_wire(offers: Vec<Offer>) -> Vec<v1::LinkOffer> {
    let one = |offer: Offer| {
        let Capability {
            kind,
            name,
            variant,
        } = offer.capability;
        v1::LinkOffer {
            capability: Some(v1::Capability {
                kind,
                name,
                variant,
            }),
            slots: offer.slots,
            running: offer.running,
            rtf_permille: offer.rtf_permille,
            first_ms: offer.first_ms,
        }
    };
    offers.into_iter().map(one).collect()
}

fn from_wire(offers: Vec<v1::LinkOffer>) -> Result<Vec<Offer>, DecodeError> {
    let one = |offer: v1::LinkOffer| {
        let v1::Capability {
            kind,
            name,
            variant,
        } = offer
            .capability
            .ok_or(DecodeError::Missing("link_offer.capability"))?;
        Ok(Offer {
            capability: Capability {
                kind,
                name,
                variant,
            },
            slots: offer.slots,
            running: offer.running,
            rtf_permille: offer.rtf_permille,
            first_ms: offer.first_ms,
        })
    };
    offers.into_iter().map(one).collect()
}
