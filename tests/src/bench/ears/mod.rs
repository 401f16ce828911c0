//! What Loqa makes of a room: `cargo xtask bench ears`.

mod acceptance;
mod plain;
mod room;
mod wake;

use super::figure::Report;
use anyhow::Result;
use clap::Args;

/// Arguments of `bench ears`.
#[derive(Args)]
pub struct EarsArgs {
    /// Minutes of talk that must not wake Loqa; 0 leaves the wake phrase out
    #[arg(long, default_value_t = 60)]
    minutes: usize,
    /// Orders by synthetic speakers, besides those of the recordings
    #[arg(long, default_value_t = 60)]
    orders: usize,
    /// Open sentences in each room, which are to be refused
    #[arg(long, default_value_t = 200)]
    talk: usize,
    /// Minutes each of babble, music and silence that are heard with the wake phrase off
    #[arg(long, default_value_t = 10)]
    room: usize,
}

/// Runs all of it.
pub fn run(args: EarsArgs, report: &mut Report) -> Result<()> {
    acceptance::run(args.orders, args.talk, report)?;
    if args.room > 0 {
        room::run(args.room, report)?;
    }
    if args.minutes > 0 {
        wake::run(args.minutes, report)?;
    }
    Ok(())
}
