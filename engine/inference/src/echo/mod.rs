//! Loqa's own voice taken out of what the microphone hears, by SpeexDSP's echo canceller (Valin,
//! "On adjusting the learning rate in frequency domain echo cancellation with double-talk", 2007).

mod ffi;

use crate::{playback::Reference, resample::Resampler};
use ffi::{Block, Filter};
use loqa_core::seams::{AudioFrame, FRAME_SAMPLES, ModelError, SAMPLE_RATE_HZ};

/// Samples an echo may last, the devices' own delay included: 360 ms.
const TAIL: usize = 18 * FRAME_SAMPLES;
/// Samples of the speaker's that may wait for the microphone's: 200 ms. More is a device that
/// stood still, and its echo has gone.
const WAITING: usize = SAMPLE_RATE_HZ as usize / 5;
/// Frames without a sound from the speaker after which there is no echo either: 1 s.
const QUIET: u32 = 50;
/// Mean square of a frame that makes no echo worth the name: −66 dBFS.
const SILENCE: f32 = 2.5e-7;
/// What is left of a sound a frame later, in the room and in the filter: −1.25 dB.
const FADING: f32 = 0.75;
/// How the estimate of what is left follows each frame, dB: nine out of ten stay below it.
const UP_DB: f32 = 2.25;
const DOWN_DB: f32 = 0.25;
/// A frame this far above the estimate is somebody's voice, and hardly moves it; dB.
const VOICE_DB: f32 = 7.0;
const VOICE_UP_DB: f32 = 0.05;
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
    /// How much of that is left by the filter, dB. All of it, at first.
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
        let cleaned = self.filter.cancel(&to_i16(heard), &to_i16(played));
        for (sample, cleaned) in heard.iter_mut().zip(cleaned) {
            *sample = f32::from(cleaned) / 32768.0;
        }
        let left_db = ratio_db(mean_square(heard), self.played);
        let above_db = left_db - self.leak_db;
        if now > SILENCE {
            self.leak_db += match above_db {
                below if below < 0.0 => -DOWN_DB,
                voice if voice >= VOICE_DB => VOICE_UP_DB,
                _ => UP_DB,
            };
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

    /// The echo comes with another delay from now on: what is left of it may be all.
    fn doubt(&mut self) {
        self.leak_db = 0.0;
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
        })
    }

    /// Cleans the microphone's next frame as it arrives; see [`EchoFilter::clean`].
    pub fn clean(&mut self, frame: &mut AudioFrame) -> f32 {
        self.taken.clear();
        self.reference.take(&mut self.taken);
        // The rates were accepted when it was made.
        let _ = self.resampler.push(&self.taken, &mut self.waiting);
        if self.waiting.len() > FRAME_SAMPLES + WAITING {
            self.waiting.drain(..self.waiting.len() - FRAME_SAMPLES);
            self.filter.doubt();
        }
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
        let mut heard = [0.0; FRAME_SAMPLES];
        for (heard, sample) in heard.iter_mut().zip(&*frame.samples) {
            *heard = *sample;
        }
        let above_db = self.filter.clean(&mut heard, &played);
        frame.samples = heard.into();
        above_db
    }
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
