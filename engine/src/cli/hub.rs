//! `loqa hub`: stays up and answers until Ctrl-C.

use super::{Common, demo, output};
use crate::hub::Hub;
use loqa_protocol::Problem;
use std::{path::PathBuf, process::ExitCode};

/// Arguments of `loqa hub`.
#[derive(clap::Args)]
pub struct HubArgs {
    /// Run the spoken demonstration first
    #[arg(long)]
    demonstrate: bool,
    /// Run the spoken demonstration, then exit: 0 when every command was answered rightly
    #[arg(long, conflicts_with = "demonstrate")]
    demo: bool,
    /// Where the demonstration writes its replies as WAV files
    #[arg(long, value_name = "DIR", default_value = "loqa-demo")]
    replies: PathBuf,
}

impl HubArgs {
    /// Whether the demonstration is spoken, whose output logs would tear apart.
    pub fn demonstrates(&self) -> bool {
        self.demo || self.demonstrate
    }
}

/// Runs the hub.
pub async fn run(common: &Common, args: HubArgs) -> Result<ExitCode, Problem> {
    if args.demonstrates() {
        let outcome = tokio::select! {
            outcome = demo::run(common.json, &args.replies) => outcome?,
            () = interrupted() => return Ok(ExitCode::from(130)),
        };
        if args.demo {
            return Ok(if outcome.right == outcome.spoken {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
    }
    let hub = Hub::start(common.hub_options().serving()).await?;
    for note in hub.notes() {
        eprintln!("note: {note}");
    }
    if !common.json {
        output::print_line(&format!(
            "\nLoqa is up. Data folder: {}",
            hub.data_dir().display()
        ));
        output::print_line("Try, in another terminal:  loqa ask \"set a timer for ten minutes\"");
        output::print_line("Ctrl-C stops it.");
    }
    let code = tokio::select! {
        () = interrupted() => ExitCode::SUCCESS,
        why = hub.failed() => {
            output::print_error(&format!(
                "the hub cannot go on: {why}\n  help: start it again; `loqa doctor` says what is missing"
            ));
            ExitCode::FAILURE
        }
    };
    eprintln!("stopping …");
    hub.shutdown().await;
    Ok(code)
}

/// Resolves on Ctrl-C or a request to terminate.
async fn interrupted() {
    let interrupt = tokio::signal::ctrl_c();
    let Ok(mut terminate) =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
    else {
        let _ = interrupt.await;
        return;
    };
    tokio::select! {
        _ = interrupt => {}
        _ = terminate.recv() => {}
    }
}
