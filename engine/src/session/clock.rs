//! The session's time: since it began, on the wall or on the sample clock; and when a sample was
//! spoken.

use loqa_core::seams::SAMPLE_RATE_HZ;
use std::time::Duration;
use tokio::time::Instant;

/// Time since the session began. It passes by itself; on the sample clock it also jumps forward
/// to the end of each frame, so that what is measured after a frame is the work it caused.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    base: Duration,
    since: Instant,
}

impl Clock {
    pub fn new() -> Clock {
        Clock {
            base: Duration::ZERO,
            since: Instant::now(),
        }
    }

    pub fn now(&self) -> Duration {
        self.base + self.since.elapsed()
    }

    /// The moment of an instant; instants before the latest jump count back from it.
    pub fn moment(&self, instant: Instant) -> Duration {
        match instant.checked_duration_since(self.since) {
            Some(later) => self.base + later,
            None => self.base.saturating_sub(self.since.duration_since(instant)),
        }
    }

    /// The instant of a moment, as far as time passes by itself.
    pub fn instant(&self, moment: Duration) -> Instant {
        self.since + moment.saturating_sub(self.base)
    }

    /// Jumps to a moment, even if more time than that has passed by itself.
    pub fn set_to(&mut self, moment: Duration) {
        self.base = moment.max(self.base);
        self.since = Instant::now();
    }
}

/// When each sample of a stream was spoken.
///
/// A frame cannot arrive before its last sample was spoken, only later. So the frame that
/// arrived with the least delay tells the clock of the stream; those that jitter do not move it.
#[derive(Clone, Copy, Debug)]
pub(super) struct SampleClock {
    /// Moment of sample 0, s; may lie before the session began.
    origin_s: f64,
}

impl SampleClock {
    /// Of a stream whose first frame ended with sample `end` and arrived at `now`.
    pub fn starting(end: u64, now: Duration) -> SampleClock {
        SampleClock {
            origin_s: now.as_secs_f64() - seconds(end),
        }
    }

    /// A frame that ends with sample `end` arrived at `now`.
    pub fn arrived(&mut self, end: u64, now: Duration) {
        self.origin_s = self.origin_s.min(now.as_secs_f64() - seconds(end));
    }

    /// When the sample was spoken.
    pub fn moment(&self, offset: u64) -> Duration {
        Duration::try_from_secs_f64(self.origin_s + seconds(offset)).unwrap_or_default()
    }
}

fn seconds(samples: u64) -> f64 {
    samples as f64 / f64::from(SAMPLE_RATE_HZ)
}
