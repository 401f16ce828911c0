//! Alarms and reminders: what wakes somebody, and what is said at a time of day.

use crate::Civil;
use alloc::string::String;
use serde::{Deserialize, Serialize};
#[cfg(feature = "host")]
use wasmtime::component::{ComponentType, Lift, Lower};

/// An operation on alarms and reminders.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "host",
    derive(ComponentType, Lift, Lower),
    component(variant)
)]
pub enum AlarmOp {
    /// Sets one.
    #[cfg_attr(feature = "host", component(name = "set"))]
    Set(AlarmSet),
    /// Ends its ringing, or tells that it was noticed that it was missed. One that recurs stays.
    #[cfg_attr(feature = "host", component(name = "stop"))]
    Stop(u64),
    /// Has the alarm of this id fall silent and ring again in so many seconds, at least 1.
    #[cfg_attr(feature = "host", component(name = "snooze"))]
    Snooze((u64, u64)),
    /// Leaves out the next time of one that recurs.
    #[cfg_attr(feature = "host", component(name = "skip"))]
    Skip(u64),
    /// Removes it, whether it recurs or not.
    #[cfg_attr(feature = "host", component(name = "cancel"))]
    Cancel(u64),
    /// Makes it as it was (the compensator of `Cancel` and `Skip`).
    #[cfg_attr(feature = "host", component(name = "restore"))]
    Restore(Alarm),
}

/// An alarm to be set.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(
    feature = "host",
    derive(ComponentType, Lift, Lower),
    component(record)
)]
pub struct AlarmSet {
    /// What to remind of, as the person said it; nothing for an alarm.
    pub text: Option<String>,
    /// When.
    pub when: AlarmTime,
}

/// When an alarm rings. A time of day that does not exist on its day, as clocks are put forward, is
/// the next one that does; of one that exists twice, the first counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "host",
    derive(ComponentType, Lift, Lower),
    component(variant)
)]
pub enum AlarmTime {
    /// Once, at this moment of the household's clock; the weekday does not matter.
    #[cfg_attr(feature = "host", component(name = "at"))]
    At(Civil),
    /// Once, in so many seconds, at least 1.
    #[cfg_attr(feature = "host", component(name = "after"))]
    After(u64),
    /// Again and again.
    #[cfg_attr(feature = "host", component(name = "every"))]
    Every(AlarmEvery),
}

/// A time of day on some days of the week.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(
    feature = "host",
    derive(ComponentType, Lift, Lower),
    component(record)
)]
pub struct AlarmEvery {
    /// A bit each: 1 = Monday, 2 = Tuesday … 64 = Sunday; at least one.
    pub days: u8,
    /// 0–23.
    pub hour: u8,
    /// 0–59.
    pub minute: u8,
}

impl AlarmEvery {
    /// The next time after `moment`, as the calendar has it: on a day on which the clocks are put
    /// forward there may be no such time.
    pub fn next(self, moment: Civil) -> Civil {
        let mut next = moment.at(self.hour, self.minute);
        if (moment.hour, moment.minute) >= (self.hour, self.minute) {
            next = next.next_day();
        }
        for _ in 0..6 {
            if self.falls_on(next.weekday) {
                break;
            }
            next = next.next_day();
        }
        next
    }

    /// Whether that weekday (1 = Monday … 7 = Sunday) is one of its days.
    pub fn falls_on(self, weekday: u8) -> bool {
        (1..=7).contains(&weekday) && self.days & 1 << (weekday - 1) != 0
    }
}

/// An alarm or a reminder.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(
    feature = "host",
    derive(ComponentType, Lift, Lower),
    component(record)
)]
pub struct Alarm {
    /// Household-wide, and no timer's.
    pub id: u64,
    /// What it reminds of; nothing if it is an alarm.
    pub text: Option<String>,
    /// The days and the time at which it recurs; nothing if it rings once.
    pub every: Option<AlarmEvery>,
    /// When it rings next, on the household's clock; when it was due, if it rings or was missed.
    pub at: Civil,
    /// The same, Unix ms.
    #[cfg_attr(feature = "host", component(name = "at-ms"))]
    pub at_ms: i64,
    /// What it does.
    pub state: AlarmState,
}

/// What an alarm does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "host",
    derive(ComponentType, Lift, Lower),
    component(variant)
)]
pub enum AlarmState {
    /// It will ring.
    #[cfg_attr(feature = "host", component(name = "waiting"))]
    Waiting,
    /// It has rung, and will again.
    #[cfg_attr(feature = "host", component(name = "snoozed"))]
    Snoozed,
    /// It rings.
    #[cfg_attr(feature = "host", component(name = "ringing"))]
    Ringing,
    /// It was due, and nobody has stopped it.
    #[cfg_attr(feature = "host", component(name = "missed"))]
    Missed,
}
