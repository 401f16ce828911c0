//! Time, chance, and what happens next. One thread, no clock: whatever happens is in a queue, by when and by the order in
//! which it was put there.

use super::{
    faults::{Bug, Fault, Moment},
    net::{Lane, Net, Packet},
    trace::Trace,
    witness::Witness,
};
use crate::voices::Random;
use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

/// One millisecond.
pub const MS: Duration = Duration::from_millis(1);

/// A machine of the household.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Machine {
    Hub,
    Node(usize),
    Puck(usize),
}

/// What may happen.
#[derive(Debug)]
pub enum Happening {
    /// A machine wanted to be woken now.
    Wake(Machine),
    /// What is first in this lane arrives.
    Lane(Lane),
    Arrives(Packet),
    Fault(Fault),
    /// A machine that was down starts.
    Starts(Machine),
    /// A machine that was frozen goes on, unless it was frozen again.
    Thaws(Machine),
    /// A person does the next thing.
    Person(usize),
}

/// What somebody in a room notices of a machine there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Told {
    /// It says this.
    Words(String),
    /// The turn is over.
    Over,
    /// It says that it cannot.
    Failed(&'static str),
}

struct Entry(Duration, u64, Happening);

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        (self.0, self.1) == (other.0, other.1)
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Entry) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Entry) -> std::cmp::Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

/// What machines reach: the time, chance, the net, and those who watch.
pub struct World {
    pub now: Duration,
    pub random: Random,
    pub net: Net,
    pub witness: Witness,
    pub trace: Trace,
    pub bug: Option<Bug>,
    /// For whoever is in the room of a machine.
    pub told: Vec<(Machine, Told)>,
    /// What has just happened that something may go wrong after.
    pub moments: Vec<Moment>,
    /// Nodes that the hub has just given up.
    pub given_up: Vec<usize>,
    queue: BinaryHeap<Reverse<Entry>>,
    count: u64,
}

impl World {
    pub fn new(random: Random, net: Net, trace: Trace, bug: Option<Bug>) -> World {
        World {
            now: Duration::ZERO,
            random,
            net,
            witness: Witness::default(),
            trace,
            bug,
            told: Vec::new(),
            moments: Vec::new(),
            given_up: Vec::new(),
            queue: BinaryHeap::new(),
            count: 0,
        }
    }

    pub fn at(&mut self, at: Duration, happening: Happening) {
        self.count += 1;
        let entry = Entry(at.max(self.now), self.count, happening);
        self.queue.push(Reverse(entry));
    }

    /// The next thing that happens; it is its time then.
    pub fn next(&mut self) -> Option<Happening> {
        let Reverse(Entry(at, _, happening)) = self.queue.pop()?;
        self.now = at;
        Some(happening)
    }

    pub fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    /// Between the two.
    pub fn between(&mut self, low: u64, high: u64) -> Duration {
        Duration::from_micros(low * 1000 + self.random.bits() % ((high - low).max(1) * 1000))
    }

    /// So often in a thousand.
    pub fn happens(&mut self, permille: usize) -> bool {
        permille > 0 && self.random.below(1000) < permille
    }

    pub fn say(&mut self, line: impl FnOnce() -> String) {
        let now = self.now;
        self.trace.line(now, line);
    }
}
