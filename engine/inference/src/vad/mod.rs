//! Voice activity: by earshot, pure Rust with its weights inside, and by Silero where it was fetched.
//!
//! Measured on 96 commands of twelve synthetic voices whose first and last samples are known, in
//! ms from there to the end of the window that tells (5th, 50th, 95th percentile):
//!
//! | threshold | onset, clean | offset, clean | onset, noise at 20 dB | offset, noise at 20 dB |
//! |---|---|---|---|---|
//! | 0.3 | 4, 20, 228 | 42, 120, 175 | (noise opens it) | 73, 188, 320 |
//! | 0.5 | 20, 36, 228 | -8, 64, 99 | 20, 68, 260 | -46, 76, 133 |
//! | 0.7 | 36, 84, 276 | -71, 31, 68 | 36, 100, 276 | -88, 22, 79 |
//!
//! So: start listening 300 ms before the onset; take the threshold for silence with the energy,
//! since scores fall late and, after weak last consonants, early. Within words the score stays
//! below 0.5 for 80 ms or more in one command of six, below 0.7 in one of three.

mod silero;

pub use self::silero::{Silero, SileroModel};

use earshot::Detector;
use loqa_core::seams::VoiceActivity;

/// Samples of one window of earshot: 16 ms.
pub const WINDOW: usize = 256;

/// Scores 16 ms windows with earshot's recurrent network (0.02 ms each).
pub struct Earshot {
    detector: Box<Detector>,
}

impl Default for Earshot {
    fn default() -> Self {
        Self {
            detector: Detector::default_boxed(),
        }
    }
}

impl VoiceActivity for Earshot {
    fn window(&self) -> usize {
        WINDOW
    }

    /// A window that is shorter than [`WINDOW`] is filled up with silence, a longer one cut;
    /// samples that are not finite count as silence.
    fn score(&mut self, window: &[f32]) -> f32 {
        let mut samples = [0.0; WINDOW];
        for (sample, heard) in samples.iter_mut().zip(window) {
            if heard.is_finite() {
                *sample = heard.clamp(-1.0, 1.0);
            }
        }
        self.detector.predict_f32(&samples).clamp(0.0, 1.0)
    }

    fn reset(&mut self) {
        self.detector.reset();
    }
}

/// Scores frames of any length.
#[derive(Default)]
pub struct FrameScores {
    vad: Earshot,
    pending: Vec<f32>,
}

impl FrameScores {
    /// P(speech) in [0, 1] of the likeliest of the windows that this frame completes; 0 if it
    /// completes none. Feed every frame once and in order.
    pub fn hear(&mut self, frame: &[f32]) -> f32 {
        self.pending.extend_from_slice(frame);
        let windows = self.pending.chunks_exact(WINDOW);
        let score = windows
            .map(|window| self.vad.score(window))
            .fold(0.0, f32::max);
        self.pending.drain(..self.pending.len() / WINDOW * WINDOW);
        score
    }
}

#[cfg(test)]
mod tests;
