//! What Loqa's models are compared with: the same by their Python bindings.

use anyhow::Result;
use serde::de::DeserializeOwned;
use std::{ffi::OsString, process::Command};

/// Runs a script of `tests/python`, which prints one line of JSON; `None`, with the reason on standard error,
/// where there is no Python that has `what`, which `cargo xtask bench SUBJECT` brings.
///
/// # Errors
/// It cannot be run, or fails, or prints something else.
pub fn measure<T: DeserializeOwned>(
    what: &str,
    subject: &str,
    script: &str,
    args: &[OsString],
) -> Result<Option<T>> {
    let Some(python) = std::env::var_os("LOQA_PYTHON") else {
        eprintln!("skipped: {what} (`cargo xtask bench {subject}` brings it)");
        return Ok(None);
    };
    let script = format!("{}/python/{script}", env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(python).arg(script).args(args).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{what}: {said}");
    Ok(Some(serde_json::from_slice(&output.stdout)?))
}
