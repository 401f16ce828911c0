//! When alarms and reminders are due: times of the household's clock as moments, and what becomes of
//! an alarm as time passes.

use crate::store::{AlarmPhase, AlarmRecord};
use jiff::{
    Span, Timestamp, ToSpan,
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone},
};
use loqa_skill_sdk::AlarmEvery;

/// One that was due while the hub was off rings late, but not as late as this, ms.
const TOO_LATE_MS: i64 = 3_600_000;
/// So long somebody may find out that they have missed something, ms.
const TOLD_MS: i64 = 24 * 3_600_000;

/// The moment at which the household's clock shows `at`. A time that is left out as clocks are put
/// forward is the moment when they are; of a time that comes twice, the first counts. Nothing
/// beyond the calendar.
pub fn moment(at: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(at);
    let AmbiguousOffset::Gap { before, .. } = ambiguous.offset() else {
        return ambiguous.compatible().ok();
    };
    // By the clock that was not put forward it lies after the change, or is its moment.
    let after = before.to_timestamp(at).ok()?.checked_add(1.second()).ok()?;
    let change = zone.preceding(after).next()?;
    Some(change.timestamp())
}

/// The last time of `every` until `now`, and the first after it.
fn around(
    every: AlarmEvery,
    now: Timestamp,
    zone: &TimeZone,
) -> (Option<Timestamp>, Option<Timestamp>) {
    let today = now.to_zoned(zone.clone()).date();
    let (mut last, mut next) = (None, None);
    for days in -8..=8_i64 {
        let Ok(date) = today.checked_add(Span::new().days(days)) else {
            continue;
        };
        let weekday = date.weekday().to_monday_one_offset().unsigned_abs();
        let time =
            i8::try_from(every.hour).and_then(|hour| Ok((hour, i8::try_from(every.minute)?)));
        let Ok((hour, minute)) = time else { continue };
        let at = jiff::civil::Time::new(hour, minute, 0, 0).map(|time| date.to_datetime(time));
        let found = at.ok().filter(|_| every.falls_on(weekday));
        match found.and_then(|at| moment(at, zone)) {
            Some(found) if found <= now => last = Some(found),
            Some(found) => next = next.or(Some(found)),
            None => {}
        }
    }
    (last, next)
}

/// The first time of `every` after `now`; nothing if there is no such time.
pub fn next(every: AlarmEvery, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    around(every, now, zone).1
}

/// What becomes of an alarm, now that it is `now`: itself, if nothing does; nothing, if it is no more.
/// One that `is_over` has rung, or been said, long enough; one that `sounds` rings already.
pub fn turned(
    alarm: &AlarmRecord,
    now: Timestamp,
    zone: &TimeZone,
    sounds: bool,
    is_over: bool,
) -> Option<AlarmRecord> {
    let now_ms = now.as_millisecond();
    let due = |since_ms: i64| match now_ms - since_ms {
        late if late < TOO_LATE_MS => AlarmPhase::Ringing { since_ms },
        _ => AlarmPhase::Missed { since_ms },
    };
    let mut turned = alarm.clone();
    match alarm.every {
        // However often it was due meanwhile, it is due once.
        Some(every) if alarm.due_ms <= now_ms => {
            let (last, next) = around(every, now, zone);
            let last_ms = last.map_or(alarm.due_ms, Timestamp::as_millisecond);
            turned.due_ms = next?.as_millisecond();
            turned.phase = due(last_ms.max(alarm.due_ms));
            return Some(turned);
        }
        _ => {}
    }
    turned.phase = match alarm.phase {
        AlarmPhase::Waiting if alarm.due_ms <= now_ms => due(alarm.due_ms),
        AlarmPhase::Snoozed { until_ms } if until_ms <= now_ms => due(until_ms),
        AlarmPhase::Ringing { since_ms } if is_over => AlarmPhase::Missed { since_ms },
        // It rang when the hub was stopped.
        AlarmPhase::Ringing { since_ms } if !sounds => due(since_ms),
        AlarmPhase::Missed { since_ms } if now_ms - since_ms >= TOLD_MS => {
            alarm.every?;
            AlarmPhase::Waiting
        }
        phase => phase,
    };
    Some(turned)
}

/// When [`turned`] makes something else of an alarm, if nobody does anything, Unix ms.
pub fn turns_at_ms(alarm: &AlarmRecord) -> Option<i64> {
    let recurs_ms = alarm.every.map(|_| alarm.due_ms);
    let turns_ms = match alarm.phase {
        AlarmPhase::Waiting => Some(alarm.due_ms),
        AlarmPhase::Snoozed { until_ms } => Some(until_ms),
        AlarmPhase::Ringing { .. } => None,
        AlarmPhase::Missed { since_ms } => Some(since_ms + TOLD_MS),
    };
    turns_ms.into_iter().chain(recurs_ms).min()
}

/// The alarm once the clock has been set back: what recurs is due at the next such time by the new
/// clock, not in the days that were taken back.
pub fn aimed(alarm: &AlarmRecord, now: Timestamp, zone: &TimeZone) -> AlarmRecord {
    let due = alarm.every.and_then(|every| next(every, now, zone));
    AlarmRecord {
        due_ms: due.map_or(alarm.due_ms, Timestamp::as_millisecond),
        ..alarm.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin() -> TimeZone {
        TimeZone::get("Europe/Berlin").unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn every(days: u8, hour: u8, minute: u8) -> AlarmEvery {
        AlarmEvery { days, hour, minute }
    }

    /// The times of an alarm from `start` on, as the clock in Berlin shows them.
    fn times(every: AlarmEvery, start: &str, count: usize) -> Vec<String> {
        let times = std::iter::successors(Some(at(start)), |last| next(every, *last, &berlin()));
        let shown = |time: Timestamp| time.to_zoned(berlin()).strftime("%a %F %R %z").to_string();
        times.skip(1).take(count).map(shown).collect()
    }

    #[test]
    fn a_time_that_is_left_out_is_when_clocks_are_put_forward() {
        assert_eq!(
            times(every(127, 2, 30), "2026-03-27T12:00Z", 3),
            [
                "Sat 2026-03-28 02:30 +0100",
                "Sun 2026-03-29 03:00 +0200",
                "Mon 2026-03-30 02:30 +0200"
            ]
        );
        assert_eq!(
            times(every(64, 2, 0), "2026-03-27T12:00Z", 1),
            ["Sun 2026-03-29 03:00 +0200"]
        );
    }

    #[test]
    fn a_time_that_comes_twice_counts_once() {
        assert_eq!(
            times(every(127, 2, 30), "2026-10-24T12:00Z", 2),
            ["Sun 2026-10-25 02:30 +0200", "Mon 2026-10-26 02:30 +0100"]
        );
        assert_eq!(
            times(every(31, 7, 0), "2026-10-23T12:00Z", 2),
            ["Mon 2026-10-26 07:00 +0100", "Tue 2026-10-27 07:00 +0100"]
        );
    }

    #[test]
    fn what_was_due_often_while_the_hub_was_off_is_due_once() {
        let alarm = AlarmRecord {
            id: 1,
            text: None,
            does: None,
            every: Some(every(31, 7, 0)),
            due_ms: at("2026-11-02T06:00Z").as_millisecond(),
            phase: AlarmPhase::Waiting,
        };
        let shown = |now: &str| {
            let turned = turned(&alarm, at(now), &berlin(), false, false).unwrap();
            let next = Timestamp::from_millisecond(turned.due_ms).unwrap();
            let (AlarmPhase::Ringing { since_ms } | AlarmPhase::Missed { since_ms }) = turned.phase
            else {
                return format!("{:?}", turned.phase);
            };
            let since = Timestamp::from_millisecond(since_ms).unwrap();
            let rings = matches!(turned.phase, AlarmPhase::Ringing { .. });
            format!("rings {rings} since {since}, next {next}")
        };
        assert_eq!(shown("2026-11-02T05:59Z"), "Waiting");
        assert_eq!(
            shown("2026-11-20T06:59Z"),
            "rings true since 2026-11-20T06:00:00Z, next 2026-11-23T06:00:00Z"
        );
        assert_eq!(
            shown("2026-11-21T12:00Z"),
            "rings false since 2026-11-20T06:00:00Z, next 2026-11-23T06:00:00Z"
        );
        let never = AlarmRecord {
            every: Some(every(0, 99, 99)),
            ..alarm
        };
        assert_eq!(
            turned(&never, at("2026-11-21T12:00Z"), &berlin(), false, false),
            None
        );
    }
}
