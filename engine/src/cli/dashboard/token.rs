//! `loqa dashboard token`: what lets programs in.

use crate::cli::{Common, output};
use crate::{api::token, config::Config};
use loqa_protocol::Problem;
use serde_json::json;
use std::process::ExitCode;

/// Arguments of `loqa dashboard token`.
#[derive(clap::Args)]
pub struct TokenArgs {
    /// Take it away instead: no program is let in from then on
    #[arg(long)]
    remove: bool,
}

/// Makes a token in place of any before, or takes it away.
pub fn run(common: &Common, args: &TokenArgs) -> Result<ExitCode, Problem> {
    let data = Config::load(&common.flags())?.hub.data;
    if args.remove {
        let was = token::revoke(&data)?;
        let words = if was {
            "The token is of no use any more."
        } else {
            "There was no token."
        };
        said(common, None, words);
        return Ok(ExitCode::SUCCESS);
    }
    let token = token::make(&data)?;
    said(common, Some(&token), &token);
    if !common.json {
        eprintln!(
            "It is not shown again, and any before it is of no use any more. Programs send it as\n  \
             Authorization: Bearer TOKEN"
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn said(common: &Common, token: Option<&str>, words: &str) {
    if common.json {
        output::print_json(&json!({ "token": token }));
    } else {
        output::print_line(words);
    }
}
