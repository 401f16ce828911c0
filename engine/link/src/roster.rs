//! Who is paired with this hub, at this moment.

use loqa_protocol::NodeId;
use std::collections::BTreeSet;
use tokio::sync::watch;

/// The nodes that may come in. Clones are the same roster: whoever revokes a node does so for every
/// handshake to come and for whoever waits on [`Roster::revoked`].
#[derive(Clone, Debug)]
pub struct Roster(watch::Sender<BTreeSet<NodeId>>);

impl Roster {
    /// With these nodes, to begin with.
    pub fn new(paired: impl IntoIterator<Item = NodeId>) -> Roster {
        Roster(watch::Sender::new(paired.into_iter().collect()))
    }

    /// Whether `node` may come in.
    pub fn contains(&self, node: NodeId) -> bool {
        self.0.borrow().contains(&node)
    }

    /// From now on it may.
    pub fn pair(&self, node: NodeId) {
        self.0.send_if_modified(|paired| paired.insert(node));
    }

    /// From now on it may not, and connections that it has are told. Whether it could before.
    pub fn revoke(&self, node: NodeId) -> bool {
        self.0.send_if_modified(|paired| paired.remove(&node))
    }

    /// Ends once `node` may not come in, at once if it may not now. A connection races this with its
    /// own work and closes.
    pub async fn revoked(&self, node: NodeId) {
        let mut changes = self.0.subscribe();
        // The sender is held here, so this waits for nothing but a change.
        let _ = changes.wait_for(|paired| !paired.contains(&node)).await;
    }
}
