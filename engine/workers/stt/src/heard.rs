//! The audio of an utterance that has not been read for good, and where in it somebody speaks.

use crate::decoder::LONGEST;
use earshot::Detector;
use std::time::Duration;

/// Samples per second.
pub const RATE: usize = 16_000;
/// Samples that are judged at a time: 16 ms.
const WINDOW: usize = 256;
/// P(voice) from which a window has one.
const VOICE: f32 = 0.5;
/// Silence after which somebody pauses, in windows: 128 ms. Within words there are 80 ms often.
const PAUSE: usize = 8;

/// Audio, as it comes.
pub struct Heard {
    samples: Vec<f32>,
    /// Offset of the first of them on the stream's clock; `None` until something has come.
    first: Option<u64>,
    detector: Box<Detector>,
    /// Whether each whole window has a voice in it.
    voiced: Vec<bool>,
}

impl Default for Heard {
    fn default() -> Self {
        Heard {
            samples: Vec::new(),
            first: None,
            detector: Detector::default_boxed(),
            voiced: Vec::new(),
        }
    }
}

impl Heard {
    /// Hears samples that begin at `offset` on the stream's clock. A gap is silence; what was heard
    /// before is not heard again; what is not finite is silence.
    pub fn hear(&mut self, offset: u64, samples: &[f32]) {
        let first = *self.first.get_or_insert(offset);
        let expected = first + self.samples.len() as u64;
        let gap = usize::try_from(offset.saturating_sub(expected)).unwrap_or(usize::MAX);
        self.samples
            .resize(self.samples.len() + gap.min(LONGEST), 0.0);
        if gap > LONGEST {
            self.first = Some(offset - self.samples.len() as u64);
        }
        let known = usize::try_from(expected.saturating_sub(offset)).unwrap_or(usize::MAX);
        let new = samples.get(known..).unwrap_or_default();
        let sound = |sample: &f32| {
            if sample.is_finite() {
                sample.clamp(-1.0, 1.0)
            } else {
                0.0
            }
        };
        self.samples.extend(new.iter().map(sound));
        while let Some(window) = self
            .samples
            .get(self.voiced.len() * WINDOW..(self.voiced.len() + 1) * WINDOW)
        {
            let mut judged = [0.0; WINDOW];
            judged.copy_from_slice(window);
            self.voiced
                .push(self.detector.predict_f32(&judged) >= VOICE);
        }
    }

    /// All that is kept.
    pub fn samples(&self) -> &[f32] {
        &self.samples
    }

    /// First sample after it, on the stream's clock.
    pub fn through(&self) -> u64 {
        self.first.unwrap_or_default() + self.samples.len() as u64
    }

    /// How long somebody has spoken since this sample of those that are kept.
    pub fn voice_since(&self, sample: usize) -> Duration {
        let windows = self.voiced.iter().skip(sample.div_ceil(WINDOW));
        let voiced = windows.filter(|voiced| **voiced).count();
        Duration::from_millis((voiced * WINDOW * 1000 / RATE) as u64)
    }

    /// Does whoever spoke pause?
    pub fn pauses(&self) -> bool {
        let last = self.voiced.iter().rev().take(PAUSE);
        self.voiced.len() >= PAUSE && !last.into_iter().any(|voiced| *voiced)
    }

    /// Keeps only what comes after the first so many samples, rounded to windows; how many went.
    pub fn forget(&mut self, samples: usize) -> usize {
        let windows = (samples / WINDOW).min(self.voiced.len());
        self.voiced.drain(..windows);
        self.samples.drain(..windows * WINDOW);
        self.first = self.first.map(|first| first + (windows * WINDOW) as u64);
        windows * WINDOW
    }
}
