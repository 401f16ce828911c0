//! `loqa model`: models that can be fetched, and those that are here.

mod bench;
mod choose;

use super::{Common, hub::interrupted, outgoing::Outgoing, output};
use crate::{
    config::Config,
    egress::Border,
    library::{
        Held, Here, Library, Machine, Measured, Model, Patience, Progress, Source, catalogue,
    },
};
use indicatif::{ProgressBar, ProgressStyle};
use loqa_protocol::Problem;
use serde_json::{Value, json};
use std::{process::ExitCode, time::Duration};

/// How often is looked whether the house is sealed.
const LOOK: Duration = Duration::from_secs(1);

/// Subcommands of `loqa model`.
#[derive(clap::Subcommand)]
pub enum ModelCommand {
    /// What can be fetched, what is here, and what this machine has the memory for
    List,
    /// Which model suits this machine
    Recommend,
    /// Have the hub use a model
    Use {
        /// As `loqa model list` calls it; a file of whisper.cpp, or one in the format GGUF; "auto": the
        /// largest that is here and fits; "none"
        name: String,
        /// What "auto" and "none" are about; "stt" if it is left out. A name, or a file, tells it itself
        #[arg(long = "for", value_name = "KIND")]
        kind: Option<choose::For>,
    },
    /// Measure how fast a model that is here reads speech on this machine
    Bench {
        /// As `loqa model list` calls it, or a file
        name: String,
    },
    /// Fetch a model, or go on where that stopped
    Pull {
        /// As `loqa model list` calls it
        name: String,
        /// Have it from a file, from a folder with its files, or from an address under which they lie,
        /// rather than from its publisher or where the settings say
        #[arg(long, value_name = "FILE|DIR|URL")]
        from: Option<String>,
    },
    /// Look whether models are what they were when they came
    Verify {
        /// All, if left out
        name: Option<String>,
    },
    /// Remove a model
    Remove {
        /// As `loqa model list` calls it
        name: String,
    },
}

/// Does it.
pub async fn run(common: &Common, command: ModelCommand) -> Result<ExitCode, Problem> {
    let config = Config::load(&common.flags())?;
    let models = catalogue().map_err(|error| problem(&error.to_string(), "install Loqa again"))?;
    let library = Library::of(&config.hub.data, models, Patience::default());
    match command {
        ModelCommand::List => list(common, &library),
        ModelCommand::Recommend => choose::recommend(common, &config, &library),
        ModelCommand::Use { name, kind } => {
            choose::choose(common, &config, &library, &name, kind).await
        }
        ModelCommand::Bench { name } => bench::run(common, &config, &library, &name).await,
        ModelCommand::Pull { name, from } => {
            let mut outgoing = Outgoing::of(&config);
            let border = outgoing.border();
            let ended = tokio::select! {
                pulled = pull(common, &library, &name, from.as_deref().unwrap_or(&config.models.from), border) => pulled,
                () = follow(common, border) => Ok(ExitCode::FAILURE),
                () = interrupted() => {
                    eprintln!("note: what has come of `{name}` is kept: `loqa model pull {name}` goes on with it");
                    Ok(ExitCode::from(130))
                }
            };
            outgoing.tell().await;
            ended
        }
        ModelCommand::Verify { name } => verify(common, &library, name),
        ModelCommand::Remove { name } => {
            let any = library.remove(&name)?;
            output::print_line(&match any {
                true => {
                    format!("`{name}` is removed; a hub that runs has it until it is started again")
                }
                false => format!("`{name}` was not here"),
            });
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn list(common: &Common, library: &Library) -> Result<ExitCode, Problem> {
    let held = library.held()?;
    let measured = library.measured()?;
    let machine = Machine::here();
    for model in library.models() {
        let (held, measured) = (held.get(&model.name), measured.get(&model.name));
        let here = library.here(model, held);
        let fits = machine.fits(model.memory());
        if common.json {
            output::print_json(&document(model, held, fits, measured));
            continue;
        }
        let state = match (here, fits) {
            (Here::Whole, true) => "here".to_owned(),
            (Here::Whole, false) => "here, but too large for this machine".to_owned(),
            (Here::Damaged, _) => "damaged: fetch it again".to_owned(),
            (Here::Part(bytes), _) => format!("paused: {} MiB of it are here", bytes >> 20),
            (Here::Nothing, true) => "not here".to_owned(),
            (Here::Nothing, false) => "too large for this machine".to_owned(),
        };
        output::print_line(&format!(
            "{:<27} {:<4} {:>5} MiB  {:<10} {:<4} {state}",
            model.name,
            model.kind.name(),
            model.mib,
            model.license,
            model.languages.join(", ")
        ));
        let speed = measured.map_or(String::new(), |found| {
            format!("; measured here: {}", bench::found(found))
        });
        output::print_line(&format!("    {}{speed}", model.about));
    }
    Ok(ExitCode::SUCCESS)
}

fn document(model: &Model, held: Option<&Held>, fits: bool, measured: Option<&Measured>) -> Value {
    json!({
        "mib": model.mib,
        "fits": fits,
        "measured": measured,
        "name": model.name,
        "for": model.kind,
        "about": model.about,
        "license": model.license,
        "languages": model.languages,
        "files": held.map(|held| &held.files),
    })
}

async fn pull(
    common: &Common,
    library: &Library,
    name: &str,
    from: &str,
    border: &Border,
) -> Result<ExitCode, Problem> {
    let from = Source::written(from);
    let from = from.map_err(|error| problem(&error.to_string(), "or name a folder"))?;
    let mut shown = Shown::new(common.json);
    let mut told = |file: &str, progress: Progress| shown.show(file, progress);
    let held = library
        .pull(name, &from, &from.egress(border), &mut told)
        .await;
    let held = held?;
    let model = library.models().iter().find(|model| model.name == name);
    for (file, sum) in &held.files {
        let mut files = model.iter().flat_map(|model| &model.files);
        let known = files.find(|known| known.name() == file);
        let sum256 = &sum.sha256;
        output::print_line(&match (common.json, known.map(|it| (&it.sha256, &it.sha1))) {
            (true, _) => json!({ "file": file, "sha256": sum256, "bytes": sum.bytes, "published": sum.published })
                .to_string(),
            (false, Some((Some(_), _))) => format!("{file}: SHA-256 {sum256}, as its publisher says"),
            (false, Some((None, Some(sha1)))) => {
                format!("{file}: SHA-1 {sha1}, as its publisher says; SHA-256 {sum256}, recorded now")
            }
            (false, _) => format!("{file}: SHA-256 {sum256}, recorded now: its publisher tells none"),
        });
    }
    if let Some(model) = model.filter(|_| !common.json) {
        output::print_line(&format!("`{name}` is here: {}", model.about));
    }
    Ok(ExitCode::SUCCESS)
}

/// Seals what a command opens as soon as somebody seals the house, which another process does; never
/// ends.
async fn follow(common: &Common, border: &Border) {
    loop {
        tokio::time::sleep(LOOK).await;
        // Settings that cannot be read are those of before.
        if let Ok(config) = Config::load(&common.flags()) {
            border.seal(config.privacy.sealed);
        }
    }
}

fn verify(common: &Common, library: &Library, name: Option<String>) -> Result<ExitCode, Problem> {
    let names = match name {
        Some(name) => vec![name],
        None => library.held()?.into_keys().collect(),
    };
    let mut sound = true;
    for name in names {
        let wrong = library.verify(&name)?;
        sound &= wrong.is_empty();
        output::print_line(&match (common.json, wrong.is_empty()) {
            (true, _) => json!({ "name": name, "wrong": wrong }).to_string(),
            (false, true) => format!("`{name}` is what it was"),
            (false, false) => format!(
                "`{name}`: {} is not what it was, and is not used: `loqa model pull {name}` brings it again",
                wrong.join(", ")
            ),
        });
    }
    Ok(if sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// How far a file is, as a bar or as lines of JSON.
struct Shown {
    json: bool,
    file: String,
    bar: ProgressBar,
}

impl Shown {
    fn new(json: bool) -> Shown {
        Shown {
            json,
            file: String::new(),
            bar: ProgressBar::hidden(),
        }
    }

    fn show(&mut self, file: &str, Progress { here, all }: Progress) {
        let first = self.file != file;
        if self.json {
            if first || Some(here) == all {
                output::print_json(&json!({ "file": file, "here": here, "all": all }));
            }
            self.file = file.to_owned();
            return;
        }
        if first {
            self.bar.finish_and_clear();
            self.file = file.to_owned();
            self.bar = ProgressBar::new(0).with_message(file.to_owned());
            let style = "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
            if let Ok(style) = ProgressStyle::with_template(style) {
                self.bar.set_style(style);
            }
            // What came earlier was not fetched at this speed.
            self.bar.set_position(here);
            self.bar.reset_eta();
        }
        self.bar.set_length(all.unwrap_or(here));
        self.bar.set_position(here);
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn problem(message: &str, help: &str) -> Problem {
    Problem {
        code: "model".into(),
        message: message.into(),
        help: help.into(),
    }
}
