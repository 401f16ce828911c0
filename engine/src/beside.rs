//! What is installed with this program.

use std::path::PathBuf;

/// Where a file or folder of this name is: beside the program, or, in an app of macOS, among its
/// resources. Beside the program if it is nowhere.
pub fn beside(name: &str) -> PathBuf {
    let program = std::env::current_exe().and_then(|program| program.canonicalize());
    let program = program.unwrap_or_default();
    let beside = program.with_file_name(name);
    let resource = program.with_file_name("../Resources").join(name);
    if !beside.exists() && resource.exists() {
        return resource;
    }
    beside
}
