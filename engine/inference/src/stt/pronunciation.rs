//! How a word that the dictionary lacks is probably said, in the phones of the acoustic model.
//!
//! flite's letter-to-sound trees (trained on the same dictionary) where its lexicon can be
//! loaded, else a table of spelling rules.

use crate::tts::flite;

/// Phones of the en-us model (ARPAbet without stress).
const PHONES: [&str; 39] = [
    "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH",
    "IH", "IY", "JH", "K", "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH", "UH",
    "UW", "V", "W", "Y", "Z", "ZH",
];

/// Makes up pronunciations.
pub(crate) struct Speller {
    /// Asks flite, if it is installed.
    trees: bool,
}

impl Speller {
    pub(crate) fn new() -> Self {
        Self { trees: true }
    }

    /// Phones separated by spaces; `None` if nothing in the word can be said.
    pub(crate) fn pronounce(&mut self, word: &str) -> Option<String> {
        let word = word.to_lowercase();
        let letters = plain_letters(&word);
        if letters.is_empty() {
            return None;
        }
        // "tim's": the stem, then the S that belongs to its last sound.
        if let Some(stem) = letters.strip_suffix("'s") {
            let mut phones = self.pronounce(stem)?;
            let last = phones.rsplit(' ').next().unwrap_or("");
            phones.push_str(match last {
                "P" | "T" | "K" | "F" | "TH" => " S",
                "S" | "Z" | "SH" | "ZH" | "CH" | "JH" => " AH Z",
                _ => " Z",
            });
            return Some(phones);
        }
        let letters = letters.replace('\'', "");
        let from_trees = self
            .trees
            .then(|| flite::phones(&letters))
            .flatten()
            .and_then(|phones| phones.iter().map(|phone| arpabet(phone)).collect());
        let phones: Vec<&str> = from_trees.unwrap_or_else(|| by_rule(&letters));
        (!phones.is_empty()).then(|| phones.join(" "))
    }
}

/// flite's phone names are ARPAbet in lower case with a stress digit, plus schwas.
fn arpabet(phone: &str) -> Option<&'static str> {
    let plain = phone.trim_end_matches(|c: char| c.is_ascii_digit());
    let plain = match plain {
        "ax" => "ah",
        "axr" => "er",
        other => other,
    };
    PHONES
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(plain))
}

/// Letters a to z and apostrophes; accents taken off, ligatures taken apart.
fn plain_letters(word: &str) -> String {
    let mut plain = String::new();
    for letter in word.chars() {
        match letter {
            'a'..='z' | '\'' => plain.push(letter),
            'à' | 'á' | 'â' | 'ã' | 'å' | 'ā' | 'ą' => plain.push('a'),
            'ä' | 'æ' => plain.push_str("ae"),
            'ç' | 'ć' | 'č' => plain.push('c'),
            'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ę' | 'ě' => plain.push('e'),
            'ì' | 'í' | 'î' | 'ï' | 'ī' => plain.push('i'),
            'ł' => plain.push('l'),
            'ñ' | 'ń' | 'ň' => plain.push('n'),
            'ò' | 'ó' | 'ô' | 'õ' | 'ø' | 'ō' => plain.push('o'),
            'ö' | 'œ' => plain.push_str("oe"),
            'ř' => plain.push('r'),
            'ś' | 'š' | 'ş' => plain.push('s'),
            'ß' => plain.push_str("ss"),
            'ù' | 'ú' | 'û' | 'ū' | 'ů' => plain.push('u'),
            'ü' => plain.push_str("ue"),
            'ý' | 'ÿ' => plain.push('y'),
            'ź' | 'ż' | 'ž' => plain.push('z'),
            '’' => plain.push('\''),
            _ => {}
        }
    }
    plain.trim_matches('\'').to_owned()
}

/// Spellings and their usual sounds, longest first; `$` is the end of the word.
const RULES: [(&str, &[&str]); 79] = [
    ("tion", &["SH", "AH", "N"]),
    ("sion", &["ZH", "AH", "N"]),
    ("ough", &["AO"]),
    ("augh", &["AO"]),
    ("eigh", &["EY"]),
    ("tch", &["CH"]),
    ("sch", &["SH"]),
    ("igh", &["AY"]),
    ("dge", &["JH"]),
    ("eau", &["OW"]),
    ("air", &["EH", "R"]),
    ("ear", &["IH", "R"]),
    ("eer", &["IH", "R"]),
    ("oor", &["AO", "R"]),
    ("our", &["AW", "R"]),
    ("le$", &["AH", "L"]),
    ("es$", &["Z"]),
    ("ed$", &["D"]),
    ("ey$", &["IY"]),
    ("ie$", &["IY"]),
    ("ch", &["CH"]),
    ("ck", &["K"]),
    ("gh", &["G"]),
    ("gn", &["N"]),
    ("kn", &["N"]),
    ("ng", &["NG"]),
    ("ph", &["F"]),
    ("qu", &["K", "W"]),
    ("sh", &["SH"]),
    ("th", &["TH"]),
    ("wh", &["W"]),
    ("wr", &["R"]),
    ("ce", &["S", "EH"]),
    ("ci", &["S", "IH"]),
    ("cy", &["S", "IY"]),
    ("ai", &["EY"]),
    ("ay", &["EY"]),
    ("au", &["AO"]),
    ("aw", &["AO"]),
    ("ea", &["IY"]),
    ("ee", &["IY"]),
    ("ei", &["AY"]),
    ("eu", &["UW"]),
    ("ew", &["UW"]),
    ("ie", &["IY"]),
    ("oa", &["OW"]),
    ("oe", &["OW"]),
    ("oi", &["OY"]),
    ("oo", &["UW"]),
    ("ou", &["AW"]),
    ("ow", &["OW"]),
    ("oy", &["OY"]),
    ("ue", &["UW"]),
    ("ar", &["AA", "R"]),
    ("er", &["ER"]),
    ("ir", &["ER"]),
    ("or", &["AO", "R"]),
    ("ur", &["ER"]),
    ("e$", &[]),
    ("y$", &["IY"]),
    ("o$", &["OW"]),
    ("a$", &["AH"]),
    ("i$", &["IY"]),
    ("x", &["K", "S"]),
    ("a", &["AE"]),
    ("e", &["EH"]),
    ("i", &["IH"]),
    ("o", &["AA"]),
    ("u", &["AH"]),
    ("y", &["IH"]),
    ("c", &["K"]),
    ("q", &["K"]),
    ("j", &["JH"]),
    ("h", &["HH"]),
    ("g", &["G"]),
    ("z", &["Z"]),
    ("s", &["S"]),
    ("t", &["T"]),
    ("r", &["R"]),
];

/// Sounds by spelling alone: rough, but close enough for a name to win against other names.
fn by_rule(letters: &str) -> Vec<&'static str> {
    let spelled = format!("{letters}$");
    let mut rest = spelled.as_str();
    let mut phones: Vec<&'static str> = Vec::new();
    while rest.len() > 1 {
        let rule = RULES
            .iter()
            // A silent or whole ending must not swallow a short word ("be", "go").
            .find(|(spelling, sounds)| {
                rest.starts_with(spelling) && !(sounds.is_empty() && phones.len() < 2)
            });
        let (length, sounds) = match rule {
            Some((spelling, sounds)) => (spelling.trim_end_matches('$').len(), *sounds),
            None => (1, single(rest)),
        };
        // A doubled consonant is said once.
        let sounds = match sounds {
            [one] if phones.last() == Some(one) => &[][..],
            all => all,
        };
        phones.extend(sounds);
        rest = &rest[length..];
    }
    phones
}

/// Consonants that are their own phone.
fn single(rest: &str) -> &'static [&'static str] {
    const SINGLES: [(&str, &[&str]); 11] = [
        ("b", &["B"]),
        ("d", &["D"]),
        ("f", &["F"]),
        ("k", &["K"]),
        ("l", &["L"]),
        ("m", &["M"]),
        ("n", &["N"]),
        ("p", &["P"]),
        ("v", &["V"]),
        ("w", &["W"]),
        ("e", &["IY"]),
    ];
    SINGLES
        .iter()
        .find(|(letter, _)| rest.starts_with(letter))
        .map_or(&[], |(_, sounds)| *sounds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_table(word: &str) -> Option<String> {
        Speller { trees: false }.pronounce(word)
    }

    #[test]
    fn spelling_rules_give_sayable_names() {
        for (word, expected) in [
            ("loqa", "L AA K AH"),
            ("zigbee", "Z IH G B IY"),
            ("tim's", "T IH M Z"),
            ("max's", "M AE K S AH Z"),
            ("café", "K AE F"),
            ("höhle", "HH OW HH AH L"),
            ("be", "B EH"),
        ] {
            assert_eq!(by_table(word).as_deref(), Some(expected), "{word}");
        }
    }

    #[test]
    fn every_phone_is_one_of_the_models() {
        for word in [
            "schnauzer",
            "knightsbridge",
            "xylophone",
            "quickly",
            "o'malley",
        ] {
            for speller in [&mut Speller { trees: false }, &mut Speller::new()] {
                let phones = speller.pronounce(word).expect(word);
                assert!(
                    phones.split(' ').all(|phone| PHONES.contains(&phone)),
                    "{word}: {phones}"
                );
            }
        }
    }

    #[test]
    fn what_cannot_be_said_has_no_pronunciation() {
        for word in ["", "東京", "🙂", "'", "12"] {
            assert_eq!(by_table(word), None, "{word:?}");
        }
    }
}
