//! What was done of late and why: in memory only, for "undo that" and "why did you do that?".

use super::own;
use loqa_core::seams::PrepareRequest;
use loqa_protocol::UtteranceId;
use loqa_skill_sdk::Effect;
use std::{collections::VecDeque, time::Duration};
use tokio::time::Instant;

/// How far back it reaches: this many
const CAPACITY: usize = 10;
/// in this long.
const REACH: Duration = Duration::from_secs(15 * 60);

/// A turn that had effects.
#[derive(Clone, Debug)]
pub struct Deed {
    /// Names it.
    pub number: u64,
    /// Which turn it was.
    pub utterance: UtteranceId,
    /// What the person said.
    pub text: String,
    /// Whether a person had to say "yes" first.
    pub confirmed: bool,
    /// When.
    pub at: Instant,
    /// Per step that had effects: skill and intent, and what puts its effects back, last first.
    pub steps: Vec<Undoing>,
}

/// How to take one step back.
#[derive(Clone, Debug)]
pub struct Undoing {
    /// The skill's name.
    pub skill: String,
    /// The intent's name within it.
    pub intent: String,
    /// In the order in which they must be carried out.
    pub compensators: Vec<Effect>,
    /// The id of the card that it has shown, if any: that goes too.
    pub card: Option<String>,
}

/// The latest deeds, oldest first.
#[derive(Debug, Default)]
pub struct Deeds {
    last: u64,
    latest: VecDeque<Deed>,
}

impl Deeds {
    /// Remembers a deed.
    pub fn remember(&mut self, request: PrepareRequest, confirmed: bool, steps: Vec<Undoing>) {
        self.forget_old();
        if self.latest.len() == CAPACITY {
            self.latest.pop_front();
        }
        self.last += 1;
        self.latest.push_back(Deed {
            number: self.last,
            utterance: request.utterance,
            text: request.text,
            confirmed,
            at: Instant::now(),
            steps,
        });
    }

    /// The latest deed of this conversation, else the latest of all.
    pub fn latest(&mut self, utterance: UtteranceId) -> Option<&Deed> {
        self.latest_that(utterance, |_| true)
    }

    /// Likewise, but what Loqa itself did not do: not that something was scheduled.
    pub fn latest_of_skills(&mut self, utterance: UtteranceId) -> Option<&Deed> {
        let of_skill = |step: &Undoing| step.skill != own::NAME;
        self.latest_that(utterance, |deed| deed.steps.iter().all(of_skill))
    }

    fn latest_that(
        &mut self,
        utterance: UtteranceId,
        counts: impl Fn(&Deed) -> bool,
    ) -> Option<&Deed> {
        self.forget_old();
        let latest = || self.latest.iter().rev().filter(|deed| counts(deed));
        let own = latest().find(|deed| deed.utterance.session == utterance.session);
        own.or_else(|| latest().next())
    }

    /// The deed of this number, if it has not been taken back since.
    pub fn get(&mut self, number: u64) -> Option<&Deed> {
        self.forget_old();
        self.latest.iter().find(|deed| deed.number == number)
    }

    /// Forgets a deed: it was taken back.
    pub fn forget(&mut self, number: u64) {
        self.latest.retain(|deed| deed.number != number);
    }

    fn forget_old(&mut self) {
        self.latest.retain(|deed| deed.at.elapsed() <= REACH);
    }
}
