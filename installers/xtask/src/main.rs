//! Sets up, runs, tests and measures Loqa: `cargo xtask --help`.
//!
//! Every command does its own set-up first and says one line per step on standard error, so that
//! standard output belongs to the program that is run.
#![forbid(unsafe_code)]

mod build;
mod command;
mod deny;
mod package;
mod peer;
mod place;
mod setup;
mod skills;
mod test;
mod toolchain;
mod ui;
mod wasm;
mod window;

use clap::{Parser, Subcommand, ValueEnum};
use command::{Failed, note};
use setup::Purpose;
use std::process::{Command, ExitCode};

/// Sets up, runs, tests and measures Loqa.
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    arg_required_else_help = true
)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build Loqa and its dashboard, hear and see it answer spoken commands, then stay up, with a
    /// window where there is a display
    Run {
        /// Leave after the demonstration: exit 0 when every command was answered rightly
        #[arg(long)]
        demo: bool,
        /// Further arguments for `loqa hub`, after `--`
        #[arg(last = true)]
        args: Vec<String>,
    },
    /// Check format, lints, tests and the WebAssembly build of everything
    Test(test::Args),
    /// Measure: `voice`, `ears`, `barge-in`, `idle`, `intent`, `faults`, `skills`, `stt`, `tts` or `ui`
    Bench {
        /// What to measure
        subject: Subject,
        /// Arguments of the bench, such as `--json`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Build Loqa for use, and make of it what a person installs: a package for Debian and its kin,
    /// or an app and its disk image on macOS
    Package,
    /// Install what is missing for running, testing and measuring, and nothing else
    Setup,
    /// Check licences, sources and advisories of all dependencies with cargo-deny
    Deny,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Subject {
    /// End of speech to first sample of the reply, in real time, with cut-off rates
    Voice,
    /// The wake phrase: calls that are missed, talk that is taken for one
    Ears,
    /// Somebody speaks while Loqa speaks: how soon it is silent, and its own echo
    BargeIn,
    /// A hub that listens to a silent room: processor and memory
    Idle,
    /// Several machines: the link's cost beside Wyoming's, loss beside TCP, many pucks on one hub, a puck's memory
    Household,
    /// The grammar against hassil, and how both grow with the household
    Intent,
    /// kill -9 at random instants, and what was lost or doubled
    Faults,
    /// Skills in their sandbox: what a call takes, and what many of them cost
    Skills,
    /// Conversations that are kept: writing, looking, checking, among a million events; JetStream beside it
    Store,
    /// Whisper in its process, against pywhispercpp on the same models
    Stt,
    /// Voices: how soon they begin, and what a second of speech takes
    Tts,
    /// A language model in its process, against llama-cpp-python on the same models
    Llm,
    /// A question from its last word to the first sound of the answer, against one step after the other
    Model,
    /// The dashboard in a real browser: how soon it shows what happens, and what it costs
    Ui,
}

fn main() -> ExitCode {
    match run(Cli::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            note("error", &format!("{error:#}"));
            ExitCode::from(
                error
                    .downcast_ref::<Failed>()
                    .map_or(1, |failed| failed.code),
            )
        }
    }
}

fn run(task: Task) -> anyhow::Result<()> {
    toolchain::check()?;
    match task {
        Task::Run { demo, args } => {
            let window = !demo && window::has_display();
            let tools = setup::ensure(if window {
                Purpose::Window
            } else {
                Purpose::Run
            })?;
            let window = window && window::can_be_built();
            let loqa = build::hub(window)?;
            build::onnx_runtime_beside(&loqa, tools.onnx_runtime())?;
            skills::build_beside(&loqa)?;
            if !demo {
                ui::build_beside(&loqa)?;
            }
            let demonstration = if demo { "--demo" } else { "--demonstrate" };
            let mut hub = Command::new(loqa);
            hub.args(["hub", demonstration]);
            if window {
                hub.arg("--window");
            }
            if !args.iter().any(|arg| arg.starts_with("--replies")) {
                hub.arg("--replies").arg(place::root().join("target/demo"));
            }
            command::become_program(hub.args(args))
        }
        Task::Test(args) => test::run(&args),
        Task::Bench { subject, args } => {
            let tools = setup::ensure(Purpose::Test)?;
            let bench = build::bench()?;
            skills::build_beside(&bench.loqa)?;
            if matches!(subject, Subject::Llm | Subject::Model) {
                tools.add_language_model();
            }
            if subject == Subject::Ui {
                ui::build_beside(&bench.loqa)?;
            }
            let mut run = Command::new(bench.bench);
            if subject == Subject::Skills
                && let Some(plugin) = skills::extism_plugin()?
            {
                run.env("LOQA_EXTISM_PLUGIN", plugin);
            }
            if subject == Subject::Store
                && let Some(server) = peer::nats_server()
            {
                run.env("LOQA_NATS_SERVER", server);
            }
            run.args(
                subject
                    .to_possible_value()
                    .map(|name| name.get_name().to_owned()),
            );
            run.args(args).envs(tools.env()).env("LOQA_BIN", bench.loqa);
            command::become_program(&mut run)
        }
        Task::Package => {
            let tools = setup::ensure(Purpose::Package)?;
            package::build(&tools)?;
            Ok(())
        }
        Task::Setup => {
            setup::ensure(Purpose::Test)?;
            note("setup", "everything is there");
            Ok(())
        }
        Task::Deny => deny::run(),
    }
}
