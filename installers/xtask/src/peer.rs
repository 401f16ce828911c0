//! Programs that Loqa is compared with.

use crate::{
    command::{note, program},
    place,
};
use std::{path::PathBuf, process::Stdio};

/// NATS's server, fetched if need be; `None`, having said so, where it cannot be had.
pub fn nats_server() -> Option<PathBuf> {
    let script = place::root().join("installers/nats-server");
    let folder = place::cache().join("nats");
    let output = program(&script)
        .arg(folder)
        .stderr(Stdio::inherit())
        .output();
    match output {
        Ok(output) if output.status.success() => {
            let path = String::from_utf8_lossy(&output.stdout);
            Some(PathBuf::from(path.trim()))
        }
        _ => {
            note(
                "bench",
                "JetStream is left out: NATS's server cannot be had",
            );
            None
        }
    }
}
