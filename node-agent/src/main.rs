//! A machine that works for a hub: a microphone and a speaker in a room, models, a screen. One program; what it is there
//! for is in its `node.toml`.

mod config;
mod display;
mod inference;
mod link;
mod membership;
mod pair;
mod puck;
mod status;
#[cfg(test)]
mod tests;

use clap::{Args, Parser, Subcommand};
use config::{Config, Role};
use std::{path::PathBuf, process::ExitCode};

/// A machine that works for Loqa's hub.
#[derive(Parser)]
#[command(
    name = "loqa-node",
    version,
    arg_required_else_help = true,
    after_help = "Try:\n  \
        loqa-node pair                 show a code for the hub's page Nodes\n  \
        loqa-node pair \"4082 1957\"     type the code that the hub shows\n  \
        loqa-node run                  work until Ctrl-C\n  \
        loqa-node status               what this machine is paired with, and what it can do"
)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Args, Clone, Debug, Default)]
struct Common {
    /// Settings file (default: node.toml in your configuration folder)
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Data folder: this machine's key, and whom it is paired with
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where the hub is, if it cannot be found by itself: address and port (may be given several times)
    #[arg(long, global = true, value_name = "ADDRESS")]
    hub: Vec<std::net::SocketAddr>,
    /// What this machine is there for, instead of what the settings say (may be given several times)
    #[arg(long = "role", global = true, value_enum, value_name = "ROLE")]
    roles: Vec<Role>,
    /// Log more on standard error (-v, -vv)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

#[derive(Subcommand)]
enum Command {
    /// Become a part of the household: with the hub's code or the text of its QR code, or else with one that is shown here
    Pair {
        /// Eight digits, or what a QR code says
        code: Option<String>,
    },
    /// Work for the hub until Ctrl-C
    Run {
        /// Hear this recording instead of a microphone (`-`: from standard input), and end when it was answered
        #[arg(long, value_name = "FILE")]
        wav: Option<PathBuf>,
        /// Write what is answered to this file instead of playing it
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Tell what this machine is paired with, and what it can do
    Status,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let level = match cli.common.verbose {
        0 => "warn",
        1 => "info,loqa_node=debug,loqa_link=debug",
        _ => "debug",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env();
    tracing_subscriber::fmt()
        .with_env_filter(filter.unwrap_or_else(|_| level.into()))
        .with_writer(std::io::stderr)
        .init();
    let worked = work(cli);
    loqa_inference::onnx::end();
    match worked {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn work(cli: Cli) -> anyhow::Result<()> {
    let config = Config::load(cli.common.config.as_deref())?
        .with_hub(cli.common.hub)
        .with_roles(cli.common.roles);
    let folder = match cli.common.data {
        Some(folder) => folder,
        None => config::data_folder()?,
    };
    // A puck is a small machine: one thread for the net, and those that its microphone and speaker have anyway.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match cli.command {
            Command::Pair { code } => pair::pair(&config, &folder, code.as_deref()).await,
            Command::Run { wav, out } => {
                link::run(&config, &folder, puck::Sound { wav, out }).await
            }
            Command::Status => status::status(&config, &folder).await,
        }
    })
}
