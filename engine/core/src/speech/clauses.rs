//! Where a reply may be cut: between clauses, never inside a number or an abbreviation.

use crate::grammar::numbers::cardinal;

/// Words a comma needs before it to end a clause: the first clause may be short, because it is
/// waited for; later ones sound better in one breath.
const MIN_FIRST: usize = 2;
const MIN_LATER: usize = 5;
/// Words after which a clause without punctuation is cut.
const MAX_FIRST: usize = 12;
const MAX_LATER: usize = 24;

/// Words before which a long clause may be cut.
const JOINTS: [&str; 16] = [
    "and", "but", "or", "so", "because", "which", "that", "while", "when", "if", "in", "on", "at",
    "for", "with", "to",
];
/// Abbreviations whose point ends no sentence unless a capital follows.
const ABBREVIATIONS: [&str; 12] = [
    "a.m.", "p.m.", "e.g.", "i.e.", "etc.", "vs.", "approx.", "no.", "min.", "max.", "u.s.", "u.k.",
];
/// Those that a name follows, so that a capital says nothing.
const TITLES: [&str; 7] = ["dr.", "mr.", "mrs.", "ms.", "prof.", "st.", "mt."];

/// Cuts a reply into clauses to be spoken one after the other.
///
/// Sentences end clauses, commas do where enough words stand on both sides, and very long clauses
/// are cut before a conjunction. Joined by spaces they give the text again (with its white space
/// made single spaces); none is empty.
pub fn clauses(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut clauses: Vec<String> = Vec::new();
    let mut from = 0;
    while from < words.len() {
        let length = clause_length(&words[from..], clauses.is_empty());
        clauses.push(words[from..from + length].join(" "));
        from += length;
    }
    clauses
}

/// The clauses at the beginning of `text` that nothing which follows it could change, and how many bytes
/// of it they are. `first`: nothing of the reply was said before.
pub fn whole_clauses(text: &str, first: bool) -> (Vec<String>, usize) {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut clauses: Vec<String> = Vec::new();
    let (mut from, mut bytes) = (0, 0);
    while from < words.len() {
        let length = clause_length(&words[from..], first && clauses.is_empty());
        // The last word may go on, and what follows it may join it.
        let Some(next) = words.get(from + length) else {
            break;
        };
        clauses.push(words[from..from + length].join(" "));
        from += length;
        bytes = next.as_ptr() as usize - text.as_ptr() as usize;
    }
    (clauses, bytes)
}

/// How many of `words` make the first clause: at least one.
fn clause_length(words: &[&str], first: bool) -> usize {
    let (min, max) = if first {
        (MIN_FIRST, MAX_FIRST)
    } else {
        (MIN_LATER, MAX_LATER)
    };
    for (i, word) in words.iter().enumerate() {
        let length = i + 1;
        let next = words.get(length);
        if ends_sentence(word, next) {
            return length;
        }
        if ends_clause(word) && length >= min && words.len() - length >= 2 {
            return length;
        }
        if length == max {
            // The punctuation may be near; else cut at the last joint, else here.
            let near = words[length..]
                .iter()
                .take(4)
                .any(|word| ends_clause(word) || ends_sentence(word, None));
            if !near && words.len() - length > 4 {
                return cut(words, min, max);
            }
        }
        if length >= max + 4 && words.len() > length + 4 {
            return cut(words, min, max);
        }
    }
    words.len()
}

/// Where to cut a clause that is too long: before its last joint, else at `max`, but not between
/// two words of one number.
fn cut(words: &[&str], min: usize, max: usize) -> usize {
    let joint = (min.max(3)..=max)
        .rev()
        .find(|i| JOINTS.contains(&words[*i].to_lowercase().as_str()));
    if let Some(joint) = joint {
        return joint;
    }
    let whole = |i: &usize| !(is_number(words[*i - 1]) && is_number(words[*i]));
    (min..=max)
        .rev()
        .find(whole)
        .or_else(|| (max..words.len()).find(whole))
        .unwrap_or(words.len())
}

fn bare(word: &str) -> &str {
    word.trim_end_matches(['"', '\'', ')', ']', '”', '’', '»', '*', '_'])
}

fn ends_sentence(word: &str, next: Option<&&str>) -> bool {
    let word = bare(word);
    if word.ends_with(['!', '?', '…', '。']) {
        return true;
    }
    if !word.ends_with('.') {
        return false;
    }
    let lower = word
        .trim_start_matches(['(', '"', '\'', '“', '‘'])
        .to_lowercase();
    if TITLES.contains(&lower.as_str()) {
        return false;
    }
    let capital = next.is_none_or(|next| next.starts_with(char::is_uppercase));
    !ABBREVIATIONS.contains(&lower.as_str())
        || capital && !matches!(lower.as_str(), "e.g." | "i.e." | "vs." | "no.")
}

fn ends_clause(word: &str) -> bool {
    bare(word).ends_with([',', ';', ':', '—', '、'])
}

/// Whether a word may be part of a number written with spaces.
fn is_number(word: &str) -> bool {
    let word = word.trim_end_matches(|c: char| c.is_ascii_punctuation());
    word.starts_with(|c: char| c.is_ascii_digit())
        || matches!(
            word,
            "hundred" | "thousand" | "million" | "billion" | "trillion" | "point" | "minus" | "oh"
        )
        || (0..20)
            .chain((20..100).step_by(10))
            .any(|number| cardinal(number) == word)
}
