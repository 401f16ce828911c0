//! `bench voice`: end of speech → first reply sample, and the words it costs.
//!
//! What the recogniser hears and refuses comes first (`hearing`). Then two passes over spoken
//! commands in several synthetic voices, some with a pause inside, some continued after a sentence
//! that was complete already, some in noise: one in real time, through the hub as a client sees
//! it; one on the sample clock, without waiting, to count rare events. The plain pipeline (wait for
//! 700 ms of silence, then recognise, parse, synthesise the whole reply) runs on the same clips in
//! the same run. Some are spoken into a microphone as well.

mod baseline;
mod devices;
mod hearing;
mod scopes;
mod stimuli;
mod turns;

use super::figure::{Goal, Report, quantile, upper_bound_95};
use anyhow::{Context, Result};
use clap::Args;
use loqa_protocol::{LatencyClass, Speculation};
pub use stimuli::{Command, Corpus};
use turns::Answered;
pub use turns::{Pace, speak};

/// Options of `bench voice`.
#[derive(Args)]
pub struct VoiceArgs {
    /// Commands spoken in real time
    #[arg(long, default_value_t = 200)]
    spoken: usize,
    /// Commands per class on the sample clock
    #[arg(long, default_value_t = 2000)]
    counted: usize,
    /// Commands on the sample clock with a pause of up to a second inside a number
    #[arg(long, default_value_t = 100)]
    thinking: usize,
    /// Commands, and as many open sentences, given to the recogniser alone
    #[arg(long, default_value_t = 200)]
    heard: usize,
    /// Commands through a microphone and a speaker, in real time
    #[arg(long, default_value_t = 20)]
    devices: usize,
    /// Commands to each of three households that keep nothing, for a while, and for good, in real time
    #[arg(long, default_value_t = 30)]
    scopes: usize,
    /// Seed of everything random
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Measures.
pub fn run(args: VoiceArgs, report: &mut Report) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("no async runtime")?;
    let corpus = Corpus::new(args.seed)?;

    if args.heard > 0 {
        hearing::run(&corpus, args.heard, report)?;
    }
    if args.spoken > 0 {
        in_real_time(&corpus, args.spoken, &runtime, report)?;
    }
    if args.devices > 0 {
        devices::run(&corpus, args.devices, report)?;
    }
    if args.scopes > 0 {
        runtime.block_on(scopes::run(&corpus, args.scopes, report))?;
    }
    if args.thinking > 0 {
        eprintln!("{} commands with a pause inside a number …", args.thinking);
        let thinking = corpus.thinking(args.thinking)?;
        let answered = runtime.block_on(turns::answer(
            corpus.grammar(),
            &thinking,
            Pace::SampleClock,
        ))?;
        let turns: Vec<&Answered> = answered.iter().collect();
        let cut_off = share(&turns, |turn| turn.cut_off);
        report.figure(
            "voice",
            "hesitation.cut_off",
            cut_off,
            "share",
            Goal::AtMost(0.01),
        );
        let right = share(&turns, |turn| turn.right);
        report.figure("voice", "hesitation.right", right, "share", Goal::None);
    }
    for class in [LatencyClass::A, LatencyClass::B] {
        if args.counted == 0 {
            continue;
        }
        eprintln!(
            "{} commands of class {class:?} on the sample clock …",
            args.counted
        );
        let counted = corpus.of_class(class, args.counted)?;
        let answered =
            runtime.block_on(turns::answer(corpus.grammar(), &counted, Pace::SampleClock))?;
        losses(class, &answered, report);
    }
    Ok(())
}

fn in_real_time(
    corpus: &Corpus,
    count: usize,
    runtime: &tokio::runtime::Runtime,
    report: &mut Report,
) -> Result<()> {
    eprintln!("synthesising {count} commands …");
    let spoken = corpus.mixed(count)?;
    eprintln!(
        "speaking them in real time (about {} min) …",
        count / 14 + 1
    );
    let answered = runtime.block_on(turns::answer(corpus.grammar(), &spoken, Pace::RealTime))?;
    latency(&answered, report);

    eprintln!("the plain pipeline on the same commands …");
    let plain = baseline::run(&spoken)?;
    compare(&answered, &plain, report);
    Ok(())
}

fn of(class: LatencyClass, answered: &[Answered]) -> Vec<&Answered> {
    answered.iter().filter(|turn| turn.class == class).collect()
}

fn latency(answered: &[Answered], report: &mut Report) {
    for class in [LatencyClass::A, LatencyClass::B] {
        let turns = of(class, answered);
        let quick: Vec<&Answered> = turns.iter().copied().filter(|turn| !turn.grave).collect();
        let name = |metric: &str| format!("class_{}.{metric}", format!("{class:?}").to_lowercase());
        let ttfa = first_audio(&quick);
        let goals = match class {
            LatencyClass::A => [Goal::AtMost(70.0), Goal::AtMost(100.0)],
            _ => [Goal::None, Goal::AtMost(200.0)],
        };
        report.figure(
            "voice",
            &name("spoken"),
            Some(turns.len() as f64),
            "commands",
            Goal::None,
        );
        report.figure(
            "voice",
            &name("ttfa_p50"),
            quantile(&ttfa, 0.5),
            "ms",
            goals[0],
        );
        report.figure(
            "voice",
            &name("ttfa_p95"),
            quantile(&ttfa, 0.95),
            "ms",
            goals[1],
        );
        report.figure(
            "voice",
            &name("ttfa_p99"),
            quantile(&ttfa, 0.99),
            "ms",
            Goal::None,
        );
        report.figure(
            "voice",
            &name("ttfa_max"),
            quantile(&ttfa, 1.0),
            "ms",
            Goal::None,
        );
        for (hop, pick) in HOPS {
            let values: Vec<f64> = quick.iter().filter_map(|turn| pick(turn)).collect();
            for (suffix, q) in [("p50", 0.5), ("p95", 0.95)] {
                report.figure(
                    "voice",
                    &name(&format!("{hop}_{suffix}")),
                    quantile(&values, q),
                    "ms",
                    Goal::None,
                );
            }
        }
        report.figure(
            "voice",
            &name("right"),
            share(&turns, |turn| turn.right),
            "share",
            Goal::AtLeast(0.96),
        );
        report.figure(
            "voice",
            &name("speculation_hit"),
            share(&turns, |turn| turn.summary.speculation == Speculation::Hit),
            "share",
            Goal::None,
        );
        let plans: usize = turns.iter().map(|turn| turn.plans).sum();
        let wasted = plans.saturating_sub(turns.iter().filter(|turn| turn.plans > 0).count());
        report.figure(
            "voice",
            &name("plans_wasted"),
            (!turns.is_empty()).then(|| wasted as f64 / turns.len() as f64),
            "per command",
            Goal::None,
        );
    }
    // What unlocks or deletes waits for a full silence, and asks: latency is not its aim.
    let grave: Vec<&Answered> = answered.iter().filter(|turn| turn.grave).collect();
    let spoken = Some(grave.len() as f64);
    report.figure("voice", "grave.spoken", spoken, "commands", Goal::None);
    let p50 = quantile(&first_audio(&grave), 0.5);
    report.figure("voice", "grave.ttfa_p50", p50, "ms", Goal::None);
}

fn first_audio(turns: &[&Answered]) -> Vec<f64> {
    let ttfa = turns.iter().filter_map(|turn| turn.summary.ttfa_ms);
    ttfa.collect()
}

type Pick = fn(&Answered) -> Option<f64>;

const HOPS: [(&str, Pick); 6] = [
    ("endpoint", |turn| turn.summary.hops.endpoint_ms),
    ("stt_final", |turn| turn.summary.hops.stt_final_ms),
    ("prepare", |turn| turn.summary.hops.prepare_ms),
    ("commit", |turn| turn.summary.hops.commit_ms),
    ("tts_first_chunk", |turn| {
        turn.summary.hops.tts_first_chunk_ms
    }),
    ("playback", |turn| turn.summary.hops.playback_ms),
];

fn compare(answered: &[Answered], plain: &[f64], report: &mut Report) {
    let mut quick = of(LatencyClass::A, answered);
    quick.retain(|turn| !turn.grave);
    let ttfa = first_audio(&quick);
    let (ours, theirs) = (quantile(&ttfa, 0.5), quantile(plain, 0.5));
    report.figure("voice", "plain_pipeline.ttfa_p50", theirs, "ms", Goal::None);
    report.figure(
        "voice",
        "plain_pipeline.ttfa_p95",
        quantile(plain, 0.95),
        "ms",
        Goal::None,
    );
    let ratio = ours.zip(theirs).map(|(ours, theirs)| ours / theirs);
    report.figure(
        "voice",
        "class_a.ttfa_p50_vs_plain",
        ratio,
        "ratio",
        Goal::AtMost(0.15),
    );
}

fn losses(class: LatencyClass, answered: &[Answered], report: &mut Report) {
    let turns: Vec<&Answered> = answered.iter().collect();
    let name = |metric: &str| format!("class_{}.{metric}", format!("{class:?}").to_lowercase());
    let goal = if class == LatencyClass::A {
        0.005
    } else {
        0.01
    };
    let cut_off = turns.iter().filter(|turn| turn.cut_off).count();
    let early = turns
        .iter()
        .filter(|turn| turn.summary.early == Some(true))
        .count();
    report.figure(
        "voice",
        &name("counted"),
        Some(turns.len() as f64),
        "commands",
        Goal::None,
    );
    report.figure(
        "voice",
        &name("cut_off"),
        share(&turns, |turn| turn.cut_off),
        "share",
        Goal::AtMost(goal),
    );
    report.figure(
        "voice",
        &name("cut_off_upper_95"),
        upper_bound_95(cut_off, turns.len()),
        "share",
        Goal::None,
    );
    report.figure(
        "voice",
        &name("early"),
        share(&turns, |turn| turn.summary.early == Some(true)),
        "share",
        Goal::None,
    );
    report.figure(
        "voice",
        &name("early_upper_95"),
        upper_bound_95(early, turns.len()),
        "share",
        Goal::None,
    );
    report.figure(
        "voice",
        &name("counted_right"),
        share(&turns, |turn| turn.right),
        "share",
        Goal::None,
    );
    report.figure(
        "voice",
        &name("counted_rejected"),
        share(&turns, |turn| turn.summary.rejected),
        "share",
        Goal::None,
    );
    // The greatest part of the latency, and the one that no load of the machine can change.
    let quick = turns.iter().filter(|turn| turn.right && !turn.grave);
    let endpoints: Vec<f64> = quick
        .filter_map(|turn| turn.summary.hops.endpoint_ms)
        .collect();
    for (metric, q) in [
        ("counted_endpoint_p50", 0.5),
        ("counted_endpoint_p95", 0.95),
    ] {
        let value = quantile(&endpoints, q);
        report.figure("voice", &name(metric), value, "ms", Goal::None);
    }
}

fn share(turns: &[&Answered], is: impl Fn(&Answered) -> bool) -> Option<f64> {
    (!turns.is_empty())
        .then(|| turns.iter().filter(|turn| is(turn)).count() as f64 / turns.len() as f64)
}
