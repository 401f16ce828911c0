//! Text made ready for a voice: [`speakable`] writes it as words, [`clauses`] cuts it into pieces
//! that can be spoken while the next is still being made.

mod calendar;
mod clauses;
mod number;
mod spoken;
#[cfg(test)]
mod tests;
mod units;
mod words;

pub use clauses::{clauses, whole_clauses};

use spoken::Spoken;

/// Writes `text` the way it is said aloud, in English.
///
/// Numbers, units, times, dates, amounts of money, abbreviations and symbols become words; web
/// addresses keep their host; Markdown, emoji and everything else that has no sound goes. What is
/// left are letters (of any script), apostrophes inside words, single spaces and `. , ; : ! ?`,
/// each at most once and after a word. Applied twice it changes nothing more. Takes time linear in
/// the text; no text makes it fail.
///
/// ```
/// use loqa_core::speech::speakable;
/// assert_eq!(speakable("It's 21.5 °C at 7:30 am."),
///     "It's twenty one point five degrees Celsius at seven thirty a m.");
/// ```
pub fn speakable(text: &str) -> String {
    let mut said = read(text);
    // Where a symbol has gone, what stood around it may have become an abbreviation. Expansions
    // hold none, so a reading or two are enough; the bound is for what nobody thought of.
    for _ in 0..8 {
        let again = read(&said);
        if again == said {
            break;
        }
        said = again;
    }
    said
}

/// One reading of the text from beginning to end.
fn read(text: &str) -> String {
    let text: Vec<char> = text
        .chars()
        .filter(|c| !is_ignorable(*c))
        .map(ascii_form)
        .collect();
    let mut spoken = Spoken::default();
    let mut at = 0;
    while at < text.len() {
        at = next(&text, at, &mut spoken);
    }
    spoken.finish()
}

/// Says what stands at `at`; returns where the next thing begins, always further on.
fn next(text: &[char], at: usize, spoken: &mut Spoken) -> usize {
    let c = text[at];
    let follows = |n: usize| text.get(at + n).copied().unwrap_or(' ');
    let before = if at == 0 { ' ' } else { text[at - 1] };
    if let Some(end) = words::address(text, at, spoken) {
        return end;
    }
    if is_letter(c) {
        return words::word(text, at, spoken);
    }
    if let Some(end) = number::number(text, at, spoken) {
        return end;
    }
    match c {
        '\n' => spoken.pause('.'),
        // "example.com", ".com", but "Done.Next" is two sentences.
        '.' if follows(1).is_lowercase() && (before.is_alphanumeric() || before == ' ') => {
            spoken.word("dot")
        }
        '.' | ',' | ';' | ':' | '!' | '?' => spoken.pause(c),
        '…' | '。' => spoken.pause('.'),
        '、' | '—' | '→' | '(' | ')' | '[' | ']' | '{' | '}' => spoken.pause(','),
        '-' | '–' | '−' if before.is_ascii_digit() && follows(1).is_ascii_digit() => {
            spoken.word("to")
        }
        '-' | '–' if before.is_whitespace() && follows(1).is_whitespace() => spoken.pause(','),
        // A run of symbols is a line or an emphasis, not arithmetic.
        _ if c == before || c == follows(1) => {}
        _ => {
            if let Some(name) = symbol(c, follows(1)) {
                spoken.word(name);
            }
        }
    }
    at + 1
}

/// The name of a symbol that is said, given what follows it.
fn symbol(c: char, next: char) -> Option<&'static str> {
    Some(match c {
        '&' => "and",
        '@' => "at",
        '%' => "percent",
        '+' => "plus",
        '=' => "equals",
        '×' => "times",
        '÷' => "divided by",
        '±' => "plus or minus",
        '°' => "degrees",
        '§' => "section",
        '$' => "dollars",
        '€' => "euros",
        '£' => "pounds",
        '¥' => "yen",
        '²' => "squared",
        '³' => "cubed",
        '#' if next.is_ascii_digit() => "number",
        '~' | '≈' if next.is_ascii_digit() => "about",
        '<' if next.is_ascii_digit() || next == ' ' => "less than",
        '>' if next.is_ascii_digit() || next == ' ' => "more than",
        '≤' => "at most",
        '≥' => "at least",
        _ => return None,
    })
}

/// A letter with a sound: not a circled or squared one, which is a picture of a letter.
fn is_letter(c: char) -> bool {
    let pictured = matches!(c, '\u{2460}'..='\u{24ff}' | '\u{1f100}'..='\u{1f1ff}');
    c.is_alphabetic() && !c.is_numeric() && !pictured
}

/// Characters that neither sound nor separate: marks on the letter before, joiners, selectors.
fn is_ignorable(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{2060}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// Other forms of ASCII characters as themselves: full width, other digits, typographic signs.
fn ascii_form(c: char) -> char {
    let offset = |zero: u32| char::from_digit(u32::from(c) - zero, 10).unwrap_or(c);
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{660}'..='\u{669}' => offset(0x660),
        '\u{6f0}'..='\u{6f9}' => offset(0x6f0),
        '\u{966}'..='\u{96f}' => offset(0x966),
        '’' | '‘' | 'ʼ' => '\'',
        'º' | '˚' => '°',
        '\u{2010}' | '\u{2011}' => '-',
        '\u{2028}' | '\u{2029}' => '\n',
        _ => c,
    }
}
