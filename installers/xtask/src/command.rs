//! Running other programs: what is said, what a failure says, which exit code passes through.
//!
//! Children share the terminal's process group, so Ctrl-C reaches them directly.

use std::{
    ffi::OsStr,
    fmt,
    io::ErrorKind,
    os::unix::process::{CommandExt, ExitStatusExt},
    process::{Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

/// A step that did not work.
#[derive(Debug)]
pub struct Failed {
    /// What the step was for.
    pub step: String,
    /// Why it ended, as far as is known.
    pub reason: String,
    /// What the person can do; may be empty.
    pub remedy: String,
    /// The exit code to pass on.
    pub code: u8,
}

impl fmt::Display for Failed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.step, self.reason)?;
        if !self.remedy.is_empty() {
            write!(out, "\n         {}", self.remedy)?;
        }
        Ok(())
    }
}

impl std::error::Error for Failed {}

/// Says one line: the step, then the text.
pub fn note(step: &str, text: &str) {
    eprintln!("{step:<8} {text}");
}

/// A command that runs in the repository's root.
pub fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(crate::place::root());
    command
}

/// The cargo that runs this.
pub fn cargo() -> Command {
    program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs `command` to its end.
///
/// # Errors
/// [`Failed`] with the child's exit code (128 + the signal's number if a signal ended it, 127 if
/// the program is not installed).
pub fn run(step: &str, command: &mut Command, remedy: &str) -> Result<(), Failed> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failed {
            step: step.into(),
            reason: describe(command, status),
            remedy: remedy.into(),
            code: code(status),
        }),
        Err(error) => Err(not_started(step, command, &error, remedy)),
    }
}

/// Like [`run`], but ends the child, and whatever it started, when the time is over.
///
/// # Errors
/// As [`run`], and if it did not end in time.
pub fn run_within(limit: Duration, step: &str, command: &mut Command) -> Result<(), Failed> {
    let mut child = command
        .stdin(Stdio::null())
        .spawn()
        .map_err(|error| not_started(step, command, &error, ""))?;
    let id = child.id();
    let (ended, watch) = mpsc::channel::<()>();
    let watchdog = thread::spawn(move || {
        let late = watch.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout);
        if late {
            kill_tree(id);
        }
        late
    });
    let status = child.wait();
    drop(ended);
    let late = watchdog.join().unwrap_or_default();
    let reason = match status {
        Ok(status) if status.success() && !late => return Ok(()),
        _ if late => format!(
            "it did not end within {} min: what it names as running hangs",
            limit.as_secs() / 60
        ),
        Ok(status) => format!("it ended with {status}"),
        Err(error) => error.to_string(),
    };
    Err(Failed {
        step: step.into(),
        reason,
        remedy: String::new(),
        code: 1,
    })
}

/// Ends a process after everything that it started.
fn kill_tree(id: u32) {
    let id = id.to_string();
    let children = quiet(Command::new("pgrep").args(["-P", &id])).unwrap_or_default();
    for child in children.lines().filter_map(|line| line.trim().parse().ok()) {
        kill_tree(child);
    }
    quiet(Command::new("kill").args(["-KILL", &id]));
}

/// Like [`run`], but what the child says is shown only if it fails.
///
/// # Errors
/// As [`run`].
pub fn run_quietly(step: &str, command: &mut Command, remedy: &str) -> Result<(), Failed> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| not_started(step, command, &error, remedy))?;
    if output.status.success() {
        return Ok(());
    }
    eprint!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Err(Failed {
        step: step.into(),
        reason: describe(command, output.status),
        remedy: remedy.into(),
        code: code(output.status),
    })
}

/// Runs `command` without letting it speak; its standard output if it succeeded.
pub fn quiet(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Becomes `command`: signals and the exit code are its own. Returns only if it cannot start.
///
/// # Errors
/// [`Failed`] if the program could not be started.
pub fn become_program(command: &mut Command) -> anyhow::Result<()> {
    let error = command.exec();
    Err(not_started("start", command, &error, "").into())
}

/// Whether a program of this name can be found.
pub fn installed(name: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(name).is_file())
}

fn not_started(step: &str, command: &Command, error: &std::io::Error, remedy: &str) -> Failed {
    let name = command.get_program().to_string_lossy();
    let reason = match error.kind() {
        ErrorKind::NotFound => format!("`{name}` is not installed"),
        _ => format!("`{name}` could not be started: {error}"),
    };
    Failed {
        step: step.into(),
        reason,
        remedy: remedy.into(),
        code: 127,
    }
}

fn describe(command: &Command, status: ExitStatus) -> String {
    let mut line = command
        .get_program()
        .to_string_lossy()
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_owned();
    for word in command.get_args() {
        line.push(' ');
        line.push_str(&word.to_string_lossy());
    }
    format!("`{line}` ended with {status}")
}

fn code(status: ExitStatus) -> u8 {
    let code = status
        .code()
        .or(status.signal().map(|signal| 128 + signal))
        .unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}
