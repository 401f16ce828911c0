//! The clock: the time and the date, here and in other cities, and the days until one.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod calendar;
mod cities;

use alloc::{
    borrow::ToOwned,
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};
use calendar::Day;
use loqa_skill_sdk::{
    Card, CardLine, Civil, EffectError, Effects, Plan, Prepared, Reads, Request, Skill, Value,
    wording,
};

/// The skill's `skill.yaml`.
pub const MANIFEST: &str = include_str!("../skill.yaml");

/// The clock skill.
pub struct Clock;

impl Skill for Clock {
    fn prepare(&self, request: &Request, reads: &dyn Reads) -> Prepared {
        let Some(reply) = answer(request, reads) else {
            return Prepared::Say("I can't tell: the clock of this machine is not set.".to_owned());
        };
        match countdown(request, reads) {
            None => Prepared::Say(reply),
            card => Prepared::Plan(Plan {
                reply,
                card,
                ..Plan::default()
            }),
        }
    }

    fn commit(&self, plan: &Plan, _effects: &mut dyn Effects) -> Result<String, EffectError> {
        Ok(plan.reply.clone())
    }
}

fn answer(request: &Request, reads: &dyn Reads) -> Option<String> {
    let slot = |name: &str| request.slot(name).and_then(Value::as_str);
    let now = reads.now(None)?;
    let today = date(now);
    Some(match request.intent.as_str() {
        "time_in" => {
            let city = slot("city").unwrap_or_default();
            let there = cities::zone(city).and_then(|zone| reads.now(Some(zone)));
            let Some(there) = there else {
                return Some(format!("I don't know what time it is in {city}."));
            };
            let when = match date(there).number() - today.number() {
                1 => " tomorrow",
                -1 => " yesterday",
                _ => "",
            };
            format!("It's {}{when} in {city}.", wording::time(there))
        }
        "date" => format!("It's {}.", full(today, today)),
        "day_of" => match slot("date").and_then(Day::parse) {
            Some(day) if day == today => format!("Today is {}.", full(day, today)),
            Some(day) => format!(
                "{} is a {}.",
                wording::sentence(&named(day, today)),
                wording::weekday(day.weekday())
            ),
            None => "I didn't get the date.".to_owned(),
        },
        "date_of" => match slot("date").and_then(Day::parse) {
            Some(day) => format!("That's {}.", full(day, today)),
            None => "I didn't get the date.".to_owned(),
        },
        "days_until" => match awaited(request, today) {
            Some((name, day)) => until(&name, day, today),
            None => "I didn't get the date.".to_owned(),
        },
        "holiday_until" => match awaited(request, today) {
            Some((name, day)) => until(&name, day, today),
            None => "I don't know when that is.".to_owned(),
        },
        "holiday_when" => {
            match slot("holiday").and_then(|name| Some((name, calendar::holiday(name, today)?))) {
                Some((name, day)) if day == today => format!("{name} is today."),
                Some((name, day)) => format!("{name} is on {}.", full(day, today)),
                None => "I don't know when that is.".to_owned(),
            }
        }
        _ => format!("It's {}.", wording::time(now)),
    })
}

fn date(now: Civil) -> Day {
    Day {
        year: now.year,
        month: now.month,
        day: now.day,
    }
}

/// The day that somebody asks how long it is until, and its name.
fn awaited(request: &Request, today: Day) -> Option<(String, Day)> {
    let slot = |name: &str| request.slot(name).and_then(Value::as_str);
    match request.intent.as_str() {
        "days_until" => {
            let day = Day::parse(slot("date")?)?;
            Some((named(day, today), day))
        }
        "holiday_until" => {
            let name = slot("holiday")?;
            Some((name.to_owned(), calendar::holiday(name, today)?))
        }
        _ => None,
    }
}

/// The days until a day that is still to come, for whoever was not there to hear it.
fn countdown(request: &Request, reads: &dyn Reads) -> Option<Card> {
    let today = date(reads.now(None)?);
    let (name, day) = awaited(request, today)?;
    let days = day.number() - today.number();
    let line = |name: &str, text| CardLine {
        name: Some(name.to_owned()),
        text,
    };
    (days > 0).then(|| Card {
        title: wording::sentence(&name),
        id: name,
        lines: vec![
            line("Days", days.to_string()),
            line("Date", full(day, today)),
        ],
        say: Vec::new(),
        stays_s: 60 * 60,
    })
}

/// `Friday, November 20th`, with the year if it is another.
fn full(day: Day, today: Day) -> String {
    format!("{}, {}", wording::weekday(day.weekday()), named(day, today))
}

fn named(day: Day, today: Day) -> String {
    let date = wording::date(day.month, day.day);
    if day.year == today.year {
        date
    } else {
        format!("{date}, {}", day.year)
    }
}

fn until(name: &str, day: Day, today: Day) -> String {
    match day.number() - today.number() {
        0 => format!("{name} is today."),
        1 => format!("{name} is tomorrow."),
        -1 => format!("{name} was yesterday."),
        days if days < 0 => format!("{name} was {} days ago.", -days),
        days => format!("{days} days until {name}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loqa_skill_sdk::testing::House;
    use serde_json::json;

    #[test]
    fn a_conversation_about_time() {
        let mut house = House::default();
        house.zones.insert(
            "Asia/Tokyo".into(),
            Civil {
                day: 21,
                weekday: 6,
                hour: 4,
                ..house.now
            },
        );
        house.zones.insert(
            "Europe/London".into(),
            Civil {
                hour: 0,
                ..house.now
            },
        );
        let mut hears =
            |intent: &str, slots: serde_json::Value| house.hears(&Clock, intent, slots, None);
        assert_eq!(hears("time", json!({})), "It's 7:05 pm.");
        assert_eq!(
            hears("time_in", json!({"city": "Tokyo"})),
            "It's 4:05 am tomorrow in Tokyo."
        );
        assert_eq!(
            hears("time_in", json!({"city": "London"})),
            "It's 12:05 am in London."
        );
        assert_eq!(
            hears("time_in", json!({"city": "Paris"})),
            "I don't know what time it is in Paris."
        );
        assert_eq!(hears("date", json!({})), "It's Friday, November 20th.");
        assert_eq!(
            hears("day_of", json!({"date": "2026-12-25"})),
            "December 25th is a Friday."
        );
        assert_eq!(
            hears("date_of", json!({"date": "2027-01-04"})),
            "That's Monday, January 4th, 2027."
        );
        assert_eq!(
            hears("days_until", json!({"date": "2026-12-01"})),
            "11 days until December 1st."
        );
        assert_eq!(
            hears("holiday_until", json!({"holiday": "Christmas"})),
            "35 days until Christmas."
        );
        assert_eq!(
            hears("holiday_until", json!({"holiday": "Valentine's Day"})),
            "86 days until Valentine's Day."
        );
        assert_eq!(
            hears("holiday_when", json!({"holiday": "Halloween"})),
            "Halloween is on Sunday, October 31st, 2027."
        );
        assert_eq!(
            hears("days_until", json!({"date": "soon"})),
            "I didn't get the date."
        );
    }

    #[test]
    fn days_to_come_are_shown_and_others_are_not() {
        let house = House::default();
        let card = |date: &str| {
            let request = Request {
                intent: "days_until".into(),
                slots: vec![("date".into(), Value::Text(date.into()))],
                room: None,
            };
            match Clock.prepare(&request, &house) {
                Prepared::Plan(plan) => plan.card,
                _ => None,
            }
        };
        let shown = card("2026-12-01").unwrap();
        let lines: Vec<&str> = shown.lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(shown.title, "December 1st");
        assert_eq!(lines, ["11", "Tuesday, December 1st"]);
        assert_eq!(card("2026-11-20").or(card("2026-11-01")), None);
    }

    #[test]
    fn the_manifest_names_every_city_and_holiday() {
        for name in cities::CITIES
            .iter()
            .map(|(name, _)| *name)
            .chain(calendar::HOLIDAYS.iter().map(|(name, ..)| *name))
        {
            let entry = |line: &str| {
                line.trim().trim_start_matches("- ") == name
                    || line.contains(&format!("out: \"{name}\""))
            };
            assert!(MANIFEST.lines().any(entry), "{name}");
        }
    }
}

loqa_skill_sdk::component!(Clock);
