//! Voices: from a clause to its first sound, and what a second of speech takes. Kokoro's figures are of the
//! model in LOQA_KOKORO, else of one that is made here: it has Kokoro's layers and weights by chance, so that
//! the time is a trained one's and what it says is nothing.

use crate::figure::{Goal, Report, quantile};
use anyhow::{Result, bail};
use futures::{FutureExt, StreamExt, executor::block_on, stream};
use loqa_core::seams::{TextToSpeech, Voice};
use loqa_inference::{
    onnx,
    tts::{Kokoro, KokoroConfig, Voices, kokoro::State},
};
use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    thread::sleep,
    time::{Duration, Instant},
};

/// Arguments of `bench tts`.
#[derive(clap::Args)]
pub struct TtsArgs {
    /// Times that each voice says each clause
    #[arg(long, default_value_t = 20)]
    times: usize,
}

/// What Loqa says: the first is as short as most replies.
const CLAUSES: [&str; 3] = [
    "Okay.",
    "The kitchen lights are off.",
    "The timer is set for twenty minutes, and the door is locked.",
];
/// Measures every voice that is here.
pub fn run(args: TtsArgs, report: &mut Report) -> Result<()> {
    let mut voices = Voices::load();
    let mut names = vec![
        ("flite", "slt".to_owned()),
        ("espeak", "espeak:en-us".to_owned()),
    ];
    let made = tempfile::tempdir()?;
    let kokoro = kokoro(made.path())?;
    let mut alone = None;
    if let Some((kokoro, name)) = &kokoro {
        voices = voices.with_kokoro(kokoro.clone());
        names.push(("kokoro", format!("kokoro:{name}")));
        if let State::Ready(factor) = kokoro.state() {
            alone = Some(factor);
        }
    } else {
        names.push(("kokoro", "kokoro:none".into()));
    }
    for (kind, name) in names {
        let voice = Voice(name);
        let measured = match voices.check(&voice) {
            Ok(()) => Some(measure(&voices, &voice, args.times)?),
            Err(error) => {
                eprintln!("{kind} is not measured: {error}");
                None
            }
        };
        let mut figure = |metric: &str, value: Option<f64>, unit: &str, goal| {
            report.figure("tts", &format!("{kind}_{metric}"), value, unit, goal);
        };
        let first = measured.as_ref().and_then(|it| quantile(&it.first_ms, 0.5));
        let late = measured
            .as_ref()
            .and_then(|it| quantile(&it.first_ms, 0.95));
        let goal = match kind {
            "kokoro" => Goal::None,
            _ => Goal::AtMost(50.0),
        };
        figure("first_audio_p50", first, "ms", goal);
        figure("first_audio_p95", late, "ms", Goal::None);
        let factor = measured.map(|it| it.computed_s / it.speech_s);
        figure("real_time_factor", factor, "", Goal::AtMost(0.7));
    }
    report.figure("tts", "kokoro_trial", alone, "", Goal::None);
    let waited = match &kokoro {
        Some((kokoro, name)) => given_up(kokoro, name, args.times)?,
        None => Vec::new(),
    };
    let mut figure = |metric: &str, share| {
        let value = quantile(&waited, share);
        report.figure("tts", metric, value, "ms", Goal::None);
    };
    figure("kokoro_given_up_p50", 0.5);
    figure("kokoro_given_up_p95", 0.95);
    Ok(())
}

/// What was found about a voice.
struct Measured {
    first_ms: Vec<f64>,
    speech_s: f64,
    computed_s: f64,
}

fn measure(voices: &Voices, voice: &Voice, times: usize) -> Result<Measured> {
    let mut found = Measured {
        first_ms: Vec::new(),
        speech_s: 0.0,
        computed_s: 0.0,
    };
    // Once more than is counted: the first is cold.
    for time in 0..=times {
        for clause in CLAUSES {
            let began = Instant::now();
            let mut said = voices.synthesize(
                stream::iter([clause.to_owned()]).boxed(),
                voice.clone().into(),
            );
            let mut first = None;
            while let Some(chunk) = block_on(said.next()) {
                let chunk = chunk?;
                first.get_or_insert_with(|| began.elapsed());
                if time > 0 {
                    found.speech_s += chunk.samples.len() as f64 / f64::from(chunk.sample_rate_hz);
                }
            }
            let Some(first) = first else {
                bail!("{voice:?} says nothing")
            };
            if time > 0 {
                found.first_ms.push(first.as_secs_f64() * 1e3);
                found.computed_s += began.elapsed().as_secs_f64();
            }
        }
    }
    Ok(found)
}

/// How long a clause that nobody wants any more keeps Kokoro from the next, ms: to the end of one in which nothing can be said.
fn given_up(kokoro: &Kokoro, name: &str, times: usize) -> Result<Vec<f64>> {
    let say = |clause: &str| {
        let clause = stream::iter([clause.to_owned()]).boxed();
        kokoro.synthesize(clause, Voice(name.into()).into())
    };
    let mut waited = Vec::new();
    for time in 0..times {
        let mut unwanted = say(CLAUSES[2]);
        // Polled once, it has been begun; at another operator of the graph each time.
        let _ = unwanted.next().now_or_never();
        sleep(Duration::from_millis(100 + 37 * time as u64 % 400));
        drop(unwanted);
        let began = Instant::now();
        if block_on(say("…").next()).is_some() {
            bail!("nothing was said, and heard");
        }
        waited.push(began.elapsed().as_secs_f64() * 1e3);
    }
    Ok(waited)
}

/// The model in LOQA_KOKORO, else one made in this folder; with one of its voices.
fn kokoro(made: &Path) -> Result<Option<(Arc<Kokoro>, String)>> {
    let named = std::env::var_os("LOQA_KOKORO").map(PathBuf::from);
    let folder = match named.or_else(|| make(made)) {
        Some(folder) => folder,
        None => return Ok(None),
    };
    if let Err(error) = onnx::available() {
        eprintln!("kokoro is not measured: {error}");
        return Ok(None);
    }
    let config = KokoroConfig {
        limit: f64::MAX,
        ..KokoroConfig::default()
    };
    let kokoro = Kokoro::open(&folder, config)?;
    if let State::Failed(error) = kokoro.loaded(Duration::from_secs(600)) {
        bail!(error);
    }
    let english = kokoro
        .voices()
        .iter()
        .find(|name| kokoro.check(name).is_ok());
    let name = english.cloned().unwrap_or_default();
    Ok(Some((Arc::new(kokoro), name)))
}

/// A model of Kokoro's layers; `None`, having said so, without a Python that has onnx.
fn make(folder: &Path) -> Option<PathBuf> {
    let python = std::env::var_os("LOQA_PYTHON").unwrap_or_else(|| "python3".into());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/python/kokoro_graph.py");
    let made = Command::new(python).arg(script).arg(folder).output();
    match made {
        Ok(made) if made.status.success() => Some(folder.to_owned()),
        Ok(made) => {
            let why = String::from_utf8_lossy(&made.stderr);
            let why = why.lines().next_back().unwrap_or_default().to_owned();
            eprintln!("kokoro is not measured: no model of it could be made ({why})");
            None
        }
        Err(error) => {
            eprintln!("kokoro is not measured: no model of it could be made ({error})");
            None
        }
    }
}
