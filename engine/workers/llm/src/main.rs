//! `loqa-llm-worker`: the process that runs a language model for the hub, which starts it with a socket
//! as its standard input and hands a stream over it for each job.
//!
//! It is a process of its own because llama.cpp ends the process it runs in where it meets something it
//! does not expect, and a model's file is something nobody has looked into.

mod answer;
mod call;
mod characters;
mod gguf;
mod job;
mod llama;
mod model;
mod pace;
mod prompt;
mod queue;
mod reader;
mod schema;
#[cfg(test)]
mod script;

use job::Worker;
use llama::{About, Llama};
use loqa_fence::Fence;
use serde_json::{Value, json};
use std::{
    io::{self, Write},
    os::{fd::AsFd, unix::net::UnixStream},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::Instant,
};

/// How it is called.
const USAGE: &str = "loqa-llm-worker --model FILE --threads N --context TOKENS [--memory BYTES]; \
                     the hub starts this program, nobody else";

/// What this process yields to, and whisper to a part of it: somebody's words come before the answer.
const NICE: i32 = 8;

/// What the hub asks for.
struct Wanted {
    model: PathBuf,
    threads: u32,
    /// Tokens.
    context: u32,
    /// Bytes.
    memory: Option<u64>,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&json!({ "error": error }));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let wanted = wanted(std::env::args().skip(1))?;
    let named = |error: &dyn std::fmt::Display| {
        let name = wanted.model.file_name().unwrap_or(wanted.model.as_os_str());
        format!("{}: {error}", name.to_string_lossy())
    };
    gguf::check(&wanted.model).map_err(|error| named(&error))?;
    let control = io::stdin().as_fd().try_clone_to_owned();
    let control = UnixStream::from(control.map_err(|error| error.to_string())?);
    let begun = Instant::now();
    // Whatever is heard and said at once goes first. Where nobody may be yielded to, nobody is.
    let _ = rustix::process::nice(NICE);
    let fence = Fence {
        reads: &[&wanted.model],
        takes_streams: true,
        memory: wanted.memory,
        ..Fence::default()
    };
    let confined_by = loqa_fence::confine(&fence).map_err(|error| error.to_string())?;
    let loaded = Llama::load(&wanted.model, wanted.threads, wanted.context);
    let (llama, about) = loaded.map_err(|error| named(&error))?;
    let About {
        name,
        parameters,
        context,
    } = about;
    let load_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    tell(&json!({ "ready": {
        "model": name, "parameters": parameters, "context": context,
        "confined_by": confined_by, "load_ms": load_ms,
    }}));
    let worker = Arc::new(Worker::new(llama));
    let working = worker.clone();
    let served = loqa_jobs::serve(&control, move |asked| working.work(&asked));
    worker.end();
    served.map_err(|error| error.to_string())
}

/// One line to the hub, which may be gone.
fn tell(line: &Value) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn wanted(mut arguments: impl Iterator<Item = String>) -> Result<Wanted, String> {
    let (mut model, mut threads, mut context, mut memory) = (None, None, None, None);
    while let Some(name) = arguments.next() {
        let value = arguments
            .next()
            .ok_or_else(|| format!("`{name}` lacks a value: {USAGE}"))?;
        let number = || {
            let number = value.parse::<u64>().ok().filter(|number| *number > 0);
            number.ok_or_else(|| format!("`{name}` takes a number from 1, not `{value}`"))
        };
        let small = || {
            u32::try_from(number()?).map_err(|_| format!("`{name}` cannot be as much as {value}"))
        };
        match name.as_str() {
            "--model" => model = Some(PathBuf::from(value)),
            "--threads" => threads = Some(small()?),
            "--context" => context = Some(small()?),
            "--memory" => memory = Some(number()?),
            _ => return Err(format!("`{name}` is unknown: {USAGE}")),
        }
    }
    let (Some(model), Some(threads), Some(context)) = (model, threads, context) else {
        return Err(format!("something is missing: {USAGE}"));
    };
    Ok(Wanted {
        model,
        threads,
        context,
        memory,
    })
}
