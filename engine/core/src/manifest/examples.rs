//! The tests inside a manifest: examples must be understood, negatives must not.

use super::{FileError, Manifest, Place};
use crate::grammar::{Context, Grammar, Step};
use jiff::{Zoned, civil::date, tz::TimeZone};
use serde_json::Value;

impl Manifest {
    /// Runs every example and negative against `grammar`, which must hold this manifest. Times
    /// and dates are those of Monday, 1 January 2024, 12:00 UTC. Returns what went wrong, in the
    /// order of the file.
    pub fn check_examples(&self, grammar: &Grammar) -> Vec<FileError> {
        let now = noon();
        let mut errors = Vec::new();
        for intent in &self.intents {
            for (index, example) in intent.examples.iter().enumerate() {
                let place = Place::Example {
                    intent: intent.name.clone(),
                    index,
                };
                if let Err((message, help)) =
                    self.check_example(&intent.name, example, grammar, &now)
                {
                    errors.push(self.places.error(&place, 0, message, help));
                }
            }
            for (index, negative) in intent.negatives.iter().enumerate() {
                let steps = grammar
                    .parse(&Context::Commands, negative)
                    .map(|found| found.steps)
                    .unwrap_or_default();
                if steps
                    .iter()
                    .any(|step| step.skill == self.name && step.intent == intent.name)
                {
                    let place = Place::Negative {
                        intent: intent.name.clone(),
                        index,
                    };
                    let message = format!(
                        "`{negative}` is understood as `{}`, which it must not be",
                        intent.name
                    );
                    errors.push(self.places.error(
                        &place,
                        0,
                        message,
                        "narrow the sentences, or remove the negative",
                    ));
                }
            }
        }
        errors.sort_by_key(FileError::position);
        errors
    }

    fn check_example(
        &self,
        intent: &str,
        example: &super::Example,
        grammar: &Grammar,
        now: &Zoned,
    ) -> Result<(), (String, String)> {
        let say = &example.say;
        let Some(found) = grammar.parse(&Context::Commands, say) else {
            return Err((
                format!("`{say}` is not understood"),
                format!("add a sentence to `{intent}` that matches it"),
            ));
        };
        let [step] = found.steps.as_slice() else {
            return Err((
                format!("`{say}` is understood as {} commands", found.steps.len()),
                "an example is one command".into(),
            ));
        };
        if step.skill != self.name || step.intent != intent {
            let message = format!(
                "`{say}` is understood as `{}.{}`, not as `{intent}`",
                step.skill, step.intent
            );
            return Err((
                message,
                "narrow that intent's sentences, or make these more exact".into(),
            ));
        }
        for (slot, wanted) in example.slots.iter().flatten() {
            match value_of(step, slot, now) {
                Some(value) if same(&value, wanted) => {}
                Some(value) => {
                    return Err((
                        format!("`{say}` fills `{slot}` with {value}, not {wanted}"),
                        "correct the example, or the sentence that matches it".into(),
                    ));
                }
                None => {
                    let filled: Vec<&str> =
                        step.slots.iter().map(|(name, _)| name.as_str()).collect();
                    let help = if filled.is_empty() {
                        "leave it out: no slot is filled".into()
                    } else {
                        format!("name one that it fills: {}", filled.join(", "))
                    };
                    return Err((format!("`{say}` does not fill `{slot}`"), help));
                }
            }
        }
        Ok(())
    }
}

fn noon() -> Zoned {
    date(2024, 1, 1)
        .at(12, 0, 0, 0)
        .to_zoned(TimeZone::UTC)
        .unwrap_or_default()
}

fn value_of(step: &Step, slot: &str, now: &Zoned) -> Option<Value> {
    step.slots
        .iter()
        .find(|(name, _)| name == slot)
        .map(|(_, value)| value.to_json(now))
}

/// 10 and 10.0 are one number; a time may be written as its clock shows it: `19:30`.
fn same(value: &Value, wanted: &Value) -> bool {
    match (value, wanted) {
        (Value::Number(value), Value::Number(wanted)) => value.as_f64() == wanted.as_f64(),
        (Value::String(moment), Value::String(clock))
            if clock.len() == 5 && clock.as_bytes()[2] == b':' =>
        {
            moment == clock
                || moment
                    .split_once('T')
                    .is_some_and(|(_, time)| time.starts_with(clock.as_str()))
        }
        _ => value == wanted,
    }
}
