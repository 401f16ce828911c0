//! The simulated household: whatever fails, no acknowledged word is lost, nothing is done twice, nothing ephemeral is kept,
//! and every turn ends. `LOQA_SEEDS=N` runs more of them, `LOQA_SEED=N` one, with its trace.

use loqa_tests::household::{Bug, Plan, report, run};
use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
};

/// Households that a run of all tests looks at.
const SEEDS: u64 = 2000;
/// Seeds in which a planted mistake must show.
const ENOUGH: u64 = 1000;

fn of_environment(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(
        value
            .parse()
            .unwrap_or_else(|_| panic!("{name}={value} is no number")),
    )
}

/// The first seed below `most` that goes wrong.
fn first_wrong(most: u64, bug: Option<Bug>) -> Option<u64> {
    let (next, found) = (AtomicU64::new(0), AtomicU64::new(u64::MAX));
    let threads = thread::available_parallelism().map_or(1, |it| it.get());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Relaxed);
                    if seed >= most.min(found.load(Relaxed)) {
                        return;
                    }
                    let outcome = run(&Plan::of(seed), bug, false).unwrap();
                    if !outcome.wrong.is_empty() {
                        found.fetch_min(seed, Relaxed);
                    }
                }
            });
        }
    });
    Some(found.into_inner()).filter(|seed| *seed < u64::MAX)
}

#[test]
fn no_household_loses_doubles_or_keeps_what_it_must_not() {
    if let Some(seed) = of_environment("LOQA_SEED") {
        let outcome = run(&Plan::of(seed), None, true).unwrap();
        println!("{}", outcome.trace);
        assert!(outcome.wrong.is_empty(), "{}", report(seed, None).unwrap());
        return;
    }
    let seeds = of_environment("LOQA_SEEDS").unwrap_or(SEEDS);
    if let Some(seed) = first_wrong(seeds, None) {
        panic!("{}", report(seed, None).unwrap());
    }
}

#[test]
fn the_same_seed_does_the_same_to_the_byte() {
    for seed in 0..40 {
        let trace = || run(&Plan::of(seed), None, true).unwrap().trace;
        let first = trace();
        assert!(first.lines().count() > 10, "{first}");
        assert_eq!(first, trace(), "seed {seed}");
    }
}

#[test]
fn where_nothing_fails_things_are_done() {
    let (mut calm, mut done) = (0, 0);
    for plan in (0..400).map(Plan::of).filter(Plan::is_calm) {
        let outcome = run(&plan, None, true).unwrap();
        assert!(
            outcome.undone.is_empty(),
            "{:?}\n{}",
            outcome.undone,
            outcome.trace
        );
        calm += 1;
        done += outcome.done;
    }
    assert!(
        calm >= 10 && done > calm,
        "{calm} households did {done} things"
    );
}

#[test]
fn every_planted_mistake_is_found() {
    for bug in Bug::ALL {
        let found = first_wrong(ENOUGH, Some(bug));
        let seed = found.unwrap_or_else(|| panic!("{bug:?} is not found in {ENOUGH} households"));
        println!(
            "{bug:?}: {}",
            report(seed, Some(bug))
                .unwrap()
                .lines()
                .next()
                .unwrap_or_default()
        );
    }
}
