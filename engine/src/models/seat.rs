//! Who does work of a kind on this machine, what no command covers: a model, which another may follow while the hub runs.

use super::{Check, candidate::Chosen};
use crate::workers::{Sites, Work};
use loqa_jobs::Process;
use loqa_protocol::Placement;
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// A place for one model.
pub(super) struct Seat {
    /// What is done there, or on nodes.
    pub work: Arc<Work>,
    /// How soon a model answers there, before any ever has.
    prior: Duration,
    taken: Mutex<Taken>,
}

/// By whom.
#[derive(PartialEq, Default)]
struct Taken {
    file: Option<PathBuf>,
    placement: Option<Placement>,
    /// What was looked at.
    checks: Vec<Check>,
}

impl Seat {
    /// An empty one, for work of `kind.name`.
    pub fn new(sites: &Arc<Sites>, kind: &str, name: &str, prior: Duration) -> Seat {
        Seat {
            work: Arc::new(Work::of(sites.clone(), kind, name)),
            prior,
            taken: Mutex::default(),
        }
    }

    /// Has the model that was chosen do it from now on, by the process that runs it already, if one does; or nobody, not even
    /// a node, where it is not `wanted`. What is under way goes on where it is. Whether anything is otherwise than before.
    pub fn take(&self, wanted: bool, chosen: Option<Chosen>, checks: Vec<Check>) -> bool {
        let mut taken = self.taken();
        let now = Taken {
            file: chosen.as_ref().map(|chosen| chosen.file.clone()),
            placement: chosen.as_ref().map(|chosen| chosen.placement.clone()),
            checks,
        };
        // One that has failed is begun anew.
        let of_file = |own: &Arc<Process>| taken.file == now.file && own.trouble().is_none();
        let runs = self.work.own().filter(of_file);
        let stays = runs.is_some() == chosen.is_some();
        if stays && *taken == now && self.work.is_wanted() == wanted {
            return false;
        }
        *taken = now;
        let own = chosen.map(|chosen| (runs.unwrap_or(chosen.process), chosen.capability));
        self.work.take(wanted, own, self.prior);
        true
    }

    /// Which model does it here, and why.
    pub fn placement(&self) -> Option<Placement> {
        self.taken().placement.clone()
    }

    /// What was looked at.
    pub fn checks(&self) -> Vec<Check> {
        self.taken().checks.clone()
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
