//! `loqa transcribe`: the words of recordings, without acting.

use super::{Common, link::Link, output};
use loqa_inference::wav;
use loqa_protocol::{ClientFrame, Problem, ServerFrame};
use serde_json::json;
use std::{path::PathBuf, process::ExitCode};

/// Arguments of `loqa transcribe`.
#[derive(clap::Args)]
pub struct TranscribeArgs {
    /// WAV files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Open vocabulary instead of the household's commands
    #[arg(long)]
    open: bool,
}

/// One line per readable file, in order; fails if any was not.
pub async fn run(common: &Common, args: TranscribeArgs) -> Result<ExitCode, Problem> {
    let mut link = Link::open_for_reading(common).await?;
    let mut code = ExitCode::SUCCESS;
    for path in args.files {
        let file = path.display().to_string();
        let samples = match wav::read(&path) {
            Ok(samples) => samples,
            Err(error) => {
                output::print_error(&error);
                code = ExitCode::FAILURE;
                continue;
            }
        };
        let audio_s = (samples.len() as f64 / f64::from(loqa_core::seams::SAMPLE_RATE_HZ) * 1e3)
            .round()
            / 1e3;
        let open = args.open;
        let outcome = link
            .request_with_audio(
                |id| ClientFrame::Transcribe { id, open },
                &samples,
                &mut |frame| {
                    let ServerFrame::Transcript { text, rejected, decode_ms, .. } = frame else { return };
                    if common.json {
                        let decode_ms = (decode_ms * 10.0).round() / 10.0;
                        output::print_json(&json!({ "file": file, "text": text, "rejected": rejected, "audio_s": audio_s, "decode_ms": decode_ms }));
                    } else if rejected {
                        output::print_line(&format!("{file}: (not a command; try --open)"));
                    } else {
                        output::print_line(&format!("{file}: {text}"));
                    }
                },
            )
            .await;
        if let Err(problem) = outcome {
            output::print_error(&format!("{file}: {problem}"));
            code = ExitCode::FAILURE;
        }
    }
    link.close().await;
    Ok(code)
}
