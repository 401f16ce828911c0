//! Words, abbreviations and web addresses.

use super::{calendar, is_letter, number, spoken::Spoken};
use crate::grammar::numbers::cardinal;

/// Abbreviations as written in lower case, and what is said.
const ABBREVIATIONS: [(&str, &str); 12] = [
    ("approx", "approximately"),
    ("dept", "department"),
    ("dr", "doctor"),
    ("etc", "et cetera"),
    ("incl", "including"),
    ("max", "maximum"),
    ("min", "minimum"),
    ("mr", "mister"),
    ("mrs", "missus"),
    ("ms", "miss"),
    ("temp", "temperature"),
    ("vs", "versus"),
];
/// Those of them that are abbreviations without a point as well, the titles when capitalised.
const POINTLESS: [&str; 3] = ["approx", "etc", "vs"];
const TITLES: [&str; 4] = ["dr", "mr", "mrs", "ms"];

/// Acronyms with vowels that are spelled all the same; those without are recognised.
const SPELLED: [&str; 16] = [
    "AC", "AI", "API", "CEO", "CO", "EU", "HVAC", "ID", "IP", "IT", "LED", "OLED", "UK", "UPS",
    "USA", "USB",
];

/// Says the word at `at`, with its abbreviation's points; returns where it ends.
pub(super) fn word(text: &[char], at: usize, spoken: &mut Spoken) -> usize {
    if let Some(end) = initials(text, at, spoken) {
        return end;
    }
    let end = word_end(text, at);
    let written: String = text[at..end].iter().collect();
    let pointed =
        text.get(end) == Some(&'.') && !text.get(end + 1).is_some_and(|c| c.is_lowercase());
    if let Some(said) = abbreviation(&written, pointed) {
        spoken.remembered_word(said, &written);
        return point_end(text, end, pointed, spoken);
    }
    // "3x4", "1920x1080".
    let digit = |c: Option<&char>| c.is_some_and(char::is_ascii_digit);
    if matches!(written.as_str(), "x" | "X")
        && digit(text.get(end))
        && at > 0
        && digit(text.get(at - 1))
    {
        spoken.word("by");
    } else {
        spoken.remembered_word(&spelled(&written), &written);
    }
    end
}

/// What an abbreviation means, where `written` is one; more of them are with a point behind.
fn abbreviation(written: &str, pointed: bool) -> Option<&'static str> {
    let lower = written.to_lowercase();
    let (short, said) = ABBREVIATIONS.iter().find(|(short, _)| *short == lower)?;
    let titled = written.starts_with(char::is_uppercase) && TITLES.contains(short);
    (pointed || titled || POINTLESS.contains(short)).then_some(said)
}

/// Where the word at `at` ends: letters, and apostrophes between letters.
pub(super) fn word_end(text: &[char], at: usize) -> usize {
    let letter = |i: usize| text.get(i).is_some_and(|c| is_letter(*c));
    let mut end = at;
    while letter(end) || text.get(end) == Some(&'\'') && end > at && letter(end + 1) {
        end += 1;
    }
    end
}

/// Says "e.g.", "a.m.", "U.S.": single letters with points.
fn initials(text: &[char], at: usize, spoken: &mut Spoken) -> Option<usize> {
    let mut letters = String::new();
    let mut end = at;
    while let [letter, '.', ..] = text[end..] {
        if !is_letter(letter) {
            break;
        }
        letters.push(letter);
        end += 2;
    }
    // "U.S.A" needs no last point; "a.b.com" is no abbreviation.
    if letters.chars().count() < 2 || text.get(end).is_some_and(|c| c.is_alphanumeric()) {
        return None;
    }
    let said = match letters.as_str() {
        // Neither ever ends a sentence.
        "eg" => "for example",
        "ie" => "that is",
        _ => {
            spoken.word(&spaced(letters.chars()));
            return Some(point_end(text, end - 1, true, spoken));
        }
    };
    spoken.word(said);
    Some(end)
}

/// Passes an abbreviation's point at `end`, which ends the sentence too if one begins after it.
pub(super) fn point_end(text: &[char], end: usize, pointed: bool, spoken: &mut Spoken) -> usize {
    if !pointed {
        return end;
    }
    let mut rest = text[end + 1..].iter();
    match (rest.next(), rest.next()) {
        (None, _) => spoken.pause('.'),
        (Some(' '), Some(c)) if c.is_uppercase() && !is_title(text, end) => spoken.pause('.'),
        _ => {}
    }
    end + 1
}

/// Whether the word that ends before `end` is a title, after which a name begins.
fn is_title(text: &[char], end: usize) -> bool {
    TITLES.iter().any(|title| {
        let length = title.len();
        let word: String = text[end.saturating_sub(length)..end].iter().collect();
        word.to_lowercase() == *title
    })
}

/// A word as it is said: capitals that make no syllable letter by letter.
fn spelled(word: &str) -> String {
    let consonants =
        |c: char| c.is_ascii_uppercase() && !matches!(c, 'A' | 'E' | 'I' | 'O' | 'U' | 'Y');
    if (2..=5).contains(&word.len()) && word.chars().all(consonants) || SPELLED.contains(&word) {
        return spaced(word.chars());
    }
    word.into()
}

fn spaced(letters: impl Iterator<Item = char>) -> String {
    let mut spaced = String::new();
    for letter in letters {
        if !spaced.is_empty() {
            spaced.push(' ');
        }
        spaced.push(letter);
    }
    spaced
}

/// Says the host of the web address at `at`; `None` if there is none.
pub(super) fn address(text: &[char], at: usize, spoken: &mut Spoken) -> Option<usize> {
    let begins = |prefix: &str| {
        let mut rest = text[at..].iter().map(char::to_ascii_lowercase);
        prefix.chars().all(|c| rest.next() == Some(c))
    };
    let after_letter = at > 0 && is_letter(text[at - 1]);
    let scheme = ["https://", "http://", "www."]
        .into_iter()
        .find(|prefix| begins(prefix))?;
    if after_letter {
        return None;
    }
    let mut host = at + scheme.len();
    let rest: String = text[host..].iter().take(4).collect();
    if rest.eq_ignore_ascii_case("www.") {
        host += 4;
    }
    let blank = |c: &char| c.is_whitespace();
    let mut end = text[at..]
        .iter()
        .position(blank)
        .map_or(text.len(), |length| at + length);
    // A sentence goes on after the address.
    while end > host
        && matches!(
            text[end - 1],
            '.' | ',' | ';' | ':' | '!' | '?' | ')' | '"' | '\'' | '>'
        )
    {
        end -= 1;
    }
    let mut i = host;
    while i < end {
        let stop = |c: &char| !c.is_ascii_digit();
        match text[i] {
            '.' => spoken.word("dot"),
            '-' => {}
            c if c.is_ascii_digit() => {
                let digits = text[i..end].iter().position(stop).unwrap_or(end - i);
                let number: String = text[i..i + digits].iter().collect();
                spoken.word(&number::whole(&number));
                i += digits;
                continue;
            }
            c if is_letter(c) => {
                let label = word_end(&text[..end], i);
                let written: String = text[i..label].iter().collect();
                match abbreviation(&written, false) {
                    Some(said) => spoken.word(said),
                    None => spoken.word(&spelled(&written)),
                }
                i = label;
                continue;
            }
            _ => break,
        }
        i += 1;
    }
    Some(end.max(at + 1))
}

/// The plural of a decade: "the nineteen nineties".
pub(super) fn decade(value: u64) -> String {
    let words = calendar::year(value).unwrap_or_else(|| cardinal(value));
    match words.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{words}s"),
    }
}
