//! `loqa doctor`: what is missing, each with its remedy.

use super::{Common, link::Link, output};
use loqa_protocol::{ClientFrame, Problem, ServerFrame};
use serde_json::Value;
use std::process::ExitCode;

/// Prints one line per check; fails if something Loqa needs is missing.
pub async fn run(common: &Common) -> Result<ExitCode, Problem> {
    let mut link = Link::open_for_reading(common).await?;
    let mut checks = Vec::new();
    link.request(|id| ClientFrame::Doctor { id }, &mut |frame| {
        if let ServerFrame::Json { json, .. } = frame
            && let Ok(Value::Array(list)) = serde_json::from_str(&json)
        {
            checks = list;
        }
    })
    .await?;
    link.close().await;
    let mut healthy = true;
    for check in &checks {
        healthy &=
            check["ok"].as_bool().unwrap_or(false) || !check["needed"].as_bool().unwrap_or(true);
        if common.json {
            output::print_json(check);
            continue;
        }
        let mark = if check["ok"].as_bool() == Some(true) {
            "ok  "
        } else {
            "MISS"
        };
        output::print_line(&format!(
            "{mark}  {:<14} {}",
            check["what"].as_str().unwrap_or_default(),
            check["message"].as_str().unwrap_or_default()
        ));
        if let Some(help) = check["help"].as_str().filter(|help| !help.is_empty()) {
            output::print_line(&format!("      {:<14} → {help}", ""));
        }
    }
    Ok(if healthy {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
