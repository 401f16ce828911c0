//! A network namespace, which is there as long as a process that a test holds: it ends with the test, whatever becomes of that.

use anyhow::{Context, Result, bail, ensure};
use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Write},
    path::Path,
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

    /// A new one, maybe with name servers of its own; `None` without the right to it.
    pub fn new(names: Option<&Path>) -> Option<Namespace> {
        let mount = names.map_or_else(String::new, |names| {
            format!(
                "mount --bind '{}' \"$(realpath /etc/resolv.conf)\" && ",
                names.display()
            )
        });
        let mut holder = Command::new("unshare");
        holder
            .args(["--net", "--mount", "--", "bash", "-c"])
            .arg(format!("{mount}exec \"$0\""));
        Namespace::hold(holder).ok()
    }

    /// The process that has it.
    pub fn id(&self) -> String {
        self.holder.id().to_string()
    }

    /// A program in it, not yet started.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.id(), "--net", "--mount", "--"])
            .arg(program);
        command
    }

    /// A line of the shell in it, not yet started.
    pub fn enter(&self, script: &str) -> Command {
        let mut command = self.command("bash");
        command.args(["-c", script]);
        command
    }

    /// Runs a line in it; what it says.
    ///
    /// # Errors
    /// It fails.
    pub fn run(&self, script: &str) -> Result<String> {
        let output = self.enter(script).stdin(Stdio::null()).output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success(), "{script}: {said}");
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
