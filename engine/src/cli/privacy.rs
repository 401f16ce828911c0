//! `loqa privacy`: what leaves the house, whether anything may, and what is kept of what is said.

use super::{Common, kept, link::Link, output};
use crate::config::{Config, Source};
use jiff::{Timestamp, tz::TimeZone};
use loqa_protocol::{ClientFrame, Keep, KeepOf, PrivacyScope, Problem, Redaction};
use serde_json::{Value, json};
use std::process::ExitCode;

/// Arguments of `loqa privacy`.
#[derive(clap::Args)]
pub struct PrivacyArgs {
    #[command(subcommand)]
    command: Option<PrivacyCommand>,
}

/// Subcommands of `loqa privacy`.
#[derive(clap::Subcommand)]
enum PrivacyCommand {
    /// Have nothing go out of the house any more, whatever is permitted; what is open ends at once
    Seal,
    /// Have go out again what is permitted
    Unseal,
    /// Tell every connection to elsewhere since the hub started, oldest first
    Egress {
        /// So many of the latest
        #[arg(long, value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..))]
        most: u32,
    },
    /// Choose how long what is said is kept, in the whole house or in a room
    Keep {
        /// "household", or a room by its id
        whose: String,
        /// How long
        scope: Kept,
    },
    /// Choose for how many hours a conversation is kept that is kept for a while
    Hours {
        /// At least 1
        #[arg(value_parser = clap::value_parser!(u32).range(1..))]
        hours: u32,
    },
    /// Choose what is made unreadable before it is kept; without any, nothing is
    Redact {
        /// What
        what: Vec<Redacted>,
    },
}

/// How long words are kept that somebody says.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Kept {
    /// Not at all
    Ephemeral,
    /// For some hours
    Session,
    /// As if nobody had chosen
    Default,
}

/// What can be made unreadable.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Redacted {
    /// Of people of the household
    Names,
    /// In digits and in words
    Numbers,
    /// Words that no command of the household has
    Text,
}

/// Does it; without a subcommand tells what leaves the house, and what is kept.
pub async fn run(common: &Common, args: PrivacyArgs) -> Result<ExitCode, Problem> {
    match args.command {
        None => tell(common).await,
        Some(PrivacyCommand::Seal) => seal(common, true).await,
        Some(PrivacyCommand::Unseal) => seal(common, false).await,
        Some(PrivacyCommand::Egress { most }) => egress(common, most).await,
        Some(PrivacyCommand::Keep { whose, scope }) => {
            let of = match whose.as_str() {
                "household" => KeepOf::Household,
                _ => KeepOf::Room(whose),
            };
            let scope = match scope {
                Kept::Ephemeral => Some(PrivacyScope::Ephemeral),
                Kept::Session => Some(PrivacyScope::Session),
                Kept::Default => None,
            };
            keep(common, Keep::Scope { of, scope }).await
        }
        Some(PrivacyCommand::Hours { hours }) => keep(common, Keep::Hours(hours)).await,
        Some(PrivacyCommand::Redact { what }) => {
            let what = what.into_iter().map(|what| match what {
                Redacted::Names => Redaction::Names,
                Redacted::Numbers => Redaction::Numbers,
                Redacted::Text => Redaction::Text,
            });
            keep(common, Keep::Redact(what.collect())).await
        }
    }
}

/// Changes what is kept, and tells how it is then.
async fn keep(common: &Common, keep: Keep) -> Result<ExitCode, Problem> {
    let mut link = Link::open(common).await?;
    let change = |id| {
        let keep = keep.clone();
        ClientFrame::Keep { id, keep }
    };
    let changed = link.change(change).await;
    let told = match changed {
        Ok(()) => {
            let told = link.document(|id| ClientFrame::Privacy { id, on: true });
            told.await
        }
        Err(problem) => Err(problem),
    };
    link.close().await;
    let told = told?;
    if common.json {
        output::print_json(&told["keeping"]);
    } else {
        kept::sentences(&told)
            .iter()
            .for_each(|sentence| output::print_line(sentence));
    }
    Ok(ExitCode::SUCCESS)
}

async fn tell(common: &Common) -> Result<ExitCode, Problem> {
    let mut link = Link::open_for_reading(common).await?;
    let told = link.document(|id| ClientFrame::Privacy { id, on: true });
    let told = told.await?;
    let counts = !link.is_embedded();
    link.close().await;
    if common.json {
        output::print_json(&told);
    } else {
        sentences(&told, counts)
            .iter()
            .chain(&kept::sentences(&told))
            .for_each(|sentence| output::print_line(sentence));
    }
    Ok(ExitCode::SUCCESS)
}

/// What leaves the house; where nobody `counts`, no hub is running.
fn sentences(told: &Value, counts: bool) -> Vec<String> {
    let mut sentences = vec![match told["sealed"] == true {
        true => "The house is sealed: Loqa connects to nobody, whatever is permitted below. `loqa privacy unseal` opens it.".to_owned(),
        false => "The house is open: Loqa connects to nobody but to what is permitted below. `loqa privacy seal` ends that.".to_owned(),
    }];
    let allowed = told["allowed"].as_array().into_iter().flatten();
    sentences.extend(allowed.map(|allowed| {
        let (host, who) = (text(&allowed["host"]), text(&allowed["who"]));
        let what = match (text(&allowed["purpose"]), host) {
            ("home_assistant", _) => format!("Home Assistant at {host}, for its rooms and devices"),
            ("skill", _) => format!("The skill {who} may ask {host}"),
            (_, "") => "Models come from their publishers".into(),
            (_, _) => format!("Models come from {host}"),
        };
        format!("  {what}: {}.", because(&allowed["consent"]))
    }));
    if !counts {
        sentences.push("No hub is running, so nothing is connected to.".into());
        return sentences;
    }
    let places = told["places"].as_array().map(Vec::as_slice);
    let places = places.unwrap_or_default();
    let sum = |key: &str| {
        places
            .iter()
            .filter_map(|place| place[key].as_u64())
            .sum::<u64>()
    };
    let since = when(&told["since_ms"]);
    sentences.push(match places {
        [] => format!("Since {since} nothing has gone out."),
        _ => format!(
            "Since {since}: {}, {} out and {} in; {} refused. `loqa privacy egress` tells each.",
            match sum("opened") {
                1 => "1 connection".to_owned(),
                opened => format!("{opened} connections"),
            },
            bytes(sum("sent")),
            bytes(sum("received")),
            sum("refused"),
        ),
    });
    sentences
}

async fn seal(common: &Common, sealed: bool) -> Result<ExitCode, Problem> {
    match Link::to_hub(common).await {
        Ok(mut link) => {
            let done = link.change(|id| ClientFrame::Seal { id, sealed }).await;
            link.close().await;
            done?;
        }
        // Nobody connects to anything, and the next hub reads it.
        Err(_) => {
            Config::load(&common.flags())?.remember_switch("privacy", "sealed", sealed)?;
            let config = Config::load(&common.flags())?;
            let mut entries = config.entries().into_iter();
            let entry = entries.find(|entry| entry.key == "privacy.sealed");
            if let Some(Source::Environment(name)) = entry.map(|entry| entry.source) {
                eprintln!("note: the environment variable {name} has the last word here");
            }
        }
    }
    if common.json {
        output::print_json(&json!({ "sealed": sealed }));
    } else {
        output::print_line(match sealed {
            true => "The house is sealed: nothing goes out any more, now and after each start.",
            false => "The house is open: what is permitted may go out again.",
        });
    }
    Ok(ExitCode::SUCCESS)
}

async fn egress(common: &Common, most: u32) -> Result<ExitCode, Problem> {
    let mut link = Link::to_hub(common).await?;
    let entries = link.document(|id| ClientFrame::Egress { id, most });
    let entries = entries.await?;
    link.close().await;
    let entries = entries.as_array().map(Vec::as_slice).unwrap_or_default();
    if common.json {
        entries.iter().for_each(output::print_json);
    } else if entries.is_empty() {
        output::print_line("nothing has gone out since the hub started");
    } else {
        entries
            .iter()
            .for_each(|entry| output::print_line(&line(entry)));
    }
    Ok(ExitCode::SUCCESS)
}

/// A connection as a row of the table.
fn line(entry: &Value) -> String {
    let who = match (text(&entry["purpose"]), text(&entry["who"])) {
        ("home_assistant", _) => "Home Assistant".to_owned(),
        (purpose, who) => format!("{purpose} {who}"),
    };
    let encrypted = match entry["encrypted"] == true {
        true => "encrypted",
        false => "plain",
    };
    let because = match &entry["consent"] {
        Value::Null => "nothing permits it".to_owned(),
        consent => because(consent),
    };
    format!(
        "{}  {who:<24} {:<32} {encrypted:<9} {:>9} out {:>9} in  {:<7}  {because}",
        when(&entry["at_ms"]),
        text(&entry["host"]),
        bytes(entry["sent"].as_u64().unwrap_or_default()),
        bytes(entry["received"].as_u64().unwrap_or_default()),
        text(&entry["outcome"]),
    )
}

/// What permits something.
fn because(consent: &Value) -> String {
    let name = text(&consent["name"]);
    match (text(&consent["by"]), consent["at_ms"].is_null()) {
        ("setting", _) => format!("`{name}` in the settings names it"),
        ("permission", false) => format!("allowed on {}", when(&consent["at_ms"])),
        ("permission", true) => "its skill.yaml asks for it".into(),
        _ => "when somebody gets one".into(),
    }
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

pub(super) fn when(at_ms: &Value) -> String {
    let at = Timestamp::from_millisecond(at_ms.as_i64().unwrap_or_default()).unwrap_or_default();
    let at = at.to_zoned(TimeZone::system());
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// As people say how much it is.
fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_the_house_is_told_in_sentences() {
        let consent = |by: &str, name: &str| json!({ "by": by, "name": name, "at_ms": null });
        let told = json!({
            "sealed": false,
            "since_ms": 0,
            "allowed": [
                { "purpose": "home_assistant", "who": "", "host": "ha.local:8123", "consent": consent("setting", "home_assistant.url") },
                { "purpose": "skill", "who": "weather", "host": "weather.example:443", "consent": consent("permission", "http:weather.example") },
                { "purpose": "model", "who": "", "host": "", "consent": consent("order", "") },
            ],
            "places": [{ "opened": 2, "refused": 1, "failed": 0, "sent": 2100, "received": 14_000_000 }],
        });
        let told = sentences(&told, true).join("\n");
        let told = told.replace(&when(&json!(0)), "THEN");
        expect_test::expect![[r#"
            The house is open: Loqa connects to nobody but to what is permitted below. `loqa privacy seal` ends that.
              Home Assistant at ha.local:8123, for its rooms and devices: `home_assistant.url` in the settings names it.
              The skill weather may ask weather.example:443: its skill.yaml asks for it.
              Models come from their publishers: when somebody gets one.
            Since THEN: 2 connections, 2.1 kB out and 14.0 MB in; 1 refused. `loqa privacy egress` tells each."#]]
        .assert_eq(&told);
    }
}
