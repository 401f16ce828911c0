//! How many tokens are read at once.

use std::time::Duration;

/// How long a batch should take whose tokens may turn out to be others: words while they are said.
pub const QUICK: Duration = Duration::from_millis(100);
/// How long any other should take. Many at once are read twice as fast as few, and whoever stops a batch
/// waits for one step of it only, of which there are hundreds.
pub const STEADY: Duration = Duration::from_secs(1);
/// Below this, reading many tokens at once is no faster than one by one.
const FEWEST: usize = 8;
/// A share of each new measurement: what else the machine does changes quickly.
const NEWEST: f64 = 0.5;

/// Measures, and adapts.
#[derive(Default, Debug)]
pub struct Pace {
    /// Seconds.
    per_token: Option<f64>,
}

impl Pace {
    /// The most that are read at once.
    pub const MOST: usize = 256;

    /// How many tokens a batch should have to take so long.
    pub fn batch(&self, time: Duration) -> usize {
        let Some(per_token) = self.per_token else {
            return FEWEST;
        };
        // A float becomes the nearest integer there is.
        ((time.as_secs_f64() / per_token) as usize).clamp(FEWEST, Self::MOST)
    }

    /// Notes what a batch took. Of a few tokens most is the price of any batch.
    pub fn took(&mut self, tokens: usize, time: Duration) {
        if tokens < FEWEST {
            return;
        }
        let new = time.as_secs_f64() / tokens as f64;
        let old = self.per_token.unwrap_or(new);
        self.per_token = Some((old + (new - old) * NEWEST).max(1e-9));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_grow_and_shrink_with_the_machine() {
        let mut pace = Pace::default();
        assert_eq!(pace.batch(QUICK), FEWEST);
        pace.took(FEWEST, Duration::from_millis(40));
        assert_eq!(pace.batch(QUICK), 20);
        pace.took(20, Duration::from_millis(300));
        assert_eq!(pace.batch(QUICK), 10);
        pace.took(1, Duration::from_secs(9));
        assert_eq!(pace.batch(QUICK), 10, "one token tells nothing");
        assert_eq!(pace.batch(STEADY), 100);
        for _ in 0..9 {
            pace.took(10, Duration::ZERO);
        }
        assert_eq!(pace.batch(QUICK), Pace::MOST);
        for _ in 0..9 {
            pace.took(256, Duration::from_secs(256));
        }
        assert_eq!(pace.batch(QUICK), FEWEST);
    }
}
