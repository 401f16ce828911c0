//! How much of this machine is in use.

use std::{fs, thread};

/// In thousandths: what waited for a processor in the last minute, for each that there is. 0 where the system
/// does not tell.
pub fn permille() -> u32 {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    of(&text, processors)
}

fn of(text: &str, processors: usize) -> u32 {
    let waiting = text.split_whitespace().next();
    let waiting: f64 = waiting.and_then(|it| it.parse().ok()).unwrap_or(0.0);
    (waiting * 1000.0 / processors as f64).clamp(0.0, 10_000.0) as u32
}

#[cfg(test)]
#[test]
fn it_is_what_waits_for_each_processor() {
    assert_eq!(of("1.50 0.90 0.44 2/613 12345\n", 2), 750);
    assert_eq!(of("", 4), 0);
    assert_eq!(of("nan 1", 4), 0);
}
