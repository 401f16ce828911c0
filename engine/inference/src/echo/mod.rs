//! Loqa's own voice taken out of what the microphone hears, by SpeexDSP's echo canceller (Valin,
//! "On adjusting the learning rate in frequency domain echo cancellation with double-talk", 2007).

mod ffi;

use crate::{playback::Reference, resample::Resampler};
use ffi::{Block, Filter};
use loqa_core::seams::{AudioFrame, FRAME_SAMPLES, ModelError, SAMPLE_RATE_HZ};

/// Samples an echo may last, the devices' own delay included: 360 ms.
const TAIL: usize = 18 * FRAME_SAMPLES;
/// Samples of the speaker's that may wait for the microphone's all the time: 20 ms. More is a
/// microphone that has lost some of its own; more for a while is one that is late.
const WAITING: usize = FRAME_SAMPLES;
/// Frames that are "all the time": 5 s.
const WATCHED: u32 = 250;
/// Frames without a sound from the speaker after which there is no echo either: 1 s.
const QUIET: u32 = 50;
/// Mean square of a frame that makes no echo worth the name: −66 dBFS.
const SILENCE: f32 = 2.5e-7;
/// What is left of a sound a frame later, in the room and in the filter: −1.25 dB.
const FADING: f32 = 0.75;
/// How estimates of the echo follow each frame, dB: nine out of ten stay below them.
const UP_DB: f32 = 2.25;
const DOWN_DB: f32 = 0.25;
/// A frame this far above an estimate is somebody's voice, and hardly moves it; dB.
const VOICE_DB: f32 = 7.0;
const VOICE_UP_DB: f32 = 0.05;
/// What a filter that is wrong may add to an echo: it subtracts another as loud, dB.
const WRONG_DB: f32 = 6.0;
/// What the rest of an echo is lowered to: −12 dB.
const REST: f32 = 0.25;
/// Frames for which a voice keeps the sound from being lowered: 160 ms, a pause within a word.
const OPEN: u32 = 8;

/// Can echoes be taken out here?
///
/// # Errors
/// SpeexDSP is not installed; the error tells how it is.
pub fn available() -> Result<(), ModelError> {
    ffi::speex().map(drop)
}

/// Takes echoes out of a microphone's frames.
pub struct EchoFilter {
    filter: Filter,
    /// Frames since the speaker was last heard.
    quiet: u32,
    /// Mean square of what was played, fading.
    played: f32,
    /// How much of that comes back, dB. All of it, at first.
    echo_db: f32,
    /// And how much of it is left by the filter, dB.
    leak_db: f32,
    /// Frames for which it is not lowered, and the gain reached.
    open: u32,
    gain: f32,
}

impl EchoFilter {
    /// One that has learned nothing yet.
    ///
    /// # Errors
    /// SpeexDSP is not installed.
    pub fn new() -> Result<Self, ModelError> {
        Ok(EchoFilter {
            filter: Filter::new(TAIL)?,
            quiet: QUIET,
            played: 0.0,
            echo_db: 0.0,
            leak_db: 0.0,
            open: 0,
            gain: 1.0,
        })
    }

    /// Cleans a frame during which, or shortly before, `played` left the speaker. Feed every frame
    /// once and in order. Returns how far it stands above what may be left of the echo, dB: +∞
    /// where nothing was played, little while the filter learns how the speaker sounds here.
    pub fn clean(
        &mut self,
        heard: &mut [f32; FRAME_SAMPLES],
        played: &[f32; FRAME_SAMPLES],
    ) -> f32 {
        let now = mean_square(played);
        self.played = now.max(FADING * self.played);
        self.quiet = if now > SILENCE { 0 } else { self.quiet + 1 };
        if self.quiet > QUIET {
            // The filter has heard a second of silence: nothing is left in its memory.
            self.quiet = QUIET;
            return f32::INFINITY;
        }
        if now > SILENCE {
            follow(&mut self.echo_db, ratio_db(mean_square(heard), self.played));
        }
        let cleaned = self.filter.cancel(&to_i16(heard), &to_i16(played));
        for (sample, cleaned) in heard.iter_mut().zip(cleaned) {
            *sample = f32::from(cleaned) / 32768.0;
        }
        let left_db = ratio_db(mean_square(heard), self.played);
        let above_db = left_db - self.leak_db;
        if now > SILENCE {
            follow(&mut self.leak_db, left_db);
        }
        self.open = match above_db {
            voice if voice >= VOICE_DB => OPEN,
            _ => self.open.saturating_sub(1),
        };
        let wanted = if self.open > 0 { 1.0 } else { REST };
        let step = (wanted - self.gain) / FRAME_SAMPLES as f32;
        for sample in heard.iter_mut() {
            self.gain += step;
            *sample *= self.gain;
        }
        self.gain = wanted;
        above_db
    }

    /// The echo comes with another delay from now on: what is left of it may be all, as loud as it
    /// comes back here.
    fn doubt(&mut self) {
        let all_db = (self.echo_db + WRONG_DB).min(0.0);
        self.leak_db = self.leak_db.max(all_db);
    }
}

/// A canceller and the speaker it listens to.
pub struct Echo {
    filter: EchoFilter,
    reference: Reference,
    resampler: Resampler,
    taken: Vec<f32>,
    /// What was played and not yet matched with what was heard.
    waiting: Vec<f32>,
    /// The fewest samples that have waited, and over how many frames.
    fewest: (usize, u32),
    begun: bool,
}

impl Echo {
    /// One for the echoes of this speaker.
    ///
    /// # Errors
    /// SpeexDSP is not installed.
    pub fn new(reference: Reference) -> Result<Self, ModelError> {
        // 10 ms at a time: nobody may wait for more.
        let chunk = Reference::RATE_HZ as usize / 100;
        let resampler = Resampler::with_chunk(Reference::RATE_HZ, SAMPLE_RATE_HZ, chunk)
            .map_err(|error| ModelError::Backend(error.to_string()))?;
        Ok(Echo {
            filter: EchoFilter::new()?,
            reference,
            resampler,
            taken: Vec::new(),
            waiting: Vec::new(),
            fewest: (usize::MAX, 0),
            begun: false,
        })
    }

    /// Cleans the microphone's next frame as it arrives; see [`EchoFilter::clean`].
    pub fn clean(&mut self, frame: &mut AudioFrame) -> f32 {
        self.taken.clear();
        self.reference.take(&mut self.taken);
        if !self.begun {
            // Played before anybody listened.
            self.taken.clear();
            self.begun = true;
        }
        // The rates were accepted when it was made.
        let _ = self.resampler.push(&self.taken, &mut self.waiting);
        // A frame that comes before its own is matched with silence, once: what was played then
        // waits as long as the devices' unevenness asks for, and is never later than its echo.
        let mut played = [0.0; FRAME_SAMPLES];
        let ready = self.waiting.len().min(FRAME_SAMPLES);
        if ready < FRAME_SAMPLES {
            self.filter.doubt();
        }
        for (played, waiting) in played.iter_mut().zip(self.waiting.drain(..ready)) {
            *played = waiting;
        }
        self.keep_up();
        let mut heard = [0.0; FRAME_SAMPLES];
        for (heard, sample) in heard.iter_mut().zip(&*frame.samples) {
            *heard = *sample;
        }
        let above_db = self.filter.clean(&mut heard, &played);
        frame.samples = heard.into();
        above_db
    }

    /// Skips what has been waiting all the time: its echo has been heard already.
    fn keep_up(&mut self) {
        let (fewest, frames) = self.fewest;
        self.fewest = (fewest.min(self.waiting.len()), frames + 1);
        if frames < WATCHED {
            return;
        }
        if self.fewest.0 > WAITING {
            self.waiting.drain(..self.fewest.0);
            self.filter.doubt();
        }
        self.fewest = (usize::MAX, 0);
    }
}

fn follow(estimate_db: &mut f32, frame_db: f32) {
    *estimate_db += match frame_db - *estimate_db {
        below if below < 0.0 => -DOWN_DB,
        voice if voice >= VOICE_DB => VOICE_UP_DB,
        _ => UP_DB,
    };
}

fn to_i16(samples: &[f32; FRAME_SAMPLES]) -> Block {
    samples.map(|sample| (sample * 32768.0) as i16)
}

fn mean_square(samples: &[f32]) -> f32 {
    samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32
}

fn ratio_db(over: f32, under: f32) -> f32 {
    10.0 * (over.max(1e-12) / under.max(1e-12)).log10()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rodio::buffer::SamplesBuffer;
    use std::num::NonZero;

    /// Played samples per frame of the microphone.
    const PLAYED: usize = Reference::RATE_HZ as usize / 50;

    #[test]
    fn a_microphone_that_is_late_for_a_while_loses_nothing_that_was_learned() {
        if available().is_err() {
            eprintln!("skipped: SpeexDSP is not installed");
            return;
        }
        // Steps of noise, 2 ms each: the converter leaves them as they are.
        let mut random = 1u64;
        let noise: Vec<f32> = std::iter::repeat_with(|| {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (random >> 40) as f32 / 16_777_216.0 - 0.5
        })
        .flat_map(|step| [step; 96])
        .take(300 * PLAYED)
        .collect();
        let (one, rate) = (
            NonZero::<u16>::MIN,
            NonZero::new(Reference::RATE_HZ).unwrap(),
        );
        let reference = Reference::new();
        let mut speaker = reference.follow(SamplesBuffer::new(one, rate, noise.clone()));
        let mut echo = Echo::new(reference).unwrap();
        let mut play = |frames: usize| {
            for _ in 0..frames * PLAYED {
                speaker.next();
            }
        };
        // 60 ms later, at half the level.
        let heard = |frame: usize| {
            let at = (frame * FRAME_SAMPLES).checked_sub(960);
            let sample = |i: usize| at.map_or(0.0, |at| 0.5 * noise[3 * (at + i)]);
            (0..FRAME_SAMPLES).map(sample).collect()
        };
        let mut left_db = Vec::new();
        let mut frame = 0;
        let mut hear = |frames: usize, left_db: &mut Vec<f32>| {
            for _ in 0..frames {
                let before: std::sync::Arc<[f32]> = heard(frame);
                let mut cleaned = AudioFrame {
                    offset: (frame * FRAME_SAMPLES) as u64,
                    samples: before.clone(),
                };
                echo.clean(&mut cleaned);
                left_db.push(ratio_db(
                    mean_square(&cleaned.samples),
                    mean_square(&before),
                ));
                frame += 1;
            }
        };
        hear(1, &mut left_db);
        for _ in 0..150 {
            play(1);
            hear(1, &mut left_db);
        }
        play(25);
        hear(25, &mut left_db);
        for _ in 0..50 {
            play(1);
            hear(1, &mut left_db);
        }
        let worst = |from: usize| {
            left_db[from..from + 25]
                .iter()
                .copied()
                .fold(f32::MIN, f32::max)
        };
        let (before, after) = (worst(120), worst(180));
        assert!(
            before < -15.0 && after < before + 6.0,
            "{before} dB, then {after} dB"
        );
    }
}
