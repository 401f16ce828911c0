//! `loqa skill`: what a maker does with a skill.

mod build;

use loqa_protocol::Problem;
use std::{path::PathBuf, process::ExitCode};

/// Subcommands of `loqa skill`.
#[derive(clap::Subcommand)]
pub enum SkillCommand {
    /// Make components of a skill's source
    Build {
        /// The skill's folder, with its skill.yaml and Cargo.toml
        #[arg(default_value = ".")]
        folder: PathBuf,
        /// Where the finished skill goes, in a folder of its name (default: beside its source)
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

/// Runs one of them.
pub fn run(command: SkillCommand) -> Result<ExitCode, Problem> {
    match command {
        SkillCommand::Build { folder, out } => build::run(&folder, out.as_deref()),
    }
}

fn problem(code: &str, message: String, help: &str) -> Problem {
    Problem {
        code: code.into(),
        message,
        help: help.into(),
    }
}
