//! Detectors of voices: windows in, how likely each is speech.

use crate::Table;
use anyhow::{Context, Result, ensure};
use futures::{FutureExt, future::BoxFuture};
use loqa_core::seams::VoiceActivity;
use loqa_inference::{
    onnx,
    vad::{Earshot, SileroModel},
};
use loqa_tests::voices::{Speaker, Studio};
use std::{env, path::PathBuf};

/// Begins to listen.
struct Detector(Box<dyn Fn() -> Box<dyn VoiceActivity> + Send + Sync>);

#[tokio::test]
async fn every_detector_of_voices() -> Result<()> {
    Table::of([
        (
            "earshot",
            Ok(Detector(Box::new(|| Box::new(Earshot::default())))),
        ),
        ("silero", silero()),
    ])
    .hold([
        ("speech is likelier than silence", speech_and_silence),
        ("a reset forgets", reset),
        ("each listens for itself", apart),
        ("odd windows do no harm", odd_windows),
    ])
    .await
}

fn silero() -> Result<Detector> {
    onnx::available()?;
    let data = env::var_os("LOQA_TEST_DATA").map(PathBuf::from);
    let data = data.context("LOQA_TEST_DATA is not set")?;
    let model = SileroModel::load(&data.join("models/silero/silero_vad.onnx"))?;
    Ok(Detector(Box::new(move || Box::new(model.listen()))))
}

/// A second of silence, somebody who speaks, and another one.
fn spoken() -> Result<(Vec<f32>, std::ops::Range<usize>)> {
    let clip = Studio::open()?.speak(Speaker::Flite("slt"), "turn off the kitchen light")?;
    let clip = clip.framed(1000, 1000);
    Ok((clip.samples, clip.onset..clip.end))
}

fn scores(vad: &mut dyn VoiceActivity, samples: &[f32]) -> Vec<f32> {
    let windows = samples.chunks_exact(vad.window());
    windows.map(|window| vad.score(window)).collect()
}

fn speech_and_silence(detector: &Detector) -> BoxFuture<'_, Result<()>> {
    async {
        let (samples, words) = spoken()?;
        let mut vad = detector.0();
        let window = vad.window();
        let all = scores(&mut *vad, &samples);
        ensure!(all.iter().all(|score| (0.0..=1.0).contains(score)));
        let [first, last] = [words.start / window, words.end.div_ceil(window)];
        let voiced = all[first..last].iter().filter(|it| **it >= 0.5).count();
        ensure!(voiced * 2 > last - first, "{voiced} of {}", last - first);
        // Scores fall late.
        let after = last + 16_000 / 2 / window;
        for silence in [&all[..first], &all[after..]] {
            let loudest = silence.iter().copied().fold(0.0, f32::max);
            ensure!(loudest < 0.5, "silence is speech: {loudest}");
        }
        Ok(())
    }
    .boxed()
}

fn reset(detector: &Detector) -> BoxFuture<'_, Result<()>> {
    async {
        let (samples, _) = spoken()?;
        let mut vad = detector.0();
        let first = scores(&mut *vad, &samples);
        vad.reset();
        ensure!(first == scores(&mut *vad, &samples));
        Ok(())
    }
    .boxed()
}

fn apart(detector: &Detector) -> BoxFuture<'_, Result<()>> {
    async {
        let (samples, _) = spoken()?;
        let (mut one, mut other) = (detector.0(), detector.0());
        let alone = scores(&mut *detector.0(), &samples);
        let silence = vec![0.0; one.window()];
        let windows = samples.chunks_exact(one.window());
        let beside: Vec<f32> = windows
            .map(|window| {
                other.score(&silence);
                one.score(window)
            })
            .collect();
        ensure!(alone == beside);
        Ok(())
    }
    .boxed()
}

fn odd_windows(detector: &Detector) -> BoxFuture<'_, Result<()>> {
    async {
        let (samples, _) = spoken()?;
        let mut vad = detector.0();
        let window = vad.window();
        let (nothing, loud) = (vec![f32::NAN; window], vec![f32::MAX; 3 * window]);
        let endless = vec![f32::NEG_INFINITY; window];
        for window in [&[][..], &[0.5], &nothing, &loud, &endless] {
            let score = vad.score(window);
            ensure!((0.0..=1.0).contains(&score), "{score}");
        }
        // It hears as well as before.
        let most = scores(&mut *vad, &samples).into_iter().fold(0.0, f32::max);
        ensure!(most >= 0.5, "{most}");
        Ok(())
    }
    .boxed()
}
