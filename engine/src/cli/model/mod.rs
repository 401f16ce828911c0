//! `loqa model`: models that can be fetched, and those that are here.

mod bench;
mod choose;

use super::{Common, hub::interrupted, output};
use crate::{
    config::Config,
    egress::{Address, Egress},
    library::{
        FetchError, From, Held, Library, LibraryError, Machine, Measured, Model, Patience,
        Progress, catalogue,
    },
};
use indicatif::{ProgressBar, ProgressStyle};
use loqa_protocol::Problem;
use serde_json::{Value, json};
use std::{path::Path, process::ExitCode};

/// Subcommands of `loqa model`.
#[derive(clap::Subcommand)]
pub enum ModelCommand {
    /// What can be fetched, what is here, and what this machine has the memory for
    List,
    /// Which model suits this machine
    Recommend,
    /// Have the hub use a model, from its next start on
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
        /// Have it from a folder, or from an address under which its files lie, instead
        #[arg(long, value_name = "DIR|URL")]
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
        ModelCommand::Use { name, kind } => choose::choose(common, &config, &library, &name, kind),
        ModelCommand::Bench { name } => bench::run(common, &config, &library, &name).await,
        ModelCommand::Pull { name, from } => {
            tokio::select! {
                pulled = pull(common, &library, &name, from.as_deref()) => pulled,
                () = interrupted() => {
                    eprintln!("note: what has come of `{name}` is kept: `loqa model pull {name}` goes on with it");
                    Ok(ExitCode::from(130))
                }
            }
        }
        ModelCommand::Verify { name } => verify(common, &library, name),
        ModelCommand::Remove { name } => {
            let any = library.remove(&name).map_err(explained)?;
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
    let held = library.held().map_err(explained)?;
    let measured = library.measured().map_err(explained)?;
    let machine = Machine::here();
    for model in library.models() {
        let (held, measured) = (held.get(&model.name), measured.get(&model.name));
        let fits = machine.fits(model.memory());
        if common.json {
            output::print_json(&document(model, held, fits, measured));
            continue;
        }
        let state = match (held.is_some(), fits) {
            (true, true) => "here",
            (true, false) => "here, but too large for this machine",
            (false, true) => "not here",
            (false, false) => "too large for this machine",
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
            let (speech, took) = (found.speech_s, found.last_word_ms);
            format!("; measured here: {speech:.1} s of speech in {took:.0} ms")
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
    from: Option<&str>,
) -> Result<ExitCode, Problem> {
    let address: Option<Address> = match from {
        Some(from) if from.contains("://") => {
            let address = from.parse();
            Some(address.map_err(|error: crate::egress::AddressError| {
                problem(&error.to_string(), "or name a folder")
            })?)
        }
        _ => None,
    };
    let from = match from {
        None => From::Publisher,
        Some(from) if address.is_some() => From::Address(from),
        Some(folder) => From::Folder(Path::new(folder)),
    };
    // A place in the house is gone to only if somebody has just named it.
    let egress = Egress::to_internet(address);
    let mut shown = Shown::new(common.json);
    let mut told = |file: &str, progress: Progress| shown.show(file, progress);
    let held = library.pull(name, from, &egress, &mut told).await;
    let held = held.map_err(explained)?;
    for (file, sum) in &held.files {
        let told = match sum.published {
            true => "as its publisher says",
            false => "recorded now: its publisher tells none",
        };
        output::print_line(&match common.json {
            true => json!({ "file": file, "sha256": sum.sha256, "bytes": sum.bytes, "published": sum.published })
                .to_string(),
            false => format!("{file}: SHA-256 {} ({told})", sum.sha256),
        });
    }
    let model = library.models().iter().find(|model| model.name == name);
    if let Some(model) = model.filter(|_| !common.json) {
        output::print_line(&format!("`{name}` is here: {}", model.about));
    }
    Ok(ExitCode::SUCCESS)
}

fn verify(common: &Common, library: &Library, name: Option<String>) -> Result<ExitCode, Problem> {
    let names = match name {
        Some(name) => vec![name],
        None => library.held().map_err(explained)?.into_keys().collect(),
    };
    let mut sound = true;
    for name in names {
        let wrong = library.verify(&name).map_err(explained)?;
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

fn explained(error: LibraryError) -> Problem {
    let goes_on = "what has come is kept: the same command goes on with it";
    let help = match &error {
        LibraryError::Unknown(_) => "`loqa model list` tells which there are",
        LibraryError::Busy(_) => "wait for it to end",
        LibraryError::Disk { .. } => "look whether that can be read and written",
        LibraryError::Fetch { source, .. } => match source {
            FetchError::Room { .. } => {
                "make room: what has come is kept, and the same command goes on with it"
            }
            FetchError::Checksum { .. } => {
                "it was put into quarantine, where nothing uses it: try again, or another place with --from"
            }
            FetchError::Length { .. } | FetchError::Hops(_) | FetchError::Status { .. } => {
                "whoever has it has changed it: update Loqa, or have it from elsewhere with --from"
            }
            FetchError::Address(_) => "an address begins with https://",
            FetchError::Disk { .. } => "look whether that is there, and can be read and written",
            FetchError::Egress(_) | FetchError::Stopped(_) => goes_on,
        },
    };
    problem(&error.to_string(), help)
}
