//! Which skill is left alone for a while because it keeps failing.

use loqa_skill_host::frames::Fault;
use std::time::Duration;
use tokio::time::Instant;

/// So many failures …
const FAILURES: usize = 5;
/// … within so long, and it rests.
const WITHIN: Duration = Duration::from_secs(60);
/// The first rest; each that follows soon is twice as long.
const REST: Duration = Duration::from_secs(30);
/// The longest.
const LONGEST: Duration = Duration::from_secs(3600);

/// The failures of one skill.
#[derive(Clone, Default, Debug)]
pub struct Quarantine {
    /// Newest last.
    failures: Vec<Instant>,
    last: Option<Fault>,
    rests_until: Option<Instant>,
    rests: u32,
}

impl Quarantine {
    /// Why it rests, if it does.
    pub fn rests(&self, now: Instant) -> Option<&Fault> {
        self.rests_until
            .filter(|until| now < *until)
            .and(self.last.as_ref())
    }

    /// It failed; whether it rests from now on.
    pub fn failed(&mut self, fault: Fault, now: Instant) -> bool {
        self.failures.retain(|at| now.duration_since(*at) < WITHIN);
        self.failures.push(now);
        self.last = Some(fault);
        if self.failures.len() < FAILURES {
            return false;
        }
        self.failures.clear();
        let rest = REST.saturating_mul(1 << self.rests.min(8)).min(LONGEST);
        self.rests += 1;
        self.rests_until = Some(now + rest);
        true
    }

    /// It worked: what was before counts no more once a rest is as long ago as the longest takes.
    pub fn worked(&mut self, now: Instant) {
        if self.rests_until.is_some_and(|until| now > until + LONGEST) {
            *self = Quarantine::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skill_that_keeps_failing_rests_longer_each_time() {
        let mut quarantine = Quarantine::default();
        let mut now = Instant::now();
        let mut rests = Vec::new();
        for _ in 0..10 {
            while !quarantine.failed(Fault::Time(50), now) {
                assert_eq!(quarantine.rests(now), None);
            }
            let start = now;
            while quarantine.rests(now).is_some() {
                now += Duration::from_secs(1);
            }
            rests.push(now.duration_since(start).as_secs());
        }
        assert_eq!(rests, [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]);
        quarantine.worked(now + 2 * LONGEST);
        assert!((1..FAILURES).all(|_| !quarantine.failed(Fault::Time(50), now)));
    }

    #[test]
    fn failures_far_apart_are_forgiven() {
        let mut quarantine = Quarantine::default();
        let start = Instant::now();
        assert!((0..100).all(|n| !quarantine.failed(Fault::Time(50), start + n * WITHIN / 4)));
    }
}
