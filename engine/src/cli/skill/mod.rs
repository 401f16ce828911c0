//! `loqa skill`: what a maker does with a skill, and a household with the skills it has.

mod build;
mod dev;
mod init;
mod install;
mod installed;
mod profile;
mod set;
mod shelf;
mod test;
mod trial;

use super::Common;
use loqa_core::manifest::FileError;
use loqa_protocol::Problem;
use shelf::Shelf;
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
    /// Build and try a skill whenever a file of it changes, and show what its calls take
    Dev {
        /// The skill's folder
        #[arg(default_value = ".")]
        folder: PathBuf,
    },
    /// Tell what calls of a skill take: time, memory and questions to the hub
    Profile {
        /// The skill's folder
        #[arg(default_value = ".")]
        folder: PathBuf,
        /// How often each example is said
        #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..))]
        times: u16,
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
    /// Have a skill be part of this household, once you have seen what it may do
    Install {
        /// Its folder: skill.yaml, prepare.wasm, commit.wasm
        folder: PathBuf,
        /// Without asking
        #[arg(long)]
        yes: bool,
    },
    /// List the skills that are here
    List,
    /// Tell what there is to know about a skill
    Info {
        /// Its name
        name: String,
    },
    /// Tell what a skill may do
    Permissions {
        /// Its name
        name: String,
    },
    /// Tell what can be set for a skill, and what it is
    Settings {
        /// Its name
        name: String,
    },
    /// Set something for a skill
    Set {
        /// Its name
        name: String,
        /// What, as `loqa skill settings` calls it
        key: String,
        /// To what (default: what it is if nobody sets it)
        value: Option<String>,
    },
    /// Have a skill not count, and keep it
    Disable {
        /// Its name
        name: String,
    },
    /// Have a disabled skill count again
    Enable {
        /// Its name
        name: String,
    },
    /// Have one version of a skill count, whatever is installed later
    Pin {
        /// Its name
        name: String,
        /// Which version, or `latest`: the latest, and what is installed later
        version: String,
    },
    /// Have the version of a skill before the present one count
    Rollback {
        /// Its name
        name: String,
    },
    /// Take a skill away, with all its versions
    Remove {
        /// Its name
        name: String,
    },
    /// Tell what was installed, granted and refused, oldest first
    Audit,
}

/// Runs one of them.
pub async fn run(common: &Common, command: SkillCommand) -> Result<ExitCode, Problem> {
    match command {
        SkillCommand::Init { folder, code } => init::run(&folder, code),
        SkillCommand::Test { folder, sentences } => test::run(&folder, sentences).await,
        SkillCommand::Dev { folder } => dev::run(&folder).await,
        SkillCommand::Profile { folder, times } => {
            profile::run(common, &folder, times.into()).await
        }
        SkillCommand::Build { folder, out } => build::run(&folder, out.as_deref()),
        SkillCommand::Install { folder, yes } => install::run(common, &folder, yes),
        SkillCommand::List => installed::list(common),
        SkillCommand::Info { name } => installed::info(common, &name),
        SkillCommand::Permissions { name } => installed::permissions(common, &name),
        SkillCommand::Settings { name } => set::tell(common, &name),
        SkillCommand::Set { name, key, value } => set::set(common, &name, &key, value.as_deref()),
        SkillCommand::Disable { name } => installed::switch(common, &name, false),
        SkillCommand::Enable { name } => installed::switch(common, &name, true),
        SkillCommand::Pin { name, version } => installed::pin(common, &name, &version),
        SkillCommand::Rollback { name } => installed::rollback(common, &name),
        SkillCommand::Remove { name } => installed::remove(common, &name),
        SkillCommand::Audit => Shelf::of(common)?.print_audit(common),
    }
}

fn problem(code: &str, message: String, help: &str) -> Problem {
    Problem {
        code: code.into(),
        message,
        help: help.into(),
    }
}

/// All that is wrong in a manifest: each mistake says where it is, and what would be right.
fn mistakes(errors: &[FileError]) -> Problem {
    let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
    problem("skill", errors.join("\n"), "")
}
