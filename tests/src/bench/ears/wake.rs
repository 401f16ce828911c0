//! How often the wake phrase is missed, how often talk is taken for it, and what becomes of the
//! recordings of real people. Calls and talk are synthetic.

use super::{
    super::figure::{Goal, Report, quantile, upper_bound_95},
    room::hear_at,
};
use anyhow::{Context as _, Result};
use loqa_core::seams::{Wake, WakeWord};
use loqa_engine::hub::{Hub, HubOptions};
use loqa_inference::{
    stt::Ears,
    wake::{Keyphrase, KeyphraseConfig, MicroWakeWord, TensorFlowLite, models_in, most_certain},
    wav,
};
use loqa_protocol::Called;
use loqa_tests::voices::{Clip, Noise, OPEN_SENTENCES, SAMPLE_RATE_HZ, SPEAKERS, Studio};
use std::{
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Rooms that each speaker calls from.
const ROOMS: u64 = 3;
/// Certainties that could be asked for instead.
const THRESHOLDS: [f32; 5] = [0.6, 0.7, 0.8, 0.9, 0.95];
/// A wake this long after the call still is one, samples: 0.6 s.
const LATE: u64 = 9_600;

/// Reports on the phrase that Loqa ships with, and on the models of `LOQA_TEST_DATA`.
pub fn run(minutes: usize, report: &mut Report) -> Result<()> {
    let config = KeyphraseConfig::default();
    let threshold = config.threshold as f32;
    let studio = Studio::open()?;
    let mut word = Keyphrase::open(&Ears::default(), config.clone()).context("no wake word")?;
    let doubts = Doubts::new(config.doubted as f32)?;
    let sentences = OPEN_SENTENCES.lines().filter(|line| !line.is_empty());
    let babble: Vec<Clip> = studio.talk(&SPEAKERS).collect::<Result<_>>()?;

    let conditions = [
        ("quiet", Noise::Pink, 40.0, 150, Goal::AtMost(0.05)),
        ("noise_20db", Noise::Pink, 20.0, 150, Goal::None),
        ("babble_20db", Noise::Babble(&babble), 20.0, 150, Goal::None),
        ("noise_10db", Noise::Pink, 10.0, 150, Goal::None),
        ("quiet_no_pause", Noise::Pink, 40.0, 0, Goal::None),
        ("noise_20db_no_pause", Noise::Pink, 20.0, 0, Goal::None),
    ];
    let (mut late_ms, mut off_ms) = (Vec::new(), Vec::new());
    for (name, noise, snr_db, pause_ms, goal) in conditions {
        eprintln!("calls, {name} …");
        let (mut best, mut unheard) = (Vec::new(), 0);
        for (seed, clip) in calls_of(&studio, &config.phrase, pause_ms)?
            .into_iter()
            .enumerate()
        {
            let heard = clip.with_noise(noise, snr_db, seed as u64);
            let call = clip.onset as u64..clip.end as u64 + LATE;
            let mut found = word.candidates(&heard.samples);
            found.retain(|(at, _)| call.contains(at));
            best.push(most_certain(&found));
            unheard += usize::from(!doubts.is_woken(&found, &heard.samples)?);
            if let Some((at, wake)) = found.iter().find(|(_, wake)| wake.score >= threshold) {
                late_ms.push((*at as f64 - clip.end as f64) / 16.0);
                off_ms.push((wake.end as f64 - clip.end as f64).abs() / 16.0);
            }
        }
        let mut missed = |missed: usize, metric: &str, goal| {
            let share = missed as f64 / best.len() as f64;
            let metric = format!("wake.synthetic.{name}.missed{metric}");
            report.figure("ears", &metric, Some(share), "share", goal);
        };
        missed(unheard, "", goal);
        for at in THRESHOLDS {
            let missed_at = best.iter().filter(|best| **best < at).count();
            missed(missed_at, &format!("_at_{at}"), Goal::None);
        }
    }
    for (metric, values) in [("delay", &late_ms), ("end_off", &off_ms)] {
        for (quantity, q) in [("p50", 0.5), ("p95", 0.95)] {
            let metric = format!("wake.synthetic.{metric}_{quantity}");
            report.figure("ears", &metric, quantile(values, q), "ms", Goal::None);
        }
    }

    eprintln!("{minutes} minutes of talk …");
    let (mut heard, mut best, mut woken, mut doubted) = (0, Vec::new(), 0, 0);
    'talk: for round in 0u64.. {
        for (i, sentence) in (0u64..).zip(sentences.clone()) {
            if heard >= minutes * 60 * SAMPLE_RATE_HZ {
                break 'talk;
            }
            let speaker = SPEAKERS[((i + round) % 12) as usize];
            let seed = i + 1_000 * round;
            let clip = studio.speak(speaker, sentence)?;
            let clip = clip.framed(200, 300).in_room(seed);
            let clip = match (i + round) % 3 {
                0 => clip.with_noise(Noise::Pink, 40.0, seed),
                1 => clip.with_noise(Noise::Pink, 20.0, seed),
                _ => clip.with_noise(Noise::Babble(&babble), 15.0, seed),
            };
            heard += clip.samples.len();
            let found = word.candidates(&clip.samples);
            let certain = most_certain(&found);
            best.push(certain);
            if f64::from(certain) < config.doubted {
                continue;
            }
            let woke = doubts.is_woken(&found, &clip.samples)?;
            doubted += usize::from(certain < threshold);
            woken += usize::from(woke);
            let became = if woke { "woke it" } else { "was doubted" };
            eprintln!("  {speaker}: “{sentence}” {became} ({certain:.2})");
        }
    }
    let hours = heard as f64 / (3_600 * SAMPLE_RATE_HZ) as f64;
    // Wakes are rare and independent: seconds stand for trials.
    let most = upper_bound_95(woken, heard / SAMPLE_RATE_HZ);
    let most = most.map(|share| share * 3_600.0);
    let mut rate = |times: usize, metric: &str, goal| {
        let metric = format!("wake.synthetic.{metric}");
        report.figure(
            "ears",
            &metric,
            Some(times as f64 / hours),
            "per hour",
            goal,
        );
    };
    rate(woken, "false", Goal::AtMost(0.5));
    rate(doubted, "doubted", Goal::None);
    for at in THRESHOLDS {
        let fooled = best.iter().filter(|best| **best >= at).count();
        rate(fooled, &format!("false_at_{at}"), Goal::None);
    }
    report.figure(
        "ears",
        "wake.synthetic.false_at_most_95",
        most,
        "per hour",
        Goal::None,
    );
    people(&mut word, report)
}

/// A hub that looks whether a command follows what may be a call.
struct Doubts {
    hub: Hub,
    runtime: Runtime,
    least: f32,
    _data: TempDir,
}

impl Doubts {
    fn new(least: f32) -> Result<Doubts> {
        let data = tempfile::tempdir()?;
        let runtime = Runtime::new()?;
        let options = HubOptions::demonstration(data.path()).unpaced();
        Ok(Doubts {
            hub: runtime.block_on(Hub::start(options))?,
            runtime,
            least,
            _data: data,
        })
    }

    /// Whether one of these is sure to be a call, or a command follows.
    fn is_woken(&self, found: &[(u64, Wake)], samples: &[f32]) -> Result<bool> {
        if found.iter().any(|(_, wake)| !wake.doubted) {
            return Ok(true);
        }
        for (_, wake) in found.iter().filter(|(_, wake)| wake.score >= self.least) {
            let called = Called {
                phrase: wake.phrase.clone(),
                doubted: true,
                ..Called::default()
            };
            let follows = &samples[samples.len().min(wake.end as usize)..];
            let heard = hear_at(&self.hub, follows, Some(called));
            if self.runtime.block_on(heard)?.turns > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Every speaker calling from some rooms, alone and with a command that follows after this pause;
/// without one, all go on at once.
fn calls_of(studio: &Studio, phrase: &str, pause_ms: usize) -> Result<Vec<Clip>> {
    let mut calls = Vec::new();
    for (i, speaker) in (0u64..).zip(SPEAKERS) {
        for room in 0..ROOMS {
            let mut call = studio.speak(speaker, phrase)?.framed(1_000, 1_000);
            let end = call.end;
            if room % 2 == 1 || pause_ms == 0 {
                let command = studio.speak(speaker, "set a timer for ten minutes")?;
                call = call.then(pause_ms, &command);
            }
            call.end = end;
            calls.push(call.in_room(i * ROOMS + room));
        }
    }
    Ok(calls)
}

/// Recordings of real people: the models' own phrases, and commands in which there is none.
fn people(word: &mut Keyphrase, report: &mut Report) -> Result<()> {
    let (mut own, mut clips, mut other) = (None, 0, None);
    let (mut seconds, mut fooled) = (0, 0);
    if let Some(data) = std::env::var_os("LOQA_TEST_DATA").map(PathBuf::from) {
        let recordings = |folder: &str| wav_files(&data.join("audio").join(folder));
        for clip in recordings("commands")?.iter().chain(&recordings("wake")?) {
            let samples = wav::read(clip)?;
            seconds += samples.len() / SAMPLE_RATE_HZ;
            fooled += wakes(word, &samples).len();
        }
        if let Some(folder) = std::env::var_os("LOQA_TENSORFLOW_LITE") {
            let library = TensorFlowLite::load(Path::new(&folder))?;
            let (mut right, mut wrong) = (0, 0);
            for manifest in models_in(&data.join("models/microwakeword"))? {
                let mut model = MicroWakeWord::open(&library, &manifest)?;
                for clip in recordings("wake")? {
                    let woke = !wakes(&mut model, &wav::read(&clip)?).is_empty();
                    let its_own = clip.parent().and_then(Path::file_name) == manifest.file_stem();
                    clips += usize::from(its_own);
                    right += usize::from(woke && its_own);
                    wrong += usize::from(woke && !its_own);
                }
            }
            (own, other) = (Some(right as f64 / clips as f64), Some(wrong as f64));
        }
    }
    let fooled = (seconds > 0).then_some(fooled as f64);
    let none = Goal::AtMost(0.0);
    report.figure(
        "ears",
        "wake.people.models_right",
        own,
        "share",
        Goal::AtLeast(1.0),
    );
    report.figure("ears", "wake.people.models_fooled", other, "clips", none);
    report.figure("ears", "wake.people.phrase_fooled", fooled, "clips", none);
    Ok(())
}

/// The WAV files in a folder and the folders in it.
fn wav_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(wav_files(&path)?);
        } else if path.extension().is_some_and(|kind| kind == "wav") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Every wake and the offset at which it was told, the detector being new to these samples.
fn wakes(word: &mut dyn WakeWord, samples: &[f32]) -> Vec<(u64, Wake)> {
    word.reset();
    wav::frames(samples)
        .filter_map(|frame| {
            let told = frame.offset + frame.samples.len() as u64;
            let wake = word.detect(frame.offset, (&*frame.samples).try_into().ok()?)?;
            Some((told, wake))
        })
        .collect()
}
