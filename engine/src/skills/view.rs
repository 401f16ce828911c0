//! What prepare reads: the household at one moment.

use super::{executor::Executor, household::Moment, own, settings::Settings};
use crate::{
    alarm::due,
    config::Patience,
    store::{AlarmPhase, AlarmRecord, Household, TimerPhase, TimerRecord},
};
use jiff::{Timestamp, Zoned, tz::TimeZone};
use loqa_core::{home::Home, manifest::Manifest};
use loqa_skill_sdk::{
    Alarm, AlarmState, Area, Civil, Device, DeviceState, Reads, Timer, TimerState, Value,
};
use std::sync::Arc;
use tokio::sync::watch;

/// The house as it stands while the hub runs.
pub struct House {
    /// Areas and devices, which may be edited.
    pub home: watch::Receiver<Arc<Home>>,
    /// Time zone of the house.
    pub zone: TimeZone,
    /// How devices are reached.
    pub executor: Box<dyn Executor>,
    /// How patient Loqa is until somebody asks for more time, or less.
    pub patience: Patience,
}

/// The house with its state at one moment.
pub struct View<'a> {
    /// What does not change.
    pub house: &'a House,
    /// Areas and devices.
    pub home: Arc<Home>,
    /// What does.
    pub household: &'a Household,
    /// Hub time, Unix ms.
    pub now_ms: i64,
    /// The wall clock.
    pub wall: Timestamp,
    /// What is the reading skill's own, if one reads.
    pub own: Option<Own<'a>>,
    /// The microphone or screen that was spoken to; empty: the hub's.
    pub place: &'a str,
}

/// What is a skill's own.
#[derive(Clone, Copy)]
pub struct Own<'a> {
    /// Its manifest.
    pub manifest: &'a Manifest,
    /// What the household has set for it.
    pub settings: &'a Settings,
}

impl House {
    /// The house at `moment`.
    pub fn at<'a>(&'a self, moment: &'a Moment) -> View<'a> {
        View {
            house: self,
            home: self.home(),
            household: &moment.household,
            now_ms: moment.now_ms,
            wall: moment.wall,
            own: None,
            place: "",
        }
    }

    /// Areas and devices, as they are now.
    pub fn home(&self) -> Arc<Home> {
        self.home.borrow().clone()
    }

    /// A wall-clock moment as the house tells it.
    pub fn zoned(&self, wall: Timestamp) -> Zoned {
        wall.to_zoned(self.zone.clone())
    }
}

impl<'a> View<'a> {
    /// As a skill sees it.
    pub fn of(&self, own: Own<'a>) -> View<'a> {
        View {
            home: self.home.clone(),
            own: Some(own),
            ..*self
        }
    }

    /// As whoever is heard there sees it: the voice is the one that answers them.
    pub fn heard_at(self, place: &'a str) -> View<'a> {
        View { place, ..self }
    }

    /// A device by its id.
    pub fn device(&self, id: &str) -> Option<Device> {
        if own::is_voice(id) {
            return Some(own::voice(self.household, id));
        }
        self.home.device(id).map(|device| self.with_state(device))
    }

    /// What is done at a time of day, oldest first: alarms whose text is a sentence.
    pub fn schedules(&self) -> Vec<Alarm> {
        self.alarms_that(|alarm| alarm.does.is_some())
    }

    fn alarms_that(&self, are: impl Fn(&AlarmRecord) -> bool) -> Vec<Alarm> {
        let alarms = self.household.alarms.values().filter(|alarm| are(alarm));
        alarms
            .filter_map(|alarm| alarm_at(alarm, self.wall, &self.house.zone))
            .collect()
    }

    fn with_state(&self, device: &loqa_core::home::Device) -> Device {
        Device {
            id: device.id.clone(),
            name: device.name.clone(),
            area: device.area.clone(),
            kind: device.kind.as_str().to_owned(),
            confirm: device.confirm,
            features: device.features.clone(),
            state: self.state(&device.id, device.kind.as_str()),
        }
    }

    fn state(&self, id: &str, kind: &str) -> DeviceState {
        let executor = &self.house.executor;
        let kept = || self.household.devices.get(id).cloned();
        let state = executor.state(id).or_else(kept);
        state.unwrap_or_else(|| executor.initial(kind))
    }
}

impl Reads for View<'_> {
    fn now(&self, zone: Option<&str>) -> Option<Civil> {
        let zone = match zone {
            Some(name) => TimeZone::get(name).ok()?,
            None => self.house.zone.clone(),
        };
        Some(civil(&self.wall.to_zoned(zone)))
    }

    fn timers(&self) -> Vec<Timer> {
        self.household
            .timers
            .values()
            .map(|timer| timer_at(timer, self.now_ms))
            .collect()
    }

    fn devices(&self) -> Vec<Device> {
        let devices = self.home.devices.iter();
        let devices = devices.map(|device| self.with_state(device));
        let voice = own::voice(self.household, &own::voice_at(self.place));
        devices.chain([voice]).collect()
    }

    fn areas(&self) -> Vec<Area> {
        let area = |area: &loqa_core::home::Area| Area {
            id: area.id.clone(),
            name: area.name.clone(),
            floor: area.floor.clone(),
        };
        self.home.areas.iter().map(area).collect()
    }

    fn list(&self, list: &str) -> Vec<String> {
        self.household.lists.get(list).cloned().unwrap_or_default()
    }

    fn setting(&self, name: &str) -> Option<Value> {
        let Own { manifest, settings } = self.own?;
        let known = manifest.settings.iter().find(|it| it.name == name)?;
        Some(settings.get(name).unwrap_or(&known.default).into())
    }

    fn stored(&self, key: &str) -> Option<String> {
        let skill = self.own?.manifest.name.clone();
        self.household.storage.get(&(skill, key.into())).cloned()
    }

    fn stored_keys(&self) -> Vec<String> {
        let Some(own) = self.own else {
            return Vec::new();
        };
        let skill = own.manifest.name.as_str();
        let from = (skill.to_owned(), String::new());
        let keys = self.household.storage.range(from..).map(|(key, _)| key);
        keys.take_while(|(owner, _)| owner == skill)
            .map(|(_, key)| key.clone())
            .collect()
    }

    fn alarms(&self) -> Vec<Alarm> {
        self.alarms_that(|alarm| alarm.does.is_none())
    }
}

/// A timer as skills see it at hub time `now_ms`.
pub fn timer_at(timer: &TimerRecord, now_ms: i64) -> Timer {
    let (remaining_ms, state) = match timer.state {
        TimerPhase::Running { ends_at_ms } if ends_at_ms > now_ms => {
            (ends_at_ms.abs_diff(now_ms), TimerState::Running)
        }
        TimerPhase::Paused { remaining_ms } => (remaining_ms, TimerState::Paused),
        // One that has ended rings, even in the moment before the alarm notices.
        TimerPhase::Running { .. } | TimerPhase::Ringing { .. } => (0, TimerState::Ringing),
    };
    Timer {
        id: timer.id,
        name: timer.name.clone(),
        total_s: timer.total_s,
        remaining_ms,
        state,
    }
}

/// An alarm as skills see it when the clock on the wall shows `wall`; nothing if it is no more.
pub fn alarm_at(alarm: &AlarmRecord, wall: Timestamp, zone: &TimeZone) -> Option<Alarm> {
    // One that is due rings, even in the moment before anybody notices.
    let alarm = due::turned(alarm, wall, zone, true, false)?;
    let (at_ms, state) = match alarm.phase {
        AlarmPhase::Waiting => (alarm.due_ms, AlarmState::Waiting),
        AlarmPhase::Snoozed { until_ms } => (until_ms, AlarmState::Snoozed),
        AlarmPhase::Ringing { since_ms } => (since_ms, AlarmState::Ringing),
        AlarmPhase::Missed { since_ms } => (since_ms, AlarmState::Missed),
    };
    let at = Timestamp::from_millisecond(at_ms).ok()?;
    Some(Alarm {
        id: alarm.id,
        text: alarm.text.or(alarm.does),
        every: alarm.every,
        at: civil(&at.to_zoned(zone.clone())),
        at_ms,
        state,
    })
}

/// A moment as a clock and a calendar show it.
pub fn civil(moment: &Zoned) -> Civil {
    Civil {
        year: moment.year(),
        month: moment.month().unsigned_abs(),
        day: moment.day().unsigned_abs(),
        weekday: moment.weekday().to_monday_one_offset().unsigned_abs(),
        hour: moment.hour().unsigned_abs(),
        minute: moment.minute().unsigned_abs(),
        second: moment.second().unsigned_abs(),
    }
}
