//! Nodes as people have them: `loqa-node` beside `loqa`, paired at a command line, hearing recordings.

use crate::{
    process::{CEILING, Process},
    program::{Ended, Home, loqa},
    voices::SAMPLE_RATE_HZ,
};
use anyhow::{Context, Result, bail, ensure};
use loqa_inference::wav;
use serde_json::{Deserializer, Value};
use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    process::{Child, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex, PoisonError, mpsc},
    time::{Duration, Instant},
};

/// Of a recording, in a second.
const RATE: usize = SAMPLE_RATE_HZ;

/// `loqa node pair`, as a person runs it.
pub struct Pairing {
    command: Child,
    /// What it shows: addresses, digits, a QR code.
    pub shown: Value,
    rest: ChildStdout,
}

impl Pairing {
    /// Starts it, as prepared, and waits until it shows something.
    ///
    /// # Errors
    /// It shows nothing.
    pub fn begin(mut command: Command) -> Result<Pairing> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut command = command.stderr(Stdio::piped()).spawn()?;
        let mut rest = command.stdout.take().context("no output")?;
        let mut documents = Deserializer::from_reader(&mut rest).into_iter();
        let shown: Option<Result<Value, _>> = documents.next();
        drop(documents);
        let shown = shown.context("it shows nothing")??;
        Ok(Pairing {
            command,
            shown,
            rest,
        })
    }

    /// The digits that a person types at the node.
    ///
    /// # Errors
    /// It shows none.
    pub fn digits(&self) -> Result<String> {
        let digits = self.shown["code"].as_str();
        Ok(digits.context("no code")?.to_owned())
    }

    /// Where a node of this machine finds the hub.
    ///
    /// # Errors
    /// It does not show where it is.
    pub fn here(&self) -> Result<SocketAddr> {
        let address = self.shown["addresses"][0].as_str();
        let address: SocketAddr = address.context("nowhere")?.parse()?;
        Ok((Ipv4Addr::LOCALHOST, address.port()).into())
    }

    /// What the person answers, and what they saw.
    ///
    /// # Errors
    /// It does not read.
    pub fn answer(mut self, answer: &str) -> Result<Ended> {
        let mut stdin = self.command.stdin.take().context("no input")?;
        stdin.write_all(answer.as_bytes())?;
        drop(stdin);
        let mut out = String::new();
        self.rest.read_to_string(&mut out)?;
        let output = self.command.wait_with_output()?;
        let mut ended: Ended = output.into();
        ended.out = out;
        Ok(ended)
    }
}

/// A home whose hub is found again where it was.
///
/// # Errors
/// There is no port, or no folder.
pub fn house() -> Result<Home> {
    let home = Home::new()?;
    let port = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?
        .local_addr()?
        .port();
    home.write("config/loqa/loqa.toml", format!("[nodes]\nport = {port}\n"))?;
    Ok(home)
}

/// `loqa-node ARGS…` of this build, whose settings are in `NAME.toml` of this home.
pub fn node(home: &Home, name: &str, args: &[&str]) -> Command {
    let mut command = Command::new(loqa().with_file_name("loqa-node"));
    home.surround(&mut command);
    command
        .args(args)
        .arg("--config")
        .arg(home.path(&format!("{name}.toml")))
        .arg("--data")
        .arg(home.path(name));
    command
}

/// Pairs a node with a hub, as two people do it, one at each machine: `joins` is what the one at the node does. What that
/// has shown.
///
/// # Errors
/// They are not paired, or do not see the same words.
pub fn pair(hub: Command, joins: impl FnOnce(&Pairing) -> Result<Command>) -> Result<String> {
    let pairing = Pairing::begin(hub)?;
    let mut joining = joins(&pairing)?;
    let joining = joining.stdout(Stdio::piped()).spawn()?;
    let ended = pairing.answer("yes\n")?;
    let joined = joining.wait_with_output()?;
    ensure!(ended.code == Some(0), "{ended:#?} {joined:?}");
    ensure!(joined.status.success(), "{joined:?}");
    let shown = String::from_utf8(joined.stdout)?;
    alike(&shown, &ended)?;
    Ok(shown)
}

/// Pairs a node of this machine with the hub of its home.
///
/// # Errors
/// As [`pair`].
pub fn pair_here(home: &Home, name: &str) -> Result<()> {
    let hub = home.command(["node", "pair", "--json"]);
    let joins = |pairing: &Pairing| {
        let (digits, at) = (pairing.digits()?, pairing.here()?.to_string());
        Ok(node(home, name, &["pair", &digits, "--hub", &at]))
    };
    pair(hub, joins).map(drop)
}

/// `loqa-node run`, and what it says.
pub struct Running {
    program: Process,
    lines: mpsc::Receiver<String>,
    /// Those that were read.
    seen: Vec<String>,
}

impl Running {
    /// Starts it, as prepared.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(mut command: Command) -> Result<Running> {
        let mut program = Process::start(command.stderr(Stdio::piped()))?;
        let told = BufReader::new(program.0.stderr.take().context("no output")?);
        // Far more lines than any test makes; then it waits.
        let (tells, lines) = mpsc::sync_channel(10_000);
        std::thread::spawn(move || {
            for line in told.lines().map_while(Result::ok) {
                if tells.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Running {
            program,
            lines,
            seen: Vec::new(),
        })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.program.0.id()
    }

    /// The next line in which it says one of these.
    ///
    /// # Errors
    /// It does not say that, or ends before.
    pub fn until(&mut self, words: &[&str]) -> Result<String> {
        let deadline = Instant::now() + CEILING;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                let seen = &self.seen;
                bail!("waited in vain for {words:?}; it has said {seen:#?}");
            };
            self.seen.push(line.clone());
            if words.iter().any(|words| line.contains(words)) {
                return Ok(line);
            }
        }
    }

    /// What it says next, if it does so soon.
    pub fn next(&mut self, soon: Duration) -> Option<String> {
        let line = self.lines.recv_timeout(soon).ok()?;
        self.seen.push(line.clone());
        Some(line)
    }

    /// Waits until it ends by itself; all that it has said.
    ///
    /// # Errors
    /// It fails.
    pub fn end(mut self) -> Result<Vec<String>> {
        let mut seen = std::mem::take(&mut self.seen);
        seen.extend(self.lines.iter());
        let ended = self.program.0.wait()?;
        ensure!(ended.success(), "{ended:?}: {seen:#?}");
        Ok(seen)
    }
}

/// Whether both sides of a pairing have shown the same three words: what the node has printed, and what the person saw at
/// the hub.
fn alike(node: &str, hub: &Ended) -> Result<()> {
    let mut lines = node.lines().map(str::trim);
    let words = lines.find(|line| line.contains("   "));
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = plain(words.context("no words")?);
    ensure!(plain(&hub.err).contains(&words), "{words}: {hub:#?}");
    Ok(())
}

/// What a microphone would hear: a second of silence, the phrase, and a command.
///
/// # Errors
/// There is no voice.
pub fn called(command: &str) -> Result<Vec<f32>> {
    let mut all = vec![0.0; RATE];
    for (text, pause) in [("hey loqa", RATE / 2), (command, 3 * RATE / 2)] {
        all.extend_from_slice(&said(text)?);
        all.extend(vec![0.0; pause]);
    }
    Ok(all)
}

/// Nobody says anything for so long.
pub fn silence(seconds: usize) -> Vec<f32> {
    vec![0.0; seconds * RATE]
}

/// A text, spoken; each is spoken once.
///
/// # Errors
/// There is no voice.
pub fn said(text: &str) -> Result<Arc<[f32]>> {
    static SAID: Mutex<BTreeMap<String, Arc<[f32]>>> = Mutex::new(BTreeMap::new());
    let mut all = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(samples) = all.get(text) {
        return Ok(samples.clone());
    }
    let home = Home::new()?;
    let ended = home.run(["say", text, "--out", "said.wav"])?;
    ensure!(ended.code == Some(0), "{ended:#?}");
    let samples: Arc<[f32]> = wav::read(home.path("said.wav"))?.into();
    all.insert(text.to_owned(), samples.clone());
    Ok(samples)
}

/// How many samples of a reply can be heard; 0 where there is none.
pub fn loud(home: &Home, name: &str) -> usize {
    let reply = wav::read(home.path(name)).unwrap_or_default();
    reply.iter().filter(|it| it.abs() > 0.05).count()
}

/// The nodes of a household, as `loqa node list --json` tells.
///
/// # Errors
/// It fails.
pub fn listed(ended: &Ended) -> Result<Vec<Value>> {
    ensure!(ended.code == Some(0), "{ended:#?}");
    let documents = ended.json()?;
    let list = documents.last().and_then(Value::as_array);
    Ok(list.context("no list")?.clone())
}
