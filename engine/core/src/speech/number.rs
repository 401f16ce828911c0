//! Numbers and amounts, with their signs, units and suffixes.

use super::{calendar, spoken::Spoken, units, words};
use crate::grammar::numbers::{cardinal, ordinal};

/// Longest number that is read as one; longer ones are codes, read digit by digit.
const MAX_DIGITS: usize = 15;

/// Says the number at `at`, with its sign, currency and unit; `None` if there is none.
pub(super) fn number(text: &[char], at: usize, spoken: &mut Spoken) -> Option<usize> {
    let c = text[at];
    if let Some((_, said)) = FRACTIONS.iter().find(|(sign, _)| *sign == c) {
        spoken.word(said);
        return Some(at + 1);
    }
    let after_word = at > 0 && text[at - 1].is_alphanumeric();
    let mut start = at;
    if matches!(c, '-' | '−' | '+') && !after_word {
        start += 1;
    }
    let currency = CURRENCIES
        .iter()
        .find(|currency| text.get(start) == Some(&currency.sign));
    if currency.is_some() && !after_word {
        start += 1;
        start += usize::from(text.get(start) == Some(&' '));
    }
    let bare_point = text.get(start) == Some(&'.') && !after_word;
    if !digit_at(text, start + usize::from(bare_point)) {
        return None;
    }
    let signed = text[at] != c || matches!(c, '-' | '−' | '+');
    if signed {
        spoken.word(if c == '+' { "plus" } else { "minus" });
    }
    if let Some(currency) = currency.filter(|_| start > at) {
        return Some(money(text, start, currency, spoken));
    }
    if !signed && !bare_point {
        let special =
            calendar::time(text, start, spoken).or_else(|| calendar::date(text, start, spoken));
        if let Some(end) = special.or_else(|| code(text, start, spoken)) {
            return Some(end);
        }
    }
    Some(plain(text, start, spoken))
}

/// A whole number or a decimal as written.
struct Decimal {
    /// Digits before the point; "0" if none.
    whole: String,
    /// Digits after it, if any.
    fraction: String,
    end: usize,
}

impl Decimal {
    /// Reads `1`, `1,234`, `3.5`, `.5`.
    fn read(text: &[char], at: usize) -> Self {
        let mut end = digits_end(text, at);
        let mut whole: String = text[at..end].iter().collect();
        let group = |i: usize| text.get(i) == Some(&',') && digits_end(text, i + 1) == i + 4;
        if (1..=3).contains(&whole.len()) {
            while group(end) {
                whole.extend(&text[end + 1..end + 4]);
                end += 4;
            }
        }
        let mut fraction = String::new();
        if text.get(end) == Some(&'.') && digit_at(text, end + 1) {
            let fraction_end = digits_end(text, end + 1);
            fraction.extend(&text[end + 1..fraction_end]);
            end = fraction_end;
        }
        if whole.is_empty() {
            whole.push('0');
        }
        Self {
            whole,
            fraction,
            end,
        }
    }

    fn value(&self) -> Option<u64> {
        (self.fraction.is_empty() && !(self.whole.len() > 1 && self.whole.starts_with('0')))
            .then(|| self.whole.parse().ok())
            .flatten()
    }

    fn words(&self) -> String {
        let mut words = whole(&self.whole);
        if !self.fraction.is_empty() {
            words.push_str(" point ");
            words.push_str(&digits(&self.fraction));
        }
        words
    }
}

/// A number with what follows it: ordinal, plural, fraction, unit, month.
fn plain(text: &[char], at: usize, spoken: &mut Spoken) -> usize {
    let decimal = Decimal::read(text, at);
    let mut end = decimal.end;
    if let Some(value) = decimal.value() {
        let special = suffixed(text, end, value, spoken)
            .or_else(|| calendar::beside_month(text, end, value, spoken))
            .or_else(|| fraction(text, end, value, spoken));
        if let Some(end) = special {
            return end;
        }
    }
    let mut said = decimal.words();
    if let Some((_, part)) = FRACTIONS
        .iter()
        .find(|(sign, _)| text.get(end) == Some(sign))
    {
        said.push_str(" and ");
        said.push_str(part);
        end += 1;
    }
    // "1.2.3" is a version or an address.
    while !decimal.fraction.is_empty() && text.get(end) == Some(&'.') && digit_at(text, end + 1) {
        let next = digits_end(text, end + 1);
        said.push_str(" point ");
        said.push_str(&whole(&text[end + 1..next].iter().collect::<String>()));
        end = next;
    }
    spoken.word(&said);
    match units::after_number(text, end, decimal.value() == Some(1)) {
        Some((unit, end)) => {
            spoken.word(&unit);
            end
        }
        None => end,
    }
}

/// `1st`, `22nd`, `1990s`.
fn suffixed(text: &[char], end: usize, value: u64, spoken: &mut Spoken) -> Option<usize> {
    let suffix_end = words::word_end(text, end);
    let suffix: String = text[end..suffix_end].iter().collect();
    let said = match suffix.to_ascii_lowercase().as_str() {
        "st" | "nd" | "rd" | "th" => ordinal(value),
        "s" if value >= 20
            && value.is_multiple_of(10)
            && (value < 100 || calendar::year(value).is_some()) =>
        {
            words::decade(value)
        }
        _ => return None,
    };
    spoken.word(&said);
    Some(suffix_end)
}

/// `1/2`, `3/4`, `5/8`.
fn fraction(text: &[char], end: usize, value: u64, spoken: &mut Spoken) -> Option<usize> {
    let below_end = digits_end(text, end + 1);
    if text.get(end) != Some(&'/') || below_end == end + 1 {
        return None;
    }
    let below: String = text[end + 1..below_end].iter().collect();
    let part = match below.as_str() {
        "2" => "half".into(),
        "4" => "quarter".into(),
        _ => format!("over {}", whole(&below)),
    };
    let said = match value {
        1 => format!("one {part}"),
        _ if part == "half" => format!("{} halves", cardinal(value)),
        _ if part == "quarter" => format!("{} quarters", cardinal(value)),
        _ => format!("{} {part}", cardinal(value)),
    };
    spoken.word(&said);
    Some(below_end)
}

/// `555-1234`, `800-555-1234`: numbers that are read digit by digit.
fn code(text: &[char], at: usize, spoken: &mut Spoken) -> Option<usize> {
    let mut groups = Vec::new();
    let mut end = at;
    loop {
        let group_end = digits_end(text, end);
        groups.push(text[end..group_end].iter().collect::<String>());
        end = group_end;
        if text.get(end) != Some(&'-') || !digit_at(text, end + 1) {
            break;
        }
        end += 1;
    }
    let lengths: Vec<usize> = groups.iter().map(String::len).collect();
    if groups.len() < 3 && lengths != [3, 4] {
        return None;
    }
    for (i, group) in groups.iter().enumerate() {
        if i > 0 {
            spoken.pause(',');
        }
        spoken.word(&digits(group));
    }
    Some(end)
}

struct Currency {
    sign: char,
    one: &'static str,
    many: &'static str,
    cents: &'static str,
}

const CURRENCIES: [Currency; 4] = [
    Currency {
        sign: '$',
        one: "dollar",
        many: "dollars",
        cents: "cents",
    },
    Currency {
        sign: '€',
        one: "euro",
        many: "euros",
        cents: "cents",
    },
    Currency {
        sign: '£',
        one: "pound",
        many: "pounds",
        cents: "pence",
    },
    Currency {
        sign: '¥',
        one: "yen",
        many: "yen",
        cents: "sen",
    },
];

fn money(text: &[char], at: usize, currency: &Currency, spoken: &mut Spoken) -> usize {
    let amount = Decimal::read(text, at);
    let name = |one: bool| if one { currency.one } else { currency.many };
    let scale_end = words::word_end(text, amount.end + 1);
    let scale: String = text
        .get(amount.end + 1..scale_end)
        .unwrap_or_default()
        .iter()
        .collect();
    if text.get(amount.end) == Some(&' ')
        && matches!(scale.as_str(), "thousand" | "million" | "billion")
    {
        spoken.word(&format!("{} {scale} {}", amount.words(), currency.many));
        return scale_end;
    }
    if amount.fraction.len() != 2 {
        spoken.word(&format!(
            "{} {}",
            amount.words(),
            name(amount.value() == Some(1))
        ));
        return amount.end;
    }
    spoken.word(&format!(
        "{} {}",
        whole(&amount.whole),
        name(amount.whole == "1")
    ));
    match amount.fraction.trim_start_matches('0') {
        "" => {}
        "1" if currency.cents == "cents" => spoken.word("and one cent"),
        cents => spoken.word(&format!("and {} {}", whole(cents), currency.cents)),
    }
    amount.end
}

/// Fractions that are one character.
const FRACTIONS: [(char, &str); 7] = [
    ('½', "a half"),
    ('⅓', "a third"),
    ('⅔', "two thirds"),
    ('¼', "a quarter"),
    ('¾', "three quarters"),
    ('⅕', "a fifth"),
    ('⅛', "an eighth"),
];

/// ASCII digits as a number, or digit by digit where they are a code: `007`, very long ones.
pub(super) fn whole(written: &str) -> String {
    let code = written.len() > 1 && written.starts_with('0') || written.len() > MAX_DIGITS;
    match written.parse() {
        Ok(value) if !code => cardinal(value),
        _ => digits(written),
    }
}

fn digits(written: &str) -> String {
    let words: Vec<String> = written
        .chars()
        .filter_map(|digit| digit.to_digit(10))
        .map(|digit| cardinal(digit.into()))
        .collect();
    words.join(" ")
}

pub(super) fn digit_at(text: &[char], at: usize) -> bool {
    text.get(at).is_some_and(char::is_ascii_digit)
}

pub(super) fn letter_at(text: &[char], at: usize) -> bool {
    text.get(at).is_some_and(|c| c.is_alphabetic())
}

/// Where the digits from `at` on end; `at` itself if there are none.
pub(super) fn digits_end(text: &[char], at: usize) -> usize {
    let mut end = at;
    while digit_at(text, end) {
        end += 1;
    }
    end
}
