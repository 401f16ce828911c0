//! What a household can set for a skill, and what a call of it may take.

use serde_json::Value;

/// One thing to set.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Its key.
    pub name: String,
    /// What it is, for a person.
    pub title: String,
    /// What it can be.
    pub kind: SettingKind,
    /// What it is until somebody sets it.
    pub default: Value,
}

/// What a setting can be.
#[derive(Clone, Debug, PartialEq)]
pub enum SettingKind {
    /// Any text of at most [`LONGEST_TEXT`] letters.
    Text,
    /// A number, both ends included.
    Number {
        /// The least.
        from: i64,
        /// The most.
        to: i64,
    },
    /// On or off.
    Switch,
    /// One of these words.
    Choice(Vec<String>),
}

/// Longest text of a setting, letters.
pub const LONGEST_TEXT: usize = 1000;

impl Setting {
    /// Whether it can be this.
    ///
    /// # Errors
    /// What it can be instead.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        let fits = match (&self.kind, value) {
            (SettingKind::Text, Value::String(text)) => text.chars().count() <= LONGEST_TEXT,
            (SettingKind::Number { from, to }, Value::Number(number)) => number
                .as_f64()
                .is_some_and(|number| (*from as f64..=*to as f64).contains(&number)),
            (SettingKind::Switch, Value::Bool(_)) => true,
            (SettingKind::Choice(words), Value::String(word)) => words.contains(word),
            _ => false,
        };
        if fits { Ok(()) } else { Err(self.can_be()) }
    }

    /// What it can be, for a person.
    pub fn can_be(&self) -> String {
        match &self.kind {
            SettingKind::Text => format!("a text of at most {LONGEST_TEXT} letters"),
            SettingKind::Number { from, to } => format!("a number from {from} to {to}"),
            SettingKind::Switch => "true or false".into(),
            SettingKind::Choice(words) => format!("one of: {}", words.join(", ")),
        }
    }

    /// The value that a person has typed, if it can be that.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn typed(&self, text: &str) -> Result<Value, String> {
        let value = match &self.kind {
            SettingKind::Text | SettingKind::Choice(_) => Value::from(text),
            SettingKind::Number { .. } | SettingKind::Switch => {
                serde_json::from_str(text).map_err(|_| self.can_be())?
            }
        };
        self.check(&value).map(|()| value)
    }
}

/// What a skill may take, where it asks for more or less than usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Memory of a call, MiB, 1–256.
    pub memory_mib: u32,
    /// Time of a call, ms, 1–1000.
    pub time_ms: u32,
    /// All that it keeps, kB, 0–1024.
    pub storage_kb: u32,
    /// Questions over HTTP a minute, 0–60.
    pub http_per_minute: u32,
}

impl Default for Budget {
    /// A hundred times what the skills that come with Loqa take.
    fn default() -> Self {
        Budget {
            memory_mib: 16,
            time_ms: 50,
            storage_kb: 64,
            http_per_minute: 10,
        }
    }
}

impl Budget {
    /// Its keys, each with what it may be.
    pub(super) const RANGES: [(&'static str, u32, u32); 4] = [
        ("memory", 1, 256),
        ("time", 1, 1000),
        ("storage", 0, 1024),
        ("http", 0, 60),
    ];
}
