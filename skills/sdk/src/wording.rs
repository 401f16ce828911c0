//! Values in words, alike in all skills. Numbers stay digits: the voice reads them out.

use crate::Civil;
use alloc::{borrow::ToOwned, format, string::String, vec::Vec};

const WEEKDAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];
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

/// `a`, `a and b`, `a, b and c`.
pub fn join<T: AsRef<str>>(items: &[T]) -> String {
    let Some((last, rest)) = items.split_last() else {
        return String::new();
    };
    if rest.is_empty() {
        return last.as_ref().to_owned();
    }
    let rest: Vec<&str> = rest.iter().map(AsRef::as_ref).collect();
    format!("{} and {}", rest.join(", "), last.as_ref())
}

/// `1 timer`, `3 timers`.
pub fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// `1 hour and 20 minutes`; every unit that is not zero, `0 seconds` for none.
pub fn duration(seconds: u64) -> String {
    let parts: Vec<String> = [
        (seconds / 3600, "hour"),
        (seconds / 60 % 60, "minute"),
        (seconds % 60, "second"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, unit)| count(number, unit))
    .collect();
    if parts.is_empty() {
        "0 seconds".into()
    } else {
        join(&parts)
    }
}

/// A duration as far as it matters: seconds only below ten minutes, rounded up to the minute
/// above.
pub fn about(seconds: u64) -> String {
    if seconds < 600 {
        duration(seconds)
    } else {
        duration(seconds.div_ceil(60) * 60)
    }
}

/// `10 minute`, `1 hour and 30 minute`: a duration before a noun.
pub fn adjective(seconds: u64) -> String {
    let words = duration(seconds);
    words
        .split(' ')
        .map(|word| word.strip_suffix('s').unwrap_or(word))
        .collect::<Vec<_>>()
        .join(" ")
}

/// `7:05 pm`.
pub fn time(moment: Civil) -> String {
    let hour = match moment.hour % 12 {
        0 => 12,
        hour => hour,
    };
    format!(
        "{hour}:{:02} {}",
        moment.minute,
        if moment.hour < 12 { "am" } else { "pm" }
    )
}

/// `Monday` for 1 … `Sunday` for 7; empty for anything else.
pub fn weekday(weekday: u8) -> &'static str {
    name(&WEEKDAYS, weekday)
}

/// `November 20th`; `month` 1–12, `day` 1–31.
pub fn date(month: u8, day: u8) -> String {
    format!("{} {}", name(&MONTHS, month), ordinal(day))
}

/// `1st`, `2nd`, `3rd`, `11th`.
pub fn ordinal(number: u8) -> String {
    let suffix = match (number % 10, number % 100) {
        (1, tens) if tens != 11 => "st",
        (2, tens) if tens != 12 => "nd",
        (3, tens) if tens != 13 => "rd",
        _ => "th",
    };
    format!("{number}{suffix}")
}

/// A number without a fraction of zeros: `21`, `21.5`.
pub fn number(number: f64) -> String {
    format!("{number}")
}

/// With a capital at the start.
pub fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// A thing by its name: `the kitchen lights`, but `my lamp` and `Ben's lamp` as they are.
pub fn the(name: &str) -> String {
    let first = name.split(' ').next().unwrap_or_default();
    let owned = first.ends_with("'s") || first.ends_with("s'") || first.ends_with("’s");
    let told = ["the", "my", "our", "your", "all"]
        .iter()
        .any(|word| first.eq_ignore_ascii_case(word));
    if owned || told {
        name.to_owned()
    } else {
        format!("the {name}")
    }
}

/// Whether a thing of this name takes "are": `kitchen lights`, but not `glass`.
pub fn is_plural(name: &str) -> bool {
    name.ends_with('s') && !name.ends_with("ss") && !name.ends_with("us")
}

fn name(names: &[&'static str], ordinal: u8) -> &'static str {
    names
        .get(usize::from(ordinal).wrapping_sub(1))
        .copied()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_as_people_say_them() {
        assert_eq!(join::<&str>(&[]), "");
        assert_eq!(join(&["a", "b", "c"]), "a, b and c");
        assert_eq!(duration(0), "0 seconds");
        assert_eq!(duration(5430), "1 hour, 30 minutes and 30 seconds");
        assert_eq!(about(599), "9 minutes and 59 seconds");
        assert_eq!(about(4741), "1 hour and 20 minutes");
        assert_eq!(adjective(5400), "1 hour and 30 minute");
        assert_eq!(date(11, 22), "November 22nd");
        assert_eq!(
            [1, 2, 3, 4, 11, 12, 13, 21].map(ordinal).join(" "),
            "1st 2nd 3rd 4th 11th 12th 13th 21st"
        );
        assert_eq!((number(21.0), number(21.5)), ("21".into(), "21.5".into()));
        assert_eq!(sentence("élan"), "Élan");
    }
}
