//! A microWakeWord model: a small network that was trained on one phrase.
//!
//! A model is two files, `NAME.json` and `NAME.tflite`, as ESPHome's voice devices use them.

use super::{
    features::{BANDS, MicroFeatures},
    tflite::{Network, TensorFlowLite},
};
use loqa_core::seams::{FRAME_SAMPLES, ModelError, Wake, WakeWord};
use serde::Deserialize;
use std::{
    collections::VecDeque,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Frames for which nothing more is heard after a phrase: 1 s, as on ESPHome's devices.
const REFRACTORY_FRAMES: u32 = 50;

/// What Loqa needs of `NAME.json`.
#[derive(Deserialize)]
struct Manifest {
    wake_word: String,
    model: PathBuf,
    micro: Micro,
}

#[derive(Deserialize)]
struct Micro {
    probability_cutoff: f32,
    sliding_window_size: usize,
    #[serde(default = "ten")]
    feature_step_size: u32,
}

fn ten() -> u32 {
    10
}

/// The models of a folder, by name: every `.json` in it that lies beside a `.tflite`.
pub fn models_in(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut models: Vec<PathBuf> = fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|kind| kind == "json"))
        .filter(|path| path.with_extension("tflite").is_file())
        .collect();
    models.sort();
    Ok(models)
}

/// The phrase that the model of this manifest was trained on.
pub(super) fn phrase_of(manifest: &Path) -> Result<String, ModelError> {
    read(manifest).map(|found| found.wake_word)
}

fn read(manifest: &Path) -> Result<Manifest, ModelError> {
    let text = fs::read_to_string(manifest).map_err(|error| wrong(manifest, &error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| {
        wrong(
            manifest,
            &format!("{error}; it must be a microWakeWord manifest"),
        )
    })
}

fn wrong(manifest: &Path, what: &str) -> ModelError {
    ModelError::Backend(format!("{}: {what}", manifest.display()))
}

/// Listens for the phrase of one model.
pub struct MicroWakeWord {
    phrase: String,
    network: Network,
    cutoff: f32,
    features: MicroFeatures,
    steps: Vec<[f32; BANDS]>,
    /// The newest probabilities; a phrase was heard when their mean exceeds the cutoff.
    probabilities: VecDeque<f32>,
    window: usize,
    refractory: u32,
}

impl MicroWakeWord {
    /// Loads the model that `manifest`, a `.json`, describes.
    ///
    /// # Errors
    /// [`ModelError::Backend`] with the file and what is wrong in it.
    pub fn open(library: &Arc<TensorFlowLite>, manifest: &Path) -> Result<Self, ModelError> {
        let wrong = |what: String| wrong(manifest, &what);
        let found = read(manifest)?;
        let micro = found.micro;
        if !(0.0..1.0).contains(&micro.probability_cutoff)
            || !(1..=1000).contains(&micro.sliding_window_size)
        {
            return Err(wrong(
                "`probability_cutoff` must lie between 0 and 1, `sliding_window_size` between 1 and 1000".into(),
            ));
        }
        if micro.feature_step_size != 10 {
            return Err(wrong(format!(
                "`feature_step_size` is {}, but only models with 10 ms are understood",
                micro.feature_step_size
            )));
        }
        let file = manifest.with_file_name(found.model);
        Ok(Self {
            phrase: found.wake_word,
            network: Network::open(library, &file, BANDS)?,
            cutoff: micro.probability_cutoff,
            features: MicroFeatures::default(),
            steps: Vec::new(),
            probabilities: VecDeque::new(),
            window: micro.sliding_window_size,
            refractory: 0,
        })
    }

    /// The phrase it was trained on.
    pub fn phrase(&self) -> &str {
        &self.phrase
    }
}

impl WakeWord for MicroWakeWord {
    fn detect(&mut self, offset: u64, frame: &[f32; FRAME_SAMPLES]) -> Option<Wake> {
        self.features.push(frame, &mut self.steps);
        let stride = self.network.steps();
        while self.steps.len() >= stride {
            if let Some(probability) = self.network.run(&self.steps[..stride]) {
                self.probabilities.push_back(probability);
            }
            self.steps.drain(..stride);
            if self.probabilities.len() > self.window {
                self.probabilities.pop_front();
            }
        }
        self.refractory = self.refractory.saturating_sub(1);
        let mean = self.probabilities.iter().sum::<f32>() / self.window as f32;
        if self.refractory > 0 || mean <= self.cutoff {
            return None;
        }
        self.probabilities.clear();
        self.refractory = REFRACTORY_FRAMES;
        Some(Wake {
            phrase: self.phrase.clone(),
            end: offset + FRAME_SAMPLES as u64,
            score: mean,
            doubted: false,
            detector: "microwakeword",
        })
    }

    fn reset(&mut self) {
        self.features.reset();
        self.steps.clear();
        self.probabilities.clear();
        // A network that cannot be made anew goes on with what it remembers: half a second.
        let _ = self.network.reset();
    }
}
