//! What tests in a real browser need beside the browser: two packages for Node.

use crate::{
    command::{installed, note, quiet, run_quietly},
    place,
};
use std::{fs, path::PathBuf, process::Command};

/// The oldest Node that the packages run on.
const NODE: u32 = 20;

/// The folder in which the packages of `tests/browser/package.json` lie; nothing where Node is not
/// there or too old, and tests in a browser are skipped.
pub fn ensure() -> Option<PathBuf> {
    let version = quiet(Command::new("node").arg("--version")).unwrap_or_default();
    let major = version.trim_start_matches('v').split('.').next()?.parse();
    if major.unwrap_or(0) < NODE || !installed("npm") {
        note(
            "setup",
            &format!("skipped: tests in a browser need Node {NODE} or newer, with npm"),
        );
        return None;
    }
    let wanted = place::root().join("tests/browser");
    let folder = place::cache().join("browser");
    let lock = "package-lock.json";
    let is_current = fs::read(wanted.join(lock)).ok() == fs::read(folder.join(lock)).ok();
    if is_current && folder.join("node_modules").is_dir() {
        return Some(folder);
    }
    note("setup", "packages for tests in a browser");
    fs::create_dir_all(&folder).ok()?;
    fs::copy(wanted.join("package.json"), folder.join("package.json")).ok()?;
    fs::copy(wanted.join(lock), folder.join(lock)).ok()?;
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    npm.current_dir(&folder);
    if let Err(failed) = run_quietly("setup", &mut npm, "") {
        note(
            "setup",
            &format!("skipped: tests in a browser ({})", failed.reason),
        );
        // Half of it would be taken for all of it.
        let _ = fs::remove_file(folder.join(lock));
        return None;
    }
    Some(folder)
}
