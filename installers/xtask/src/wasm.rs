//! The WebAssembly check: what skills and the protocol are made of must build without an
//! operating system.

use crate::{
    command::{Failed, cargo, installed, note, program, quiet, run},
    place,
};
use std::{
    path::Path,
    process::{Command, Stdio},
};

/// What browsers and skills are built for.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// How the check went.
pub enum Outcome {
    /// Everything builds.
    Clean,
    /// There is no standard library for the target; why.
    Skipped(String),
}

/// Checks `loqa-protocol` and every package under `skills/` for WebAssembly.
///
/// # Errors
/// [`Failed`] if one does not build, or in CI if the target cannot be had.
pub fn check() -> Result<Outcome, Failed> {
    let mut check = cargo();
    match prepare(&mut check) {
        Ok(()) => {}
        Err(why) if must() => {
            return Err(Failed {
                step: "wasm".into(),
                reason: why,
                remedy: format!("type: rustup target add {TARGET}"),
                code: 1,
            });
        }
        Err(why) => return Ok(Outcome::Skipped(why)),
    }
    check.args([
        "check",
        "--quiet",
        "--target",
        TARGET,
        "--package",
        "loqa-protocol",
    ]);
    for name in skills() {
        check.args(["--package", &name]);
    }
    run(
        "wasm",
        &mut check,
        "skills and the protocol may use no files, clock, threads or sockets",
    )?;
    Ok(Outcome::Clean)
}

/// Has a command of cargo find the target's standard library.
///
/// # Errors
/// Why there is none.
pub fn prepare(cargo: &mut Command) -> Result<(), String> {
    if let Some(flags) = standard_library()? {
        // RUSTFLAGS would replace the flags of the target.
        cargo
            .env_remove("RUSTFLAGS")
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", flags);
    }
    Ok(())
}

/// Whether a machine without the target is a failure rather than something to skip.
fn must() -> bool {
    no_rustup() || std::env::var_os("CI").is_some()
}

fn no_rustup() -> bool {
    std::env::var_os("NO_RUSTUP").is_some_and(|value| !value.is_empty())
}

/// Names of the packages under `skills/`.
fn skills() -> Vec<String> {
    let folders = std::fs::read_dir(place::root().join("skills"))
        .into_iter()
        .flatten()
        .flatten();
    let mut names: Vec<String> = folders
        .filter_map(|folder| package_name(&folder.path().join("Cargo.toml")))
        .collect();
    names.sort();
    names
}

fn package_name(manifest: &Path) -> Option<String> {
    let text = std::fs::read_to_string(manifest).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("name = "))?;
    Some(line.trim_matches('"').to_owned())
}

/// Makes the target's standard library available; compiler flags that lead to it, if it does not
/// lie in the toolchain.
fn standard_library() -> Result<Option<String>, String> {
    if in_toolchain() {
        return Ok(None);
    }
    if !no_rustup() && installed("rustup") {
        note("wasm", &format!("rustup target add {TARGET}"));
        if quiet(program("rustup").args(["target", "add", TARGET])).is_some() && in_toolchain() {
            return Ok(None);
        }
    }
    let script = place::root().join("installers/wasm-std");
    let folder = place::cache().join("wasm-std");
    let output = program(&script)
        .arg(folder)
        .stderr(Stdio::inherit())
        .output();
    let output =
        output.map_err(|error| format!("{} could not be started: {error}", script.display()))?;
    if !output.status.success() {
        return Err(format!(
            "this toolchain has no standard library for {TARGET}, and it could not be built"
        ));
    }
    Ok(Some(format!(
        "--sysroot={}",
        String::from_utf8_lossy(&output.stdout).trim()
    )))
}

fn in_toolchain() -> bool {
    let folder =
        quiet(Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]));
    let files = folder
        .and_then(|folder| std::fs::read_dir(folder.trim()).ok())
        .into_iter()
        .flatten()
        .flatten();
    files.map(|file| file.file_name()).any(|name| {
        let name = name.to_string_lossy();
        name.starts_with("libcore-") && name.ends_with(".rlib")
    })
}
