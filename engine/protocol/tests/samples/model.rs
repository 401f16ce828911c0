//! Frames of a model on its way to a node.

use loqa_protocol::{
    Problem,
    model::{ModelFrame, ModelWanted},
};
use proptest::prelude::*;

pub fn model() -> Vec<(&'static str, ModelFrame)> {
    let wanted = |sha256, here| {
        ModelFrame::Wanted(ModelWanted {
            capability: "stt.whisper:whisper-base-en".parse().unwrap(),
            sha256,
            here,
        })
    };
    vec![
        ("wanted", wanted(None, 0)),
        ("wanted_more", wanted(Some([7; 32]), 1 << 33)),
        (
            "file",
            ModelFrame::File {
                bytes: 147_964_211,
                sha256: [7; 32],
                from: 1 << 20,
            },
        ),
        (
            "chunk",
            ModelFrame::Chunk {
                bytes: vec![0x67, 0x67, 0x6d, 0x6c],
            },
        ),
        (
            "refusal",
            ModelFrame::Refusal {
                problem: Problem {
                    code: "model_unknown".into(),
                    message: "the hub knows no such model".into(),
                    help: "write another name".into(),
                },
            },
        ),
    ]
}

/// Any values in them.
pub fn any_model_frame() -> impl Strategy<Value = ModelFrame> {
    let text = || "\\PC{0,12}";
    prop_oneof![
        (
            ("[a-z]{1,8}", "[a-z]{1,8}", text()),
            any::<Option<[u8; 32]>>(),
            any::<u64>()
        )
            .prop_map(|((kind, name, variant), sha256, here)| {
                ModelFrame::Wanted(ModelWanted {
                    capability: loqa_protocol::Capability {
                        kind,
                        name,
                        variant,
                    },
                    sha256,
                    here,
                })
            }),
        (any::<u64>(), any::<[u8; 32]>(), any::<u64>()).prop_map(|(bytes, sha256, from)| {
            ModelFrame::File {
                bytes,
                sha256,
                from,
            }
        }),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(|bytes| ModelFrame::Chunk { bytes }),
        (text(), text(), text()).prop_map(|(code, message, help)| ModelFrame::Refusal {
            problem: Problem {
                code,
                message,
                help,
            },
        }),
    ]
}
