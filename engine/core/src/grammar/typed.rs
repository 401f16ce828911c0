//! Values that everybody says alike: numbers, durations, times, dates, percentages, colours.
//!
//! Each is a rule in template syntax, which makes both the matcher and the recogniser's grammar,
//! and a function that reads the words it matched.

use super::{DateSpec, SlotValue, TimeOfDay, numbers};

/// A built-in list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Typed {
    Number,
    Percentage,
    Duration,
    Time,
    Clock,
    Date,
    Colour,
}

/// Name of the list, its type, its rule.
pub(super) const TYPES: &[(&str, Typed, &str)] = &[
    ("number", Typed::Number, "[minus] <cardinal>"),
    (
        "percentage",
        Typed::Percentage,
        "((zero|<below_100>|(a|one) hundred) percent|half|full|maximum|minimum)",
    ),
    ("duration", Typed::Duration, "<duration>"),
    ("time", Typed::Time, "<time_of_day>"),
    ("clock", Typed::Clock, "<time_of_day>"),
    ("date", Typed::Date, "<day>"),
    (
        "colour",
        Typed::Colour,
        "(white|warm white|cool white|red|orange|yellow|green|lime|cyan|turquoise|teal|blue|light blue|indigo|purple|violet|magenta|pink|gold|lavender|amber|coral)",
    ),
];

/// Rules the types are made of, beside [`numbers::RULES`].
pub(super) const RULES: &[(&str, &str)] = &[
    (
        "unit",
        "(second|seconds|minute|minutes|hour|hours|day|days|week|weeks)",
    ),
    ("part", "(half|quarter)"),
    ("count", "(<below_1000>|<thousands>)"),
    (
        "span",
        "(<count> <unit>|(a|an) (second|minute|hour|day|week))",
    ),
    ("span_half", "(<count> and a half|[a] couple of) <unit>"),
    (
        "fraction_of",
        "(half (a|an) (minute|hour|day)|[a] quarter of an hour|three quarters of an hour|(a|an|one) (minute|hour|day) and a <part>)",
    ),
    (
        "duration",
        "(<fraction_of>|<span_half>|<span> [[and] <span>]|(<below_100>|an|one) (hour|hours) <below_100>)",
    ),
    (
        "hour_12",
        "(one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)",
    ),
    ("minutes_past", "(oh <one_nine>|<teen>|<tens> [<one_nine>])"),
    (
        "half_of_day",
        "(a m|p m|am|pm|in the morning|in the afternoon|in the evening|at night)",
    ),
    (
        "time_of_day",
        "(noon|midday|midnight|<hour_12> [o'clock] [<half_of_day>]|<hour_12> <minutes_past> [<half_of_day>]|(half|quarter|a quarter|<below_100> [minutes]) past <hour_12> [<half_of_day>]|(quarter|a quarter|<below_100> [minutes]) to <hour_12> [<half_of_day>]|(thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|twenty one|twenty two|twenty three) (hundred|<minutes_past>))",
    ),
    (
        "weekday",
        "(monday|tuesday|wednesday|thursday|friday|saturday|sunday)",
    ),
    (
        "month",
        "(january|february|march|april|may|june|july|august|september|october|november|december)",
    ),
    ("day_of_month", "(<ordinal_29>|thirtieth|thirty first)"),
    (
        "feast",
        "(christmas|christmas day|christmas eve|new year's day|new year's eve|halloween|valentine's day)",
    ),
    (
        "day",
        "(today|tomorrow|yesterday|the day after tomorrow|[on|this|next] <weekday>|[on] [the] <day_of_month> of <month>|[on] <month> [the] <day_of_month>|<feast>)",
    ),
];

impl Typed {
    /// Reads the words that its rule matched; `None` if they name nothing (the 31st of June).
    pub fn read(self, words: &[&str]) -> Option<SlotValue> {
        match self {
            Typed::Number => numbers::value(words).map(SlotValue::Number),
            Typed::Percentage => percentage(words).map(SlotValue::Percentage),
            Typed::Duration => duration(words).map(SlotValue::Duration),
            Typed::Time => time(words).map(SlotValue::Time),
            Typed::Clock => time(words).map(SlotValue::Clock),
            Typed::Date => date(words).map(SlotValue::Date),
            Typed::Colour => Some(SlotValue::Colour(words.join(" "))),
        }
    }
}

fn percentage(words: &[&str]) -> Option<f64> {
    match words {
        ["half"] => Some(50.0),
        ["full" | "maximum"] => Some(100.0),
        ["minimum"] => Some(1.0),
        [number @ .., "percent"] => numbers::value(number),
        _ => None,
    }
}

fn unit_seconds(word: &str) -> Option<f64> {
    Some(match word.strip_suffix('s').unwrap_or(word) {
        "second" => 1.0,
        "minute" => 60.0,
        "hour" => 3600.0,
        "day" => 86_400.0,
        "week" => 604_800.0,
        _ => return None,
    })
}

fn amount(words: &[&str]) -> Option<f64> {
    match words {
        ["a" | "an" | "one"] => Some(1.0),
        ["half", "a" | "an"] => Some(0.5),
        ["quarter", "of", "an"] | ["a", "quarter", "of", "an"] => Some(0.25),
        ["three", "quarters", "of", "an"] => Some(0.75),
        ["couple", "of"] | ["a", "couple", "of"] => Some(2.0),
        words => numbers::value(words),
    }
}

/// Seconds.
fn duration(words: &[&str]) -> Option<i64> {
    let mut total = 0.0;
    let mut rest = words;
    let mut smaller = None;
    while !rest.is_empty() {
        if rest.first() == Some(&"and") {
            rest = &rest[1..];
        }
        let Some(at) = rest.iter().position(|word| unit_seconds(word).is_some()) else {
            // "one hour twenty"
            total += numbers::value(rest)? * smaller?;
            break;
        };
        let seconds = unit_seconds(rest[at])?;
        total += amount(&rest[..at])? * seconds;
        rest = &rest[at + 1..];
        smaller = Some(seconds / 60.0);
        for (fraction, size) in [
            (&["and", "a", "half"][..], 0.5),
            (&["and", "a", "quarter"], 0.25),
        ] {
            if let Some(after) = rest.strip_prefix(fraction) {
                total += size * seconds;
                rest = after;
            }
        }
    }
    (total > 0.0).then_some(total.round() as i64)
}

fn time(words: &[&str]) -> Option<TimeOfDay> {
    let at = |hour: u64, minute: u64, known: bool| {
        (hour < 24 && minute < 60).then_some(TimeOfDay {
            hour: hour as u8,
            minute: minute as u8,
            meridiem_known: known,
        })
    };
    match words {
        ["noon" | "midday"] => return at(12, 0, true),
        ["midnight"] => return at(0, 0, true),
        _ => {}
    }
    for (said, morning) in [
        (&["a", "m"][..], true),
        (&["am"], true),
        (&["in", "the", "morning"], true),
        (&["p", "m"], false),
        (&["pm"], false),
        (&["in", "the", "afternoon"], false),
        (&["in", "the", "evening"], false),
        (&["at", "night"], false),
    ] {
        if let Some(clock) = words.strip_suffix(said) {
            let TimeOfDay { hour, minute, .. } = time(clock)?;
            // "twelve at night" is midnight.
            let pm = !(morning || said == ["at", "night"] && hour == 12);
            let hour = u64::from(hour % 12) + if pm { 12 } else { 0 };
            return at(hour, minute.into(), true);
        }
    }
    let words: Vec<&str> = words
        .iter()
        .copied()
        .filter(|word| !matches!(*word, "o'clock" | "minutes" | "a"))
        .collect();
    let minutes = |said: &[&str]| match said {
        ["half"] => Some(30),
        ["quarter"] => Some(15),
        ["oh", digit] => numbers::whole_value(&[digit]),
        words => numbers::whole_value(words),
    };
    if let Some(past) = words.iter().position(|word| *word == "past") {
        return at(
            numbers::whole_value(&words[past + 1..])?,
            minutes(&words[..past])?,
            false,
        );
    }
    if let Some(to) = words.iter().position(|word| *word == "to") {
        let hour = numbers::whole_value(&words[to + 1..])?;
        let before = minutes(&words[..to])?;
        return at(
            if hour <= 1 { hour + 11 } else { hour - 1 },
            60_u64.checked_sub(before)?,
            false,
        );
    }
    if let Some(hour) = words.strip_suffix(&["hundred"]) {
        return at(numbers::whole_value(hour)?, 0, true);
    }
    // "seven", "seven thirty", "twenty one fifteen": the hour is as long as it can be.
    let hour_words = if words.len() > 2
        && words[0] == "twenty"
        && words
            .get(1)
            .is_some_and(|word| numbers::whole_value(&[word]).is_some_and(|n| n < 4))
    {
        2
    } else {
        1
    };
    let hour = numbers::whole_value(&words[..hour_words])?;
    let minute = if words.len() > hour_words {
        minutes(&words[hour_words..])?
    } else {
        0
    };
    at(hour, minute, hour > 12)
}

const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

fn date(words: &[&str]) -> Option<DateSpec> {
    let feast = |month, day| {
        Some(DateSpec::Calendar {
            month,
            day,
            year: None,
        })
    };
    match words {
        ["today"] => return Some(DateSpec::Relative(0)),
        ["tomorrow"] => return Some(DateSpec::Relative(1)),
        ["yesterday"] => return Some(DateSpec::Relative(-1)),
        ["the", "day", "after", "tomorrow"] => return Some(DateSpec::Relative(2)),
        ["christmas"] | ["christmas", "day"] => return feast(12, 25),
        ["christmas", "eve"] => return feast(12, 24),
        ["new", "year's", "day"] => return feast(1, 1),
        ["new", "year's", "eve"] => return feast(12, 31),
        ["halloween"] => return feast(10, 31),
        ["valentine's", "day"] => return feast(2, 14),
        _ => {}
    }
    let position = |names: &[&str], word: &str| {
        names
            .iter()
            .position(|name| *name == word)
            .map(|at| at as u8 + 1)
    };
    if let Some(weekday) = words.last().and_then(|word| position(&WEEKDAYS, word)) {
        return Some(DateSpec::Weekday(weekday));
    }
    let month = words.iter().find_map(|word| position(&MONTHS, word))?;
    let day: Vec<&str> = words
        .iter()
        .copied()
        .filter(|word| position(&MONTHS, word).is_none() && !matches!(*word, "on" | "the" | "of"))
        .collect();
    let day = numbers::ordinal_value(&day)? as u8;
    let longest = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    (day <= longest).then_some(DateSpec::Calendar {
        month,
        day,
        year: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        text.split(' ').collect()
    }

    #[test]
    fn durations_as_people_say_them() {
        for (said, seconds) in [
            ("ten minutes", 600),
            ("an hour and a half", 5400),
            ("half a minute", 30),
            ("two and a half hours", 9000),
            ("quarter of an hour", 900),
            ("a couple of minutes", 120),
            ("one hour twenty", 4800),
            ("ten minutes and thirty seconds", 630),
            ("a minute and a half", 90),
            ("ninety seconds", 90),
        ] {
            assert_eq!(duration(&words(said)), Some(seconds), "{said}");
        }
    }

    #[test]
    fn times_as_people_say_them() {
        for (said, hour, minute, known) in [
            ("quarter past seven", 7, 15, false),
            ("half past six", 6, 30, false),
            ("seven thirty", 7, 30, false),
            ("seven o'clock", 7, 0, false),
            ("ten to eight", 7, 50, false),
            ("quarter to one", 12, 45, false),
            ("six forty five p m", 18, 45, true),
            ("eight in the evening", 20, 0, true),
            ("twelve a m", 0, 0, true),
            ("noon", 12, 0, true),
            ("nineteen hundred", 19, 0, true),
            ("twenty one fifteen", 21, 15, true),
            ("seven oh five", 7, 5, false),
        ] {
            assert_eq!(
                time(&words(said)),
                Some(TimeOfDay {
                    hour,
                    minute,
                    meridiem_known: known
                }),
                "{said}"
            );
        }
    }

    #[test]
    fn days_that_do_not_exist_are_none() {
        assert_eq!(date(&words("the thirty first of june")), None);
        assert_eq!(
            date(&words("may the third")),
            Some(DateSpec::Calendar {
                month: 5,
                day: 3,
                year: None
            })
        );
        assert_eq!(date(&words("next friday")), Some(DateSpec::Weekday(5)));
    }
}
