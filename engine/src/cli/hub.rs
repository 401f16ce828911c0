//! `loqa hub`: stays up and answers until Ctrl-C.

use super::{Common, dashboard, demo, output};
use crate::{
    api::InTheHouse,
    gateway::Client,
    hub::{Hub, Listening},
};
use loqa_protocol::{ClientFrame, Envelope, Event, Problem, ServerFrame};
use serde_json::json;
use std::{
    io::{BufRead, IsTerminal},
    path::{Path, PathBuf},
    process::{ExitCode, Stdio},
};
use tokio::{process::Command, sync::mpsc};

/// Arguments of `loqa hub`.
#[derive(clap::Args)]
pub struct HubArgs {
    /// Run the spoken demonstration first
    #[arg(long)]
    demonstrate: bool,
    /// Run the spoken demonstration, then exit: 0 when every command was answered rightly
    #[arg(long, conflicts_with = "demonstrate")]
    demo: bool,
    /// Open the window too, once the hub answers
    #[arg(long)]
    window: bool,
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
        if let Some(dashboard) = hub.dashboard() {
            // The code opens the house: a terminal may show it, a service's journal may not.
            if std::io::stdout().is_terminal() {
                output::print_line(&format!("Dashboard: {}", dashboard.link()));
                if !args.window {
                    output::print_line(&dashboard::drawn(&dashboard.link()));
                }
            } else {
                output::print_line(&format!(
                    "Dashboard: {} (`loqa dashboard` shows its code)",
                    dashboard.address
                ));
            }
            if let InTheHouse::Open(household) = &dashboard.household {
                output::print_line(&format!(
                    "In the house: {} (`loqa dashboard` shows how)",
                    household.address()
                ));
            }
        }
        output::print_line("Try, in another terminal:  loqa ask \"set a timer for ten minutes\"");
        output::print_line("Ctrl-C stops it.");
    }
    if args.window {
        open_window(common, hub.data_dir());
    }
    let code = stay_up(&hub, common.json).await?;
    eprintln!("stopping …");
    hub.shutdown().await;
    Ok(code)
}

/// Starts the program of the window, which lies beside this one. It is a client like others: it may
/// be closed, and stays when the hub goes.
fn open_window(common: &Common, data: &Path) {
    let program = std::env::current_exe().unwrap_or_default();
    let mut window = Command::new(program.with_file_name("loqa-desktop"));
    window.arg("--data").arg(data);
    if let Some(config) = &common.config {
        window.arg("--config").arg(config);
    }
    // Standard output is the hub's, which may be one of JSON.
    let opened = window.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
    if let Err(error) = opened {
        eprintln!(
            "note: the window cannot be opened: {error}\n  help: `cargo xtask run` builds it; `loqa dashboard` shows the same in a browser"
        );
    }
}

/// Shows what the room says and what becomes of it, until Ctrl-C.
async fn stay_up(hub: &Hub, json: bool) -> Result<ExitCode, Problem> {
    // Words belong on a terminal, or where somebody asked for them; not in a service's journal.
    let shown = json || std::io::stdout().is_terminal();
    let (mut asking, mut events) = Client::embedded(hub).split();
    asking.send(ClientFrame::Subscribe { id: 0 }).await?;
    let mut live = output::LiveTurn::default();
    let mut listening = hub.listening();
    listening.mark_changed();
    let mut before = Listening::Opening;
    let mut enter = enter();
    let (interrupted, failed) = (interrupted(), hub.failed());
    tokio::pin!(interrupted, failed);
    loop {
        tokio::select! {
            () = &mut interrupted => return Ok(ExitCode::SUCCESS),
            why = &mut failed => {
                if hub.is_wiped() {
                    output::print_line("Everything Loqa kept is gone. Start it again for a new household.");
                    return Ok(ExitCode::SUCCESS);
                }
                output::print_error(&format!(
                    "the hub cannot go on: {why}\n  help: start it again; `loqa doctor` says what is missing"
                ));
                return Ok(ExitCode::FAILURE);
            }
            Ok(()) = listening.changed() => {
                let now = listening.borrow_and_update().clone();
                show_listening(&before, &now, json);
                before = now;
            }
            Some(()) = enter.recv() => hub.call(),
            Ok(frame) = events.recv() => if let ServerFrame::Event { envelope, .. } = frame && shown {
                show(&mut live, &envelope, json);
            },
        }
    }
}

fn show(live: &mut output::LiveTurn, envelope: &Envelope, json: bool) {
    match &envelope.event {
        _ if json => output::print_json(&envelope.document()),
        Event::TurnSummary(summary) if summary.rejected => {}
        Event::TurnSummary(summary) => live.end(summary),
        _ => live.show(envelope),
    }
}

fn show_listening(before: &Listening, now: &Listening, json: bool) {
    if json {
        let (state, detail) = match now {
            Listening::Off(why) => ("off", why.as_str()),
            Listening::Opening => ("opening", ""),
            Listening::Asleep(name) => ("asleep", name.as_str()),
            Listening::Awake(name) => ("awake", name.as_str()),
            Listening::Muted(name) => ("muted", name.as_str()),
            Listening::Lost(why) => ("lost", why.as_str()),
        };
        output::print_json(&json!({ "subject": "listening", "state": state, "detail": detail }));
        return;
    }
    let heard_before = matches!(before, Listening::Asleep(_) | Listening::Awake(_));
    match now {
        Listening::Opening => {}
        Listening::Off(why) => output::print_line(&format!("The room is not listened to: {why}.")),
        Listening::Asleep(_) if heard_before => {}
        Listening::Asleep(name) => output::print_line(&format!(
            "Listening on “{name}”: say the wake phrase, or press Enter, and then a command."
        )),
        Listening::Awake(_) if heard_before => output::print_line("  listens  …"),
        Listening::Awake(name) => {
            output::print_line(&format!("Listening on “{name}”: say a command."));
        }
        Listening::Muted(name) => output::print_line(&format!("“{name}” is muted.")),
        Listening::Lost(why) if heard_before => eprintln!(
            "note: the microphone went away: {why}\n  help: connect it again; it is looked for, and typed commands work meanwhile"
        ),
        Listening::Lost(why) => eprintln!(
            "note: there is no microphone: {why}\n  help: connect one; it is looked for, and typed commands work meanwhile. `loqa devices` lists them"
        ),
    }
}

/// A word for each time that Enter is pressed in front of this program.
fn enter() -> mpsc::Receiver<()> {
    // One is enough: the next means the same.
    let (pressed, presses) = mpsc::channel(1);
    if in_front() {
        // Reading blocks, and ends with the program.
        let _ = std::thread::Builder::new()
            .name("loqa-enter".into())
            .spawn(move || {
                for line in std::io::stdin().lock().lines() {
                    if line.is_err() || pressed.blocking_send(()).is_err() {
                        return;
                    }
                }
            });
    }
    presses
}

/// Whether reading the terminal is ours: a program in the background that tries is stopped.
fn in_front() -> bool {
    let stdin = std::io::stdin();
    !stdin.is_terminal()
        || rustix::termios::tcgetpgrp(&stdin).is_ok_and(|group| group == rustix::process::getpgrp())
}

/// Resolves on Ctrl-C or a request to terminate.
pub async fn interrupted() {
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
