//! `loqa skill test`: text in, spoken text and effects out.

use super::trial::{Outcome, Scratch, Trial};
use crate::cli::{Common, output};
use loqa_protocol::Problem;
use std::{path::Path, process::ExitCode};

/// Runs the examples and negatives of the skill in `folder`, or only `sentences`, in the demo
/// household, and, with a `voice`, speaks them to it as well; fails if one is not understood, or its
/// code does not answer.
pub async fn run(
    common: &Common,
    folder: &Path,
    sentences: Vec<String>,
    voice: bool,
) -> Result<ExitCode, Problem> {
    let mut scratch = Scratch::new(common)?;
    let mut trial = Trial::new(folder, &scratch)?;
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
    let Outcome { said, mut failed } = outcome;
    let mut whole = format!("{said} sentences and {} negatives", trial.negatives());
    if voice {
        let spoken = match sentences.is_empty() {
            true => trial.examples(),
            false => sentences,
        };
        let (said, misheard) = super::voice::run(folder, &trial, &spoken).await?;
        whole = format!("{whole}, {said} times spoken");
        failed += misheard;
    }
    scratch.tell_hub().await;
    if failed == 0 {
        output::print_line(&format!("{whole}: all well"));
        return Ok(ExitCode::SUCCESS);
    }
    output::print_line(&format!("{failed} of {whole} failed"));
    Ok(ExitCode::FAILURE)
}
