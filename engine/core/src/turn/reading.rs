//! What words mean in the light of what Loqa asked.

use super::{Dialogue, Question, TurnMachine};
use crate::{
    endpoint::Expectation,
    grammar::{Match, SlotValue, State, Step, numbers::is_number_word},
    policy::Pin,
};
use loqa_protocol::LatencyClass;

/// The skill of the commands that the machine itself carries out.
const SELF: &str = "loqa";

/// Words, read.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Reading {
    pub state: State,
    pub class: Option<LatencyClass>,
    pub meaning: Meaning,
    /// Do the words end within a number, or right after one?
    pub in_number: bool,
}

impl Default for Reading {
    fn default() -> Self {
        Reading {
            state: State::Incomplete,
            class: None,
            meaning: Meaning::Nothing,
            in_number: false,
        }
    }
}

/// What the person wants.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Meaning {
    Do {
        steps: Vec<Step>,
        origin: Origin,
        /// The words that asked for it: not the "yes", but what it was a yes to.
        said: String,
    },
    /// The PIN that Loqa asked for, right or wrong.
    Pin(Pin),
    NeverMind(Step),
    Repeat(Step),
    /// "No" to a question.
    Decline,
    /// No sentence of the household.
    Nothing,
}

/// Where a wish came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Origin {
    /// From these words alone.
    Fresh,
    /// Asked for before; these words were the "yes".
    Affirmed,
    /// Asked for before; these digits were the PIN.
    Proven,
    /// Asked for before; these words filled a gap.
    Completed,
}

impl TurnMachine {
    /// Reads normalised words in the present context.
    pub(super) fn read(&self, words: &str) -> Reading {
        let mut parse = self.grammar.start(&self.context());
        for word in words.split_whitespace() {
            parse.feed(word);
        }
        // The recogniser often guesses an "and" in the pause.
        let last = words.split_whitespace().rfind(|word| *word != "and");
        let in_number = last.is_some_and(is_number_word);
        let Some(mut matched) = parse.finish() else {
            return Reading {
                state: parse.state(),
                in_number,
                ..Reading::default()
            };
        };
        matched.steps = self.grammar.carried_out(matched.steps);
        Reading {
            state: parse.state(),
            class: Some(matched.class),
            meaning: meaning(matched, words, self.dialogue.as_ref()),
            in_number,
        }
    }
}

impl TurnMachine {
    /// Whether words of this meaning may be a PIN, or a part of one: nobody is shown them, and nobody
    /// keeps them.
    pub(super) fn hides(&self, meaning: &Meaning) -> bool {
        self.may_hear_pin() && meaning.may_be_pin()
    }
}

impl Meaning {
    pub(super) fn may_be_pin(&self) -> bool {
        matches!(self, Meaning::Pin(_) | Meaning::Nothing)
    }
}

impl Reading {
    /// How much more the words alone let one expect.
    pub(super) fn expectation(&self) -> Expectation {
        let expectation = match self.state {
            State::Closed => Expectation::Closed,
            State::Extendable => Expectation::Extendable,
            State::Open => Expectation::Open,
            State::Incomplete if self.in_number => Expectation::Number,
            State::Incomplete | State::Dead => Expectation::Incomplete,
        };
        match (self.class, &self.meaning) {
            _ if expectation.is_unfinished() => expectation,
            // Another digit may follow.
            (_, Meaning::Pin(_)) => Expectation::Grave,
            (
                _,
                Meaning::Do {
                    origin: Origin::Affirmed,
                    ..
                },
            ) => Expectation::Grave,
            (Some(LatencyClass::C), _) => expectation.max(Expectation::Open),
            _ => expectation,
        }
    }
}

fn meaning(matched: Match, words: &str, dialogue: Option<&Dialogue>) -> Meaning {
    match (dialogue, matched.confirmed, matched.follow_up) {
        (
            Some(Dialogue {
                question: Question::Confirm { .. },
                steps,
                said,
                ..
            }),
            Some(true),
            _,
        ) => Meaning::Do {
            steps: steps.clone(),
            origin: Origin::Affirmed,
            said: said.clone(),
        },
        (Some(_), Some(false), _) => Meaning::Decline,
        (
            Some(Dialogue {
                question: Question::Pin { .. },
                ..
            }),
            ..,
        ) if matched.pin.is_some() => matched.pin.map_or(Meaning::Nothing, Meaning::Pin),
        (
            Some(Dialogue {
                question: Question::FollowUp { context, .. },
                steps,
                said,
                ..
            }),
            _,
            Some(slots),
        ) => {
            let mut steps = steps.clone();
            complete(&mut steps, context, slots);
            Meaning::Do {
                steps,
                origin: Origin::Completed,
                said: format!("{said}, {words}"),
            }
        }
        _ => match matched.steps.as_slice() {
            [] => Meaning::Nothing,
            [.., last] if last.skill == SELF && last.intent == "never_mind" => {
                Meaning::NeverMind(last.clone())
            }
            [only] if only.skill == SELF && only.intent == "repeat" => {
                Meaning::Repeat(only.clone())
            }
            _ => Meaning::Do {
                steps: matched.steps,
                origin: Origin::Fresh,
                said: words.to_owned(),
            },
        },
    }
}

/// Merges the answer's slots into the step whose skill had asked.
fn complete(
    steps: &mut [Step],
    context: &crate::grammar::Context,
    slots: Vec<(String, SlotValue)>,
) {
    let asked = |step: &Step| matches!(context, crate::grammar::Context::FollowUp { skill, .. } if *skill == step.skill);
    let index = steps.iter().position(asked).unwrap_or(0);
    let Some(step) = steps.get_mut(index) else {
        return;
    };
    for (name, value) in slots {
        match step.slots.iter_mut().find(|(known, _)| *known == name) {
            Some(slot) => slot.1 = value,
            None => step.slots.push((name, value)),
        }
    }
}
