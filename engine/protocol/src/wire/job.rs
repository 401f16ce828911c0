//! Job frames.

use super::{DecodeError, FromWire, v1, wire_enum};
use crate::{AudioFormat, Capability, Hypothesis, JobError, JobFrame, JobOptions, Message, Tool};
use alloc::vec::Vec;
use v1::{job_frame::Kind, job_open::Options};

wire_enum!(
    JobErrorKind,
    "job_error.kind",
    [NotLoaded, Deadline, Backend, TooMuch]
);
wire_enum!(Role, "job_message.role", [User, Assistant, Tool]);

impl From<&JobFrame> for v1::JobFrame {
    fn from(frame: &JobFrame) -> Self {
        let kind = match frame.clone() {
            JobFrame::Open {
                capability:
                    Capability {
                        kind,
                        name,
                        variant,
                    },
                utterance,
                options,
            } => {
                let options = match options {
                    JobOptions::Transcribe {
                        jsgf,
                        likely,
                        language,
                        interim,
                    } => Options::Transcribe(v1::TranscribeOptions {
                        jsgf,
                        likely,
                        language,
                        interim,
                    }),
                    JobOptions::Synthesize {
                        voice,
                        speed_permille,
                    } => Options::Synthesize(v1::SynthesizeOptions {
                        voice,
                        speed_permille,
                    }),
                    JobOptions::Generate {
                        system,
                        history,
                        tools,
                        max_tokens,
                        temperature_milli,
                        seed,
                    } => Options::Generate(v1::GenerateOptions {
                        system,
                        history: history.into_iter().map(message_to_wire).collect(),
                        tools: tools.into_iter().map(tool_to_wire).collect(),
                        max_tokens,
                        temperature_milli,
                        seed,
                    }),
                };
                Kind::Open(v1::JobOpen {
                    capability: Some(v1::Capability {
                        kind,
                        name,
                        variant,
                    }),
                    utterance: Some((&utterance).into()),
                    options: Some(options),
                })
            }
            JobFrame::Audio { offset, samples } => Kind::Audio(v1::JobAudio { offset, samples }),
            JobFrame::Hypothesis {
                hypothesis:
                    Hypothesis {
                        committed,
                        tentative,
                        through,
                        is_final,
                        verdict,
                    },
            } => {
                let verdict = v1::Verdict::from(verdict).into();
                Kind::Hypothesis(v1::JobHypothesis {
                    committed,
                    tentative,
                    through,
                    is_final,
                    verdict,
                })
            }
            JobFrame::Text { text } => Kind::Text(v1::JobText { text }),
            JobFrame::Speech { format, samples } => Kind::Speech(v1::Speech {
                sample_rate_hz: format.sample_rate_hz,
                samples,
            }),
            JobFrame::Said { text, is_final } => Kind::Said(v1::JobSaid { text, is_final }),
            JobFrame::Delta { text } => Kind::Delta(v1::JobDelta { text }),
            JobFrame::ToolCall { name, arguments } => {
                Kind::ToolCall(v1::JobToolCall { name, arguments })
            }
            JobFrame::Finish => Kind::Finish(v1::JobFinish {}),
            JobFrame::Alive => Kind::Alive(v1::JobAlive {}),
            JobFrame::Error {
                error:
                    JobError {
                        kind,
                        message,
                        help,
                    },
            } => Kind::Error(v1::JobError {
                kind: v1::JobErrorKind::from(kind).into(),
                message,
                help,
            }),
        };
        v1::JobFrame { kind: Some(kind) }
    }
}

impl TryFrom<v1::JobFrame> for JobFrame {
    type Error = DecodeError;

    fn try_from(frame: v1::JobFrame) -> Result<Self, DecodeError> {
        Ok(
            match frame.kind.ok_or(DecodeError::Missing("job_frame.kind"))? {
                Kind::Open(v1::JobOpen {
                    capability,
                    utterance,
                    options,
                }) => {
                    let v1::Capability {
                        kind,
                        name,
                        variant,
                    } = capability.ok_or(DecodeError::Missing("job_open.capability"))?;
                    JobFrame::Open {
                        capability: Capability {
                            kind,
                            name,
                            variant,
                        },
                        utterance: utterance
                            .ok_or(DecodeError::Missing("job_open.utterance"))?
                            .try_into()?,
                        options: match options.ok_or(DecodeError::Missing("job_open.options"))? {
                            Options::Transcribe(v1::TranscribeOptions {
                                jsgf,
                                likely,
                                language,
                                interim,
                            }) => JobOptions::Transcribe {
                                jsgf,
                                likely,
                                language,
                                interim,
                            },
                            Options::Synthesize(v1::SynthesizeOptions {
                                voice,
                                speed_permille,
                            }) => JobOptions::Synthesize {
                                voice,
                                speed_permille,
                            },
                            Options::Generate(v1::GenerateOptions {
                                system,
                                history,
                                tools,
                                max_tokens,
                                temperature_milli,
                                seed,
                            }) => JobOptions::Generate {
                                system,
                                history: history
                                    .into_iter()
                                    .map(message_from_wire)
                                    .collect::<Result<Vec<_>, _>>()?,
                                tools: tools.into_iter().map(tool_from_wire).collect(),
                                max_tokens,
                                temperature_milli,
                                seed,
                            },
                        },
                    }
                }
                Kind::Audio(v1::JobAudio { offset, samples }) => {
                    JobFrame::Audio { offset, samples }
                }
                Kind::Hypothesis(v1::JobHypothesis {
                    committed,
                    tentative,
                    through,
                    is_final,
                    verdict,
                }) => {
                    let verdict = FromWire::from_wire(verdict)?;
                    JobFrame::Hypothesis {
                        hypothesis: Hypothesis {
                            committed,
                            tentative,
                            through,
                            is_final,
                            verdict,
                        },
                    }
                }
                Kind::Text(v1::JobText { text }) => JobFrame::Text { text },
                Kind::Speech(v1::Speech {
                    sample_rate_hz,
                    samples,
                }) => JobFrame::Speech {
                    format: AudioFormat { sample_rate_hz },
                    samples,
                },
                Kind::Said(v1::JobSaid { text, is_final }) => JobFrame::Said { text, is_final },
                Kind::Delta(v1::JobDelta { text }) => JobFrame::Delta { text },
                Kind::ToolCall(v1::JobToolCall { name, arguments }) => {
                    JobFrame::ToolCall { name, arguments }
                }
                Kind::Finish(v1::JobFinish {}) => JobFrame::Finish,
                Kind::Alive(v1::JobAlive {}) => JobFrame::Alive,
                Kind::Error(v1::JobError {
                    kind,
                    message,
                    help,
                }) => JobFrame::Error {
                    error: JobError {
                        kind: FromWire::from_wire(kind)?,
                        message,
                        help,
                    },
                },
            },
        )
    }
}

fn message_to_wire(Message { role, text }: Message) -> v1::JobMessage {
    let role = v1::Role::from(role).into();
    v1::JobMessage { role, text }
}

fn message_from_wire(message: v1::JobMessage) -> Result<Message, DecodeError> {
    let v1::JobMessage { role, text } = message;
    let role = FromWire::from_wire(role)?;
    Ok(Message { role, text })
}

fn tool_to_wire(tool: Tool) -> v1::JobTool {
    let Tool {
        name,
        about,
        parameters,
    } = tool;
    v1::JobTool {
        name,
        about,
        parameters,
    }
}

fn tool_from_wire(tool: v1::JobTool) -> Tool {
    let v1::JobTool {
        name,
        about,
        parameters,
    } = tool;
    Tool {
        name,
        about,
        parameters,
    }
}
