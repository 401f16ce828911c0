//! What is done about others that fail: how often they are started again, when they rest, how late they may be.
//! Pure: time comes in, as the time since whatever beginning its caller has chosen.

use std::{collections::VecDeque, time::Duration};

/// How often something may be restarted before it is given up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RestartBudget {
    /// This many times
    pub times: usize,
    /// in this long.
    pub within: Duration,
}

impl Default for RestartBudget {
    /// Five times a minute.
    fn default() -> Self {
        RestartBudget {
            times: 5,
            within: Duration::from_secs(60),
        }
    }
}

/// Starts, counted against a budget.
#[derive(Clone, Debug, Default)]
pub struct Restarts {
    budget: RestartBudget,
    lately: VecDeque<Duration>,
}

impl Restarts {
    /// None yet.
    pub fn new(budget: RestartBudget) -> Restarts {
        Restarts {
            budget,
            lately: VecDeque::new(),
        }
    }

    /// It is started now.
    pub fn note(&mut self, now: Duration) {
        self.lately.push_back(now);
    }

    /// Was it started as often as it may be, for now?
    pub fn is_exhausted(&mut self, now: Duration) -> bool {
        let past = |at: &Duration| now.saturating_sub(*at) >= self.budget.within;
        while self.lately.front().is_some_and(past) {
            self.lately.pop_front();
        }
        self.lately.len() >= self.budget.times
    }

    /// As which it is exhausted.
    pub fn budget(&self) -> RestartBudget {
        self.budget
    }
}

/// Keeps work from what has just failed: after each failure it rests, twice as long as the last time, and is tried
/// again afterwards; what succeeds has never failed. The circuit breaker of Nygard's *Release It!*, whose half-open
/// state is a rest that has passed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Breaker {
    failures: u32,
    until: Duration,
}

impl Breaker {
    /// The first rest.
    const SHORTEST: Duration = Duration::from_secs(2);
    /// And the longest.
    const LONGEST: Duration = Duration::from_secs(120);

    /// It did what it should.
    pub fn succeeded(&mut self) {
        *self = Breaker::default();
    }

    /// It did not.
    pub fn failed(&mut self, now: Duration) {
        let doubled = Self::SHORTEST.saturating_mul(1 << self.failures.min(16));
        self.failures += 1;
        self.until = now + doubled.min(Self::LONGEST);
    }

    /// How long it is still to be left alone; `None`: it may be asked.
    pub fn rests(&self, now: Duration) -> Option<Duration> {
        let left = self.until.checked_sub(now)?;
        (!left.is_zero()).then_some(left)
    }
}

/// How long whoever `mostly` takes so long is waited for, where one can do without: as long again, and no less than 1 s,
/// as they may only be busy, and no more than 4 s, as nobody listens any more.
pub fn patience(mostly: Duration) -> Duration {
    (2 * mostly).clamp(Duration::from_secs(1), Duration::from_secs(4))
}

/// How long something took, the last times.
#[derive(Clone, Debug, Default)]
pub struct Recent(VecDeque<Duration>);

impl Recent {
    /// Older ones do not count.
    const MOST: usize = 32;
    /// Fewer tell nothing.
    const FEWEST: usize = 3;

    /// It took so long now.
    pub fn note(&mut self, took: Duration) {
        if self.0.len() == Self::MOST {
            self.0.pop_front();
        }
        self.0.push_back(took);
    }

    /// It takes no longer than this 95 times out of 100, as far as was seen (nearest rank); `None` while too little was.
    pub fn p95(&self) -> Option<Duration> {
        if self.0.len() < Self::FEWEST {
            return None;
        }
        let mut sorted: Vec<_> = self.0.iter().copied().collect();
        sorted.sort_unstable();
        sorted.get((sorted.len() * 95).div_ceil(100) - 1).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn it_is_started_again_as_often_as_the_budget_says() {
        let mut restarts = Restarts::default();
        for second in 0..5 {
            assert!(!restarts.is_exhausted(SECOND * second));
            restarts.note(SECOND * second);
        }
        assert!(restarts.is_exhausted(SECOND * 59));
        assert!(!restarts.is_exhausted(SECOND * 60));
    }

    #[test]
    fn what_fails_rests_longer_each_time_and_what_works_is_forgiven() {
        let mut breaker = Breaker::default();
        assert_eq!(breaker.rests(Duration::ZERO), None);
        breaker.failed(SECOND);
        assert_eq!(breaker.rests(SECOND), Some(2 * SECOND));
        assert_eq!(breaker.rests(3 * SECOND), None);
        breaker.failed(3 * SECOND);
        assert_eq!(breaker.rests(3 * SECOND), Some(4 * SECOND));
        for _ in 0..99 {
            breaker.failed(7 * SECOND);
        }
        assert_eq!(breaker.rests(7 * SECOND), Some(Breaker::LONGEST));
        breaker.succeeded();
        breaker.failed(9 * SECOND);
        assert_eq!(breaker.rests(9 * SECOND), Some(2 * SECOND));
    }

    #[test]
    fn who_can_be_done_without_is_waited_for_as_long_again_within_bounds() {
        let ms = Duration::from_millis;
        assert_eq!(patience(ms(20)), SECOND);
        assert_eq!(patience(ms(700)), ms(1400));
        assert_eq!(patience(SECOND * 9), SECOND * 4);
    }

    #[test]
    fn one_of_twenty_may_be_late() {
        let mut recent = Recent::default();
        recent.note(SECOND);
        recent.note(SECOND);
        assert_eq!(recent.p95(), None);
        for _ in 0..18 {
            recent.note(SECOND);
        }
        recent.note(SECOND * 9);
        assert_eq!(recent.p95(), Some(SECOND));
        recent.note(SECOND * 9);
        assert_eq!(recent.p95(), Some(SECOND * 9));
        for _ in 0..32 {
            recent.note(SECOND * 2);
        }
        assert_eq!(recent.p95(), Some(SECOND * 2));
    }
}
