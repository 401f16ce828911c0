//! The last lines of the log, for somebody who looks at the dashboard rather than at a journal.

use serde::Serialize;
use std::{
    collections::VecDeque,
    fmt::{self, Write},
    sync::{Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};
use tracing::{Event, Subscriber, field::Field};
use tracing_subscriber::layer::{Context, Layer};

/// Lines that are kept.
const LINES: usize = 500;
/// Bytes of a line that are kept.
const LONGEST: usize = 500;

/// One line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Line {
    /// From 1, without gaps.
    pub seq: u64,
    /// Unix time, ms.
    pub at_ms: u64,
    /// `ERROR` to `TRACE`.
    pub level: &'static str,
    /// The message, then its fields.
    pub text: String,
}

/// A process logs in one place.
static LOG: Mutex<VecDeque<Line>> = Mutex::new(VecDeque::new());

/// The lines after this ordinal, oldest first. One that no line has had yet comes from before a
/// restart: then all of them.
pub fn lines(after: u64) -> Vec<Line> {
    let log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
    let last = log.back().map_or(0, |line| line.seq);
    let after = if after > last { 0 } else { after };
    log.iter()
        .filter(|line| line.seq > after)
        .cloned()
        .collect()
}

/// Keeps what passes the filter of the log.
pub(super) struct Recent;

impl<S: Subscriber> Layer<S> for Recent {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let mut log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
        if log.len() == LINES {
            log.pop_front();
        }
        let seq = log.back().map_or(0, |line| line.seq) + 1;
        log.push_back(Line {
            seq,
            at_ms: since.map_or(0, |since| since.as_millis() as u64),
            level: event.metadata().level().as_str(),
            text: text.0,
        });
    }
}

/// A line as it grows; what is longer is left out.
struct Text(String);

impl tracing::field::Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let message = field.name() == "message";
        let part = match (message, self.0.is_empty()) {
            (true, true) => format!("{value:?}"),
            (true, false) => format!("{value:?} {}", self.0),
            (false, true) => format!("{}={value:?}", field.name()),
            (false, false) => format!("{} {}={value:?}", self.0, field.name()),
        };
        self.0.clear();
        let room = part.floor_char_boundary(LONGEST);
        let _ = self.0.write_str(&part[..room]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_subscriber::layer::SubscriberExt;

    #[test]
    fn the_last_lines_are_kept_and_only_new_ones_are_told() {
        let subscriber = tracing_subscriber::registry().with(Recent);
        tracing::subscriber::with_default(subscriber, || {
            for number in 0..LINES + 10 {
                tracing::info!(number, name = "desk", "microphone found");
            }
            tracing::warn!("{}", "é".repeat(LONGEST));
        });
        let all = lines(0);
        assert_eq!(all.len(), LINES);
        let [.., line, last] = all.as_slice() else {
            unreachable!()
        };
        assert_eq!((last.level, last.text.len()), ("WARN", LONGEST));
        assert_eq!(line.text, "microphone found number=509 name=desk");
        assert_eq!(lines(line.seq), all[LINES - 1..]);
        assert_eq!(lines(u64::MAX).len(), LINES);
    }
}
