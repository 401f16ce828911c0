//! What a slot may hold.

use alloc::{borrow::ToOwned, string::String};
use serde::{Deserialize, Serialize};
#[cfg(feature = "host")]
use wasmtime::component::{ComponentType, Lift, Lower};

/// The value of a slot.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(
    feature = "host",
    derive(ComponentType, Lift, Lower),
    component(variant)
)]
pub enum Value {
    /// A list's canonical value; a device's or an area's id; a time, RFC 3339 local; a date,
    /// YYYY-MM-DD.
    #[cfg_attr(feature = "host", component(name = "text"))]
    Text(String),
    /// A number; a duration, s.
    #[cfg_attr(feature = "host", component(name = "number"))]
    Number(f64),
    /// True or false.
    #[cfg_attr(feature = "host", component(name = "flag"))]
    Flag(bool),
}

impl Value {
    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            Value::Number(_) | Value::Flag(_) => None,
        }
    }

    /// The number, if it is one.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Number(number) => Some(*number),
            Value::Text(_) | Value::Flag(_) => None,
        }
    }

    /// The number, if it is a whole one that is not negative.
    pub fn as_u64(&self) -> Option<u64> {
        self.as_i64().and_then(|number| u64::try_from(number).ok())
    }

    /// The number, if it is a whole one.
    pub fn as_i64(&self) -> Option<i64> {
        // Up to 2^53 every whole number is a number of its own.
        let whole = |number: &f64| (-9e15..=9e15).contains(number) && *number % 1.0 == 0.0;
        self.as_f64().filter(whole).map(|number| number as i64)
    }
}

impl From<&serde_json::Value> for Value {
    fn from(value: &serde_json::Value) -> Value {
        match value {
            serde_json::Value::String(text) => Value::Text(text.to_owned()),
            serde_json::Value::Bool(flag) => Value::Flag(*flag),
            other => Value::Number(other.as_f64().unwrap_or(f64::NAN)),
        }
    }
}
