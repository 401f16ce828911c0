//! A core dump is a file with every word that was in memory.

use rustix::process::{Resource, Rlimit, setrlimit};

/// This process, and those it starts, leave none when they crash.
pub fn forbid() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::warn!(%error, "a crash may leave a core dump");
    }
}
