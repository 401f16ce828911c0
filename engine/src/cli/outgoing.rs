//! What a command opens itself, rather than the hub: a hub that runs beside it has it in its list of connections as well.

use super::link::Link;
use crate::{
    config::Config,
    egress::{Border, LATEST},
};
use loqa_protocol::ClientFrame;
use std::{path::PathBuf, time::Duration};
use tokio::time::timeout;

/// How long the hub may take to write it down; nobody waits longer for that.
const PATIENCE: Duration = Duration::from_secs(2);

/// A command's ways out, and the hub beside it.
pub struct Outgoing {
    border: Border,
    data: PathBuf,
    /// When what was told last had begun, Unix ms.
    told_ms: u64,
}

impl Outgoing {
    /// Sealed as the house is.
    pub fn of(config: &Config) -> Outgoing {
        Outgoing {
            border: Border::new(config.privacy.sealed),
            data: config.hub.data.clone(),
            told_ms: 0,
        }
    }

    /// What everything goes over.
    pub fn border(&self) -> &Border {
        &self.border
    }

    /// Tells a hub that runs what went out since the last time. Nothing depends on it.
    pub async fn tell(&mut self) {
        let mut entries = self.border.latest(LATEST);
        entries.retain(|entry| entry.at_ms > self.told_ms);
        let Some(last) = entries.last() else {
            return;
        };
        self.told_ms = last.at_ms;
        let connections = serde_json::to_string(&entries).unwrap_or_default();
        let told = async {
            let Some(mut link) = Link::beside(&self.data).await else {
                return;
            };
            let frame = |id| ClientFrame::WentOut { id, connections };
            if let Err(problem) = link.request(frame, &mut |_| {}).await {
                tracing::warn!(%problem, "the hub does not list what this command opened");
            }
        };
        let _ = timeout(PATIENCE, told).await;
    }
}
