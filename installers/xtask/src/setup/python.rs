//! A Python environment with what Loqa is compared with: hassil for the grammar, microWakeWord for
//! wake words, whose package also carries TensorFlow Lite, extism for skills, pywhispercpp for whisper,
//! llama-cpp-python for language models; and with schemathesis, which asks the API what nobody would.

use crate::{
    command::{Failed, note, program, quiet, run},
    place,
};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// What is installed, each in the version that has been tried; the figures in `docs/benchmarks.md`
/// refer to these versions.
const PACKAGES: [(&str, &str); 4] = [
    ("hassil", "3.12.1"),
    ("extism", "1.1.1"),
    ("pywhispercpp", "1.5.1"),
    ("schemathesis", "4.32.5"),
];
/// The one whose library and features have been tried.
const WAKE_WORD: &str = "2.5.0";

/// The environment's Python, made if need be; `None`, having said so, where it cannot be had. The
/// tests that need a package which is not in it say that they are skipped.
pub fn ensure() -> Option<PathBuf> {
    let folder = place::cache().join("venv");
    let python = folder.join("bin/python");
    if !works(&python) {
        note(
            "setup",
            &format!("Python environment in {}", folder.display()),
        );
        if let Err(failed) = make(&folder) {
            let reason = failed.reason;
            note("setup", &format!("skipped: what needs Python ({reason})"));
            return None;
        }
    }
    for (name, version) in PACKAGES {
        if has(&python, name, version) {
            continue;
        }
        let package = format!("{name}=={version}");
        note("setup", &package);
        if let Err(failed) = install(&python, &package) {
            let reason = failed.reason;
            note("setup", &format!("skipped: what needs {name} ({reason})"));
        }
    }
    Some(python)
}

/// The newest that runs on Python 3.11.
const HOME_ASSISTANT: &str = "2024.3.3";

/// Home Assistant's program, in an environment of its own, made if need be. What else it wants it
/// installs by itself when it starts for the first time.
///
/// # Errors
/// It cannot be installed.
pub fn home_assistant() -> Result<PathBuf, Failed> {
    let folder = place::cache().join("ha");
    let python = folder.join("bin/python");
    if !works(&python) {
        make(&folder)?;
    }
    let name = "homeassistant";
    if !has(&python, name, HOME_ASSISTANT) {
        // Of this it needs an older one than it asks for.
        install(&python, "josepy<2")?;
        let package = format!("{name}=={HOME_ASSISTANT}");
        note("setup", &package);
        install(&python, &package)?;
    }
    Ok(folder.join("bin/hass"))
}

/// What a language model is compared with: it is built here, which takes a quarter of an hour.
const LANGUAGE_MODEL: (&str, &str) = ("llama-cpp-python", "0.3.36");

/// Has the environment run language models as well; where it cannot, having said so, the comparison is
/// left out.
pub fn language_model(python: &Path) {
    let (name, version) = LANGUAGE_MODEL;
    if has(python, name, version) {
        return;
    }
    let package = format!("{name}=={version}");
    note(
        "setup",
        &format!("{package} (is built: a quarter of an hour)"),
    );
    if let Err(failed) = install(python, &package) {
        let reason = failed.reason;
        note("setup", &format!("skipped: what needs {name} ({reason})"));
    }
}

fn works(python: &Path) -> bool {
    quiet(Command::new(python).arg("--version")).is_some()
}

fn has(python: &Path, name: &str, version: &str) -> bool {
    let question = format!("import importlib.metadata as m; print(m.version('{name}'))");
    quiet(Command::new(python).args(["-c", &question])).is_some_and(|it| it.trim() == version)
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

fn make(folder: &Path) -> Result<(), Failed> {
    let mut make = program("python3");
    run(
        "setup",
        make.args(["-m", "venv", "--clear"]).arg(folder),
        "",
    )
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
