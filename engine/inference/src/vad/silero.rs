//! Voice activity by Silero VAD (version 5 and later), an ONNX graph, where somebody has fetched it.

use super::{FrameScores, WINDOW as EARSHOT_WINDOW};
use crate::onnx::Model;
use loqa_core::seams::{ModelError, SAMPLE_RATE_HZ, VoiceActivity};
use ort::{session::RunOptions, value::Tensor};
use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

/// Samples of one window: 32 ms.
pub const WINDOW: usize = 2 * EARSHOT_WINDOW;
/// Samples of the window before that the graph reads again.
const CONTEXT: usize = 64;
/// Numbers of its memory: two layers of 128.
const STATE: usize = 256;

/// The graph, loaded once; every conversation listens through a [`Silero`] of its own.
#[derive(Clone)]
pub struct SileroModel {
    // Held for one window at a time: 0.1 ms.
    graph: Arc<Mutex<Model>>,
    /// Never terminated but by the end of the process.
    cancel: Arc<RunOptions>,
}

impl SileroModel {
    /// Loads it, and tries it on a window of silence.
    ///
    /// # Errors
    /// [`ModelError::NotLoaded`] without ONNX Runtime; [`ModelError::Backend`] naming the file if it is not
    /// whole, or another graph.
    pub fn load(file: &Path) -> Result<Self, ModelError> {
        // One thread: the graph is small, and others wait for the processors.
        let graph = Model::load(file, 1)?;
        let takes = |name| graph.inputs.iter().any(|input| input.name == name);
        let gives = |name| graph.outputs.iter().any(|output| output.name == name);
        let known = takes("input") && takes("state") && takes("sr");
        if !known || graph.inputs.len() != 3 || !gives("output") || !gives("stateN") {
            return Err(ModelError::Backend(format!(
                "{} is not Silero VAD of version 5 or later: it takes {}",
                file.display(),
                graph.takes()
            )));
        }
        let cancel = RunOptions::new().map_err(|error| ModelError::Backend(error.to_string()))?;
        let model = SileroModel {
            graph: Arc::new(Mutex::new(graph)),
            cancel: Arc::new(cancel),
        };
        let mut first = model.listen();
        first.run(&[0.0; WINDOW]).map_err(|error| {
            ModelError::Backend(format!("{} does not run: {error}", file.display()))
        })?;
        Ok(model)
    }

    /// One that has heard nothing yet.
    pub fn listen(&self) -> Silero {
        Silero {
            model: self.clone(),
            context: [0.0; CONTEXT],
            state: [0.0; STATE],
            instead: None,
        }
    }
}

/// Scores 32 ms windows (0.1 ms each).
pub struct Silero {
    model: SileroModel,
    context: [f32; CONTEXT],
    state: [f32; STATE],
    /// Who scores once the graph has failed: it worked when it was loaded, so this is rare.
    instead: Option<FrameScores>,
}

impl Silero {
    /// P(speech) of the next window.
    fn run(&mut self, window: &[f32; WINDOW]) -> Result<f32, String> {
        let mut input = Vec::with_capacity(CONTEXT + WINDOW);
        input.extend_from_slice(&self.context);
        input.extend_from_slice(window);
        self.context.copy_from_slice(&window[WINDOW - CONTEXT..]);
        let state = self.state.to_vec();
        let inputs = || {
            Ok(vec![
                (
                    "input".into(),
                    Tensor::from_array(([1, CONTEXT + WINDOW], input))?.into(),
                ),
                (
                    "state".into(),
                    Tensor::from_array(([2, 1, STATE / 2], state))?.into(),
                ),
                (
                    "sr".into(),
                    Tensor::from_array(((), vec![i64::from(SAMPLE_RATE_HZ)]))?.into(),
                ),
            ])
        };
        let graph = self.model.graph.lock();
        let mut graph = graph.unwrap_or_else(PoisonError::into_inner);
        let (score, state) = graph.run(&self.model.cancel, inputs, |outputs| {
            let (_, score) = outputs["output"].try_extract_tensor::<f32>()?;
            let (_, state) = outputs["stateN"].try_extract_tensor::<f32>()?;
            Ok((score.first().copied().unwrap_or(f32::NAN), state.to_vec()))
        })?;
        if state.len() != STATE || !score.is_finite() {
            return Err("its output has another shape".into());
        }
        self.state.copy_from_slice(&state);
        Ok(score.clamp(0.0, 1.0))
    }
}

impl VoiceActivity for Silero {
    fn window(&self) -> usize {
        WINDOW
    }

    /// A window that is shorter than [`WINDOW`] is filled up with silence, a longer one cut; samples that
    /// are not finite count as silence.
    fn score(&mut self, window: &[f32]) -> f32 {
        let mut samples = [0.0; WINDOW];
        for (sample, heard) in samples.iter_mut().zip(window) {
            if heard.is_finite() {
                *sample = heard.clamp(-1.0, 1.0);
            }
        }
        if self.instead.is_none() {
            match self.run(&samples) {
                Ok(score) => return score,
                Err(why) => tracing::warn!("earshot listens from here on: Silero failed: {why}"),
            }
        }
        let instead = self.instead.get_or_insert_default();
        instead.hear(&samples)
    }

    fn reset(&mut self) {
        self.context = [0.0; CONTEXT];
        self.state = [0.0; STATE];
        if let Some(instead) = &mut self.instead {
            *instead = FrameScores::default();
        }
    }
}
