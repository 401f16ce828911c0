//! The process, as the hub starts it, with a model of random numbers.

mod model;

use loqa_jobs::hand_over;
use loqa_protocol::{
    JobErrorKind, JobFrame, JobOptions, Message, Role, SessionId, Tool, TurnId, UtteranceId,
    wire::{FrameReader, write_frame},
};
use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::Shutdown,
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixStream,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Longer than anything here takes on any machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A worker that runs, and what it said when it was ready.
struct Worker {
    process: Child,
    control: UnixStream,
    ready: Value,
    _folder: TempDir,
}

impl Worker {
    fn start(context: u32, fond_of: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("random.gguf");
        model::write(&file, fond_of);
        let (control, theirs) = UnixStream::pair().unwrap();
        let mut process = command(&file, context)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let out = process.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        Worker {
            process,
            control,
            ready: serde_json::from_str(&line).unwrap(),
            _folder: folder,
        }
    }

    /// Opens a job with the words so far.
    fn ask(&self, options: JobOptions, said: &[&str]) -> Job {
        let (stream, theirs) = UnixStream::pair().unwrap();
        hand_over(&self.control, theirs.as_fd()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut job = Job {
            stream,
            frames: FrameReader::default(),
        };
        job.send(&JobFrame::Open {
            capability: "llm.llama:random".parse().unwrap(),
            utterance: UtteranceId {
                session: SessionId(1),
                turn: TurnId(1),
            },
            options,
        });
        for text in said {
            job.said(text, false);
        }
        job
    }

    /// All of an answer to final words.
    fn answer(&self, options: JobOptions, said: &str) -> Vec<JobFrame> {
        let mut job = self.ask(options, &[]);
        job.said(said, true);
        job.rest()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Its hub is gone, so it ends.
        self.control.shutdown(Shutdown::Both).unwrap();
        let status = self.process.wait().unwrap();
        if !std::thread::panicking() {
            assert!(status.success(), "{status}");
        }
    }
}

struct Job {
    stream: UnixStream,
    frames: FrameReader,
}

impl Job {
    fn send(&mut self, frame: &JobFrame) {
        let mut bytes = Vec::new();
        write_frame(frame, &mut bytes).unwrap();
        self.stream.write_all(&bytes).unwrap();
    }

    fn said(&mut self, text: &str, is_final: bool) {
        let text = text.into();
        self.send(&JobFrame::Said { text, is_final });
    }

    /// The next frame that is no beat; `None` at the end.
    fn next(&mut self) -> Option<JobFrame> {
        let mut buffer = [0; 4096];
        loop {
            match self.frames.next_frame().unwrap() {
                Some(JobFrame::Alive) => {}
                Some(frame) => return Some(frame),
                None => match self.stream.read(&mut buffer) {
                    Ok(0) => return None,
                    Ok(count) => self.frames.push(&buffer[..count]),
                    // What it had not read when it closed.
                    Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {
                        return None;
                    }
                    Err(error) => panic!("{error}"),
                },
            }
        }
    }

    fn rest(&mut self) -> Vec<JobFrame> {
        std::iter::from_fn(|| self.next()).collect()
    }
}

fn command(model: &Path, context: u32) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loqa-llm-worker"));
    command.arg("--model").arg(model);
    command.args(["--threads", "1", "--context", &context.to_string()]);
    command
}

fn plain(max_tokens: u32) -> JobOptions {
    JobOptions::Generate {
        system: "You answer.".into(),
        history: Vec::new(),
        tools: Vec::new(),
        max_tokens,
        temperature_milli: 0,
        seed: 0,
    }
}

fn with_tools(seed: u64) -> JobOptions {
    let tool = |name: &str, parameters: &str| Tool {
        name: name.into(),
        about: "does it.".into(),
        parameters: parameters.into(),
    };
    let light = r#"{"type":"object","properties":{
        "room":{"enum":["kitchen","living room"]},"level":{"type":"integer","minimum":0,"maximum":100},
        "note":{"type":"string","maxLength":12}},"required":["room","level","note"]}"#;
    let list = r#"{"type":"object","properties":{"items":{"type":"array","maxItems":3,
        "items":{"type":"number"}},"done":{"type":"boolean"}},"required":["items"]}"#;
    JobOptions::Generate {
        system: "You answer.".into(),
        history: vec![Message {
            role: Role::User,
            text: "hello".into(),
        }],
        tools: vec![tool("light", light), tool("list", list)],
        max_tokens: 400,
        temperature_milli: 1500,
        seed,
    }
}

fn text(frames: &[JobFrame]) -> String {
    let parts = frames.iter().map(|frame| match frame {
        JobFrame::Delta { text } => text.as_str(),
        _ => "",
    });
    parts.collect()
}

fn error(frames: &[JobFrame], kind: JobErrorKind) -> &str {
    match frames {
        [JobFrame::Error { error }] => {
            assert_eq!(error.kind, kind);
            &error.message
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_answers_as_long_as_it_may_and_is_shut_in() {
    let worker = Worker::start(u32::MAX, None);
    let ready = &worker.ready["ready"];
    assert_eq!(ready["model"], "random");
    assert_eq!(ready["context"], model::TAUGHT);
    assert!(ready["parameters"].as_u64().unwrap() > 50_000);
    assert!(ready["load_ms"].is_u64());
    if cfg!(target_os = "linux") {
        let fences = ready["confined_by"].as_array().unwrap();
        assert!(fences.contains(&"seccomp".into()), "{fences:?}");
    }
    let long = worker.answer(plain(30), "turn on the light");
    assert_eq!(long.last(), Some(&JobFrame::Finish));
    assert!(text(&long).chars().count() > 10, "{long:?}");
    let short = worker.answer(plain(10), "turn on the light");
    assert!(text(&long).starts_with(&text(&short)));
    assert!(text(&short).len() < text(&long).len());
}

#[test]
fn even_a_model_of_random_numbers_calls_tools_as_they_are() {
    let worker = Worker::start(4096, Some("{"));
    for seed in 0..12 {
        let frames = worker.answer(with_tools(seed), "what is the weather");
        let [JobFrame::ToolCall { name, arguments }, JobFrame::Finish] = &frames[..] else {
            panic!("{seed}: {frames:?}");
        };
        let arguments: Value = serde_json::from_str(arguments).unwrap();
        match name.as_str() {
            "light" => {
                assert!(
                    ["kitchen", "living room"]
                        .map(Value::from)
                        .contains(&arguments["room"])
                );
                assert!(
                    arguments["level"]
                        .as_i64()
                        .is_some_and(|it| (0..=100).contains(&it))
                );
                assert!(arguments["note"].as_str().unwrap().chars().count() <= 12);
            }
            "list" => assert!(
                arguments["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .all(Value::is_number)
            ),
            other => panic!("{other}"),
        }
    }
    // Where nothing is offered, a brace is a word like any other.
    let frames = worker.answer(plain(3), "what is the weather");
    assert_eq!(text(&frames), "{{{");
}

#[test]
fn whoever_leaves_makes_room_for_the_next() {
    let worker = Worker::start(u32::MAX, None);
    for _ in 0..20 {
        let mut first = worker.ask(plain(u32::MAX), &[]);
        first.said("turn on the light", true);
        assert!(matches!(first.next(), Some(JobFrame::Delta { .. })));
        // It waits until the first has gone.
        let mut second = worker.ask(plain(1), &[]);
        second.said("turn on the light", true);
        let left = Instant::now();
        drop(first);
        assert!(matches!(second.next(), Some(JobFrame::Delta { .. })));
        assert!(
            left.elapsed() < Duration::from_secs(1),
            "{:?}",
            left.elapsed()
        );
    }
}

#[test]
fn a_hub_that_leaves_ends_it_whatever_it_does() {
    let long = "what is it ".repeat(2000);
    for words in ["turn on the light", &long] {
        let worker = Worker::start(u32::MAX, None);
        let mut job = worker.ask(plain(4000), &[]);
        job.said(words, true);
        if words != long {
            assert!(matches!(job.next(), Some(JobFrame::Delta { .. })));
        }
        drop(worker);
    }
}

#[test]
fn words_that_were_taken_back_leave_nothing_behind() {
    let fresh = Worker::start(4096, None);
    let expected = fresh.answer(plain(40), "turn off the kitchen light");
    let worker = Worker::start(4096, None);
    let detours = [
        "turn",
        "turn on the",
        "turn on the kitchen",
        "turn off",
        "turn off the kitchen",
    ];
    for _ in 0..3 {
        let mut job = worker.ask(plain(40), &detours);
        job.said("turn off the kitchen light", true);
        assert_eq!(job.rest(), expected);
        worker.answer(with_tools(1), "what is the weather");
    }
}

#[test]
fn what_is_too_long_is_told_with_numbers() {
    let worker = Worker::start(512, None);
    let long = "what is it ".repeat(400);
    let frames = worker.answer(plain(50), &long);
    let message = error(&frames, JobErrorKind::TooMuch);
    assert!(
        message.contains("tokens") && message.contains("462 fit"),
        "{message}"
    );
    let speech = JobOptions::Synthesize {
        voice: String::new(),
        speed_permille: 0,
    };
    let wrong = worker.answer(speech, "");
    let message = error(&wrong, JobErrorKind::Backend);
    assert!(message.contains("language model"), "{message}");
    let fine = worker.answer(plain(5), "what is it");
    assert_eq!(fine.last(), Some(&JobFrame::Finish));
}

#[test]
fn a_file_that_is_no_model_is_an_error_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole.gguf");
    model::write(&whole, None);
    let whole = fs::read(whole).unwrap();
    let file = |name: &str, bytes: &[u8]| -> PathBuf {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let with = |at: usize, byte: u8| {
        let mut bytes = whole.clone();
        bytes[at] = byte;
        bytes
    };
    for (path, reason) in [
        (file("empty", b""), "truncated"),
        (file("head", &whole[..3000]), "truncated"),
        // Only llama.cpp knows how long a tensor is.
        (
            file("data", &whole[..whole.len() - 99]),
            "not within the file bounds",
        ),
        (file("magic", &with(0, b'g')), "no GGUF file"),
        (file("version", &with(4, 99)), "GGUF version is 99"),
        (folder.path().join("missing"), "cannot be read"),
        (folder.path().into(), "no GGUF file"),
    ] {
        let output = command(&path, 512).stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", path.display());
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        let error = told["error"].as_str().unwrap();
        let name = path.file_name().unwrap().to_string_lossy();
        assert!(
            error.starts_with(&*name) && error.contains(reason),
            "{error}"
        );
    }
    let output = Command::new(env!("CARGO_BIN_EXE_loqa-llm-worker"))
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("something is missing"));
}
