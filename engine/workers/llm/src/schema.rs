//! JSON Schemas of what tools take, brought to a form that is finite: everything that follows it has an
//! end, and nothing in it asks more of a grammar than one can say.

use serde_json::{Map, Value, json};

/// The longest text, in characters.
const LONGEST_TEXT: u64 = 200;
/// The longest list.
const LONGEST_LIST: u64 = 16;
/// Objects and lists within one another.
const DEEPEST: usize = 6;
/// Values or alternatives side by side.
const WIDEST: usize = 256;

/// The finite form of `schema`. What it says beyond types, names, values and lengths is left to whoever
/// takes the values.
///
/// # Errors
/// It is no schema, or says something that cannot be left out.
pub fn finite(schema: &Value) -> Result<Value, String> {
    at_depth(schema, 0)
}

fn at_depth(schema: &Value, depth: usize) -> Result<Value, String> {
    if depth > DEEPEST {
        return Err(format!("it is more than {DEEPEST} levels deep"));
    }
    let schema = match schema {
        Value::Object(schema) => schema,
        Value::Bool(true) => &Map::new(),
        other => return Err(format!("`{other}` is no JSON Schema")),
    };
    for key in ["$ref", "allOf", "not", "if", "prefixItems"] {
        if schema.contains_key(key) {
            return Err(format!("`{key}` cannot be used here"));
        }
    }
    if let Some(value) = schema.get("const") {
        return Ok(json!({ "const": value }));
    }
    if let Some(values) = schema.get("enum") {
        return Ok(json!({ "enum": list(values, "enum")? }));
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(ways) = schema.get(key) {
            let ways = list(ways, key)?.iter().map(|way| at_depth(way, depth + 1));
            return Ok(json!({ "anyOf": ways.collect::<Result<Vec<_>, _>>()? }));
        }
    }
    let text = |text: &str| Value::from(text);
    match schema.get("type") {
        Some(types @ Value::Array(_)) => {
            let types = list(types, "type")?.iter().map(|kind| {
                let mut schema = schema.clone();
                schema.insert("type".into(), kind.clone());
                at_depth(&Value::from(schema), depth + 1)
            });
            Ok(json!({ "anyOf": types.collect::<Result<Vec<_>, _>>()? }))
        }
        Some(kind) if *kind == text("object") => object(schema, depth),
        None if schema.contains_key("properties") => object(schema, depth),
        Some(kind) if *kind == text("array") => {
            let items = at_depth(schema.get("items").unwrap_or(&json!({})), depth + 1)?;
            let most = number(schema, "maxItems").map_or(LONGEST_LIST, |it| it.min(LONGEST_LIST));
            let least = number(schema, "minItems").unwrap_or(0).min(most);
            Ok(json!({ "type": "array", "items": items, "minItems": least, "maxItems": most }))
        }
        Some(kind) if *kind == text("string") => Ok(string(schema)),
        // Anything: as text, whoever takes it can make of it what it likes.
        None => Ok(string(schema)),
        Some(kind) if *kind == text("integer") => {
            let mut integer = json!({ "type": "integer" });
            for key in ["minimum", "maximum"] {
                if let Some(limit) = schema.get(key).and_then(Value::as_i64) {
                    integer[key] = limit.into();
                }
            }
            Ok(integer)
        }
        Some(kind) if ["number", "boolean", "null"].iter().any(|it| *kind == **it) => {
            Ok(json!({ "type": kind }))
        }
        Some(other) => Err(format!("`{other}` is no type")),
    }
}

fn object(schema: &Map<String, Value>, depth: usize) -> Result<Value, String> {
    let empty = Map::new();
    let properties = match schema.get("properties") {
        None => &empty,
        Some(Value::Object(properties)) if properties.len() <= WIDEST => properties,
        Some(_) => return Err(format!("`properties` is no object of at most {WIDEST}")),
    };
    let bounded = properties.iter().map(|(name, schema)| {
        let schema = at_depth(schema, depth + 1).map_err(|error| format!("{name}: {error}"))?;
        Ok((name.clone(), schema))
    });
    let bounded: Map<String, Value> = bounded.collect::<Result<_, String>>()?;
    let required = schema.get("required").and_then(Value::as_array);
    let required: Vec<&Value> = required
        .into_iter()
        .flatten()
        .filter(|name| name.as_str().is_some_and(|it| bounded.contains_key(it)))
        .collect();
    Ok(json!({
        "type": "object", "properties": bounded, "required": required, "additionalProperties": false,
    }))
}

fn string(schema: &Map<String, Value>) -> Value {
    if let Some(format @ ("date" | "time" | "date-time" | "uuid")) =
        schema.get("format").and_then(Value::as_str)
    {
        return json!({ "type": "string", "format": format });
    }
    let most = number(schema, "maxLength").map_or(LONGEST_TEXT, |it| it.min(LONGEST_TEXT));
    let least = number(schema, "minLength").unwrap_or(0).min(most);
    json!({ "type": "string", "minLength": least, "maxLength": most })
}

fn number(schema: &Map<String, Value>, key: &str) -> Option<u64> {
    schema.get(key).and_then(Value::as_u64)
}

fn list<'a>(value: &'a Value, key: &str) -> Result<&'a [Value], String> {
    match value.as_array() {
        Some(list) if (1..=WIDEST).contains(&list.len()) => Ok(list),
        _ => Err(format!("`{key}` is no list of 1 to {WIDEST}")),
    }
}

/// Whether `value` follows a schema that [`finite`] has made.
pub fn follows(value: &Value, schema: &Value) -> bool {
    if let Some(only) = schema.get("const") {
        return value == only;
    }
    if let Some(values) = schema["enum"].as_array() {
        return values.contains(value);
    }
    if let Some(ways) = schema["anyOf"].as_array() {
        return ways.iter().any(|way| follows(value, way));
    }
    let within = |length: usize, least: &str, most: &str| {
        let length = length as u64;
        schema[least].as_u64().is_none_or(|least| length >= least)
            && schema[most].as_u64().is_none_or(|most| length <= most)
    };
    match (schema["type"].as_str(), value) {
        (Some("object"), Value::Object(fields)) => {
            let required = schema["required"].as_array().into_iter().flatten();
            required
                .filter_map(Value::as_str)
                .all(|name| fields.contains_key(name))
                && fields.iter().all(|(name, value)| {
                    let of = schema["properties"].get(name);
                    of.is_some_and(|schema| follows(value, schema))
                })
        }
        (Some("array"), Value::Array(items)) => {
            within(items.len(), "minItems", "maxItems")
                && items.iter().all(|item| follows(item, &schema["items"]))
        }
        (Some("string"), Value::String(text)) => {
            within(text.chars().count(), "minLength", "maxLength")
        }
        (Some("integer"), Value::Number(number)) => number.as_f64().is_some_and(|number| {
            let limit = |key: &str| schema[key].as_f64();
            number.fract() == 0.0
                && limit("minimum").is_none_or(|least| number >= least)
                && limit("maximum").is_none_or(|most| number <= most)
        }),
        (Some("number"), Value::Number(_))
        | (Some("boolean"), Value::Bool(_))
        | (Some("null"), Value::Null) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_end_is_given_one() {
        let schema = json!({
            "properties": {
                "text": { "type": "string", "pattern": ".*", "maxLength": 9999 },
                "any": { "description": "what you like" },
                "days": { "type": "array", "items": { "type": ["integer", "null"], "minimum": 1 } },
                "open": { "type": "object", "additionalProperties": true },
                "unit": { "enum": ["C", "F"], "type": "string" },
            },
            "required": ["text", "gone"],
        });
        let text = json!({ "type": "string", "minLength": 0, "maxLength": 200 });
        let nothing = json!({
            "type": "object", "properties": {}, "required": [], "additionalProperties": false,
        });
        let day = json!({ "anyOf": [{ "type": "integer", "minimum": 1 }, { "type": "null" }] });
        let wanted = json!({
            "type": "object",
            "properties": {
                "text": text,
                "any": text,
                "days": { "type": "array", "items": day, "minItems": 0, "maxItems": 16 },
                "open": nothing,
                "unit": { "enum": ["C", "F"] },
            },
            "required": ["text"],
            "additionalProperties": false,
        });
        assert_eq!(finite(&schema), Ok(wanted));
    }

    #[test]
    fn what_cannot_be_said_is_refused_by_name() {
        let refused = |schema: Value| finite(&schema).unwrap_err();
        assert!(refused(json!({ "$ref": "#" })).contains("`$ref`"));
        assert!(refused(json!({ "type": "text" })).contains("`\"text\"` is no type"));
        assert!(refused(json!({ "enum": [] })).contains("`enum`"));
        assert!(refused(json!({ "properties": { "a": { "type": 3 } } })).starts_with("a: "));
        let deep = (0..9).fold(
            json!({}),
            |items, _| json!({ "type": "array", "items": items }),
        );
        assert!(refused(deep).contains("6 levels"));
    }

    #[test]
    fn values_follow_or_not() {
        let schema = finite(&json!({
            "type": "object",
            "properties": {
                "minutes": { "type": "integer", "minimum": 1, "maximum": 60 },
                "names": { "type": "array", "items": { "type": "string", "maxLength": 3 } },
            },
            "required": ["minutes"],
        }));
        let follows = |value: Value| follows(&value, schema.as_ref().unwrap());
        assert!(follows(json!({ "minutes": 5 })));
        assert!(follows(json!({ "minutes": 60, "names": ["a", "äöü"] })));
        for wrong in [
            json!({}),
            json!({ "minutes": "5" }),
            json!({ "minutes": 5.5 }),
            json!({ "minutes": 61 }),
            json!({ "minutes": 5, "names": ["long"] }),
            json!({ "minutes": 5, "names": "a" }),
            json!({ "minutes": 5, "other": 1 }),
            json!([5]),
        ] {
            assert!(!follows(wrong.clone()), "{wrong}");
        }
    }
}
