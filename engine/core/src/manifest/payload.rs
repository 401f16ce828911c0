//! What a skill tells programs: a JSON Schema for each topic.

use crate::document::{Node, Position, Value};
use jsonschema::{Draft, PatternOptions, Validator};
use std::{fmt, sync::Arc};

/// Longest topic, bytes.
pub const LONGEST_TOPIC: usize = 64;

/// What is published under a topic.
#[derive(Clone)]
pub struct Payload {
    schema: serde_json::Value,
    validator: Arc<Validator>,
}

impl Payload {
    /// Reads a schema (JSON Schema, draft 2020-12) without references: nothing is fetched for it,
    /// and what fits is found in one walk. Patterns are matched in linear time.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub(super) fn read(node: &Node) -> Result<Payload, (Position, String)> {
        if let Some((at, key)) = reference(node) {
            return Err((
                at,
                format!("`{key}` leads elsewhere: write out what it stands for"),
            ));
        }
        if node.get("type").is_none() {
            return Err((node.at, "this does not say what `type` it is".into()));
        }
        let schema = node.to_json();
        let validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_pattern_options(PatternOptions::regex())
            .build(&schema);
        match validator {
            Ok(validator) => Ok(Payload {
                schema,
                validator: Arc::new(validator),
            }),
            Err(error) => {
                let path = error.instance_path().to_string();
                Err((
                    place(node, &path),
                    format!("this is no JSON Schema: {error}"),
                ))
            }
        }
    }

    /// As JSON.
    pub fn schema(&self) -> &serde_json::Value {
        &self.schema
    }

    /// Whether this is such a payload.
    ///
    /// # Errors
    /// Which part of the schema says otherwise, as a JSON pointer: nothing of what is in the payload,
    /// which may be what somebody said.
    pub fn check(&self, payload: &serde_json::Value) -> Result<(), String> {
        let checked = self.validator.validate(payload);
        checked.map_err(|error| error.schema_path().to_string())
    }
}

/// The first key that would lead elsewhere.
fn reference(node: &Node) -> Option<(Position, &str)> {
    let entries = node.entries().iter();
    let mut within = entries.map(|entry| match entry.key.starts_with('$') {
        true => Some((entry.at, entry.key.as_str())),
        false => reference(&entry.value),
    });
    let found = within.find_map(|found| found);
    found.or_else(|| node.items().iter().find_map(reference))
}

/// Where a JSON pointer leads, or as far as it does.
fn place(node: &Node, pointer: &str) -> Position {
    let mut here = node;
    for step in pointer.split('/').skip(1) {
        let inner = match &here.value {
            Value::List(items) => step.parse().ok().and_then(|at: usize| items.get(at)),
            _ => here.get(step),
        };
        let Some(inner) = inner else { break };
        here = inner;
    }
    here.at
}

impl PartialEq for Payload {
    fn eq(&self, other: &Payload) -> bool {
        self.schema == other.schema
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.schema.fmt(f)
    }
}
