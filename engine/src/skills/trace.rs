//! What the latest calls of skills took: in memory only, without a word that anybody said.

use jiff::Timestamp;
use loqa_skill_host::frames::{Cost, StepKind};
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

/// So many are remembered, the latest.
const KEPT: usize = 256;

/// One call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// When it was over.
    pub at: Timestamp,
    /// Whose.
    pub skill: Arc<str>,
    /// Which of its skill's two steps.
    pub step: StepKind,
    /// What it took, or why there is no answer.
    pub took: Result<Cost, String>,
}

impl Call {
    /// As a dashboard reads it.
    pub fn document(&self) -> Value {
        let cost = self.took.as_ref().ok();
        json!({
            "at_ms": self.at.as_millisecond(),
            "skill": &*self.skill,
            "step": self.step.name(),
            "total_us": cost.map(|cost| cost.total_us),
            "waited_us": cost.map(|cost| cost.waited_us),
            "calls": cost.map(|cost| cost.calls),
            "memory": cost.map(|cost| cost.memory),
            "fault": self.took.as_ref().err(),
        })
    }
}

/// The latest calls. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Trace(Arc<Mutex<VecDeque<Call>>>);

impl Trace {
    /// Remembers a call.
    pub fn note(&self, call: Call) {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.len() == KEPT {
            calls.pop_front();
        }
        calls.push_back(call);
    }

    /// Those since this was asked last, oldest first.
    pub fn take(&self) -> Vec<Call> {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        calls.drain(..).collect()
    }

    /// All that are remembered, oldest first.
    pub fn latest(&self) -> Vec<Call> {
        let calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        calls.iter().cloned().collect()
    }
}
