//! YAML text as a tree. Scalars follow YAML 1.2: `on` and `yes` are text. Anchors, aliases, tags
//! and further documents are refused: a skill says things twice with `rules`, and a file that
//! cannot refer to itself cannot grow when read.

use super::{Entry, FileError, Node, Position, Value};
use granit_parser::{Event, Marker, Options, Parser, ScalarStyle, ScanError};

/// Deepest nesting of lists and tables. The formats need six.
const MAX_DEPTH: usize = 32;

/// A list or table that is still open.
enum Open {
    List {
        at: Position,
        items: Vec<Node>,
    },
    Table {
        at: Position,
        entries: Vec<Entry>,
        key: Option<(String, Position)>,
    },
}

pub(super) fn read(file: &str, text: &str) -> Result<Node, Vec<FileError>> {
    let mut builder = Builder {
        file,
        open: Vec::new(),
        root: None,
        documents: 0,
        errors: Vec::new(),
    };
    let mut options = Options::default();
    options.block_nesting_limit = MAX_DEPTH;
    options.flow_nesting_limit = MAX_DEPTH;
    options.emit_comments = false;
    for event in Parser::new_from_str_with_options(text, options) {
        match event {
            Ok((event, span)) => builder.event(event, span.start),
            Err(error) => {
                builder.errors.push(syntax_error(file, text, &error));
                break;
            }
        }
    }
    if !builder.errors.is_empty() {
        return Err(builder.errors);
    }
    Ok(builder.root.unwrap_or(Node {
        at: Position::START,
        value: Value::Null,
    }))
}

struct Builder<'f> {
    file: &'f str,
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    errors: Vec<FileError>,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, marker: Marker) {
        let at = position(&marker);
        if event.anchor_id().is_some() {
            self.error(
                at,
                "anchors (`&name`) are not read here",
                "write the text out, or make it a rule: `rules:` and `<name>`",
            );
        }
        if event.tag().is_some() {
            self.error(
                at,
                "tags (`!name`) are not read here",
                "remove it; quote a text that begins with `!`",
            );
        }
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents == 2 {
                    self.error(
                        at,
                        "a second document begins here (`---`)",
                        "one file holds one document: remove the line",
                    );
                }
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.error(
                    at,
                    "aliases (`*name`) are not read here",
                    "write the text out; quote a text that begins with `*`",
                );
                self.close(Node {
                    at,
                    value: Value::Null,
                });
            }
            Event::Scalar(text, style, ..) => {
                let value = if style == ScalarStyle::Plain {
                    plain(&text)
                } else {
                    Value::Text(text.into_owned())
                };
                self.scalar(at, value, style == ScalarStyle::Plain);
            }
            Event::SequenceStart(..) => {
                self.refuse_as_key(at);
                self.open.push(Open::List {
                    at,
                    items: Vec::new(),
                });
            }
            Event::MappingStart(..) => {
                self.refuse_as_key(at);
                self.open.push(Open::Table {
                    at,
                    entries: Vec::new(),
                    key: None,
                });
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List { at, items }) => self.close(Node {
                    at,
                    value: Value::List(items),
                }),
                Some(Open::Table { at, entries, .. }) => self.close(Node {
                    at,
                    value: Value::Table(entries),
                }),
                None => {}
            },
            _ => {}
        }
    }

    /// A scalar is a key or a value, by turns, inside a table.
    fn scalar(&mut self, at: Position, value: Value, is_plain: bool) {
        let Some(Open::Table {
            entries,
            key: key @ None,
            ..
        }) = self.open.last_mut()
        else {
            return self.close(Node { at, value });
        };
        let name = match value {
            Value::Text(name) => name,
            Value::Bool(flag) => flag.to_string(),
            Value::Integer(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            _ => String::new(),
        };
        let twice = entries
            .iter()
            .find(|entry| entry.key == name)
            .map(|entry| entry.at);
        *key = Some((name.clone(), at));
        if let Some(first) = twice {
            self.error(
                at,
                format!("`{name}` is here twice"),
                format!("it already stands in line {}: keep one", first.line),
            );
        } else if name == "<<" && is_plain {
            self.error(
                at,
                "merge keys (`<<`) are not read here",
                "write the keys out",
            );
        }
    }

    fn refuse_as_key(&mut self, at: Position) {
        if let Some(Open::Table {
            key: key @ None, ..
        }) = self.open.last_mut()
        {
            *key = Some((String::new(), at));
            self.error(
                at,
                "a list or table cannot be a key",
                "quote a text that begins with `[` or `{`: \"[please] stop\"",
            );
        }
    }

    fn close(&mut self, node: Node) {
        match self.open.last_mut() {
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Table { entries, key, at }) => {
                let (key, at) = key.take().unwrap_or((String::new(), *at));
                entries.push(Entry {
                    key,
                    at,
                    value: node,
                });
            }
            None => {
                self.root.get_or_insert(node);
            }
        }
    }

    fn error(&mut self, at: Position, message: impl Into<String>, help: impl Into<String>) {
        self.errors
            .push(FileError::new(self.file, at, message, help));
    }
}

fn position(marker: &Marker) -> Position {
    Position {
        line: marker.line().max(1),
        column: marker.col() + 1,
    }
}

/// An unquoted scalar by YAML 1.2's core schema, without octal and hexadecimal numbers.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    // Rust would also read `inf`, `nan` and `infinity`, which are words here.
    let looks_numeric = text
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))
        && text.bytes().any(|byte| byte.is_ascii_digit());
    if looks_numeric {
        if let Ok(number) = text.parse() {
            return Value::Integer(number);
        }
        if let Ok(number) = text.parse() {
            return Value::Float(number);
        }
    }
    Value::Text(text.to_owned())
}

fn syntax_error(file: &str, text: &str, error: &ScanError) -> FileError {
    let at = position(error.marker());
    let line = text.lines().nth(at.line - 1).unwrap_or_default();
    let before = text
        .lines()
        .nth(at.line.saturating_sub(2))
        .unwrap_or_default();
    let begins_with_bracket = |line: &str| {
        let value = line.trim_start().trim_start_matches("- ").trim_start();
        value.starts_with(['[', '{'])
    };
    let help = if line.trim_start_matches(' ').starts_with('\t') {
        "indent with spaces, not tabs"
    } else if begins_with_bracket(line) || begins_with_bracket(before) {
        "quote a text that begins with `[` or `{`: \"[please] stop\""
    } else if line.matches(": ").count() > 1 {
        "quote a text that holds a colon: \"say: hello\""
    } else {
        "look at the indentation and the quotes of this line and the one before it"
    };
    FileError::new(
        file,
        at,
        format!("this is not YAML: {}", error.info()),
        help,
    )
}
