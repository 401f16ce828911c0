//! Clocks that processes of one machine share.

use rustix::time::{ClockId, clock_gettime};

/// Now, ns, for every process alike.
pub fn now_ns() -> u64 {
    of(ClockId::Monotonic)
}

/// Seconds that this process has run for on processors, the kernel's work for it among them.
pub fn processor_s() -> f64 {
    of(ClockId::ProcessCPUTime) as f64 / 1e9
}

fn of(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
