//! Every backend of a seam (`engine/core/src/seams.rs`), held to the same contract: what the rest of Loqa relies on,
//! whoever hears, speaks, answers or listens for voices. A backend that is new is a line in its table.
//!
//! What one backend does besides is shown where it is tested by itself.

mod answering;
mod hearing;
mod linked;
mod speaking;
mod voiced;

use anyhow::{Context, Result, bail};
use futures::future::BoxFuture;
use loqa_engine::workers::Work;
use loqa_jobs::{Process, Program};
use loqa_tests::program::loqa;
use std::{
    fmt::Display,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::time::timeout;

/// Longer than anything here takes that works, also on a machine under load.
const CEILING: Duration = Duration::from_secs(60);

/// What a backend has to do: in words, and how it is seen.
type Contract<B> = (&'static str, for<'a> fn(&'a B) -> BoxFuture<'a, Result<()>>);

/// Backends of one seam, by name.
struct Table<B>(Vec<(&'static str, B)>);

impl<B> Table<B> {
    /// Those that are here; of the others it is said why they are not.
    fn of<const N: usize, E: Display>(all: [(&'static str, Result<B, E>); N]) -> Table<B> {
        let mut here = Vec::new();
        for (name, backend) in all {
            match backend {
                Ok(backend) => here.push((name, backend)),
                Err(why) => eprintln!("skipped: {name}: {why:#}"),
            }
        }
        Table(here)
    }

    /// Holds each to all of it, and tells every one that is broken.
    async fn hold<const N: usize>(&self, contracts: [Contract<B>; N]) -> Result<()> {
        let mut broken = Vec::new();
        for (words, contract) in contracts {
            for (name, backend) in &self.0 {
                let began = Instant::now();
                if let Err(why) = contract(backend).await {
                    broken.push(format!("{name}: {words}: {why:#}"));
                }
                println!("{name}: {words}: {} ms", began.elapsed().as_millis());
            }
        }
        if !broken.is_empty() {
            bail!("broken:\n{}", broken.join("\n"));
        }
        Ok(())
    }
}

/// What comes, if it comes at all.
async fn soon<T>(what: &str, comes: impl Future<Output = T>) -> Result<T> {
    let came = timeout(CEILING, comes).await;
    came.with_context(|| format!("it was waited for in vain: {what}"))
}

/// A program of this build.
fn program(name: &str) -> Result<PathBuf> {
    let file = loqa().with_file_name(name);
    if !file.exists() {
        bail!("{name} is not built");
    }
    Ok(file)
}

/// Work of a process of this machine, with a model.
fn process(name: &str, worker: &str, model: &Path, arguments: &[&str]) -> Result<Arc<Work>> {
    let mut all = vec!["--model".into(), model.into()];
    all.extend(arguments.iter().map(Into::into));
    let process = Process::of(Program {
        name: name.into(),
        file: program(worker)?,
        arguments: all,
    });
    let kind = if name == "whisper" { "stt" } else { "llm" };
    let capability = format!("{kind}.{name}:made").parse();
    let capability = capability.map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(Work::here(Arc::new(process), capability))
}
