//! Frames between a hub and a node.

use loqa_protocol::{
    Problem,
    link::{AudioCodec, Beat, Hello, LinkFrame, NodeRole, Offer, StreamKind, Welcome},
};

/// Those of a link.
pub fn link() -> Vec<(&'static str, LinkFrame)> {
    let offer = Offer {
        capability: "llm.llama3:7b:q4_k_m".parse().unwrap(),
        slots: 2,
        running: 1,
        rtf_permille: 0,
        first_ms: 420,
    };
    vec![
        (
            "hello",
            LinkFrame::Hello(Hello {
                oldest_version: 1,
                newest_version: 2,
                name: "the box in the cellar".into(),
                software: "loqa-node 0.1.0".into(),
                roles: vec![NodeRole::Inference, NodeRole::Puck, NodeRole::Display],
                offers: vec![offer.clone()],
                codecs: vec![AudioCodec::Opus, AudioCodec::Pcm16],
            }),
        ),
        (
            "welcome",
            LinkFrame::Welcome(Welcome {
                version: 1,
                name: "Home".into(),
                software: "loqa 0.1.0".into(),
                codec: AudioCodec::Opus,
            }),
        ),
        (
            "refusal",
            LinkFrame::Refusal {
                problem: Problem {
                    code: "revoked".into(),
                    message: "this node was removed".into(),
                    help: "pair it again".into(),
                },
            },
        ),
        (
            "beat",
            LinkFrame::Beat(Beat {
                ordinal: 300,
                seen: 299,
                next_ms: 1000,
                load_permille: 125,
                offers: Some(vec![offer]),
                models: 0,
            }),
        ),
        (
            "beat_models",
            LinkFrame::Beat(Beat {
                ordinal: 301,
                models: 3,
                ..Beat::default()
            }),
        ),
        (
            "open",
            LinkFrame::Open {
                stream: StreamKind::Client,
            },
        ),
        (
            "open_page",
            LinkFrame::Open {
                stream: StreamKind::Page,
            },
        ),
        (
            "certificate",
            LinkFrame::Certificate {
                der: vec![0x30, 0x82],
            },
        ),
    ]
}
