//! The two clocks of a house: the one on the wall, and one that nobody can set.

use jiff::Timestamp;
use std::time::Duration;

/// Time as the hub knows it.
pub trait HouseClock: Send + Sync {
    /// What the wall clock shows. May jump.
    fn wall(&self) -> Timestamp;
    /// Time since some fixed moment. Never jumps, and goes on while the machine sleeps.
    fn elapsed(&self) -> Duration;
}

/// The machine's clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl HouseClock for SystemClock {
    fn wall(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        // `Instant` stands still during sleep. On Linux CLOCK_BOOTTIME does not, elsewhere (macOS)
        // CLOCK_MONOTONIC does not.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Boottime;
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Monotonic;
        let now = rustix::time::clock_gettime(CLOCK);
        Duration::new(
            now.tv_sec.try_into().unwrap_or_default(),
            now.tv_nsec.try_into().unwrap_or_default(),
        )
    }
}
