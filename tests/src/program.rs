//! The `loqa` program as a person starts it: with a data folder, settings and a household of its
//! own, and nothing played aloud.

use crate::process::CEILING;
use anyhow::{Context, Result, bail};
use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio},
    sync::{OnceLock, mpsc},
    time::Instant,
};

/// A home that `loqa` is run in.
pub struct Home {
    folder: tempfile::TempDir,
    /// Hides libraries and programs of the machine.
    hides: bool,
}

/// How a run of `loqa` ended.
#[derive(Debug)]
pub struct Ended {
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
    /// Exit code; `None` if a signal ended it.
    pub code: Option<i32>,
}

/// A hub that answers. Dropping it kills it, as a power cut would.
pub struct Hub {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Home {
    /// An empty one, with the demo household.
    ///
    /// # Errors
    /// The temporary folder cannot be made.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self {
            folder: tempfile::tempdir()?,
            hides: false,
        })
    }

    /// The same on a machine without a recogniser: typed commands work as ever, and a hub is up at
    /// once instead of after the seconds that its ears take. (On Linux; elsewhere it stays as it is.)
    ///
    /// # Errors
    /// The temporary folder cannot be written.
    pub fn deaf(self) -> std::io::Result<Self> {
        self.without(&[
            "libpocketsphinx.so",
            "libpocketsphinx.so.3",
            "libpocketsphinx.so.5",
            "libsphinxbase.so.3",
        ])
    }

    /// The same on a machine without a voice. (On Linux.)
    ///
    /// # Errors
    /// The temporary folder cannot be written.
    pub fn mute(self) -> std::io::Result<Self> {
        self.without(&["libflite.so", "libflite.so.1"])
    }

    /// Programs, such as espeak-ng, are gone with any library.
    fn without(self, libraries: &[&str]) -> std::io::Result<Self> {
        for library in libraries {
            // Found before the real ones, and no library.
            self.write(&format!("missing/{library}"), "")?;
        }
        Ok(Self {
            hides: true,
            ..self
        })
    }

    /// A path inside.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file inside, making the folders on the way; its path.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> std::io::Result<PathBuf> {
        let path = self.path(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&path, content)?;
        Ok(path)
    }

    /// `loqa ARGS…`, not yet started.
    pub fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        self.command_of(loqa(), args)
    }

    /// `PROGRAM ARGS…`, which takes the same flags and settings as `loqa`, not yet started.
    pub fn command_of<S: AsRef<OsStr>>(
        &self,
        program: &Path,
        args: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = Command::new(program);
        command.args(args).arg("--data").arg(self.path("data"));
        self.surround(&mut command);
        command
    }

    /// Has a command run in this home.
    pub fn surround(&self, command: &mut Command) {
        command
            .current_dir(self.folder.path())
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("LOQA_HUB_KEYRING", "false")
            .env("LOQA_VOICE_OUTPUT", "none")
            .env("LOQA_LISTEN_MICROPHONE", "none")
            .env("LOQA_DASHBOARD_PORT", "0")
            // What is understood is of interest, not how busy this machine is.
            .env("LOQA_HEARING_WAIT_MS", "20000")
            .env("LOQA_LOG", "warn")
            .env_remove("LOQA_CONFIG");
        if self.hides {
            let missing = self.path("missing");
            command
                .env("LD_LIBRARY_PATH", &missing)
                .env("PATH", missing);
        }
    }

    /// Runs `loqa ARGS…` to its end.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn run<S: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
    ) -> std::io::Result<Ended> {
        let output = self.command(args).stdin(Stdio::null()).output()?;
        Ok(output.into())
    }

    /// Runs `loqa ARGS…` to its end with `input` on its standard input.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn run_with_input<S: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
        input: &[u8],
    ) -> std::io::Result<Ended> {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // A program that refuses its arguments does not read.
            let _ = stdin.write_all(input);
        }
        Ok(child.wait_with_output()?.into())
    }

    /// Starts `loqa hub` and waits until it says that it is up.
    ///
    /// # Errors
    /// It cannot be started, or ended before it was up.
    pub fn hub(&self) -> std::io::Result<Hub> {
        Hub::start(self.command(["hub"]))
    }
}

impl Hub {
    /// Starts a hub as prepared, and waits until it says that it is up.
    ///
    /// # Errors
    /// As [`Home::hub`].
    pub fn start(mut command: Command) -> std::io::Result<Hub> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let out = child.stdout.take().map(BufReader::new);
        let mut out = out.ok_or_else(|| std::io::Error::other("no standard output"))?;
        let mut line = String::new();
        while !line.contains("Loqa is up") {
            line.clear();
            if out.read_line(&mut line)? == 0 {
                child.wait()?;
                return Err(std::io::Error::other("the hub ended before it was up"));
            }
        }
        Ok(Hub { child, out })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as Ctrl-C does, and waits; its exit code.
    ///
    /// # Errors
    /// The signal cannot be sent.
    pub fn interrupt(mut self) -> std::io::Result<Option<i32>> {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-INT", &id]).status()?;
        // It may still have something to say, and must not wait for a reader.
        while self.out.read_line(&mut String::new())? > 0 {}
        Ok(self.child.wait()?.code())
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a document is the one that is looked for.
pub type Wanted<'a> = &'a dyn Fn(&serde_json::Value) -> bool;

/// A hub that tells what it hears and does, a JSON document per line.
pub struct Listener {
    hub: Option<Child>,
    keyboard: Option<ChildStdin>,
    lines: mpsc::Receiver<String>,
}

impl Listener {
    /// Starts `loqa hub --json`, as prepared.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(mut hub: Command) -> Result<Listener> {
        let mut hub = hub.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let out = BufReader::new(hub.stdout.take().context("no standard output")?);
        // Far more lines than any test makes; then the hub waits.
        let (told, lines) = mpsc::sync_channel(10_000);
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if told.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Listener {
            keyboard: hub.stdin.take(),
            hub: Some(hub),
            lines,
        })
    }

    /// Its process id; `None` once it has ended.
    pub fn id(&self) -> Option<u32> {
        self.hub.as_ref().map(Child::id)
    }

    /// Presses Enter in front of it.
    ///
    /// # Errors
    /// It does not read.
    pub fn press_enter(&mut self) -> Result<()> {
        let keyboard = self.keyboard.as_mut().context("no keyboard")?;
        Ok(keyboard.write_all(b"\n")?)
    }

    /// The next document that is looked for.
    ///
    /// # Errors
    /// It does not come within 100 s.
    pub fn until(
        &mut self,
        what: &str,
        wanted: impl Fn(&serde_json::Value) -> bool,
    ) -> Result<serde_json::Value> {
        let [document] = self.until_each([(what, &wanted)])?;
        Ok(document)
    }

    /// The next document of each kind that is looked for, whichever comes first: events and the
    /// state of the microphone reach it by two ways.
    ///
    /// # Errors
    /// One does not come within 100 s.
    pub fn until_each<const N: usize>(
        &mut self,
        wanted: [(&str, Wanted<'_>); N],
    ) -> Result<[serde_json::Value; N]> {
        let deadline = Instant::now() + CEILING;
        let mut before = Vec::new();
        let mut found = [const { None }; N];
        while let Some(missing) = found.iter().position(Option::is_none) {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                let what = wanted[missing].0;
                bail!("waited in vain for {what}; before that came {before:#?}");
            };
            let document: serde_json::Value =
                serde_json::from_str(&line).with_context(|| line.clone())?;
            for (found, (_, wanted)) in found.iter_mut().zip(&wanted) {
                if found.is_none() && wanted(&document) {
                    *found = Some(document.clone());
                }
            }
            before.push(line);
        }
        Ok(found.map(Option::unwrap_or_default))
    }

    /// Ends it as Ctrl-C does, and waits; its exit code.
    ///
    /// # Errors
    /// The signal cannot be sent.
    pub fn interrupt(mut self) -> Result<Option<i32>> {
        let Some(mut hub) = self.hub.take() else {
            return Ok(None);
        };
        let id = hub.id().to_string();
        Command::new("kill").args(["-INT", &id]).status()?;
        Ok(hub.wait()?.code())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(mut hub) = self.hub.take() {
            let _ = hub.kill();
            let _ = hub.wait();
        }
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code(),
        }
    }
}

impl Ended {
    /// Standard output as JSON, a document per line.
    ///
    /// # Errors
    /// A line is something else.
    pub fn json(&self) -> serde_json::Result<Vec<serde_json::Value>> {
        self.out.lines().map(serde_json::from_str).collect()
    }

    /// The summaries among the JSON lines: one per turn.
    ///
    /// # Errors
    /// A line is not JSON.
    pub fn turns(&self) -> serde_json::Result<Vec<serde_json::Value>> {
        let mut lines = self.json()?;
        lines.retain(|line| line["subject"] == "turn.summary");
        Ok(lines)
    }
}

/// The processes that a process has started and that still run: their ids and command lines.
///
/// # Errors
/// There is no `/proc`.
pub fn children(id: u32) -> std::io::Result<Vec<(u32, String)>> {
    let mut children = Vec::new();
    for entry in std::fs::read_dir("/proc")?.flatten() {
        let name = entry.file_name();
        let Some(child) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // One that has just ended says nothing.
        let read = |file| std::fs::read_to_string(entry.path().join(file)).unwrap_or_default();
        let stat = read("stat");
        // The name in brackets may hold spaces.
        let after_name = stat.rsplit(')').next();
        let parent = after_name.and_then(|rest| rest.split_whitespace().nth(1));
        if parent == Some(&id.to_string()) {
            children.push((child, read("cmdline").replace('\0', " ")));
        }
    }
    Ok(children)
}

/// Where the program is: `LOQA_BIN`, else built once by this process.
///
/// # Panics
/// If it does not build.
pub fn loqa() -> &'static Path {
    static LOQA: OnceLock<PathBuf> = OnceLock::new();
    LOQA.get_or_init(|| std::env::var_os("LOQA_BIN").map_or_else(build, PathBuf::from))
}

/// # Panics
/// If it does not build: no test can go on without it.
fn build() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build
        .args([
            "build",
            "--quiet",
            "--package",
            "loqa-engine",
            "--bin",
            "loqa",
        ])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = build.stderr(Stdio::inherit()).output();
    let messages = output.map(|output| output.stdout).unwrap_or_default();
    let messages = String::from_utf8_lossy(&messages).into_owned();
    let program = messages.lines().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        message["executable"].as_str().map(PathBuf::from)
    });
    program.unwrap_or_else(|| panic!("`cargo build --package loqa-engine` failed"))
}
