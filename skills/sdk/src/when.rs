//! When somebody wants something to happen: what was said about it, and how it is told. The slots are
//! those of the sentences of alarms.

use crate::{Alarm, AlarmEvery, AlarmState, AlarmTime, Civil, Request, Value, wording};
use alloc::{borrow::ToOwned, format, string::String, vec::Vec};

/// Every day of the week.
pub const DAILY: u8 = 127;
/// Monday to Friday.
pub const WEEKDAYS: u8 = 31;
/// Saturday and Sunday.
pub const WEEKENDS: u8 = 96;

/// A year, s: nothing is set for later.
const LONGEST_S: u64 = 366 * 86_400;

/// What was said about it.
pub enum When {
    /// This.
    Time(AlarmTime),
    /// A day, but no time.
    NoTime,
    /// Nothing.
    Nothing,
    /// Something before now.
    Past,
    /// Something that is too long to wait for.
    TooFar,
}

/// Part of a day.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    Morning,
    /// Afternoon or evening.
    Evening,
    Night,
}

/// Reads the slots. Where either half of the day could be meant and the day is not today, an alarm
/// `wakes` before noon, and a reminder is for when people are awake.
pub fn of(request: &Request, now: Civil, wakes: bool) -> When {
    if let Some(seconds) = request.slot("duration").and_then(Value::as_u64) {
        return match seconds {
            0 => When::Past,
            1..=LONGEST_S => When::Time(AlarmTime::After(seconds)),
            _ => When::TooFar,
        };
    }
    let days = days(request);
    let date = date(request, "date");
    let half = half(request);
    let Some(times) = times(request) else {
        return match (days, date, half) {
            (0, None, None) => When::Nothing,
            _ => When::NoTime,
        };
    };
    let to_come = |time: &(u8, u8)| *time > (now.hour, now.minute);
    let fitting = times.into_iter().flatten().filter(|(hour, _)| {
        let other = times[1].is_some();
        half.is_none_or(|half| !other || half.has(*hour))
    });
    let usual = || fitting.clone().find(|(hour, _)| is_usual(*hour, wakes));
    let usual = || usual().or_else(|| fitting.clone().next());
    if days != 0 {
        return usual().map_or(When::NoTime, |(hour, minute)| {
            When::Time(AlarmTime::Every(AlarmEvery { days, hour, minute }))
        });
    }
    let today = now.day_number();
    let found = match date {
        Some(date) if date.day_number() < today => None,
        Some(date) if date.day_number() > today => usual().map(|time| (date, time)),
        Some(_) => fitting.clone().find(to_come).map(|time| (now, time)),
        None => match fitting.clone().find(to_come) {
            Some(time) => Some((now, time)),
            None => fitting.clone().next().map(|time| (now.next_day(), time)),
        },
    };
    found.map_or(When::Past, |(day, (hour, minute))| {
        When::Time(AlarmTime::At(day.at(hour, minute)))
    })
}

/// The days of the week that were named, a bit each.
pub fn days(request: &Request) -> u8 {
    let named = |slot: &str| request.slot(slot).and_then(Value::as_str).map_or(0, bits);
    let daily = request.slot("each_half").map_or(0, |_| DAILY);
    named("days") | named("also") | named("third") | daily
}

fn bits(name: &str) -> u8 {
    match name {
        "daily" => DAILY,
        "weekdays" => WEEKDAYS,
        "weekends" => WEEKENDS,
        day => weekday(day).map_or(0, |weekday| 1 << (weekday - 1)),
    }
}

/// 1 for `monday` … 7 for `sunday`.
pub fn weekday(name: &str) -> Option<u8> {
    (1..=7).find(|day| wording::weekday(*day).eq_ignore_ascii_case(name))
}

/// `today`, `tomorrow`, `on Monday`, `on November 30th`.
pub fn day(day: Civil, now: Civil) -> String {
    match day.day_number() - now.day_number() {
        0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        2..=6 => format!("on {}", wording::weekday(day.weekday)),
        _ => format!("on {}", wording::date(day.month, day.day)),
    }
}

/// `every weekday`, `every Tuesday and Thursday`.
fn recurring(every: AlarmEvery) -> String {
    match every.days {
        DAILY => "every day".to_owned(),
        WEEKDAYS => "every weekday".to_owned(),
        WEEKENDS => "on weekends".to_owned(),
        _ => {
            let named = (1..=7).filter(|day| every.falls_on(*day));
            let names: Vec<&str> = named.map(wording::weekday).collect();
            format!("every {}", wording::join(&names))
        }
    }
}

/// `7:00 am tomorrow`, `8:00 pm every Tuesday and Thursday`.
pub fn told(alarm: &Alarm, now: Civil) -> String {
    let Some(every) = alarm.every else {
        return format!("{} {}", wording::time(alarm.at), day(alarm.at, now));
    };
    let time = wording::time(now.at(every.hour, every.minute));
    let next = match alarm.state {
        AlarmState::Waiting if alarm.at.day_number() != every.next(now).day_number() => {
            format!(", next {}", day(alarm.at, now))
        }
        _ => String::new(),
    };
    format!("{time} {}{next}", recurring(every))
}

/// The day in a slot.
pub fn date(request: &Request, slot: &str) -> Option<Civil> {
    Civil::parse_date(request.slot(slot)?.as_str()?)
}

/// The hour and minute that were said, and the same of the other half of the day if that may be
/// meant as well; the earlier first.
pub fn times(request: &Request) -> Option<[Option<(u8, u8)>; 2]> {
    let clock = request.slot("clock")?.as_str()?;
    let time = |text: &str| {
        let (hour, minute) = text.split_once(':')?;
        let time = (hour.parse().ok()?, minute.parse().ok()?);
        (time < (24, 0) && time.1 < 60).then_some(time)
    };
    match clock.split_once('/') {
        Some((one, other)) => Some([Some(time(one)?), Some(time(other)?)]),
        None => Some([Some(time(clock)?), None]),
    }
}

fn half(request: &Request) -> Option<Half> {
    let half = request.slot("half").or_else(|| request.slot("each_half"))?;
    Some(match half.as_str()? {
        "morning" => Half::Morning,
        "night" => Half::Night,
        _ => Half::Evening,
    })
}

impl Half {
    fn has(self, hour: u8) -> bool {
        match self {
            Half::Morning => hour < 12,
            Half::Evening => hour >= 12,
            // "Twelve at night", "two at night": not at noon, and not in the afternoon.
            Half::Night => !(5..17).contains(&hour),
        }
    }
}

/// Whether that hour is meant by whoever does not say which half of the day.
fn is_usual(hour: u8, wakes: bool) -> bool {
    match wakes {
        true => (1..=12).contains(&hour),
        false => (7..19).contains(&hour),
    }
}
