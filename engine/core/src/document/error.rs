//! What is wrong in a file a person wrote.

use super::Position;

/// What is wrong in a file a person wrote, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}{}", if help.is_empty() { String::new() } else { format!("\n  help: {help}") })]
pub struct FileError {
    /// As the person would type it.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1.
    pub column: usize,
    /// What was wrong.
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
}

impl FileError {
    /// An error at a place.
    pub fn new(
        file: &str,
        at: Position,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> FileError {
        FileError {
            file: file.to_owned(),
            line: at.line,
            column: at.column,
            message: message.into(),
            help: help.into(),
        }
    }

    /// Where it is.
    pub fn position(&self) -> Position {
        Position {
            line: self.line,
            column: self.column,
        }
    }
}
