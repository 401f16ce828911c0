//! `loqa skill test`: text in, spoken text and effects out.

use super::{
    problem,
    trial::{Outcome, Trial},
};
use crate::{cli::output, skills::Machine, store::Store};
use loqa_protocol::Problem;
use std::{path::Path, process::ExitCode, sync::Arc};

/// Runs the examples and negatives of the skill in `folder`, or only `sentences`, in the demo
/// household; fails if one is not understood, or its code does not answer.
pub async fn run(folder: &Path, sentences: Vec<String>) -> Result<ExitCode, Problem> {
    let scratch = scratch()?;
    let machine = Machine::beside(scratch.path());
    let store = Arc::new(Store::open(scratch.path())?);
    let mut trial = Trial::new(folder, store, &machine)?;
    let outcome = if sentences.is_empty() {
        trial.run_examples().await
    } else {
        let mut outcome = Outcome::default();
        for text in &sentences {
            outcome.said += 1;
            outcome.failed += usize::from(!trial.hears(text).await);
        }
        outcome
    };
    let Outcome { said, failed } = outcome;
    let whole = format!("{said} sentences and {} negatives", trial.negatives());
    if failed == 0 {
        output::print_line(&format!("{whole}: all well"));
        return Ok(ExitCode::SUCCESS);
    }
    output::print_line(&format!("{failed} of {whole} failed"));
    Ok(ExitCode::FAILURE)
}

/// A folder that goes afterwards.
pub fn scratch() -> Result<tempfile::TempDir, Problem> {
    tempfile::tempdir().map_err(|error| {
        problem(
            "no_temp",
            format!("cannot make a temporary folder: {error}"),
            "free some space",
        )
    })
}
