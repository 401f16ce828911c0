//! How far a model is that is being fetched, and how fast it comes.

use crate::library::Progress;
use std::{collections::VecDeque, time::Duration};
use tokio::time::Instant;

/// How often is noted how far it is.
const MARK: Duration = Duration::from_millis(250);
/// Over how long speed is measured.
const WINDOW: Duration = Duration::from_secs(10);

/// How far a model is.
#[derive(Clone, Default, Debug)]
pub struct Coming {
    /// That comes now.
    pub file: String,
    /// From 1.
    pub number: usize,
    /// Bytes of that file.
    pub here: u64,
    /// Of it in all, where that is known.
    pub all: Option<u64>,
    /// When so many bytes of the file were here, oldest first, over [`WINDOW`]: at most one each [`MARK`].
    marks: VecDeque<(Instant, u64)>,
}

impl Coming {
    /// Takes how far a file is, which is the `number`-th.
    pub fn note(
        &mut self,
        file: &str,
        number: usize,
        Progress { here, all }: Progress,
        now: Instant,
    ) {
        if self.number != number || here < self.here {
            self.marks.clear();
            file.clone_into(&mut self.file);
            self.number = number;
        }
        (self.here, self.all) = (here, all);
        if self.marks.back().is_none_or(|(at, _)| now - *at >= MARK) {
            self.marks.push_back((now, here));
        }
        while self.marks.len() > 1 && now - self.marks[0].0 > WINDOW {
            self.marks.pop_front();
        }
    }

    /// Bytes a second that came over [`WINDOW`], if any did.
    pub fn speed(&self, now: Instant) -> Option<f64> {
        let mut marks = self.marks.iter();
        let (at, before) = marks.find(|(at, _)| now - *at <= WINDOW)?;
        let seconds = (now - *at).as_secs_f64();
        let came = self.here.saturating_sub(*before) as f64;
        (seconds > 0.0 && came > 0.0).then(|| came / seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_is_that_of_the_last_seconds_and_begins_anew_with_each_file() {
        let mut coming = Coming::default();
        let start = Instant::now();
        let mut at = |number, ms, here| {
            let now = start + Duration::from_millis(ms);
            let all = Some(10_000);
            coming.note("file", number, Progress { here, all }, now);
            coming.speed(now)
        };
        // What came earlier was not fetched at this speed.
        assert_eq!(at(1, 0, 5000), None);
        assert_eq!(at(1, 100, 5100), Some(1000.0));
        assert_eq!(at(1, 1000, 6000), Some(1000.0));
        assert_eq!(at(1, 11_500, 6000), None, "it stands still");
        assert_eq!(at(1, 12_000, 2000), None, "it begins anew");
        assert_eq!(at(2, 12_050, 0), None);
        assert_eq!(at(2, 12_100, 100), Some(2000.0));
        assert_eq!(coming.speed(start + Duration::from_secs(60)), None);
    }
}
