//! Which whisper model hears what no command covers, and whether this machine can run it.

use super::Check;
use crate::{
    beside::beside,
    config::Hearing,
    library::{Kind, Library, Machine, Patience, catalogue, gib},
    workers::{Process, Program},
};
use loqa_core::model_file::WhisperFile;
use loqa_protocol::{Capability, Placement};
use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The program, beside `loqa`.
const PROGRAM: &str = "loqa-stt-worker";
/// Threads beyond which it does not become faster.
const MOST_THREADS: usize = 4;

/// A model that can be run.
pub struct Chosen {
    /// It.
    pub process: Arc<Process>,
    /// `stt.whisper:NAME`.
    pub capability: Capability,
    /// That it was chosen, and why.
    pub placement: Placement,
}

/// A file of a model, and what it says of itself.
struct Candidate {
    name: String,
    file: PathBuf,
    bytes: u64,
    head: WhisperFile,
}

impl Candidate {
    /// Reads the beginning of a file.
    fn read(name: &str, file: &Path) -> Result<Candidate, String> {
        let shown = file.display();
        let unread = |error: std::io::Error| format!("{shown} cannot be read: {error}");
        let opened = File::open(file).map_err(unread)?;
        let bytes = opened.metadata().map_err(unread)?.len();
        let mut head = Vec::new();
        let mut beginning = opened.take(WhisperFile::HEAD as u64);
        beginning.read_to_end(&mut head).map_err(unread)?;
        let head = WhisperFile::read(&head, bytes).map_err(|error| format!("{shown}: {error}"))?;
        Ok(Candidate {
            name: name.to_owned(),
            file: file.to_owned(),
            bytes,
            head,
        })
    }

    fn memory(&self) -> u64 {
        WhisperFile::memory(self.bytes)
    }

    /// Whether this machine has the memory.
    fn fits(&self, machine: Machine) -> Result<(), String> {
        if machine.fits(self.memory()) {
            return Ok(());
        }
        Err(format!(
            "`{}` takes about {} of memory, and this machine has {} in all",
            self.name,
            gib(self.memory()),
            gib(machine.memory)
        ))
    }
}

/// The model that the settings name, or the largest that is here and fits; `None` if there is none, or none
/// is wanted. What was looked at goes to `checks`.
pub fn choose(hearing: &Hearing, data: &Path, checks: &mut Vec<Check>) -> Option<Chosen> {
    let machine = Machine::here();
    let found = match hearing.model.as_str() {
        "none" => return None,
        "auto" => largest(data, machine),
        named => named_model(named, data, machine).map(Some),
    };
    let mut check = |ok, message, help: &str| {
        checks.push(Check {
            what: "whisper".into(),
            ok,
            needed: false,
            message,
            help: help.into(),
        });
    };
    match found {
        Ok(Some((model, why))) => {
            let chosen = run(&model, &why);
            check(true, chosen.placement.reason.clone(), "");
            Some(chosen)
        }
        Ok(None) => None,
        Err(why) => {
            check(
                false,
                format!("what no command covers is not understood: {why}"),
                "`loqa model list` tells which models fit; `loqa model use NAME` chooses one",
            );
            None
        }
    }
}

/// The largest of the models that were fetched and that fit.
fn largest(data: &Path, machine: Machine) -> Result<Option<(Candidate, String)>, String> {
    let here = held(data)?;
    let mut unfit = None;
    let mut best: Option<Candidate> = None;
    for (name, file) in &here {
        let model = Candidate::read(name, file).and_then(|it| it.fits(machine).map(|()| it));
        match model {
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

/// The model of this name that was fetched, or of this file, to be run.
///
/// # Errors
/// Why it cannot be.
pub fn by_name(named: &str, data: &Path) -> Result<Chosen, String> {
    let (model, why) = named_model(named, data, Machine::here())?;
    Ok(run(&model, &why))
}

/// The model of this name, or of this file.
fn named_model(named: &str, data: &Path, machine: Machine) -> Result<(Candidate, String), String> {
    let here = held(data)?;
    let known = here.iter().find(|(name, _)| name == named);
    let file = known.map_or_else(|| Path::new(named), |(_, file)| file.as_path());
    let models = catalogue().unwrap_or_default();
    let of_name = models.iter().find(|model| model.name == named);
    if let Some(other) = of_name.filter(|model| model.kind != Kind::Stt) {
        return Err(format!("`{named}` is no whisper model: it {}", other.about));
    }
    if known.is_none() && !named.contains(std::path::MAIN_SEPARATOR) {
        return Err(format!("the model `{named}` is not here"));
    }
    let name = file.file_stem().and_then(|name| name.to_str());
    let name = known.map_or(name.unwrap_or(named), |(name, _)| name);
    let model = Candidate::read(name, file)?;
    model.fits(machine)?;
    Ok((model, "the settings name it".into()))
}

/// Names and files of the models that were fetched.
fn held(data: &Path) -> Result<Vec<(String, PathBuf)>, String> {
    let models = catalogue().map_err(|error| error.to_string())?;
    let library = Library::of(data, models, Patience::default());
    let held = library.held().map_err(|error| error.to_string())?;
    let folder = Library::folder(data, Kind::Stt);
    let of_kind = held.into_iter().filter(|(_, held)| held.kind == Kind::Stt);
    Ok(of_kind
        .filter_map(|(name, held)| {
            let file = held.files.into_keys().next()?;
            Some((name, folder.join(file)))
        })
        .collect())
}

fn run(model: &Candidate, why: &str) -> Chosen {
    // One stays for the ears: threads that wait for each other on a busy machine stand still.
    let processors = Machine::here().processors;
    let threads = processors.saturating_sub(1).clamp(1, MOST_THREADS);
    // Addresses, not memory: libraries and stacks count, and what is loaded is for a while there twice.
    let limit = 2 * model.memory() + (2 << 30);
    let capability = Capability {
        kind: "stt".into(),
        name: "whisper".into(),
        variant: model.name.clone(),
    };
    let process = Process::of(Program {
        name: "whisper".into(),
        file: beside(PROGRAM),
        arguments: vec![
            "--model".into(),
            model.file.clone().into(),
            "--threads".into(),
            threads.to_string().into(),
            "--memory".into(),
            limit.to_string().into(),
        ],
    });
    Chosen {
        process: Arc::new(process),
        placement: Placement {
            reason: format!(
                "{capability} (whisper {}) on this machine, for what no command covers: {why}",
                model.head.size()
            ),
            capability: capability.to_string(),
        },
        capability,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, io::Write};

    /// A file that says it is whisper's base, and is as long as one; it takes no room on the disk.
    fn base(path: &Path) {
        let fields = [0x6767_6d6c, 51_864, 1500, 512, 8, 6, 448, 512, 8, 6, 80, 1];
        let mut file = File::create(path).unwrap();
        for field in fields {
            file.write_all(&u32::to_le_bytes(field)).unwrap();
        }
        file.set_len(147_964_211).unwrap();
    }

    fn hearing(model: &str) -> Hearing {
        Hearing {
            model: model.into(),
            ..Hearing::default()
        }
    }

    #[test]
    fn a_model_is_chosen_by_name_by_file_or_because_it_is_there() {
        let data = tempfile::tempdir().unwrap();
        let say = |model: &str| {
            let mut checks = Vec::new();
            let chosen = choose(&hearing(model), data.path(), &mut checks);
            let check = checks.pop().map(|check| check.message);
            (chosen.map(|it| it.capability.to_string()), check)
        };
        assert_eq!(say("auto"), (None, None));
        let (none, why) = say("whisper-base-en");
        assert!(
            none.is_none()
                && why
                    .unwrap()
                    .ends_with("the model `whisper-base-en` is not here")
        );

        let folder = Library::folder(data.path(), Kind::Stt);
        fs::create_dir_all(&folder).unwrap();
        base(&folder.join("ggml-base.en.bin"));
        let sum = r#"{"sha256":"","bytes":147964211,"published":false}"#;
        let record = format!(
            r#"{{"whisper-base-en":{{"kind":"stt","files":{{"ggml-base.en.bin":{sum}}}}}}}"#
        );
        fs::write(data.path().join("models/models.json"), record).unwrap();
        let (some, why) = say("auto");
        assert_eq!(some.as_deref(), Some("stt.whisper:whisper-base-en"));
        assert!(why.unwrap().ends_with("the only one that is here"));
        assert_eq!(say("whisper-base-en").0, some);
        assert_eq!(say("none"), (None, None));
        let other = data.path().join("mine.bin");
        base(&other);
        assert_eq!(
            say(other.to_str().unwrap()).0.as_deref(),
            Some("stt.whisper:mine")
        );
        fs::write(&other, "GGUF").unwrap();
        let (none, why) = say(other.to_str().unwrap());
        assert!(none.is_none() && why.unwrap().ends_with("mine.bin: it is not a whisper file"));
    }

    #[test]
    fn a_model_that_needs_more_than_there_is_is_not_loaded() {
        let file = tempfile::NamedTempFile::new().unwrap();
        base(file.path());
        let base = Candidate::read("base", file.path()).unwrap();
        let machine = |memory| Machine {
            memory,
            processors: 2,
            apple: false,
        };
        assert!(base.fits(machine(8 << 30)).is_ok());
        let why = base.fits(machine(1 << 30)).unwrap_err();
        let said = "`base` takes about 0.4 GiB of memory, and this machine has 1.0 GiB in all";
        assert_eq!(why, said);
    }
}
