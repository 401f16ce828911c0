//! The window: whether this machine can build and show it.

use crate::command::{note, quiet};
use std::{env, process::Command};

/// Of its package and its program.
pub const NAME: &str = "loqa-desktop";

/// What it is drawn with, as pkg-config knows it. macOS has its own.
const WEBKIT: &str = "webkit2gtk-4.1";

/// Whether there is a display to open it on.
pub fn has_display() -> bool {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(target_os = "macos") || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}

/// Whether it can be built; says so if not.
pub fn can_be_built() -> bool {
    let found = || quiet(Command::new("pkg-config").args(["--exists", WEBKIT])).is_some();
    let can = cfg!(target_os = "macos") || found();
    if !can {
        note("window", &format!("skipped: {WEBKIT} is not installed"));
    }
    can
}
