//! One call of a skill: whom it asks, and what it has taken so far.

use crate::frames::{Budget, Cost, Fault, Import, PATIENCE};
use rustix::time::{ClockId, clock_gettime};
use serde::de::DeserializeOwned;
use std::{
    io,
    time::{Duration, Instant},
};
use wasmtime::{ResourceLimiter, Result, UpdateDeadline};

/// Whoever answers what a skill asks.
pub trait Hub: Send {
    /// The answer, as [`Import`] says.
    ///
    /// # Errors
    /// There is no answer: the hub is gone, or it does not allow this step to ask that.
    fn ask(&mut self, import: &Import) -> io::Result<Vec<u8>>;
}

/// What this thread has computed so far.
fn computed() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// One call of a skill.
pub struct Invocation {
    hub: Box<dyn Hub>,
    budget: Budget,
    started: Instant,
    /// What its thread had computed by then.
    computed: Duration,
    waited: Duration,
    calls: u32,
    memory: usize,
    /// Why the call was ended, if it was.
    fault: Option<Fault>,
}

impl Invocation {
    pub(super) fn new(hub: Box<dyn Hub>, budget: Budget) -> Invocation {
        Invocation {
            hub,
            budget,
            started: Instant::now(),
            computed: computed(),
            waited: Duration::ZERO,
            calls: 0,
            memory: 0,
            fault: None,
        }
    }

    /// What the hub answers; the time it takes is not the skill's.
    ///
    /// # Errors
    /// The skill asks too often, or there is no answer; either ends the call.
    pub fn ask<T: DeserializeOwned>(&mut self, import: Import) -> Result<T> {
        self.calls += 1;
        if self.calls > self.budget.calls {
            return Err(self.end(Fault::Calls(self.budget.calls)));
        }
        let asked = Instant::now();
        let answer = self.hub.ask(&import);
        self.waited += asked.elapsed();
        let answer = answer.and_then(|answer| Ok(serde_json::from_slice(&answer)?));
        answer.map_err(|error| self.end(Fault::Trap(format!("no answer to {import:?}: {error}"))))
    }

    /// Called with every tick of the clock while the skill runs.
    pub(super) fn tick(&mut self) -> Result<UpdateDeadline> {
        let budget = Duration::from_millis(self.budget.time_ms);
        let ran = self.started.elapsed().saturating_sub(self.waited);
        let computed = computed().saturating_sub(self.computed);
        if computed > budget || ran > budget * PATIENCE {
            return Err(self.end(Fault::Time(self.budget.time_ms)));
        }
        Ok(UpdateDeadline::Continue(1))
    }

    pub(super) fn cost(&self) -> Cost {
        let us = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        Cost {
            total_us: us(self.started.elapsed()),
            waited_us: us(self.waited),
            calls: self.calls,
            memory: self.memory,
        }
    }

    /// What ended the call: of all that follows from it, what came first.
    pub(super) fn fault(self, error: &wasmtime::Error) -> Fault {
        self.fault
            .unwrap_or_else(|| Fault::Trap(error.root_cause().to_string()))
    }

    fn end(&mut self, fault: Fault) -> wasmtime::Error {
        let error = wasmtime::Error::msg(fault.to_string());
        self.fault.get_or_insert(fault);
        error
    }
}

impl ResourceLimiter for Invocation {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool> {
        // What is refused shows in the skill as a crash of its own; it is told apart by this.
        if desired > self.budget.memory {
            self.end(Fault::Memory(self.budget.memory));
            return Ok(false);
        }
        self.memory = self.memory.max(desired);
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool> {
        Ok(desired <= 100_000)
    }
}
