//! `loqa model bench`: how fast a model is on this machine.

use super::{choose::kind_of, problem};
use crate::{
    cli::{Common, output},
    config::{Config, Thinking},
    hub,
    library::{Kind, Library, Measured},
    models,
    workers::{Llama, Whisper, Work},
};
use futures::{StreamExt, stream};
use loqa_core::seams::{
    AnswerOptions, Answered, LanguageModel, SAMPLE_RATE_HZ, Said, SpeakOptions, SpeechToText,
    TextToSpeech, TranscribeOptions,
};
use loqa_inference::{resample::resample, tts::Voices, wav};
use loqa_jobs::Process;
use loqa_protocol::Problem;
use serde_json::json;
use std::{process::ExitCode, time::Duration};
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

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
    let found = match kind_of(library, name) {
        Kind::Llm => answers(config, name).await?,
        _ => hears(config, name).await?,
    };
    library.note_measured(name, found)?;
    output::print_line(&match common.json {
        true => json!({ "name": name, "measured": found }).to_string(),
        false => format!("`{name}`: {}", self::found(&found)),
    });
    Ok(ExitCode::SUCCESS)
}

/// For people.
pub fn found(found: &Measured) -> String {
    match found {
        Measured::Hears {
            load_ms,
            speech_s,
            last_word_ms,
        } => format!(
            "{speech_s:.1} s of speech are read in {last_word_ms:.0} ms; it is loaded in {load_ms:.0} ms"
        ),
        Measured::Answers {
            load_ms,
            first_word_ms,
            words_per_s,
        } => format!(
            "an answer begins after {first_word_ms:.0} ms, {words_per_s:.0} words a second; it is loaded in {load_ms:.0} ms"
        ),
    }
}

const HELP: &str = "`loqa model list` tells which are here and fit";

fn failed(why: &str) -> Problem {
    problem(why, "`loqa doctor` tells what is missing")
}

/// Has a process load its model; how long that took, ms.
async fn load(process: &Process, name: &str) -> Result<f64, Problem> {
    let told = timeout(CEILING, process.loaded()).await;
    let told = told.map_err(|_| problem(&format!("`{name}` does not load"), HELP))?;
    let told = told.map_err(|error| problem(&error.to_string(), HELP))?;
    Ok(told["load_ms"].as_f64().unwrap_or_default())
}

async fn hears(config: &Config, name: &str) -> Result<Measured, Problem> {
    let chosen = models::by_name(name, &config.hub.data).map_err(|why| problem(&why, HELP))?;
    let speech = speech().await.map_err(|why| failed(&why))?;
    let process = chosen.process.clone();
    let whisper = Whisper::new(
        Work::here(chosen.process, chosen.capability),
        Some("en".into()),
    );
    let load_ms = load(&process, name).await?;
    let mut took = Vec::new();
    for _ in 0..TIMES {
        let last_word = timeout(CEILING, last_word(&whisper, &speech)).await;
        let last_word = last_word.map_err(|_| failed("it does not end"))?;
        took.push(last_word.map_err(|why| failed(&why))?.as_secs_f64() * 1e3);
    }
    took.sort_by(f64::total_cmp);
    Ok(Measured::Hears {
        load_ms,
        speech_s: speech.len() as f64 / f64::from(SAMPLE_RATE_HZ),
        last_word_ms: took[TIMES / 2],
    })
}

async fn answers(config: &Config, name: &str) -> Result<Measured, Problem> {
    let thinking = Thinking {
        model: name.to_owned(),
        ..config.thinking.clone()
    };
    // The household's own may be unreadable, which is not what is measured here.
    let (_keep, grammar) = watch::channel(hub::demonstration_grammar()?);
    let (process, llama) = models::answering(&thinking, &config.hub.data, grammar)
        .map_err(|why| problem(&why, HELP))?;
    let load_ms = load(&process, name).await?;
    let (mut first, mut pace) = (Vec::new(), Vec::new());
    // The first reads what comes before every question.
    for number in 0..=TIMES {
        let answered = timeout(CEILING, answer(&llama, number)).await;
        let answered = answered.map_err(|_| failed("it does not answer"))?;
        let (begun, words_per_s) = answered.map_err(|why| failed(&why))?;
        if number > 0 {
            first.push(begun.as_secs_f64() * 1e3);
            pace.push(words_per_s);
        }
    }
    first.sort_by(f64::total_cmp);
    pace.sort_by(f64::total_cmp);
    Ok(Measured::Answers {
        load_ms,
        first_word_ms: first[TIMES / 2],
        words_per_s: pace[TIMES / 2],
    })
}
/// Somebody who speaks, at 16 kHz.
async fn speech() -> Result<Vec<f32>, String> {
    let text = stream::iter([SENTENCE.to_owned()]).boxed();
    let mut chunks = Voices::load().synthesize(text, SpeakOptions::default());
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

/// From a question to the first word of its answer, and how many a second follow.
async fn answer(llama: &Llama, number: usize) -> Result<(Duration, f64), String> {
    let said = Said {
        text: format!("what is there to say about the number {number}"),
        is_final: true,
    };
    let began = Instant::now();
    let mut answer = llama.answer(stream::iter([said]).boxed(), AnswerOptions::default());
    let (mut begun, mut parts) = (None, 0);
    while let Some(part) = answer.next().await {
        let part = part.map_err(|error| error.to_string())?;
        begun.get_or_insert_with(|| began.elapsed());
        parts += 1;
        if matches!(part, Answered::Call { .. }) {
            break;
        }
    }
    let begun = begun.ok_or("it says nothing")?;
    let rest = began.elapsed().saturating_sub(begun).as_secs_f64();
    Ok((begun, f64::from(parts) / rest.max(1e-3)))
}
