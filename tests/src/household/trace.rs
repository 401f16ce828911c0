//! What happened, a line each, for whoever looks for the reason.

use std::{fmt::Write, time::Duration};

/// Lines with their times.
#[derive(Default)]
pub struct Trace(Option<String>);

impl Trace {
    /// Of nothing, unless it is `wanted`: most runs are never read.
    pub fn new(wanted: bool) -> Trace {
        Trace(wanted.then(String::new))
    }

    pub fn line(&mut self, now: Duration, line: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.0 {
            // Writing to a string does not fail.
            let _ = writeln!(lines, "{:>9.3} {}", now.as_secs_f64(), line());
        }
    }

    pub fn take(&mut self) -> String {
        self.0.take().unwrap_or_default()
    }
}
