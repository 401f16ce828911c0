//! The end of the playback ring: our own rodio source, which counts samples as they leave.

use futures::channel::oneshot;
use loqa_core::seams::ModelError;
use rodio::{ChannelCount, SampleRate, Source};
use std::{
    num::NonZero,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Length of a gain ramp: long enough not to click, short enough to duck at once.
const RAMP_MS: u32 = 10;
/// Length of the fade when a reply is dropped.
const FADE_MS: u32 = 5;

/// What the two ends of a reply tell each other.
pub(super) struct Progress {
    /// Samples that have left.
    heard: AtomicU64,
    /// Samples per second; 0 until the first chunk has come.
    sample_rate_hz: AtomicU32,
    /// Wanted amplitude, as the bits of an `f32`.
    gain: AtomicU32,
    /// Set when samples may leave. Before, a resampler that reads ahead gets silence.
    audible: AtomicBool,
    /// Set when the ring will get no more.
    complete: AtomicBool,
    /// Set when the reply was dropped.
    silenced: AtomicBool,
    /// Why there is no more, if not because all is said.
    error: OnceLock<ModelError>,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            heard: AtomicU64::new(0),
            sample_rate_hz: AtomicU32::new(0),
            gain: AtomicU32::new(1.0f32.to_bits()),
            audible: AtomicBool::new(false),
            complete: AtomicBool::new(false),
            silenced: AtomicBool::new(false),
            error: OnceLock::new(),
        }
    }

    pub(super) fn heard_samples(&self) -> u64 {
        self.heard.load(Ordering::Acquire)
    }

    pub(super) fn heard(&self) -> Duration {
        match self.sample_rate_hz.load(Ordering::Acquire) {
            0 => Duration::ZERO,
            rate => Duration::from_secs_f64(self.heard_samples() as f64 / f64::from(rate)),
        }
    }

    pub(super) fn set_gain_db(&self, gain_db: f32) {
        let amplitude = 10f32.powf(gain_db / 20.0);
        if amplitude.is_finite() {
            self.gain.store(amplitude.to_bits(), Ordering::Release);
        }
    }

    pub(super) fn set_sample_rate(&self, sample_rate_hz: u32) {
        self.sample_rate_hz.store(sample_rate_hz, Ordering::Release);
    }

    /// Lets samples leave. An output calls it when the source is where it will be played.
    pub(super) fn make_audible(&self) {
        self.audible.store(true, Ordering::Release);
    }

    pub(super) fn complete(&self) {
        self.complete.store(true, Ordering::Release);
    }

    pub(super) fn silence(&self) {
        self.silenced.store(true, Ordering::Release);
    }

    pub(super) fn is_silenced(&self) -> bool {
        self.silenced.load(Ordering::Acquire)
    }

    /// The first error counts.
    pub(super) fn fail(&self, error: ModelError) {
        let _ = self.error.set(error);
    }

    /// Why no sample ever left.
    pub(super) fn unheard(&self) -> ModelError {
        let why = || {
            if self.is_silenced() {
                "the reply was dropped before it was heard"
            } else if self.sample_rate_hz.load(Ordering::Acquire) == 0 {
                "the reply was empty"
            } else {
                "the speaker went away before the reply was heard"
            }
        };
        self.error
            .get()
            .cloned()
            .unwrap_or_else(|| ModelError::Backend(why().into()))
    }
}

/// Pulls one reply's samples: mono, at the rate they were synthesised.
///
/// Takes no lock and allocates nothing, so it may run in an audio callback. A synthesiser that is
/// too slow makes silence, which is not counted as heard; the reply ends when all is said, or
/// with a fade of 5 ms when it was dropped.
pub struct ReplySource {
    samples: rtrb::Consumer<f32>,
    progress: Arc<Progress>,
    sample_rate_hz: SampleRate,
    /// Amplitude of the sample before, the one wanted, and the way there per sample.
    gain: f32,
    target: f32,
    step: f32,
    /// Samples of fade left once dropped.
    fade: Option<u32>,
    /// Told when the first sample leaves.
    first: Option<oneshot::Sender<Instant>>,
    /// Dropped when the last has left.
    ended: Option<oneshot::Sender<()>>,
    /// Of whoever wants to know whether anything sounds.
    _held_by: Option<Arc<()>>,
}

impl ReplySource {
    pub(super) fn new(
        samples: rtrb::Consumer<f32>,
        progress: Arc<Progress>,
        sample_rate_hz: NonZero<u32>,
        first: oneshot::Sender<Instant>,
        ended: oneshot::Sender<()>,
    ) -> Self {
        Self {
            samples,
            progress,
            sample_rate_hz,
            gain: 1.0,
            target: 1.0,
            step: 0.0,
            fade: None,
            first: Some(first),
            ended: Some(ended),
            _held_by: None,
        }
    }

    /// The same, which holds this for as long as it is played.
    pub(super) fn held_by(self, holder: Arc<()>) -> Self {
        Self {
            _held_by: Some(holder),
            ..self
        }
    }

    pub(super) fn progress(&self) -> Arc<Progress> {
        self.progress.clone()
    }

    /// Whether the next sample would be silence for want of a synthesised one.
    pub(super) fn is_starved(&self) -> bool {
        self.samples.is_empty()
            && !self.progress.complete.load(Ordering::Acquire)
            && !self.progress.is_silenced()
    }

    fn per_ms(&self, ms: u32) -> u32 {
        self.sample_rate_hz.get() * ms / 1000
    }

    fn amplitude(&mut self) -> f32 {
        let wanted = f32::from_bits(self.progress.gain.load(Ordering::Acquire));
        if wanted.to_bits() != self.target.to_bits() {
            self.target = wanted;
            self.step = (wanted - self.gain) / self.per_ms(RAMP_MS).max(1) as f32;
        }
        let next = self.gain + self.step;
        let arrived = if self.step < 0.0 {
            next <= self.target
        } else {
            next >= self.target
        };
        self.gain = if arrived { self.target } else { next };
        self.gain
    }

    /// The next synthesised sample at its amplitude; counts it and tells of the first.
    fn pull(&mut self) -> Option<f32> {
        let sample = self.samples.pop().ok()?;
        if let Some(first) = self.first.take() {
            // A reply whose listener has gone need not be told.
            let _ = first.send(Instant::now());
        }
        self.progress.heard.fetch_add(1, Ordering::AcqRel);
        Some(sample * self.amplitude())
    }

    fn end(&mut self) -> Option<f32> {
        self.fade = Some(0);
        self.first = None;
        self.ended = None;
        None
    }

    fn fading(&mut self) -> Option<f32> {
        let length = self.per_ms(FADE_MS).max(1);
        let unheard = self.first.is_some();
        let left = self.fade.unwrap_or(if unheard { 0 } else { length });
        if left == 0 {
            return self.end();
        }
        self.fade = Some(left - 1);
        match self.pull() {
            Some(sample) => Some(sample * left as f32 / length as f32),
            None => self.end(),
        }
    }
}

impl Iterator for ReplySource {
    type Item = f32;

    fn next(&mut self) -> Option<f32> {
        if self.fade.is_some() || self.progress.is_silenced() {
            return self.fading();
        }
        if !self.progress.audible.load(Ordering::Acquire) {
            return Some(0.0);
        }
        if let Some(sample) = self.pull() {
            return Some(sample);
        }
        if !self.progress.complete.load(Ordering::Acquire) {
            return Some(0.0);
        }
        // `complete` is set after the last push, which may have come since the first pull.
        match self.pull() {
            Some(sample) => Some(sample),
            None => self.end(),
        }
    }
}

impl Source for ReplySource {
    fn current_span_len(&self) -> Option<usize> {
        None
    }

    fn channels(&self) -> ChannelCount {
        NonZero::<u16>::MIN
    }

    fn sample_rate(&self) -> SampleRate {
        self.sample_rate_hz
    }

    fn total_duration(&self) -> Option<Duration> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bench {
        source: ReplySource,
        progress: Arc<Progress>,
        ring: rtrb::Producer<f32>,
        first: oneshot::Receiver<Instant>,
        ended: oneshot::Receiver<()>,
    }

    fn bench() -> Bench {
        let (ring, samples) = rtrb::RingBuffer::new(1000);
        let progress = Arc::new(Progress::new());
        let (first_sender, first) = oneshot::channel();
        let (ended_sender, ended) = oneshot::channel();
        let rate = NonZero::new(1000).expect("not zero");
        let source = ReplySource::new(samples, progress.clone(), rate, first_sender, ended_sender);
        progress.set_sample_rate(1000);
        Bench {
            source,
            progress,
            ring,
            first,
            ended,
        }
    }

    fn fill(bench: &mut Bench, count: usize) {
        for _ in 0..count {
            bench.ring.push(1.0).expect("room");
        }
    }

    #[test]
    fn hunger_is_silence_and_the_end_is_an_end() {
        let mut bench = bench();
        fill(&mut bench, 2);
        assert_eq!(bench.source.next(), Some(0.0), "not audible yet");
        assert_eq!(bench.first.try_recv(), Ok(None));
        bench.progress.make_audible();
        assert_eq!(bench.source.next(), Some(1.0));
        assert!(
            bench
                .first
                .try_recv()
                .is_ok_and(|instant| instant.is_some())
        );
        assert_eq!(bench.source.next(), Some(1.0));
        assert_eq!(bench.source.next(), Some(0.0), "an underrun");
        fill(&mut bench, 1);
        bench.progress.complete();
        assert_eq!(bench.source.next(), Some(1.0));
        assert_eq!(bench.ended.try_recv(), Ok(None));
        assert_eq!((bench.source.next(), bench.source.next()), (None, None));
        assert!(bench.ended.try_recv().is_err(), "its sender is gone");
        assert_eq!(bench.progress.heard(), Duration::from_millis(3));
    }

    #[test]
    fn gain_moves_smoothly_within_ten_milliseconds() {
        let mut bench = bench();
        fill(&mut bench, 100);
        bench.progress.make_audible();
        assert_eq!(bench.source.next(), Some(1.0));
        bench.progress.set_gain_db(-20.0);
        let ramp: Vec<f32> = bench.source.by_ref().take(12).collect();
        assert!(
            ramp.windows(2).all(|pair| pair[0] - pair[1] < 0.091),
            "{ramp:?}"
        );
        assert!(
            (ramp[9] - 0.1).abs() < 1e-5 && ramp[11] == ramp[10],
            "{ramp:?}"
        );
        bench.progress.set_gain_db(f32::NAN);
        assert_eq!(bench.source.next(), Some(ramp[11]));
    }

    #[test]
    fn a_dropped_reply_fades_within_five_milliseconds() {
        let mut bench = bench();
        fill(&mut bench, 100);
        bench.progress.make_audible();
        bench.source.next();
        bench.progress.silence();
        let fade: Vec<f32> = bench.source.by_ref().collect();
        assert_eq!(fade, [1.0, 0.8, 0.6, 0.4, 0.2]);
        assert!(bench.ended.try_recv().is_err());
    }

    #[test]
    fn a_reply_dropped_before_its_first_sample_is_never_heard() {
        let mut bench = bench();
        fill(&mut bench, 100);
        bench.progress.make_audible();
        bench.progress.silence();
        assert_eq!(bench.source.next(), None);
        assert!(bench.first.try_recv().is_err());
    }
}
