//! Whisper in its process, on models that nobody has trained: the time is a trained one's, the words are
//! nobody's. Beside it whisper.cpp by pywhispercpp, on the same files.

use super::peer;
use crate::figure::{Goal, Report, quantile};
use anyhow::{Context as _, Result, anyhow};
use futures::{StreamExt, stream};
use loqa_core::seams::{AudioFrame, SpeechToText, TranscribeOptions};
use loqa_engine::workers::{Whisper, Work};
use loqa_inference::wav;
use loqa_jobs::{Process, Program};
use loqa_tests::{
    program::loqa,
    voices::{Speaker, Studio, write_wav},
    whisper_model::Model,
};
use serde::Deserialize;
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{runtime::Runtime, sync::mpsc};
use tokio_stream::wrappers::ReceiverStream;

/// Arguments of `bench stt`.
#[derive(clap::Args)]
pub struct SttArgs {
    /// Readings of each kind
    #[arg(long, default_value_t = 10)]
    times: usize,
}

/// A command of about 4 s.
const SENTENCE: &str =
    "please turn off the lights in the kitchen and set a timer for twenty minutes from now";
/// Tokens that the worker reads at most in so many samples: `engine/workers/stt/src/whisper.rs`.
const fn tokens(samples: usize) -> usize {
    samples * 8 / 16_000 + 12
}

/// Measures tiny and base.
pub fn run(args: SttArgs, report: &mut Report) -> Result<()> {
    let runtime = Runtime::new()?;
    let folder = tempfile::tempdir()?;
    let speech = Studio::open()?.speak(Speaker::Flite("slt"), SENTENCE)?;
    let speech = &speech.samples[..speech.end.min(64_000)];
    let wav = folder.path().join("speech.wav");
    write_wav(&wav, speech)?;
    for (size, model) in [("tiny", Model::TINY), ("base", Model::BASE)] {
        let file = folder.path().join(format!("{size}.bin"));
        model.write(&file)?;
        let ours = runtime.block_on(measure(&file, speech, args.times))?;
        let mut figure = |name: &str, value: Option<f64>, unit: &str, goal| {
            report.figure("stt", &format!("{size}_{name}"), value, unit, goal);
        };
        figure("load", Some(ours.load_ms), "ms", Goal::None);
        let long = quantile(&ours.long_ms, 0.5);
        let short = quantile(&ours.short_ms, 0.5);
        let apart = (tokens(speech.len()) - tokens(speech.len() / 2)) as f64;
        let per_token = long.zip(short).map(|(long, short)| (long - short) / apart);
        figure("reading_of_4_s", long, "ms", Goal::None);
        figure("token", per_token, "ms", Goal::None);
        figure(
            "end_to_last_word",
            quantile(&ours.live_ms, 0.5),
            "ms",
            Goal::None,
        );
        figure(
            "job_without_reading_p50",
            quantile(&ours.empty_ms, 0.5),
            "ms",
            Goal::AtMost(2.0),
        );
        figure(
            "cancel_p50",
            quantile(&ours.cancel_ms, 0.5),
            "ms",
            Goal::None,
        );
        figure(
            "cancel_p99",
            quantile(&ours.cancel_ms, 0.99),
            "ms",
            Goal::None,
        );
        figure(
            "frame_late_p99",
            quantile(&ours.late_ms, 0.99),
            "ms",
            Goal::AtMost(5.0),
        );
        if let Some(peer) = Peer::measure(&file, &wav, speech.len(), args.times)? {
            let plain = quantile(&peer.plain_ms, 0.5);
            figure("peer_reading_of_4_s", plain, "ms", Goal::None);
            let ratio = |one: Option<f64>, other: Option<f64>| {
                one.zip(other).map(|(one, other)| one / other)
            };
            let live = quantile(&ours.live_ms, 0.5);
            figure(
                "end_to_last_word_of_peer",
                ratio(live, plain),
                "",
                Goal::AtMost(0.2),
            );
            let (long, short) = (quantile(&peer.long_ms, 0.5), quantile(&peer.short_ms, 0.5));
            let theirs = long.zip(short).map(|(long, short)| (long - short) / apart);
            figure("peer_token", theirs, "ms", Goal::None);
            figure(
                "token_of_peer",
                ratio(per_token, theirs),
                "",
                Goal::AtMost(1.1),
            );
        }
    }
    Ok(())
}

/// What was found, ms each.
struct Ours {
    load_ms: f64,
    /// All at once, and half of it.
    long_ms: Vec<f64>,
    short_ms: Vec<f64>,
    /// From the end of speech that came as it was spoken, with the silence that tells its end.
    live_ms: Vec<f64>,
    /// A job in which nobody speaks.
    empty_ms: Vec<f64>,
    /// What a reading that nobody waits for any more adds to the next job.
    cancel_ms: Vec<f64>,
    /// How late this process wakes for a frame each 20 ms while the model reads.
    late_ms: Vec<f64>,
}

async fn measure(model: &Path, speech: &[f32], times: usize) -> Result<Ours> {
    let process = Arc::new(Process::of(Program {
        name: "whisper".into(),
        file: loqa().with_file_name("loqa-stt-worker"),
        arguments: vec!["--model".into(), model.into()],
    }));
    let began = Instant::now();
    process.loaded().await?;
    let load_ms = ms(began);
    let capability = "stt.whisper".parse().map_err(|error| anyhow!("{error}"))?;
    let whisper = Whisper::new(Work::here(process, capability), Some("en".into()));
    let half = &speech[..speech.len() / 2];
    let silence = [0.0; 16_000];
    let mut ours = Ours {
        load_ms,
        long_ms: Vec::new(),
        short_ms: Vec::new(),
        live_ms: Vec::new(),
        empty_ms: Vec::new(),
        cancel_ms: Vec::new(),
        late_ms: Vec::new(),
    };
    for _ in 0..times {
        ours.long_ms.push(at_once(&whisper, speech).await?);
        ours.short_ms.push(at_once(&whisper, half).await?);
        ours.live_ms.push(live(&whisper, speech).await?);
        ours.empty_ms.push(at_once(&whisper, &silence).await?);
        let mut words = whisper.transcribe(
            stream::iter(frames(speech)).boxed(),
            TranscribeOptions::default(),
        );
        // It is read by now, and will be for a while.
        let _ = tokio::time::timeout(Duration::from_millis(60), words.next()).await;
        drop(words);
        let after = at_once(&whisper, half).await?;
        let alone = quantile(&ours.short_ms, 0.5).unwrap_or_default();
        ours.cancel_ms.push((after - alone).max(0.0));
        let reading = at_once(&whisper, speech);
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        tokio::pin!(reading);
        loop {
            tokio::select! {
                _ = &mut reading => break,
                due = ticks.tick() => {
                    ours.late_ms.push(due.elapsed().as_secs_f64() * 1e3);
                }
            }
        }
    }
    Ok(ours)
}

/// From all of the speech at once to the last word.
async fn at_once(whisper: &Whisper, speech: &[f32]) -> Result<f64> {
    let began = Instant::now();
    let mut words = whisper.transcribe(
        stream::iter(frames(speech)).boxed(),
        TranscribeOptions::default(),
    );
    while let Some(heard) = words.next().await {
        if heard?.is_final {
            return Ok(ms(began));
        }
    }
    Err(anyhow!("it ended without a last word"))
}

/// As it is spoken, and 300 ms of silence, after which it is over: from the end of speech to the last word,
/// less that silence, in which nobody could have known that it is over.
async fn live(whisper: &Whisper, speech: &[f32]) -> Result<f64> {
    const SILENCE: Duration = Duration::from_millis(300);
    let mut spoken = speech.to_vec();
    spoken.resize(spoken.len() + 4800, 0.0);
    let (send, incoming) = mpsc::channel(1000);
    let speaking = tokio::spawn(async move {
        let began = tokio::time::Instant::now();
        for (at, frame) in frames(&spoken).into_iter().enumerate() {
            tokio::time::sleep_until(began + Duration::from_millis(20) * (at as u32 + 1)).await;
            // Whoever listens may have ended.
            let _ = send.send(frame).await;
        }
    });
    let began = Instant::now();
    let end = Duration::from_secs_f64(speech.len() as f64 / 16_000.0) + SILENCE;
    let mut words = whisper.transcribe(
        ReceiverStream::new(incoming).boxed(),
        TranscribeOptions::default(),
    );
    while let Some(heard) = words.next().await {
        if heard?.is_final {
            let took = began.elapsed();
            speaking.await.context("nobody spoke")?;
            return Ok(took.saturating_sub(end).as_secs_f64() * 1e3);
        }
    }
    Err(anyhow!("it ended without a last word"))
}

fn frames(speech: &[f32]) -> Vec<AudioFrame> {
    wav::frames(speech).collect()
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// What pywhispercpp takes, ms.
#[derive(Deserialize)]
struct Peer {
    plain_ms: Vec<f64>,
    short_ms: Vec<f64>,
    long_ms: Vec<f64>,
}

impl Peer {
    /// Runs it; `None`, with the reason on standard error, where there is none.
    fn measure(model: &Path, wav: &Path, samples: usize, times: usize) -> Result<Option<Peer>> {
        let mut args = vec![model.into(), wav.into()];
        args.extend([tokens(samples / 2), tokens(samples), times].map(|it| it.to_string().into()));
        peer::measure("pywhispercpp", "stt", "whisper_peer.py", &args)
    }
}
