//! What is said of timers that ended, and of alarms and reminders that are due.

use crate::{
    skills::{Moment, civil},
    store::{AlarmPhase, AlarmRecord, TimerRecord},
};
use jiff::{Timestamp, Zoned, tz::TimeZone};
use loqa_skill_sdk::wording;

/// Something is said to be late if it was due at least so long ago, s.
const LATE_S: u64 = 60;

/// "Your pasta timer is done.", or when it ended, if nobody was told then.
pub fn timer(timer: &TimerRecord, late_s: u64, ended_at_ms: i64, zone: &TimeZone) -> String {
    let name = match &timer.name {
        Some(name) => format!("Your {name} timer"),
        None => format!("Your {} timer", wording::adjective(timer.total_s)),
    };
    if late_s < LATE_S {
        return format!("{name} is done.");
    }
    let ago = wording::duration(late_s / 60 * 60);
    match zoned(ended_at_ms, zone) {
        Some(ended) => format!("{name} ended {ago} ago, at {}.", time(&ended)),
        None => format!("{name} ended {ago} ago."),
    }
}

/// "This is your 7:00 am alarm.", "Reminder: take out the bins."
pub fn alarm(alarm: &AlarmRecord, late_s: u64, zone: &TimeZone) -> String {
    let time = set_for(alarm, zone);
    let late = late_s >= LATE_S;
    match &alarm.text {
        Some(text) if late => format!("Reminder from {time}: {text}."),
        Some(text) => format!("Reminder: {text}."),
        None if late => {
            let late = wording::duration(late_s / 60 * 60);
            format!("This is your {time} alarm, {late} late.")
        }
        None => format!("This is your {time} alarm."),
    }
}

/// That an alarm was due while nobody could ring it, or do what it says.
pub fn missed(alarm: &AlarmRecord, moment: &Moment, zone: &TimeZone) -> String {
    let now = moment.wall.to_zoned(zone.clone());
    let since = zoned(since_ms(alarm), zone).unwrap_or_else(|| now.clone());
    let day = match since.date() == now.date() {
        true => String::new(),
        false => format!(" on {}", wording::weekday(civil(&since).weekday)),
    };
    let time = time(&since);
    match (&alarm.does, &alarm.text) {
        (Some(does), _) => format!("I was off at {time}{day}, so I did not do this: {does}."),
        (None, Some(text)) => format!("I was off at {time}{day}. Reminder: {text}."),
        (None, None) => format!("I was off at {time}{day}, and you missed your alarm."),
    }
}

/// `HH:MM` on the household's clock; empty beyond the calendar.
pub fn clock(at_ms: i64, zone: &TimeZone) -> String {
    zoned(at_ms, zone).map_or_else(String::new, |at| at.strftime("%H:%M").to_string())
}

/// The time an alarm was set for, though it may have been snoozed.
fn set_for(alarm: &AlarmRecord, zone: &TimeZone) -> String {
    let at = |ms| zoned(ms, zone).map(|at| civil(&at));
    let at = match alarm.every {
        Some(every) => at(since_ms(alarm)).map(|since| since.at(every.hour, every.minute)),
        None => at(alarm.due_ms),
    };
    at.map_or_else(String::new, wording::time)
}

fn since_ms(alarm: &AlarmRecord) -> i64 {
    match alarm.phase {
        AlarmPhase::Ringing { since_ms } | AlarmPhase::Missed { since_ms } => since_ms,
        AlarmPhase::Waiting | AlarmPhase::Snoozed { .. } => alarm.due_ms,
    }
}

fn zoned(ms: i64, zone: &TimeZone) -> Option<Zoned> {
    let at = Timestamp::from_millisecond(ms).ok()?;
    Some(at.to_zoned(zone.clone()))
}

fn time(at: &Zoned) -> String {
    wording::time(civil(at))
}
