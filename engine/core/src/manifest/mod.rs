//! `skill.yaml`: the single source of what a skill understands, says, asks and is tested with.
//! Reference: `docs/skill-yaml.md`.

pub mod card;
mod examples;
mod payload;
mod places;
mod read;
pub mod reply;
mod settings;
mod shape;
mod slots;

pub use crate::document::FileError;
pub use payload::{LONGEST_TOPIC, Payload};
pub use places::{Place, Places};
pub use settings::{Budget, LONGEST_TEXT, Setting, SettingKind};
pub use shape::SKILL;

use crate::document::{Node, Value};
use crate::home::DeviceKind;
use crate::policy::Risk;
use std::collections::BTreeMap;

/// A skill's manifest.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Manifest {
    /// Unique; lower-case letters, digits, `_`.
    pub name: String,
    /// Semantic version.
    pub version: String,
    /// One sentence for a person.
    pub description: String,
    /// `{name}` in sentences.
    pub lists: BTreeMap<String, List>,
    /// `<name>` in sentences: template text.
    pub rules: BTreeMap<String, String>,
    /// In file order.
    pub intents: Vec<Intent>,
    /// Capabilities it may use: `timer`, `device`, `list`, `storage`, `alarm`.
    pub permissions: Vec<String>,
    /// What a household can set for it, in file order.
    pub settings: Vec<Setting>,
    /// What it may take.
    pub budget: Budget,
    /// What it may publish, by topic.
    pub payloads: BTreeMap<String, Payload>,
    /// Questions it may ask.
    pub followups: BTreeMap<String, FollowUp>,
    /// Where things stand in the file it was read from; empty if it was not read from one.
    pub places: Places,
}

/// What `{name}` stands for. Built-in lists, always there: `device`, `area`, `number` (any
/// non-negative number as spoken), `duration`, `time`, `date`, `percentage`, `colour`, `text`, and
/// one per device kind (`light`, `switch`, … `list`: the devices of that kind).
#[derive(Clone, Debug, PartialEq)]
pub enum List {
    /// Spoken forms (themselves templates) and the canonical value each stands for.
    Values(Vec<ListValue>),
    /// Whole numbers, spoken as words.
    Range {
        /// First.
        from: i64,
        /// Last.
        to: i64,
        /// Between neighbours, ≥ 1.
        step: i64,
    },
    /// Free text. The vocabulary is what the recogniser can hear at once; other words need the
    /// open recogniser (class C).
    Text {
        /// Phrases expected.
        vocabulary: Vec<String>,
    },
    /// The household's devices of these kinds.
    Devices(Vec<DeviceKind>),
}

/// An entry of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct ListValue {
    /// Spoken: a template.
    pub said: String,
    /// Canonical: string, number or boolean.
    pub means: serde_json::Value,
}

/// Something a person may want.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Intent {
    /// Unique within the skill.
    pub name: String,
    /// Templates in hassil's syntax.
    pub sentences: Vec<String>,
    /// Constant slots added to every match (slot → value), as `slots:` in the file.
    pub slots: BTreeMap<String, serde_json::Value>,
    /// Reply template of a manifest-only skill: `{slot}` is filled in.
    pub reply: Option<String>,
    /// What a manifest-only skill shows.
    pub card: Option<card::CardTemplate>,
    /// Sentences that must match, with the slots they must yield (if given).
    pub examples: Vec<Example>,
    /// Sentences that must not match this intent.
    pub negatives: Vec<String>,
    /// Ask before doing it.
    pub confirm: bool,
    /// What could go wrong if somebody has it done who should not.
    pub risk: Risk,
}

/// A test in the manifest: either a plain string or `{say, slots, reply}`.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Example {
    /// The sentence.
    pub say: String,
    /// Slots it must yield, as JSON (subset).
    pub slots: Option<BTreeMap<String, serde_json::Value>>,
}

/// A question a skill asks.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct FollowUp {
    /// Spoken, such as "For how long?".
    pub ask: String,
    /// Templates of answers.
    pub sentences: Vec<String>,
}

impl Manifest {
    /// Reads a `skill.yaml`. `file_name` only names the file in errors.
    ///
    /// Sentences are kept as text: [`crate::grammar::Grammar::compile`] checks them, because what
    /// they may name depends on the household too.
    ///
    /// # Errors
    /// Everything that is wrong with the file, in the order of its lines.
    pub fn parse(file_name: &str, text: &str) -> Result<Manifest, Vec<FileError>> {
        let mut node = Node::from_yaml(file_name, text)?;
        if node.value == Value::Null {
            node.value = Value::Table(Vec::new());
        }
        let mut errors = Vec::new();
        SKILL.check(file_name, &node, &mut errors);
        let manifest = read::manifest(file_name, text, &node, &mut errors);
        slots::check_replies(&manifest, &mut errors);
        if errors.is_empty() {
            return Ok(manifest);
        }
        errors.sort_by_key(FileError::position);
        Err(errors)
    }

    /// The intent of this name.
    pub fn intent(&self, name: &str) -> Option<&Intent> {
        self.intents.iter().find(|intent| intent.name == name)
    }
}

#[cfg(test)]
mod tests;
