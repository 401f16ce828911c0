//! Alarms and reminders, from words to what is kept. It is Friday, 20 November 2026, 19:05:30.

use super::*;
use loqa_skill_sdk::AlarmState;

#[tokio::test(start_paused = true)]
async fn an_evening_with_alarms() {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::in_folder(folder.path());
    let home = Home::parse("home.toml", HOME).unwrap();
    let grammar = Grammar::compile(house.host.registry().manifests(), &home).unwrap();
    for (said, answer) in [
        ("wake me up at seven", "Alarm set for 7:00 am tomorrow."),
        ("undo that", "OK, your 7:00 am alarm is cancelled."),
        (
            "set an alarm for six thirty tomorrow",
            "Alarm set for 6:30 am tomorrow.",
        ),
        (
            "wake me up every weekday at seven",
            "Alarm set for 7:00 am every weekday.",
        ),
        (
            "set an alarm every tuesday and thursday at 8 pm",
            "Alarm set for 8:00 pm every Tuesday and Thursday.",
        ),
        (
            "remind me to take out the bins in twenty minutes",
            "Reminder set for 20 minutes from now: take out the bins.",
        ),
        (
            "remind me every monday at nine to call my mom",
            "Reminder set for 9:00 am every Monday: call your mom.",
        ),
        (
            "remind me to renew the passport at eight",
            "Reminder set for 8:00 pm today: renew the passport.",
        ),
        (
            "what alarms do I have",
            "You have 3 alarms: 6:30 am tomorrow; 7:00 am every weekday; 8:00 pm every Tuesday and Thursday.",
        ),
        (
            "when is my next reminder",
            "Your next reminder is at 7:25 pm today: take out the bins.",
        ),
        ("skip tomorrow's alarm", "Your 6:30 am alarm is cancelled."),
        ("undo that", "OK, your 6:30 am alarm is back."),
        (
            "skip monday's alarm",
            "Your 7:00 am alarm rings next on Tuesday.",
        ),
        ("undo that", "OK, your 7:00 am alarm is back."),
        (
            "cancel the 7:00 am alarm",
            "Your 7:00 am alarm is cancelled.",
        ),
        ("snooze", "No alarm is ringing."),
        ("cancel all reminders", "All 3 reminders are cancelled."),
        ("undo that", "OK, all 3 reminders are back."),
        ("remind me to call dad", "[alarms.when] When?"),
        ("remind me in ten minutes", "10 minutes, starting now."),
    ] {
        let Some(found) = grammar.parse(&Context::Commands, said) else {
            panic!("`{said}` is not understood")
        };
        assert_eq!(house.hears(&found.steps).await, answer, "{said}");
    }
    assert_eq!(house.host.alarms().len(), 5);

    // Twenty minutes later, before anybody has noticed.
    tokio::time::advance(Duration::from_secs(1200)).await;
    let rings = |house: &House| {
        let alarms = house.host.alarms();
        let rings = alarms
            .iter()
            .filter(|alarm| alarm.state == AlarmState::Ringing);
        rings
            .map(|alarm| alarm.text.clone().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(rings(&house), ["take out the bins"]);
    let mut say = async |said: &str| {
        let found = grammar.parse(&Context::Commands, said).unwrap();
        house.hears(&found.steps).await
    };
    assert_eq!(
        say("why was that").await,
        "Because your 10 minute timer ended."
    );
    assert_eq!(
        say("snooze for five minutes").await,
        "Snoozed for 5 minutes."
    );
    assert_eq!(say("stop").await, "");
    assert!(rings(&house).is_empty());
    tokio::time::advance(Duration::from_secs(300)).await;
    assert_eq!(rings(&house), ["take out the bins"]);
    let found = grammar.parse(&Context::Commands, "stop").unwrap();
    assert_eq!(house.hears(&found.steps).await, "");
    assert_eq!(house.host.alarms().len(), 4, "it has been said");
}
