//! Frames about nodes.

use loqa_protocol::{Called, ClientFrame, Hears, NodeEdit, NodeId, NodeSettings, ServerFrame};

pub fn client() -> Vec<(&'static str, ClientFrame)> {
    let node = NodeId([9; 32]);
    vec![
        ("nodes", ClientFrame::Nodes { id: 3, on: true }),
        ("pairing_open", edit(NodeEdit::Open)),
        ("pairing_given", edit(NodeEdit::Given("4082 1957".into()))),
        ("pairing_accept", edit(NodeEdit::Accept(node))),
        ("pairing_close", edit(NodeEdit::Close)),
        (
            "node_set",
            edit(NodeEdit::Set {
                node,
                to: NodeSettings {
                    name: Some("Kitchen".into()),
                    ..NodeSettings::default()
                },
            }),
        ),
        (
            "node_set_sound",
            edit(NodeEdit::Set {
                node,
                to: NodeSettings {
                    volume: Some(40),
                    muted: Some(true),
                    ..NodeSettings::default()
                },
            }),
        ),
        (
            "node_set_hears",
            edit(NodeEdit::Set {
                node,
                to: NodeSettings {
                    hears: Some(Hears::Kept),
                    ..NodeSettings::default()
                },
            }),
        ),
        ("node_revoke", edit(NodeEdit::Revoke(node))),
        (
            "puck",
            ClientFrame::Puck {
                id: 3,
                muted: Some(true),
            },
        ),
        (
            "ask_audio_called",
            ClientFrame::AskAudio {
                id: 3,
                file: None,
                speech_end: None,
                fast: false,
                called: Some(Called {
                    utterance: 7,
                    phrase: "hey loqa".into(),
                    ago_ms: 180,
                    above_noise_db: 24.5,
                    score: 0.75,
                    detector: "pocketsphinx".into(),
                    doubted: false,
                }),
            },
        ),
        (
            "ask_audio_doubted",
            ClientFrame::AskAudio {
                id: 3,
                file: None,
                speech_end: None,
                fast: false,
                called: Some(Called {
                    utterance: 7,
                    phrase: "hey loqa".into(),
                    ago_ms: 180,
                    above_noise_db: 24.5,
                    score: 0.75,
                    detector: "keyphrase".into(),
                    doubted: true,
                }),
            },
        ),
    ]
}

pub fn server() -> Vec<(&'static str, ServerFrame)> {
    vec![
        ("chosen", ServerFrame::Chosen { id: 3 }),
        (
            "puck_settings",
            ServerFrame::Puck {
                id: 3,
                volume: 40,
                muted: true,
            },
        ),
    ]
}

fn edit(edit: NodeEdit) -> ClientFrame {
    ClientFrame::EditNodes {
        id: 3,
        pin: "1815".into(),
        edit,
    }
}
