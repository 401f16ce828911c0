//! Frames of jobs.

use loqa_protocol::{
    AudioFormat, Hypothesis, JobError, JobErrorKind, JobFrame, JobOptions, Message, Role,
    SessionId, Tool, TurnId, UtteranceId, Verdict,
};

/// Those of a job.
pub fn job() -> Vec<(&'static str, JobFrame)> {
    let utterance = UtteranceId {
        session: SessionId(0x0123_4567),
        turn: TurnId(2),
    };
    let open = |capability: &str, options| JobFrame::Open {
        capability: capability.parse().unwrap(),
        utterance,
        options,
    };
    let hypothesis = Hypothesis {
        committed: "set a".into(),
        tentative: "timer".into(),
        through: 16_000,
        is_final: false,
        verdict: Verdict::Accepted,
    };
    let error = JobError {
        kind: JobErrorKind::NotLoaded,
        message: "no model".into(),
        help: "wait".into(),
    };
    vec![
        (
            "open_stt",
            open(
                "stt.whisper:small.en",
                JobOptions::Transcribe {
                    jsgf: Some("#JSGF V1.0;".into()),
                    likely: vec![],
                    language: None,
                    interim: false,
                },
            ),
        ),
        (
            "open_stt_open",
            open(
                "stt.whisper",
                JobOptions::Transcribe {
                    jsgf: None,
                    likely: vec![],
                    language: None,
                    interim: false,
                },
            ),
        ),
        (
            "open_stt_likely",
            open(
                "stt.whisper:base",
                JobOptions::Transcribe {
                    jsgf: None,
                    likely: vec!["kitchen light".into(), "timer".into()],
                    language: Some("de".into()),
                    interim: true,
                },
            ),
        ),
        (
            "open_tts",
            open(
                "tts.flite:slt",
                JobOptions::Synthesize {
                    voice: "slt".into(),
                    speed_permille: 0,
                },
            ),
        ),
        (
            "open_tts_faster",
            open(
                "tts.kokoro:af_heart",
                JobOptions::Synthesize {
                    voice: "kokoro:af_heart".into(),
                    speed_permille: 1250,
                },
            ),
        ),
        (
            "open_llm",
            open(
                "llm.llama:small",
                JobOptions::Generate {
                    system: "You are Loqa.".into(),
                    history: [Role::User, Role::Assistant, Role::Tool]
                        .map(|role| Message {
                            role,
                            text: "hello".into(),
                        })
                        .into(),
                    tools: vec![Tool {
                        name: "weather".into(),
                        about: "the weather of a day".into(),
                        parameters: r#"{"type":"object"}"#.into(),
                    }],
                    max_tokens: 120,
                    temperature_milli: 700,
                    seed: 7,
                },
            ),
        ),
        (
            "said",
            JobFrame::Said {
                text: "will it".into(),
                is_final: true,
            },
        ),
        ("delta", JobFrame::Delta { text: "It".into() }),
        (
            "tool_call",
            JobFrame::ToolCall {
                name: "weather".into(),
                arguments: r#"{"day":"today"}"#.into(),
            },
        ),
        (
            "audio",
            JobFrame::Audio {
                offset: 320,
                samples: vec![0.125; 3],
            },
        ),
        ("hypothesis", JobFrame::Hypothesis { hypothesis }),
        (
            "text",
            JobFrame::Text {
                text: "Ten minutes".into(),
            },
        ),
        (
            "speech",
            JobFrame::Speech {
                format: AudioFormat {
                    sample_rate_hz: 22_050,
                },
                samples: vec![1.0],
            },
        ),
        ("finish", JobFrame::Finish),
        ("alive", JobFrame::Alive),
        ("error", JobFrame::Error { error }),
    ]
}
