//! What a file may hold: keys, types and what each is for.

use super::{Entry, FileError, Node, Value};

/// What a value must be.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Text that is not empty.
    Text,
    /// Lower-case letters, digits, `_`.
    Id,
    /// A host, as it stands in a web address, with a port where it is not the usual one.
    Host,
    /// One of these words.
    Word(&'static [&'static str]),
    /// True or false.
    Bool,
    /// A whole number.
    Integer,
    /// Text, number, true or false.
    Scalar,
    /// Any number of these.
    List(&'static Shape),
    /// Keys that the person chooses: letters, digits, `_`.
    Map(&'static Shape),
    /// These keys and no others.
    Table(&'static [Key]),
    /// A JSON Schema, which is looked at elsewhere.
    Schema,
    /// The first of these whose type fits.
    Either(&'static [Shape]),
}

/// A key of a table.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// As written in the file.
    pub name: &'static str,
    /// Whether the table makes no sense without it.
    pub required: bool,
    /// What it holds.
    pub shape: Shape,
    /// One sentence for a person: shown by editors.
    pub doc: &'static str,
}

/// Lower-case letters, digits, `_`; at least one.
pub fn is_id(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

/// Small letters of ASCII, digits, `.` and `-`, or an IPv6 address in brackets; a port behind it.
/// Letters that only look like those are none.
pub fn is_host(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((host, "")) => (host, None),
            Some((host, port)) => (host, port.strip_prefix(':').or(Some(""))),
            None => return false,
        },
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let in_brackets = text.starts_with('[');
    let letter = |byte: u8| match byte {
        b':' => in_brackets,
        b'-' => !in_brackets,
        _ => matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.'),
    };
    let named = (1..=253).contains(&host.len())
        && host.bytes().all(letter)
        && !host.starts_with(['.', '-'])
        && !host.ends_with(['.', '-']);
    named && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

/// A letter, then letters, digits, `_`.
pub fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The known word that `word` was probably meant to be.
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    // Nobody misspells forty letters, and the distance costs their product.
    let word: String = word.chars().take(40).collect();
    let allowed = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&word.to_lowercase(), &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// "did you mean …?" or, when nothing is near, all that is known.
pub(crate) fn did_you_mean<'k>(
    word: &str,
    known: impl IntoIterator<Item = &'k str> + Clone,
    what: &str,
) -> String {
    match nearest(word, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let known: Vec<&str> = known.into_iter().collect();
            match known.len() {
                0 => format!("there are no {what} yet"),
                1..=24 => format!("{what}: {}", known.join(", ")),
                _ => format!("{what}: {}, …", known[..24].join(", ")),
            }
        }
    }
}

impl Shape {
    /// Finds everything in `node` that is not of this shape.
    pub fn check(&self, file: &str, node: &Node, errors: &mut Vec<FileError>) {
        let mut error = |at, message: String, help: String| {
            errors.push(FileError::new(file, at, message, help))
        };
        match (self, &node.value) {
            (Shape::Text, Value::Text(text)) => {
                if text.trim().is_empty() {
                    error(
                        node.at,
                        "this text is empty".into(),
                        "write something, or remove the line".into(),
                    );
                }
            }
            (Shape::Id, Value::Text(text)) => {
                if !is_id(text) {
                    error(
                        node.at,
                        format!("`{}` is not an id", shorten(text)),
                        id_help(text),
                    );
                }
            }
            (Shape::Host, Value::Text(text)) => {
                if !is_host(text) {
                    error(
                        node.at,
                        format!("`{}` is not a host", shorten(text)),
                        "write it as in a web address, in small letters and without https://: api.example.org".into(),
                    );
                }
            }
            (Shape::Word(words), Value::Text(text)) => {
                if !words.contains(&text.as_str()) {
                    error(
                        node.at,
                        format!("unknown word `{}`", shorten(text)),
                        did_you_mean(text, words.iter().copied(), "known here"),
                    );
                }
            }
            (Shape::Bool, Value::Bool(_)) | (Shape::Integer, Value::Integer(_)) => {}
            (Shape::Scalar, Value::Text(_) | Value::Bool(_) | Value::Integer(_)) => {}
            (Shape::Scalar, Value::Float(number)) if number.is_finite() => {}
            (Shape::List(item), Value::List(items)) => {
                items.iter().for_each(|node| item.check(file, node, errors))
            }
            (Shape::Map(value), Value::Table(entries)) => {
                for entry in entries {
                    if !is_name(&entry.key) {
                        let message = format!("`{}` is not a name", shorten(&entry.key));
                        errors.push(FileError::new(
                            file,
                            entry.at,
                            message,
                            "use letters, digits and `_`, a letter first",
                        ));
                    }
                    value.check(file, &entry.value, errors);
                }
            }
            (Shape::Schema, Value::Table(_)) => {}
            (Shape::Table(keys), Value::Table(entries)) => {
                check_table(file, node, keys, entries, errors)
            }
            (Shape::Either(shapes), _) => match shapes.iter().find(|shape| shape.fits(node)) {
                Some(shape) => shape.check(file, node, errors),
                None => {
                    let wanted: Vec<&str> = shapes.iter().map(Shape::noun).collect();
                    let message = format!(
                        "expected {}, found {}",
                        wanted.join(" or "),
                        noun(&node.value)
                    );
                    error(node.at, message, quote_help(node));
                }
            },
            _ => {
                let message = format!("expected {}, found {}", self.noun(), noun(&node.value));
                let help = match self {
                    Shape::Text | Shape::Id | Shape::Host | Shape::Word(_) => quote_help(node),
                    Shape::List(_) if node.text().is_some() => "write a list: [one, two]".into(),
                    Shape::List(Shape::Table(_)) => {
                        "write a list of tables: in TOML with two brackets, `[[…]]`".into()
                    }
                    Shape::Bool => "write true or false, without quotes".into(),
                    _ => String::new(),
                };
                error(node.at, message, help);
            }
        }
    }

    /// Every key that a file of this shape may hold, at any depth.
    pub fn keys(&self) -> Vec<&'static Key> {
        match self {
            Shape::List(shape) | Shape::Map(shape) => shape.keys(),
            Shape::Table(keys) => keys
                .iter()
                .flat_map(|key| std::iter::once(key).chain(key.shape.keys()))
                .collect(),
            Shape::Either(shapes) => shapes.iter().flat_map(Shape::keys).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether the type of `node` is right, without looking inside.
    fn fits(&self, node: &Node) -> bool {
        match self {
            Shape::Text | Shape::Id | Shape::Host | Shape::Word(_) => {
                matches!(node.value, Value::Text(_))
            }
            Shape::Bool => matches!(node.value, Value::Bool(_)),
            Shape::Integer => matches!(node.value, Value::Integer(_)),
            Shape::Scalar => matches!(
                node.value,
                Value::Text(_) | Value::Bool(_) | Value::Integer(_) | Value::Float(_)
            ),
            Shape::List(_) => matches!(node.value, Value::List(_)),
            Shape::Map(_) | Shape::Table(_) | Shape::Schema => {
                matches!(node.value, Value::Table(_))
            }
            Shape::Either(shapes) => shapes.iter().any(|shape| shape.fits(node)),
        }
    }

    fn noun(&self) -> &'static str {
        match self {
            Shape::Text => "text",
            Shape::Id => "an id",
            Shape::Host => "a host",
            Shape::Word(_) => "a word",
            Shape::Bool => "true or false",
            Shape::Integer => "a whole number",
            Shape::Scalar => "text or a number",
            Shape::List(_) => "a list",
            Shape::Map(_) | Shape::Table(_) => "keys with values",
            Shape::Schema => "a JSON Schema",
            Shape::Either(_) => "something else",
        }
    }
}

fn check_table(
    file: &str,
    node: &Node,
    keys: &[Key],
    entries: &[Entry],
    errors: &mut Vec<FileError>,
) {
    let names = keys.iter().map(|key| key.name);
    let mut misspelt = Vec::new();
    for entry in entries {
        match keys.iter().find(|key| key.name == entry.key) {
            // A key with nothing after it counts as absent.
            Some(_) if entry.value.value == Value::Null => {}
            Some(key) => key.shape.check(file, &entry.value, errors),
            None => {
                misspelt.extend(nearest(&entry.key, names.clone()));
                let help = did_you_mean(&entry.key, names.clone(), "keys known here");
                errors.push(FileError::new(
                    file,
                    entry.at,
                    format!("unknown key `{}`", shorten(&entry.key)),
                    help,
                ));
            }
        }
    }
    for key in keys
        .iter()
        .filter(|key| key.required && node.get(key.name).is_none() && !misspelt.contains(&key.name))
    {
        let at = entries
            .iter()
            .find(|entry| entry.key == key.name)
            .map_or(node.at, |entry| entry.at);
        errors.push(FileError::new(
            file,
            at,
            format!("`{}` is missing", key.name),
            key.doc,
        ));
    }
}

fn noun(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Integer(_) | Value::Float(_) => "a number",
        Value::Text(_) => "text",
        Value::List(_) => "a list",
        Value::Table(_) => "keys with values",
    }
}

fn quote_help(node: &Node) -> String {
    match node.value {
        Value::List(_) | Value::Table(_) => {
            "a text that begins with `[` or `{`, or holds `: `, needs quotes: \"[please] stop\""
                .into()
        }
        Value::Null => "write something, or remove the line".into(),
        _ => "put it in quotes to make it text".into(),
    }
}

fn id_help(text: &str) -> String {
    let mut id: String = text
        .trim()
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '_'
            }
        })
        .collect();
    id.truncate(40);
    if id.bytes().any(|byte| byte != b'_') {
        format!("use lower-case letters, digits and `_`: {id}")
    } else {
        "use lower-case letters, digits and `_`".into()
    }
}

/// Enough of a text to recognise it by.
pub(crate) fn shorten(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
