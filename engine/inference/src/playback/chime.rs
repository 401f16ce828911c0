//! The sound of a timer that has ended, two soft bell notes, and of Loqa having been called, the
//! first of them alone. Computed.

use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use loqa_core::seams::{ModelError, SpeechChunk};
use std::f32::consts::TAU;

const SAMPLE_RATE_HZ: u32 = 24_000;
/// A rising fourth, E5 to A5: when each note begins, in seconds, and its pitch.
const NOTES: [(f32, f32); 2] = [(0.0, 659.26), (0.22, 880.0)];
/// Partials of a small bell: ratio to the pitch, loudness, and seconds until it has fallen to 1/e.
const PARTIALS: [(f32, f32, f32); 4] = [
    (1.0, 1.0, 0.38),
    (2.0, 0.35, 0.22),
    (3.01, 0.18, 0.12),
    (4.6, 0.08, 0.06),
];
/// Loudest sample: −10 dB of full scale, so that speech is not drowned by it.
const PEAK: f32 = 0.3;
/// Seconds of one chime, and from one to the next.
const CHIME_S: f32 = 1.4;
const PERIOD_S: f32 = 2.4;

/// One chime, 1.4 s.
pub fn chime() -> SpeechChunk {
    struck(0.0, CHIME_S, PEAK)
}

/// "I listen", 0.18 s: over before the command is.
pub fn attentive() -> SpeechChunk {
    struck(0.0, 0.18, PEAK / 3.0)
}

/// The bell from one moment of it on, for some time, as loud as `loudest`.
fn struck(from_s: f32, length_s: f32, loudest: f32) -> SpeechChunk {
    let mut samples: Vec<f32> = (0..count(length_s))
        .map(|i| sample(from_s + i as f32 / SAMPLE_RATE_HZ as f32))
        .collect();
    let peak = samples
        .iter()
        .fold(f32::MIN_POSITIVE, |peak, s| peak.max(s.abs()));
    let length = samples.len();
    // The last 50 ms fade, so that the tail ends without a click.
    let fade = count(0.05);
    for (i, sample) in samples.iter_mut().enumerate() {
        *sample *= loudest / peak * ((length - i) as f32 / fade as f32).min(1.0);
    }
    SpeechChunk {
        sample_rate_hz: SAMPLE_RATE_HZ,
        samples,
    }
}

/// Chimes every 2.4 s until dropped.
pub fn ring() -> BoxStream<'static, Result<SpeechChunk, ModelError>> {
    let mut chime = chime();
    chime.samples.resize(count(PERIOD_S), 0.0);
    stream::repeat_with(move || Ok(chime.clone())).boxed()
}

fn count(seconds: f32) -> usize {
    (seconds * SAMPLE_RATE_HZ as f32) as usize
}

fn sample(time_s: f32) -> f32 {
    NOTES
        .iter()
        .filter(|(begin, _)| time_s >= *begin)
        .map(|(begin, pitch_hz)| {
            let time_s = time_s - begin;
            // Struck within 4 ms: softer than a click.
            let attack = (time_s / 0.004).min(1.0);
            PARTIALS
                .iter()
                .map(|(ratio, loudness, decay_s)| {
                    let phase = TAU * pitch_hz * ratio * time_s;
                    attack * loudness * (-time_s / decay_s).exp() * phase.sin()
                })
                .sum::<f32>()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;

    #[test]
    fn a_chime_is_soft_and_ends_in_silence() {
        let chime = chime();
        let peak = chime
            .samples
            .iter()
            .fold(0.0f32, |peak, s| peak.max(s.abs()));
        assert!((peak - PEAK).abs() < 0.01, "{peak}");
        assert!(
            chime
                .samples
                .windows(2)
                .all(|pair| (pair[0] - pair[1]).abs() < 0.15)
        );
        let end = &chime.samples[chime.samples.len() - 10..];
        assert!(end.iter().all(|s| s.abs() < 0.001));
        let rung: Vec<_> = block_on(ring().take(2).collect());
        assert_eq!(rung[0], rung[1]);
    }
}
