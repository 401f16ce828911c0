//! Files that people write, read as a tree that knows where everything stands: so that all errors
//! of a file are found at once, each with its line and column.
//!
//! A format is described once, as a [`Shape`]; the check, the nearest known key of a misspelt one
//! and the JSON Schema for editors all come from it.

mod error;
mod schema;
mod shape;
mod toml;
mod yaml;

pub use error::FileError;
pub use schema::json_schema;
pub use shape::{Key, Shape, is_id, is_name, nearest};
pub(crate) use shape::{did_you_mean, shorten};

/// Longest file that is read, bytes. A household of 10,000 devices takes about 1 MB.
pub const MAX_FILE_BYTES: usize = 8 * 1024 * 1024;

/// A place in a file, counted from 1; columns are characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// From 1.
    pub column: usize,
}

impl Position {
    /// Where a file begins.
    pub const START: Position = Position { line: 1, column: 1 };
}

/// A value and where it begins.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    /// Its first character.
    pub at: Position,
    /// What it is.
    pub value: Value,
}

/// What YAML and TOML have in common.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs, reason = "the words of JSON, as they are")]
pub enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    /// In file order; keys are unique.
    Table(Vec<Entry>),
}

/// A key and its value.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// As written.
    pub key: String,
    /// Where the key begins.
    pub at: Position,
    /// Its value.
    pub value: Node,
}

impl Node {
    /// The value under `key`, if this is a table that has it and it is not null.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.get_even_null(key)
            .filter(|node| node.value != Value::Null)
    }

    /// The value under `key`, if this is a table that has it. (`text:` with nothing after it.)
    pub fn get_even_null(&self, key: &str) -> Option<&Node> {
        self.entries()
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| &entry.value)
    }

    /// A table's text under `key`; empty if there is none.
    pub fn text_of(&self, key: &str) -> String {
        self.get(key)
            .and_then(Node::text)
            .unwrap_or_default()
            .to_owned()
    }

    /// A table's list of texts under `key`; empty if there is none.
    pub fn texts_of(&self, key: &str) -> Vec<String> {
        self.get(key)
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .filter_map(Node::text)
            .map(str::to_owned)
            .collect()
    }

    /// A table's entries; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Table(entries) => entries,
            _ => &[],
        }
    }

    /// A list's items; none for anything else.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// A text's content.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether this is `true`.
    pub fn is_true(&self) -> bool {
        self.value == Value::Bool(true)
    }

    /// The same as JSON, without positions.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(flag) => (*flag).into(),
            Value::Integer(number) => (*number).into(),
            Value::Float(number) => (*number).into(),
            Value::Text(text) => text.as_str().into(),
            Value::List(items) => items.iter().map(Node::to_json).collect(),
            Value::Table(entries) => serde_json::Value::Object(
                entries
                    .iter()
                    .map(|entry| (entry.key.clone(), entry.value.to_json()))
                    .collect(),
            ),
        }
    }

    /// Reads YAML.
    ///
    /// # Errors
    /// The syntax error the parser stopped at, or every duplicate key, anchor, tag or second
    /// document of an otherwise sound file.
    pub fn from_yaml(file: &str, text: &str) -> Result<Node, Vec<FileError>> {
        yaml::read(file, within_bounds(file, text)?)
    }

    /// Reads TOML.
    ///
    /// # Errors
    /// Every syntax error and duplicate key.
    pub fn from_toml(file: &str, text: &str) -> Result<Node, Vec<FileError>> {
        toml::read(file, within_bounds(file, text)?)
    }
}

/// Takes the byte order mark off and refuses what no person wrote.
fn within_bounds<'t>(file: &str, text: &'t str) -> Result<&'t str, Vec<FileError>> {
    if text.len() > MAX_FILE_BYTES {
        let message = format!("the file is {} MB long", text.len() / (1024 * 1024));
        let help = format!(
            "at most {} MB are read: is it the right file?",
            MAX_FILE_BYTES / (1024 * 1024)
        );
        return Err(vec![FileError::new(file, Position::START, message, help)]);
    }
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}
