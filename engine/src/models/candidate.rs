//! Models that could be run: those that were fetched, and files that the settings name.

use super::Check;
use crate::library::{Kind, Library, Machine, Patience, catalogue, gib};
use loqa_jobs::{ModelFile, Process};
use loqa_protocol::{Capability, Placement};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// What a kind of model is, as far as choosing one goes.
pub(super) struct Sort {
    pub kind: Kind,
    /// What its check is called.
    pub check: &'static str,
    /// What is missing without one.
    pub without: &'static str,
    /// Reads the beginning of a file.
    pub read: fn(&Path) -> Result<ModelFile, String>,
}

/// A file of a model, and what it says of itself.
#[derive(Debug)]
pub(super) struct Candidate {
    pub name: String,
    pub file: PathBuf,
    pub bytes: u64,
    /// What it takes, bytes.
    pub memory: u64,
    pub about: String,
}

/// A model that can be run.
pub struct Chosen {
    /// It, not started yet.
    pub process: Arc<Process>,
    /// `stt.whisper:NAME`, `llm.llama:NAME`.
    pub capability: Capability,
    /// That it was chosen, and why.
    pub placement: Placement,
    /// Where it lies.
    pub file: PathBuf,
}

impl Candidate {
    /// Whether a machine has the memory.
    pub fn fits(&self, machine: Machine) -> Result<(), String> {
        if machine.fits(self.memory) {
            return Ok(());
        }
        Err(format!(
            "`{}` takes about {} of memory, and this machine has {} in all",
            self.name,
            gib(self.memory),
            gib(machine.memory)
        ))
    }
}

impl Sort {
    /// The model that the settings name (`"auto"`, `"none"`, a name or a file), or the largest that is here
    /// and fits, and why; `None` if there is none, or none is wanted. What was looked at goes to `checks`.
    pub fn choose(
        &self,
        wanted: &str,
        data: &Path,
        checks: &mut Vec<Check>,
    ) -> Option<(Candidate, String)> {
        let machine = Machine::here();
        let found = match wanted {
            "none" => return None,
            "auto" => self.largest(data, machine),
            named => self.named(named, data, machine).map(Some),
        };
        found.unwrap_or_else(|why| {
            checks.push(Check {
                what: self.check.into(),
                ok: false,
                needed: false,
                message: format!("{}: {why}", self.without),
                help: "`loqa model list` tells which models fit; `loqa model use NAME` chooses one"
                    .into(),
            });
            None
        })
    }

    /// The model of this name that was fetched, or of this file, and why it.
    ///
    /// # Errors
    /// Why it cannot be run.
    pub fn by_name(&self, named: &str, data: &Path) -> Result<(Candidate, String), String> {
        self.named(named, data, Machine::here())
    }

    /// Reads the beginning of a file.
    pub fn read(&self, name: &str, file: &Path) -> Result<Candidate, String> {
        let ModelFile {
            bytes,
            memory,
            about,
        } = (self.read)(file)?;
        Ok(Candidate {
            name: name.to_owned(),
            file: file.to_owned(),
            bytes,
            memory,
            about,
        })
    }

    /// The largest of the models that were fetched and that fit.
    fn largest(
        &self,
        data: &Path,
        machine: Machine,
    ) -> Result<Option<(Candidate, String)>, String> {
        let here = self.held(data)?;
        let mut unfit = None;
        let mut best: Option<Candidate> = None;
        for (name, file) in &here {
            let model = self.read(name, file);
            match model.and_then(|it| it.fits(machine).map(|()| it)) {
                Ok(model) if best.as_ref().is_none_or(|best| best.bytes < model.bytes) => {
                    best = Some(model);
                }
                Ok(_) => {}
                Err(why) => unfit = Some(why),
            }
        }
        match (best, unfit, here.len()) {
            (Some(best), _, 1) => Ok(Some((best, "the only one that is here".into()))),
            (Some(best), _, count) => Ok(Some((
                best,
                format!("the largest of {count} that this machine has the memory for"),
            ))),
            (None, Some(why), _) => Err(why),
            (None, None, _) => Ok(None),
        }
    }

    fn named(
        &self,
        named: &str,
        data: &Path,
        machine: Machine,
    ) -> Result<(Candidate, String), String> {
        let here = self.held(data)?;
        let known = here.iter().find(|(name, _)| name == named);
        let file = known.map_or_else(|| Path::new(named), |(_, file)| file.as_path());
        if known.is_none() && !named.contains(std::path::MAIN_SEPARATOR) {
            let models = catalogue().unwrap_or_default();
            let other = models.iter().find(|model| model.name == named);
            return Err(match other.filter(|model| model.kind != self.kind) {
                Some(other) => format!(
                    "the model `{named}` is for something else: it {}",
                    other.about
                ),
                None => format!("the model `{named}` is not here"),
            });
        }
        let name = file.file_stem().and_then(|name| name.to_str());
        let name = known.map_or(name.unwrap_or(named), |(name, _)| name);
        let model = self.read(name, file)?;
        model.fits(machine)?;
        Ok((model, "the settings name it".into()))
    }

    /// Names and files of the models that were fetched.
    fn held(&self, data: &Path) -> Result<Vec<(String, PathBuf)>, String> {
        let models = catalogue().map_err(|error| error.to_string())?;
        let library = Library::of(data, models, Patience::default());
        let held = library.held().map_err(|error| error.to_string())?;
        let folder = Library::folder(data, self.kind);
        let of_kind = held.into_iter().filter(|(_, held)| held.kind == self.kind);
        Ok(of_kind
            .filter_map(|(name, held)| {
                let file = held.files.into_keys().next()?;
                Some((name, folder.join(file)))
            })
            .collect())
    }
}
