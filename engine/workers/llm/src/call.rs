//! Calls of tools: what they may look like, and what one says.

use crate::schema::{finite, follows};
use loqa_protocol::Tool;
use serde_json::{Value, json};

/// The tools that are offered.
pub struct Tools {
    /// Name, and the finite schema of what it takes.
    all: Vec<(String, Value)>,
}

/// A call that is complete.
#[derive(PartialEq, Eq, Debug)]
pub struct Call {
    /// Of an offered tool.
    pub name: String,
    /// A JSON object that follows what the tool takes.
    pub arguments: String,
}

impl Tools {
    /// # Errors
    /// What one of them takes cannot be understood, or two have one name.
    pub fn new(tools: &[Tool]) -> Result<Self, String> {
        let mut all: Vec<(String, Value)> = Vec::new();
        for tool in tools {
            let name = &tool.name;
            let wrong = |error: String| format!("the parameters of the tool `{name}`: {error}");
            if name.is_empty() || all.iter().any(|(other, _)| other == name) {
                return Err(format!("the name of the tool `{name}` is empty or taken"));
            }
            let schema: Value =
                serde_json::from_str(&tool.parameters).map_err(|error| wrong(error.to_string()))?;
            let schema = finite(&schema).map_err(wrong)?;
            if schema["type"] != "object" {
                return Err(wrong("they are not of the type `object`".into()));
            }
            all.push((name.clone(), schema));
        }
        Ok(Tools { all })
    }

    /// What a call looks like, as a JSON Schema; `None` if there is nothing to call.
    pub fn schema(&self) -> Option<String> {
        let calls = self.all.iter().map(|(name, parameters)| {
            json!({
                "type": "object",
                "properties": { "tool": { "const": name }, "arguments": parameters },
                "required": ["tool", "arguments"],
                "additionalProperties": false,
            })
        });
        let calls: Vec<Value> = calls.collect();
        (!calls.is_empty()).then(|| json!({ "anyOf": calls }).to_string())
    }

    /// The call that `text` is; `None` as long as it goes on.
    ///
    /// # Errors
    /// It is none, whatever follows. A grammar has kept it from that, unless there is a defect.
    pub fn read(&self, text: &str) -> Result<Option<Call>, String> {
        let call: Value = match serde_json::from_str(text) {
            Ok(call) => call,
            Err(error) if error.is_eof() => return Ok(None),
            Err(error) => return Err(format!("the model's call of a tool is no JSON: {error}")),
        };
        let name = call["tool"].as_str().unwrap_or_default();
        let tool = self.all.iter().find(|(offered, _)| offered == name);
        let Some((name, schema)) = tool else {
            return Err("the model has called a tool that was not offered".into());
        };
        let arguments = &call["arguments"];
        if !follows(arguments, schema) || call.as_object().is_none_or(|call| call.len() != 2) {
            return Err(format!(
                "the model has called the tool `{name}` with something it does not take"
            ));
        }
        Ok(Some(Call {
            name: name.clone(),
            arguments: arguments.to_string(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tools(parameters: &str) -> Result<Tools, String> {
        Tools::new(&[Tool {
            name: "timer".into(),
            about: "sets a timer".into(),
            parameters: parameters.into(),
        }])
    }

    #[test]
    fn a_call_is_read_once_it_is_complete_and_nothing_else_passes() {
        let parameters =
            r#"{"type":"object","properties":{"s":{"type":"integer"}},"required":["s"]}"#;
        let tools = tools(parameters).unwrap();
        let whole = r#"{"tool": "timer", "arguments": {"s": 9}}"#;
        for end in 1..whole.len() {
            assert_eq!(tools.read(&whole[..end]), Ok(None), "{}", &whole[..end]);
        }
        let call = Call {
            name: "timer".into(),
            arguments: r#"{"s":9}"#.into(),
        };
        assert_eq!(tools.read(whole), Ok(Some(call)));
        for wrong in [
            r#"{"tool":"door","arguments":{"s":9}}"#,
            r#"{"tool":"timer","arguments":{"s":"9"}}"#,
            r#"{"tool":"timer","arguments":{}}"#,
            r#"{"tool":"timer","arguments":{"s":9},"also":1}"#,
            r#"{"tool":"timer"}"#,
            r#"{"s":9}"#,
            r#"{"tool":timer"#,
            "[]",
        ] {
            assert!(tools.read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn tools_that_cannot_be_offered_are_named() {
        for (parameters, reason) in [
            ("{", "EOF"),
            ("[]", "no JSON Schema"),
            (r#"{"type":"string"}"#, "not of the type `object`"),
            (r#"{"properties":{"a":{"$ref":"b"}}}"#, "a: `$ref`"),
        ] {
            let error = tools(parameters).err().unwrap();
            assert!(
                error.contains("`timer`") && error.contains(reason),
                "{error}"
            );
        }
        assert!(Tools::new(&[]).unwrap().schema().is_none());
    }
}
