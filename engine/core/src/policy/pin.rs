//! A PIN as somebody gives it.

use std::fmt;

/// Digits that say who somebody is. Not shown, not logged, and not part of any equality that a person
/// could time: what is kept of one is a slow hash.
#[derive(Clone, PartialEq, Eq)]
pub struct Pin(String);

impl Pin {
    /// The fewest digits.
    pub const FEWEST: usize = 4;
    /// The most.
    pub const MOST: usize = 12;

    /// Digits as typed, with or without spaces between them; `None` if they are no PIN.
    pub fn typed(text: &str) -> Option<Pin> {
        let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let all = digits.bytes().all(|digit| digit.is_ascii_digit());
        ((Pin::FEWEST..=Pin::MOST).contains(&digits.len()) && all).then_some(Pin(digits))
    }

    /// Digits as words, such as `one two three four`; `None` if they are no PIN.
    pub fn spoken(words: &str) -> Option<Pin> {
        let digits: Option<String> = words.split_whitespace().map(digit).collect();
        Pin::typed(&digits?)
    }

    /// The digits.
    pub fn digits(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(…)")
    }
}

fn digit(word: &str) -> Option<char> {
    Some(match word {
        "zero" | "oh" => '0',
        "one" => '1',
        "two" => '2',
        "three" => '3',
        "four" => '4',
        "five" => '5',
        "six" => '6',
        "seven" => '7',
        "eight" => '8',
        "nine" => '9',
        _ => return None,
    })
}
