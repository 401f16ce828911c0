//! Which whisper model hears what no command covers.

use super::{
    Check,
    candidate::{Candidate, Chosen, Sort},
};
use crate::{config::Hearing, library::Kind};
use loqa_jobs::{ModelFile, Process, Program};
use loqa_protocol::{Capability, Placement};
use std::{path::Path, sync::Arc};

const WHISPER: Sort = Sort {
    kind: Kind::Stt,
    check: "whisper",
    without: "what no command covers is not understood",
    read: ModelFile::whisper,
};

/// The model that the settings name, or the largest that is here and fits; `None` if there is none, or none
/// is wanted. What was looked at goes to `checks`.
pub fn choose(hearing: &Hearing, data: &Path, checks: &mut Vec<Check>) -> Option<Chosen> {
    let (model, why) = WHISPER.choose(&hearing.model, data, checks)?;
    let chosen = run(&model, &why);
    checks.push(Check {
        what: WHISPER.check.into(),
        ok: true,
        needed: false,
        message: chosen.placement.reason.clone(),
        help: String::new(),
    });
    Some(chosen)
}

/// The model of this name that was fetched, or of this file, to be run.
///
/// # Errors
/// Why it cannot be.
pub fn by_name(named: &str, data: &Path) -> Result<Chosen, String> {
    let (model, why) = WHISPER.by_name(named, data)?;
    Ok(run(&model, &why))
}

fn run(model: &Candidate, why: &str) -> Chosen {
    let capability = Capability {
        kind: "stt".into(),
        name: "whisper".into(),
        variant: model.name.clone(),
    };
    let process = Process::of(Program::whisper(&model.file, model.memory));
    Chosen {
        process: Arc::new(process),
        placement: Placement {
            reason: format!(
                "{capability} ({}) on this machine, for what no command covers: {why}",
                model.about
            ),
            capability: capability.to_string(),
        },
        capability,
        file: model.file.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::{Library, Machine};
    use std::{
        fs::{self, File},
        io::Write,
    };

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
        let base = WHISPER.read("base", file.path()).unwrap();
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
