//! `loqa say`: speaks a text, aloud or into a file.

use super::{Common, link::Link, wav_file};
use loqa_protocol::{ClientFrame, Problem, ServerFrame};
use std::{path::PathBuf, process::ExitCode};

/// Arguments of `loqa say`.
#[derive(clap::Args)]
pub struct SayArgs {
    /// What to say
    text: String,
    /// Write a WAV file instead of playing it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Voice, such as slt, rms, espeak:en-us or kokoro:af_heart
    #[arg(long)]
    voice: Option<String>,
}

/// Speaks; the file appears only when it is whole.
pub async fn run(common: &Common, args: SayArgs) -> Result<ExitCode, Problem> {
    let mut link = Link::open_for_reading(common).await?;
    let mut rate = 0;
    let mut speech: Vec<f32> = Vec::new();
    let to_client = args.out.is_some();
    link.request(
        |id| ClientFrame::Say {
            id,
            text: args.text,
            voice: args.voice,
            to_client,
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
    link.close().await;
    if let Some(path) = args.out {
        wav_file::write(&path, rate, &speech)?;
    }
    Ok(ExitCode::SUCCESS)
}
