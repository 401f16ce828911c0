//! `loqa dashboard password`: what signs a tablet in while nobody is at the hub.

use crate::cli::{Common, output};
use crate::{api::password, config::Config};
use loqa_protocol::Problem;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use serde_json::json;
use std::{
    io::{self, BufRead, IsTerminal},
    process::ExitCode,
};

/// Arguments of `loqa dashboard password`.
#[derive(clap::Args)]
pub struct PasswordArgs {
    /// Take it away again: only the code signs in from then on
    #[arg(long)]
    remove: bool,
}

/// Keeps the password that is typed, or the first line of standard input.
pub fn run(common: &Common, args: &PasswordArgs) -> Result<ExitCode, Problem> {
    let data = Config::load(&common.flags())?.hub.data;
    if args.remove {
        let was = password::forget(&data)?;
        said(
            common,
            false,
            if was {
                "The password is gone."
            } else {
                "There was no password."
            },
        );
        return Ok(ExitCode::SUCCESS);
    }
    let typed = ask("Password: ")?;
    if io::stdin().is_terminal() && ask("The same again: ")? != typed {
        return Err(Problem {
            code: "password".into(),
            message: "these were two different passwords".into(),
            help: "try again; nothing has changed".into(),
        });
    }
    password::keep(&data, &typed)?;
    said(
        common,
        true,
        "Browsers sign in with this password from now on, or with the hub's code.",
    );
    Ok(ExitCode::SUCCESS)
}

fn said(common: &Common, password: bool, words: &str) {
    if common.json {
        output::print_json(&json!({ "password": password }));
    } else {
        output::print_line(words);
    }
}

/// A line, which a terminal does not show.
fn ask(prompt: &str) -> Result<String, Problem> {
    let stdin = io::stdin();
    let hidden = stdin.is_terminal().then(|| {
        eprint!("{prompt}");
        Hidden::begin()
    });
    let mut line = String::new();
    let read = stdin.lock().read_line(&mut line);
    if hidden.is_some() {
        drop(hidden);
        eprintln!();
    }
    read.map_err(|error| Problem {
        code: "password".into(),
        message: format!("the password cannot be read: {error}"),
        help: "type it, or give it on standard input as UTF-8".into(),
    })?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// The terminal shows nothing of what is typed until this is dropped.
struct Hidden(Option<Termios>);

impl Hidden {
    fn begin() -> Hidden {
        let before = tcgetattr(io::stdin()).ok();
        if let Some(mut now) = before.clone() {
            now.local_modes.remove(LocalModes::ECHO);
            let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &now);
        }
        Hidden(before)
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = tcsetattr(io::stdin(), OptionalActions::Flush, before);
        }
    }
}
