//! What an operation makes of the household's alarms, each with its way back.

use super::milliseconds;
use crate::{
    alarm::due,
    skills::view::alarm_at,
    store::{AlarmPhase, AlarmRecord, Household},
};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use loqa_skill_sdk::{
    Alarm, AlarmEvery, AlarmOp, AlarmSet, AlarmState, AlarmTime, Civil, EffectError,
};

/// Alarms and reminders that a household may have.
const MOST: usize = 100;
/// Letters of what a reminder says.
const LONGEST: usize = 200;
/// An alarm waits, or is snoozed, for no longer, s.
const LONGEST_S: u64 = 400 * 86_400;

/// Does it. Returns the alarm as it is now (as it was, if it is gone), and what puts it back. The text
/// of one of Loqa's own (`is_own`) is a sentence that is done then; no skill has to do with those.
pub fn carry_out(
    op: AlarmOp,
    household: &mut Household,
    now: Timestamp,
    zone: &TimeZone,
    is_own: bool,
) -> Result<(Alarm, Option<AlarmOp>), EffectError> {
    let (id, now_ms) = (target(&op), now.as_millisecond());
    let of_owner = |record: AlarmRecord| match is_own {
        true => AlarmRecord {
            does: record.text,
            text: None,
            ..record
        },
        false => record,
    };
    let seen = |record: &AlarmRecord| alarm_at(record, now, zone).ok_or_else(gone);
    let known = household.alarms.get(&id);
    if known.is_some_and(|known| known.does.is_some() && !is_own) {
        return Err(gone());
    }
    let before = match &op {
        AlarmOp::Set(set) => {
            let record = of_owner(set_up(set, household, now, zone)?);
            let alarm = seen(&record)?;
            let cancel = AlarmOp::Cancel(record.id);
            household.alarms.insert(record.id, record);
            return Ok((alarm, Some(cancel)));
        }
        AlarmOp::Restore(alarm) => {
            let record = of_owner(restored(alarm, household, now, zone)?);
            let back = match household.alarms.get(&alarm.id) {
                Some(known) => AlarmOp::Restore(seen(known)?),
                None => AlarmOp::Cancel(alarm.id),
            };
            let alarm = seen(&record)?;
            household.alarms.insert(record.id, record);
            return Ok((alarm, Some(back)));
        }
        AlarmOp::Stop(_) | AlarmOp::Snooze(_) | AlarmOp::Skip(_) | AlarmOp::Cancel(_) => {
            let record = household.alarms.get(&id).ok_or_else(gone)?;
            // As time has made it, even in the moment before anybody notices.
            due::turned(record, now, zone, true, false).ok_or_else(gone)?
        }
    };
    let as_it_was = seen(&before)?;
    let quiet = !matches!(
        before.phase,
        AlarmPhase::Ringing { .. } | AlarmPhase::Missed { .. }
    );
    let changed = || EffectError("That alarm has just changed.".into());
    let after = match op {
        AlarmOp::Stop(_) if quiet => return Err(changed()),
        AlarmOp::Snooze(_) if quiet => return Err(changed()),
        AlarmOp::Snooze((_, seconds)) => {
            if !(1..=LONGEST_S).contains(&seconds) {
                return Err(EffectError("An alarm cannot be snoozed that long.".into()));
            }
            Some(AlarmRecord {
                phase: AlarmPhase::Snoozed {
                    until_ms: now_ms.saturating_add(milliseconds(seconds)),
                },
                ..before
            })
        }
        AlarmOp::Skip(_) => {
            let every = before.every;
            let every = every.ok_or_else(|| EffectError("That alarm rings only once.".into()))?;
            let due = Timestamp::from_millisecond(before.due_ms).ok();
            let next = due
                .and_then(|due| due::next(every, due, zone))
                .ok_or_else(gone)?;
            Some(AlarmRecord {
                due_ms: next.as_millisecond(),
                ..before
            })
        }
        AlarmOp::Stop(_) => before.every.map(|_| AlarmRecord {
            phase: AlarmPhase::Waiting,
            ..before
        }),
        _ => None,
    };
    let back = quiet.then(|| AlarmOp::Restore(as_it_was.clone()));
    match after {
        Some(record) => {
            let alarm = seen(&record)?;
            household.alarms.insert(id, record);
            Ok((alarm, back))
        }
        None => {
            household.alarms.remove(&id);
            Ok((as_it_was, back))
        }
    }
}

fn target(op: &AlarmOp) -> u64 {
    match op {
        AlarmOp::Set(_) => 0,
        AlarmOp::Restore(alarm) => alarm.id,
        AlarmOp::Stop(id) | AlarmOp::Skip(id) | AlarmOp::Cancel(id) => *id,
        AlarmOp::Snooze((id, _)) => *id,
    }
}

fn set_up(
    set: &AlarmSet,
    household: &mut Household,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<AlarmRecord, EffectError> {
    if household.alarms.len() >= MOST {
        let many = format!("There are {MOST} alarms and reminders already.");
        return Err(EffectError(many));
    }
    let long = set.text.as_ref().map_or(0, |text| text.chars().count());
    if long > LONGEST {
        return Err(EffectError("That is too long for a reminder.".into()));
    }
    let refused = |why: &str| EffectError(why.into());
    let (every, due) = match set.when {
        AlarmTime::At(at) => (None, moment(at, zone)),
        AlarmTime::After(seconds @ 1..=LONGEST_S) => {
            let due_ms = now.as_millisecond() + milliseconds(seconds);
            (None, Timestamp::from_millisecond(due_ms).ok())
        }
        AlarmTime::After(_) => (None, None),
        AlarmTime::Every(every) => (Some(every), due::next(every, now, zone)),
    };
    let due = due.ok_or_else(|| refused("An alarm cannot be set for that time."))?;
    if due <= now {
        return Err(refused("That time has passed."));
    }
    Ok(AlarmRecord {
        id: household.take_timer_id(),
        text: set.text.clone(),
        does: None,
        every,
        due_ms: due.as_millisecond(),
        phase: AlarmPhase::Waiting,
    })
}

/// The alarm as it was when it was read.
fn restored(
    alarm: &Alarm,
    household: &Household,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<AlarmRecord, EffectError> {
    let known = alarm.id < household.next_timer_id && !household.timers.contains_key(&alarm.id);
    if !known {
        return Err(gone());
    }
    let next = |every: AlarmEvery| due::next(every, now, zone).ok_or_else(gone);
    let (every, at_ms) = (alarm.every, alarm.at_ms);
    let phase = match alarm.state {
        AlarmState::Waiting => AlarmPhase::Waiting,
        AlarmState::Snoozed => AlarmPhase::Snoozed { until_ms: at_ms },
        AlarmState::Ringing => AlarmPhase::Ringing { since_ms: at_ms },
        AlarmState::Missed => AlarmPhase::Missed { since_ms: at_ms },
    };
    let due_ms = match every {
        Some(every) if phase != AlarmPhase::Waiting => next(every)?.as_millisecond(),
        _ => at_ms,
    };
    Ok(AlarmRecord {
        id: alarm.id,
        text: alarm.text.clone(),
        does: None,
        every,
        due_ms,
        phase,
    })
}

/// What a clock in the house shows, as a moment.
fn moment(at: Civil, zone: &TimeZone) -> Option<Timestamp> {
    let part = |part: u8| i8::try_from(part).ok();
    let (month, day) = (part(at.month)?, part(at.day)?);
    let (hour, minute, second) = (part(at.hour)?, part(at.minute)?, part(at.second)?);
    let at = DateTime::new(at.year, month, day, hour, minute, second, 0).ok()?;
    due::moment(at, zone)
}

fn gone() -> EffectError {
    EffectError("That alarm is gone.".into())
}
