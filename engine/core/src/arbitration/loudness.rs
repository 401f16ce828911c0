//! How far a call stands above the noise of its room: the same for a microphone that makes all of it louder.

use crate::seams::{AudioFrame, FRAME_SAMPLES, SAMPLE_RATE_HZ};
use std::collections::VecDeque;

const MS: u64 = SAMPLE_RATE_HZ as u64 / 1000;
/// Frames that are remembered: 6 s.
const FRAMES: usize = 300;
/// Samples before the end of the phrase in which it was said.
const PHRASE: u64 = 800 * MS;
/// Samples before the end of the phrase from which on somebody may have been saying it.
const BEFORE: u64 = 1500 * MS;
/// A microphone's own noise is not less than that: mean power, -75 dB of full scale.
const LEAST: f32 = 3e-8;
/// Fewer frames tell nothing of a room: 200 ms.
const ENOUGH: usize = 10;

/// Of the newest frames.
#[derive(Clone, Debug, Default)]
pub struct Loudness {
    /// Offset one past a frame, and its mean power; the oldest first.
    frames: VecDeque<(u64, f32)>,
}

impl Loudness {
    /// Hears the next frame.
    pub fn hear(&mut self, frame: &AudioFrame) {
        let energy: f32 = frame.samples.iter().map(|sample| sample * sample).sum();
        let power = energy / frame.samples.len().max(1) as f32;
        if self.frames.len() == FRAMES {
            self.frames.pop_front();
        }
        let end = frame.offset + FRAME_SAMPLES as u64;
        self.frames.push_back((end, power));
    }

    /// How far a phrase that ended at sample `end` stood above what was heard before it, dB; at least 0.
    pub fn above_noise_db(&self, end: u64) -> f32 {
        let phrase = end.saturating_sub(PHRASE)..=end;
        let voice = self.powers(|at| phrase.contains(&at));
        let Some(voice) = of_rank(voice, 4, 5) else {
            return 0.0;
        };
        (10.0 * (voice / self.noise(end)).log10()).max(0.0)
    }

    /// Mean power of the room before a phrase that ended there.
    pub fn noise(&self, end: u64) -> f32 {
        let before = self.powers(|at| at + BEFORE <= end);
        let heard = match before.len() < ENOUGH {
            // Just begun: what was quietest since then.
            true => self.powers(|at| at <= end),
            false => before,
        };
        of_rank(heard, 1, 5).unwrap_or(LEAST).max(LEAST)
    }

    fn powers(&self, of: impl Fn(u64) -> bool) -> Vec<f32> {
        let frames = self.frames.iter().filter(|(end, _)| of(*end));
        frames.map(|(_, power)| *power).collect()
    }
}

/// The power that `part` of `whole` of them do not exceed.
fn of_rank(mut powers: Vec<f32>, part: usize, whole: usize) -> Option<f32> {
    powers.sort_by(f32::total_cmp);
    let last = powers.len().checked_sub(1)?;
    powers.get(last * part / whole).copied()
}
