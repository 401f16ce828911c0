//! Conversations about alarms. It is Friday, 20 November 2026, 19:05:30.

use super::*;
use loqa_skill_sdk::testing::House;
use serde_json::{Value, json};

fn hears(house: &mut House, intent: &str, slots: Value) -> String {
    house.hears(&Alarms, intent, slots, None)
}

#[test]
fn a_time_is_the_next_that_is_meant() {
    let mut house = House::default();
    let mut wake = |slots: Value| hears(&mut house, "wake", slots);
    for (slots, answer) in [
        (json!({}), "[when] When?"),
        (
            json!({"clock": "07:00/19:00"}),
            "Alarm set for 7:00 am tomorrow.",
        ),
        (
            json!({"clock": "08:00/20:00"}),
            "Alarm set for 8:00 pm today.",
        ),
        (
            json!({"clock": "06:30/18:30", "date": "2026-11-21"}),
            "Alarm set for 6:30 am tomorrow.",
        ),
        (
            json!({"clock": "00:00/12:00", "date": "2026-11-23"}),
            "Alarm set for 12:00 pm on Monday.",
        ),
        (
            json!({"clock": "00:15/12:15", "half": "night"}),
            "Alarm set for 12:15 am tomorrow.",
        ),
        (
            json!({"clock": "10:00/22:00", "half": "night"}),
            "Alarm set for 10:00 pm today.",
        ),
        (json!({"date": "2026-12-24"}), "[when] At what time?"),
        (
            json!({"date": "2026-12-24", "clock": "17:00"}),
            "Alarm set for 5:00 pm on December 24th.",
        ),
        (
            json!({"clock": "09:00", "date": "2026-11-20"}),
            "That time has passed.",
        ),
        (
            json!({"clock": "09:00", "date": "2026-11-19"}),
            "That time has passed.",
        ),
        (
            json!({"clock": "07:00/19:00", "days": "weekdays"}),
            "Alarm set for 7:00 am every weekday.",
        ),
        (
            json!({"clock": "20:00", "days": "tuesday", "also": "thursday"}),
            "Alarm set for 8:00 pm every Tuesday and Thursday.",
        ),
        (
            json!({"clock": "06:30/18:30", "each_half": "evening"}),
            "Alarm set for 6:30 pm every day.",
        ),
        (
            json!({"duration": 1200}),
            "Alarm set for 20 minutes from now.",
        ),
        (
            json!({"duration": 1e12}),
            "That is too far away: I can wait for a year.",
        ),
        (json!({"clock": "25:00"}), "[when] When?"),
    ] {
        assert_eq!(wake(slots.clone()), answer, "{slots}");
    }
}

#[test]
fn a_reminder_says_what_and_when() {
    let mut house = House::default();
    let mut remind = |slots: Value| hears(&mut house, "remind", slots);
    assert_eq!(remind(json!({})), "[what] What shall I remind you of?");
    assert_eq!(remind(json!({"what": "call mom"})), "[when] When?");
    assert_eq!(
        remind(json!({"what": "take my pills", "clock": "03:00/15:00", "date": "2026-11-21"})),
        "Reminder set for 3:00 pm tomorrow: take your pills."
    );
    assert_eq!(
        remind(json!({"what": "take out the bins", "clock": "09:00/21:00", "days": "monday"})),
        "Reminder set for 9:00 am every Monday: take out the bins."
    );
    assert_eq!(
        hears(&mut house, "list", json!({"kind": "all"})),
        "You have 2 reminders: take your pills, 3:00 pm tomorrow; take out the bins, 9:00 am every Monday."
    );
    assert_eq!(
        hears(&mut house, "next", json!({"kind": "reminder"})),
        "Your next reminder is at 3:00 pm tomorrow: take your pills."
    );
    assert_eq!(
        hears(&mut house, "cancel", json!({"what": "bins"})),
        "Your take out the bins reminder is cancelled."
    );
    assert_eq!(
        hears(&mut house, "cancel", json!({"kind": "alarm"})),
        "You have no alarms."
    );
    assert_eq!(
        hears(&mut house, "cancel_all", json!({"kind": "reminder"})),
        "Your take your pills reminder is cancelled."
    );
}

#[test]
fn alarms_are_told_apart() {
    let mut house = House::default();
    let seven = json!({"clock": "07:00/19:00", "days": "weekdays"});
    hears(&mut house, "wake", seven);
    hears(
        &mut house,
        "wake",
        json!({"clock": "09:00/21:00", "date": "2026-11-21"}),
    );
    assert_eq!(
        hears(&mut house, "cancel", json!({"kind": "alarm"})),
        "[which] Which one: 9:00 am tomorrow; or 7:00 am every weekday?"
    );
    assert_eq!(
        hears(
            &mut house,
            "cancel",
            json!({"kind": "alarm", "clock": "08:00/20:00"})
        ),
        "You have no such alarm."
    );
    // Monday is left out, and the alarm stays.
    assert_eq!(
        hears(&mut house, "skip", json!({"whose": "monday"})),
        "Your 7:00 am alarm rings next on Tuesday."
    );
    assert_eq!(
        hears(&mut house, "list", json!({"kind": "alarm"})),
        "You have 2 alarms: 9:00 am tomorrow; 7:00 am every weekday, next on Tuesday."
    );
    assert_eq!(
        hears(&mut house, "skip", json!({"whose": "tomorrow"})),
        "Your 9:00 am alarm is cancelled."
    );
    assert_eq!(
        hears(&mut house, "skip", json!({"whose": "tomorrow"})),
        "You have no alarm tomorrow."
    );
    assert_eq!(
        hears(&mut house, "cancel", json!({"clock": "07:00/19:00"})),
        "Your 7:00 am alarm is cancelled."
    );
}

#[test]
fn what_rings_is_meant_first() {
    let mut house = House::default();
    assert_eq!(
        hears(&mut house, "snooze", json!({})),
        "No alarm is ringing."
    );
    hears(
        &mut house,
        "wake",
        json!({"clock": "19:30", "days": "daily"}),
    );
    hears(&mut house, "wake", json!({"clock": "20:00"}));
    house.alarms[0].state = AlarmState::Ringing;
    assert_eq!(
        hears(&mut house, "snooze", json!({})),
        "Snoozed for 10 minutes."
    );
    assert_eq!(
        hears(&mut house, "list", json!({"kind": "alarm"})),
        "You have 2 alarms: the 7:30 pm alarm, snoozed until 7:15 pm; 8:00 pm today."
    );
    house.alarms[0].state = AlarmState::Ringing;
    assert_eq!(
        hears(&mut house, "cancel", json!({"kind": "alarm"})),
        "Your 7:30 pm alarm is off."
    );
    assert_eq!(house.alarms.len(), 2, "it rings again tomorrow");
}
