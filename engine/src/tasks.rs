//! Everything that runs: each task has an owner, a name and an end.

use futures::FutureExt;
use std::{
    borrow::Cow,
    collections::BTreeMap,
    fmt::Display,
    future::Future,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::watch,
    task::AbortHandle,
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

/// How long tasks may take to end once they were asked to. Leaves a second of the five in which
/// the hub promises to be gone.
pub const DRAIN: Duration = Duration::from_secs(4);

/// What cancelling a task and an error in it mean.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TaskKind {
    /// At shutdown.
    pub on_cancel: OnCancel,
    /// When the task returns an error or panics.
    pub on_error: OnError,
}

/// What happens to a task at shutdown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnCancel {
    /// It sees [`Tasks::cancelled`] and has [`DRAIN`] to finish.
    Wait,
    /// It is dropped at its next await.
    Abort,
}

/// What happens when a task fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnError {
    /// Only that task is gone.
    Log,
    /// Without it the engine is of no use: [`Tasks::stopped`] resolves.
    StopEngine,
}

impl TaskKind {
    /// One client, one conversation: its failure is its own.
    pub const CLIENT: TaskKind = TaskKind {
        on_cancel: OnCancel::Wait,
        on_error: OnError::Log,
    };
    /// Something the engine cannot do without, such as the gateway's listener.
    pub const ESSENTIAL: TaskKind = TaskKind {
        on_cancel: OnCancel::Wait,
        on_error: OnError::StopEngine,
    };
    /// Work that may stop anywhere, such as warming a cache.
    pub const BACKGROUND: TaskKind = TaskKind {
        on_cancel: OnCancel::Abort,
        on_error: OnError::Log,
    };
}

/// What a task may return: nothing, or a `Result` whose error is a failure.
pub trait Outcome: Send + 'static {
    /// What went wrong, if something did.
    fn failure(self) -> Option<String>;
}

impl Outcome for () {
    fn failure(self) -> Option<String> {
        None
    }
}

impl<E: Display + Send + 'static> Outcome for Result<(), E> {
    fn failure(self) -> Option<String> {
        self.err().map(|error| error.to_string())
    }
}

/// The tasks of one engine. Clones share them.
#[derive(Clone)]
pub struct Tasks {
    shared: Arc<Shared>,
}

struct Shared {
    cancel: CancellationToken,
    running: Mutex<Running>,
    count: watch::Sender<usize>,
    stop: watch::Sender<Option<String>>,
}

#[derive(Default)]
struct Running {
    closed: bool,
    last: u64,
    tasks: BTreeMap<u64, Task>,
}

struct Task {
    name: Cow<'static, str>,
    on_cancel: OnCancel,
    /// `None` for the moment until it was spawned.
    abort: Option<AbortHandle>,
}

impl Task {
    fn abort(&self) {
        if let Some(abort) = &self.abort {
            abort.abort();
        }
    }
}

impl Default for Tasks {
    fn default() -> Self {
        Tasks::new()
    }
}

impl Tasks {
    /// None yet.
    pub fn new() -> Tasks {
        Tasks {
            shared: Arc::new(Shared {
                cancel: CancellationToken::new(),
                running: Mutex::default(),
                count: watch::Sender::new(0),
                stop: watch::Sender::new(None),
            }),
        }
    }

    /// Runs `future` until it ends. After [`Tasks::shutdown`] began it is dropped instead and
    /// `false` returned. Must be called within a tokio runtime.
    pub fn spawn<F>(&self, kind: TaskKind, name: impl Into<Cow<'static, str>>, future: F) -> bool
    where
        F: Future<Output: Outcome> + Send + 'static,
    {
        let shared = self.shared.clone();
        let name = name.into();
        let task_name = name.clone();
        self.register(name, kind.on_cancel, async move {
            let Some(error) = failure(future).await else {
                return;
            };
            tracing::error!(task = %task_name, %error, "task failed");
            if kind.on_error == OnError::StopEngine {
                shared
                    .stop
                    .send_replace(Some(format!("{task_name}: {error}")));
            }
        })
    }

    /// Tells tasks that shutdown began. Each call gives a token of its own.
    pub fn cancelled(&self) -> CancellationToken {
        self.shared.cancel.child_token()
    }

    /// Resolves when a task the engine cannot do without has failed: why. Cancel-safe.
    pub async fn stopped(&self) -> String {
        let mut stop = self.shared.stop.subscribe();
        loop {
            if let Some(reason) = stop.borrow_and_update().clone() {
                return reason;
            }
            // The sender lives in `self`, so this cannot fail while we wait.
            let _ = stop.changed().await;
        }
    }

    /// Names of what runs now, oldest first.
    pub fn names(&self) -> Vec<String> {
        self.running()
            .tasks
            .values()
            .map(|task| task.name.to_string())
            .collect()
    }

    /// Accepts no more tasks, cancels those there are, waits at most [`DRAIN`] and aborts the
    /// rest. Returns the names of those that had not ended in time.
    pub async fn shutdown(&self) -> Vec<String> {
        let deadline = Instant::now() + DRAIN;
        {
            let mut running = self.running();
            running.closed = true;
            running
                .tasks
                .values()
                .filter(|task| task.on_cancel == OnCancel::Abort)
                .for_each(Task::abort);
        }
        self.shared.cancel.cancel();
        let mut count = self.shared.count.subscribe();
        if timeout_at(deadline, count.wait_for(|count| *count == 0))
            .await
            .is_ok()
        {
            return Vec::new();
        }
        let stuck = self.names();
        tracing::warn!(tasks = ?stuck, "tasks did not end in time and were aborted");
        self.running().tasks.values().for_each(Task::abort);
        stuck
    }

    fn register(
        &self,
        name: Cow<'static, str>,
        on_cancel: OnCancel,
        future: impl Future<Output = ()> + Send + 'static,
    ) -> bool {
        let entry = {
            let mut running = self.running();
            if running.closed {
                return false;
            }
            running.last += 1;
            let id = running.last;
            running.tasks.insert(
                id,
                Task {
                    name,
                    on_cancel,
                    abort: None,
                },
            );
            self.shared.count.send_replace(running.tasks.len());
            Entry {
                shared: self.shared.clone(),
                id,
            }
        };
        let id = entry.id;
        // Aborting drops the entry as well, so an aborted task leaves the table like any other.
        let task = tokio::spawn(async move {
            let _entry = entry;
            future.await;
        });
        // The task may have ended by now, or shutdown begun.
        let mut running = self.running();
        let closed = running.closed;
        if let Some(entered) = running.tasks.get_mut(&id) {
            entered.abort = Some(task.abort_handle());
            if closed && on_cancel == OnCancel::Abort {
                task.abort();
            }
        }
        true
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.shared.running()
    }
}

impl Shared {
    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a future: its error or panic, in words.
async fn failure(future: impl Future<Output: Outcome>) -> Option<String> {
    match AssertUnwindSafe(future).catch_unwind().await {
        Ok(outcome) => outcome.failure(),
        Err(panic) => {
            let text = panic
                .downcast_ref::<&str>()
                .copied()
                .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
            Some(format!("panicked: {}", text.unwrap_or("unknown")))
        }
    }
}

/// Takes a task out of the table when it ends, however it ends.
struct Entry {
    shared: Arc<Shared>,
    id: u64,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut running = self.shared.running();
        running.tasks.remove(&self.id);
        self.shared.count.send_replace(running.tasks.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    #[tokio::test(start_paused = true)]
    async fn shutdown_waits_for_those_that_finish_and_aborts_the_rest() {
        let tasks = Tasks::new();
        let done = Arc::new(AtomicUsize::new(0));
        let (cancel, finished) = (tasks.cancelled(), done.clone());
        tasks.spawn(TaskKind::CLIENT, "polite", async move {
            cancel.cancelled().await;
            tokio::time::sleep(Duration::from_secs(3)).await;
            finished.fetch_add(1, SeqCst);
        });
        tasks.spawn(TaskKind::CLIENT, "stubborn", std::future::pending::<()>());
        tasks.spawn(
            TaskKind::BACKGROUND,
            "careless",
            std::future::pending::<()>(),
        );
        assert_eq!(tasks.names(), ["polite", "stubborn", "careless"]);

        let began = Instant::now();
        assert_eq!(tasks.shutdown().await, ["stubborn"]);
        assert_eq!((began.elapsed(), done.load(SeqCst)), (DRAIN, 1));
        assert!(!tasks.spawn(TaskKind::CLIENT, "late", async {}));
        tokio::task::yield_now().await;
        assert!(tasks.names().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn shutdown_takes_no_longer_than_the_tasks() {
        let tasks = Tasks::new();
        let cancel = tasks.cancelled();
        tasks.spawn(TaskKind::CLIENT, "quick", async move {
            cancel.cancelled().await
        });
        let began = Instant::now();
        assert!(tasks.shutdown().await.is_empty());
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn only_essential_failures_stop_the_engine() {
        let tasks = Tasks::new();
        tasks.spawn(TaskKind::CLIENT, "client", async {
            Err::<(), _>("went away")
        });
        tasks.spawn(TaskKind::CLIENT, "buggy client", async {
            assert_eq!(1, 2, "a bug")
        });
        tasks.spawn(TaskKind::ESSENTIAL, "gateway", async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Err::<(), _>("socket gone")
        });
        let began = Instant::now();
        assert_eq!(tasks.stopped().await, "gateway: socket gone");
        assert_eq!(began.elapsed(), Duration::from_secs(1));
    }
}
