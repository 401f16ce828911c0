//! `loqa skill profile`: what calls of a skill take.

use super::{
    problem,
    trial::{Scratch, Trial},
};
use crate::{
    cli::{Common, output},
    skills::Call,
};
use loqa_protocol::Problem;
use loqa_skill_host::frames::{Cost, StepKind};
use serde_json::json;
use std::{path::Path, process::ExitCode};

/// Says each example of the skill in `folder` so many `times`, and tells what that took.
pub async fn run(common: &Common, folder: &Path, times: usize) -> Result<ExitCode, Problem> {
    let mut scratch = Scratch::new(common)?;
    let mut trial = Trial::new(folder, &scratch)?;
    let mut told = false;
    for text in trial.examples() {
        let mut calls = Vec::new();
        for _ in 0..times {
            let repeated = trial.repeat(&text).await;
            repeated.map_err(|error| problem("call", format!("“{text}”: {error}"), ""))?;
            calls.extend(trial.calls());
        }
        for step in StepKind::ALL {
            told |= tell(common, &text, step, &calls);
        }
    }
    scratch.tell_hub().await;
    if !told {
        return Err(problem(
            "no_calls",
            format!("no example of {} calls any code", folder.display()),
            "give its intents `examples`; a skill without code takes next to nothing",
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(common: &Common, text: &str, step: StepKind, calls: &[Call]) -> bool {
    let costs = calls.iter().filter(|call| call.step == step);
    let costs: Vec<Cost> = costs.filter_map(|call| call.took.clone().ok()).collect();
    let mut own_us: Vec<u64> = costs
        .iter()
        .map(|cost| cost.total_us.saturating_sub(cost.waited_us))
        .collect();
    own_us.sort_unstable();
    let at = |part: usize| own_us.get((own_us.len() * part).div_ceil(100).max(1) - 1);
    let (Some(p50), Some(p99)) = (at(50), at(99)) else {
        return false;
    };
    let most = |of: fn(&Cost) -> u64| costs.iter().map(of).max().unwrap_or_default();
    let memory_kb = most(|cost| cost.memory as u64 / 1000);
    let questions = most(|cost| cost.calls.into());
    if common.json {
        output::print_json(&json!({
            "sentence": text,
            "step": step.name(),
            "calls": costs.len(),
            "own_us_p50": p50,
            "own_us_p99": p99,
            "memory_kb": memory_kb,
            "questions": questions,
        }));
    } else {
        output::print_line(&format!(
            "{:<7} p50 {p50:>5} µs, p99 {p99:>5} µs, {memory_kb:>5} kB, {questions:>3} questions  {text}",
            step.name()
        ));
    }
    true
}
