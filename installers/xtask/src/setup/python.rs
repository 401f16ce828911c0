//! A Python environment with what Loqa is compared with: hassil for the grammar, microWakeWord for
//! wake words, whose package also carries TensorFlow Lite.

use crate::{
    command::{Failed, note, program, quiet, run},
    place,
};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The version the figures in `docs/benchmarks.md` refer to.
const HASSIL: &str = "3.12.1";
/// The one whose library and features have been tried.
const WAKE_WORD: &str = "2.5.0";

/// The environment's Python, made if need be; `None`, having said so, where it cannot be had: the
/// tests that need it then say that they are skipped.
pub fn ensure() -> Option<PathBuf> {
    let folder = place::cache().join("venv");
    let python = folder.join("bin/python");
    if has_hassil(&python) {
        return Some(python);
    }
    note(
        "setup",
        &format!(
            "Python environment with hassil {HASSIL} in {}",
            folder.display()
        ),
    );
    match make(&folder, &python) {
        Ok(()) if has_hassil(&python) => Some(python),
        Ok(()) => {
            note(
                "setup",
                "skipped: hassil was installed but cannot be loaded",
            );
            None
        }
        Err(failed) => {
            note(
                "setup",
                &format!("skipped: the comparison with hassil ({})", failed.reason),
            );
            None
        }
    }
}

fn has_hassil(python: &Path) -> bool {
    let question = "import hassil, importlib.metadata as m; print(m.version('hassil'))";
    quiet(Command::new(python).args(["-c", question]))
        .is_some_and(|version| version.trim() == HASSIL)
}

/// The folder with TensorFlow Lite's library, which is installed into `python`'s environment if
/// need be; `None`, having said so, where it cannot be had.
pub fn tensorflow_lite(python: &Path) -> Option<PathBuf> {
    let question =
        "import pymicro_wakeword as p, pathlib; print(pathlib.Path(p.__file__).parent / 'lib')";
    let find = || {
        let folder = quiet(Command::new(python).args(["-c", question]))?;
        Some(PathBuf::from(folder.trim()))
    };
    find().or_else(|| {
        let package = format!("pymicro-wakeword=={WAKE_WORD}");
        note("setup", &format!("{package}, for TensorFlow Lite"));
        if let Err(failed) = install(python, &package) {
            let reason = failed.reason;
            note("setup", &format!("skipped: wake word models ({reason})"));
        }
        find()
    })
}

fn make(folder: &Path, python: &Path) -> Result<(), Failed> {
    run(
        "setup",
        program("python3")
            .args(["-m", "venv", "--clear"])
            .arg(folder),
        "",
    )?;
    install(python, &format!("hassil=={HASSIL}"))
}

fn install(python: &Path, package: &str) -> Result<(), Failed> {
    run(
        "setup",
        program(python).args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            package,
        ]),
        "",
    )
}
