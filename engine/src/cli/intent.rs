//! `loqa intent`: what sentences mean, without acting.

use super::{Common, link::Link, output};
use loqa_protocol::{ClientFrame, Problem, ServerFrame};
use std::{io::BufRead, process::ExitCode};

/// Reads sentences from standard input until it ends.
pub async fn run(common: &Common) -> Result<ExitCode, Problem> {
    let mut link = Link::open_for_reading(common).await?;
    for (number, line) in std::io::stdin().lock().split(b'\n').enumerate() {
        let line = line.map_err(|error| Problem {
            code: "stdin".into(),
            message: format!("standard input could not be read: {error}"),
            help: String::new(),
        })?;
        let text = String::from_utf8(line).map_err(|_| Problem {
            code: "not_utf8".into(),
            message: format!("line {} of standard input is not UTF-8", number + 1),
            help: "save the sentences as UTF-8 text".into(),
        })?;
        let text = text.trim().to_owned();
        if text.is_empty() {
            continue;
        }
        link.request(|id| ClientFrame::Intent { id, text }, &mut |frame| {
            if let ServerFrame::Json { json, .. } = frame {
                output::print_line(&json);
            }
        })
        .await?;
    }
    link.close().await;
    Ok(ExitCode::SUCCESS)
}
