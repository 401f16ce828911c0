//! A promise outlives the hub that made it.

use anyhow::{Context, Result};
use loqa_tests::kill::Trial;

const ROUNDS: usize = 20;

#[test]
fn kill_9_at_random_instants_loses_nothing_promised_and_doubles_nothing() -> Result<()> {
    let seed = std::env::var("LOQA_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    // Another one each time; a failure names it.
    let seed = seed.unwrap_or_else(|| u64::from(std::process::id()));
    let mut trial = Trial::new(seed)?;
    let mut acknowledged = 0;
    for number in 1..=ROUNDS {
        let round = trial
            .round()
            .with_context(|| format!("round {number}; repeat with LOQA_SEED={seed}"))?;
        assert!(
            round.faults.is_empty(),
            "round {number}, LOQA_SEED={seed}: {:#?}",
            round.faults
        );
        acknowledged += round.given.acknowledged;
    }
    assert!(
        acknowledged >= ROUNDS,
        "only {acknowledged} commands were carried out, LOQA_SEED={seed}"
    );
    Ok(())
}
