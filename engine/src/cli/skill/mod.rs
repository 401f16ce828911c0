//! `loqa skill`: what a maker does with a skill, and a household with the skills it has.

mod build;
mod dev;
mod init;
mod install;
mod installed;
mod pack;
mod profile;
mod set;
mod test;
mod trial;
mod voice;

use super::{Common, output};
use crate::{
    config::Config,
    skills::{Shelf, mistakes, problem},
};
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
        /// Speak them as well, in two synthetic voices, to what hears a microphone
        #[arg(long)]
        voice: bool,
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
    /// Make one file of a skill, to be handed over
    Pack {
        /// Its folder: skill.yaml, prepare.wasm, commit.wasm
        #[arg(default_value = ".")]
        folder: PathBuf,
        /// Which file (default: NAME-VERSION.loqaskill, here)
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Have a skill be part of this household, once you have seen what it may do
    Install {
        /// Its package, or its folder: skill.yaml, prepare.wasm, commit.wasm
        #[arg(value_name = "FILE|FOLDER")]
        from: PathBuf,
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
        SkillCommand::Test {
            folder,
            sentences,
            voice,
        } => test::run(common, &folder, sentences, voice).await,
        SkillCommand::Dev { folder } => dev::run(common, &folder).await,
        SkillCommand::Profile { folder, times } => {
            profile::run(common, &folder, times.into()).await
        }
        SkillCommand::Build { folder, out } => build::run(&folder, out.as_deref()),
        SkillCommand::Pack { folder, out } => pack::run(common, &folder, out),
        SkillCommand::Install { from, yes } => install::run(common, &from, yes),
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
        SkillCommand::Audit => installed::audit(common),
    }
}

/// The skills of the household that the command line and the settings name.
fn shelf(common: &Common) -> Result<(Config, Shelf), Problem> {
    let config = Config::load(&common.flags())?;
    let shelf = Shelf::of(&config);
    Ok((config, shelf))
}

/// Tells what came of it. A hub that is running follows by itself.
fn said(common: &Common, words: &str, document: &serde_json::Value) -> ExitCode {
    if common.json {
        output::print_json(document);
    } else {
        output::print_line(words);
    }
    ExitCode::SUCCESS
}

/// A folder for what is gone afterwards.
fn scratch_folder() -> Result<tempfile::TempDir, Problem> {
    tempfile::tempdir().map_err(|error| {
        problem(
            "no_temp",
            format!("cannot make a temporary folder: {error}"),
            "free some space, or set TMPDIR",
        )
    })
}
