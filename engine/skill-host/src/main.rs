//! `loqa-skill-host`: started by the hub, with a lane as its standard input and another as its
//! standard output; or, to `compile`, with a component there and what is made of it here; or, to
//! `probe`, by a test.

mod probe;

use loqa_fence::Fence;
use loqa_skill_host::{
    runtime::{self, Runtime},
    serve,
};
use std::{
    io::{self, Read, Write},
    os::{fd::AsFd, unix::net::UnixStream},
    process::ExitCode,
    thread,
};

/// The largest component, bytes.
const LARGEST: u64 = 32 << 20;
/// Longest that compiling one may take, s of a processor.
const COMPILE_S: u64 = 60;

fn main() -> ExitCode {
    let argument = std::env::args().nth(1);
    match run(argument.as_deref()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("loqa-skill-host: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(argument: Option<&str>) -> Result<ExitCode, Box<dyn std::error::Error>> {
    if argument == Some("compile") {
        loqa_fence::limit_time(COMPILE_S)?;
    }
    if argument.is_none() {
        runtime::open_page_map();
    }
    let confined_by = loqa_fence::confine(&Fence {
        requests: &[runtime::PAGEMAP_SCAN],
        ..Fence::default()
    })?;
    match argument {
        None => serve(&confined_by),
        Some("compile") => compile(),
        Some("probe") => {
            let mut out = io::stdout().lock();
            writeln!(out, "confined by: {}", confined_by.join(", "))?;
            let tries = probe::tries();
            for (name, outcome) in &tries {
                match outcome {
                    Ok(()) => writeln!(out, "{name}: SUCCEEDED")?,
                    Err(error) => writeln!(out, "{name}: {}", error.kind())?,
                }
            }
            let escaped = tries.iter().any(|(_, outcome)| outcome.is_ok());
            Ok(if escaped {
                ExitCode::FAILURE
            } else {
                ExitCode::SUCCESS
            })
        }
        Some(other) => {
            Err(format!("`{other}` is unknown; the hub starts this program, nobody else").into())
        }
    }
}

fn serve(confined_by: &[String]) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let runtime = Runtime::new()?;
    let first = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let second = UnixStream::from(io::stdout().as_fd().try_clone_to_owned()?);
    // The hub opens and closes both together; what it cannot have meant ends both.
    let serve = |lane| {
        if let Err(error) = serve::lane(&runtime, lane, confined_by) {
            eprintln!("loqa-skill-host: {error}");
            std::process::exit(1);
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| serve(second));
        serve(first);
    });
    Ok(ExitCode::SUCCESS)
}

fn compile() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut component = Vec::new();
    io::stdin()
        .lock()
        .take(LARGEST + 1)
        .read_to_end(&mut component)?;
    if component.len() as u64 > LARGEST {
        return Err(format!("a component may have {} MiB", LARGEST >> 20).into());
    }
    let code = runtime::compile(&component)?;
    io::stdout().lock().write_all(&code)?;
    Ok(ExitCode::SUCCESS)
}
