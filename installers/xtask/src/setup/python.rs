//! A Python environment with what Loqa is compared with: hassil for the grammar, microWakeWord for
//! wake words, whose package also carries TensorFlow Lite, extism for skills, pywhispercpp for whisper,
//! llama-cpp-python for language models, a client of NATS for what is kept, Wyoming for live audio; with
//! schemathesis, which asks the API what nobody would, and with onnx, by which a Kokoro is made that can be
//! timed.

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
const PACKAGES: [(&str, &str); 7] = [
    ("hassil", "3.12.1"),
    ("extism", "1.1.1"),
    ("pywhispercpp", "1.5.1"),
    ("schemathesis", "4.32.5"),
    ("onnx", "1.23.2"),
    ("nats-py", "2.16.0"),
    ("wyoming", "1.10.2"),
];
/// The one whose library and features have been tried.
const WAKE_WORD: &str = "2.5.0";

/// The environment's Python, made if need be; `None`, having said so, where it cannot be had. The
/// tests that need a package which is not in it say that they are skipped.
pub fn ensure() -> Option<PathBuf> {
    let python = environment()?;
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

/// The same with nothing in it.
pub fn environment() -> Option<PathBuf> {
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

/// Its graphs are what Silero and Kokoro were tried with; `docs/benchmarks.md` refers to it.
const ONNX_RUNTIME: &str = "1.31.1";
/// Its library, as Loqa looks for it.
#[cfg(target_os = "macos")]
pub const ONNX_RUNTIME_LIBRARY: &str = "libonnxruntime.dylib";
/// Its library, as Loqa looks for it.
#[cfg(not(target_os = "macos"))]
pub const ONNX_RUNTIME_LIBRARY: &str = "libonnxruntime.so";

/// The folder with ONNX Runtime's library and licence, out of its wheel for Python, fetched if need be;
/// `None`, having said so, where it cannot be had. Nothing is installed into `python`'s environment.
pub fn onnx_runtime(python: &Path) -> Option<PathBuf> {
    if let Some(folder) = onnx_runtime_here() {
        return Some(folder);
    }
    let folder = onnx_runtime_folder();
    let package = format!("onnxruntime=={ONNX_RUNTIME}");
    note("setup", &format!("{package}, for Kokoro and Silero"));
    if let Err(failed) = fetch_onnx_runtime(python, &package, &folder) {
        let reason = failed.reason;
        note("setup", &format!("skipped: Kokoro and Silero ({reason})"));
        return None;
    }
    Some(folder)
}

/// The same, if it has been fetched.
pub fn onnx_runtime_here() -> Option<PathBuf> {
    let folder = onnx_runtime_folder();
    let here = folder.join(ONNX_RUNTIME_LIBRARY).exists();
    here.then_some(folder)
}

fn onnx_runtime_folder() -> PathBuf {
    place::cache().join(format!("onnxruntime-{ONNX_RUNTIME}"))
}

/// What is taken out of the wheel: the library without its version, and what its makers want told.
const UNPACK: &str = "
import pathlib, shutil, sys, zipfile
wheel, folder, name = next(pathlib.Path(sys.argv[1]).glob('*.whl')), pathlib.Path(sys.argv[2]), sys.argv[3]
part = folder.with_name(folder.name + '.part')
shutil.rmtree(part, ignore_errors=True)
part.mkdir(parents=True)
stem = name.split('.')[0]
with zipfile.ZipFile(wheel) as held:
    for entry in held.namelist():
        file = entry.rsplit('/', 1)[-1]
        if file.split('.')[0] == stem and entry.startswith('onnxruntime/capi/'):
            (part / name).write_bytes(held.read(entry))
        elif entry in ('onnxruntime/LICENSE', 'onnxruntime/ThirdPartyNotices.txt'):
            (part / file).write_bytes(held.read(entry))
assert (part / name).exists(), 'the wheel has no ' + name
shutil.rmtree(folder, ignore_errors=True)
part.rename(folder)
";

fn fetch_onnx_runtime(python: &Path, package: &str, folder: &Path) -> Result<(), Failed> {
    let wheel = place::cache().join("onnxruntime.wheel");
    let mut download = program(python);
    download.args([
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
    ]);
    download.args(["--no-deps", "--only-binary=:all:", package, "--dest"]);
    run("setup", download.arg(&wheel), "")?;
    let mut unpack = program(python);
    unpack.args(["-c", UNPACK]).args([&wheel, folder]);
    let unpacked = run("setup", unpack.arg(ONNX_RUNTIME_LIBRARY), "");
    // A failure leaves some megabytes in the cache.
    let _ = std::fs::remove_dir_all(&wheel);
    unpacked
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
