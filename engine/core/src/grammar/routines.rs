//! Routines: a name that stands for the steps of several sentences.

use super::{Context, Grammar, SlotValue, Step};
use crate::home::Home;
use std::collections::BTreeMap;

/// Whose sentence the name of a routine is, and which slot tells the routine.
const RUN: (&str, &str, &str) = ("loqa", "routine", "routine");
/// What a step that stands for a routine has beside it, if it cannot be carried out: the first
/// sentence that is no step.
const UNFIT: &str = "unfit";
/// Loqa's own sentences that do not speak of what was said or done before.
const OWN: [&str; 6] = [
    "stop",
    "speak_louder",
    "speak_quieter",
    "more_time",
    "less_time",
    "normal_time",
];

/// What each routine stands for, by id; or the first sentence of it that is no step.
pub(super) type Routines = BTreeMap<String, Result<Vec<Step>, String>>;

/// Why a sentence is no step of a routine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoStep {
    /// No sentence of the household.
    NotUnderstood,
    /// It would call another routine, or itself.
    Routine,
    /// It is about the conversation, as "undo that" is.
    Conversation,
}

/// The routines of a household whose sentences `grammar` knows.
pub(super) fn read(grammar: &Grammar, home: &Home) -> Routines {
    let steps = |say: &String| grammar.routine_step(say).map_err(|_| say.clone());
    home.routines
        .iter()
        .map(|routine| {
            let all: Result<Vec<_>, String> = routine.steps.iter().map(steps).collect();
            (routine.id.clone(), all.map(|all| all.concat()))
        })
        .collect()
}

impl Grammar {
    /// The steps that a sentence has within a routine.
    ///
    /// # Errors
    /// Why it cannot be part of one.
    pub fn routine_step(&self, say: &str) -> Result<Vec<Step>, NoStep> {
        let found = self.parse(&Context::Commands, say);
        let steps = found.map(|found| found.steps).unwrap_or_default();
        if steps.is_empty() {
            return Err(NoStep::NotUnderstood);
        }
        let own = |step: &&Step| step.skill == RUN.0 && !OWN.contains(&step.intent.as_str());
        match steps.iter().find(own) {
            None => Ok(steps),
            Some(step) if step.intent == RUN.1 => Err(NoStep::Routine),
            Some(_) => Err(NoStep::Conversation),
        }
    }

    /// The intent that the name of a routine says as well, if there is one.
    pub fn other_meaning(&self, routine: &str, name: &str) -> Option<String> {
        let mut parse = self.start(&Context::Commands);
        super::normalize(name)
            .iter()
            .for_each(|word| parse.feed(word));
        parse
            .meanings()
            .into_iter()
            .find_map(|steps| match steps.as_slice() {
                [step] if run(step) == Some(routine) => None,
                steps => Some(format!(
                    "{}.{}",
                    steps.first()?.skill,
                    steps.first()?.intent
                )),
            })
    }

    /// What is to be done: steps as they were understood, with those of a routine in the place of its
    /// name. A routine that cannot be carried out stays, with the sentence that is to blame in the slot
    /// `unfit`.
    pub fn carried_out(&self, steps: Vec<Step>) -> Vec<Step> {
        let mut all = Vec::with_capacity(steps.len());
        for mut step in steps {
            match run(&step).and_then(|routine| self.routines.get(routine)) {
                Some(Ok(steps)) => all.extend(steps.iter().cloned()),
                Some(Err(unfit)) => {
                    let unfit = SlotValue::Text(unfit.clone());
                    step.slots.push((UNFIT.into(), unfit));
                    all.push(step);
                }
                None => all.push(step),
            }
        }
        all
    }
}

/// The routine that a step stands for.
fn run(step: &Step) -> Option<&str> {
    let is_it = (step.skill.as_str(), step.intent.as_str()) == (RUN.0, RUN.1);
    let mut slots = step.slots.iter().filter(|_| is_it);
    slots.find_map(|(slot, value)| match value {
        SlotValue::Item(id) if slot == RUN.2 => id.as_str(),
        _ => None,
    })
}
