//! What leaves the speaker, for whoever must tell it from what the microphone hears.

use rodio::{ChannelCount, Sample, SampleRate, Source};
use std::{
    num::NonZero,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Samples nobody has taken yet: 2 s. When full, further ones are lost.
const WAITING: usize = 2 * Reference::RATE_HZ as usize;

/// What a speaker has played: mono. Clones take from the same.
#[derive(Clone)]
pub struct Reference(Arc<Mutex<Following>>);

struct Following {
    ring: rtrb::Consumer<Sample>,
    /// Sources until now.
    sources: u64,
}

impl Reference {
    /// Samples per second, whatever the device's own rate is.
    pub const RATE_HZ: u32 = 48_000;

    pub(crate) fn new() -> Self {
        let (_, ring) = rtrb::RingBuffer::new(0);
        Reference(Arc::new(Mutex::new(Following { ring, sources: 0 })))
    }

    /// Appends what has left the speaker since the last call. Returns how often it was opened until now: from one time to the
    /// next, what it plays is heard with another delay.
    pub fn take(&self, samples: &mut Vec<f32>) -> u64 {
        let mut following = self.following();
        let waiting = following.ring.slots();
        if let Ok(chunk) = following.ring.read_chunk(waiting) {
            samples.extend(chunk);
        }
        following.sources
    }

    fn following(&self) -> MutexGuard<'_, Following> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows this source from now on, in place of the one before.
    pub(crate) fn follow<S>(&self, source: S) -> Tapped<S> {
        let (ring, samples) = rtrb::RingBuffer::new(WAITING);
        let mut following = self.following();
        following.ring = samples;
        following.sources += 1;
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
