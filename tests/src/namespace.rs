//! A network namespace, which is there as long as a process that a test holds: it ends with the test, whatever becomes of that.

use anyhow::{Context, Result, bail};
use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
};

/// One.
pub struct Namespace {
    holder: Child,
}

impl Namespace {
    /// That of a process which is started with `command`: it is handed one more argument, the program `cat`, and runs it. That
    /// echoes once, as a sign that it is there, and lives as long as its standard input.
    ///
    /// # Errors
    /// The kernel or the account permits none, in words.
    pub fn hold(mut command: Command) -> Result<Namespace> {
        let mut holder = command
            .arg("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let stdin = holder.stdin.as_mut().context("no input")?;
        // One that was refused does not read.
        let _ = stdin.write_all(b"here\n");
        let mut line = String::new();
        BufReader::new(holder.stdout.take().context("no output")?).read_line(&mut line)?;
        if line != "here\n" {
            let output = holder.wait_with_output()?;
            let why = String::from_utf8_lossy(&output.stderr);
            bail!("no network namespace: {}", why.trim());
        }
        Ok(Namespace { holder })
    }

    /// The process that has it.
    pub fn id(&self) -> String {
        self.holder.id().to_string()
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
