//! One form for everything that is said, typed, written in a template or in `home.toml`: lower-case
//! words without punctuation, numbers written out.

use super::numbers;

/// The words of `text` as the recogniser would give them.
///
/// Lower case; punctuation away, except an apostrophe inside a word; hyphens separate; digits become
/// words ("7:30" → seven thirty, "20%" → twenty percent, "1.5" → one point five, "3rd" → third,
/// "7pm" → seven p m). Any text is safe; time and space are linear in its length. The joined result
/// normalises to itself.
///
/// ```
/// # use loqa_core::grammar::normalize;
/// assert_eq!(normalize("Set the lamp to 20%, please!").join(" "), "set the lamp to twenty percent please");
/// ```
pub fn normalize(text: &str) -> Vec<String> {
    split(&joined(text)).map(str::to_owned).collect()
}

/// The same with a space between two words.
pub(super) fn joined(text: &str) -> String {
    let chars: Vec<char> = if text.is_ascii() {
        let bytes = text.bytes();
        bytes.map(|c| char::from(c.to_ascii_lowercase())).collect()
    } else {
        let chars = text.chars().flat_map(char::to_lowercase);
        chars.filter(|c| !is_mark(*c)).collect()
    };
    let mut words = Words {
        text: String::with_capacity(text.len() + 16),
        word: 0,
    };
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        if c.is_ascii_digit() {
            at = number(&chars, at, &mut words);
            continue;
        }
        match c {
            '\'' | '’' | 'ʼ'
                if !words.is_between()
                    && chars.get(at + 1).is_some_and(|next| is_letter(*next)) =>
            {
                words.text.push('\'');
            }
            '&' => words.phrase("and"),
            '%' => words.phrase("percent"),
            '°' => {
                words.phrase("degrees");
                let unit = match chars.get(at + 1) {
                    Some('c') => "celsius",
                    Some('f') => "fahrenheit",
                    _ => "",
                };
                if !unit.is_empty() && !chars.get(at + 2).is_some_and(|next| is_letter(*next)) {
                    words.phrase(unit);
                    at += 1;
                }
            }
            '½' => words.phrase("half"),
            '-' | '−'
                if words.is_between()
                    && chars.get(at + 1).is_some_and(char::is_ascii_digit)
                    && (at == 0 || chars[at - 1].is_whitespace()) =>
            {
                words.phrase("minus")
            }
            c if is_letter(c) => words.text.push(c),
            _ => words.end(),
        }
        at += 1;
    }
    words.end();
    words.text.truncate(words.text.trim_end().len());
    words.text
}

/// The words of a text that is normal already.
pub(super) fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(' ').filter(|word| !word.is_empty())
}

/// Letters and other signs that are part of a word; digits of other scripts stay as they are.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric() && !c.is_ascii_digit() && c != '½' && c != 'ʼ'
}

/// Marks that change how a letter looks or how text is laid out, not which word it is.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}' | '\u{fe0f}')
}

struct Words {
    /// Words that have ended, each with a space behind it, and the one under way.
    text: String,
    /// Where that begins.
    word: usize,
}

impl Words {
    fn is_between(&self) -> bool {
        self.word == self.text.len()
    }

    /// Ends the word under way.
    fn end(&mut self) {
        let (done, word) = self.text.split_at(self.word);
        let after_number = || {
            let last = done.trim_end().rsplit(' ').next();
            last.is_some_and(|last| numbers::is_number_word(last) || last == "o'clock")
        };
        let halves = match word {
            "" => return,
            "pm" => true,
            // "am" is a word of its own unless a time came before it.
            "am" => after_number(),
            _ => false,
        };
        if halves {
            self.text.insert(self.word + 1, ' ');
        }
        self.text.push(' ');
        self.word = self.text.len();
    }

    /// Says words, but for those under way.
    fn phrase(&mut self, text: &str) {
        self.end();
        self.text.push_str(text);
        self.text.push(' ');
        self.word = self.text.len();
    }
}

/// Reads the number that starts at `at`; returns where it ends.
fn number(chars: &[char], at: usize, words: &mut Words) -> usize {
    words.end();
    let mut end = at;
    let mut digits = String::new();
    loop {
        match chars.get(end) {
            Some(c) if c.is_ascii_digit() => digits.push(*c),
            // 1,000 but not "1, 2" and not 1,00.
            Some(',') if groups(chars, at, end) => {}
            _ => break,
        }
        end += 1;
    }
    let two_more = |colon: usize| {
        let minute =
            chars.get(colon + 1)?.to_digit(10)? * 10 + chars.get(colon + 2)?.to_digit(10)?;
        (minute < 60 && !chars.get(colon + 3).is_some_and(char::is_ascii_digit))
            .then_some(u64::from(minute))
    };
    let n = if digits.len() <= 15 && (digits.len() == 1 || !digits.starts_with('0')) {
        digits.parse().ok()
    } else {
        None
    };
    if chars.get(end) == Some(&':')
        && digits.len() <= 2
        && let (Ok(hour), Some(minute)) = (digits.parse::<u64>(), two_more(end))
        && hour < 24
    {
        words.phrase(&clock(hour, minute));
        return suffix(chars, end + 3, words);
    }
    let Some(n) = n else {
        for c in digits.bytes() {
            words.phrase(numbers::digit(c - b'0'));
        }
        return suffix(chars, end, words);
    };
    if chars.get(end) == Some(&'.') && chars.get(end + 1).is_some_and(char::is_ascii_digit) {
        words.phrase(&numbers::cardinal(n));
        words.phrase("point");
        end += 1;
        while let Some(digit) = chars.get(end).and_then(|c| c.to_digit(10)) {
            words.phrase(numbers::digit(digit as u8));
            end += 1;
        }
        return suffix(chars, end, words);
    }
    let ordinal = match (chars.get(end), chars.get(end + 1)) {
        (Some(a), Some(b)) if !chars.get(end + 2).is_some_and(|next| is_letter(*next)) => {
            matches!((a, b), ('s', 't') | ('n', 'd') | ('r', 'd') | ('t', 'h'))
        }
        _ => false,
    };
    if ordinal {
        words.phrase(&numbers::ordinal(n));
        return end + 2;
    }
    words.phrase(&numbers::cardinal(n));
    suffix(chars, end, words)
}

/// Whether the comma at `comma` groups thousands of the number that starts at `start`.
fn groups(chars: &[char], start: usize, comma: usize) -> bool {
    let digit = |at: usize| chars.get(at).is_some_and(char::is_ascii_digit);
    let lead = (start..comma)
        .rev()
        .take_while(|at| chars[*at] != ',')
        .count();
    lead <= 3
        && (lead == 3 || comma - start == lead)
        && digit(comma + 1)
        && digit(comma + 2)
        && digit(comma + 3)
        && !digit(comma + 4)
}

/// A time of day on the clock's face.
fn clock(hour: u64, minute: u64) -> String {
    let hours = numbers::cardinal(hour);
    match minute {
        0 if (1..=12).contains(&hour) => format!("{hours} o'clock"),
        0 => format!("{hours} hundred"),
        1..=9 => format!("{hours} oh {}", numbers::cardinal(minute)),
        _ => format!("{hours} {}", numbers::cardinal(minute)),
    }
}

/// Half of the day written right behind a number ("7pm", "7 p.m." is handled as words).
fn suffix(chars: &[char], at: usize, words: &mut Words) -> usize {
    match (chars.get(at), chars.get(at + 1)) {
        (Some(half @ ('a' | 'p')), Some('m'))
            if !chars.get(at + 2).is_some_and(|next| is_letter(*next)) =>
        {
            words.phrase(if *half == 'a' { "a m" } else { "p m" });
            at + 2
        }
        _ => at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn typed_text_meets_spoken_words() {
        let check =
            |text: &str, words: &str| assert_eq!(normalize(text).join(" "), words, "{text}");
        check("Turn ON the lights!", "turn on the lights");
        check("What's the time?", "what's the time");
        check("wake me at 7:30", "wake me at seven thirty");
        check("at 7:05pm", "at seven oh five p m");
        check("at 7 a.m.", "at seven a m");
        check("I am at home", "i am at home");
        check("at 7 am", "at seven a m");
        check("7:00", "seven o'clock");
        check("19:00", "nineteen hundred");
        check(
            "20% or 21.5°C",
            "twenty percent or twenty one point five degrees celsius",
        );
        check("1,000 and 1, 2", "one thousand and one two");
        check("the 3rd of May", "the third of may");
        check("ten-minute timer", "ten minute timer");
        check("007", "zero zero seven");
        check("-5 degrees", "minus five degrees");
        check(
            "the dogs’ beds and the dog’s bed",
            "the dogs beds and the dog's bed",
        );
        check("  \u{1f4a1} 🎉 ", "");
        check("مرحبا", "مرحبا");
        check("salt & pepper", "salt and pepper");
        check("10s", "ten s");
        assert_eq!(normalize(&"9".repeat(1 << 20)).len(), 1 << 20);
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(text in "\\PC{0,40}|[a-z0-9 ':.,%°½&-]{0,40}|[apm0-9 o'clock.:]{0,30}") {
            let once = normalize(&text).join(" ");
            prop_assert_eq!(normalize(&once).join(" "), once);
        }
    }
}
