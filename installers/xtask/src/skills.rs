//! Builds the skills that come with Loqa, with the tool that makers use for theirs.

use crate::{
    build,
    command::{Failed, cargo, note, run_quietly},
    place, wasm,
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

/// Builds them into the folder `skills` beside a program, where a hub looks for them. A machine that
/// cannot build for WebAssembly is told so, and its hub has sentences without code.
///
/// # Errors
/// [`Failed`] if one does not build although it could.
pub fn build_beside(program: &Path) -> Result<(), Failed> {
    let program = program
        .canonicalize()
        .unwrap_or_else(|_| program.to_owned());
    let out = program.with_file_name("skills");
    let source = place::root().join("skills");
    let newest = newest(&source).max(newest(&place::root().join("Cargo.lock")));
    for folder in folders(&source) {
        let made = out.join(folder.file_name().unwrap_or_default());
        if newest.is_some() && modified(&made.join("skill.yaml")) > newest {
            continue;
        }
        let mut build = Command::new(&program);
        if let Err(why) = wasm::prepare(&mut build) {
            note(
                "skills",
                &format!("the built-in skills are left out: {why}"),
            );
            return Ok(());
        }
        note(
            "skills",
            &format!("{}: the first takes a minute", folder.display()),
        );
        build
            .args(["skill", "build"])
            .arg(&folder)
            .arg("--out")
            .arg(&out);
        run_quietly("skills", &mut build, "the lines above say what is wrong")?;
    }
    note("skills", "the built-in skills are ready");
    Ok(())
}

/// Builds the timers skill as a plugin of extism, which `bench skills` compares Loqa with; nothing,
/// having said so, on a machine that cannot build for WebAssembly.
///
/// # Errors
/// [`Failed`] if it does not build although it could.
pub fn extism_plugin() -> Result<Option<PathBuf>, Failed> {
    let mut build = cargo();
    if let Err(why) = wasm::prepare(&mut build) {
        note("skills", &format!("extism is left out: {why}"));
        return Ok(None);
    }
    build.args(["build", "--release", "--target", wasm::TARGET]);
    build.args(["--package", "loqa-extism-timers"]);
    build::run_command(&mut build)?.module().map(Some)
}

/// Those that have code.
fn folders(source: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(source).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|folder| folder.join("skill.yaml").is_file() && folder.join("Cargo.toml").is_file())
        .collect();
    folders.sort();
    folders
}

/// When the last of all files below was changed.
fn newest(path: &Path) -> Option<SystemTime> {
    if !path.is_dir() {
        return modified(path);
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.filter_map(|entry| newest(&entry.path())).max()
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|file| file.modified()).ok()
}
