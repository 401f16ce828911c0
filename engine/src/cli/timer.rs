//! `loqa timer`: timers as the hub knows them.

use super::{Common, link::Link, output};
use loqa_protocol::{ClientFrame, Problem, ServerFrame};
use serde_json::Value;
use std::process::ExitCode;

/// Subcommands of `loqa timer`.
#[derive(clap::Subcommand)]
pub enum TimerCommand {
    /// Name and time left of every timer
    List,
}

/// Lists timers.
pub async fn run(common: &Common, command: TimerCommand) -> Result<ExitCode, Problem> {
    let TimerCommand::List = command;
    let mut link = Link::open(common).await?;
    let mut timers = Vec::new();
    link.request(|id| ClientFrame::Timers { id }, &mut |frame| {
        if let ServerFrame::Json { json, .. } = frame
            && let Ok(Value::Array(list)) = serde_json::from_str(&json)
        {
            timers = list;
        }
    })
    .await?;
    link.close().await;
    if common.json {
        timers.iter().for_each(output::print_json);
    } else if timers.is_empty() {
        output::print_line("no timers");
    } else {
        for timer in &timers {
            output::print_line(&line(timer));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn line(timer: &Value) -> String {
    let name = timer["name"].as_str().unwrap_or("timer");
    let left = timer["remaining_s"].as_u64().unwrap_or_default();
    let clock = format!("{}:{:02}:{:02}", left / 3600, left / 60 % 60, left % 60);
    match timer["state"].as_str() {
        Some("ringing") => format!("{name:<20} ringing"),
        Some("paused") => format!("{name:<20} {clock} (paused)"),
        _ => format!("{name:<20} {clock}"),
    }
}
