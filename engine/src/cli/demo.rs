//! The spoken demonstration: commands in synthesised voices, fed in real time through the code
//! that serves a microphone. It runs on a household and data folder of its own.

use super::{
    link::{Link, Stimulus},
    output, wav_file,
};
use crate::hub::HubOptions;
use loqa_protocol::{ClientFrame, Problem, ServerFrame, StepSummary, TurnSummary};
use std::path::Path;

/// Voices differ from Loqa's own, and from each other.
struct Line {
    voice: &'static str,
    says: &'static str,
    /// Steps joined by ` + `, as [`meant`] writes them.
    means: &'static str,
}

const SCRIPT: &[Line] = &[
    Line {
        voice: "awb",
        says: "set a timer for ten minutes",
        means: "timers.set duration=600",
    },
    Line {
        voice: "slt",
        says: "turn off the kitchen lights",
        means: "home.turn_off device=kitchen_lights",
    },
    Line {
        voice: "rms",
        says: "what time is it",
        means: "clock.time",
    },
    Line {
        voice: "rms",
        says: "how much time is left",
        means: "timers.left",
    },
    Line {
        voice: "slt",
        says: "add milk to the shopping list",
        means: "home.list_add item=milk list=shopping_list",
    },
    Line {
        voice: "rms",
        says: "turn on the living room lights and set a timer for twenty minutes",
        means: "home.turn_on device=living_room_lights + timers.set duration=1200",
    },
    Line {
        voice: "slt",
        says: "cancel all timers",
        means: "timers.cancel_all",
    },
];

/// How the demonstration went.
pub struct Outcome {
    /// Commands answered rightly.
    pub right: usize,
    /// Commands spoken.
    pub spoken: usize,
}

/// Speaks the script to an engine of its own. Replies are written as WAV files into `replies`.
///
/// # Errors
/// A [`Problem`] when the engine cannot hear or speak at all.
pub async fn run(json: bool, replies: &Path) -> Result<Outcome, Problem> {
    let scratch = tempfile::tempdir().map_err(|error| Problem {
        code: "no_temp".into(),
        message: format!("no temporary folder for the demonstration: {error}"),
        help: "free some disk space, or set TMPDIR".into(),
    })?;
    std::fs::create_dir_all(replies).map_err(|error| Problem {
        code: "no_replies_folder".into(),
        message: format!("{}: {error}", replies.display()),
        help: "free some disk space, or make the folder writable".into(),
    })?;
    let mut link = Link::embed(HubOptions::demonstration(scratch.path())).await?;
    let mut ttfa_ms: Vec<f64> = Vec::new();
    let mut right = 0;
    for (number, line) in SCRIPT.iter().enumerate() {
        let stimulus = synthesise(&mut link, line.voice, line.says).await?;
        if !json {
            output::print_line(&format!("\n“{}”  ({})", line.says, line.voice));
        }
        let (summary, reply) = speak(&mut link, stimulus, json).await?;
        let meaning = meant(&summary);
        if meaning == line.means {
            right += 1;
        } else if !json {
            output::print_line(&format!(
                "  WRONG    meant    {}\n           answered {meaning}",
                line.means
            ));
        }
        ttfa_ms.extend(summary.ttfa_ms);
        if let Some((rate, samples)) = reply {
            let path = replies.join(format!(
                "{:02}-{}.wav",
                number + 1,
                line.says.replace(' ', "-")
            ));
            wav_file::write(&path, rate, &samples)?;
            if !json {
                output::print_line(&format!("  written  {}", path.display()));
            }
        }
    }
    link.close().await;
    ttfa_ms.sort_by(f64::total_cmp);
    let middle = ttfa_ms.get(ttfa_ms.len() / 2).copied();
    let worst = ttfa_ms.last().copied();
    if json {
        output::print_json(
            &serde_json::json!({ "subject": "demo.summary", "right": right, "spoken": SCRIPT.len(), "ttfa_ms_p50": middle, "ttfa_ms_max": worst }),
        );
    } else {
        let latency = match (middle, worst) {
            (Some(middle), Some(worst)) => format!(
                " · end of speech → first sound: median {middle:.0} ms, worst {worst:.0} ms"
            ),
            _ => String::new(),
        };
        output::print_line(&format!(
            "\n{right} of {} answered rightly{latency}",
            SCRIPT.len()
        ));
    }
    Ok(Outcome {
        right,
        spoken: SCRIPT.len(),
    })
}

/// What was understood: `home.turn_on device=fan + timers.set duration=60`.
pub(super) fn meant(summary: &TurnSummary) -> String {
    let step = |step: &StepSummary| output::step(&step.intent, step.slots.clone());
    summary
        .steps
        .iter()
        .map(step)
        .collect::<Vec<_>>()
        .join(" + ")
}

/// The command in a synthetic voice, with 0.3 s of silence before and 1.5 s after.
pub(super) async fn synthesise(
    link: &mut Link,
    voice: &str,
    says: &str,
) -> Result<Stimulus, Problem> {
    let mut rate = 0;
    let mut speech = Vec::new();
    link.request(
        |id| ClientFrame::Say {
            id,
            text: says.into(),
            voice: Some(voice.into()),
            to_client: true,
        },
        &mut |frame| {
            if let ServerFrame::Speech {
                format, samples, ..
            } = frame
            {
                rate = format.sample_rate_hz;
                speech.extend(samples);
            }
        },
    )
    .await?;
    let speech =
        loqa_inference::resample::resample(&speech, rate, loqa_core::seams::SAMPLE_RATE_HZ)
            .map_err(|error| Problem {
                code: "resample".into(),
                message: error.to_string(),
                help: String::new(),
            })?;
    let last = speech
        .iter()
        .rposition(|sample| sample.abs() > 0.01)
        .map_or(speech.len(), |index| index + 1);
    let lead = loqa_core::seams::SAMPLE_RATE_HZ as usize * 3 / 10;
    let tail = loqa_core::seams::SAMPLE_RATE_HZ as usize * 3 / 2;
    let mut samples = vec![0.0; lead];
    samples.extend(&speech[..last]);
    samples.resize(samples.len() + tail, 0.0);
    Ok(Stimulus {
        file: None,
        samples,
        speech_end: Some((lead + last) as u64),
        fast: false,
    })
}

async fn speak(
    link: &mut Link,
    stimulus: Stimulus,
    json: bool,
) -> Result<(TurnSummary, Option<(u32, Vec<f32>)>), Problem> {
    let mut live = output::LiveTurn::default();
    let mut ended = None;
    let mut reply: Option<(u32, Vec<f32>)> = None;
    link.speak(stimulus, &mut |frame| match frame {
        ServerFrame::Event { envelope, .. } if json => output::print_json(&envelope.document()),
        ServerFrame::Event { envelope, .. } => live.show(&envelope),
        ServerFrame::Speech {
            format, samples, ..
        } => {
            reply
                .get_or_insert_with(|| (format.sample_rate_hz, Vec::new()))
                .1
                .extend(samples);
        }
        ServerFrame::Turn { summary, .. } => {
            if json {
                output::print_json(&output::summary_json(&summary));
            } else {
                live.end(&summary);
            }
            ended = Some(summary);
        }
        _ => {}
    })
    .await?;
    let summary = ended.ok_or_else(|| Problem {
        code: "no_answer".into(),
        message: "the engine ended without answering".into(),
        help: "run `loqa doctor`".into(),
    })?;
    Ok((summary, reply))
}
