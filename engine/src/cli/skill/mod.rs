//! `loqa skill`: what a maker does with a skill.

mod build;
mod init;
mod test;

use loqa_protocol::Problem;
use std::{path::PathBuf, process::ExitCode};

/// Subcommands of `loqa skill`.
#[derive(clap::Subcommand)]
pub enum SkillCommand {
    /// Begin a skill: a folder that works at once, to be changed from there
    Init {
        /// The folder; its name becomes the skill's
        folder: PathBuf,
        /// With code in Rust, instead of replies in its skill.yaml
        #[arg(long)]
        code: bool,
    },
    /// Say a skill's examples to it, and show what it says and does, in the demo household
    Test {
        /// The skill's folder
        #[arg(default_value = ".")]
        folder: PathBuf,
        /// Sentences to say instead
        sentences: Vec<String>,
    },
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
pub async fn run(command: SkillCommand) -> Result<ExitCode, Problem> {
    match command {
        SkillCommand::Init { folder, code } => init::run(&folder, code),
        SkillCommand::Test { folder, sentences } => test::run(&folder, sentences).await,
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
