//! How events look on a terminal, and as JSON lines.

use loqa_protocol::{Envelope, Event, TurnSummary, Verdict};
use serde_json::{Value, json};
use std::{
    fmt::Display,
    io::{IsTerminal, Write},
};

/// One JSON document, one line, on standard output. A closed pipe ends the process quietly.
pub fn print_json(value: &Value) {
    print_line(&value.to_string());
}

/// One line on standard output. A closed pipe (`loqa … | head`) ends the process quietly.
pub fn print_line(line: &str) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}

/// An error on standard error: what was wrong, and beneath it what to do. One that tells several
/// mistakes, a line each, is as many errors.
pub fn print_error(error: &dyn Display) {
    for line in error.to_string().lines() {
        let mark = if line.starts_with(' ') { "" } else { "error: " };
        eprintln!("{mark}{line}");
    }
}

/// What was understood: `home.turn_on device=fan`.
pub fn step<N: Display>(intent: &str, slots: impl IntoIterator<Item = (N, Value)>) -> String {
    let slots = slots.into_iter().map(|(name, value)| match value {
        Value::String(text) => format!(" {name}={text}"),
        value => format!(" {name}={value}"),
    });
    std::iter::once(intent.to_owned()).chain(slots).collect()
}

/// A turn's summary as its JSON line.
pub fn summary_json(summary: &TurnSummary) -> Value {
    let mut document = json!({ "subject": "turn.summary" });
    if let (Value::Object(all), Ok(Value::Object(fields))) =
        (&mut document, serde_json::to_value(summary))
    {
        all.extend(fields);
    }
    document
}

/// Prints a turn as it happens: the words grow in place on a terminal.
#[derive(Default)]
pub struct LiveTurn {
    partial_shown: bool,
}

impl LiveTurn {
    /// Shows one event.
    pub fn show(&mut self, envelope: &Envelope) {
        let terminal = std::io::stdout().is_terminal();
        match &envelope.event {
            Event::SttPartial { text } if terminal => {
                print!("\r\x1b[2K  hears    {text}");
                let _ = std::io::stdout().flush();
                self.partial_shown = true;
            }
            Event::SttPartial { text } => print_line(&format!("  hears    {text}")),
            Event::NluResponse { intents, .. } if !intents.is_empty() => {
                self.break_line();
                print_line(&format!("  plan     {}", intents.join(" + ")));
            }
            Event::SpeechEnded {
                endpoint_delay_ms,
                state,
            } => {
                self.break_line();
                print_line(&format!(
                    "  endpoint {endpoint_delay_ms:.0} ms after the last word ({state})"
                ));
            }
            Event::SttFinal {
                verdict: Verdict::Rejected,
                ..
            } => {
                self.break_line();
                print_line("  heard    (not a command)");
            }
            Event::SttFinal { text, .. } => {
                self.break_line();
                print_line(&format!("  heard    {text}"));
            }
            Event::TimerRang { name, .. } => {
                self.break_line();
                print_line(&format!(
                    "  rings    {}",
                    name.as_deref().unwrap_or("timer")
                ));
            }
            Event::AlarmRang { text, time, .. } => {
                self.break_line();
                let what = text.as_deref().unwrap_or("alarm");
                print_line(&format!("  rings    {what}, {time}"));
            }
            Event::Degraded { message, help, .. } => {
                self.break_line();
                eprintln!("note: {message}\n  help: {help}");
            }
            _ => {}
        }
    }

    /// Shows how the turn ended.
    pub fn end(&mut self, summary: &TurnSummary) {
        self.break_line();
        if summary.rejected {
            print_line("  loqa     (not a command: nothing was done)");
        } else {
            print_line(&format!("  loqa     {}", summary.reply));
        }
        if let Some(line) = timings(summary) {
            print_line(&format!("  timing   {line}"));
        }
    }

    fn break_line(&mut self) {
        if std::mem::take(&mut self.partial_shown) {
            print_line("");
        }
    }
}

/// `ttfa_ms 64 · class A · speculation hit · endpoint 46 …`; `None` for a typed turn.
fn timings(summary: &TurnSummary) -> Option<String> {
    let ttfa = summary.ttfa_ms?;
    let mut parts = vec![format!("ttfa_ms {ttfa:.0}")];
    if let Some(class) = summary.class {
        parts.push(format!("class {class:?}"));
    }
    parts.push(format!("speculation {:?}", summary.speculation).to_lowercase());
    let hops = &summary.hops;
    for (name, value) in [
        ("endpoint", hops.endpoint_ms),
        ("stt", hops.stt_final_ms),
        ("prepare", hops.prepare_ms),
        ("commit", hops.commit_ms),
        ("tts", hops.tts_first_chunk_ms),
        ("playback", hops.playback_ms),
    ] {
        if let Some(value) = value {
            parts.push(format!("{name} {value:.1}"));
        }
    }
    Some(parts.join(" · "))
}
