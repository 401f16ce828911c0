//! What clients ask about words that are kept, and how long they are.

use crate::PrivacyScope;
use alloc::{string::String, vec::Vec};
use serde::{Deserialize, Serialize};

/// A look at conversations that are kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeptLook {
    /// Those that ended before, newest first.
    List {
        /// Unix ms; absent: now.
        before_ms: Option<i64>,
        /// So many at most.
        most: u32,
    },
    /// Turns with all these words, newest first.
    Search {
        /// Beginnings of words.
        query: String,
        /// So many at most.
        most: u32,
    },
    /// All events of the conversation whose id begins so.
    Show(String),
    /// The conversation of this id is made unreadable, and goes.
    Forget(String),
}

/// A change of what is kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// How long words may live; `None`: as if nobody had said.
    Scope {
        /// Whose.
        of: KeepOf,
        /// How long.
        scope: Option<PrivacyScope>,
    },
    /// Hours that a conversation is kept that is kept for a while; at least 1.
    Hours(u32),
    /// What is made unreadable in what is kept from now on.
    Redact(Vec<Redaction>),
}

/// Whose words.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeepOf {
    /// Everybody's, where nothing else is said.
    Household,
    /// Those of a room, by its id.
    Room(String),
    /// Those of the conversation of whoever asks, as long as it lasts.
    Conversation,
}

/// What is made unreadable before it is kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Redaction {
    /// Names of the household's people.
    Names,
    /// Numbers, in digits and in words.
    Numbers,
    /// Words that no command of the household has.
    Text,
}
