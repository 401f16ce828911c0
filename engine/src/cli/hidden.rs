//! A secret that somebody types, which the terminal does not show.

use loqa_protocol::Problem;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use serde_json::Value;
use std::io::{self, BufRead, IsTerminal};

/// The next line of standard input; a terminal shows `prompt`, and nothing of what is typed. `what` it
/// is names it in the error.
///
/// # Errors
/// It cannot be read.
pub fn ask(what: &str, prompt: &str) -> Result<String, Problem> {
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
        code: what.into(),
        message: format!("the {what} cannot be read: {error}"),
        help: "type it, or give it on standard input as UTF-8".into(),
    })?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// The PIN of an owner, where a document of the hub says that changes need one; else none.
///
/// # Errors
/// As [`ask`].
pub fn owners_pin(document: &Value) -> Result<String, Problem> {
    match document["locked"] == true {
        true => ask("PIN", "PIN of an owner: "),
        false => Ok(String::new()),
    }
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
