//! `bench faults`, the part that costs no processes: simulated households, as many as somebody has time for.

use super::figure::{Goal, Report};
use anyhow::Result;
use loqa_tests::household::{Plan, report as told, run};
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::Instant,
};

const BENCH: &str = "faults";
/// Seeds that went wrong and are told in full.
const TOLD: usize = 3;

/// Runs those of the seeds from `first` on.
pub fn households(first: u64, count: u64, report: &mut Report) -> Result<()> {
    let end = first.saturating_add(count);
    let (next, done) = (AtomicU64::new(first), AtomicUsize::new(0));
    let wrong = Mutex::new(Vec::new());
    let began = Instant::now();
    let threads = thread::available_parallelism().map_or(1, |it| it.get());
    let outcome: std::io::Result<()> = thread::scope(|scope| {
        let work = || -> std::io::Result<()> {
            loop {
                let seed = next.fetch_add(1, Relaxed);
                if seed >= end {
                    return Ok(());
                }
                let outcome = run(&Plan::of(seed), None, false)?;
                done.fetch_add(outcome.done, Relaxed);
                if !outcome.wrong.is_empty() {
                    wrong
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(seed);
                }
                if (seed - first + 1).is_multiple_of(10_000) {
                    eprintln!("{} households …", seed - first + 1);
                }
            }
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        running.into_iter().try_for_each(|it| {
            // A household that panics is one that went wrong, and its seed must be known.
            it.join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    });
    outcome?;
    let mut wrong = wrong.into_inner().unwrap_or_else(PoisonError::into_inner);
    wrong.sort_unstable();
    let took = began.elapsed().as_secs_f64();
    let mut figure = |metric: &str, value: f64, unit: &str, goal| {
        report.figure(BENCH, metric, Some(value), unit, goal);
    };
    figure("households", count as f64, "seeds", Goal::None);
    figure(
        "households_each",
        took * 1e3 / count.max(1) as f64,
        "ms",
        Goal::None,
    );
    figure(
        "households_done",
        done.into_inner() as f64,
        "effects",
        Goal::None,
    );
    figure(
        "households_wrong",
        wrong.len() as f64,
        "seeds",
        Goal::AtMost(0.0),
    );
    for seed in wrong.iter().take(TOLD) {
        eprintln!("{}", told(*seed, None)?);
    }
    if !wrong.is_empty() {
        eprintln!("these seeds went wrong: {wrong:?}");
    }
    Ok(())
}
