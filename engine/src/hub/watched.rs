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
    changes: Changes,
) -> DropGuard {
    let looking = hub.clone();
    let look = move || blocking(looking.clone(), look);
    let tell = move |now: &Told| match now {
        Ok(now) => {
            let json = now.as_ref().map(Value::to_string).unwrap_or_default();
            answers.send(ServerFrame::Json { id, json }).is_ok()
        }
        Err(problem) => {
            answer(&answers, id, Err(problem.clone()));
            false
        }
    };
    until_dropped(hub, name, follow(look, tell, changes))
}

/// Tells what `look` finds now, and whenever it is another, until it is told that nobody listens.
pub(super) async fn follow<T: PartialEq, L: Future<Output = T>>(
    look: impl Fn() -> L,
    tell: impl Fn(&T) -> bool,
    mut changes: Changes,
) {
    let mut told = None;
    loop {
        changes.forget();
        let now = Some(look().await);
        if now != told {
            if !now.as_ref().is_some_and(&tell) {
                return;
            }
            told = now;
        }
        if !changes.next().await {
            return;
        }
    }
}

/// Does this as a task of this name, until it is over or the guard is dropped.
pub(super) fn until_dropped(
    hub: &Arc<Shared>,
    name: &'static str,
    showing: impl Future<Output = ()> + Send + 'static,
) -> DropGuard {
    let over = CancellationToken::new();
    let guard = over.clone().drop_guard();
    hub.tasks.spawn(TaskKind::BACKGROUND, name, async move {
        over.run_until_cancelled(showing).await;
    });
    guard
}
