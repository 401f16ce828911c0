//! Samples of any rate as frames of 20 ms, in which no time is missing.

use crate::resample::{ResampleError, Resampler};
use loqa_core::seams::{AudioFrame, FRAME_SAMPLES, SAMPLE_RATE_HZ};
use std::time::Duration;

/// Without a sample for this long, time goes on in silence: more than any device holds back.
const PATIENCE: Duration = Duration::from_millis(250);
/// How fast a late delivery is taken for the usual one, per delivery.
const FORGIVE: Duration = Duration::from_millis(1);
/// Silence of this many samples is as good as any: 5 s. Who stood still for longer hears no more of it, later.
const LONGEST_SILENCE: usize = 5 * SAMPLE_RATE_HZ as usize;
/// Deliveries vary by this much.
const JITTER: Duration = Duration::from_millis(40);

/// Cuts frames and keeps their offsets those of the wall clock, in the long run.
#[derive(Default)]
pub struct Timeline {
    /// From the device's rate; `None` before there is a device.
    resampler: Option<Resampler>,
    pending: Vec<f32>,
    /// Of the next frame.
    offset: u64,
    /// When the newest samples came, since the beginning.
    latest: Duration,
    /// Nothing comes at present.
    silent: bool,
    /// How far the samples usually are behind the wall clock, s; leaks upwards, because the two
    /// clocks drift.
    lag_s: Option<f64>,
}

impl Timeline {
    /// A device of this rate follows.
    ///
    /// # Errors
    /// The rate is none that a microphone has.
    pub fn device(&mut self, rate_hz: u32) -> Result<(), ResampleError> {
        // 10 ms at a time, so that a word is not held back.
        let chunk = (rate_hz / 100).max(1) as usize;
        self.resampler = Some(Resampler::with_chunk(rate_hz, SAMPLE_RATE_HZ, chunk)?);
        self.lag_s = None;
        Ok(())
    }

    /// Samples came at `now`, since the beginning. `gap`: the device has lost some before them.
    ///
    /// # Errors
    /// The converter's.
    pub fn hear(&mut self, samples: &[f32], gap: bool, now: Duration) -> Result<(), ResampleError> {
        let Some(resampler) = &mut self.resampler else {
            return Ok(());
        };
        let mut heard = Vec::new();
        resampler.push(samples, &mut heard)?;
        self.latest = now;
        self.silent = false;
        let through = self.through() + heard.len() as u64;
        let lag_s = now.as_secs_f64() - through as f64 / f64::from(SAMPLE_RATE_HZ);
        let usual_s = self.lag_s.unwrap_or(lag_s);
        let missing_s = lag_s - usual_s;
        if gap && missing_s > JITTER.as_secs_f64() {
            self.silence(missing_s);
        } else {
            self.lag_s = Some(lag_s.min(usual_s + FORGIVE.as_secs_f64()));
        }
        self.pending.append(&mut heard);
        Ok(())
    }

    /// Nothing came until `now`: once that is sure, time goes on in silence.
    pub fn wait(&mut self, now: Duration) {
        let missing = now.saturating_sub(self.latest);
        self.silent |= missing >= PATIENCE;
        if self.silent {
            self.latest = now;
            self.lag_s = None;
            self.silence(missing.as_secs_f64());
        }
    }

    /// The next frame, if it is complete.
    pub fn frame(&mut self) -> Option<AudioFrame> {
        let samples = self.pending.get(..FRAME_SAMPLES)?.into();
        self.pending.drain(..FRAME_SAMPLES);
        let offset = self.offset;
        self.offset += FRAME_SAMPLES as u64;
        Some(AudioFrame { offset, samples })
    }

    /// The sample up to which everything is heard.
    fn through(&self) -> u64 {
        self.offset + self.pending.len() as u64
    }

    fn silence(&mut self, seconds: f64) {
        let missing = (seconds * f64::from(SAMPLE_RATE_HZ)).round() as usize;
        let heard = missing.min(LONGEST_SILENCE);
        self.offset += (missing - heard) as u64;
        self.pending.resize(self.pending.len() + heard, 0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELIVERY: Duration = Duration::from_millis(10);

    fn frames(timeline: &mut Timeline) -> Vec<AudioFrame> {
        std::iter::from_fn(|| timeline.frame()).collect()
    }

    /// Half a second of a device at 48 kHz.
    fn half_a_second(timeline: &mut Timeline, mut now: Duration) -> Duration {
        for _ in 0..50 {
            now += DELIVERY;
            timeline.hear(&[0.5; 480], false, now).unwrap();
        }
        now
    }

    #[test]
    fn samples_of_a_device_become_frames_with_offsets() {
        let mut timeline = Timeline::default();
        timeline.device(48_000).unwrap();
        half_a_second(&mut timeline, Duration::ZERO);
        let frames = frames(&mut timeline);
        // The resampler holds back a few milliseconds.
        assert_eq!(frames.len(), 24);
        for (number, frame) in frames.iter().enumerate() {
            assert_eq!(frame.offset, number as u64 * 320);
        }
        assert!((frames[20].samples[0] - 0.5).abs() < 1e-3);
    }

    #[test]
    fn what_a_device_loses_or_an_unplugged_one_keeps_back_is_silence() {
        let mut timeline = Timeline::default();
        timeline.device(16_000).unwrap();
        let mut now = DELIVERY;
        timeline.hear(&[0.5; 160], false, now).unwrap();
        // 100 ms are lost, and it says so.
        now += DELIVERY + Duration::from_millis(100);
        timeline.hear(&[0.5; 160], true, now).unwrap();
        assert_eq!(frames(&mut timeline).len(), 6);
        // Unplugged for a second.
        for _ in 0..50 {
            now += Duration::from_millis(20);
            timeline.wait(now);
        }
        let silence = frames(&mut timeline);
        assert!((49..=50).contains(&silence.len()), "{}", silence.len());
        assert!(
            silence[1..]
                .iter()
                .all(|frame| frame.samples.iter().all(|s| *s == 0.0))
        );
        assert_eq!(timeline.offset / 320 * 20, 1120);
    }

    #[test]
    fn who_stood_still_for_an_hour_does_not_hear_an_hour_of_silence() {
        let mut timeline = Timeline::default();
        timeline.device(16_000).unwrap();
        let mut now = DELIVERY;
        timeline.hear(&[0.5; 160], false, now).unwrap();
        now += Duration::from_secs(3600);
        timeline.wait(now);
        let silence = frames(&mut timeline);
        assert!(silence.len() <= 251, "{}", silence.len());
        let through_ms = timeline.offset * 1000 / 16_000;
        assert!(
            (3_600_000 - 20..=3_600_010).contains(&through_ms),
            "{through_ms}"
        );
    }
}
