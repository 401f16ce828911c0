//! What people ask for, and how it is.

use std::{
    fmt,
    ops::RangeInclusive,
    time::{SystemTime, UNIX_EPOCH},
};

/// Hub time starts at the wall clock's and goes its own way from there, ms.
const WANDER_MS: i64 = 2_000;

/// Something of the household that only one person touches.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Thing {
    /// A timer of this name.
    Timer(String),
    /// An item of the shopping list.
    Item(String),
    /// The brightness of a lamp: `floor lamp`.
    Lamp(&'static str),
}

/// How it is. A thing that is not there has none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum State {
    /// Ends, or ended, within these Unix ms.
    Ends(RangeInclusive<i64>),
    /// On the list.
    Listed,
    /// Percent.
    Bright(u8),
}

impl State {
    /// Ends so long from now.
    pub fn ends_in(ms: i64) -> State {
        let at = unix_ms() + ms;
        State::Ends(at - WANDER_MS..=at + WANDER_MS)
    }

    /// Whether what was found is what it says.
    pub fn holds(&self, found: &State) -> bool {
        match (self, found) {
            (State::Ends(expected), State::Ends(found)) => expected.contains(found.start()),
            _ => self == found,
        }
    }

    /// Whether a timer that was found ends later than it may.
    pub fn is_later_than(&self, expected: &State) -> bool {
        matches!((self, expected), (State::Ends(found), State::Ends(expected)) if found.start() > expected.end())
    }

    /// With so much time added.
    pub fn later_by(&self, ms: i64) -> State {
        match self {
            State::Ends(at) => State::Ends(at.start() + ms..=at.end() + ms),
            State::Listed | State::Bright(_) => self.clone(),
        }
    }

    /// With the time that has passed since the question: the hub may have counted from any moment
    /// in between.
    pub fn up_to(self, asked_ms: i64) -> State {
        match self {
            // Promised before: however long the answer takes, it stays what it was.
            State::Ends(at) if at.start() == at.end() => State::Ends(at),
            State::Ends(at) => State::Ends(*at.start()..=at.end() + (unix_ms() - asked_ms)),
            state => state,
        }
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Thing::Timer(name) | Thing::Item(name) => f.write_str(name),
            Thing::Lamp(name) => f.write_str(name),
        }
    }
}

/// The wall clock.
pub fn unix_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
