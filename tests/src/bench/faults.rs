//! `bench faults`: kill -9 of the hub at random instants while it is commanded. The rounds go
//! without a recogniser, whose loading would leave little time for them. Then of what keeps conversations, and bits of those
//! changed; whatever goes wrong in a network of hubs and pucks, with outages of half a minute; and the death of machines while
//! they hear somebody.

use super::{
    figure::{Goal, Report, quantile},
    kept, simulated,
};
use anyhow::{Context, Result};
use clap::Args;
use loqa_tests::{
    kill::{Fault, Trial},
    lan::{Family, deaths::deaths, faults::FAULTS, refused, scene::play},
    program::Home,
};
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Instant,
};

const BENCH: &str = "faults";
/// In one household so many machines die, one after the other,
const DEATHS: usize = 20;
/// and in so many households at a time.
const HOUSEHOLDS: usize = 4;

/// Options of `bench faults`.
#[derive(Args)]
pub struct FaultsArgs {
    /// Times the hub is killed
    #[arg(long, default_value_t = 200)]
    rounds: usize,
    /// Other commands and instants
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Starts of a hub that hears, which the rounds do without
    #[arg(long, default_value_t = 5)]
    hearing: usize,
    /// Times that everything goes wrong in a network
    #[arg(long, default_value_t = 5)]
    nets: usize,
    /// Times a machine dies while it hears somebody; 1000 take two hours on two cores
    #[arg(long, default_value_t = 1000)]
    deaths: usize,
    /// Only the households in networks of their own
    #[arg(long)]
    only_nets: bool,
    /// Times a process is killed that keeps conversations
    #[arg(long, default_value_t = 1000)]
    kept: u64,
    /// Bits that are changed in conversations that are kept
    #[arg(long, default_value_t = 100_000)]
    bits: u64,
    /// Simulated households; a million takes an hour
    #[arg(long, default_value_t = 20_000)]
    households: u64,
}

/// Measures.
pub fn run(args: FaultsArgs, report: &mut Report) -> Result<()> {
    if !args.only_nets {
        hubs(&args, report)?;
        kept::kills(args.kept, args.seed, report)?;
        kept::tamperings(args.bits, args.seed, report)?;
        simulated::households(args.seed, args.households, report)?;
    }
    if let Some(why) = refused() {
        eprintln!("skipped: {why}");
        return Ok(());
    }
    nets(args.nets, report)?;
    machines(args.deaths, report)
}

/// Hubs that are killed.
fn hubs(args: &FaultsArgs, report: &mut Report) -> Result<()> {
    let mut trial = Trial::new(args.seed)?;
    let (mut acknowledged, mut refused, mut lost, mut doubled) = (0, 0, 0, 0);
    let mut restarts_ms = Vec::new();
    for number in 1..=args.rounds {
        let round = trial
            .round()
            .with_context(|| format!("round {number} of seed {}", args.seed))?;
        acknowledged += round.given.acknowledged;
        refused += round.given.refused;
        for fault in &round.faults {
            eprintln!("round {number}: {fault:?}");
            match fault {
                Fault::Lost(_) => lost += 1,
                Fault::Doubled(_) => doubled += 1,
            }
        }
        // The first start finds nothing to take up again.
        if number > 1 {
            restarts_ms.push(round.start.as_secs_f64() * 1e3);
        }
        if number.is_multiple_of(20) {
            eprintln!(
                "{number} rounds, {acknowledged} effects acknowledged, {lost} lost, {doubled} doubled …"
            );
        }
    }
    let mut count = |metric: &str, value: usize, unit: &str, goal| {
        report.figure(BENCH, metric, Some(value as f64), unit, goal)
    };
    count("rounds", args.rounds, "kills", Goal::None);
    count("acknowledged", acknowledged, "effects", Goal::None);
    count("refused", refused, "commands", Goal::None);
    count("lost", lost, "effects", Goal::AtMost(0.0));
    count("doubled", doubled, "effects", Goal::AtMost(0.0));
    let mut times = |metric: &str, times_ms: &[f64]| {
        for (name, q) in [("p50", 0.5), ("p95", 0.95)] {
            let value = quantile(times_ms, q);
            report.figure(BENCH, &format!("{metric}_{name}"), value, "ms", Goal::None);
        }
    };
    times("restart", &restarts_ms);
    times("restart_hearing", &hearing_starts(args.hearing)?);
    Ok(())
}

/// Scenes that end otherwise than they must.
fn nets(times: usize, report: &mut Report) -> Result<()> {
    let bench = std::env::current_exe()?;
    let (mut played, mut otherwise) = (0, 0);
    for number in 1..=times {
        for fault in FAULTS {
            // 10 s until the link counts as lost, and 20 more; what is said after it is said later.
            let scene = fault.scene.replace(" mend\n", " wait 20\n mend\n");
            let scene = scene.replace(" 25 ", " 50 ");
            let told = play(Family::Both, &bench, &scene);
            played += 1;
            if !told.as_ref().is_ok_and(|told| told == fault.told) {
                otherwise += 1;
                eprintln!("round {number}: {}: {told:?}", fault.name);
            }
        }
    }
    let mut count = |metric: &str, value: i32, goal| {
        report.figure(BENCH, metric, Some(value.into()), "scenes", goal);
    };
    count("nets", played, Goal::None);
    count("nets_otherwise", otherwise, Goal::AtMost(0.0));
    Ok(())
}

/// Households in which something else was done than was said.
fn machines(times: usize, report: &mut Report) -> Result<()> {
    let bench = std::env::current_exe()?;
    let (next, died, otherwise) = (
        AtomicUsize::new(0),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    let households = &|| {
        loop {
            let before = next.fetch_add(DEATHS, Ordering::Relaxed);
            let count = times.saturating_sub(before).min(DEATHS);
            if count == 0 {
                return;
            }
            let (scene, told) = deaths(0, count);
            let played = play(Family::Both, &bench, &scene);
            if played.as_ref().is_ok_and(|played| *played == told) {
                let died = died.fetch_add(count, Ordering::Relaxed) + count;
                eprintln!("{died} machines have died …");
            } else {
                otherwise.fetch_add(1, Ordering::Relaxed);
                eprintln!("from death {before}: {played:?}");
            }
        }
    };
    thread::scope(|threads| {
        for _ in 0..HOUSEHOLDS {
            threads.spawn(households);
        }
    });
    let mut count = |metric: &str, value: AtomicUsize, unit: &str, goal| {
        let value = value.into_inner() as f64;
        report.figure(BENCH, metric, Some(value), unit, goal);
    };
    count("deaths", died, "machines", Goal::None);
    let none = Goal::AtMost(0.0);
    count("deaths_otherwise", otherwise, "households", none);
    Ok(())
}

/// Milliseconds until a hub with ears is up.
fn hearing_starts(times: usize) -> Result<Vec<f64>> {
    let home = Home::new()?;
    let start = |_| {
        let started = Instant::now();
        let hub = home.hub()?;
        let start_ms = started.elapsed().as_secs_f64() * 1e3;
        drop(hub);
        Ok(start_ms)
    };
    (0..times).map(start).collect()
}
