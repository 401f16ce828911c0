//! What is installed with this program.

use std::path::PathBuf;

/// Where a file or folder of this name is: beside the program, or, in an app of macOS, among its
/// resources, or, for a test that cargo has built, beside the folder it lies in. Beside the program
/// if it is nowhere.
pub fn beside(name: &str) -> PathBuf {
    let program = std::env::current_exe().and_then(|program| program.canonicalize());
    let program = program.unwrap_or_default();
    let beside = program.with_file_name(name);
    let folder = program.parent();
    let around = folder.and_then(|folder| folder.parent());
    let elsewhere = match folder.and_then(|folder| folder.file_name()?.to_str()) {
        Some("MacOS") => around.map(|around| around.join("Resources").join(name)),
        Some("deps") => around.map(|around| around.join(name)),
        _ => None,
    };
    elsewhere
        .filter(|elsewhere| !beside.exists() && elsewhere.exists())
        .unwrap_or(beside)
}
