//! `loqa dashboard password`: what signs a tablet in while nobody is at the hub.

use crate::cli::{Common, hidden, output};
use crate::{api::password, config::Config};
use loqa_protocol::Problem;
use serde_json::json;
use std::{
    io::{self, IsTerminal},
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
    let typed = hidden::ask("password", "Password: ")?;
    if io::stdin().is_terminal() && hidden::ask("password", "The same again: ")? != typed {
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
