//! Replies of skills that are nothing but a manifest: text with `{slot}` filled in.

use crate::grammar::{DateSpec, SlotValue, TimeOfDay};
use crate::home::Home;
use jiff::civil::Date;
use serde_json::Value;

/// A part of a reply template.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Piece<'t> {
    /// Said as it is.
    Words(&'t str),
    /// `{name}` or `{name|default}`.
    Slot {
        /// The slot.
        name: &'t str,
        /// Said where the slot is empty.
        default: Option<&'t str>,
        /// Of the brace, in characters from the start of the template.
        offset: usize,
    },
}

/// Takes a reply template apart.
///
/// # Errors
/// Where (in characters from its start) a brace has no partner or no name, and why.
pub fn pieces(template: &str) -> Result<Vec<Piece<'_>>, (usize, String)> {
    let mut pieces = Vec::new();
    let mut rest = template;
    let mut offset = 0;
    while let Some(at) = rest.find(['{', '}']) {
        let (words, slot) = rest.split_at(at);
        offset += words.chars().count();
        if !words.is_empty() {
            pieces.push(Piece::Words(words));
        }
        let Some(slot) = slot.strip_prefix('{') else {
            return Err((offset, "this `}` closes nothing".into()));
        };
        let Some((slot, after)) = slot.split_once('}') else {
            return Err((offset, "this `{` is never closed".into()));
        };
        let (name, default) = match slot.split_once('|') {
            Some((name, default)) => (name.trim(), Some(default)),
            None => (slot.trim(), None),
        };
        if !crate::document::is_name(name) {
            return Err((
                offset,
                format!("`{{{}}}` is not a slot", crate::document::shorten(slot)),
            ));
        }
        pieces.push(Piece::Slot {
            name,
            default,
            offset,
        });
        offset += slot.chars().count() + 2;
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Words(rest));
    }
    Ok(pieces)
}

/// The reply of a manifest-only skill: `template` with the slots filled in, as text (numbers as
/// digits; [`crate::speech`] makes it speakable). Devices and areas are called by their names in
/// `home`. An empty slot says its default, or nothing. A template that [`pieces`] refuses is said
/// as it is.
pub fn render(template: &str, slots: &[(String, SlotValue)], home: &Home) -> String {
    let Ok(pieces) = pieces(template) else {
        return template.to_owned();
    };
    let mut reply = String::with_capacity(template.len() + 16);
    for piece in pieces {
        match piece {
            Piece::Words(words) => reply.push_str(words),
            Piece::Slot { name, default, .. } => {
                match slots.iter().find(|(slot, _)| slot == name) {
                    Some((_, value)) => reply.push_str(&spoken(value, home)),
                    None => reply.push_str(default.unwrap_or_default()),
                }
            }
        }
    }
    // An empty slot leaves its neighbours' spaces behind.
    reply.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A slot's value as a person would write it.
pub fn spoken(value: &SlotValue, home: &Home) -> String {
    match value {
        SlotValue::Text(text) | SlotValue::Colour(text) => text.clone(),
        SlotValue::Item(Value::String(text)) => text.clone(),
        SlotValue::Item(other) => other.to_string(),
        SlotValue::Number(number) => number.to_string(),
        SlotValue::Percentage(percent) => format!("{percent} percent"),
        SlotValue::Duration(seconds) => duration(*seconds),
        SlotValue::Time(time) | SlotValue::Clock(time) => time_of_day(*time),
        SlotValue::Date(date) => day(*date),
        SlotValue::Device(id) => home
            .device(id)
            .map_or_else(|| id.clone(), |device| device.name.clone()),
        SlotValue::Area(id) => home
            .area(id)
            .map_or_else(|| id.clone(), |area| area.name.clone()),
    }
}

fn duration(seconds: i64) -> String {
    let parts: Vec<String> = [
        (seconds / 3600, "hour"),
        (seconds / 60 % 60, "minute"),
        (seconds % 60, "second"),
    ]
    .into_iter()
    .filter(|(count, _)| *count != 0)
    .map(|(count, unit)| format!("{count} {unit}{}", if count == 1 { "" } else { "s" }))
    .collect();
    match parts.as_slice() {
        [] => "0 seconds".into(),
        [most @ .., last] if !most.is_empty() => format!("{} and {last}", most.join(", ")),
        _ => parts.concat(),
    }
}

fn time_of_day(time: TimeOfDay) -> String {
    if !time.meridiem_known {
        return format!("{}:{:02}", time.hour, time.minute);
    }
    let half = if time.hour < 12 { "am" } else { "pm" };
    let hour = match time.hour % 12 {
        0 => 12,
        hour => hour,
    };
    format!("{hour}:{:02} {half}", time.minute)
}

fn day(date: DateSpec) -> String {
    let named = |month: u8, day: u8, format: &str| {
        // That year began on a Monday.
        Date::new(2001, month as i8, day as i8)
            .map_or_else(|_| "?".to_owned(), |date| date.strftime(format).to_string())
    };
    match date {
        DateSpec::Relative(0) => "today".into(),
        DateSpec::Relative(1) => "tomorrow".into(),
        DateSpec::Relative(-1) => "yesterday".into(),
        DateSpec::Relative(days) if days < 0 => format!("{} days ago", days.unsigned_abs()),
        DateSpec::Relative(days) => format!("in {days} days"),
        DateSpec::Weekday(weekday) => named(1, weekday, "%A"),
        DateSpec::Calendar { month, day, year } => {
            let month = named(month, 1, "%B");
            year.map_or(format!("{month} {day}"), |year| {
                format!("{month} {day} {year}")
            })
        }
    }
}
