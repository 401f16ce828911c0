//! What somebody says to a puck, kept until it was answered: should the hub be gone meanwhile, it is said again.

use loqa_core::seams::{AudioFrame, SAMPLE_RATE_HZ};
use loqa_protocol::Called;

/// Longer utterances are not kept: 20 s, of 64 kB each.
const MOST_FRAMES: usize = 1000;
/// So long after the call nobody expects an answer any more: 30 s.
const PATIENCE: u64 = 30 * SAMPLE_RATE_HZ as u64;
/// Frames of voice that make an utterance: 200 ms.
const VOICED: usize = 10;
/// Frames of quiet that end one: 1.2 s, more than any hub waits for.
const QUIET: usize = 60;
/// What is no more than 6 dB above the noise of the room is quiet.
const ABOVE_NOISE: f32 = 4.0;

/// One utterance.
#[derive(Clone, Debug)]
pub struct Said {
    called: Called,
    /// Sample at which the call ended.
    end: u64,
    /// Mean power of the room before the call.
    noise: f32,
    frames: Vec<AudioFrame>,
    voiced: usize,
    quiet: usize,
    over: bool,
}

impl Said {
    /// After a call that ended at sample `end`, in a room of this noise.
    pub fn after(called: Called, end: u64, noise: f32) -> Said {
        Said {
            called,
            end,
            noise,
            frames: Vec::new(),
            voiced: 0,
            quiet: 0,
            over: false,
        }
    }

    /// The next frame of it. False: it is too long to be kept.
    pub fn hear(&mut self, frame: &AudioFrame) -> bool {
        if self.over {
            return true;
        }
        let energy: f32 = frame.samples.iter().map(|sample| sample * sample).sum();
        let loud = energy / frame.samples.len().max(1) as f32 > ABOVE_NOISE * self.noise;
        self.voiced += usize::from(loud);
        self.quiet = if loud { 0 } else { self.quiet + 1 };
        self.frames.push(frame.clone());
        self.over = self.voiced >= VOICED && self.quiet >= QUIET;
        self.frames.len() < MOST_FRAMES
    }

    /// That was all.
    pub fn finish(&mut self) {
        self.over = true;
    }

    /// Whether somebody has begun, and not ended.
    pub fn is_under_way(&self) -> bool {
        self.voiced >= VOICED && !self.over
    }

    /// Whether nothing more belongs to it.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Whether at sample `now` nobody expects an answer any more.
    pub fn is_stale(&self, now: u64) -> bool {
        now > self.end + PATIENCE
    }

    /// What was said until now.
    pub fn frames(&self) -> &[AudioFrame] {
        &self.frames
    }

    /// What is known of the call at sample `now`.
    pub fn called(&self, now: u64) -> Called {
        let ago_ms = now.saturating_sub(self.end) * 1000 / u64::from(SAMPLE_RATE_HZ);
        Called {
            ago_ms: u32::try_from(ago_ms).unwrap_or(u32::MAX),
            ..self.called.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loqa_core::seams::FRAME_SAMPLES;

    #[test]
    fn what_follows_a_long_silence_is_not_for_the_hub() {
        let mut said = Said::after(Called::default(), 0, 1e-6);
        let mut say = |frames: usize, loud: f32| {
            let frame = AudioFrame {
                offset: 0,
                samples: [loud; FRAME_SAMPLES].into(),
            };
            (0..frames).all(|_| said.hear(&frame))
        };
        // A pause before it, and one in it.
        assert!(say(100, 0.001) && say(30, 0.1) && say(40, 0.001) && say(30, 0.1));
        assert!(say(200, 0.001) && say(500, 0.2));
        assert!(said.is_over());
        assert_eq!(said.frames().len(), 100 + 30 + 40 + 30 + QUIET);
        assert_eq!(said.called(16_000).ago_ms, 1000);
        assert!(!said.is_stale(PATIENCE) && said.is_stale(PATIENCE + 1));
    }
}
