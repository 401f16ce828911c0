//! `loqa skill dev`: what changes in a skill's folder is built, tried and traced at once.

use super::{
    build,
    trial::{Scratch, Trial},
};
use crate::{
    changes,
    cli::{Common, output},
    skills::Call,
};
use loqa_protocol::Problem;
use notify::{RecursiveMode, Watcher};
use std::{
    io::{BufRead, stdin},
    path::{Path, PathBuf},
    process::ExitCode,
};
use tokio::sync::mpsc;

/// What there is to do.
enum Next {
    /// A file has changed.
    Changed,
    /// Somebody has typed a sentence.
    Say(String),
}

/// Builds and tries the skill in `folder` until somebody presses Ctrl-C.
pub async fn run(common: &Common, folder: &Path) -> Result<ExitCode, Problem> {
    // The household goes on as it is, whatever becomes of the skill.
    let mut scratch = Scratch::new(common)?;
    let (sender, mut next) = mpsc::channel(16);
    let _watcher = watch(folder, sender.clone());
    std::thread::spawn(move || {
        for line in stdin().lock().lines().map_while(Result::ok) {
            let line = line.trim();
            if !line.is_empty() && sender.blocking_send(Next::Say(line.to_owned())).is_err() {
                return;
            }
        }
    });
    loop {
        let mut trial = try_out(folder, &scratch).await;
        output::print_line("Type a sentence, change a file, or end with Ctrl-C.");
        loop {
            scratch.tell_hub().await;
            match next.recv().await {
                None => return Ok(ExitCode::SUCCESS),
                Some(Next::Say(text)) => match &mut trial {
                    Some(trial) => {
                        trial.hears(&text).await;
                        tell(&trial.calls());
                    }
                    None => output::print_line("There is nothing to say it to yet."),
                },
                Some(Next::Changed) => break,
            }
        }
        tokio::time::sleep(changes::SETTLE).await;
        while let Ok(Next::Changed) = next.try_recv() {}
        output::print_line("");
    }
}

/// Builds it, if it has code, and says its examples; nothing of one that is not sound.
async fn try_out(folder: &Path, scratch: &Scratch) -> Option<Trial> {
    let built = if folder.join("Cargo.toml").is_file() {
        tokio::task::block_in_place(|| build::run(folder, None)).map(drop)
    } else {
        Ok(())
    };
    match built.and_then(|()| Trial::new(folder, scratch)) {
        Ok(mut trial) => {
            trial.run_examples().await;
            tell(&trial.calls());
            Some(trial)
        }
        Err(problem) => {
            output::print_error(&problem);
            None
        }
    }
}

/// What each call took.
fn tell(calls: &[Call]) {
    for call in calls {
        let step = call.step.name();
        output::print_line(&match &call.took {
            Ok(cost) => format!(
                "    {step:<7} {:>6.2} ms, of it {:.2} ms the hub's answers to {} questions; {} kB",
                cost.total_us as f64 / 1e3,
                cost.waited_us as f64 / 1e3,
                cost.calls,
                cost.memory / 1000
            ),
            Err(fault) => format!("    {step:<7} {fault}"),
        });
    }
}

/// Tells of what changes in a skill's folder and its source; of nothing, where files cannot be watched.
fn watch(folder: &Path, next: mpsc::Sender<Next>) -> Option<notify::RecommendedWatcher> {
    // What is built is no change.
    let ours = |path: &PathBuf| {
        let end = path.extension().unwrap_or_default();
        end == "rs" || end == "yaml" || end == "toml"
    };
    let watcher = changes::watcher(move |paths| {
        if paths.iter().any(ours) {
            // Full: one that is waiting tells the same.
            let _ = next.try_send(Next::Changed);
        }
    });
    let watched = watcher.and_then(|mut watcher| {
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
        let source = folder.join("src");
        if source.is_dir() {
            watcher.watch(&source, RecursiveMode::Recursive)?;
        }
        Ok(watcher)
    });
    watched
        .inspect_err(|error| output::print_line(&format!("changes go unnoticed: {error}")))
        .ok()
}
