//! People ordering coffee: 52 recordings by many speakers in the folder that `LOQA_TEST_DATA`
//! names, and the same orders by synthetic speakers. The recordings only report; what is tuned is
//! tuned on the others.

use crate::voices::{Clip, Random, Speaker, Studio, speech_span};
use anyhow::{Context as _, Result, anyhow};
use futures::{StreamExt, executor::block_on_stream, stream};
use loqa_core::{
    grammar::{Grammar, SpeechGrammar},
    home::Home,
    manifest::{FileError, Manifest},
    seams::{SpeechToText, TranscribeOptions},
};
use loqa_inference::wav;
use loqa_protocol::Verdict;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The sentences the speakers were given (`grammar.yaml` of the data), and the rules in them. The
/// syntax is that of skills and of JSGF alike.
const ORDER: &str = "<lead> (a|an) <modifiers> <drink> [with <extras>]";
const RULES: [(&str, &str); 10] = [
    (
        "lead",
        "(brew|can i get|can i have|i want|get me|give me|i'd like|make me|may i have)",
    ),
    (
        "modifiers",
        "([<size>] [<roast>] [<shots>]|[<size>] [<shots>] [<roast>]|[<roast>] [<size>] [<shots>]|[<roast>] [<shots>] [<size>]|[<shots>] [<size>] [<roast>]|[<shots>] [<roast>] [<size>])",
    ),
    ("extras", "(<milk> [and <sugar>]|<sugar> [and <milk>])"),
    (
        "size",
        "(small|medium|large|eight ounce|twelve ounce|sixteen ounce|twenty ounce)",
    ),
    ("roast", "(light|medium|dark) roast"),
    ("shots", "(single|double|triple) shot"),
    (
        "drink",
        "(americano|cappuccino|espresso|iced mocha|latte|mocha|coffee|drip coffee|house coffee|iced coffee)",
    ),
    ("amount", "(a little bit of|a bit of|some|a lot of|lots of)"),
    ("milk", "[<amount>] ([(skim|whole|soy|almond)] milk|cream)"),
    ("sugar", "[<amount>] ([brown] sugar|sweetener)"),
];

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

/// Somebody orders.
pub struct Order {
    /// The recording, or the speaker and the words.
    pub name: String,
    /// The sound.
    pub clip: Clip,
    /// Slots and values as the labels write them.
    pub said: Slots,
}

/// Slot → value.
pub type Slots = BTreeMap<String, String>;

/// What the recogniser made of a clip.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// Words.
    pub text: String,
    /// Not believed.
    pub rejected: bool,
}

impl Order {
    /// All slots right, and not rejected: what a person would count.
    pub fn is_met_by(&self, heard: &Heard) -> bool {
        !heard.rejected && slots(&heard.text) == self.said
    }
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

/// The grammar of the orders, from a skill that is a manifest alone.
///
/// # Errors
/// The manifest is wrong.
pub fn grammar() -> Result<Arc<SpeechGrammar>> {
    let wrong = |errors: Vec<FileError>| anyhow!("{errors:?}");
    let mut skill = String::from("name: coffee\nrules:\n");
    for (name, body) in RULES {
        writeln!(skill, "  {name}: \"{body}\"")?;
    }
    write!(skill, "intents:\n  order:\n    sentences: [\"{ORDER}\"]\n")?;
    let skill = Manifest::parse("coffee", &skill).map_err(wrong)?;
    Ok(Grammar::compile(&[skill], &Home::default())
        .map_err(wrong)?
        .speech())
}

/// The same sentences in the recogniser's own format.
pub fn jsgf() -> String {
    let rules = RULES.map(|(name, body)| format!("<{name}> = {body};\n"));
    format!(
        "#JSGF V1.0;\ngrammar coffee;\npublic <order> = {ORDER};\n{}",
        rules.concat()
    )
}

/// Slot values in a transcript, as the labels write them.
pub fn slots(text: &str) -> Slots {
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

/// The recordings in `folder`.
///
/// # Errors
/// It cannot be read.
pub fn people(folder: &Path) -> Result<Vec<Order>> {
    let labels = fs::read_to_string(folder.join("labels.json")).context("reading labels.json")?;
    let labels: BTreeMap<String, Value> = serde_json::from_str(&labels)?;
    let order = |(name, label): (String, Value)| {
        let samples = wav::read(folder.join(&name))?;
        let (onset, end) = speech_span(&samples, -30.0);
        let slots = label["slots"].as_object().into_iter().flatten();
        Ok(Order {
            name,
            clip: Clip {
                samples,
                onset,
                end,
            },
            said: slots
                .map(|(slot, value)| {
                    let value = value.as_str().unwrap_or_default().trim();
                    (slot.clone(), value.to_owned())
                })
                .collect(),
        })
    };
    labels.into_iter().map(order).collect()
}

/// Orders by `speakers` in turn, each in a room of its own.
///
/// # Errors
/// A voice is missing.
pub fn synthetic(
    studio: &Studio,
    speakers: &[Speaker],
    count: usize,
    seed: u64,
) -> Result<Vec<Order>> {
    let mut random = Random::new(seed);
    let turns = speakers.iter().cycle().take(count);
    turns
        .zip(seed..)
        .map(|(speaker, room)| {
            let words = draw(ORDER, &mut random);
            let clip = studio.speak(*speaker, &words)?;
            let (before_ms, after_ms) = (300 + random.below(2_000), 500 + random.below(2_000));
            Ok(Order {
                name: format!("{speaker}: “{words}”"),
                clip: clip.framed(before_ms, after_ms).in_room(room),
                said: slots(&words),
            })
        })
        .collect()
}

/// One of the sentences that a template allows.
fn draw(template: &str, random: &mut Random) -> String {
    let mut words = Vec::new();
    sequence(&mut template.chars().peekable(), random, &mut words);
    words.join(" ")
}

/// Draws up to the end of the group, which is left to be read.
fn sequence(
    rest: &mut std::iter::Peekable<std::str::Chars<'_>>,
    random: &mut Random,
    drawn: &mut Vec<String>,
) {
    while let Some(next) = rest.next_if(|c| !"|)]".contains(*c)) {
        match next {
            '(' | '[' => {
                let mut choices = Vec::new();
                loop {
                    let mut choice = Vec::new();
                    sequence(rest, random, &mut choice);
                    choices.push(choice);
                    if rest.next() != Some('|') {
                        break;
                    }
                }
                if next == '[' {
                    choices.push(Vec::new());
                }
                let choice = random.below(choices.len());
                drawn.append(&mut choices[choice]);
            }
            '<' => {
                let mut name = String::new();
                name.extend(std::iter::from_fn(|| rest.next_if(|c| *c != '>')));
                rest.next();
                let body = RULES.iter().find(|rule| rule.0 == name);
                drawn.extend(body.map(|(_, body)| draw(body, random)));
            }
            ' ' => {}
            first => {
                let mut word = String::from(first);
                word.extend(std::iter::from_fn(|| {
                    rest.next_if(|c| !" |()[]<>".contains(*c))
                }));
                drawn.push(word);
            }
        }
    }
    drawn.retain(|word| !word.is_empty());
}

/// What `stt` hears in a clip.
///
/// # Errors
/// It fails.
pub fn hear(
    stt: &dyn SpeechToText,
    grammar: &Arc<SpeechGrammar>,
    samples: &[f32],
) -> Result<Heard> {
    let frames: Vec<_> = wav::frames(samples).collect();
    let options = TranscribeOptions {
        grammar: Some(grammar.clone()),
        ..TranscribeOptions::default()
    };
    let hypotheses = block_on_stream(stt.transcribe(stream::iter(frames).boxed(), options));
    let last = hypotheses
        .last()
        .context("the recogniser gave no answer")??;
    Ok(Heard {
        text: last.text(),
        rejected: last.verdict == Verdict::Rejected,
    })
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
    #[test]
    fn synthetic_orders_are_sentences_of_the_grammar() {
        let mut random = Random::new(1);
        let orders: Vec<String> = (0..200).map(|_| draw(ORDER, &mut random)).collect();
        let grammar = grammar().unwrap();
        let known = |word: &str| grammar.words.iter().any(|known| known == word);
        assert!(orders.iter().all(|order| order.split(' ').all(known)));
        assert!(orders.iter().any(|order| order.contains(" roast ")));
        assert!(orders.iter().any(|order| order.ends_with("cream")));
        assert!(orders.iter().any(|order| order.starts_with("brew a ")));
    }
}
