//! Alarms and reminders. It is Friday, 20 November 2026, 19:05:30 in the house.

use super::*;
use crate::skills::HouseClock;
use jiff::Timestamp;
use loqa_skill_sdk::AlarmEvery;

const HOUR: Duration = Duration::from_secs(3600);

impl Scene {
    /// Sets an alarm for so many seconds from now.
    fn set(&self, text: Option<&str>, every: Option<AlarmEvery>, seconds: i64) -> u64 {
        let set = |household: &mut Household, moment: &Moment| {
            let id = household.take_timer_id();
            household.alarms.insert(
                id,
                AlarmRecord {
                    id,
                    text: text.map(str::to_owned),
                    does: None,
                    every,
                    due_ms: moment.wall.as_millisecond() + seconds * 1000,
                    phase: AlarmPhase::Waiting,
                },
            );
            Ok((id, Vec::new()))
        };
        self.household.commit(None, set).unwrap().value
    }

    /// Has a sentence be done so many seconds from now.
    fn schedule(&self, does: &str, every: Option<AlarmEvery>, seconds: i64) -> u64 {
        let id = self.set(None, every, seconds);
        let change = |household: &mut Household, _: &Moment| {
            household.alarms.get_mut(&id).unwrap().does = Some(does.into());
            Ok((id, Vec::new()))
        };
        self.household.commit(None, change).unwrap().value
    }

    fn change(&self, id: u64, phase: AlarmPhase) {
        let change = |household: &mut Household, _: &Moment| {
            household.alarms.get_mut(&id).unwrap().phase = phase;
            Ok(((), Vec::new()))
        };
        self.household.commit(None, change).unwrap();
    }

    /// What the alarm does, and when it is due next.
    fn alarm(&self, id: u64) -> Option<(AlarmPhase, String)> {
        let household = self.household.read().household;
        let alarm = household.alarms.get(&id)?;
        let due = Timestamp::from_millisecond(alarm.due_ms).unwrap();
        Some((alarm.phase, due.to_string()))
    }

    fn said(&self) -> String {
        std::mem::take(&mut *self.said.lock().unwrap()).join(" ")
    }

    /// Another hub on the same folder, `off` later.
    async fn again(self, folder: &Path, off: Duration) -> Scene {
        let then_ms = self.household.read().wall.as_millisecond() + off.as_millis() as i64;
        self.cancel.cancel();
        drop(self);
        // Until its task is gone.
        sleep(Duration::from_millis(50)).await;
        let clock = FakeClock::new();
        clock.set_by(then_ms - clock.wall().as_millisecond());
        let later = Scene::with_clock(folder, clock);
        later.run();
        later
    }
}

fn every(days: u8, hour: u8, minute: u8) -> Option<AlarmEvery> {
    Some(AlarmEvery { days, hour, minute })
}

#[tokio::test(start_paused = true)]
async fn an_alarm_rings_until_it_is_stopped_and_again_next_time() {
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene::begin(folder.path());
    scene.run();
    let id = scene.set(None, every(31, 19, 10), 270);
    scene.pass(Duration::from_secs(269)).await;
    assert_eq!(scene.events(), [""; 0]);
    scene.pass(Duration::from_secs(9)).await;
    assert_eq!(scene.events(), ["alarm 1 late 0"]);
    assert_eq!(scene.said(), "This is your seven ten p m alarm.");
    scene.pass(5 * MINUTE).await;
    assert!(scene.sounding());
    scene.change(id, AlarmPhase::Waiting);
    scene.pass(Duration::from_millis(50)).await;
    assert_eq!(scene.events(), ["alarm silenced 1"]);
    assert!(!scene.sounding());
    let monday = "2026-11-23T19:10:00Z".to_owned();
    assert_eq!(scene.alarm(id), Some((AlarmPhase::Waiting, monday)));
    scene.pass(71 * HOUR).await;
    assert_eq!(scene.events(), [""; 0]);
    scene.pass(HOUR).await;
    assert_eq!(scene.events()[0], "alarm 1 late 0");
}

#[tokio::test(start_paused = true)]
async fn a_reminder_is_said_twice_and_told_for_a_day() {
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene::begin(folder.path());
    scene.run();
    let id = scene.set(Some("take out the bins"), None, 60);
    scene.pass(2 * MINUTE).await;
    assert_eq!(scene.events(), ["alarm 1 late 0", "alarm silenced 1"]);
    let said = scene.said();
    assert_eq!(said, ["Reminder: take out the bins."; 2].join(" "));
    assert!(!scene.sounding());
    assert!(matches!(
        scene.alarm(id),
        Some((AlarmPhase::Missed { .. }, _))
    ));
    // "Remind me again in an hour."
    let until_ms = scene.household.read().wall.as_millisecond() + 3_600_000;
    scene.change(id, AlarmPhase::Snoozed { until_ms });
    scene.pass(HOUR + MINUTE).await;
    assert_eq!(scene.events(), ["alarm 1 late 0", "alarm silenced 1"]);
    scene.pass(24 * HOUR).await;
    assert_eq!(scene.alarm(id), None);
}

#[tokio::test(start_paused = true)]
async fn what_was_due_while_the_hub_was_off_rings_if_that_is_not_long_ago() {
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene::begin(folder.path());
    let bins = scene.set(Some("take out the bins"), None, 270);
    let daily = scene.set(None, every(127, 19, 20), 870);
    let scene = scene.again(folder.path(), 20 * MINUTE).await;
    scene.pass(Duration::from_secs(20)).await;
    assert_eq!(scene.events(), ["alarm 1 late 930", "alarm 2 late 330"]);
    let said = "Reminder from seven ten p m: take out the bins. This is your seven twenty p m alarm, five minutes late.";
    assert!(scene.said().starts_with(said));

    // Two days later it is one alarm that was missed, however often it was due.
    let scene = scene.again(folder.path(), 50 * HOUR).await;
    scene.pass(MINUTE).await;
    assert_eq!(scene.events(), [""; 0]);
    assert_eq!(
        scene.said(),
        "I was off at seven twenty p m, and you missed your alarm."
    );
    assert!(!scene.sounding());
    assert_eq!(scene.alarm(bins), None);
    assert!(
        matches!(scene.alarm(daily), Some((AlarmPhase::Missed { .. }, next)) if next == "2026-11-23T19:20:00Z")
    );
}

#[tokio::test(start_paused = true)]
async fn one_that_rang_when_the_hub_was_stopped_rings_on_and_is_not_doubled() {
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene::begin(folder.path());
    scene.run();
    let id = scene.set(None, every(127, 19, 10), 270);
    scene.pass(5 * MINUTE).await;
    assert_eq!(scene.events(), ["alarm 1 late 0"]);
    let scene = scene.again(folder.path(), MINUTE).await;
    scene.pass(Duration::from_secs(5)).await;
    assert_eq!(scene.events(), ["alarm 1 late 90"]);
    scene.change(id, AlarmPhase::Waiting);
    let scene = scene.again(folder.path(), MINUTE).await;
    scene.pass(23 * HOUR).await;
    assert_eq!(scene.events(), [""; 0]);
    assert_eq!(scene.alarm(id).unwrap().1, "2026-11-21T19:10:00Z");
}

#[tokio::test(start_paused = true)]
async fn what_is_scheduled_is_done_once_and_told_where_it_is_too_late() {
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene::begin(folder.path());
    scene.run();
    let once = scene.schedule("turn on the radio", None, 60);
    let daily = scene.schedule("turn off the lights", every(127, 19, 10), 270);
    scene.pass(5 * MINUTE).await;
    assert_eq!(
        scene.events(),
        ["does turn on the radio", "does turn off the lights"]
    );
    assert_eq!((scene.alarm(once), scene.said()), (None, String::new()));
    let next = |scene: &Scene| scene.alarm(daily).unwrap();
    let waits_for = |next: &str| (AlarmPhase::Waiting, next.to_owned());
    assert_eq!(next(&scene), waits_for("2026-11-21T19:10:00Z"));

    // Four minutes late it is still done.
    let scene = scene.again(folder.path(), 24 * HOUR + 3 * MINUTE).await;
    scene.pass(MINUTE).await;
    assert_eq!(scene.events(), ["does turn off the lights"]);

    // Two days later it is told, once.
    let scene = scene.again(folder.path(), 48 * HOUR + 10 * MINUTE).await;
    scene.pass(HOUR).await;
    assert_eq!(scene.events(), [""; 0]);
    assert_eq!(
        scene.said(),
        "I was off at seven ten p m, so I did not do this: turn off the lights."
    );
    assert_eq!(next(&scene), waits_for("2026-11-24T19:10:00Z"));
}

#[tokio::test(start_paused = true)]
async fn alarms_follow_the_clock_on_the_wall() {
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene::begin(folder.path());
    scene.run();
    let daily = scene.set(None, every(127, 20, 0), 3270);
    scene.start(None, 7200);
    scene.pass(MINUTE).await;
    // Somebody sets it to 20:01, then sees that it was right before.
    scene.clock.set_by(3_270_000);
    scene.pass(Duration::from_secs(20)).await;
    assert_eq!(scene.events().len(), 1);
    scene.change(daily, AlarmPhase::Waiting);
    scene.clock.set_by(-3_270_000);
    scene.pass(Duration::from_secs(20)).await;
    assert_eq!(scene.alarm(daily).unwrap().1, "2026-11-20T20:00:00Z");
    assert_eq!(scene.events(), ["alarm silenced 1"]);
    scene.pass(54 * MINUTE).await;
    assert_eq!(scene.events(), ["alarm 1 late 0"]);
}
