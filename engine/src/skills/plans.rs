//! Plans between prepare and commit.

use super::registry::Registry;
use crate::people::Ruled;
use loqa_core::{
    grammar::{Context, Step},
    home::Home,
    policy::Risk,
    seams::{DraftId, PrepareRequest},
};
use loqa_skill_sdk::Plan;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::time::Instant;

/// How long a plan holds, unless its skill says that it holds shorter.
const LIFETIME: Duration = Duration::from_secs(2);
/// Plans kept at once; a turn needs two or three. The oldest goes first.
const CAPACITY: usize = 256;

/// What commit will do.
#[derive(Clone, PartialEq, Debug)]
pub enum Work {
    /// Steps of skills, each with its plan.
    Steps(Vec<(Step, Plan)>),
    /// Takes back the deed of this number.
    Undo(u64),
}

/// A prepared turn.
#[derive(Clone)]
pub struct Prepared {
    /// What was asked for, and whose effects these would be.
    pub request: PrepareRequest,
    /// State it was prepared in.
    pub epoch: u64,
    /// Areas and devices it was prepared for.
    pub home: Arc<Home>,
    /// Skills that prepared it.
    pub registry: Arc<Registry>,
    /// What commit will do.
    pub work: Work,
    /// What will be said if it goes as predicted, or the question if something is missing.
    pub reply: String,
    /// What a person must say "yes" to first.
    pub confirm: Option<String>,
    /// How the answer is read if something is missing.
    pub ask: Option<Context>,
    /// Of its steps, in order.
    pub risks: Vec<Risk>,
    /// What the household's rules made of them.
    pub ruled: Ruled,
}

impl Prepared {
    /// How long it holds: as long as all of its steps do.
    fn holds(&self) -> Duration {
        let Work::Steps(steps) = &self.work else {
            return LIFETIME;
        };
        let holds = steps.iter().filter_map(|(_, plan)| plan.holds_ms);
        let holds = holds.map(Duration::from_millis);
        holds.fold(LIFETIME, Duration::min)
    }

    /// Whether this plan may be carried out in place of `other`, which was made in another state:
    /// what somebody has said "yes" to must be the very same.
    pub fn stands_for(&self, other: &Prepared) -> bool {
        self.ask == other.ask
            && self.confirm == other.confirm
            && self.ruled == other.ruled
            && (self.confirm.is_none() || (self.reply == other.reply && self.work == other.work))
    }
}

/// A table of plans.
#[derive(Default)]
pub struct Plans {
    last: u64,
    table: BTreeMap<DraftId, (Instant, Prepared)>,
}

impl Plans {
    /// Keeps a plan until it is taken or too old.
    pub fn keep(&mut self, prepared: Prepared) -> DraftId {
        let now = Instant::now();
        self.table
            .retain(|_, (at, _)| now.duration_since(*at) <= LIFETIME);
        while self.table.len() >= CAPACITY {
            self.table.pop_first();
        }
        self.last += 1;
        let id = DraftId(self.last);
        self.table.insert(id, (now, prepared));
        id
    }

    /// Takes a plan out, if it still holds.
    pub fn take(&mut self, id: DraftId) -> Option<Prepared> {
        let (at, prepared) = self.table.remove(&id)?;
        (at.elapsed() <= prepared.holds()).then_some(prepared)
    }
}
