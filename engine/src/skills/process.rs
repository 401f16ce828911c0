//! The process that skills run in: started when it is first needed, and again after it ended.

use super::component::Component;
use loqa_core::resilience::{RestartBudget, Restarts};
use loqa_jobs::beside;
use loqa_skill_host::frames::{self, Fault, FromHost, Import, StepKind, ToHost};
use std::{
    io,
    os::{fd::OwnedFd, unix::net::UnixStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

/// The program, beside `loqa`.
const PROGRAM: &str = "loqa-skill-host";
/// How long it may take to start, or to load a component.
const START: Duration = Duration::from_secs(10);
/// How long a call may take beyond the skill's budget before the process itself is taken for hung:
/// it ends calls by itself, within milliseconds.
const GRACE: Duration = Duration::from_secs(1);
/// How often it is started.
const STARTS: RestartBudget = RestartBudget {
    times: 10,
    within: Duration::from_secs(60),
};

/// The process, while there is one.
pub struct Process {
    program: PathBuf,
    /// Since when starts are counted.
    began: Instant,
    running: Mutex<Running>,
}

struct Running {
    lanes: Option<Arc<Lanes>>,
    /// Whom it must know, by what it calls them, as long as somebody else does.
    components: Vec<(String, Weak<Component>)>,
    starts: Restarts,
}

/// Two lanes, so that nobody's commit waits for what others prepare.
struct Lanes {
    prepare: Mutex<UnixStream>,
    commit: Mutex<UnixStream>,
    confined_by: Vec<String>,
    child: Mutex<Child>,
}

impl Drop for Lanes {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        // It may have ended by itself; whatever it is doing is of no use to anybody.
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The skill's fault.
    #[error("{0}")]
    Fault(Fault),
    /// The process is not there, or ended; why.
    #[error("{0}")]
    Gone(String),
}

impl Process {
    /// The process whose program lies beside this one.
    pub fn beside() -> Arc<Process> {
        Arc::new(Process::of(beside(PROGRAM)))
    }

    /// The process of this program.
    pub fn of(program: PathBuf) -> Process {
        Process {
            program,
            began: Instant::now(),
            running: Mutex::new(Running {
                lanes: None,
                components: Vec::new(),
                starts: Restarts::new(STARTS),
            }),
        }
    }

    /// Its program.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Has it know a component from its next start on, or from now on if it runs.
    ///
    /// # Errors
    /// It runs, and cannot load the component.
    pub fn add(&self, component: &Arc<Component>) -> Result<(), CallError> {
        let mut running = lock(&self.running);
        running.forget_dropped();
        if running
            .components
            .iter()
            .any(|(key, _)| key == component.key())
        {
            return Ok(());
        }
        let known = (component.key().to_owned(), Arc::downgrade(component));
        running.components.push(known);
        match &running.lanes {
            Some(lanes) => lanes.load(component, self),
            None => Ok(()),
        }
    }

    /// A component that it must know.
    pub(super) fn known(&self, which: impl Fn(&Component) -> bool) -> Option<Arc<Component>> {
        let running = lock(&self.running);
        let mut known = running.components.iter().filter_map(|it| it.1.upgrade());
        known.find(|component| which(component))
    }

    /// Starts it, unless it runs; what it is confined by.
    ///
    /// # Errors
    /// Why it cannot be started.
    pub fn start(&self) -> Result<Vec<String>, CallError> {
        self.lanes().map(|lanes| lanes.confined_by.clone())
    }

    /// Its id, while it runs.
    pub fn id(&self) -> Option<u32> {
        let running = lock(&self.running);
        running.lanes.as_ref().map(|lanes| lock(&lanes.child).id())
    }

    /// Sends a call and answers what the skill asks meanwhile with `answer`.
    ///
    /// # Errors
    /// There is no answer.
    pub fn call(
        &self,
        step: StepKind,
        call: &ToHost,
        time: Duration,
        answer: &mut dyn FnMut(&Import) -> Option<Vec<u8>>,
    ) -> Result<FromHost, CallError> {
        let lanes = self.lanes()?;
        let outcome = lanes.call(step, call, &[], time * frames::PATIENCE + GRACE, answer);
        if let Err(error) = &outcome {
            tracing::warn!(%error, "the skill host ended");
            let mut running = lock(&self.running);
            // Another call may have noticed before, and started it again.
            if running
                .lanes
                .as_ref()
                .is_some_and(|now| Arc::ptr_eq(now, &lanes))
            {
                running.lanes = None;
            }
        }
        match outcome {
            Ok(FromHost::Fault(fault)) => Err(CallError::Fault(fault)),
            Ok(other) => Ok(other),
            Err(error) => Err(CallError::Gone(error.to_string())),
        }
    }

    fn lanes(&self) -> Result<Arc<Lanes>, CallError> {
        let mut running = lock(&self.running);
        if let Some(lanes) = &running.lanes {
            return Ok(lanes.clone());
        }
        let now = self.began.elapsed();
        if running.starts.is_exhausted(now) {
            let times = STARTS.times;
            return Err(CallError::Gone(format!(
                "{PROGRAM} ended {times} times within a minute"
            )));
        }
        running.starts.note(now);
        let lanes = Arc::new(self.spawn().map_err(|error| {
            CallError::Gone(format!(
                "{} cannot be started: {error}",
                self.program.display()
            ))
        })?);
        let known = running.components.iter();
        for component in known.filter_map(|(_, component)| component.upgrade()) {
            // One that does not load answers no calls, and says why; the others do.
            if let Err(CallError::Fault(fault)) = lanes.load(&component, self) {
                tracing::warn!(skill = component.skill(), %fault, "a skill cannot be loaded");
            }
        }
        running.lanes = Some(lanes.clone());
        Ok(lanes)
    }

    fn spawn(&self) -> io::Result<Lanes> {
        let (prepare, theirs) = UnixStream::pair()?;
        let (commit, theirs_too) = UnixStream::pair()?;
        // Nothing of the hub's surroundings goes with it.
        let child = Command::new(&self.program)
            .env_clear()
            .current_dir("/")
            .stdin(OwnedFd::from(theirs))
            .stdout(OwnedFd::from(theirs_too))
            .stderr(Stdio::inherit())
            .spawn()?;
        let child = Mutex::new(child);
        let mut lanes = Lanes {
            prepare: Mutex::new(prepare),
            commit: Mutex::new(commit),
            confined_by: Vec::new(),
            child,
        };
        for lane in [&lanes.prepare, &lanes.commit] {
            let lane = lock(lane);
            lane.set_read_timeout(Some(START))?;
            if let (FromHost::Ready { confined_by }, _) = frames::read(&mut &*lane)? {
                lanes.confined_by = confined_by;
            }
        }
        Ok(lanes)
    }

    /// Machine code for a component: made by the same program, in a process of its own, which
    /// whatever the component does to a compiler ends with.
    ///
    /// # Errors
    /// It is not a component.
    pub fn compile(&self, component: &Path) -> Result<Vec<u8>, CallError> {
        let gone = |error: io::Error| CallError::Gone(error.to_string());
        let output = Command::new(&self.program)
            .arg("compile")
            .env_clear()
            .current_dir("/")
            .stdin(std::fs::File::open(component).map_err(gone)?)
            .output()
            .map_err(gone)?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim().trim_start_matches("loqa-skill-host: ");
        Err(CallError::Fault(Fault::Unfit(if said.is_empty() {
            "compiling it ended the compiler".into()
        } else {
            said.into()
        })))
    }
}

impl Running {
    /// Has the process forget what nobody has a use for any more.
    fn forget_dropped(&mut self) {
        let lanes = self.lanes.as_ref();
        self.components.retain(|(key, component)| {
            let used = component.strong_count() > 0;
            if let Some(lanes) = lanes.filter(|_| !used) {
                let unload = ToHost::Unload {
                    component: key.clone(),
                };
                // If that fails, the process ends, and what it knew with it.
                let _ = lanes.call(StepKind::Commit, &unload, &[], START, &mut |_| None);
            }
            used
        });
    }
}

impl Lanes {
    /// Whatever is wrong with a component, it knows from then on.
    fn load(&self, component: &Component, process: &Process) -> Result<(), CallError> {
        let loaded = self.try_load(component, process);
        if let Err(CallError::Fault(fault)) = &loaded {
            component.is_unfit(fault.clone());
        }
        loaded
    }

    fn try_load(&self, component: &Component, process: &Process) -> Result<(), CallError> {
        for step in StepKind::ALL {
            let Some(load) = component.load(step) else {
                continue;
            };
            let mut again = false;
            loop {
                let code = component.code(step, process, again);
                if let Err(CallError::Fault(fault)) = &code {
                    component.is_unfit(fault.clone());
                }
                let code = code?;
                let answer = self.call(StepKind::Commit, &load, &code, START, &mut |_| None);
                match answer {
                    Ok(FromHost::Done) => break,
                    // What is kept may be of another version of the program.
                    Ok(FromHost::Fault(Fault::Unfit(_))) if !again => again = true,
                    Ok(FromHost::Fault(fault)) => return Err(CallError::Fault(fault)),
                    Ok(_) => return Err(CallError::Gone("it answers something else".into())),
                    Err(error) => return Err(CallError::Gone(error.to_string())),
                }
            }
        }
        Ok(())
    }

    fn call(
        &self,
        step: StepKind,
        call: &ToHost,
        bytes: &[u8],
        time: Duration,
        answer: &mut dyn FnMut(&Import) -> Option<Vec<u8>>,
    ) -> io::Result<FromHost> {
        let lane = match step {
            StepKind::Prepare => lock(&self.prepare),
            StepKind::Commit => lock(&self.commit),
        };
        let mut lane = &*lane;
        lane.set_read_timeout(Some(time))?;
        frames::write(&mut lane, call, bytes)?;
        loop {
            match frames::read(&mut lane)? {
                (FromHost::Import(import), _) => {
                    // Without an answer there is nothing that the skill could go on with.
                    let answer = answer(&import).unwrap_or_else(|| b"null".to_vec());
                    frames::write(&mut lane, &ToHost::Answer, &answer)?;
                }
                (other, _) => return Ok(other),
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
