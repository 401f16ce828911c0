//! What the latest calls of skills took: in memory only, without a word that anybody said.

use loqa_skill_host::frames::{Cost, StepKind};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

/// So many are remembered, the latest.
const KEPT: usize = 256;

/// One call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// Which of its skill's two steps.
    pub step: StepKind,
    /// What it took, or why there is no answer.
    pub took: Result<Cost, String>,
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
}
