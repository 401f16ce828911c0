//! Nodes as people have them: `loqa-node` beside `loqa`, paired at a command line, hearing recordings.

use crate::program::{Ended, Home, loqa};
use anyhow::{Context, Result, ensure};
use loqa_inference::wav;
use serde_json::{Deserializer, Value};
use std::{
    collections::BTreeMap,
    io::{Read, Write},
    process::{Child, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
};

/// Of a recording, in a second.
const RATE: usize = 16_000;

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

/// `loqa-node ARGS…` of this build, in this home.
pub fn node(home: &Home, args: &[&str]) -> Command {
    let mut command = Command::new(loqa().with_file_name("loqa-node"));
    home.surround(&mut command);
    command
        .args(args)
        .arg("--config")
        .arg(home.path("node.toml"))
        .arg("--data")
        .arg(home.path("puck"));
    command
}

/// Whether both sides of a pairing have shown the same three words: what the node has printed, and what the person saw at
/// the hub.
///
/// # Errors
/// They have not.
pub fn alike(node: &str, hub: &Ended) -> Result<()> {
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
fn said(text: &str) -> Result<Arc<[f32]>> {
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

/// Writes a recording into a home.
///
/// # Errors
/// It cannot be written.
pub fn record(home: &Home, name: &str, samples: &[f32]) -> Result<()> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE as u32,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(home.path(name), spec)?;
    for sample in samples {
        writer.write_sample((sample * 32_000.0) as i16)?;
    }
    Ok(writer.finalize()?)
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
