//! What leaves the speaker, for whoever must tell it from what the microphone hears.

use rodio::{ChannelCount, Sample, SampleRate, Source};
use std::{
    num::NonZero,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Samples nobody has taken yet: 2 s. When full, further ones are lost.
const WAITING: usize = 2 * Reference::RATE_HZ as usize;

/// What a speaker has played: mono. Clones take from the same.
#[derive(Clone)]
pub struct Reference(Arc<Mutex<rtrb::Consumer<Sample>>>);

impl Reference {
    /// Samples per second, whatever the device's own rate is.
    pub const RATE_HZ: u32 = 48_000;

    pub(crate) fn new() -> Self {
        let (_, nothing) = rtrb::RingBuffer::new(0);
        Reference(Arc::new(Mutex::new(nothing)))
    }

    /// Appends what has left the speaker since the last call.
    pub fn take(&self, samples: &mut Vec<f32>) {
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = ring.slots();
        if let Ok(chunk) = ring.read_chunk(waiting) {
            samples.extend(chunk);
        }
    }

    /// Follows this source from now on, in place of the one before.
    pub(crate) fn follow<S>(&self, source: S) -> Tapped<S> {
        let (ring, samples) = rtrb::RingBuffer::new(WAITING);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = samples;
        Tapped { source, ring }
    }
}

/// A source that is followed. Takes no lock and allocates nothing.
pub(crate) struct Tapped<S> {
    source: S,
    ring: rtrb::Producer<Sample>,
}

impl<S: Source> Iterator for Tapped<S> {
    type Item = Sample;

    fn next(&mut self) -> Option<Sample> {
        let sample = self.source.next()?;
        // Full where nobody listens.
        let _ = self.ring.push(sample);
        Some(sample)
    }
}

impl<S: Source> Source for Tapped<S> {
    fn current_span_len(&self) -> Option<usize> {
        None
    }

    fn channels(&self) -> ChannelCount {
        NonZero::<u16>::MIN
    }

    fn sample_rate(&self) -> SampleRate {
        self.source.sample_rate()
    }

    fn total_duration(&self) -> Option<Duration> {
        None
    }
}
