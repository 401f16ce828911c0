//! The dashboard as the settings want it: for browsers of this machine and of the house, and for the displays of nodes.

use super::{Gateway, Hub, Shared, service::problem};
use crate::api::{self, Dashboard, InTheHouse};
use loqa_protocol::Problem;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Browsers of nodes that wait to be let in; one more is sent away.
const VISITORS: usize = 32;

impl Hub {
    /// Opens the dashboard of the settings, if they want one. A hub without one is still a hub.
    pub(super) async fn open_dashboard(&mut self) {
        let shared = &self.shared;
        let gateway = Arc::new(Gateway(shared.clone()));
        let (come, visitors) = mpsc::channel(VISITORS);
        shared.linked.show_to(come);
        let (settings, folder) = (&shared.config.dashboard, shared.store.folder());
        let opened = api::open(settings, folder, gateway, visitors, &shared.tasks).await;
        if let Some(opened) = opened {
            if let Err(problem)
            | Ok(Dashboard {
                household: InTheHouse::Failed(problem),
                ..
            }) = &opened
            {
                self.notes.push(problem.to_string());
            }
            let _ = shared.dashboard.set(opened);
        }
    }

    /// Where the dashboard is, if there is one.
    pub fn dashboard(&self) -> Option<&Dashboard> {
        self.shared.dashboard.get()?.as_ref().ok()
    }
}

impl Shared {
    /// How a browser comes to the dashboard.
    ///
    /// # Errors
    /// There is none, or why it could not be opened.
    pub(super) fn way_to_dashboard(&self) -> Result<&Dashboard, Problem> {
        match self.dashboard.get() {
            Some(Ok(dashboard)) => Ok(dashboard),
            Some(Err(problem)) => Err(problem.clone()),
            None => Err(problem(
                "no_dashboard",
                "this hub has no dashboard",
                "set `port` in [dashboard] of loqa.toml, then start the hub again",
            )),
        }
    }
}
