//! Words are found in memory alone: what was said and answered in each turn, opened when somebody first
//! looks for something, and let go a while after the last time.

use loqa_protocol::{Envelope, Event, SessionId};

/// What one turn says, in small letters.
#[derive(Clone, Debug)]
pub(super) struct Words {
    pub conversation: SessionId,
    pub seq: u64,
    pub at_ms: i64,
    pub text: String,
}

/// What an event says that somebody may look for.
pub(super) fn words(conversation: SessionId, seq: u64, envelope: &Envelope) -> Option<Words> {
    let text = match &envelope.event {
        Event::TurnSummary(turn) => format!("{}\n{}", turn.text, turn.reply),
        Event::SkillNotice { text, .. } => text.clone(),
        _ => return None,
    };
    Some(Words {
        conversation,
        seq,
        at_ms: envelope.at_ms,
        text: text.to_lowercase(),
    })
}

/// Turns in which every word of `query` begins somewhere, newest first.
pub(super) fn find<'w>(all: &'w [Words], query: &str, most: usize) -> Vec<&'w Words> {
    let query = query.to_lowercase();
    let parts: Vec<_> = query
        .split_whitespace()
        .map(memchr::memmem::Finder::new)
        .collect();
    if parts.is_empty() {
        return Vec::new();
    }
    let has = |text: &str, part: &memchr::memmem::Finder<'_>| {
        let bytes = text.as_bytes();
        part.find_iter(bytes).any(|at| {
            let before = text[..at].chars().next_back();
            before.is_none_or(|before| !before.is_alphanumeric())
        })
    };
    let found = all.iter().rev();
    let found = found.filter(|words| parts.iter().all(|part| has(&words.text, part)));
    found.take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_found_by_the_beginnings_of_its_words_in_any_order() {
        let said = |seq, text: &str| Words {
            conversation: SessionId(1),
            seq,
            at_ms: 0,
            text: text.to_lowercase(),
        };
        let all = [
            said(0, "Set a timer for ten minutes\nTen minutes, starting now."),
            said(1, "Add müsli to the shopping list\nAdded müsli."),
            said(2, "What's on the shopping list"),
        ];
        let seqs = |query, most| -> Vec<u64> {
            find(&all, query, most)
                .iter()
                .map(|words| words.seq)
                .collect()
        };
        assert_eq!(seqs("TIMER ten", 9), [0]);
        assert_eq!(seqs("list shop", 9), [2, 1]);
        assert_eq!(seqs("list shop", 1), [2]);
        assert_eq!(seqs("MÜS", 9), [1]);
        assert_eq!(seqs("imer", 9), [0_u64; 0]);
        assert_eq!(seqs("  ", 9), [0_u64; 0]);
    }
}
