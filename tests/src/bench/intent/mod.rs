//! `bench intent`: understanding a typed sentence of the home skill, against hassil on the same
//! sentences and lists, in households of 20, 200 and 2,000 devices.

mod household;
mod memory;
mod swap;

use super::figure::{Goal, Report, quantile};
use anyhow::{Result, anyhow, bail};
use clap::Args;
use household::Household;
use loqa_core::{
    grammar::{Context, Grammar},
    home::Home,
    manifest::Manifest,
};
use loqa_tests::hassil::{Answer, Hassil};
use std::{hint::black_box, time::Instant};

const BENCH: &str = "intent";
/// What is said while the grammar changes: understood in every household.
const SPOKEN: &str = "turn off all the lights in the kitchen";

/// Options of `bench intent`.
#[derive(Args)]
pub struct IntentArgs {
    /// Devices in the household, one run per number
    #[arg(long, value_delimiter = ',', default_value = "20,200,2000")]
    devices: Vec<usize>,
    /// Times each sentence is measured; the best counts
    #[arg(long, default_value_t = 15)]
    rounds: usize,
}

/// Measures.
pub fn run(args: IntentArgs, report: &mut Report) -> Result<()> {
    let source = include_str!("../../../../skills/home/skill.yaml");
    let skill = Manifest::parse("skills/home/skill.yaml", source).map_err(join)?;
    // First, while nothing that was freed can be used again without being counted.
    let per_device = memory::per_device(&skill)?;
    report.figure(BENCH, "memory_per_device", per_device, "bytes", Goal::None);
    let mut hassil = Hassil::start()?;
    for devices in args.devices {
        eprintln!("{devices} devices …");
        let size = Size {
            devices,
            rounds: args.rounds,
            household: Household::new(devices),
        };
        let grammar = compile(&skill, &size.household.home)?;
        size.speed(&grammar, &skill, hassil.as_mut(), report)?;
        size.rebuild(&grammar, report)?;
        size.swap(&grammar, report)?;
    }
    Ok(())
}

fn compile(skill: &Manifest, home: &Home) -> Result<Grammar> {
    Grammar::compile(std::slice::from_ref(skill), home).map_err(join)
}

fn join<E: std::fmt::Display>(errors: Vec<E>) -> anyhow::Error {
    let errors: Vec<String> = errors.iter().map(E::to_string).collect();
    anyhow!(errors.join("\n"))
}

/// One size of household.
struct Size {
    devices: usize,
    rounds: usize,
    household: Household,
}

impl Size {
    /// Time per sentence and, where hassil is there, that its answers are the same and how much
    /// longer it takes.
    fn speed(
        &self,
        grammar: &Grammar,
        skill: &Manifest,
        hassil: Option<&mut Hassil>,
        report: &mut Report,
    ) -> Result<()> {
        let (hits, misses) = (self.household.commands(), self.household.other_speech());
        let hit = mean(&time(grammar, &hits, self.rounds));
        let miss = mean(&time(grammar, &misses, self.rounds));
        self.figure(report, "hit", Some(hit / 1000.0), "µs", Goal::None);
        self.figure(report, "miss", Some(miss / 1000.0), "µs", Goal::None);
        self.figure(
            report,
            "miss_over_hit",
            Some(miss / hit),
            "×",
            Goal::AtMost(2.0),
        );
        let mut ratios = [None; 3];
        if let Some(hassil) = hassil {
            let load_s = hassil.load(std::slice::from_ref(skill), &self.household.home)?;
            self.figure(
                report,
                "hassil_load",
                Some(load_s * 1000.0),
                "ms",
                Goal::None,
            );
            compare(grammar, &hits, &misses, hassil)?;
            // Its caches of compiled patterns are full now: `compare` asked it everything.
            let rounds = self.rounds.div_ceil(3);
            let hassil_hit = mean(&hassil.time(&hits, rounds)?);
            let hassil_miss = mean(&hassil.time(&misses, rounds)?);
            self.figure(
                report,
                "hassil_hit",
                Some(hassil_hit / 1000.0),
                "µs",
                Goal::None,
            );
            self.figure(
                report,
                "hassil_miss",
                Some(hassil_miss / 1000.0),
                "µs",
                Goal::None,
            );
            let all = |hit: f64, miss: f64| hit * hits.len() as f64 + miss * misses.len() as f64;
            let overall = all(hit, miss) / all(hassil_hit, hassil_miss);
            ratios = [overall, hit / hassil_hit, miss / hassil_miss].map(Some);
        }
        self.figure(report, "hassil_ratio", ratios[0], "×", Goal::AtMost(0.01));
        self.figure(report, "hassil_ratio_hits", ratios[1], "×", Goal::None);
        self.figure(report, "hassil_ratio_misses", ratios[2], "×", Goal::None);
        Ok(())
    }

    /// What a change of the household costs.
    fn rebuild(&self, grammar: &Grammar, report: &mut Report) -> Result<()> {
        let home = self.household.with_one_more();
        let (mut rebuild, mut speech) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..self.rounds.div_ceil(3) {
            let start = Instant::now();
            let rebuilt = grammar.with_home(&home).map_err(join)?;
            rebuild = rebuild.min(start.elapsed().as_secs_f64() * 1000.0);
            let start = Instant::now();
            black_box(rebuilt.speech());
            speech = speech.min(start.elapsed().as_secs_f64() * 1000.0);
        }
        let goal = if self.devices >= 2000 {
            Goal::AtMost(50.0)
        } else {
            Goal::None
        };
        self.figure(report, "rebuild", Some(rebuild), "ms", goal);
        self.figure(report, "speech_grammar", Some(speech), "ms", Goal::None);
        Ok(())
    }

    /// Whether a change of the household is heard while somebody is speaking.
    fn swap(&self, grammar: &Grammar, report: &mut Report) -> Result<()> {
        let home = self.household.with_one_more();
        let changed = || Ok(grammar.with_home(&home).map_err(join)?.speech());
        let measured = swap::measure(grammar.speech(), changed, SPOKEN);
        if let Err(error) = &measured {
            eprintln!("not measured: {error:#}");
        }
        let swap = measured.unwrap_or_default();
        let mut figures =
            |metric: &str, value, goal| self.figure(report, metric, value, "ms", goal);
        figures("swap_ready", quantile(&swap.ready_ms, 0.5), Goal::None);
        let frame = Goal::AtMost(swap::FRAME_MS);
        figures("swap_lag", swap.lags.longest_ms, frame);
        figures("swap_lag_without", swap.lags_without.longest_ms, Goal::None);
        let [with, without] =
            [&swap.lags, &swap.lags_without].map(|lags| quantile(&lags.least_ms, 0.99));
        figures("swap_lag_p99", with, Goal::None);
        figures("swap_lag_without_p99", without, Goal::None);
        // A busy machine is late with every frame: this is what the swap adds.
        let added = with.zip(without).map(|(with, without)| with - without);
        figures("swap_lag_added", added, Goal::AtMost(swap::FRAME_MS));
        Ok(())
    }

    fn figure(
        &self,
        report: &mut Report,
        metric: &str,
        value: Option<f64>,
        unit: &str,
        goal: Goal,
    ) {
        report.figure(
            BENCH,
            &format!("{metric}_{}", self.devices),
            value,
            unit,
            goal,
        );
    }
}

/// Time to understand, ns, per sentence: the best of `rounds` runs of several each.
fn time(grammar: &Grammar, sentences: &[String], rounds: usize) -> Vec<f64> {
    // Well above the clock's resolution, well below the scheduler's time slice.
    const REPEATS: u32 = 20;
    let context = Context::Commands;
    let mut best = vec![f64::INFINITY; sentences.len()];
    for _ in 0..rounds {
        for (best, sentence) in best.iter_mut().zip(sentences) {
            let start = Instant::now();
            for _ in 0..REPEATS {
                black_box(grammar.parse(&context, black_box(sentence)));
            }
            *best = best.min(start.elapsed().as_nanos() as f64 / f64::from(REPEATS));
        }
    }
    best
}

/// Speed means nothing if the answers differ.
fn compare(
    grammar: &Grammar,
    hits: &[String],
    misses: &[String],
    hassil: &mut Hassil,
) -> Result<()> {
    for (sentence, answers) in hits.iter().zip(hassil.ask(hits)?) {
        match understand(grammar, sentence) {
            Some(answer) if answers.iter().any(|other| other.same(&answer)) => {}
            answer => bail!("`{sentence}` is {answer:?} to Loqa and {answers:?} to hassil"),
        }
    }
    for (sentence, answers) in misses.iter().zip(hassil.ask(misses)?) {
        if let (Some(answer), _) | (None, Some(answer)) =
            (understand(grammar, sentence), answers.into_iter().next())
        {
            bail!("`{sentence}` should mean nothing, but is {answer:?}");
        }
    }
    Ok(())
}

fn understand(grammar: &Grammar, sentence: &str) -> Option<Answer> {
    let found = grammar.parse(&Context::Commands, sentence)?;
    found.steps.first().map(Answer::of)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
