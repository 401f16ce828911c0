//! A skill whose code is WebAssembly components.

use super::{
    code::{Code, Unanswered},
    process::{CallError, Process},
    quarantine::Quarantine,
    registry::Machine,
    trace::{Call, Trace},
};
use crate::{
    store::{Audit, Deed},
    whole_file,
};
use jiff::Timestamp;
use loqa_core::manifest::Manifest;
use loqa_skill_host::frames::{Budget, Cost, Fault, FromHost, StepKind, ToHost};
use loqa_skill_sdk::{EffectError, Effects, Plan, Prepared, Reads, Request};
use sha2::{Digest, Sha256};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};
use tokio::time::Instant;

/// The components of one version of a skill.
pub struct Component {
    skill: Arc<str>,
    /// What the process calls it: another one for each version, so that the plans of a former one
    /// are committed by the code that made them.
    key: String,
    version: String,
    permissions: Vec<String>,
    folder: PathBuf,
    /// Its files as they were found.
    found: [Option<Found>; 2],
    /// Where machine code is kept.
    cache: PathBuf,
    budget: Budget,
    process: Arc<Process>,
    audit: Audit,
    trace: Trace,
    state: Mutex<State>,
}

/// Length and time of a file: who writes it anew changes one of them.
type Found = (u64, Option<SystemTime>);

#[derive(Default)]
struct State {
    quarantine: Quarantine,
    unfit: Option<Fault>,
}

impl Component {
    /// The components in a skill's folder; nothing, if there are none. What the process knows already
    /// is the same as before.
    pub fn in_folder(
        manifest: &Manifest,
        folder: &Path,
        machine: &Machine,
    ) -> Option<Arc<Component>> {
        let found = StepKind::ALL.map(|step| find(&file(folder, step)));
        found[0]?;
        let budget = Budget {
            memory: (manifest.budget.memory_mib as usize) << 20,
            time_ms: manifest.budget.time_ms.into(),
            ..Budget::default()
        };
        let same = |known: &Component| {
            (&*known.skill, known.folder.as_path()) == (manifest.name.as_str(), folder)
                && (&known.version, &known.permissions)
                    == (&manifest.version, &manifest.permissions)
                && known.budget == budget
                && known.found == found
        };
        Some(machine.process.known(same).unwrap_or_else(|| {
            static LATEST: AtomicU64 = AtomicU64::new(0);
            let number = LATEST.fetch_add(1, Ordering::Relaxed);
            Arc::new(Component {
                key: format!("{}.{number}", manifest.name),
                skill: manifest.name.as_str().into(),
                version: manifest.version.clone(),
                permissions: manifest.permissions.clone(),
                folder: folder.to_owned(),
                found,
                cache: machine.cache.clone(),
                budget,
                process: machine.process.clone(),
                audit: machine.audit.clone(),
                trace: machine.trace.clone(),
                state: Mutex::default(),
            })
        }))
    }

    /// What the process calls it.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Whose components they are.
    pub fn skill(&self) -> &str {
        &self.skill
    }

    /// Why it does not work now, if it does not.
    pub fn trouble(&self) -> Option<Unanswered> {
        let state = self.state();
        if let Some(fault) = &state.unfit {
            return Some(self.unanswered(fault.clone()));
        }
        let fault = state.quarantine.rests(Instant::now())?.clone();
        Some(Unanswered::Resting {
            skill: self.skill.to_string(),
            fault,
        })
    }

    /// How the process is told of a step; nothing for one that the skill does without.
    pub(super) fn load(&self, step: StepKind) -> Option<ToHost> {
        self.has(step).then(|| ToHost::Load {
            component: self.key.clone(),
            step,
            permissions: self.permissions.clone(),
            budget: self.budget,
        })
    }

    fn has(&self, step: StepKind) -> bool {
        let [prepare, commit] = self.found;
        match step {
            StepKind::Prepare => prepare,
            StepKind::Commit => commit,
        }
        .is_some()
    }

    /// It cannot be loaded.
    pub(super) fn is_unfit(&self, fault: Fault) {
        let before = self.state().unfit.replace(fault);
        if before.is_none() {
            self.audit
                .refused(Deed::Load, &self.skill, &self.version, None);
        }
    }

    /// Machine code of a step: what is kept of earlier, unless it is to be made `again`.
    pub(super) fn code(
        &self,
        step: StepKind,
        process: &Process,
        again: bool,
    ) -> Result<Vec<u8>, CallError> {
        let path = file(&self.folder, step);
        let component = fs::read(&path)
            .map_err(|error| CallError::Gone(format!("{}: {error}", path.display())))?;
        let name = hex::encode(&Sha256::digest(&component)[..16]);
        let kept = self.cache.join(name).with_extension("cwasm");
        if !again && let Ok(code) = fs::read(&kept) {
            return Ok(code);
        }
        let code = process.compile(&path)?;
        if let Err(error) = whole_file::write_secret(&kept, &code) {
            // The next start takes a moment longer.
            tracing::debug!(%error, "machine code of a skill is not kept");
        }
        Ok(code)
    }

    fn call(
        &self,
        step: StepKind,
        call: &ToHost,
        answer: &mut dyn FnMut(&loqa_skill_host::frames::Import) -> Option<Vec<u8>>,
    ) -> Result<FromHost, Unanswered> {
        if let Some(trouble) = self.trouble() {
            return Err(trouble);
        }
        let time = Duration::from_millis(self.budget.time_ms);
        let fault = match self.process.call(step, call, time, answer) {
            Ok(answer) => {
                self.state().quarantine.worked(Instant::now());
                if let FromHost::Prepared(_, cost) | FromHost::Committed(_, cost) = &answer {
                    self.took(step, Ok(*cost));
                }
                return Ok(answer);
            }
            Err(CallError::Fault(fault)) => {
                self.took(step, Err(fault.to_string()));
                fault
            }
            Err(CallError::Gone(reason)) => {
                // Whether this skill has brought it down nobody knows; if it does so again and
                // again, it rests.
                let fault = Fault::Trap(reason.clone());
                self.took(step, Err(reason.clone()));
                self.failed(fault);
                return Err(Unanswered::NoHost {
                    skill: self.skill.to_string(),
                    reason,
                });
            }
        };
        let rests = self.failed(fault.clone());
        tracing::warn!(skill = &*self.skill, step = step.name(), %fault, rests, "a skill failed");
        Err(self.unanswered(fault))
    }

    fn took(&self, step: StepKind, took: Result<Cost, String>) {
        self.trace.note(Call {
            at: Timestamp::now(),
            skill: self.skill.clone(),
            step,
            took,
        });
    }

    /// Its call ended without an answer; whether it rests from now on.
    fn failed(&self, fault: Fault) -> bool {
        let rests = self.state().quarantine.failed(fault, Instant::now());
        if rests {
            self.audit
                .refused(Deed::Rest, &self.skill, &self.version, None);
        }
        rests
    }

    fn unanswered(&self, fault: Fault) -> Unanswered {
        Unanswered::Fault {
            skill: self.skill.to_string(),
            fault,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Code for Component {
    fn prepare(&self, request: &Request, reads: &dyn Reads) -> Result<Prepared, Unanswered> {
        let call = ToHost::Prepare {
            component: self.key.clone(),
            request: request.clone(),
        };
        match self.call(StepKind::Prepare, &call, &mut |import| import.read(reads))? {
            FromHost::Prepared(prepared, _) => Ok(prepared),
            _ => Err(self.unanswered(Fault::Unknown)),
        }
    }

    fn commit(
        &self,
        plan: &Plan,
        effects: &mut dyn Effects,
    ) -> Result<Result<String, EffectError>, Unanswered> {
        if !self.has(StepKind::Commit) {
            let done = effects.carry_out(&plan.effects);
            return Ok(done.map(|()| plan.reply.clone()));
        }
        let call = ToHost::Commit {
            component: self.key.clone(),
            plan: plan.clone(),
        };
        match self.call(StepKind::Commit, &call, &mut |import| import.act(effects))? {
            FromHost::Committed(reply, _) => Ok(reply),
            _ => Err(self.unanswered(Fault::Unknown)),
        }
    }
}

fn find(file: &Path) -> Option<Found> {
    let metadata = fs::metadata(file).ok().filter(fs::Metadata::is_file)?;
    Some((metadata.len(), metadata.modified().ok()))
}

fn file(folder: &Path, step: StepKind) -> PathBuf {
    folder.join(step.name()).with_extension("wasm")
}
