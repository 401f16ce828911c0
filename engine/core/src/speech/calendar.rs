//! Times of day, dates and years.

use super::{
    number::{digit_at, digits_end, letter_at, whole},
    spoken::Spoken,
    units, words,
};
use crate::grammar::numbers::{cardinal, ordinal};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// Words after which four digits are a year.
const BEFORE_YEAR: [&str; 4] = ["in", "since", "until", "year"];
/// `7:30`, `7:05 am`, `19:30:10`; another pair, as in `16:9`, is a ratio.
pub(super) fn time(text: &[char], at: usize, spoken: &mut Spoken) -> Option<usize> {
    let hour_end = digits_end(text, at);
    let hour: String = text[at..hour_end].iter().collect();
    let mut end = hour_end;
    let mut parts = vec![hour.clone()];
    while parts.len() < 3 && text.get(end) == Some(&':') && digit_at(text, end + 1) {
        let part_end = digits_end(text, end + 1);
        parts.push(text[end + 1..part_end].iter().collect());
        end = part_end;
    }
    let minutes = |part: &String| {
        part.parse()
            .ok()
            .filter(|n: &u64| part.len() == 2 && *n < 60)
    };
    let hour: Option<u64> = hour
        .parse()
        .ok()
        .filter(|h| parts[0].len() <= 2 && *h <= 24);
    let rest: Option<Vec<u64>> = parts[1..].iter().map(minutes).collect();
    let meridiem = meridiem(text, end);
    let said = match (hour, rest.as_deref(), &meridiem) {
        (Some(hour @ 1..=12), Some([]), Some(_)) => cardinal(hour),
        (Some(hour), Some([minute, seconds @ ..]), _) => {
            let mut said = clock(hour, *minute, meridiem.is_some());
            if let Some(seconds @ 1..) = seconds.first() {
                let unit = if *seconds == 1 { "second" } else { "seconds" };
                said = format!("{said} and {} {unit}", cardinal(*seconds));
            }
            said
        }
        _ if parts.len() == 2 => format!("{} to {}", whole(&parts[0]), whole(&parts[1])),
        _ => return None,
    };
    spoken.word(&said);
    match meridiem.filter(|_| hour.is_some() && rest.is_some()) {
        Some((half, letters_end)) => {
            spoken.word(half);
            let pointed = text[letters_end - 1] == '.';
            Some(words::point_end(
                text,
                letters_end - usize::from(pointed),
                pointed,
                spoken,
            ))
        }
        None => Some(end),
    }
}

/// An hour and a minute, 0–24 and 0–59.
fn clock(hour: u64, minute: u64, meridiem: bool) -> String {
    let past = match minute {
        0 => String::new(),
        1..10 => format!(" oh {}", cardinal(minute)),
        _ => format!(" {}", cardinal(minute)),
    };
    match (hour, minute) {
        (0 | 24, 0) => "midnight".into(),
        (0 | 24, _) => format!("twelve{past} a m"),
        (1..=12, 0) if !meridiem => format!("{} o'clock", cardinal(hour)),
        (13.., 0) => format!("{} hundred", cardinal(hour)),
        _ => format!("{}{past}", cardinal(hour)),
    }
}

/// `am`, `PM`, `a.m.` behind at most one space: what is said, and where it ends.
fn meridiem(text: &[char], at: usize) -> Option<(&'static str, usize)> {
    let start = at + usize::from(matches!(text.get(at), Some(' ' | '\u{a0}' | '\u{202f}')));
    let half = match text.get(start)? {
        'a' | 'A' => "a m",
        'p' | 'P' => "p m",
        _ => return None,
    };
    let rest = text.get(start + 1..)?;
    let length = match rest {
        ['.', 'm' | 'M', '.', ..] => 4,
        ['.', 'm' | 'M', ..] => 3,
        ['m' | 'M', ..] => 2,
        _ => return None,
    };
    let end = start + length;
    (!letter_at(text, end) && !digit_at(text, end)).then_some((half, end))
}

/// `2026-03-05`, with a time after `T` or not; the offset from UTC is not said.
pub(super) fn date(text: &[char], at: usize, spoken: &mut Spoken) -> Option<usize> {
    let field = |start: usize, length: usize| {
        let end = digits_end(text, start);
        let digits: String = text[start..end].iter().collect();
        (end == start + length)
            .then(|| digits.parse::<u64>().ok())
            .flatten()
    };
    let separated = |i: usize| text.get(i) == Some(&'-');
    if !separated(at + 4) || !separated(at + 7) {
        return None;
    }
    let (written, month, day) = (field(at, 4)?, field(at + 5, 2)?, field(at + 8, 2)?);
    let month = MONTHS.get(usize::try_from(month).ok()?.checked_sub(1)?)?;
    if !(1..=31).contains(&day) {
        return None;
    }
    let said = year(written).unwrap_or_else(|| cardinal(written));
    spoken.word(&format!("{month} {} {said}", ordinal(day)));
    let end = at + 10;
    if text.get(end) != Some(&'T') || field(end + 1, 2).is_none() {
        return Some(end);
    }
    spoken.word("at");
    let mut end = time(text, end + 1, spoken).unwrap_or(end + 1);
    if text.get(end) == Some(&'.') && digit_at(text, end + 1) {
        end = digits_end(text, end + 1);
    }
    match text.get(end) {
        Some('Z') if !letter_at(text, end + 1) => end += 1,
        Some('+' | '-') if digits_end(text, end + 1) == end + 3 => {
            end = digits_end(text, end + 1);
            if text.get(end) == Some(&':') {
                end = digits_end(text, end + 1);
            }
        }
        _ => {}
    }
    Some(end)
}

/// A day or a year beside a month, or a year after "in" and the like.
pub(super) fn beside_month(
    text: &[char],
    end: usize,
    value: u64,
    spoken: &mut Spoken,
) -> Option<usize> {
    let after_month = MONTHS
        .iter()
        .any(|month| month.eq_ignore_ascii_case(spoken.previous()));
    // A unit or a range makes it a quantity.
    let alone = units::after_number(text, end, false).is_none()
        && !matches!(text.get(end), Some(':' | '/'));
    if after_month && alone && (1..=31).contains(&value) {
        spoken.word(&ordinal(value));
        return Some(year_at(text, end, spoken).unwrap_or(end));
    }
    if (after_month || BEFORE_YEAR.contains(&spoken.previous())) && alone && !letter_at(text, end) {
        let said = year(value)?;
        spoken.word(&said);
        return Some(end);
    }
    let month_end = words::word_end(text, end + 1);
    let next: String = text.get(end + 1..month_end)?.iter().collect();
    if text[end] == ' ' && (1..=31).contains(&value) && MONTHS.contains(&next.as_str()) {
        let article = if spoken.previous() == "the" {
            ""
        } else {
            "the "
        };
        spoken.word(&format!("{article}{} of", ordinal(value)));
        return Some(end + 1);
    }
    None
}

/// Says the year that may follow a day: ` 2026`, `, 2026`.
fn year_at(text: &[char], at: usize, spoken: &mut Spoken) -> Option<usize> {
    let start = at + usize::from(text.get(at) == Some(&',')) + 1;
    let end = digits_end(text, start);
    if text.get(start - 1) != Some(&' ') || end != start + 4 || letter_at(text, end) {
        return None;
    }
    let digits: String = text[start..end].iter().collect();
    let said = year(digits.parse().ok()?)?;
    spoken.word(&said);
    Some(end)
}

/// A year from 1100 to 2099 as it is said: `nineteen oh five`, `two thousand one`.
pub(super) fn year(value: u64) -> Option<String> {
    let (century, rest) = (value / 100, value % 100);
    Some(match (value, rest) {
        (2000..=2009, _) => cardinal(value),
        (1100..=2099, 0) => format!("{} hundred", cardinal(century)),
        (1100..=2099, 1..=9) => format!("{} oh {}", cardinal(century), cardinal(rest)),
        (1100..=2099, _) => format!("{} {}", cardinal(century), cardinal(rest)),
        _ => return None,
    })
}
