//! Frames of a model on its way.

use super::{DecodeError, v1};
use crate::{
    Capability, Problem,
    model::{ModelFrame, ModelWanted, Sha256},
};
use alloc::vec::Vec;
use v1::model_frame::Kind;

impl From<&ModelFrame> for v1::ModelFrame {
    fn from(frame: &ModelFrame) -> Self {
        let kind = match frame.clone() {
            ModelFrame::Wanted(ModelWanted {
                capability:
                    Capability {
                        kind,
                        name,
                        variant,
                    },
                sha256,
                here,
            }) => Kind::Wanted(v1::ModelWanted {
                capability: Some(v1::Capability {
                    kind,
                    name,
                    variant,
                }),
                sha256: sha256.map(Vec::from).unwrap_or_default(),
                here,
            }),
            ModelFrame::File {
                bytes,
                sha256,
                from,
            } => Kind::File(v1::ModelFile {
                bytes,
                sha256: sha256.into(),
                from,
            }),
            ModelFrame::Chunk { bytes } => Kind::Chunk(v1::ModelChunk { bytes }),
            ModelFrame::Refusal {
                problem:
                    Problem {
                        code,
                        message,
                        help,
                    },
            } => Kind::Refusal(v1::ModelRefusal {
                code,
                message,
                help,
            }),
        };
        v1::ModelFrame { kind: Some(kind) }
    }
}

impl TryFrom<v1::ModelFrame> for ModelFrame {
    type Error = DecodeError;

    fn try_from(v1::ModelFrame { kind }: v1::ModelFrame) -> Result<Self, DecodeError> {
        Ok(
            match kind.ok_or(DecodeError::Missing("model_frame.kind"))? {
                Kind::Wanted(v1::ModelWanted {
                    capability,
                    sha256,
                    here,
                }) => {
                    let v1::Capability {
                        kind,
                        name,
                        variant,
                    } = capability.ok_or(DecodeError::Missing("model_wanted.capability"))?;
                    ModelFrame::Wanted(ModelWanted {
                        capability: Capability {
                            kind,
                            name,
                            variant,
                        },
                        sha256: match sha256.is_empty() {
                            true => None,
                            false => Some(sum("model_wanted.sha256", &sha256)?),
                        },
                        here,
                    })
                }
                Kind::File(v1::ModelFile {
                    bytes,
                    sha256,
                    from,
                }) => ModelFrame::File {
                    bytes,
                    sha256: sum("model_file.sha256", &sha256)?,
                    from,
                },
                Kind::Chunk(v1::ModelChunk { bytes }) => ModelFrame::Chunk { bytes },
                Kind::Refusal(v1::ModelRefusal {
                    code,
                    message,
                    help,
                }) => ModelFrame::Refusal {
                    problem: Problem {
                        code,
                        message,
                        help,
                    },
                },
            },
        )
    }
}

fn sum(field: &'static str, bytes: &[u8]) -> Result<Sha256, DecodeError> {
    bytes.try_into().map_err(|_| DecodeError::Invalid {
        field,
        reason: alloc::format!("{} bytes instead of 32", bytes.len()),
    })
}
