//! What was opened, for whom, to where, who allowed it, and how much went over it: the latest
//! connections, and sums for each place. In memory alone, and bounded.

use super::{Consent, Purpose, Request};
use loqa_protocol::PrivacyScope;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{SystemTime, UNIX_EPOCH},
};

/// Connections that are remembered; the oldest goes first.
pub const LATEST: usize = 512;
/// Places that are counted each for itself, and names of those who went to one; what comes later is
/// counted together.
const PLACES: usize = 256;
const NAMES: usize = 16;

/// One connection.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// When it was wanted, Unix ms.
    pub at_ms: u64,
    /// What for.
    pub purpose: Purpose,
    /// The skill or model it was for; empty where the purpose says it all.
    pub who: Arc<str>,
    /// Host and port.
    pub host: Arc<str>,
    /// Over TLS?
    pub encrypted: bool,
    /// Scope of the conversation whose words went out; `None` where no words of a person did.
    pub scope: Option<PrivacyScope>,
    /// What permitted it; `None` where nothing did.
    pub consent: Option<Given>,
    /// What became of it.
    pub outcome: Outcome,
    /// When it was over, Unix ms.
    pub ended_ms: Option<u64>,
    /// Bytes, before encryption.
    pub sent: u64,
    /// Bytes, after decryption.
    pub received: u64,
}

/// A [`Consent`] as it is remembered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Given {
    /// Of which kind.
    pub by: By,
    /// Of the setting, permission or thing.
    pub name: Arc<str>,
}

/// The kinds of [`Consent`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// A setting.
    Setting,
    /// A permission of a skill.
    Permission,
    /// Somebody wanted this very thing.
    Order,
}

/// What became of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is being made, or is open.
    Open,
    /// It was open.
    Closed,
    /// Nobody answered there.
    Failed,
    /// It is not permitted.
    Refused,
    /// The house is sealed, or was while it was open.
    Sealed,
}

/// All that went to one place.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Place {
    /// What for.
    pub purpose: Purpose,
    /// Host and port; empty for all that came after so many others.
    pub host: Arc<str>,
    /// Over TLS?
    pub encrypted: bool,
    /// The skills or models it was for.
    pub who: Vec<Arc<str>>,
    /// Connections that were made, or are being made.
    pub opened: u64,
    /// Those that were wanted and not made: not permitted, or the house was sealed.
    pub refused: u64,
    /// Those that nobody answered.
    pub failed: u64,
    /// Bytes.
    pub sent: u64,
    /// Bytes.
    pub received: u64,
    /// When the last was wanted, Unix ms.
    pub last_ms: u64,
}

/// The record of one process.
pub(super) struct Ledger {
    since_ms: u64,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    latest: VecDeque<Arc<Open>>,
    places: BTreeMap<(Purpose, Arc<str>), Visited>,
}

struct Visited {
    encrypted: bool,
    who: Vec<Arc<str>>,
    sums: Arc<Sums>,
}

/// Of one place.
#[derive(Default)]
struct Sums {
    opened: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
    last_ms: AtomicU64,
}

/// A connection under way.
pub(super) struct Open {
    begun: Entry,
    end: Mutex<(Outcome, Option<u64>)>,
    sent: AtomicU64,
    received: AtomicU64,
    sums: Arc<Sums>,
}

impl Default for Ledger {
    fn default() -> Ledger {
        Ledger {
            since_ms: now_ms(),
            kept: Mutex::default(),
        }
    }
}

impl Ledger {
    pub fn since_ms(&self) -> u64 {
        self.since_ms
    }

    pub fn begin(&self, request: &Request<'_>) -> Arc<Open> {
        let mut kept = self.kept();
        kept.add(Entry {
            at_ms: now_ms(),
            purpose: request.purpose,
            who: request.who.into(),
            host: request.to.place().into(),
            encrypted: request.to.is_encrypted(),
            scope: request.scope,
            consent: Some(request.consent.given()),
            outcome: Outcome::Open,
            ended_ms: None,
            sent: 0,
            received: 0,
        })
    }

    /// Takes in what another process of this household has opened, and is over.
    pub fn take(&self, entry: Entry) {
        let open = self.kept().add(entry);
        let begun = &open.begun;
        open.count(begun.sent, begun.received);
        let was_open = begun.sent + begun.received > 0;
        match begun.outcome {
            Outcome::Open | Outcome::Closed => open.end(Outcome::Closed),
            outcome if was_open => open.end(outcome),
            outcome => open.never(outcome),
        }
    }

    pub fn latest(&self, most: usize) -> Vec<Entry> {
        let kept = self.kept();
        let before = kept.latest.len().saturating_sub(most);
        let latest = kept.latest.iter().skip(before);
        latest.map(|open| open.entry()).collect()
    }

    pub fn places(&self) -> Vec<Place> {
        let kept = self.kept();
        let places = kept.places.iter();
        let place = |((purpose, host), visited): (&(Purpose, Arc<str>), &Visited)| {
            let sums = &visited.sums;
            Place {
                purpose: *purpose,
                host: host.clone(),
                encrypted: visited.encrypted,
                who: visited.who.clone(),
                opened: sums.opened.load(Relaxed),
                refused: sums.refused.load(Relaxed),
                failed: sums.failed.load(Relaxed),
                sent: sums.sent.load(Relaxed),
                received: sums.received.load(Relaxed),
                last_ms: sums.last_ms.load(Relaxed),
            }
        };
        places.map(place).collect()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Counts one from its beginning.
    fn add(&mut self, mut begun: Entry) -> Arc<Open> {
        let mut counted = (begun.purpose, begun.host.clone());
        if self.places.len() >= PLACES && !self.places.contains_key(&counted) {
            counted.1 = "".into();
        }
        let visited = self.places.entry(counted);
        let visited = visited.or_insert_with(|| Visited {
            encrypted: begun.encrypted,
            who: Vec::new(),
            sums: Arc::default(),
        });
        visited.encrypted &= begun.encrypted;
        let known = visited.who.iter().find(|who| **who == begun.who);
        match known {
            Some(known) => begun.who = known.clone(),
            None if !begun.who.is_empty() && visited.who.len() < NAMES => {
                visited.who.push(begun.who.clone());
            }
            None => {}
        }
        visited.sums.opened.fetch_add(1, Relaxed);
        visited.sums.last_ms.fetch_max(begun.at_ms, Relaxed);
        let open = Arc::new(Open {
            end: Mutex::new((Outcome::Open, None)),
            sent: AtomicU64::default(),
            received: AtomicU64::default(),
            sums: visited.sums.clone(),
            begun,
        });
        if self.latest.len() >= LATEST {
            self.latest.pop_front();
        }
        self.latest.push_back(open.clone());
        open
    }
}

impl Open {
    /// It is over; what is said first counts.
    pub fn end(&self, outcome: Outcome) {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        if end.1.is_some() {
            return;
        }
        *end = (outcome, self.begun.ended_ms.or_else(|| Some(now_ms())));
    }

    /// It was never open.
    pub fn never(&self, outcome: Outcome) {
        let instead = match outcome {
            Outcome::Failed => &self.sums.failed,
            _ => &self.sums.refused,
        };
        self.sums.opened.fetch_sub(1, Relaxed);
        instead.fetch_add(1, Relaxed);
        self.end(outcome);
    }

    pub fn sent(&self, bytes: usize) {
        self.count(bytes as u64, 0);
    }

    pub fn received(&self, bytes: usize) {
        self.count(0, bytes as u64);
    }

    fn count(&self, sent: u64, received: u64) {
        for counted in [&self.sent, &self.sums.sent] {
            counted.fetch_add(sent, Relaxed);
        }
        for counted in [&self.received, &self.sums.received] {
            counted.fetch_add(received, Relaxed);
        }
    }

    fn entry(&self) -> Entry {
        let (outcome, ended_ms) = *self.end.lock().unwrap_or_else(PoisonError::into_inner);
        let mut entry = Entry {
            outcome,
            ended_ms,
            sent: self.sent.load(Relaxed),
            received: self.received.load(Relaxed),
            ..self.begun.clone()
        };
        if outcome == Outcome::Refused {
            entry.consent = None;
        }
        entry
    }
}

impl Consent<'_> {
    /// As it is remembered.
    pub fn given(self) -> Given {
        let (by, name) = match self {
            Consent::Setting(name) => (By::Setting, name),
            Consent::Permission(name) => (By::Permission, name),
            Consent::Order(name) => (By::Order, name),
        };
        Given {
            by,
            name: name.into(),
        }
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(ledger: &Ledger, purpose: Purpose, who: &str, host: &str) -> Arc<Open> {
        ledger.begin(&Request {
            purpose,
            who,
            to: &format!("https://{host}").parse().unwrap(),
            scope: None,
            consent: Consent::Permission("http:weather.example"),
        })
    }

    #[test]
    fn sums_are_of_a_place_and_outlive_what_they_are_of() {
        let ledger = Ledger::default();
        for number in 0..LATEST + 7 {
            let open = wanted(&ledger, Purpose::Skill, "weather", "weather.example");
            open.sent(10);
            open.received(number);
            open.end(Outcome::Closed);
            // Dropped later.
            open.end(Outcome::Sealed);
        }
        wanted(&ledger, Purpose::Skill, "rain", "weather.example").never(Outcome::Failed);
        wanted(&ledger, Purpose::Skill, "rain", "other.example").never(Outcome::Refused);
        let latest = ledger.latest(3);
        let outcomes: Vec<_> = latest.iter().map(|entry| entry.outcome).collect();
        assert_eq!(
            outcomes,
            [Outcome::Closed, Outcome::Failed, Outcome::Refused]
        );
        assert_eq!(latest[2].consent, None, "nothing permitted it");
        assert_eq!(ledger.latest(usize::MAX).len(), LATEST);
        let all = LATEST as u64 + 7;
        let [other, weather] = &ledger.places()[..] else {
            panic!("two places");
        };
        assert_eq!((other.opened, other.refused), (0, 1));
        assert_eq!((weather.opened, weather.failed), (all, 1));
        assert_eq!(
            (weather.sent, weather.received),
            (10 * all, all * (all - 1) / 2)
        );
        assert_eq!(weather.who, ["weather".into(), "rain".into()]);
    }

    #[test]
    fn however_many_places_there_are_the_ledger_stays_small() {
        let ledger = Ledger::default();
        for number in 0..10_000 {
            let host = format!("h{number}.example");
            wanted(&ledger, Purpose::Model, &format!("m{number}"), &host).end(Outcome::Closed);
            wanted(
                &ledger,
                Purpose::Model,
                &format!("m{number}"),
                "one.example",
            );
        }
        let places = ledger.places();
        assert_eq!(places.len(), PLACES + 1);
        assert_eq!(places.iter().map(|place| place.opened).sum::<u64>(), 20_000);
        assert!(places.iter().all(|place| place.who.len() <= NAMES));
        // Its own names, behind which a few dozen bytes lie each, are not counted.
        assert!(size_of::<Open>() <= 256, "{}", size_of::<Open>());
    }
}
