//! How a clause is said, in the symbols that Kokoro was trained on: by misaki's dictionary, and by rule
//! where that lacks a word.

use crate::stt::Speller;
use misaki_rs::{Fallback, G2P, Language, fallback::FallbackError};

/// Letters of the longest word that is looked at as one: its analysis grows with the square.
const LONGEST_WORD: usize = 30;

/// Says clauses in one kind of English.
pub(super) struct Phonemes {
    misaki: G2P,
}

impl Phonemes {
    /// Reads the dictionary, which takes 0.4 s.
    pub(super) fn new(british: bool) -> Self {
        let language = match british {
            true => Language::EnglishGB,
            false => Language::EnglishUS,
        };
        let mut misaki = G2P::with_fallback(language, Some(Box::new(ByRule)));
        // What even the rule cannot say ("/") is left out; its own sign for that is "❓".
        misaki.unk = String::new();
        Phonemes { misaki }
    }

    /// Phonemes of a clause; empty if nothing in it can be said.
    pub(super) fn of(&self, clause: &str) -> String {
        let clause = sayable(clause);
        if !clause.chars().any(char::is_alphanumeric) {
            return String::new();
        }
        match self.misaki.g2p(&clause) {
            Ok((phonemes, _)) => phonemes,
            // Of a clause that is plain by now there is none; each word by rule then.
            Err(_) => {
                let words: Vec<String> = clause.split(' ').map(by_rule).collect();
                words.join(" ")
            }
        }
    }
}

/// What misaki does not know.
struct ByRule;

impl Fallback for ByRule {
    fn phonemize(&self, word: &str) -> Result<String, FallbackError> {
        Ok(by_rule(word))
    }
}

/// A clause without what is drawn rather than said, and without misaki's own notation ("[word](/…/)").
fn sayable(clause: &str) -> String {
    let mut plain = String::with_capacity(clause.len());
    let mut length = 0;
    for letter in clause.chars() {
        let said = match letter {
            '’' | '‘' => '\'',
            letter if letter.is_alphanumeric() => letter,
            ' '..='~' if !matches!(letter, '[' | ']' | '`' | '<' | '>' | '|' | '\\' | '^') => {
                letter
            }
            '—' | '…' | '“' | '”' | '°' | '€' | '£' => letter,
            // A stroke over the letter before it.
            '\u{300}'..='\u{36f}' => letter,
            _ => ' ',
        };
        if said == ' ' {
            length = 0;
        } else {
            length += 1;
        }
        if length > LONGEST_WORD {
            plain.push(' ');
            length = 1;
        }
        plain.push(said);
    }
    plain
}

/// A word by its letters: by flite's letter-to-sound rules or our own, spelled where it has no vowel.
fn by_rule(word: &str) -> String {
    let mut said = String::new();
    // "h2o": letters and digits are said apart.
    let mut letters = String::new();
    let push = |letters: &mut String, said: &mut String| {
        let run = std::mem::take(letters);
        if run.is_empty() {
            return;
        }
        let vowel = |it: char| {
            !it.is_ascii() || matches!(it.to_ascii_lowercase(), 'a' | 'e' | 'i' | 'o' | 'u' | 'y')
        };
        let spoken = match run.chars().any(vowel) {
            true => Speller::new()
                .pronounce(&run)
                .map(|phones| from_arpabet(&phones)),
            false => None,
        };
        said.push_str(&spoken.unwrap_or_else(|| run.chars().map(name_of).collect()));
    };
    for letter in word.chars() {
        if letter.is_alphabetic() || letter == '\'' {
            letters.push(letter);
            continue;
        }
        push(&mut letters, &mut said);
        said.push_str(name_of(letter));
    }
    push(&mut letters, &mut said);
    said
}

/// The recogniser's phones as Kokoro's, the first vowel stressed.
fn from_arpabet(phones: &str) -> String {
    let mut said = String::new();
    let mut stressed = false;
    for phone in phones.split(' ') {
        let (symbol, vowel) = match phone {
            "AA" => ("ɑ", true),
            "AE" => ("æ", true),
            "AH" if stressed => ("ə", true),
            "AH" => ("ʌ", true),
            "AO" => ("ɔ", true),
            "AW" => ("W", true),
            "AY" => ("I", true),
            "EH" => ("ɛ", true),
            "ER" if stressed => ("əɹ", true),
            "ER" => ("ɜɹ", true),
            "EY" => ("A", true),
            "IH" => ("ɪ", true),
            "IY" => ("i", true),
            "OW" => ("O", true),
            "OY" => ("Y", true),
            "UH" => ("ʊ", true),
            "UW" => ("u", true),
            "B" => ("b", false),
            "CH" => ("ʧ", false),
            "D" => ("d", false),
            "DH" => ("ð", false),
            "F" => ("f", false),
            "G" => ("ɡ", false),
            "HH" => ("h", false),
            "JH" => ("ʤ", false),
            "K" => ("k", false),
            "L" => ("l", false),
            "M" => ("m", false),
            "N" => ("n", false),
            "NG" => ("ŋ", false),
            "P" => ("p", false),
            "R" => ("ɹ", false),
            "S" => ("s", false),
            "SH" => ("ʃ", false),
            "T" => ("t", false),
            "TH" => ("θ", false),
            "V" => ("v", false),
            "W" => ("w", false),
            "Y" => ("j", false),
            "Z" => ("z", false),
            "ZH" => ("ʒ", false),
            _ => ("", false),
        };
        if vowel && !stressed {
            said.push('ˈ');
            stressed = true;
        }
        said.push_str(symbol);
    }
    said
}

/// What a letter or digit is called.
fn name_of(letter: char) -> &'static str {
    match letter.to_ascii_lowercase() {
        'a' => "ˈA",
        'b' => "bˈi",
        'c' => "sˈi",
        'd' => "dˈi",
        'e' => "ˈi",
        'f' => "ˈɛf",
        'g' => "ʤˈi",
        'h' => "ˈAʧ",
        'i' => "ˈI",
        'j' => "ʤˈA",
        'k' => "kˈA",
        'l' => "ˈɛl",
        'm' => "ˈɛm",
        'n' => "ˈɛn",
        'o' => "ˈO",
        'p' => "pˈi",
        'q' => "kjˈu",
        'r' => "ˈɑɹ",
        's' => "ˈɛs",
        't' => "tˈi",
        'u' => "jˈu",
        'v' => "vˈi",
        'w' => "dˈʌbᵊljˌu",
        'x' => "ˈɛks",
        'y' => "wˈI",
        'z' => "zˈi",
        '0' => "zˈɪɹO",
        '1' => "wˈʌn",
        '2' => "tˈu",
        '3' => "θɹˈi",
        '4' => "fˈɔɹ",
        '5' => "fˈIv",
        '6' => "sˈɪks",
        '7' => "sˈɛvən",
        '8' => "ˈAt",
        '9' => "nˈIn",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tokens, *};
    use std::time::Instant;

    #[test]
    fn english_is_said_as_in_the_dictionary() {
        let before = Instant::now();
        let phonemes = Phonemes::new(false);
        println!("dictionary: {:.0} ms", before.elapsed().as_secs_f64() * 1e3);
        let before = Instant::now();
        assert_eq!(
            phonemes.of("The kitchen lights are off."),
            "ðə kˈɪʧᵊn lˈIts ɑɹ ˈɔf."
        );
        println!("a clause: {:.2} ms", before.elapsed().as_secs_f64() * 1e3);
        assert!(phonemes.of("Set for 20 minutes").contains("twˈɛnti"));
        assert_ne!(
            phonemes.of("I can't dance"),
            Phonemes::new(true).of("I can't dance")
        );
    }

    #[test]
    fn unknown_words_are_said_by_rule_and_no_question_mark_is_spoken() {
        let phonemes = Phonemes::new(false);
        for (word, expected) in [("qzxwv", "kjˈuzˈiˈɛksdˈʌbᵊljˌuvˈi"), ("h2o", "ˈAʧtˈuˈO")]
        {
            assert_eq!(by_rule(word), expected, "{word}");
        }
        for clause in [
            "The zigbeeloqarium is on.",
            "Ask Xyqlphthor about the Grblfrz",
            "Zoë, Łukasz und Müller",
            "wifi5ghz",
            "日本語 and more",
            "a\u{301}bc",
        ] {
            let said = phonemes.of(clause);
            assert!(!said.contains('❓'), "{clause}: {said}");
            let lost: String = said
                .chars()
                .filter(|it| tokens::token(*it).is_none())
                .collect();
            assert_eq!(lost, "", "{clause}: {said}");
            assert!(
                said.split(' ').filter(|word| !word.is_empty()).count()
                    >= clause.matches(' ').count() / 2
            );
        }
    }

    #[test]
    fn any_text_is_survived() {
        let phonemes = Phonemes::new(false);
        for nothing in ["", " ", "…", "\0\u{7}\u{1b}", "🎉🙂", "?!", "👩‍👩‍👧"] {
            assert_eq!(
                tokens::pieces(&phonemes.of(nothing)).len(),
                0,
                "{nothing:?}"
            );
        }
        let long = "z".repeat(10_000);
        for text in [
            "[hello](/❓❓/)",
            "<speak>no</speak>",
            "%s%n$(x)",
            "1234567890123456789012345678901234567890",
            "-99999999999.5e99",
            "€5.00 and £3.50 at 20 °C",
            &long,
        ] {
            let said = phonemes.of(text);
            assert!(!said.contains('❓') && !said.is_empty(), "{text:.30}");
        }
    }
}
