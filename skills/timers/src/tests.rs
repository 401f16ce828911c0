//! Conversations about timers.

use super::*;
use loqa_skill_sdk::testing::House;
use serde_json::{Value, json};

fn timer(id: u64, name: &str, total_s: u64, remaining_s: u64, state: TimerState) -> Timer {
    let name = (!name.is_empty()).then(|| name.to_owned());
    Timer {
        id,
        name,
        total_s,
        remaining_ms: remaining_s * 1000,
        state,
    }
}

#[test]
fn one_timer_needs_no_name() {
    let mut house = House::default();
    let mut hears = |intent: &str, slots: Value| house.hears(&Timers, intent, slots, None);
    assert_eq!(hears("left", json!({})), "You have no timers.");
    assert_eq!(hears("set", json!({})), "[how_long] For how long?");
    assert_eq!(
        hears("set", json!({"duration": 600})),
        "10 minutes, starting now."
    );
    assert_eq!(
        hears("left", json!({})),
        "10 minutes left on your 10 minute timer."
    );
    assert_eq!(hears("pause", json!({})), "Your 10 minute timer is paused.");
    assert_eq!(hears("pause", json!({})), "No timer is running.");
    assert_eq!(
        hears("left", json!({})),
        "Your 10 minute timer is paused with 10 minutes left."
    );
    assert_eq!(
        hears("resume", json!({})),
        "Your 10 minute timer is running again."
    );
    assert_eq!(
        hears("add", json!({"duration": 90})),
        "I've added 1 minute and 30 seconds to your 10 minute timer."
    );
    assert_eq!(
        hears("take", json!({"duration": 3600})),
        "Only 12 minutes left on your 10 minute timer."
    );
    assert_eq!(
        hears("take", json!({"duration": 60})),
        "I've taken 1 minute off your 10 minute timer."
    );
    assert_eq!(
        hears("cancel", json!({"name": "pasta"})),
        "You have no pasta timer, but a 10 minute timer with 11 minutes left."
    );
    assert_eq!(
        hears("cancel", json!({})),
        "Your 10 minute timer is cancelled."
    );
    assert_eq!(hears("cancel_all", json!({})), "You have no timers.");
}

#[test]
fn several_timers_are_told_apart() {
    let mut house = House {
        timers: vec![
            timer(1, "pasta", 600, 245, TimerState::Running),
            timer(2, "", 480, 100, TimerState::Running),
            timer(3, "egg", 300, 60, TimerState::Paused),
        ],
        ..House::default()
    };
    let mut hears = |intent: &str, slots: Value| house.hears(&Timers, intent, slots, None);
    assert_eq!(
        hears("list", json!({})),
        "You have 3 timers: a pasta timer with 4 minutes and 5 seconds left, an 8 minute timer with 1 minute and 40 seconds \
         left and an egg timer that is paused with 1 minute left."
    );
    assert_eq!(
        hears("left", json!({"name": "Pasta"})),
        "4 minutes and 5 seconds left on your pasta timer."
    );
    assert_eq!(
        hears("pause", json!({})),
        "[which] Which one, the pasta timer with 4 minutes and 5 seconds left or the 8 minute timer with 1 minute and 40 \
         seconds left?"
    );
    assert_eq!(
        hears("pause", json!({"length": 480})),
        "Your 8 minute timer is paused."
    );
    assert_eq!(
        hears("resume", json!({"position": -1})),
        "Your egg timer is running again."
    );
    assert_eq!(
        hears("add", json!({"name": "egg", "duration": 60})),
        "I've added 1 minute to your egg timer."
    );
    assert_eq!(
        hears("set", json!({"name": "tea", "duration": 180})),
        "Tea timer, 3 minutes, starting now."
    );
    assert_eq!(
        hears("cancel", json!({"name": "tea"})),
        "Your tea timer is cancelled."
    );
    assert_eq!(
        hears("cancel", json!({"all": true})),
        "All 3 timers are cancelled."
    );
}

#[test]
fn cancelling_means_the_one_that_rings() {
    let mut house = House {
        timers: vec![
            timer(1, "pasta", 600, 0, TimerState::Ringing),
            timer(2, "", 480, 100, TimerState::Running),
        ],
        ..House::default()
    };
    assert_eq!(
        house.hears(&Timers, "left", json!({"name": "pasta"}), None),
        "Your pasta timer is done."
    );
    assert_eq!(
        house.hears(&Timers, "cancel", json!({}), None),
        "Your pasta timer is off."
    );
    assert_eq!(house.timers.len(), 1);
}

#[test]
fn timers_that_sound_alike_need_no_question() {
    let mut house = House {
        timers: vec![
            timer(1, "", 600, 500, TimerState::Running),
            timer(2, "", 600, 100, TimerState::Running),
        ],
        ..House::default()
    };
    assert_eq!(
        house.hears(&Timers, "cancel", json!({}), None),
        "Your 10 minute timer is cancelled."
    );
    assert_eq!(house.timers[0].id, 1);
}

#[test]
fn impossible_lengths_are_refused() {
    let mut house = House::default();
    let mut hears = |slots: Value| house.hears(&Timers, "set", slots, None);
    assert_eq!(
        hears(json!({"duration": 0})),
        "A timer needs at least one second."
    );
    assert_eq!(
        hears(json!({"duration": 1e300})),
        "That is too long for a timer: I can count down 31 days."
    );
    assert_eq!(hears(json!({"duration": -5})), "[how_long] For how long?");
    assert!(house.timers.is_empty());
}
