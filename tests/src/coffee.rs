//! Real people ordering coffee: 52 recordings by many speakers in the folder that
//! `LOQA_TEST_DATA` names. They only report; nothing is tuned on them.

use anyhow::{Context as _, Result, anyhow};
use futures::{StreamExt, executor::block_on_stream, stream};
use loqa_core::{
    grammar::{Context, Grammar, SpeechGrammar},
    home::Home,
    manifest::{FileError, Manifest},
    seams::{SpeechToText, TranscribeOptions},
};
use loqa_inference::wav;
use loqa_protocol::Verdict;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The sentences the speakers were given (`grammar.yaml` of the data) as a skill.
const ORDERS: &str = r#"
name: coffee
rules:
  lead: "(brew|can i get|can i have|i want|get me|give me|i'd like|make me|may i have)"
  modifiers: "([<size>] [<roast>] [<shots>]|[<size>] [<shots>] [<roast>]|[<roast>] [<size>] [<shots>]|[<roast>] [<shots>] [<size>]|[<shots>] [<size>] [<roast>]|[<shots>] [<roast>] [<size>])"
  extras: "(<milk> [and <sugar>]|<sugar> [and <milk>])"
  size: "(small|medium|large|eight ounce|twelve ounce|sixteen ounce|twenty ounce)"
  roast: "(light|medium|dark) roast"
  shots: "(single|double|triple) shot"
  drink: "(americano|cappuccino|espresso|iced mocha|latte|mocha|coffee|drip coffee|house coffee|iced coffee)"
  amount: "(a little bit of|a bit of|some|a lot of|lots of)"
  milk: "[<amount>] ([(skim|whole|soy|almond)] milk|cream)"
  sugar: "[<amount>] ([brown] sugar|sweetener)"
intents:
  order:
    sentences: ["<lead> (a|an) <modifiers> <drink> [with <extras>]"]
"#;

/// Slots and their values apart from amounts, longest first.
const SLOTS: [(&str, &[&str]); 6] = [
    ("roast", &["light roast", "medium roast", "dark roast"]),
    (
        "numberOfShots",
        &["single shot", "double shot", "triple shot"],
    ),
    (
        "size",
        &[
            "eight ounce",
            "twelve ounce",
            "sixteen ounce",
            "twenty ounce",
            "small",
            "medium",
            "large",
        ],
    ),
    (
        "coffeeDrink",
        &[
            "drip coffee",
            "house coffee",
            "iced coffee",
            "iced mocha",
            "americano",
            "cappuccino",
            "espresso",
            "latte",
            "mocha",
            "coffee",
        ],
    ),
    (
        "milkAmount",
        &[
            "skim milk",
            "whole milk",
            "soy milk",
            "almond milk",
            "milk",
            "cream",
        ],
    ),
    ("sugarAmount", &["brown sugar", "sugar", "sweetener"]),
];

const AMOUNTS: [&str; 5] = ["a little bit of", "a bit of", "some", "a lot of", "lots of"];

/// How the recordings were understood.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// Recordings.
    pub clips: usize,
    /// All slots right, and not rejected: what a person would count.
    pub right: usize,
    /// All slots right, whatever the verdict.
    pub right_words: usize,
    /// Rejected as no order.
    pub rejected: usize,
    /// One line per recording that was not right.
    pub wrong: Vec<String>,
}

/// The folder of recordings; `None`, with a message on stderr, if there is none.
pub fn folder() -> Option<PathBuf> {
    let Some(data) = std::env::var_os("LOQA_TEST_DATA") else {
        eprintln!("skipped: LOQA_TEST_DATA is not set");
        return None;
    };
    let folder = PathBuf::from(data).join("audio/commands");
    if !folder.join("labels.json").is_file() {
        eprintln!("skipped: LOQA_TEST_DATA has no audio/commands/labels.json");
        return None;
    }
    Some(folder)
}

/// The grammar of the orders.
///
/// # Errors
/// The skill above is wrong.
pub fn grammar() -> Result<Arc<SpeechGrammar>> {
    let wrong = |errors: Vec<FileError>| anyhow!("{errors:?}");
    let skill = Manifest::parse("coffee", ORDERS).map_err(wrong)?;
    Ok(Grammar::compile(&[skill], &Home::default())
        .map_err(wrong)?
        .speech())
}

/// Slot values in a transcript, as the labels write them.
pub fn slots(text: &str) -> BTreeMap<String, String> {
    let mut rest = format!(" {text} ");
    let mut slots = BTreeMap::new();
    for (slot, values) in SLOTS {
        for value in values {
            let found = format!(" {value} ");
            let Some(at) = rest.find(&found) else {
                continue;
            };
            let amount = AMOUNTS.iter().find(|amount| {
                slot.ends_with("Amount") && rest[..at].ends_with(&format!(" {amount}"))
            });
            let whole = match amount {
                Some(amount) => format!("{amount} {value}"),
                None => (*value).to_owned(),
            };
            rest.replace_range(at..at + found.len(), " . ");
            slots.insert(slot.to_owned(), whole);
            break;
        }
    }
    slots
}

/// Transcribes all recordings in `folder`.
pub fn report(stt: &dyn SpeechToText, folder: &Path) -> Result<Report> {
    let labels = fs::read_to_string(folder.join("labels.json")).context("reading labels.json")?;
    let labels: BTreeMap<String, Value> = serde_json::from_str(&labels)?;
    let grammar = grammar()?;
    let mut report = Report::default();
    for (file, label) in labels {
        let frames: Vec<_> = wav::frames(&wav::read(folder.join(&file))?).collect();
        let options = TranscribeOptions {
            grammar: Some(grammar.clone()),
            context: Context::Commands,
        };
        let last = block_on_stream(stt.transcribe(stream::iter(frames).boxed(), options))
            .last()
            .context("no answer")??;
        let expected: BTreeMap<String, String> = label["slots"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(slot, value)| {
                let value = value.as_str().unwrap_or_default().trim();
                (slot.clone(), value.to_owned())
            })
            .collect();
        let right = slots(&last.text()) == expected;
        let rejected = last.verdict == Verdict::Rejected;
        report.clips += 1;
        report.right_words += usize::from(right);
        report.rejected += usize::from(rejected);
        report.right += usize::from(right && !rejected);
        if !right || rejected {
            let verdict = if rejected { " (rejected)" } else { "" };
            report.wrong.push(format!(
                "{file}: {:?}{verdict}, expected {expected:?}",
                last.text()
            ));
        }
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_read_from_a_transcript_as_the_labels_write_them() {
        let found =
            slots("may i have a medium light roast iced mocha with a bit of soy milk and sugar");
        let expected = [
            ("size", "medium"),
            ("roast", "light roast"),
            ("coffeeDrink", "iced mocha"),
            ("milkAmount", "a bit of soy milk"),
            ("sugarAmount", "sugar"),
        ];
        let expected = expected.map(|(slot, value)| (slot.to_owned(), value.to_owned()));
        assert_eq!(found, BTreeMap::from(expected));
    }
}
