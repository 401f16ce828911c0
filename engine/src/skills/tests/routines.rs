//! Routines, from words to what was done. It is Friday, 20 November 2026, 19:05:30.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_routine_is_done_told_and_taken_back_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::in_folder(folder.path());
    let home = Home::parse("home.toml", HOME).unwrap();
    let grammar = Grammar::compile(house.host.registry().manifests(), &home).unwrap();
    for (said, answer) in [
        (
            "what does good morning do",
            "Good morning does this: turn on the kitchen lights; set a timer for five minutes; what time is it.",
        ),
        (
            "good morning",
            "The kitchen lights are on. 5 minutes, starting now. It's 7:05 pm.",
        ),
        (
            "undo that",
            "OK, your 5 minute timer is cancelled. The kitchen lights are off again.",
        ),
        (
            "run the routine good morning and add milk to the shopping list",
            "The kitchen lights are on. 5 minutes, starting now. It's 7:05 pm. I've added milk to the shopping list.",
        ),
        (
            "we are back",
            "Shall I unlock the front door? The kitchen lights are on. The front door is unlocked.",
        ),
        (
            "start good evening",
            "I can't do good evening, because I don't understand one of its steps: turn on the moon.",
        ),
        (
            "what happens when I say good evening",
            "Good evening does this: turn on the kitchen lights; turn on the moon.",
        ),
    ] {
        let Some(found) = grammar.parse(&Context::Commands, said) else {
            panic!("`{said}` is not understood")
        };
        let steps = grammar.carried_out(found.steps);
        assert_eq!(house.hears(&steps).await, answer, "{said}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_done_last_is_done_again_at_a_time_of_day() {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::in_folder(folder.path());
    let home = Home::parse("home.toml", HOME).unwrap();
    let grammar = Grammar::compile(house.host.registry().manifests(), &home).unwrap();
    for (said, answer) in [
        (
            "do that every day at eight",
            "I haven't done anything in the last 15 minutes that I could do again.",
        ),
        ("turn on the kitchen lights", "The kitchen lights are on."),
        (
            "do that every day",
            "Say at what time, too: for example, do that every day at eight.",
        ),
        (
            "do that every day at eight",
            "I'll do this at 8:00 am every day: turn on.",
        ),
        ("undo", "OK. I won't do that by myself."),
        ("what is scheduled", "Nothing is scheduled."),
        (
            "do that every weekday at seven",
            "I'll do this at 7:00 am every weekday: turn on.",
        ),
        (
            "do that at half past nine tomorrow",
            "I'll do this at 9:30 am tomorrow: turn on.",
        ),
        (
            "do it again in ten minutes",
            "I'll do this in 10 minutes: turn on.",
        ),
        (
            "what is scheduled",
            "This is scheduled: turn on, at 7:15 pm today; turn on, at 9:30 am tomorrow; turn on, at 7:00 am every weekday.",
        ),
        ("what alarms do I have", "You have no alarms."),
        ("cancel all alarms", "You have no alarms."),
        (
            "cancel the routine",
            "Say at which time; this is scheduled: turn on, at 7:15 pm today; turn on, at 9:30 am tomorrow; turn on, at 7:00 am every weekday.",
        ),
        (
            "cancel the routine at six",
            "Nothing is scheduled at that time.",
        ),
        (
            "cancel the routine at seven",
            "I won't do this any more: turn on.",
        ),
        ("undo that", "OK. I'll do this again: turn on."),
        (
            "cancel what is scheduled at half past nine",
            "I won't do this any more: turn on.",
        ),
        (
            "what is scheduled",
            "This is scheduled: turn on, at 7:15 pm today; turn on, at 7:00 am every weekday.",
        ),
        (
            "unlock the front door",
            "Shall I unlock the front door? The front door is unlocked.",
        ),
        (
            "do that every day at eight",
            "I only do that after somebody has said yes, so not by myself.",
        ),
    ] {
        let Some(found) = grammar.parse(&Context::Commands, said) else {
            panic!("`{said}` is not understood")
        };
        assert_eq!(house.hears(&found.steps).await, answer, "{said}");
    }
    // Skills neither see nor touch it.
    assert!(house.host.alarms().is_empty());
    let kept: Vec<_> = house.host.schedules();
    let texts: Vec<_> = kept.iter().map(|alarm| alarm.text.as_deref()).collect();
    assert_eq!(texts, [Some("turn on"); 2]);
}
