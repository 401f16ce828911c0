//! How well each detector of voices hears people.

use super::*;
use crate::{onnx, wav};
use std::{
    env, fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Silero's graph among the test data.
fn silero() -> Option<SileroModel> {
    let Some(data) = env::var_os("LOQA_TEST_DATA").map(PathBuf::from) else {
        eprintln!("skipped: LOQA_TEST_DATA is not set");
        return None;
    };
    if let Err(error) = onnx::available() {
        eprintln!("skipped: {error}");
        return None;
    }
    let file = data.join("models/silero/silero_vad.onnx");
    Some(SileroModel::load(&file).expect("Silero"))
}

fn detectors() -> Vec<(&'static str, Box<dyn VoiceActivity>)> {
    let mut all: Vec<(&str, Box<dyn VoiceActivity>)> =
        vec![("earshot", Box::new(Earshot::default()))];
    if let Some(silero) = silero() {
        all.push(("silero", Box::new(silero.listen())));
    }
    all
}

#[test]
fn another_graph_is_not_silero() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("silero_vad.onnx");
    fs::write(&file, [0u8; 64]).unwrap();
    let Err(error) = SileroModel::load(&file) else {
        panic!("64 zeros are no graph");
    };
    if onnx::available().is_ok() {
        assert!(error.to_string().contains("silero_vad.onnx"), "{error}");
    }
}

/// How a detector does on clips: speech of theirs it hears, what else it takes for speech, in
/// [0, 1], and its time.
struct Trial {
    heard: f64,
    mistaken: f64,
    took: Duration,
}

/// 32 ms, so that every detector decides about the same pieces.
const PIECE: usize = 512;

fn try_on(vad: &mut dyn VoiceActivity, clips: &[(Vec<f32>, Vec<bool>)], threshold: f32) -> Trial {
    let (mut speech, mut heard, mut other, mut mistaken) = (0, 0, 0, 0);
    let mut took = Duration::ZERO;
    for (samples, voiced) in clips {
        vad.reset();
        for (piece, voiced) in samples.chunks_exact(PIECE).zip(voiced) {
            let before = Instant::now();
            let windows = piece.chunks_exact(vad.window());
            let score = windows.map(|window| vad.score(window)).fold(0.0, f32::max);
            took += before.elapsed();
            let (all, hits) = match voiced {
                true => (&mut speech, &mut heard),
                false => (&mut other, &mut mistaken),
            };
            *all += 1;
            *hits += usize::from(score >= threshold);
        }
    }
    Trial {
        heard: heard as f64 / f64::from(speech),
        mistaken: mistaken as f64 / f64::from(other),
        took,
    }
}

fn decibels(samples: &[f32]) -> f32 {
    let power = samples.iter().map(|s| s * s).sum::<f32>() / samples.len().max(1) as f32;
    10.0 * (power + 1e-12).log10()
}

/// Clips of people who order coffee, a second of silence on either side; and of each piece whether it
/// is voiced: louder than 35 dB below the loudest, before noise comes over it.
fn clips(folder: &Path) -> Vec<(Vec<f32>, Vec<bool>)> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|it| it == "wav"))
        .collect();
    files.sort();
    let silence = vec![0.0; 16_000];
    let read = |file: &PathBuf| {
        let clip = wav::read(file).expect("a WAV file");
        let samples = [&silence[..], &clip, &silence].concat();
        let loudness: Vec<f32> = samples.chunks_exact(PIECE).map(decibels).collect();
        let loudest = loudness.iter().copied().fold(f32::MIN, f32::max);
        let voiced = loudness.iter().map(|it| *it > loudest - 35.0).collect();
        (samples, voiced)
    };
    files.iter().map(read).collect()
}

/// Noise over every clip, so many dB below its speech: of white noise, or of other clips together.
fn among(
    clips: &[(Vec<f32>, Vec<bool>)],
    below_db: f32,
    people: bool,
) -> Vec<(Vec<f32>, Vec<bool>)> {
    let mut seed = 1u32;
    let mut white = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    let mut noisy = Vec::new();
    for (number, (samples, voiced)) in clips.iter().enumerate() {
        let mut noise = vec![0.0; samples.len()];
        match people {
            false => noise.iter_mut().for_each(|sample| *sample = white()),
            true => {
                for other in 1..=8 {
                    let (talk, _) = &clips[(number + other * 5) % clips.len()];
                    let middle = &talk[16_000..talk.len() - 16_000];
                    let talk = middle.iter().cycle();
                    noise.iter_mut().zip(talk).for_each(|(sum, it)| *sum += it);
                }
            }
        }
        let middle = &samples[16_000..samples.len() - 16_000];
        let gain_db = decibels(middle) - below_db - decibels(&noise);
        let gain = 10f32.powf(gain_db / 20.0);
        let mixed = samples.iter().zip(&noise).map(|(s, n)| s + gain * n);
        noisy.push((mixed.collect(), voiced.clone()));
    }
    noisy
}

#[test]
fn people_are_heard_in_noise() {
    let Some(data) = env::var_os("LOQA_TEST_DATA").map(PathBuf::from) else {
        eprintln!("skipped: LOQA_TEST_DATA is not set");
        return;
    };
    let clean = clips(&data.join("audio/commands"));
    assert!(clean.len() > 20, "the clips are there");
    let rooms = [
        ("quiet", clean.clone()),
        ("noise at 10 dB", among(&clean, 10.0, false)),
        ("noise at 0 dB", among(&clean, 0.0, false)),
        ("talk at 10 dB", among(&clean, 10.0, true)),
    ];
    let seconds: usize = clean.iter().map(|(samples, _)| samples.len()).sum();
    let seconds = seconds as f64 / 16_000.0;
    for (room, clips) in &rooms {
        for (name, mut vad) in detectors() {
            let trial = try_on(&mut *vad, clips, 0.5);
            println!(
                "{room}: {name} hears {:.1} % of speech, takes {:.1} % of the rest for speech, {:.3} ms for a second",
                trial.heard * 100.0,
                trial.mistaken * 100.0,
                trial.took.as_secs_f64() * 1e3 / seconds
            );
            if *room == "quiet" {
                assert!(trial.heard > 0.7 && trial.mistaken < 0.4, "{name}");
            }
        }
    }
}
