//! TOML text as a tree.

use super::{Entry, FileError, Node, Position, Value};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

pub(super) fn read(file: &str, text: &str) -> Result<Node, Vec<FileError>> {
    let lines = Lines::new(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let mut errors: Vec<FileError> = errors
            .iter()
            .map(|error| {
                let at = lines.position(error.span().map_or(0, |span| span.start));
                let message = error.message().lines().next().unwrap_or_default();
                let help = if message.contains("duplicate key") {
                    "keep one of the two"
                } else {
                    ""
                };
                FileError::new(file, at, format!("this is not TOML: {message}"), help)
            })
            .collect();
        errors.sort_by_key(FileError::position);
        return Err(errors);
    }
    Ok(Node {
        at: Position::START,
        value: Value::Table(entries(table.get_ref(), &lines)),
    })
}

fn entries(table: &DeTable<'_>, lines: &Lines<'_>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            at: lines.position(key.span().start),
            value: node(value, lines),
        })
        .collect();
    entries.sort_by_key(|entry| entry.at);
    entries
}

fn node(value: &Spanned<DeValue<'_>>, lines: &Lines<'_>) -> Node {
    let at = lines.position(value.span().start);
    let value = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Value::Float(f64::INFINITY), Value::Integer),
        DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Datetime(moment) => Value::Text(moment.to_string()),
        DeValue::Array(items) => Value::List(items.iter().map(|item| node(item, lines)).collect()),
        DeValue::Table(table) => Value::Table(entries(table, lines)),
    };
    Node { at, value }
}

/// Byte offsets to lines and columns.
struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        let starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        Lines { text, starts }
    }

    fn position(&self, offset: usize) -> Position {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let column = self
            .text
            .get(self.starts[line - 1]..offset)
            .map_or(0, |before| before.chars().count());
        Position {
            line,
            column: column + 1,
        }
    }
}
