//! A document that a client is shown as it is, then whenever it has changed.

use super::{
    Shared,
    service::{Told, answer, blocking},
};
use crate::{gateway::Answers, tasks::TaskKind};
use futures::{
    FutureExt, StreamExt,
    stream::{self, BoxStream, SelectAll},
};
use loqa_protocol::ServerFrame;
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tokio_util::sync::{CancellationToken, DropGuard};

/// When it may be another.
#[derive(Default)]
pub(super) struct Changes {
    of: SelectAll<BoxStream<'static, ()>>,
    settling: Duration,
    every: Option<Duration>,
}

impl Changes {
    /// When this has changed.
    pub fn of<T: Send + Sync + 'static>(mut self, watched: watch::Receiver<T>) -> Changes {
        let changes = stream::unfold(watched, |mut watched| async {
            watched.changed().await.ok()?;
            Some(((), watched))
        });
        self.of.push(changes.boxed());
        self
    }

    /// So long after it was shown, at the earliest.
    pub fn settling(self, settling: Duration) -> Changes {
        Changes { settling, ..self }
    }

    /// After so long in any case.
    pub fn or_every(self, every: Duration) -> Changes {
        let every = Some(every);
        Changes { every, ..self }
    }

    /// What has changed until now is seen by whoever looks next.
    fn forget(&mut self) {
        while let Some(Some(())) = self.of.next().now_or_never() {}
    }

    /// Waits for the next; `false`: there is none any more.
    async fn next(&mut self) -> bool {
        sleep(self.settling).await;
        match self.every {
            None => self.of.next().await.is_some(),
            Some(every) => !matches!(timeout(every, self.of.next()).await, Ok(None)),
        }
    }
}

/// Shows what `look` finds, which may block, to a client, in answer to its request, until it is gone or the guard is
/// dropped. `name` is the task's.
pub(super) fn show(
    hub: &Arc<Shared>,
    (id, answers): (u32, Answers),
    name: &'static str,
    look: fn(&Shared) -> Told,
    mut changes: Changes,
) -> DropGuard {
    let over = CancellationToken::new();
    let guard = over.clone().drop_guard();
    let hub = hub.clone();
    let tasks = hub.tasks.clone();
    let showing = async move {
        let mut shown = None;
        loop {
            changes.forget();
            match blocking(hub.clone(), look).await {
                Ok(now) if now == shown => {}
                Ok(now) => {
                    let json = now.as_ref().map(Value::to_string).unwrap_or_default();
                    if answers.send(ServerFrame::Json { id, json }).is_err() {
                        return;
                    }
                    shown = now;
                }
                problem => return answer(&answers, id, problem),
            }
            if !changes.next().await {
                return;
            }
        }
    };
    tasks.spawn(TaskKind::BACKGROUND, name, async move {
        over.run_until_cancelled(showing).await;
    });
    guard
}
