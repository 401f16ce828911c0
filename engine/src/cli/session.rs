//! `loqa session`: conversations that are kept.

use super::{Common, link::Link, output};
use jiff::{Timestamp, tz::TimeZone};
use loqa_protocol::{ClientFrame, Envelope, Event, KeptLook, Problem, ServerFrame};
use serde_json::Value;
use std::{path::PathBuf, process::ExitCode, time::Duration};

/// Subcommands of `loqa session`.
#[derive(clap::Subcommand)]
pub enum SessionCommand {
    /// Conversations that are kept, newest first
    List {
        /// So many at most
        #[arg(long, default_value_t = 50)]
        most: u32,
    },
    /// Turns in which all these words begin somewhere, newest first
    Search {
        /// Beginnings of words
        #[arg(required = true)]
        words: Vec<String>,
        /// So many at most
        #[arg(long, default_value_t = 50)]
        most: u32,
    },
    /// What was said in a conversation, and what came of it
    Show {
        /// The beginning of its id
        id: String,
    },
    /// Everything that is kept of a conversation, as JSON or as a page to read
    Export {
        /// The beginning of its id
        id: String,
        /// Write a page to this file instead of JSON to standard output
        #[arg(long, value_name = "FILE")]
        page: Option<PathBuf>,
    },
    /// Show a conversation again as it went, event by event, with what each sentence means today
    Replay {
        /// The beginning of its id
        id: String,
        /// So many times as fast; 0: at once
        #[arg(long, default_value_t = 1.0)]
        speed: f64,
    },
    /// Make conversations unreadable for good
    Forget {
        /// Their ids
        #[arg(required = true)]
        ids: Vec<String>,
    },
}

/// Looks at what is kept, or forgets it.
pub async fn run(common: &Common, command: SessionCommand) -> Result<ExitCode, Problem> {
    let mut link = Link::open(common).await?;
    let result = answer(&mut link, common, command).await;
    link.close().await;
    result.map(|()| ExitCode::SUCCESS)
}

async fn answer(link: &mut Link, common: &Common, command: SessionCommand) -> Result<(), Problem> {
    match command {
        SessionCommand::List { most } => {
            let look = KeptLook::List {
                before_ms: None,
                most,
            };
            let list = ask(link, look).await?;
            show_rows(common, &list, "nothing is kept", |row| {
                let title = row["title"].as_str().unwrap_or("(unreadable)");
                let turns = row["turns"].as_u64().unwrap_or_default();
                let id = row["id"].as_str().unwrap_or_default();
                format!("{id}  {}  {turns:>3} turns  {title}", when(&row["last_ms"]))
            });
        }
        SessionCommand::Search { words, most } => {
            let query = words.join(" ");
            let found = ask(link, KeptLook::Search { query, most }).await?;
            show_rows(
                common,
                &found,
                "nothing that is kept has these words",
                |row| {
                    let id = row["conversation"].as_str().unwrap_or_default();
                    let text = row["text"]
                        .as_str()
                        .unwrap_or_default()
                        .replace('\n', " → ");
                    format!("{id}  {}  {text}", when(&row["at_ms"]))
                },
            );
        }
        SessionCommand::Show { id } => {
            let kept = Kept::of(link, id).await?;
            if common.json {
                output::print_json(&kept.document);
            } else {
                kept.lines()
                    .iter()
                    .for_each(|line| output::print_line(line));
            }
            kept.tell_damage();
        }
        SessionCommand::Export { id, page } => {
            let kept = Kept::of(link, id).await?;
            match page {
                None => output::print_json(&kept.document),
                Some(file) => {
                    std::fs::write(&file, kept.page()).map_err(|error| Problem {
                        code: "not_written".into(),
                        message: format!("cannot write {}: {error}", file.display()),
                        help: "choose another file".into(),
                    })?;
                    output::print_line(&format!("written: {}", file.display()));
                }
            }
            kept.tell_damage();
        }
        SessionCommand::Replay { id, speed } => {
            let kept = Kept::of(link, id).await?;
            replay(link, common, &kept, speed).await?;
        }
        SessionCommand::Forget { ids } => {
            for id in ids {
                // Half an id is enough to look, and not to destroy.
                ask(link, KeptLook::Forget(id.clone())).await?;
                if !common.json {
                    output::print_line(&format!("forgotten: {id}"));
                }
            }
        }
    }
    Ok(())
}

/// A conversation, as the hub has told it.
struct Kept {
    document: Value,
    events: Vec<Envelope>,
}

impl Kept {
    async fn of(link: &mut Link, id: String) -> Result<Kept, Problem> {
        let mut events = Vec::new();
        let mut document = Value::Null;
        let look = KeptLook::Show(id);
        link.request(
            |id| ClientFrame::Kept { id, look },
            &mut |frame| match frame {
                ServerFrame::Event { envelope, .. } => events.push(envelope),
                ServerFrame::Json { json, .. } => {
                    document = serde_json::from_str(&json).unwrap_or_default();
                }
                _ => {}
            },
        )
        .await?;
        let shown = events.iter().map(Envelope::document);
        document["events"] = shown.collect();
        Ok(Kept { document, events })
    }

    /// What was said and answered, a line each.
    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for envelope in &self.events {
            if let Event::TurnSummary(turn) = &envelope.event {
                let at = when(&envelope.at_ms.into());
                lines.push(format!("{at}  “{}”", turn.text));
                for step in &turn.steps {
                    let slots = step.slots.iter().map(|(name, value)| (name, value.clone()));
                    lines.push(format!("{:16}  {}", "", output::step(&step.intent, slots)));
                }
                lines.push(format!("{:16}  → {}", "", turn.reply));
            }
        }
        lines
    }

    /// A page that any browser shows, now and in twenty years: no script, nothing from elsewhere.
    fn page(&self) -> String {
        let mut rows = String::new();
        for envelope in &self.events {
            if let Event::TurnSummary(turn) = &envelope.event {
                let (at, text, reply) = (
                    when(&envelope.at_ms.into()),
                    escaped(&turn.text),
                    escaped(&turn.reply),
                );
                rows +=
                    &format!("<dt>{at}</dt><dd><p class=\"said\">{text}</p><p>{reply}</p></dd>\n");
            }
        }
        let begun = when(&self.document["conversation"]["begun_ms"]);
        format!(
            "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\n\
            <title>Conversation of {begun}</title>\n\
            <style>:root{{color-scheme:light dark;font:1rem/1.5 system-ui}}body{{max-width:40rem;margin:2rem auto;padding:0 1rem}}\
            dt{{opacity:.75;font-size:.9rem}}dd{{margin:0 0 1.5rem}}p{{margin:0}}.said{{font-weight:600}}</style>\n\
            <h1>Conversation of {begun}</h1>\n<dl>\n{rows}</dl>\n</html>\n"
        )
    }

    fn tell_damage(&self) {
        let damaged = self.document["damaged"].as_u64().unwrap_or_default();
        if damaged > 0 {
            eprintln!(
                "note: {damaged} entries of it cannot be read: `loqa audit verify` tells more"
            );
        }
    }
}

/// Nothing is done again: what was said is shown, and what it would mean now.
async fn replay(link: &mut Link, common: &Common, kept: &Kept, speed: f64) -> Result<(), Problem> {
    if !(0.0..=1000.0).contains(&speed) {
        return Err(Problem {
            code: "bad_speed".into(),
            message: format!("{speed} is no speed"),
            help: "1 is as it went, 10 ten times as fast, 0 at once; at most 1000".into(),
        });
    }
    let mut live = output::LiveTurn::default();
    let (mut before, mut heard) = (None, false);
    for envelope in &kept.events {
        let gap = envelope.at_ms - before.unwrap_or(envelope.at_ms);
        before = Some(envelope.at_ms);
        if speed > 0.0 {
            let gap = Duration::from_millis(gap.clamp(0, 10_000).unsigned_abs());
            tokio::time::sleep(gap.div_f64(speed)).await;
        }
        if common.json {
            output::print_json(&envelope.document());
            continue;
        }
        let Event::TurnSummary(turn) = &envelope.event else {
            heard |= matches!(envelope.event, Event::SttFinal { .. });
            live.show(envelope);
            continue;
        };
        // What was typed nobody heard.
        if !std::mem::take(&mut heard) {
            output::print_line(&format!("  typed    {}", turn.text));
        }
        live.end(turn);
        let text = turn.text.clone();
        let meaning = link.document(|id| ClientFrame::Intent { id, text }).await?;
        let today = meaning["intent"].as_str();
        if today != turn.intent.as_deref() {
            output::print_line(&format!(
                "  today that is {}",
                today.unwrap_or("not understood")
            ));
        }
    }
    Ok(())
}

async fn ask(link: &mut Link, look: KeptLook) -> Result<Value, Problem> {
    link.document(|id| ClientFrame::Kept { id, look }).await
}

fn show_rows(common: &Common, rows: &Value, none: &str, line: impl Fn(&Value) -> String) {
    let rows = rows.as_array().map_or(&[][..], Vec::as_slice);
    if common.json {
        rows.iter().for_each(output::print_json);
    } else if rows.is_empty() {
        output::print_line(none);
    } else {
        rows.iter().for_each(|row| output::print_line(&line(row)));
    }
}

/// A moment on this machine's clock.
pub(super) fn when(ms: &Value) -> String {
    let moment = Timestamp::from_millisecond(ms.as_i64().unwrap_or_default());
    let moment = moment.unwrap_or_default().to_zoned(TimeZone::system());
    moment.strftime("%Y-%m-%d %H:%M").to_string()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
