//! `loqa model bench`: how fast a model is on this machine.

use super::problem;
use crate::{
    cli::{Common, output},
    config::Config,
    library::{Library, Measured},
    models,
    workers::Whisper,
};
use futures::{StreamExt, stream};
use loqa_core::seams::{SAMPLE_RATE_HZ, SpeechToText, TextToSpeech, TranscribeOptions, Voice};
use loqa_inference::{resample::resample, tts::Voices, wav};
use loqa_protocol::Problem;
use serde_json::json;
use std::{process::ExitCode, time::Duration};
use tokio::time::{Instant, timeout};

/// About 4 s, as long as a command that is not short.
const SENTENCE: &str =
    "please turn off the lights in the kitchen, and set a timer for twenty minutes";
/// How often it is read.
const TIMES: usize = 5;
/// Longer than a model of any size takes on a machine that it fits.
const CEILING: Duration = Duration::from_secs(120);

/// Measures a model and notes what was found.
pub async fn run(
    common: &Common,
    config: &Config,
    library: &Library,
    name: &str,
) -> Result<ExitCode, Problem> {
    let help = "`loqa model list` tells which are here and fit";
    let failed = |why: &str| problem(why, "`loqa doctor` tells what is missing");
    let chosen = models::by_name(name, &config.hub.data).map_err(|why| problem(&why, help))?;
    let speech = speech().await.map_err(|why| failed(&why))?;
    let process = chosen.process.clone();
    let whisper = Whisper::new(chosen.process, chosen.capability, Some("en".into()));
    let told = timeout(CEILING, process.loaded()).await;
    let told = told.map_err(|_| problem(&format!("`{name}` does not load"), help))?;
    let told = told.map_err(|error| problem(&error.to_string(), help))?;
    let load_ms = told["load_ms"].as_f64().unwrap_or_default();
    let mut took = Vec::new();
    for _ in 0..TIMES {
        let last_word = timeout(CEILING, last_word(&whisper, &speech)).await;
        let last_word = last_word.map_err(|_| failed("it does not end"))?;
        took.push(last_word.map_err(|why| failed(&why))?.as_secs_f64() * 1e3);
    }
    took.sort_by(f64::total_cmp);
    let found = Measured {
        load_ms,
        speech_s: speech.len() as f64 / f64::from(SAMPLE_RATE_HZ),
        last_word_ms: took[TIMES / 2],
    };
    library.note_measured(name, found)?;
    output::print_line(&match common.json {
        true => json!({ "name": name, "measured": found }).to_string(),
        false => format!(
            "`{name}` reads {:.1} s of speech in {:.0} ms, and is loaded in {:.0} ms",
            found.speech_s, found.last_word_ms, found.load_ms
        ),
    });
    Ok(ExitCode::SUCCESS)
}

/// Somebody who speaks, at 16 kHz.
async fn speech() -> Result<Vec<f32>, String> {
    let text = stream::iter([SENTENCE.to_owned()]).boxed();
    let mut chunks = Voices::load().synthesize(text, Voice::default());
    let (mut samples, mut rate) = (Vec::new(), SAMPLE_RATE_HZ);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| error.to_string())?;
        rate = chunk.sample_rate_hz;
        samples.extend(chunk.samples);
    }
    resample(&samples, rate, SAMPLE_RATE_HZ).map_err(|error| error.to_string())
}

/// From the end of speech that came all at once to its last word.
async fn last_word(whisper: &Whisper, speech: &[f32]) -> Result<Duration, String> {
    let frames: Vec<_> = wav::frames(speech).collect();
    let began = Instant::now();
    let mut words = whisper.transcribe(stream::iter(frames).boxed(), TranscribeOptions::default());
    while let Some(heard) = words.next().await {
        if heard.map_err(|error| error.to_string())?.is_final {
            return Ok(began.elapsed());
        }
    }
    Err("it ended without a last word".into())
}
