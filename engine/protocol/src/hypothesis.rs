//! What a recogniser believes was said.

use alloc::string::String;
use serde::{Deserialize, Serialize};

/// A recogniser's belief after some audio. Lower case, words separated by single spaces,
/// numbers as words.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Hypothesis {
    /// The prefix that will not change any more (empty if the backend cannot tell).
    pub committed: String,
    /// The rest, which may still change.
    pub tentative: String,
    /// Samples of the stream (on its sample clock, so counted from offset 0) heard so far.
    pub through: u64,
    /// True once, last, when the audio has ended.
    pub is_final: bool,
    /// Whether the words can be trusted at all.
    pub verdict: Verdict,
}

/// Does the audio hold what the grammar can express?
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Not judged (yet).
    #[default]
    Unknown,
    /// The words explain the audio.
    Accepted,
    /// Out-of-grammar speech or noise that the grammar was forced upon. Nothing may act on it.
    Rejected,
}

impl Hypothesis {
    /// All words, stable or not.
    pub fn text(&self) -> String {
        let mut text = self.committed.clone();
        if !text.is_empty() && !self.tentative.is_empty() {
            text.push(' ');
        }
        text.push_str(&self.tentative);
        text
    }
}
