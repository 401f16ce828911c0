//! `loqa-stt-worker`: started by the hub, with the socket that jobs are handed over as its standard input.
//! It says one line of JSON when it is ready, or why it never will be.

mod agreement;
mod decoder;
mod gate;
mod heard;
mod job;
mod listener;
mod watched;
mod whisper;

use clap::Parser;
use decoder::{Ask, Decoder};
use loqa_core::model_file::WhisperFile;
use loqa_fence::Fence;
use serde_json::{Value, json};
use std::{
    error::Error,
    fs::File,
    io::{self, Read, Write},
    os::{fd::AsFd, unix::net::UnixStream},
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, Mutex},
    time::Instant,
};
use watched::Watched;
use whisper::Whisper;

/// What this process yields to: whatever is heard and said at once goes first.
const NICE: i32 = 5;

/// Runs a whisper model for the hub. Nobody else has a use for it.
#[derive(Parser)]
struct Arguments {
    /// A model in whisper.cpp's format
    #[arg(long)]
    model: PathBuf,
    /// Threads to compute with
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(i32).range(1..=64))]
    threads: i32,
    /// The most memory it may ask for, bytes
    #[arg(long)]
    memory: Option<u64>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let (line, loaded) = match load(&arguments) {
        Ok((whisper, ready)) => (json!({ "ready": ready }), Some(whisper)),
        Err(error) => (json!({ "error": error.to_string() }), None),
    };
    let mut out = io::stdout().lock();
    if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
        return ExitCode::FAILURE;
    }
    let Some(whisper) = loaded else {
        return ExitCode::FAILURE;
    };
    match serve(whisper) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("loqa-stt-worker: {error}");
            ExitCode::FAILURE
        }
    }
}

fn load(arguments: &Arguments) -> Result<(Whisper, Value), Box<dyn Error>> {
    able()?;
    let began = Instant::now();
    let shown = arguments.model.display();
    let opened = |error: io::Error| format!("{shown} cannot be read: {error}");
    let mut file = File::open(&arguments.model).map_err(opened)?;
    let length = file.metadata().map_err(opened)?.len();
    let mut head = Vec::new();
    let first = (&mut file).take(WhisperFile::HEAD as u64);
    { first }.read_to_end(&mut head).map_err(opened)?;
    let kind = WhisperFile::read(&head, length).map_err(|error| format!("{shown}: {error}"))?;
    // Where nobody may be yielded to, nobody is.
    let _ = rustix::process::nice(NICE);
    let confined_by = loqa_fence::confine(&Fence {
        reads: &[&arguments.model],
        takes_streams: true,
        memory: arguments.memory,
        ..Fence::default()
    })?;
    let mut whisper = Whisper::load(&arguments.model, arguments.threads)
        .map_err(|error| format!("{shown}: {error}"))?;
    let load_ms = began.elapsed().as_secs_f64() * 1e3;
    // Once, so that the first utterance does not pay for it; what it takes tells how fast this is.
    let read = Instant::now();
    whisper
        .decode(
            &[0.0; 2 * heard::RATE],
            &Ask {
                language: Some("en"),
                ..Ask::default()
            },
            &|| false,
        )
        .map_err(|error| format!("{shown}: {error}"))?;
    let ready = json!({
        "size": kind.size(),
        "multilingual": whisper.is_multilingual(),
        "confined_by": confined_by,
        "load_ms": load_ms,
        "read_ms": read.elapsed().as_secs_f64() * 1e3,
    });
    Ok((whisper, ready))
}

/// Whether this processor has what whisper.cpp is compiled for.
fn able() -> Result<(), &'static str> {
    #[cfg(target_arch = "x86_64")]
    if !(is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("f16c"))
    {
        return Err("this processor is too old for it: it lacks AVX2, FMA or F16C");
    }
    Ok(())
}

fn serve(whisper: Whisper) -> io::Result<()> {
    let control = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let decoder: Arc<Mutex<Box<dyn Decoder>>> =
        Arc::new(Mutex::new(Box::new(Watched::new(whisper)?)));
    let works = decoder.clone();
    let served = loqa_jobs::serve(&control, move |asked| job::work(&works, asked));
    // The hub is gone, and with it whoever asked. Leaving while the model reads would take away from under
    // it what it reads with.
    std::mem::forget(decoder.lock());
    served
}
