//! Kokoro's graph and its voice tables: files, and what comes out of them.

use super::tokens;
use crate::onnx::Model;
use loqa_core::seams::ModelError;
use ort::{
    session::{RunOptions, SessionInputValue},
    value::{Tensor, TensorElementType, ValueType},
};
use std::{fs, io::Read, path::Path, sync::Arc};

/// Samples per second of everything it says.
pub const SAMPLE_RATE_HZ: u32 = 24_000;
/// Numbers of one row of a voice table.
const STYLE: usize = 256;
/// Bytes of a voice table: one row for every length that a piece may have.
const TABLE_BYTES: usize = tokens::MOST * STYLE * 4;
/// Samples of the longest piece: 510 phonemes slowly spoken take 80 s.
const LONGEST: usize = 120 * SAMPLE_RATE_HZ as usize;

/// How a voice sounds, by how much it says.
pub(super) struct VoiceTable(Vec<f32>);

impl VoiceTable {
    /// Reads a table of 510 rows of 256 numbers, little-endian.
    ///
    /// # Errors
    /// [`ModelError::Backend`] naming the file, if it is something else.
    pub(super) fn read(file: &Path) -> Result<Self, ModelError> {
        let wrong = |why: String| {
            ModelError::Backend(format!("{} is no voice of Kokoro: {why}", file.display()))
        };
        let mut bytes = Vec::with_capacity(TABLE_BYTES);
        fs::File::open(file)
            .and_then(|opened| opened.take(TABLE_BYTES as u64 + 1).read_to_end(&mut bytes))
            .map_err(|error| wrong(error.to_string()))?;
        if bytes.len() != TABLE_BYTES {
            let than = match bytes.len() > TABLE_BYTES {
                true => "longer",
                false => "shorter",
            };
            return Err(wrong(format!("it is {than} than {TABLE_BYTES} bytes")));
        }
        let (numbers, _) = bytes.as_chunks::<4>();
        let numbers: Vec<f32> = numbers.iter().map(|it| f32::from_le_bytes(*it)).collect();
        // Trained ones stay within ±3.
        if !numbers.iter().all(|number| number.abs() < 100.0) {
            return Err(wrong("its numbers are none of a voice".into()));
        }
        Ok(VoiceTable(numbers))
    }

    /// The row for a piece of so many phonemes, 1 to 510.
    fn style(&self, phonemes: usize) -> Vec<f32> {
        let row = phonemes.clamp(1, tokens::MOST) - 1;
        self.0[row * STYLE..][..STYLE].to_vec()
    }
}

/// The graph, whatever its exporter has called its inputs.
pub(super) struct Graph {
    model: Model,
    tokens: &'static str,
    whole_speed: Option<TensorElementType>,
}

impl Graph {
    /// Loads it.
    ///
    /// # Errors
    /// As [`Model::load`]; and [`ModelError::Backend`] telling what it takes, if that is not what Kokoro
    /// does.
    pub(super) fn load(file: &Path, threads: usize) -> Result<Self, ModelError> {
        let model = Model::load(file, threads)?;
        let kind = |name: &str| {
            let input = model.inputs.iter().find(|input| input.name == name)?;
            match &input.kind {
                ValueType::Tensor { ty, .. } => Some(*ty),
                _ => None,
            }
        };
        let names = ["tokens", "input_ids"];
        let tokens = names
            .into_iter()
            .find(|name| kind(name) == Some(TensorElementType::Int64));
        let whole_speed = match kind("speed") {
            Some(TensorElementType::Float32) => Some(None),
            Some(whole @ (TensorElementType::Int32 | TensorElementType::Int64)) => {
                Some(Some(whole))
            }
            _ => None,
        };
        let style = kind("style") == Some(TensorElementType::Float32);
        let gives = model.outputs.first().map(|output| &output.kind);
        let sound = matches!(
            gives,
            Some(ValueType::Tensor {
                ty: TensorElementType::Float32,
                ..
            })
        );
        match (tokens, whole_speed) {
            (Some(tokens), Some(whole_speed)) if style && sound && model.inputs.len() == 3 => {
                Ok(Graph {
                    tokens,
                    whole_speed,
                    model,
                })
            }
            _ => Err(ModelError::Backend(format!(
                "{} is not Kokoro: it takes {} instead of tokens, style and speed",
                file.display(),
                model.takes()
            ))),
        }
    }

    /// Says a piece of 1 to 510 tokens, `speed` times as fast as the voice by itself: samples in [-1, 1].
    /// Ends early, with an error, when `cancel` is terminated.
    ///
    /// # Errors
    /// [`ModelError::Backend`]: the graph does not run, or makes no sound.
    pub(super) fn say(
        &mut self,
        piece: &[i64],
        voice: &VoiceTable,
        speed: f32,
        cancel: &Arc<RunOptions>,
    ) -> Result<Vec<f32>, ModelError> {
        let failed = |why: String| ModelError::Backend(format!("Kokoro failed: {why}"));
        let mut framed = Vec::with_capacity(piece.len() + 2);
        framed.push(0);
        framed.extend_from_slice(piece);
        framed.push(0);
        let whole = speed.round().max(1.0);
        let (tokens, whole_speed) = (self.tokens, self.whole_speed);
        let inputs = || {
            let speed: SessionInputValue<'static> = match whole_speed {
                None => Tensor::from_array(([1], vec![speed]))?.into(),
                Some(TensorElementType::Int32) => {
                    Tensor::from_array(([1], vec![whole as i32]))?.into()
                }
                Some(_) => Tensor::from_array(([1], vec![whole as i64]))?.into(),
            };
            let style = voice.style(piece.len());
            Ok(vec![
                (
                    tokens.into(),
                    Tensor::from_array(([1, framed.len()], framed))?.into(),
                ),
                (
                    "style".into(),
                    Tensor::from_array(([1, STYLE], style))?.into(),
                ),
                ("speed".into(), speed),
            ])
        };
        let ran = self.model.run(cancel, inputs, |outputs| {
            let (_, samples) = outputs[0].try_extract_tensor::<f32>()?;
            Ok(samples[..samples.len().min(LONGEST + 1)].to_vec())
        });
        let mut samples = ran.map_err(failed)?;
        if samples.is_empty() || samples.len() > LONGEST {
            return Err(failed("what it says has no end, or no beginning".into()));
        }
        if !samples.iter().all(|sample| sample.is_finite()) {
            return Err(failed("what it says is no sound".into()));
        }
        samples
            .iter_mut()
            .for_each(|sample| *sample = sample.clamp(-1.0, 1.0));
        Ok(samples)
    }
}
