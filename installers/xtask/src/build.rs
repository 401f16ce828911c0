//! Builds the programs and tells where they are.

use crate::{
    command::{Failed, cargo, note},
    place,
    setup::python::ONNX_RUNTIME_LIBRARY,
    window,
};
use serde_json::Value;
use std::{
    ffi::OsStr,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The bench program and the hub it measures.
pub struct Bench {
    /// `loqa-bench`.
    pub bench: PathBuf,
    /// `loqa`.
    pub loqa: PathBuf,
}

/// A program that holds tests, and the folder of its package, where it expects to run.
#[derive(Debug, PartialEq)]
pub struct TestProgram {
    /// Where it is.
    pub path: PathBuf,
    /// Its package's folder.
    pub package: PathBuf,
}

impl TestProgram {
    /// Its package's folder and its own name, without cargo's hash.
    pub fn name(&self) -> String {
        let file = self.path.file_name().unwrap_or_default().to_string_lossy();
        let target = file.rsplit_once('-').map_or(&*file, |(target, _)| target);
        let package = self.package.strip_prefix(place::root());
        let package = package.unwrap_or(&self.package).display();
        format!("{package}: {target}")
    }
}

/// What a build left.
#[derive(Default)]
pub struct Built {
    programs: Vec<PathBuf>,
    modules: Vec<PathBuf>,
    /// In the order they were built.
    pub tests: Vec<TestProgram>,
}

/// Programs that the hub starts, and looks for beside itself: what skills run in, and what runs models.
pub const BESIDE: [&str; 3] = ["loqa-skill-host", "loqa-stt-worker", "loqa-llm-worker"];

/// The program of a machine that works for a hub.
pub const NODE: &str = "loqa-node";

/// Builds `loqa` for use, together with its window if that is wanted, and leaves it, or a link to
/// it, at `target/release/loqa`.
///
/// # Errors
/// [`Failed`] if it does not build or the link cannot be made.
pub fn hub(with_window: bool) -> Result<PathBuf, Failed> {
    let link = place::root().join("target/release/loqa");
    if !link.exists() {
        note(
            "build",
            "loqa, with optimisation: the first time takes several minutes",
        );
    }
    let mut args = vec!["build", "--release", "--package", "loqa-engine"];
    args.extend(["--bin", "loqa"]);
    for name in BESIDE.into_iter().chain([NODE]) {
        args.extend(["--package", name, "--bin", name]);
    }
    if with_window {
        args.extend(["--package", window::NAME, "--bin", window::NAME]);
    }
    let built = run(&args)?;
    let window = with_window.then_some(window::NAME);
    for name in ["loqa", NODE].into_iter().chain(window) {
        let (program, link) = (built.program(name)?, link.with_file_name(name));
        leave_at(&program, &link).map_err(|error| Failed {
            step: "build".into(),
            reason: format!(
                "cannot leave a link to {} at {}: {error}",
                program.display(),
                link.display()
            ),
            remedy: "remove what is in the way, or make the folder writable".into(),
            code: 1,
        })?;
    }
    note("build", "target/release/loqa is ready");
    Ok(link)
}

/// Builds the benches and the hub with optimisation.
///
/// # Errors
/// [`Failed`] if they do not build.
pub fn bench() -> Result<Bench, Failed> {
    note(
        "build",
        "the benches, with optimisation: the first time takes several minutes",
    );
    let mut args = vec!["build", "--release", "--bins"];
    for name in ["loqa-tests", "loqa-engine", NODE]
        .into_iter()
        .chain(BESIDE)
    {
        args.extend(["--package", name]);
    }
    let built = run(&args)?;
    Ok(Bench {
        bench: built.program("loqa-bench")?,
        loqa: built.program("loqa")?,
    })
}

/// Runs `cargo ARGS…`; all that it built or found fresh.
///
/// # Errors
/// [`Failed`] if cargo failed; what was wrong has been shown.
pub fn run(args: &[&str]) -> Result<Built, Failed> {
    run_command(cargo().args(args))
}

/// Runs a command of cargo; all that it built or found fresh.
///
/// # Errors
/// As [`run`].
pub fn run_command(command: &mut Command) -> Result<Built, Failed> {
    let failed = |reason: String, code: u8| {
        Failed {
        step: "build".into(),
        reason,
        remedy: "the lines above say why; if a system library is missing, `cargo xtask setup` installs it".into(),
        code,
    }
    };
    let args: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
    command
        .arg("--message-format=json-render-diagnostics")
        .stdout(Stdio::piped());
    let mut child = command
        .spawn()
        .map_err(|error| failed(format!("cargo could not be started: {error}"), 127))?;
    let mut built = Built::default();
    if let Some(messages) = child.stdout.take() {
        for line in BufReader::new(messages).lines().map_while(Result::ok) {
            built.note(&line);
        }
    }
    let status = child.wait().map_err(|error| failed(error.to_string(), 1))?;
    if !status.success() {
        let code = status
            .code()
            .and_then(|code| u8::try_from(code).ok())
            .unwrap_or(1);
        return Err(failed(
            format!(
                "`cargo {}` ended with {status}",
                args.join(OsStr::new(" ")).to_string_lossy()
            ),
            code,
        ));
    }
    Ok(built)
}

impl Built {
    /// Notes the program that a line of cargo's messages announces, if it does.
    fn note(&mut self, line: &str) {
        let message: Value = serde_json::from_str(line).unwrap_or_default();
        let files = message["filenames"].as_array().into_iter().flatten();
        let files = files.filter_map(Value::as_str).map(PathBuf::from);
        self.modules
            .extend(files.filter(|file| file.extension().is_some_and(|ending| ending == "wasm")));
        let Some(path) = message["executable"].as_str().map(PathBuf::from) else {
            return;
        };
        if message["profile"]["test"] != true {
            self.programs.push(path);
            return;
        }
        let manifest = Path::new(message["manifest_path"].as_str().unwrap_or_default());
        let package = manifest.parent().unwrap_or(manifest).to_owned();
        self.tests.push(TestProgram { path, package });
    }

    /// The WebAssembly module.
    ///
    /// # Errors
    /// [`Failed`] if there is none.
    pub fn module(&self) -> Result<PathBuf, Failed> {
        self.modules.last().cloned().ok_or_else(|| Failed {
            step: "build".into(),
            reason: "no WebAssembly module was built".into(),
            remedy: String::new(),
            code: 1,
        })
    }

    /// The program of this name.
    ///
    /// # Errors
    /// [`Failed`] if there is none.
    pub fn program(&self, name: &str) -> Result<PathBuf, Failed> {
        let path = self
            .programs
            .iter()
            .find(|path| path.file_name().is_some_and(|file| file == name));
        path.cloned().ok_or_else(|| Failed {
            step: "build".into(),
            reason: format!("no program named `{name}` was built"),
            remedy: String::new(),
            code: 1,
        })
    }
}

/// Leaves ONNX Runtime's library, if it could be had, beside `loqa`, which looks for it there.
///
/// # Errors
/// [`Failed`] if the link cannot be made.
pub fn onnx_runtime_beside(loqa: &Path, folder: Option<&Path>) -> Result<(), Failed> {
    let Some(folder) = folder else { return Ok(()) };
    let library = folder.join(ONNX_RUNTIME_LIBRARY);
    // Where cargo has built it, not where a link to that lies.
    let loqa = loqa.canonicalize().unwrap_or_else(|_| loqa.to_owned());
    let link = loqa.with_file_name(ONNX_RUNTIME_LIBRARY);
    leave_at(&library, &link).map_err(|error| Failed {
        step: "build".into(),
        reason: format!("cannot leave a link at {}: {error}", link.display()),
        remedy: "remove what is in the way, or make the folder writable".into(),
        code: 1,
    })
}

/// Makes `link` lead to `built`, unless it is that file already.
fn leave_at(built: &Path, link: &Path) -> std::io::Result<()> {
    if link
        .canonicalize()
        .is_ok_and(|there| built.canonicalize().is_ok_and(|here| here == there))
    {
        return Ok(());
    }
    if let Some(folder) = link.parent() {
        std::fs::create_dir_all(folder)?;
    }
    if link.symlink_metadata().is_ok() {
        std::fs::remove_file(link)?;
    }
    std::os::unix::fs::symlink(built, link)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_from_tests_and_libraries() {
        let mut built = Built::default();
        for line in [
            r#"{"reason":"compiler-artifact","profile":{"test":false},"executable":"/t/release/loqa"}"#,
            r#"{"reason":"compiler-artifact","profile":{"test":true},"executable":"/t/debug/deps/loqa-1","manifest_path":"/w/engine/Cargo.toml"}"#,
            r#"{"reason":"compiler-artifact","profile":{"test":false},"executable":null}"#,
            "not json",
        ] {
            built.note(line);
        }
        assert_eq!(built.programs, [PathBuf::from("/t/release/loqa")]);
        let test = TestProgram {
            path: "/t/debug/deps/loqa-1".into(),
            package: "/w/engine".into(),
        };
        assert_eq!(built.tests, [test]);
    }

    #[test]
    fn a_stale_link_is_replaced() -> std::io::Result<()> {
        let folder = std::env::temp_dir().join(format!("xtask-link-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let (built, link) = (folder.join("built"), folder.join("target/release/loqa"));
        std::fs::write(&built, "1")?;
        std::fs::create_dir_all(folder.join("target/release"))?;
        std::os::unix::fs::symlink(folder.join("gone"), &link)?;
        leave_at(&built, &link)?;
        leave_at(&built, &link)?;
        assert_eq!(std::fs::read_to_string(&link)?, "1");
        std::fs::remove_dir_all(&folder)
    }
}
