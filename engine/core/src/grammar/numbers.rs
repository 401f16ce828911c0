//! Numbers as English words: written out, and read back.

/// Words of the numbers 0–19.
const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
/// Words of 20, 30 … 90.
const TENS: [&str; 8] = [
    "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];
/// Ordinals of 1–19.
const ORDINALS: [&str; 19] = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
];
/// Ordinals of 20, 30 … 90.
const ORDINAL_TENS: [&str; 8] = [
    "twentieth",
    "thirtieth",
    "fortieth",
    "fiftieth",
    "sixtieth",
    "seventieth",
    "eightieth",
    "ninetieth",
];
/// Powers of ten that have a word of their own.
const SCALES: [(u64, &str); 4] = [
    (1_000_000_000_000, "trillion"),
    (1_000_000_000, "billion"),
    (1_000_000, "million"),
    (1_000, "thousand"),
];

/// Rules for templates: whole numbers, ordinals and decimals as people say them.
pub(super) const RULES: &[(&str, &str)] = &[
    ("one_nine", "(one|two|three|four|five|six|seven|eight|nine)"),
    (
        "teen",
        "(ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen)",
    ),
    (
        "tens",
        "(twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)",
    ),
    ("below_100", "(<one_nine>|<teen>|<tens> [<one_nine>])"),
    (
        "below_1000",
        "(<below_100>|(a|<one_nine>|<teen>) hundred [[and] <below_100>])",
    ),
    (
        "thousands",
        "(a|<below_1000>) thousand [[and] <below_1000>]",
    ),
    (
        "millions",
        "(a|<below_1000>) million [[and] (<below_1000>|<thousands>)]",
    ),
    ("whole", "(<below_1000>|<thousands>|<millions>)"),
    ("digit", "(zero|oh|<one_nine>)"),
    ("decimals", "point <digit> [<digit> [<digit>]]"),
    ("fraction", "and (a half|a quarter|three quarters)"),
    (
        "cardinal",
        "(zero [<decimals>]|<whole> [<decimals>|<fraction>]|[a] half|point <one_nine>)",
    ),
    (
        "ordinal_9",
        "(first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)",
    ),
    (
        "ordinal_19",
        "(<ordinal_9>|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth)",
    ),
    ("ordinal_29", "(<ordinal_19>|twentieth|twenty <ordinal_9>)"),
];

/// `n` in words, such as `one hundred five`.
pub fn cardinal(n: u64) -> String {
    let mut words = Vec::new();
    push_cardinal(n, &mut words);
    words.join(" ")
}

/// The ordinal of `n` in words, such as `twenty first`.
pub fn ordinal(n: u64) -> String {
    let mut words = Vec::new();
    let (head, tail) = (n / 100 * 100, n % 100);
    if head > 0 || n == 0 {
        push_cardinal(head, &mut words);
    }
    match tail {
        0 => {
            let mut text = words.join(" ");
            text.push_str("th");
            return text;
        }
        1..=19 => words.push(ORDINALS[tail as usize - 1]),
        _ if tail % 10 == 0 => words.push(ORDINAL_TENS[tail as usize / 10 - 2]),
        _ => {
            words.push(TENS[tail as usize / 10 - 2]);
            words.push(ORDINALS[tail as usize % 10 - 1]);
        }
    }
    words.join(" ")
}

/// Every way the matcher accepts `n` in a range, the usual one first: with and without "and",
/// "a hundred" for "one hundred".
pub(super) fn spellings(n: i64) -> Vec<String> {
    let sign = if n < 0 { "minus " } else { "" };
    let n = n.unsigned_abs();
    let mut bare = vec![cardinal(n)];
    let (head, tail) = (n / 100 * 100, n % 100);
    if head > 0 && tail > 0 {
        bare.push(format!("{} and {}", cardinal(head), cardinal(tail)));
    }
    if (100..200).contains(&n) || (1000..2000).contains(&n) {
        for at in 0..bare.len() {
            if let Some(rest) = bare[at].strip_prefix("one ") {
                let rest = format!("a {rest}");
                bare.push(rest);
            }
        }
    }
    bare.into_iter()
        .map(|spelling| format!("{sign}{spelling}"))
        .collect()
}

fn push_cardinal(mut n: u64, words: &mut Vec<&'static str>) {
    for (scale, word) in SCALES {
        if n >= scale {
            push_cardinal(n / scale, words);
            words.push(word);
            n %= scale;
            if n == 0 {
                return;
            }
        }
    }
    if n >= 100 {
        words.push(SMALL[n as usize / 100]);
        words.push("hundred");
        n %= 100;
        if n == 0 {
            return;
        }
    }
    if n >= 20 {
        words.push(TENS[n as usize / 10 - 2]);
        n %= 10;
        if n == 0 {
            return;
        }
    }
    words.push(SMALL[n as usize]);
}

/// The digit words of one digit, as in decimals.
pub(super) fn digit(n: u8) -> &'static str {
    SMALL[usize::from(n.min(9))]
}

/// 0–19 of its word; "oh" is 0, "a" and "an" are not numbers.
fn small(word: &str) -> Option<u64> {
    if word == "oh" {
        return Some(0);
    }
    SMALL
        .iter()
        .position(|small| *small == word)
        .map(|n| n as u64)
}

fn tens(word: &str) -> Option<u64> {
    TENS.iter()
        .position(|tens| *tens == word)
        .map(|n| (n as u64 + 2) * 10)
}

/// Whether `word` is part of a spoken whole number.
pub fn is_number_word(word: &str) -> bool {
    small(word).is_some() || tens(word).is_some() || word == "hundred" || word == "thousand"
}

/// 1–99 as an ordinal; `None` if the words are not one.
pub(super) fn ordinal_value(words: &[&str]) -> Option<u64> {
    let first = |word: &str| {
        ORDINALS
            .iter()
            .position(|ordinal| *ordinal == word)
            .map(|n| n as u64 + 1)
    };
    match words {
        [one] => first(one).or_else(|| {
            ORDINAL_TENS
                .iter()
                .position(|ordinal| ordinal == one)
                .map(|n| (n as u64 + 2) * 10)
        }),
        [ten, one] => Some(tens(ten)? + first(one).filter(|n| *n < 10)?),
        _ => None,
    }
}

/// A whole number; "a" counts as one before "hundred", "thousand" and "million", "and" is skipped
/// inside.
pub(super) fn whole_value(words: &[&str]) -> Option<u64> {
    let (mut total, mut part, mut seen) = (0_u64, 0_u64, false);
    for word in words {
        if let Some(n) = small(word).or_else(|| tens(word)) {
            part += n;
        } else {
            match *word {
                "a" => part += 1,
                "and" if seen => continue,
                "hundred" => part = part.max(1).checked_mul(100)?,
                scale => {
                    let (size, _) = SCALES.iter().find(|(_, name)| *name == scale)?;
                    total = total.checked_add(part.max(1).checked_mul(*size)?)?;
                    part = 0;
                }
            }
        }
        seen = true;
    }
    seen.then_some(total.checked_add(part)?)
}

/// A number as `<cardinal>` accepts it: whole, decimal, or with a fraction ("two and a half").
pub(super) fn value(words: &[&str]) -> Option<f64> {
    for (fraction, size) in [
        (&["a", "half"][..], 0.5),
        (&["a", "quarter"], 0.25),
        (&["three", "quarters"], 0.75),
        (&["half"], 0.5),
    ] {
        if let Some(whole) = words.strip_suffix(fraction) {
            return match whole.split_last() {
                None => Some(size),
                Some((&"and", whole)) => Some(whole_value(whole)? as f64 + size),
                Some(_) => None,
            };
        }
    }
    if words.first() == Some(&"minus") {
        return Some(-value(&words[1..])?);
    }
    let Some(point) = words.iter().position(|word| *word == "point") else {
        return whole_value(words).map(|n| n as f64);
    };
    let whole = if point == 0 {
        0
    } else {
        whole_value(&words[..point])?
    };
    let mut text = format!("{whole}.");
    for word in &words[point + 1..] {
        let digit = small(word).filter(|digit| *digit < 10)?;
        text.push(char::from(b'0' + digit as u8));
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_read_as_people_say_them() {
        let check = |text: &str, number: f64| {
            let words: Vec<&str> = text.split(' ').collect();
            assert_eq!(value(&words), Some(number), "{text}");
        };
        check("a hundred and five", 105.0);
        check("one hundred five", 105.0);
        check("twenty one point five", 21.5);
        check("two and a half", 2.5);
        check("half", 0.5);
        check("a half", 0.5);
        check("point five", 0.5);
        check("a thousand and twelve", 1012.0);
        check("two hundred and six thousand four hundred", 206_400.0);
        check("a million", 1e6);
        check("minus five", -5.0);
        assert_eq!(ordinal(21), "twenty first");
        assert_eq!(ordinal(112), "one hundred twelfth");
        assert_eq!(ordinal_value(&["twenty", "first"]), Some(21));
    }

    proptest! {
        #[test]
        fn every_spelling_reads_back(n in 0_i64..2_000_000) {
            for spelling in spellings(n) {
                let words: Vec<&str> = spelling.split(' ').collect();
                prop_assert_eq!(value(&words), Some(n as f64), "{}", spelling);
            }
        }
    }
}
