//! What is said about alarms and reminders.

use crate::choice::{self, Kind};
use alloc::{borrow::ToOwned, format, string::String, vec::Vec};
use loqa_skill_sdk::{
    Alarm, AlarmOp, AlarmState, AlarmTime, Civil,
    when::{self, day},
    wording,
};

/// `alarm`, `reminder`.
pub fn noun(kind: Kind) -> &'static str {
    match kind {
        Kind::Alarm => "alarm",
        Kind::Reminder => "reminder",
        Kind::Either => "alarm or reminder",
    }
}

/// There is nothing to tell.
pub fn none(kind: Kind) -> String {
    match kind {
        Kind::Either => "You have no alarms and no reminders.".to_owned(),
        kind => format!("You have no {}s.", noun(kind)),
    }
}

/// `7:00 am alarm`, `take out the bins reminder`.
fn called(alarm: &Alarm) -> String {
    match (&alarm.text, alarm.every) {
        (Some(text), _) => format!("{text} reminder"),
        (None, Some(every)) => {
            let at = alarm.at.at(every.hour, every.minute);
            format!("{} alarm", wording::time(at))
        }
        (None, None) => format!("{} alarm", wording::time(alarm.at)),
    }
}

fn described(alarm: &Alarm, now: Civil) -> String {
    let when = match alarm.state {
        AlarmState::Waiting => when::told(alarm, now),
        AlarmState::Snoozed => format!("snoozed until {}", wording::time(alarm.at)),
        AlarmState::Ringing => "ringing now".to_owned(),
        AlarmState::Missed => format!(
            "missed at {} {}",
            wording::time(alarm.at),
            day(alarm.at, now)
        ),
    };
    match (&alarm.text, alarm.state) {
        (Some(text), _) => format!("{text}, {when}"),
        (None, AlarmState::Waiting) => when,
        (None, _) => format!("the {}, {when}", called(alarm)),
    }
}

/// All there are.
pub fn all(alarms: &[Alarm], kind: Kind, now: Civil) -> String {
    let mut these: Vec<&Alarm> = alarms.iter().filter(|alarm| kind.is(alarm)).collect();
    these.sort_by_key(|alarm| choice::order(alarm));
    let told: Vec<String> = these.iter().map(|alarm| described(alarm, now)).collect();
    let counted = |kind: Kind| {
        let count = alarms.iter().filter(|alarm| kind.is(alarm)).count();
        (count > 0).then(|| wording::count(count as u64, noun(kind)))
    };
    let kinds = match kind {
        Kind::Either => [counted(Kind::Alarm), counted(Kind::Reminder)],
        kind => [counted(kind), None],
    };
    let kinds: Vec<String> = kinds.into_iter().flatten().collect();
    match told.is_empty() {
        true => none(kind),
        // Each has commas of its own.
        false => format!("You have {}: {}.", wording::join(&kinds), told.join("; ")),
    }
}

/// The one that rings first.
pub fn next(alarms: &[Alarm], kind: Kind, now: Civil) -> String {
    let to_come = |alarm: &&Alarm| {
        kind.is(alarm) && matches!(alarm.state, AlarmState::Waiting | AlarmState::Snoozed)
    };
    let next = alarms
        .iter()
        .filter(to_come)
        .min_by_key(|alarm| choice::order(alarm));
    let Some(next) = next else {
        return none(kind);
    };
    let at = format!("{} {}", wording::time(next.at), day(next.at, now));
    match &next.text {
        Some(text) => format!("Your next reminder is at {at}: {text}."),
        None => format!("Your next alarm is at {at}."),
    }
}

/// Asks which of several is meant.
pub fn which(alarms: &[Alarm], now: Civil) -> String {
    let described: Vec<String> = alarms.iter().map(|alarm| described(alarm, now)).collect();
    match described.split_last() {
        Some((last, rest)) => format!("Which one: {}; or {last}?", rest.join("; ")),
        None => "Which one?".to_owned(),
    }
}

/// What was done, from the results.
pub fn done(done: &[(AlarmOp, Alarm)], now: Civil) -> String {
    let [(op, first), .., (_, last)] = done else {
        return done
            .first()
            .map_or_else(String::new, |(op, alarm)| one(op, alarm, now));
    };
    let noun = match (&first.text, &last.text) {
        (None, None) => "alarms",
        (Some(_), Some(_)) => "reminders",
        _ => "alarms and reminders",
    };
    let which = match done.len() {
        2 if noun != "alarms and reminders" => format!("Both {noun}"),
        2 => "Both".to_owned(),
        count => format!("All {count} {noun}"),
    };
    match op {
        AlarmOp::Cancel(_) => format!("{which} are cancelled."),
        AlarmOp::Stop(_) => format!("{which} are off."),
        AlarmOp::Restore(_) => format!("{which} are back."),
        AlarmOp::Snooze(_) => one(op, first, now),
        AlarmOp::Set(_) | AlarmOp::Skip(_) => {
            let each: Vec<String> = done.iter().map(|(op, alarm)| one(op, alarm, now)).collect();
            each.join(" ")
        }
    }
}

fn one(op: &AlarmOp, alarm: &Alarm, now: Civil) -> String {
    let your = format!("Your {}", called(alarm));
    match op {
        AlarmOp::Set(set) => {
            let when = match set.when {
                AlarmTime::After(seconds) => format!("{} from now", wording::duration(seconds)),
                AlarmTime::At(_) | AlarmTime::Every(_) => when::told(alarm, now),
            };
            match &alarm.text {
                Some(text) => format!("Reminder set for {when}: {text}."),
                None => format!("Alarm set for {when}."),
            }
        }
        AlarmOp::Stop(_) => format!("{your} is off."),
        AlarmOp::Snooze((_, seconds)) => format!("Snoozed for {}.", wording::duration(*seconds)),
        AlarmOp::Skip(_) => format!("{your} rings next {}.", day(alarm.at, now)),
        AlarmOp::Cancel(_) => format!("{your} is cancelled."),
        AlarmOp::Restore(_) => format!("{your} is back."),
    }
}
