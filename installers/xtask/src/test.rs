//! `cargo xtask test`: everything that must hold before a change is kept.

use crate::{
    build,
    command::{Failed, cargo, note, run as run_command},
    setup::{self, Purpose, Tools},
    wasm,
};
use std::time::{Duration, Instant};

/// Runs all checks; with `filters` only the tests whose names contain one of them.
///
/// # Errors
/// The first check that failed; the others are not run.
pub fn run(filters: &[String]) -> anyhow::Result<()> {
    let mut times = Times::default();
    let tools = times.step("setup", || setup::ensure(Purpose::Test))?;
    if filters.is_empty() {
        times.step("format", format)?;
        times.step("lints", lints)?;
    }
    let loqa = times.step("build", build)?;
    times.step("tests", || tests(filters, &tools, &loqa))?;
    if filters.is_empty() {
        match times.step("wasm", wasm::check)? {
            wasm::Outcome::Clean => {}
            wasm::Outcome::Skipped(why) => note("wasm", &format!("skipped: {why}")),
        }
    }
    note("passed", &times.line());
    Ok(())
}

fn format() -> Result<(), Failed> {
    run_command(
        "format",
        cargo().args(["fmt", "--all", "--check"]),
        "type: cargo fmt --all",
    )
}

fn lints() -> Result<(), Failed> {
    let mut clippy = cargo();
    clippy.args([
        "clippy",
        "--quiet",
        "--workspace",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ]);
    run_command(
        "lints",
        &mut clippy,
        "the lines above name each place; `cargo clippy --fix` mends some of them",
    )
}

/// Builds tests and programs together, so that they share every dependency; where `loqa` lies.
fn build() -> Result<std::path::PathBuf, Failed> {
    build::find(
        &build::programs(&["build", "--workspace", "--all-targets"])?,
        "loqa",
    )
}

fn tests(filters: &[String], tools: &Tools, loqa: &std::path::Path) -> Result<(), Failed> {
    let mut test = cargo();
    test.args(["test", "--quiet", "--workspace", "--no-fail-fast"])
        .envs(tools.env())
        .env("LOQA_BIN", loqa);
    if !filters.is_empty() {
        test.arg("--").args(filters);
    }
    run_command(
        "tests",
        &mut test,
        "the lines above name each test; `cargo xtask test NAME` runs it alone",
    )
}

/// How long each step took.
#[derive(Default)]
struct Times(Vec<(&'static str, Duration)>);

impl Times {
    fn step<R>(
        &mut self,
        name: &'static str,
        step: impl FnOnce() -> Result<R, Failed>,
    ) -> Result<R, Failed> {
        if name != "setup" {
            note(name, "…");
        }
        let start = Instant::now();
        let result = step();
        self.0.push((name, start.elapsed()));
        result
    }

    fn line(&self) -> String {
        let steps: Vec<String> = self
            .0
            .iter()
            .map(|(name, time)| format!("{name} {:.0} s", time.as_secs_f64()))
            .collect();
        let total: Duration = self.0.iter().map(|(_, time)| *time).sum();
        format!(
            "{} · {:.0} s in all",
            steps.join(" · "),
            total.as_secs_f64()
        )
    }
}
