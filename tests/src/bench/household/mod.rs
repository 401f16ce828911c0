//! A household of several machines: what the link between them costs, how late what is said arrives, how many pucks a hub has
//! room for, and how small one is: `cargo xtask bench household`.

mod clock;
mod cost;
mod crowd;
mod house;
mod hub;
mod late;
mod lend;
mod loss;
mod muscle;
mod part;
mod puck;
mod pucks;
mod tcp;

use crate::figure::Report;
use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use house::House;
use loqa_link::wire::audio::FRAME_MS;
use loqa_tests::{
    namespace::Namespace,
    program::loqa,
    voices::{Speaker, Studio, write_wav},
};
use part::{Codec, Part, Running};
use std::{
    net::SocketAddr,
    ops::Range,
    path::{Path, PathBuf},
};

/// Arguments of `bench household`.
#[derive(Args)]
pub struct HouseholdArgs {
    /// Seconds of speech for each figure
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Pucks that talk at a time, at most
    #[arg(long, default_value_t = 256)]
    talking: usize,
    /// Turns for each figure of machines that hear any words
    #[arg(long, default_value_t = 20)]
    turns: usize,
    /// Only this (may be given several times)
    #[arg(long)]
    only: Vec<Figure>,
    #[command(subcommand)]
    part: Option<Part>,
}

/// What can be measured alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Figure {
    /// What a frame costs both ends, beside Wyoming
    Cost,
    /// How long frames take over a net that loses packets, beside TCP
    Loss,
    /// Many pucks on one hub
    Crowd,
    /// The memory of `loqa-node` as a puck
    Puck,
    /// What nodes that hear any words cost a command, and what the death of one costs
    Muscle,
    /// How long frames take while the hub sends somebody a model
    Model,
}

/// About 8 s, with pauses as people make them.
const SAID: &str = "turn off the kitchen lights, set a timer for ten minutes and close the blinds in the \
    living room, and then tell me how much time is left";

/// Reports all figures, or is one of the processes that this takes.
pub fn run(args: HouseholdArgs, report: &mut Report) -> Result<()> {
    if let Some(part) = args.part {
        return part.run();
    }
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    let clip = Studio::open()?.speak(Speaker::Flite("slt"), SAID)?;
    write_wav(&folder.join(pucks::SAID), &clip.samples)?;
    for figure in Figure::value_variants() {
        if !args.only.is_empty() && !args.only.contains(figure) {
            continue;
        }
        match figure {
            Figure::Cost => cost::measure(folder, args.seconds, report)?,
            Figure::Loss => loss::measure(folder, args.seconds, report)?,
            Figure::Crowd => {
                crowd::measure(folder, args.seconds.div_ceil(3), args.talking, report)?
            }
            Figure::Puck => puck::measure(folder, report)?,
            Figure::Muscle => muscle::measure(args.turns, report)?,
            Figure::Model => lend::measure(folder, args.seconds, report)?,
        }
    }
    Ok(())
}

/// How many frames that takes to say.
fn frames(seconds: u64) -> usize {
    (seconds * 1000 / FRAME_MS) as usize
}

/// A hub's end, for so many.
fn hub(folder: &Path, pucks: usize, at: &str, inside: Option<&Namespace>) -> Result<Running> {
    let pucks = pucks.to_string();
    Running::start(
        ["hub".into(), folder.into(), pucks.into(), at.into()],
        inside,
    )
}

/// These pucks, linked with the hub there.
fn pucks(
    folder: &Path,
    hub: SocketAddr,
    codec: Codec,
    numbers: Range<usize>,
    inside: Option<&Namespace>,
) -> Result<Running> {
    let codec = codec.to_possible_value().context("no name")?;
    let args = [
        "pucks".into(),
        folder.into(),
        hub.to_string().into(),
        codec.get_name().into(),
        numbers.start.to_string().into(),
        numbers.len().to_string().into(),
    ];
    Running::start(args, inside)
}

/// The node's program, of the same build as the hub.
fn node_program() -> Result<PathBuf> {
    let program = loqa().with_file_name("loqa-node");
    program
        .is_file()
        .then_some(program)
        .context("loqa-node is not beside loqa\n  help: run this as `cargo xtask bench household`")
}
