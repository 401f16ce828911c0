//! Programs that a test starts and ends: nodes, and what is beside Loqa, such as a screen, a bus, a keyring.

use anyhow::{Context, Result, bail, ensure};
use std::{
    env,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Longer than a program that works leaves anybody waiting, also on a machine under load.
pub const CEILING: Duration = Duration::from_secs(100);
/// Between two looks at something that does not tell by itself.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Ends with its owner, as kill -9 does.
pub struct Process(pub Child);

impl Process {
    /// Starts it.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(command: &mut Command) -> Result<Process> {
        let name = command.get_program().to_owned();
        let started = command.spawn();
        Ok(Process(
            started.with_context(|| format!("{name:?} cannot be started"))?,
        ))
    }

    /// Starts one that tells in a line where it is.
    ///
    /// # Errors
    /// It cannot be started, or tells nothing.
    pub fn that_tells(command: &mut Command) -> Result<(Process, String)> {
        let name = command.get_program().to_owned();
        let mut process = Process::start(command.stdin(Stdio::null()).stdout(Stdio::piped()))?;
        let out = process.0.stdout.take().context("no standard output")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        ensure!(!line.trim().is_empty(), "{name:?} ended before it was up");
        Ok((process, line.trim().to_owned()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Where a program is.
pub fn installed(name: &str) -> Option<PathBuf> {
    let paths = env::var_os("PATH")?;
    let mut found = env::split_paths(&paths).map(|folder| folder.join(name));
    found.find(|path| Path::is_file(path))
}

/// Waits until something is so.
///
/// # Errors
/// It is not within 100 s.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) -> Result<()> {
    let deadline = Instant::now() + CEILING;
    while !is_so() {
        if Instant::now() > deadline {
            bail!("waited in vain until {what}");
        }
        thread::sleep(LOOK_AGAIN);
    }
    Ok(())
}
