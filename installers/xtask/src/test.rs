//! `cargo xtask test`: everything that must hold before a change is kept.

use crate::{
    build::{self, Built},
    command::{Failed, cargo, installed, note, run as run_command, run_within},
    package::{self, Press},
    setup::{self, Purpose, Tools},
    skills, ui, wasm, window,
};
use std::{
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

/// No test program takes this long, even on a machine that is twenty times slower than it should
/// be.
const CEILING: Duration = Duration::from_secs(20 * 60);

/// What to check.
#[derive(clap::Args)]
pub struct Args {
    /// Run only the tests whose name contains one of these, and nothing else
    filters: Vec<String>,
    /// Test the package that people get: built with optimisation and, by root, installed for a
    /// while
    #[arg(long)]
    package: bool,
    /// Test the bridge to Home Assistant with a real one as well, which is installed for that
    #[arg(long)]
    ha: bool,
}

/// Runs all checks; with filters only the tests whose names contain one of them.
///
/// The package that is tested is the one that [`package::build`] makes, if that is asked for; else it
/// is made of the programs that the tests were built with, in seconds.
///
/// # Errors
/// The first check that failed; the others are not run.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let Args {
        filters,
        package: for_people,
        ha,
    } = args;
    let for_people = *for_people;
    let mut times = Times::default();
    let mut tools = times.step("setup", || setup::ensure(Purpose::Test))?;
    if *ha {
        times.step("home assistant", || tools.add_home_assistant())?;
    }
    let with_window = window::can_be_built();
    if filters.is_empty() {
        times.step("format", format)?;
        times.step("lints", || lints(with_window))?;
    }
    let built = times.step("build", || build(with_window))?;
    build::onnx_runtime_beside(&built.program("loqa")?, tools.onnx_runtime())?;
    times.step("skills", || skills::build_beside(&built.program("loqa")?))?;
    times.step("ui", || ui::build_beside(&built.program("loqa")?))?;
    let package = times.step("package", || package(&built, &tools, for_people))?;
    let package = package.map(|package| {
        let name = if for_people {
            "LOQA_INSTALL"
        } else {
            "LOQA_PACKAGE"
        };
        (name, package)
    });
    times.step("tests", || tests(filters, &tools, &built, package))?;
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

fn lints(with_window: bool) -> Result<(), Failed> {
    let mut clippy = cargo();
    clippy.args(["clippy", "--quiet", "--workspace", "--all-targets"]);
    if !with_window {
        clippy.args(["--exclude", window::NAME]);
    }
    clippy.args(["--", "--deny", "warnings"]);
    run_command(
        "lints",
        &mut clippy,
        "the lines above name each place; `cargo clippy --fix` mends some of them",
    )?;
    ui::lint()
}

/// Builds tests and programs together, so that they share every dependency.
fn build(with_window: bool) -> Result<Built, Failed> {
    let mut args = vec!["build", "--workspace", "--all-targets"];
    // It is built once, for use: see `ui`.
    args.extend(["--exclude", "bindgen"]);
    // Built for extism alone: see `skills`.
    args.extend(["--exclude", "loqa-extism-timers"]);
    if !with_window {
        args.extend(["--exclude", window::NAME]);
    }
    build::run(&args)
}

/// The package to test; none where this machine makes none.
fn package(built: &Built, tools: &Tools, for_people: bool) -> Result<Option<PathBuf>, Failed> {
    if for_people {
        return package::build(tools).map(Some);
    }
    let (loqa, Ok(window)) = (built.program("loqa")?, built.program(window::NAME)) else {
        return Ok(None);
    };
    if !(installed("dpkg-shlibdeps") && loqa.with_file_name("ui").is_dir()) {
        note("package", "skipped: there is no dashboard, or no dpkg-dev");
        return Ok(None);
    }
    let out = loqa.with_file_name("");
    package::make(&loqa, &window, &out, Press::Quick).map(Some)
}

/// Runs one test program after the other, each with a ceiling: one that hangs is named and ended.
fn tests(
    filters: &[String],
    tools: &Tools,
    built: &Built,
    package: Option<(&str, PathBuf)>,
) -> Result<(), Failed> {
    let loqa = built.program("loqa")?;
    let desktop = built.program(window::NAME).ok();
    let desktop = desktop.map(|program| ("LOQA_DESKTOP", program));
    let mut failed = Vec::new();
    for test in &built.tests {
        let name = test.name();
        let mut run = Command::new(&test.path);
        run.args(filters)
            .current_dir(&test.package)
            .envs(tools.env())
            .envs(desktop.clone())
            .envs(package.clone())
            .env("LOQA_BIN", &loqa);
        note("tests", &name);
        if let Err(failure) = run_within(CEILING, "tests", &mut run) {
            note("tests", &format!("{name}: {}", failure.reason));
            failed.push(name);
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failed {
        step: "tests".into(),
        reason: format!("failed in {}", failed.join(", ")),
        remedy: "the lines above name each test; `cargo xtask test NAME` runs it alone".into(),
        code: 1,
    })
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
