//! What is made unreadable before it is kept, for those who want a record without its words.

use loqa_core::grammar::numbers::is_number_word;
use loqa_protocol::{Envelope, Event, Redaction, StepSummary, TurnSummary};
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashSet};

/// Stands for a word that is not kept.
pub const REDACTED: &str = "▒▒▒";

/// What is made unreadable, and what tells it.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    /// What.
    pub what: BTreeSet<Redaction>,
    /// Names of people, in small letters, a word each.
    pub names: HashSet<String>,
    /// Words that commands have, in small letters.
    pub known: HashSet<String>,
}

impl Redactor {
    /// The event as it may be kept.
    pub fn redacted(&self, mut envelope: Envelope) -> Envelope {
        if self.what.is_empty() {
            return envelope;
        }
        match &mut envelope.event {
            Event::SttPartial { text }
            | Event::SttFinal { text, .. }
            | Event::TtsRequest { text }
            | Event::ReplyStarted { text }
            | Event::SkillNotice { text, .. } => self.text(text),
            Event::NluResponse { text, reply, .. } => {
                self.text(text);
                self.text(reply);
            }
            Event::TimerRang { name, .. } => name.iter_mut().for_each(|name| self.text(name)),
            Event::AlarmRang { text, .. } => text.iter_mut().for_each(|text| self.text(text)),
            Event::SkillPublished { payload, .. } => self.text(payload),
            Event::VisualCardUpdate(card) => {
                self.text(&mut card.title);
                for line in &mut card.lines {
                    self.text(&mut line.text);
                }
            }
            Event::TurnSummary(turn) => self.turn(turn),
            Event::SpeechStarted
            | Event::SpeechEnded { .. }
            | Event::SkillInvoke { .. }
            | Event::SkillResult { .. }
            | Event::ReplyEnded { .. }
            | Event::TimerSilenced { .. }
            | Event::AlarmSilenced { .. }
            | Event::PinWanted { .. }
            | Event::Degraded { .. } => {}
        }
        envelope
    }

    fn turn(&self, turn: &mut TurnSummary) {
        self.text(&mut turn.text);
        self.text(&mut turn.reply);
        self.slots(&mut turn.slots);
        for StepSummary { slots, .. } in &mut turn.steps {
            self.slots(slots);
        }
        for partial in &mut turn.partials {
            self.text(&mut partial.text);
        }
        if let Some(file) = &mut turn.file {
            self.text(file);
        }
    }

    fn slots(&self, slots: &mut Map<String, Value>) {
        for value in slots.values_mut() {
            match value {
                Value::String(text) => self.text(text),
                Value::Number(_) if self.what.contains(&Redaction::Numbers) => {
                    *value = REDACTED.into();
                }
                _ => {}
            }
        }
    }

    fn text(&self, text: &mut String) {
        let mut kept = String::with_capacity(text.len());
        let mut rest = text.as_str();
        // A word is letters and digits; what lies between words stays.
        while let Some(begin) = rest.find(char::is_alphanumeric) {
            let (between, word) = rest.split_at(begin);
            let end = word
                .find(|letter: char| !letter.is_alphanumeric() && letter != '\'' && letter != '’')
                .unwrap_or(word.len());
            let (word, after) = word.split_at(end);
            kept.push_str(between);
            kept.push_str(if self.hides(word) { REDACTED } else { word });
            rest = after;
        }
        kept.push_str(rest);
        *text = kept;
    }

    fn hides(&self, word: &str) -> bool {
        let word = word.to_lowercase().replace('’', "'");
        let stem = word.strip_suffix("'s").unwrap_or(&word);
        let number = word.contains(|letter: char| letter.is_ascii_digit()) || is_number_word(&word);
        self.what.iter().any(|what| match what {
            Redaction::Names => self.names.contains(stem),
            Redaction::Numbers => number,
            Redaction::Text => !number && !self.known.contains(&word) && !self.known.contains(stem),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn redactor(what: &[Redaction]) -> Redactor {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect();
        Redactor {
            what: what.iter().copied().collect(),
            names: words("ada byron"),
            known: words("set a timer for minutes remind me to add the shopping list call"),
        }
    }

    #[test]
    fn names_numbers_and_free_text_are_not_kept_where_nobody_wants_them() {
        use Redaction::{Names, Numbers, Text};
        for (what, said, kept) in [
            (
                &[][..],
                "remind me to call Ada at 7:30",
                "remind me to call Ada at 7:30",
            ),
            (
                &[Names],
                "remind me to call Ada’s mother",
                "remind me to call ▒▒▒ mother",
            ),
            (
                &[Numbers],
                "set a timer for twenty-five minutes, 7:30",
                "set a timer for ▒▒▒-▒▒▒ minutes, ▒▒▒:▒▒▒",
            ),
            (
                &[Text],
                "Add müsli to the shopping list.",
                "Add ▒▒▒ to the shopping list.",
            ),
            (&[Text], "call Ada", "call ▒▒▒"),
            (
                &[Names, Numbers, Text],
                "add ten eggs for Ada",
                "add ▒▒▒ ▒▒▒ for ▒▒▒",
            ),
        ] {
            let mut text = said.to_owned();
            redactor(what).text(&mut text);
            assert_eq!(text, kept, "{what:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_but_known_words_is_left_of_any_text(said in ".{0,60}") {
            let redactor = redactor(&[Redaction::Numbers, Redaction::Text]);
            let mut text = said;
            redactor.text(&mut text);
            let words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '\'' && letter != '’');
            for word in words.map(str::to_lowercase).filter(|word| word.contains(char::is_alphanumeric)) {
                let stem = word.replace('’', "'");
                let stem = stem.trim_matches('\'');
                let stem = stem.strip_suffix("'s").unwrap_or(stem);
                prop_assert!(redactor.known.contains(stem) || stem.is_empty(), "{:?}", text);
            }
        }
    }
}
