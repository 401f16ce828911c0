//! What commit may cause: effects on a working copy of the household, each with its way back.

mod alarms;

use super::{
    bounds,
    elsewhere::{self, Answers, denied},
    executor::{Executor, OwnDevices},
    own,
    view::{House, Own, View, timer_at},
};
use crate::store::{Household, TimerPhase, TimerRecord};
use jiff::Timestamp;
use loqa_core::manifest::Manifest;
use loqa_protocol::{
    EffectKind, Event,
    card::{Card, CardLine},
    view::NOTES,
};
use loqa_skill_host::permission::permits;
use loqa_skill_sdk::{
    Alarm, AlarmOp, Area, Civil, Device, DeviceCommand, DeviceEffect, DeviceState, Effect,
    EffectError, Effects, HttpMethod, HttpRequest, HttpResponse, ListEffect, ListOp, Publication,
    Reads, StorageOp, Timer, TimerOp, TimerStart, TimerState, Value,
};
use std::collections::HashMap;

/// Whether devices are commanded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// They are.
    Performance,
    /// They do as they are told on paper alone: what would be said?
    Rehearsal,
}

/// Carries out one skill's effects and remembers how to undo them.
pub struct Acting<'a> {
    stage: Stage,
    house: &'a House,
    household: &'a mut Household,
    now_ms: i64,
    wall: Timestamp,
    /// The microphone or screen that it is done for.
    place: &'a str,
    own: Own<'a>,
    /// What was planned and has not been done yet.
    planned: Vec<Effect>,
    /// Devices as they were before they were told anything, until they are commanded.
    before: HashMap<String, Device>,
    /// Kinds of effects that took place, in order.
    pub kinds: Vec<EffectKind>,
    /// What puts things back, in the order of the effects. Nothing for what has no way back.
    pub compensators: Vec<Effect>,
    /// Whether something took place that throwing the working copy away does not take back.
    pub outside: bool,
    /// Whether a device did not do what it was told.
    pub failed: bool,
    /// The permission for what it wanted to do, and its manifest does not ask for.
    pub refused: Option<String>,
    /// What it tells everybody.
    pub told: Vec<Event>,
    /// What was answered to the questions of its plan.
    answers: &'a Answers,
}

impl<'a> Acting<'a> {
    /// For a skill, which may do what its manifest asks for.
    pub fn new(
        stage: Stage,
        house: &'a House,
        household: &'a mut Household,
        (now_ms, wall, place): (i64, Timestamp, &'a str),
        own: Own<'a>,
        answers: &'a Answers,
    ) -> Acting<'a> {
        Acting {
            stage,
            house,
            household,
            now_ms,
            wall,
            place,
            own,
            planned: Vec::new(),
            before: HashMap::new(),
            kinds: Vec::new(),
            compensators: Vec::new(),
            outside: false,
            failed: false,
            refused: None,
            told: Vec::new(),
            answers,
        }
    }

    /// Takes the plan's effects, and tells whoever reaches the devices what they are about to be told.
    pub fn begin(&mut self, effects: &[Effect]) {
        self.planned = effects.to_vec();
        let may = permitted(EffectKind::Device, self.own.manifest);
        if may.is_err() || self.stage == Stage::Rehearsal {
            return;
        }
        let view = self.view();
        let commands = effects.iter().filter_map(|effect| match effect {
            Effect::Device(DeviceEffect { device, command }) => {
                Some((view.device(device)?, command.clone()))
            }
            _ => None,
        });
        let commands: Vec<_> = commands.collect();
        self.house.executor.begin(&commands);
        let devices = commands.into_iter().rev().map(|(device, _)| device);
        self.before = devices.map(|device| (device.id.clone(), device)).collect();
    }

    fn may(&mut self, kind: EffectKind) -> Result<(), EffectError> {
        permitted(kind, self.own.manifest)
            .inspect_err(|_| self.refused = Some(permission(kind).into()))
    }

    /// Refuses what a person might have been asked about, had the plan told of it.
    fn as_planned(&mut self, effect: &Effect) -> Result<(), EffectError> {
        match self.planned.iter().position(|planned| planned == effect) {
            Some(at) => {
                self.planned.swap_remove(at);
                Ok(())
            }
            None => {
                self.refused = Some(permission(kind(effect)).into());
                Err(self.unplanned())
            }
        }
    }

    fn unplanned(&self) -> EffectError {
        let skill = &self.own.manifest.name;
        EffectError(format!(
            "The skill {skill} asked for something that was not in its plan."
        ))
    }

    fn view(&self) -> View<'_> {
        View {
            house: self.house,
            home: self.house.home(),
            household: self.household,
            now_ms: self.now_ms,
            wall: self.wall,
            own: Some(self.own),
            place: self.place,
        }
    }

    fn done(&mut self, kind: EffectKind, compensator: Option<Effect>) {
        self.kinds.push(kind);
        self.compensators.extend(compensator);
    }

    fn find_timer(&mut self, id: u64) -> Result<&mut TimerRecord, EffectError> {
        self.household
            .timers
            .get_mut(&id)
            .ok_or_else(|| EffectError("That timer is gone.".into()))
    }

    /// Changes what a timer does; `change` is told hub time and what it does now, and returns
    /// nothing where it cannot.
    fn change_timer(
        &mut self,
        id: u64,
        change: impl FnOnce(i64, TimerPhase) -> Option<TimerPhase>,
    ) -> Result<Timer, EffectError> {
        let now_ms = self.now_ms;
        let timer = self.find_timer(id)?;
        timer.state = change(now_ms, timer.state)
            .ok_or_else(|| EffectError("That timer has just changed.".into()))?;
        Ok(timer_at(timer, now_ms))
    }
}

/// What a skill's manifest must permit for an effect.
pub fn permission(kind: EffectKind) -> &'static str {
    match kind {
        EffectKind::Timer => "timer",
        EffectKind::Device => "device",
        EffectKind::List => "list",
        EffectKind::Storage => "storage",
        EffectKind::Alarm => "alarm",
        EffectKind::Http => "http",
        EffectKind::Notify => "notify",
        EffectKind::Publish => "publish",
        EffectKind::Speak => "speak",
    }
}

/// What kind of effect it is.
pub fn kind(effect: &Effect) -> EffectKind {
    match effect {
        Effect::Timer(_) => EffectKind::Timer,
        Effect::Device(_) => EffectKind::Device,
        Effect::List(_) => EffectKind::List,
        Effect::Storage(_) => EffectKind::Storage,
        Effect::Alarm(_) => EffectKind::Alarm,
        Effect::Http(_) => EffectKind::Http,
        Effect::Notify(_) => EffectKind::Notify,
        Effect::Publish(_) => EffectKind::Publish,
        Effect::Speak(_) => EffectKind::Speak,
    }
}

/// Refuses an effect that the manifest does not permit.
///
/// # Errors
/// A sentence that names the skill and the line its manifest lacks.
pub fn permitted(kind: EffectKind, manifest: &Manifest) -> Result<(), EffectError> {
    let needed = permission(kind);
    match permits(&manifest.permissions, needed) {
        true => Ok(()),
        false => Err(denied(&manifest.name, needed)),
    }
}

/// The permission that an effect needs and the manifest does not ask for, if there is one.
///
/// # Errors
/// A sentence: nothing permits that.
pub fn lacking(effect: &Effect, manifest: &Manifest) -> Result<Option<String>, EffectError> {
    let (needed, has) = match effect {
        Effect::Http(request) => {
            let needed = elsewhere::permission(request)?;
            let has = manifest.permissions.contains(&needed);
            (needed, has)
        }
        effect => {
            let kind = kind(effect);
            let has = permitted(kind, manifest).is_ok();
            (permission(kind).to_owned(), has)
        }
    };
    Ok((!has).then_some(needed))
}

impl Effects for Acting<'_> {
    fn timer(&mut self, op: TimerOp) -> Result<Timer, EffectError> {
        self.may(EffectKind::Timer)?;
        let (timer, compensator) = match op {
            TimerOp::Start(TimerStart { name, seconds }) => {
                let others = self.household.timers.len();
                bounds::timer(others, name.as_deref(), seconds)?;
                let id = self.household.take_timer_id();
                let ends_at_ms = self.now_ms.saturating_add(milliseconds(seconds));
                let record = TimerRecord {
                    id,
                    name,
                    total_s: seconds,
                    state: TimerPhase::Running { ends_at_ms },
                };
                let timer = timer_at(&record, self.now_ms);
                self.household.timers.insert(id, record);
                (timer, Some(TimerOp::Cancel(id)))
            }
            TimerOp::Pause(id) => {
                let pause = |now_ms, phase| match phase {
                    TimerPhase::Running { ends_at_ms } => u64::try_from(ends_at_ms - now_ms).ok(),
                    TimerPhase::Paused { .. } | TimerPhase::Ringing { .. } => None,
                };
                let pause = |now_ms, phase| {
                    pause(now_ms, phase).map(|remaining_ms| TimerPhase::Paused { remaining_ms })
                };
                (self.change_timer(id, pause)?, Some(TimerOp::Resume(id)))
            }
            TimerOp::Resume(id) => {
                let resume = |now_ms: i64, phase| match phase {
                    TimerPhase::Paused { remaining_ms } => Some(TimerPhase::Running {
                        ends_at_ms: now_ms.saturating_add_unsigned(remaining_ms),
                    }),
                    TimerPhase::Running { .. } | TimerPhase::Ringing { .. } => None,
                };
                (self.change_timer(id, resume)?, Some(TimerOp::Pause(id)))
            }
            TimerOp::Add((id, seconds)) => {
                bounds::timer(0, None, seconds.unsigned_abs())?;
                let added_ms = seconds.saturating_mul(1000);
                let add = |now_ms: i64, phase| match phase {
                    TimerPhase::Running { ends_at_ms } => Some(TimerPhase::Running {
                        ends_at_ms: ends_at_ms.saturating_add(added_ms),
                    }),
                    TimerPhase::Paused { remaining_ms } => Some(TimerPhase::Paused {
                        remaining_ms: remaining_ms.saturating_add_signed(added_ms),
                    }),
                    // A ringing timer that gets more time falls silent and counts again.
                    TimerPhase::Ringing { .. } => (added_ms > 0).then_some(TimerPhase::Running {
                        ends_at_ms: now_ms.saturating_add(added_ms),
                    }),
                };
                (
                    self.change_timer(id, add)?,
                    Some(TimerOp::Add((id, seconds.saturating_neg()))),
                )
            }
            TimerOp::Cancel(id) => {
                let now_ms = self.now_ms;
                let timer = timer_at(self.find_timer(id)?, now_ms);
                self.household.timers.remove(&id);
                let compensator =
                    (timer.state != TimerState::Ringing).then(|| TimerOp::Restore(timer.clone()));
                (timer, compensator)
            }
            TimerOp::Restore(timer) => {
                if self.household.timers.contains_key(&timer.id) {
                    return Err(EffectError("That timer is still there.".into()));
                }
                let others = self.household.timers.len();
                let seconds = timer.total_s.max(timer.remaining_ms / 1000);
                bounds::timer(others, timer.name.as_deref(), seconds)?;
                // One that there never was would take the number of one to come.
                if timer.id >= self.household.next_timer_id
                    || self.household.alarms.contains_key(&timer.id)
                {
                    return Err(EffectError("That timer is gone.".into()));
                }
                let state = match timer.state {
                    TimerState::Paused => TimerPhase::Paused {
                        remaining_ms: timer.remaining_ms,
                    },
                    TimerState::Running | TimerState::Ringing => TimerPhase::Running {
                        ends_at_ms: self.now_ms.saturating_add_unsigned(timer.remaining_ms),
                    },
                };
                let record = TimerRecord {
                    id: timer.id,
                    name: timer.name,
                    total_s: timer.total_s,
                    state,
                };
                let timer = timer_at(&record, self.now_ms);
                self.household.timers.insert(timer.id, record);
                (timer.clone(), Some(TimerOp::Cancel(timer.id)))
            }
        };
        self.done(EffectKind::Timer, compensator.map(Effect::Timer));
        Ok(timer)
    }

    fn device(&mut self, device: &str, command: DeviceCommand) -> Result<DeviceState, EffectError> {
        self.may(EffectKind::Device)?;
        self.as_planned(&Effect::Device(DeviceEffect {
            device: device.to_owned(),
            command: command.clone(),
        }))?;
        let before = self.before.remove(device);
        let known = before
            .or_else(|| self.view().device(device))
            .ok_or_else(|| EffectError(format!("There is no device {device}.")))?;
        let state = match self.stage {
            Stage::Performance => self.house.executor.execute(&known, &command),
            Stage::Rehearsal => OwnDevices.execute(&known, &command),
        };
        let state = state.inspect_err(|_| self.failed = true)?;
        let reversible = !matches!(
            command,
            DeviceCommand::Activate | DeviceCommand::Next | DeviceCommand::Previous
        );
        let compensator = reversible.then(|| {
            Effect::Device(DeviceEffect {
                device: known.id.clone(),
                command: DeviceCommand::Restore(known.state.clone()),
            })
        });
        match self.house.executor.state(&known.id) {
            // What it has done stays done, whatever comes next.
            Some(_) => self.outside = self.stage == Stage::Performance,
            None => drop(self.household.devices.insert(known.id, state.clone())),
        }
        self.done(EffectKind::Device, compensator);
        Ok(state)
    }

    fn change_list(&mut self, list: &str, op: ListOp) -> Result<Vec<String>, EffectError> {
        self.may(EffectKind::List)?;
        let home = self.house.home();
        let known = home.device(list);
        if list != NOTES && known.is_none_or(|known| known.kind.as_str() != "list") {
            return Err(EffectError(format!("There is no list {list}.")));
        }
        if known.is_some_and(|known| known.confirm) {
            self.as_planned(&Effect::List(ListEffect {
                list: list.to_owned(),
                op: op.clone(),
            }))?;
        }
        let items = self.household.lists.entry(list.to_owned()).or_default();
        let before = items.clone();
        op.apply(items)?;
        bounds::list(items)?;
        let after = items.clone();
        self.done(
            EffectKind::List,
            Some(Effect::List(ListEffect {
                list: list.to_owned(),
                op: ListOp::Replace(before),
            })),
        );
        Ok(after)
    }

    fn store(&mut self, op: StorageOp) -> Result<(), EffectError> {
        self.may(EffectKind::Storage)?;
        let (key, text) = match op {
            StorageOp::Set((key, text)) => (key, Some(text)),
            StorageOp::Remove(key) => (key, None),
        };
        let skill = &self.own.manifest.name;
        if key.len() > LONGEST_KEY {
            return Err(EffectError(format!(
                "The skill {skill} wants to keep something under too long a name."
            )));
        }
        let storage = &mut self.household.storage;
        let at = (skill.clone(), key.clone());
        let before = match text {
            Some(text) => storage.insert(at, text),
            None => storage.remove(&at),
        };
        let own = storage.iter().filter(|((owner, _), _)| owner == skill);
        let bytes: usize = own.map(|((_, key), text)| key.len() + text.len()).sum();
        let most = self.own.manifest.budget.storage_kb;
        if bytes > most as usize * 1000 {
            return Err(EffectError(format!(
                "The skill {skill} keeps as much as it may: {most} kilobytes."
            )));
        }
        let back = match before {
            Some(text) => StorageOp::Set((key, text)),
            None => StorageOp::Remove(key),
        };
        self.done(EffectKind::Storage, Some(Effect::Storage(back)));
        Ok(())
    }

    fn alarm(&mut self, op: AlarmOp) -> Result<Alarm, EffectError> {
        self.may(EffectKind::Alarm)?;
        let is_own = self.own.manifest.name == own::NAME;
        let zone = &self.house.zone;
        let (alarm, compensator) = alarms::carry_out(op, self.household, self.wall, zone, is_own)?;
        self.done(EffectKind::Alarm, compensator.map(Effect::Alarm));
        Ok(alarm)
    }

    fn http(&mut self, request: HttpRequest) -> Result<HttpResponse, EffectError> {
        self.may(EffectKind::Http)?;
        if self.stage == Stage::Rehearsal {
            // Nobody knows what would be answered.
            return Err(EffectError(String::new()));
        }
        match self.answers.get(&request) {
            Some(Ok(answer)) => {
                // Whoever was asked to do something has done it.
                self.outside |= request.method != HttpMethod::Get;
                let answer = answer.clone();
                self.done(EffectKind::Http, None);
                Ok(answer)
            }
            Some(Err(error)) => {
                self.failed = true;
                Err(error.clone())
            }
            None => Err(self.unplanned()),
        }
    }

    fn notify(&mut self, text: &str) -> Result<(), EffectError> {
        self.notice(EffectKind::Notify, text)
    }

    fn speak(&mut self, text: &str) -> Result<(), EffectError> {
        self.notice(EffectKind::Speak, text)
    }

    fn publish(&mut self, publication: Publication) -> Result<(), EffectError> {
        self.may(EffectKind::Publish)?;
        let Publication { topic, payload } = publication;
        let Manifest { name, payloads, .. } = self.own.manifest;
        let skill = name.clone();
        let declared = match payloads.get(&topic) {
            _ if payload.len() > LONGEST_PAYLOAD => Err("it is too long".to_owned()),
            None => Err("its topic is not among `payloads`".to_owned()),
            Some(declared) => match serde_json::from_str(&payload) {
                Ok(payload) => declared.check(&payload),
                Err(_) => Err("it is no JSON".to_owned()),
            },
        };
        if let Err(reason) = declared {
            tracing::warn!(
                skill,
                reason,
                "what a skill wanted to publish is not as declared"
            );
            return Err(EffectError(format!(
                "The skill {skill} wanted to publish something that it has not declared."
            )));
        }
        self.told.push(Event::SkillPublished {
            skill,
            topic,
            payload,
        });
        self.done(EffectKind::Publish, None);
        Ok(())
    }
}

impl Acting<'_> {
    fn notice(&mut self, kind: EffectKind, text: &str) -> Result<(), EffectError> {
        self.may(kind)?;
        let skill = self.own.manifest.name.clone();
        let text = text.trim();
        if !(1..=LONGEST_NOTICE).contains(&text.chars().count()) {
            return Err(EffectError(format!(
                "The skill {skill} wanted to tell what is no sentence."
            )));
        }
        // On every screen it is a card of its own.
        let line = CardLine {
            name: None,
            text: text.to_owned(),
        };
        let card = Card {
            skill: skill.clone(),
            id: NOTICE.into(),
            title: skill.clone(),
            lines: vec![line],
            say: Vec::new(),
            stays_ms: NOTICE_STAYS_MS,
        };
        self.told.push(Event::VisualCardUpdate(card.bounded()));
        self.told.push(Event::SkillNotice {
            skill,
            text: text.to_owned(),
            aloud: kind == EffectKind::Speak,
        });
        self.done(kind, None);
        Ok(())
    }
}

/// What the card of a notice is called.
const NOTICE: &str = "loqa.notice";
/// How long it is shown.
const NOTICE_STAYS_MS: u64 = 10 * 60_000;
/// Longest notice, letters.
const LONGEST_NOTICE: usize = 200;
/// Longest message that a skill publishes, bytes.
const LONGEST_PAYLOAD: usize = 8000;
/// Longest key of what a skill keeps, bytes.
const LONGEST_KEY: usize = 64;

impl Reads for Acting<'_> {
    fn now(&self, zone: Option<&str>) -> Option<Civil> {
        self.view().now(zone)
    }

    fn timers(&self) -> Vec<Timer> {
        self.view().timers()
    }

    fn devices(&self) -> Vec<Device> {
        self.view().devices()
    }

    fn areas(&self) -> Vec<Area> {
        self.view().areas()
    }

    fn list(&self, list: &str) -> Vec<String> {
        self.view().list(list)
    }

    fn setting(&self, name: &str) -> Option<Value> {
        self.view().setting(name)
    }

    fn stored(&self, key: &str) -> Option<String> {
        self.view().stored(key)
    }

    fn stored_keys(&self) -> Vec<String> {
        self.view().stored_keys()
    }

    fn alarms(&self) -> Vec<Alarm> {
        self.view().alarms()
    }
}

pub(super) fn milliseconds(seconds: u64) -> i64 {
    i64::try_from(seconds)
        .unwrap_or(i64::MAX)
        .saturating_mul(1000)
}
