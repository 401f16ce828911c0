//! A household in memory, for the tests of skills.

use crate::{
    Alarm, AlarmOp, AlarmState, AlarmTime, Area, Ask, Civil, Device, DeviceCommand, DeviceState,
    Effect, EffectError, Effects, HttpRequest, HttpResponse, ListOp, Plan, Prepared, Publication,
    Reads, Request, Skill, StorageOp, Timer, TimerOp, TimerStart, TimerState,
};
use alloc::{
    borrow::ToOwned,
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};
use serde_json::Value;

/// A household that does what it is told.
#[derive(Clone, Debug, PartialEq)]
pub struct House {
    /// At home.
    pub now: Civil,
    /// IANA zone → the time there.
    pub zones: BTreeMap<String, Civil>,
    /// Oldest first.
    pub timers: Vec<Timer>,
    /// In order.
    pub devices: Vec<Device>,
    /// In order.
    pub areas: Vec<Area>,
    /// List device id → items.
    pub lists: BTreeMap<String, Vec<String>>,
    /// What the household has set for the skill.
    pub settings: BTreeMap<String, crate::Value>,
    /// What the skill keeps for itself.
    pub storage: BTreeMap<String, String>,
    /// Ids of devices that do not answer.
    pub silent: Vec<String>,
    /// Alarms and reminders, oldest first.
    pub alarms: Vec<Alarm>,
    /// URL → what is answered there; nobody answers elsewhere.
    pub web: BTreeMap<String, HttpResponse>,
    /// What was shown, said aloud and published, oldest first.
    pub told: Vec<String>,
}

impl Default for House {
    /// An empty house on Friday, 20 November 2026, 19:05:30.
    fn default() -> Self {
        House {
            now: Civil {
                year: 2026,
                month: 11,
                day: 20,
                weekday: 5,
                hour: 19,
                minute: 5,
                second: 30,
            },
            zones: BTreeMap::new(),
            timers: Vec::new(),
            devices: Vec::new(),
            areas: Vec::new(),
            lists: BTreeMap::new(),
            settings: BTreeMap::new(),
            storage: BTreeMap::new(),
            silent: Vec::new(),
            alarms: Vec::new(),
            web: BTreeMap::new(),
            told: Vec::new(),
        }
    }
}

impl House {
    /// Adds an area whose id is its name with `_` for spaces.
    pub fn area(mut self, name: &str) -> House {
        self.areas.push(Area {
            id: id(name),
            name: name.to_owned(),
            floor: None,
        });
        self
    }

    /// Adds a device whose id is its name with `_` for spaces.
    pub fn device(mut self, name: &str, kind: &str, area: &str, state: DeviceState) -> House {
        self.devices.push(Device {
            id: id(name),
            name: name.to_owned(),
            area: (!area.is_empty()).then(|| id(area)),
            kind: kind.to_owned(),
            confirm: false,
            features: Vec::new(),
            state,
        });
        self
    }

    /// Gives the device added last a feature.
    pub fn with(mut self, feature: &str) -> House {
        if let Some(device) = self.devices.last_mut() {
            device.features.push(feature.to_owned());
        }
        self
    }

    /// The person says something that was understood as `intent` with `slots` (a JSON object), in
    /// `room` (or nowhere known). Returns the reply; a question is preceded by its follow-up's
    /// name in brackets, a confirmation (answered with yes) stands before the reply.
    ///
    /// # Panics
    /// If the reply differs from the one that was predicted, because that costs the person time; what
    /// depends on others cannot be, and is predicted as nothing.
    pub fn hears(
        &mut self,
        skill: &dyn Skill,
        intent: &str,
        slots: Value,
        room: Option<&str>,
    ) -> String {
        let request = request(intent, &slots, room);
        let plan = match skill.prepare(&request, self) {
            Prepared::Say(reply) => return reply,
            Prepared::Ask(Ask { followup, question }) => return format!("[{followup}] {question}"),
            Prepared::Plan(plan) => plan,
        };
        let before = self.clone();
        let reply = match skill.commit(&plan, self) {
            Ok(reply) => {
                // Who will not answer cannot be predicted, nor what others do.
                if self.silent.is_empty() && !plan.reply.is_empty() {
                    assert_eq!(reply, plan.reply, "the reply was predicted wrongly");
                }
                reply
            }
            Err(error) => {
                *self = before;
                error.0
            }
        };
        match &plan.confirm {
            Some(question) => format!("{question} {reply}"),
            None => reply,
        }
    }

    /// State of a device.
    ///
    /// # Panics
    /// If there is none of this id.
    pub fn state(&self, device: &str) -> &DeviceState {
        match self.devices.iter().find(|known| known.id == device) {
            Some(device) => &device.state,
            None => panic!("no device {device}"),
        }
    }

    fn find_timer(&self, id: u64) -> Result<usize, EffectError> {
        self.timers
            .iter()
            .position(|timer| timer.id == id)
            .ok_or_else(|| EffectError("That timer is gone.".into()))
    }
}

/// A plan's effects, without doing them. Empty if nothing would happen.
pub fn effects(skill: &dyn Skill, intent: &str, slots: Value, house: &House) -> Vec<Effect> {
    match skill.prepare(&request(intent, &slots, None), house) {
        Prepared::Plan(Plan { effects, .. }) => effects,
        _ => Vec::new(),
    }
}

fn request(intent: &str, slots: &Value, room: Option<&str>) -> Request {
    let slots = slots.as_object().into_iter().flatten();
    Request {
        intent: intent.to_owned(),
        slots: slots
            .map(|(name, value)| (name.clone(), value.into()))
            .collect(),
        room: room.map(str::to_owned),
    }
}

fn id(name: &str) -> String {
    name.replace(' ', "_")
}

impl Reads for House {
    fn now(&self, zone: Option<&str>) -> Option<Civil> {
        zone.map_or(Some(self.now), |zone| self.zones.get(zone).copied())
    }

    fn timers(&self) -> Vec<Timer> {
        self.timers.clone()
    }

    fn devices(&self) -> Vec<Device> {
        self.devices.clone()
    }

    fn areas(&self) -> Vec<Area> {
        self.areas.clone()
    }

    fn list(&self, list: &str) -> Vec<String> {
        self.lists.get(list).cloned().unwrap_or_default()
    }

    fn setting(&self, name: &str) -> Option<crate::Value> {
        self.settings.get(name).cloned()
    }

    fn stored(&self, key: &str) -> Option<String> {
        self.storage.get(key).cloned()
    }

    fn stored_keys(&self) -> Vec<String> {
        self.storage.keys().cloned().collect()
    }

    fn alarms(&self) -> Vec<Alarm> {
        self.alarms.clone()
    }
}

impl Effects for House {
    fn timer(&mut self, op: TimerOp) -> Result<Timer, EffectError> {
        let (id, state) = match op {
            TimerOp::Start(TimerStart { name, seconds }) => {
                let id = self.timers.last().map_or(1, |timer| timer.id + 1);
                let timer = Timer {
                    id,
                    name,
                    total_s: seconds,
                    remaining_ms: seconds * 1000,
                    state: TimerState::Running,
                };
                self.timers.push(timer.clone());
                return Ok(timer);
            }
            TimerOp::Restore(timer) => {
                self.timers.push(timer.clone());
                return Ok(timer);
            }
            TimerOp::Cancel(id) => {
                let index = self.find_timer(id)?;
                return Ok(self.timers.remove(index));
            }
            TimerOp::Add((id, seconds)) => {
                let index = self.find_timer(id)?;
                let timer = &mut self.timers[index];
                timer.remaining_ms = timer.remaining_ms.saturating_add_signed(seconds * 1000);
                return Ok(timer.clone());
            }
            TimerOp::Pause(id) => (id, TimerState::Paused),
            TimerOp::Resume(id) => (id, TimerState::Running),
        };
        let index = self.find_timer(id)?;
        self.timers[index].state = state;
        Ok(self.timers[index].clone())
    }

    fn device(&mut self, device: &str, command: DeviceCommand) -> Result<DeviceState, EffectError> {
        if self.silent.iter().any(|silent| silent == device) {
            return Err(EffectError(format!(
                "The {} did not answer.",
                device.replace('_', " ")
            )));
        }
        let known = self.devices.iter_mut().find(|known| known.id == device);
        let known = known.ok_or_else(|| EffectError(format!("There is no device {device}.")))?;
        known.state = known.state.clone().after(&command);
        Ok(known.state.clone())
    }

    fn change_list(&mut self, list: &str, op: ListOp) -> Result<Vec<String>, EffectError> {
        let items = self.lists.entry(list.to_string()).or_default();
        op.apply(items)?;
        Ok(items.clone())
    }

    fn store(&mut self, op: StorageOp) -> Result<(), EffectError> {
        match op {
            StorageOp::Set((key, text)) => drop(self.storage.insert(key, text)),
            StorageOp::Remove(key) => drop(self.storage.remove(&key)),
        }
        Ok(())
    }

    fn http(&mut self, request: HttpRequest) -> Result<HttpResponse, EffectError> {
        let answer = self.web.get(&request.url).cloned();
        answer.ok_or_else(|| EffectError("Nobody answers there.".into()))
    }

    fn notify(&mut self, text: &str) -> Result<(), EffectError> {
        self.told.push(format!("shown: {text}"));
        Ok(())
    }

    fn speak(&mut self, text: &str) -> Result<(), EffectError> {
        self.told.push(format!("said: {text}"));
        Ok(())
    }

    fn publish(&mut self, publication: Publication) -> Result<(), EffectError> {
        let Publication { topic, payload } = publication;
        self.told.push(format!("{topic}: {payload}"));
        Ok(())
    }

    fn alarm(&mut self, op: AlarmOp) -> Result<Alarm, EffectError> {
        let (id, snoozed_s) = match op.clone() {
            AlarmOp::Set(set) => {
                let (every, at) = match set.when {
                    AlarmTime::At(at) => (None, at),
                    AlarmTime::After(seconds) => (None, later(self.now, seconds)),
                    AlarmTime::Every(every) => (Some(every), every.next(self.now)),
                };
                let alarm = Alarm {
                    id: self.alarms.last().map_or(1, |alarm| alarm.id + 1),
                    text: set.text,
                    every,
                    at,
                    at_ms: 0,
                    state: AlarmState::Waiting,
                };
                self.alarms.push(alarm.clone());
                return Ok(alarm);
            }
            AlarmOp::Restore(alarm) => {
                self.alarms.retain(|known| known.id != alarm.id);
                self.alarms.push(alarm.clone());
                return Ok(alarm);
            }
            AlarmOp::Stop(id) | AlarmOp::Skip(id) | AlarmOp::Cancel(id) => (id, None),
            AlarmOp::Snooze((id, seconds)) => (id, Some(seconds)),
        };
        let index = self.alarms.iter().position(|alarm| alarm.id == id);
        let index = index.ok_or_else(|| EffectError("That alarm is gone.".into()))?;
        let alarm = &mut self.alarms[index];
        match (op, alarm.every) {
            (AlarmOp::Snooze(_), _) => {
                alarm.at = later(self.now, snoozed_s.unwrap_or_default());
                alarm.state = AlarmState::Snoozed;
            }
            (AlarmOp::Skip(_), Some(every)) => alarm.at = every.next(alarm.at),
            (AlarmOp::Stop(_), Some(every)) => {
                alarm.at = every.next(self.now);
                alarm.state = AlarmState::Waiting;
            }
            _ => return Ok(self.alarms.remove(index)),
        }
        Ok(self.alarms[index].clone())
    }
}

/// A moment some seconds later, where no clock is ever put forward or back.
fn later(moment: Civil, seconds: u64) -> Civil {
    let midnight = moment.at(0, 0);
    let of_day = |part: u8, length: u64| u64::from(part) * length;
    let seconds =
        seconds + of_day(moment.hour, 3600) + of_day(moment.minute, 60) + u64::from(moment.second);
    let day = (0..seconds / 86_400).fold(midnight, |day, _| day.next_day());
    let [hour, minute, second] =
        [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60].map(|part| part as u8);
    Civil {
        hour,
        minute,
        second,
        ..day
    }
}
