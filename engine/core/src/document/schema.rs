//! A [`Shape`] as JSON Schema, for editors.

use super::Shape;
use serde_json::{Value, json};

/// The schema of a file of this shape (draft 7, the one that editors understand best).
pub fn json_schema(title: &str, shape: &Shape) -> Value {
    let mut schema = of(shape);
    if let Value::Object(members) = &mut schema {
        members.shift_insert(
            0,
            "$schema".into(),
            "http://json-schema.org/draft-07/schema#".into(),
        );
        members.shift_insert(1, "title".into(), title.into());
    }
    schema
}

fn of(shape: &Shape) -> Value {
    match shape {
        Shape::Text => json!({ "type": "string", "minLength": 1 }),
        Shape::Id => json!({ "type": "string", "pattern": "^[a-z0-9_]+$" }),
        Shape::Host => json!({ "type": "string", "pattern": "^[a-z0-9.:\\[\\]-]+$" }),
        Shape::Word(words) => json!({ "enum": words }),
        Shape::Bool => json!({ "type": "boolean" }),
        Shape::Integer => json!({ "type": "integer" }),
        Shape::Scalar => json!({ "type": ["string", "number", "boolean"] }),
        Shape::List(item) => json!({ "type": "array", "items": of(item) }),
        Shape::Map(value) => json!({
            "type": "object",
            "propertyNames": { "pattern": "^[A-Za-z][A-Za-z0-9_]*$" },
            "additionalProperties": of(value),
        }),
        Shape::Table(keys) => {
            let properties: serde_json::Map<String, Value> = keys
                .iter()
                .map(|key| {
                    let mut schema = of(&key.shape);
                    if let Value::Object(members) = &mut schema {
                        members.shift_insert(0, "description".into(), key.doc.into());
                    }
                    (key.name.to_owned(), schema)
                })
                .collect();
            let required: Vec<&str> = keys
                .iter()
                .filter(|key| key.required)
                .map(|key| key.name)
                .collect();
            json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
        }
        Shape::Schema => json!({ "type": "object", "required": ["type"] }),
        Shape::Either(shapes) => json!({ "anyOf": shapes.iter().map(of).collect::<Vec<_>>() }),
    }
}
