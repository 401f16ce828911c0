//! Which of several microphones that have heard the same call answers it.
//!
//! The first that tells of a call leads, and what follows is listened to at once. One that has heard the call better
//! takes over within [`WINDOW`], unless something has come of it by then: a command that was carried out, a sound. So
//! nobody is answered later for it. Whoever leads when that time is over, or when all have told, answers; everybody
//! else has lost, and stays silent. One that doubts whether it was called leads only until somebody surer tells, and answers
//! only if something comes of it.

mod loudness;
#[cfg(test)]
mod tests;

pub use loudness::Loudness;

use std::{collections::VecDeque, time::Duration};

/// How long after the first somebody else may take over: detectors tell of the same call up to some 100 ms apart, on
/// slow machines and over a busy net up to 200 ms.
pub const WINDOW: Duration = Duration::from_millis(250);
/// Phrases that ended so close to each other are one call: a trained detector takes the time at which it noticed for the
/// end, and a room's echo adds to it. Nobody says the phrase twice in that time.
const SAME: Duration = Duration::from_millis(700);
/// A detector may tell the same call twice, with the same end.
const AGAIN: Duration = Duration::from_millis(300);
/// For so long a call is known, so that who tells late, or after an outage, has lost.
const REMEMBERED: Duration = Duration::from_secs(30);
/// Calls that are known at a time; the oldest is forgotten.
const MOST: usize = 64;
/// Two that differ by less heard it alike.
const ALIKE_DB: f32 = 1.5;
/// By so much a detector must be surer, of two that heard it alike.
const SURER: f32 = 0.05;
/// No room is so quiet that a voice stands further above it.
const LOUDEST_DB: f32 = 60.0;

/// Names a call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct CallId(u64);

/// What a microphone tells of a call.
#[derive(Clone, PartialEq, Debug)]
pub struct Bid<M> {
    /// Which microphone.
    pub by: M,
    /// As the settings have it; two phrases are two calls.
    pub phrase: String,
    /// When the phrase ended.
    pub end: Duration,
    /// How far it stood above what was heard before.
    pub above_noise_db: f32,
    /// In [0, 1]; comparable where the detector is the same.
    pub score: f32,
    /// Whether it was a call, only what follows shows.
    pub doubted: bool,
    /// Which.
    pub detector: String,
}

/// What becomes of a microphone that has told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome<M> {
    /// What follows the call is listened to there.
    Leads {
        /// For [`Arbitration::settle`].
        call: CallId,
        /// Who has led until now, and has lost.
        instead_of: Option<M>,
        /// Nobody takes over any more.
        sure: bool,
    },
    /// Another one answers.
    Loses,
}

/// Decides, for one hub.
#[derive(Clone, Debug)]
pub struct Arbitration<M> {
    /// The oldest first.
    calls: VecDeque<Call<M>>,
    last: u64,
}

#[derive(Clone, Debug)]
struct Call<M> {
    id: CallId,
    first: Bid<M>,
    /// When it is decided in any case.
    until: Duration,
    /// Who has told, and which end.
    heard: Vec<(M, Duration)>,
    /// `None`: whoever led has gone before it was decided.
    leader: Option<Bid<M>>,
    loudest_db: f32,
    sure: bool,
}

impl<M> Default for Arbitration<M> {
    fn default() -> Self {
        Arbitration {
            calls: VecDeque::new(),
            last: 0,
        }
    }
}

impl<M: Clone + PartialEq> Arbitration<M> {
    /// A microphone tells of a call. `others`: how many more there are that might have heard it; with none, it is sure
    /// at once.
    pub fn bid(&mut self, mut bid: Bid<M>, others: usize, now: Duration) -> Outcome<M> {
        bid.above_noise_db = match bid.above_noise_db.is_finite() {
            true => bid.above_noise_db.clamp(0.0, LOUDEST_DB),
            false => 0.0,
        };
        let over = |call: &Call<M>| call.until + REMEMBERED < now;
        while self.calls.len() >= MOST || self.calls.front().is_some_and(over) {
            self.calls.pop_front();
        }
        if let Some(call) = self.calls.iter_mut().rev().find(|call| call.is(&bid)) {
            return call.join(bid, others, now);
        }
        self.last += 1;
        let id = CallId(self.last);
        let sure = others == 0 && !bid.doubted;
        self.calls.push_back(Call {
            id,
            first: bid.clone(),
            until: now + WINDOW,
            heard: vec![(bid.by.clone(), bid.end)],
            loudest_db: bid.above_noise_db,
            leader: Some(bid),
            sure,
        });
        Outcome::Leads {
            call: id,
            instead_of: None,
            sure,
        }
    }

    /// Something is about to come of a call at this microphone. Whether it may: then nobody takes over any more.
    pub fn settle(&mut self, call: CallId, by: &M) -> bool {
        let call = self.calls.iter_mut().find(|it| it.id == call);
        call.is_some_and(|call| {
            let leads = call.leader.as_ref().is_some_and(|leader| leader.by == *by);
            call.sure |= leads;
            leads
        })
    }

    /// A microphone is not there any more. One that was to answer still is, should it come back and tell again.
    pub fn withdraw(&mut self, call: CallId, by: &M) {
        let call = self.calls.iter_mut().find(|it| it.id == call && !it.sure);
        if let Some(call) = call {
            call.leader.take_if(|leader| leader.by == *by);
        }
    }

    /// When [`Self::decide`] is due.
    pub fn deadline(&self) -> Option<Duration> {
        let open = self.calls.iter().filter(|call| call.is_open());
        open.map(|call| call.until).min()
    }

    /// Which microphones answer that were not sure to until now.
    pub fn decide(&mut self, now: Duration) -> Vec<(CallId, M)> {
        let due = self
            .calls
            .iter_mut()
            .filter(|call| call.is_open() && call.until <= now);
        due.filter_map(|call| {
            let leader = call.leader.as_ref()?;
            call.sure = true;
            Some((call.id, leader.by.clone()))
        })
        .collect()
    }
}

impl<M: Clone + PartialEq> Call<M> {
    /// Whether that is a bid for this call.
    fn is(&self, bid: &Bid<M>) -> bool {
        let told = self.heard.iter().find(|(by, _)| *by == bid.by);
        let (end, apart) = match told {
            Some((_, end)) => (*end, AGAIN),
            None => (self.first.end, SAME),
        };
        self.first.phrase.eq_ignore_ascii_case(&bid.phrase) && end.abs_diff(bid.end) < apart
    }

    fn join(&mut self, bid: Bid<M>, others: usize, now: Duration) -> Outcome<M> {
        let again = self.heard.iter().any(|(by, _)| *by == bid.by);
        if !again {
            self.heard.push((bid.by.clone(), bid.end));
        }
        let leads = self.leader.as_ref().is_some_and(|it| it.by == bid.by);
        let call = self.id;
        let surer = !self.sure && self.is_doubted() && !bid.doubted;
        if surer {
            // Whoever else is sure may still tell.
            self.until = now + WINDOW;
        }
        if leads && !surer {
            return Outcome::Leads {
                call,
                instead_of: None,
                sure: self.sure,
            };
        }
        // Who has lost stays silent, and so does who comes too late.
        let open = !self.sure && (surer || !again && now < self.until);
        let takes_over = (open || self.leader.is_none()) && self.is_beaten_by(&bid);
        self.loudest_db = self.loudest_db.max(bid.above_noise_db);
        let all = self.heard.len() > others;
        if !takes_over {
            if all {
                self.until = self.until.min(now);
            }
            return Outcome::Loses;
        }
        self.sure |= !bid.doubted && (all || self.until <= now);
        let before = self.leader.replace(bid).filter(|_| !leads);
        Outcome::Leads {
            call,
            instead_of: before.map(|before| before.by),
            sure: self.sure,
        }
    }

    /// Time decides who answers it.
    fn is_open(&self) -> bool {
        !self.sure && self.leader.is_some() && !self.is_doubted()
    }

    /// Nobody is sure that it was one.
    fn is_doubted(&self) -> bool {
        self.leader.as_ref().is_some_and(|leader| leader.doubted)
    }

    fn is_beaten_by(&self, bid: &Bid<M>) -> bool {
        let Some(leader) = &self.leader else {
            return true;
        };
        if leader.doubted != bid.doubted {
            return leader.doubted;
        }
        let louder_db = bid.above_noise_db - leader.above_noise_db;
        if louder_db.abs() > ALIKE_DB {
            return louder_db > 0.0;
        }
        // Never further from the loudest than that, however many are alike.
        let loud = bid.above_noise_db >= self.loudest_db - ALIKE_DB;
        loud && bid.detector == leader.detector && bid.score > leader.score + SURER
    }
}
