//! Where the parts of a manifest stand in its file, for errors found long after it was read.

use super::FileError;
use crate::document::Position;
use std::collections::BTreeMap;

/// A part of a manifest.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs, reason = "names of the file's keys, indices from 0")]
pub enum Place {
    List(String),
    ListValue { list: String, index: usize },
    Rule(String),
    Intent(String),
    Sentence { intent: String, index: usize },
    Slot { intent: String, slot: String },
    Reply(String),
    Card { intent: String, index: usize },
    Example { intent: String, index: usize },
    Negative { intent: String, index: usize },
    FollowUp { name: String, index: usize },
}

/// Places of one file. Two manifests that say the same are equal wherever they came from, so
/// places are equal to all others.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// As the person would type it.
    file: String,
    at: BTreeMap<Place, Position>,
}

impl PartialEq for Places {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Places {
    pub(super) fn new(file: &str) -> Self {
        Places {
            file: file.to_owned(),
            at: BTreeMap::new(),
        }
    }

    pub(super) fn insert(&mut self, place: Place, at: Position) {
        self.at.insert(place, at);
    }

    /// The file it was read from; empty if none.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The first character of the text at `place`; the start of the file if unknown.
    pub fn of(&self, place: &Place) -> Position {
        self.at.get(place).copied().unwrap_or(Position::START)
    }

    /// An error about the text at `place`, `offset` characters into it.
    pub fn error(
        &self,
        place: &Place,
        offset: usize,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> FileError {
        let at = self.of(place);
        FileError::new(
            &self.file,
            Position {
                line: at.line,
                column: at.column + offset,
            },
            message,
            help,
        )
    }
}
