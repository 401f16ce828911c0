//! `loqa skill build`: a crate, compiled once for each step, becomes two components.

use super::{mistakes, problem};
use crate::cli::output;
use loqa_core::manifest::Manifest;
use loqa_protocol::Problem;
use loqa_skill_host::{frames::StepKind, permission};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

const TARGET: &str = "wasm32-unknown-unknown";
/// Small before fast: what a skill computes takes microseconds.
const PROFILE: [&str; 5] = [
    "opt-level=\"s\"",
    "lto=true",
    "codegen-units=1",
    "panic=\"abort\"",
    "strip=true",
];

/// Builds the skill in `folder`.
pub fn run(folder: &Path, out: Option<&Path>) -> Result<ExitCode, Problem> {
    let yaml = folder.join("skill.yaml");
    let text = fs::read_to_string(&yaml).map_err(|error| {
        problem(
            "no_skill",
            format!("cannot read {}: {error}", yaml.display()),
            "name the folder of a skill; `loqa skill init NAME` makes one",
        )
    })?;
    let manifest =
        Manifest::parse(&yaml.display().to_string(), &text).map_err(|errors| mistakes(&errors))?;
    if !folder.join("Cargo.toml").is_file() {
        return Err(problem(
            "no_code",
            format!("{} has no Cargo.toml", folder.display()),
            "a skill without code needs no building: use it as it is",
        ));
    }
    target_is_there()?;
    let to = out.map_or_else(|| folder.to_owned(), |out| out.join(&manifest.name));
    let mut made = Vec::new();
    // What changes nothing has nothing to commit.
    let steps = StepKind::ALL
        .iter()
        .filter(|step| **step == StepKind::Prepare || !manifest.permissions.is_empty());
    for step in steps {
        let module = compile(folder, *step, &manifest.permissions)?;
        made.push((step, component(&module)?));
    }
    let wrote = |path: &Path, bytes: &[u8]| {
        crate::whole_file::write_plain(path, bytes).map_err(|error| {
            problem(
                "disk",
                format!("cannot write {}: {error}", path.display()),
                "free some space, or name another folder with --out",
            )
        })
    };
    for (step, bytes) in made {
        let path = to.join(step.name()).with_extension("wasm");
        wrote(&path, &bytes)?;
        output::print_line(&format!(
            "{} ({} kB)",
            path.display(),
            bytes.len().div_ceil(1000)
        ));
    }
    if to != folder {
        wrote(&to.join("skill.yaml"), text.as_bytes())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether anything can be built for WebAssembly, rather than an error about a missing crate.
fn target_is_there() -> Result<(), Problem> {
    if std::env::var_os("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS").is_some() {
        return Ok(());
    }
    let libraries = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .output();
    let there = libraries
        .is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir());
    if there {
        return Ok(());
    }
    Err(problem(
        "no_target",
        format!("Rust on this machine cannot build for {TARGET}"),
        "type: rustup target add wasm32-unknown-unknown",
    ))
}

/// The module of one step, which can cause what `permissions` name.
fn compile(folder: &Path, step: StepKind, permissions: &[String]) -> Result<PathBuf, Problem> {
    let failed = |message: String| {
        problem(
            "build",
            message,
            "the lines above say what is wrong; the code of a skill needs `loqa_skill_sdk::component!(…)`",
        )
    };
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args([
            "rustc",
            "--quiet",
            "--release",
            "--lib",
            "--crate-type",
            "cdylib",
        ])
        .args([
            "--target",
            TARGET,
            "--message-format=json-render-diagnostics",
        ])
        .arg("--manifest-path")
        .arg(folder.join("Cargo.toml"));
    for setting in PROFILE {
        cargo
            .arg("--config")
            .arg(format!("profile.release.{setting}"));
    }
    cargo
        .args(["--", "--cfg"])
        .arg(format!("loqa_step=\"{}\"", step.name()));
    let kinds: BTreeSet<&str> = permissions.iter().map(|it| permission::kind(it)).collect();
    for kind in kinds {
        cargo.arg("--cfg").arg(format!("loqa_may=\"{kind}\""));
    }
    cargo
        .args(["--check-cfg", "cfg(loqa_step, values(any()))"])
        .args(["--check-cfg", "cfg(loqa_may, values(any()))"])
        .stdout(Stdio::piped());
    let mut child = cargo
        .spawn()
        .map_err(|error| failed(format!("cargo could not be started: {error}")))?;
    let messages = child.stdout.take().map(BufReader::new);
    let lines = messages.into_iter().flat_map(BufRead::lines);
    let mut module = None;
    for line in lines.map_while(Result::ok) {
        let message: Value = serde_json::from_str(&line).unwrap_or_default();
        let files = message["filenames"].as_array().into_iter().flatten();
        let mut files = files.filter_map(Value::as_str);
        if let Some(file) = files.find(|file| file.ends_with(".wasm")) {
            module = Some(PathBuf::from(file));
        }
    }
    let status = child.wait().map_err(|error| failed(error.to_string()))?;
    match module {
        Some(module) if status.success() => Ok(module),
        _ => Err(failed(format!(
            "{} does not build for the step `{}`",
            folder.display(),
            step.name()
        ))),
    }
}

/// A component of a module.
fn component(module: &Path) -> Result<Vec<u8>, Problem> {
    let unfit = |error: &dyn std::fmt::Display| {
        problem(
            "component",
            format!("{} cannot be made a component: {error}", module.display()),
            "does its lib.rs end with `loqa_skill_sdk::component!(…)`?",
        )
    };
    let bytes = fs::read(module).map_err(|error| unfit(&error))?;
    let mut encoder = wit_component::ComponentEncoder::default();
    let encoded = encoder
        .module(&bytes)
        .and_then(|encoder| encoder.validate(true).encode());
    encoded.map_err(|error| unfit(&format!("{error:#}")))
}
