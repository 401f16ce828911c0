//! What Loqa makes of a room: `cargo xtask bench ears`.

mod wake;

use super::figure::Report;
use anyhow::Result;
use clap::Args;

/// Arguments of `bench ears`.
#[derive(Args)]
pub struct EarsArgs {
    /// Minutes of talk that must not wake Loqa
    #[arg(long, default_value_t = 60)]
    minutes: usize,
}

/// Runs all of it.
pub fn run(args: EarsArgs, report: &mut Report) -> Result<()> {
    wake::run(args.minutes, report)
}
