//! Whether the other side lives: it says so again and again, and each time how soon it will again.
//!
//! A beat is written by the program, not by its connection: that of a machine that is frozen stays open for long. While something
//! is under way beats are frequent, so that its absence is noticed in time to do it elsewhere; else they cost nothing.

use loqa_protocol::link::{Beat, Offer};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;

/// Between two beats, while nothing is under way: a hub that starts anew answers the next one with a reset, and its nodes are
/// back within 2 s.
pub const AT_REST: Duration = Duration::from_secs(1);
/// Likewise while something is.
pub const AT_WORK: Duration = Duration::from_millis(50);
/// What the net may take besides, at once; a beat that is lost is sent again after one round trip and 25 ms.
const GRACE: Duration = Duration::from_millis(100);
/// A beat of this many promised times is missing before somebody counts as silent.
const MISSED: u32 = 2;
/// A program that runs is woken this late at most, mostly.
const AWAKE: Duration = Duration::from_millis(10);
/// No promise is believed that is longer.
const LONGEST_PROMISE: Duration = Duration::from_secs(5);

/// How the other side is, as far as it has told.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Health {
    /// It should have been heard of, and was not. What it was doing is better done elsewhere; it may come back.
    pub silent: bool,
    /// How much of its machine is in use, in thousandths.
    pub load_permille: u32,
    /// What it can do.
    pub offers: Vec<Offer>,
    /// How often the models that this hub gives have changed since the link began.
    pub models: u64,
}

/// What was heard of the other side. Pure: time comes in.
#[derive(Debug)]
pub struct Pulse {
    heard: Duration,
    promised: Duration,
    seen: u64,
    sent: u64,
    /// It is missing, and is waited for until then in case it was this side that did not listen.
    doubted: Option<Duration>,
}

impl Pulse {
    /// It was heard of now.
    pub fn new(now: Duration) -> Pulse {
        Pulse {
            heard: now,
            promised: AT_REST,
            seen: 0,
            sent: 0,
            doubted: None,
        }
    }

    /// A beat came.
    pub fn came(&mut self, beat: &Beat, now: Duration) {
        self.heard = now;
        self.doubted = None;
        self.seen = beat.ordinal;
        self.promised = Duration::from_millis(beat.next_ms.into()).clamp(AT_WORK, LONGEST_PROMISE);
    }

    /// It was given something to do now. Whoever works is heard of soon, so it need not be waited for as long as it has promised
    /// before it knew: one that had died at rest is missed as soon as one that dies at work.
    pub fn asked(&mut self, now: Duration) {
        if now + AT_WORK * MISSED < self.heard + self.promised * MISSED {
            (self.heard, self.promised) = (now, AT_WORK);
        }
    }

    /// The next beat to send, and that the one after follows within so long.
    pub fn next(&mut self, within: Duration) -> Beat {
        self.sent += 1;
        Beat {
            ordinal: self.sent,
            seen: self.seen,
            next_ms: within.as_millis() as u32,
            ..Beat::default()
        }
    }

    /// Whether it counts as silent. Ask at [`silent_at`](Self::silent_at), and again at what that is then: whoever was frozen, or
    /// asleep, is late for it and has first to read what came meanwhile.
    pub fn is_silent(&mut self, now: Duration, round_trip: Duration) -> bool {
        if now < self.silent_at(round_trip) {
            return false;
        }
        let awake = self.doubted.is_some_and(|until| now <= until + AWAKE);
        if !awake {
            self.doubted = Some(now + AWAKE);
        }
        awake
    }

    /// When it counts as silent, if nothing is heard until then.
    pub fn silent_at(&self, round_trip: Duration) -> Duration {
        let missed = self.heard + self.promised * MISSED + GRACE + round_trip * 4;
        self.doubted.unwrap_or(missed)
    }
}

/// Something is under way, for as long as this is there.
#[derive(Debug)]
pub struct Busy(Arc<Work>);

/// How much is under way.
#[derive(Debug, Default)]
pub struct Work {
    count: AtomicUsize,
    began: Notify,
    asked: Notify,
}

impl Work {
    /// One thing more.
    pub fn begin(self: &Arc<Self>) -> Busy {
        if self.count.fetch_add(1, Ordering::Relaxed) == 0 {
            self.began.notify_one();
        }
        Busy(self.clone())
    }

    /// How soon the next beat follows.
    pub fn pace(&self) -> Duration {
        match self.count.load(Ordering::Relaxed) {
            0 => AT_REST,
            _ => AT_WORK,
        }
    }

    /// The other side was given something to do.
    pub fn ask(&self) {
        self.asked.notify_one();
    }

    /// Resolves when it was.
    pub async fn asked(&self) {
        self.asked.notified().await;
    }

    /// Resolves when the first thing begins.
    pub async fn began(&self) {
        self.began.notified().await;
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_works_is_missed_soon_and_whoever_rests_is_not() {
        let ms = Duration::from_millis;
        let mut pulse = Pulse::new(ms(0));
        let beat = |next_ms| Beat {
            next_ms,
            ..Beat::default()
        };
        assert_eq!(pulse.silent_at(ms(1)), ms(2104));
        pulse.came(&beat(50), ms(1000));
        assert_eq!(pulse.silent_at(ms(1)), ms(1204));
        // Nobody is waited for without end, or given no time at all.
        pulse.came(&beat(u32::MAX), ms(1000));
        assert_eq!(pulse.silent_at(ms(0)), ms(11_100));
        pulse.came(&beat(0), ms(1000));
        assert_eq!(pulse.silent_at(ms(0)), ms(1200));
    }

    #[test]
    fn who_had_died_at_rest_is_missed_as_soon_as_it_is_asked_for_something() {
        let ms = Duration::from_millis;
        let mut pulse = Pulse::new(ms(0));
        pulse.asked(ms(500));
        assert_eq!(pulse.silent_at(ms(1)), ms(704));
        // To be asked again makes nobody live longer, and who is missed sooner is missed then.
        pulse.asked(ms(600));
        assert_eq!(pulse.silent_at(ms(1)), ms(704));
        let mut late = Pulse::new(ms(0));
        late.asked(ms(1950));
        assert_eq!(late.silent_at(ms(0)), ms(2100));
    }

    #[test]
    fn who_was_asleep_blames_nobody_for_the_silence() {
        let ms = Duration::from_millis;
        let mut pulse = Pulse::new(ms(0));
        let beat = Beat {
            next_ms: 50,
            ..Beat::default()
        };
        pulse.came(&beat, ms(1000));
        assert!(!pulse.is_silent(ms(1199), ms(0)));
        assert!(!pulse.is_silent(ms(1200), ms(0)));
        assert_eq!(pulse.silent_at(ms(0)), ms(1210));
        assert!(pulse.is_silent(ms(1211), ms(0)));
        // This machine was frozen for seconds: whoever is there is heard of again now.
        pulse.came(&beat, ms(2000));
        assert!(!pulse.is_silent(ms(4000), ms(0)));
        pulse.came(&beat, ms(4001));
        assert_eq!(pulse.silent_at(ms(0)), ms(4201));
        assert!(!pulse.is_silent(ms(4300), ms(0)));
        assert!(!pulse.is_silent(ms(9000), ms(0)));
        assert!(pulse.is_silent(ms(9010), ms(0)));
    }
}
