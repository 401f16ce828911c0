//! Displays: browsers at nodes, which come over the node's link and are known by the node's key. They see the page for
//! the wall, and nothing else.

use super::{Door, entrance::Entrance, routes, serve};
use crate::tasks::TaskKind;
use loqa_link::wire::Page;
use loqa_protocol::NodeId;
use std::sync::Arc;
use tokio::sync::mpsc;

/// What a display asks for besides the page's files.
pub const SHOWN: [&str; 2] = ["/api/v1/hello", "/api/v1/events"];

/// A browser that comes.
pub struct Visitor {
    /// Where it is.
    pub node: NodeId,
    /// How it came.
    pub page: Page,
}

/// Lets in through a door whoever comes, until it is shut.
pub(super) fn welcome(door: Door, mut visitors: mpsc::Receiver<Visitor>) {
    let tasks = door.tasks.clone();
    tasks
        .clone()
        .spawn(TaskKind::CLIENT, "displays", async move {
            let over = tasks.cancelled();
            while let Some(Some(visitor)) = over.run_until_cancelled(visitors.recv()).await {
                let routes = routes(Arc::new(Door {
                    entrance: Entrance::at_node(visitor.node),
                    ..door.clone()
                }));
                let cancel = tasks.cancelled();
                tasks.spawn(TaskKind::CLIENT, "display", async move {
                    // What a browser says before it is hung up on is of no interest to others.
                    let _ = serve::answer(visitor.page, routes, cancel).await;
                });
            }
        });
}
