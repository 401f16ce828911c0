//! A process that works on jobs: started when it is first needed, watched, and started again.

use crate::{Program, hand_over};
use loqa_core::{
    resilience::{RestartBudget, Restarts},
    seams::ModelError,
};
use serde_json::Value;
use std::{
    io,
    os::{fd::AsFd, fd::OwnedFd, unix::net::UnixStream as Control},
    process::Stdio,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::UnixStream,
    process::{Child, ChildStdout, Command},
    sync::watch,
    time::Instant,
};

/// How a process is.
#[derive(Clone, PartialEq, Debug)]
pub enum Health {
    /// Nobody has needed it yet.
    Idle,
    /// It loads its model; jobs wait.
    Loading,
    /// It works. What it told of itself.
    Ready(Value),
    /// It will not be started again until somebody changes something. Why.
    Failed(String),
}

/// A process, while there is one. Dropping it ends it.
pub struct Process {
    program: Program,
    /// Since when starts are counted.
    began: Instant,
    state: Mutex<State>,
    health: Arc<watch::Sender<Health>>,
}

#[derive(Default)]
struct State {
    running: Option<Running>,
    /// How many were started.
    started: u64,
    starts: Restarts,
    /// When a job was last handed to it.
    used: Option<Instant>,
}

struct Running {
    control: Control,
    /// Ended when dropped.
    child: Child,
    number: u64,
}

/// The stream of one job.
pub struct Job {
    /// Frames go both ways.
    pub stream: UnixStream,
    /// Which of the processes works on it: the first, the second.
    pub process: u64,
    /// How that is.
    pub health: watch::Receiver<Health>,
}

impl Process {
    /// A process of this program, not started yet.
    pub fn of(program: Program) -> Process {
        Process {
            program,
            began: Instant::now(),
            state: Mutex::default(),
            health: Arc::new(watch::Sender::new(Health::Idle)),
        }
    }

    /// What is run.
    pub fn name(&self) -> &str {
        &self.program.name
    }

    /// How it is, now and from now on.
    pub fn health(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }

    /// Why it does not work, if it does not.
    pub fn trouble(&self) -> Option<String> {
        if let Health::Failed(why) = &*self.health.borrow() {
            return Some(why.clone());
        }
        let state = &mut *self.lock();
        let ended = |running: &mut Running| !matches!(running.child.try_wait(), Ok(None));
        let runs = !state.running.as_mut().is_none_or(ended);
        (!runs && self.is_exhausted(state)).then(|| Self::exhausted(state))
    }

    /// Its id, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.lock().running.as_ref()?.child.id()
    }

    /// Starts it, unless it runs. Needs a runtime.
    ///
    /// # Errors
    /// Why it cannot be.
    pub fn start(&self) -> Result<(), ModelError> {
        self.running(&mut self.lock()).map(drop)
    }

    /// Starts it, unless it runs, and waits until its model is loaded; what it told of itself.
    ///
    /// # Errors
    /// It cannot be started, or ended, or cannot load its model.
    pub async fn loaded(&self) -> Result<Value, ModelError> {
        self.start()?;
        let mut health = self.health();
        let settled = health.wait_for(|health| *health != Health::Loading).await;
        match settled.as_deref() {
            Ok(Health::Ready(told)) => Ok(told.clone()),
            Ok(Health::Failed(why)) => Err(self.not_loaded(why)),
            _ => Err(self.not_loaded("it ended while it loaded its model")),
        }
    }

    /// A stream for a job. Needs a runtime. The job waits while the model is being loaded.
    ///
    /// # Errors
    /// It does not run, and cannot be started.
    pub fn job(&self) -> Result<Job, ModelError> {
        let mut state = self.lock();
        state.used = Some(Instant::now());
        let gone = |error: io::Error| ModelError::NodeLost(format!("{}: {error}", self.name()));
        for _ in 0..2 {
            let running = self.running(&mut state)?;
            let (ours, theirs) = Control::pair().map_err(gone)?;
            if hand_over(&running.control, theirs.as_fd()).is_ok() {
                ours.set_nonblocking(true).map_err(gone)?;
                return Ok(Job {
                    stream: UnixStream::from_std(ours).map_err(gone)?,
                    process: running.number,
                    health: self.health(),
                });
            }
            // It has just ended.
            state.running = None;
        }
        Err(ModelError::NodeLost(self.name().to_owned()))
    }

    /// Ends it, to be started again by the next job, unless it was handed one within `lately`. Whether it
    /// runs no more.
    pub fn unload(&self, lately: Duration) -> bool {
        let mut state = self.lock();
        let idle = state.used.is_none_or(|used| used.elapsed() >= lately);
        if idle {
            state.running = None;
        }
        state.running.is_none()
    }

    /// Ends the process of this number, because it hangs or is of no use; the next job starts another.
    pub fn give_up(&self, number: u64) {
        let mut state = self.lock();
        if state.running.as_ref().is_some_and(|it| it.number == number) {
            state.running = None;
        }
    }

    fn running<'a>(&self, state: &'a mut State) -> Result<&'a Running, ModelError> {
        if let Some(running) = &mut state.running
            && !matches!(running.child.try_wait(), Ok(None))
        {
            state.running = None;
        }
        if state.running.is_none() {
            if let Health::Failed(why) = &*self.health.borrow() {
                return Err(self.not_loaded(why));
            }
            if self.is_exhausted(state) {
                return Err(self.not_loaded(&Self::exhausted(state)));
            }
            state.starts.note(self.began.elapsed());
            state.started += 1;
            let running = self.spawn(state.started);
            state.running = Some(running.map_err(|error| {
                let file = self.program.file.display();
                self.not_loaded(&format!("{file} cannot be started: {error}"))
            })?);
        }
        state
            .running
            .as_ref()
            .ok_or_else(|| ModelError::NodeLost(self.name().to_owned()))
    }

    /// Was it started as often as it may be for now?
    fn is_exhausted(&self, state: &mut State) -> bool {
        state.starts.is_exhausted(self.began.elapsed())
    }

    fn exhausted(state: &State) -> String {
        let RestartBudget { times, within } = state.starts.budget();
        format!("it ended {times} times within {} s", within.as_secs())
    }

    fn spawn(&self, number: u64) -> io::Result<Running> {
        let (control, theirs) = Control::pair()?;
        // Nothing of the hub's surroundings goes with it. Each of its threads would otherwise reserve
        // addresses of its own, which count towards the memory it may have.
        let mut child = Command::new(&self.program.file)
            .args(&self.program.arguments)
            .env_clear()
            .env("MALLOC_ARENA_MAX", "2")
            .current_dir("/")
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()?;
        self.health.send_replace(Health::Loading);
        if let Some(out) = child.stdout.take() {
            tokio::spawn(watch(self.program.name.clone(), out, self.health.clone()));
        }
        Ok(Running {
            control,
            child,
            number,
        })
    }

    fn not_loaded(&self, why: &str) -> ModelError {
        ModelError::NotLoaded {
            what: self.name().to_owned(),
            help: why.to_owned(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells what the process says of itself, and that it ended.
async fn watch(name: String, out: ChildStdout, health: Arc<watch::Sender<Health>>) {
    let mut lines = BufReader::new(out).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let said: Value = serde_json::from_str(&line).unwrap_or_default();
        if let Some(ready) = said.get("ready") {
            tracing::info!(worker = name, %ready, "a model is loaded");
            health.send_replace(Health::Ready(ready.clone()));
        } else if let Some(error) = said.get("error").and_then(Value::as_str) {
            tracing::warn!(worker = name, error, "a model cannot be loaded");
            health.send_replace(Health::Failed(error.to_owned()));
        }
    }
    health.send_if_modified(|health| {
        let ended = !matches!(health, Health::Failed(_));
        if ended {
            *health = Health::Idle;
        }
        ended
    });
}
