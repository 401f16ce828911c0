//! A Python environment with hassil, the reference the grammar is compared with.

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

fn make(folder: &Path, python: &Path) -> Result<(), Failed> {
    run(
        "setup",
        program("python3")
            .args(["-m", "venv", "--clear"])
            .arg(folder),
        "",
    )?;
    let package = format!("hassil=={HASSIL}");
    run(
        "setup",
        program(python).args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            &package,
        ]),
        "",
    )
}
