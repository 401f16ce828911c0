//! What a step of a turn would do and say.

use super::{Inner, carry::At, lock};
use crate::{
    config::Patience,
    skills::{
        bounds, cards,
        effects::{self, Stage},
        elsewhere::{Answers, denied},
        household::Moment,
        own,
        registry::Registry,
        schedule,
        view::View,
    },
    store::Household,
};
use loqa_core::{
    grammar::{Context, SlotValue, Step},
    manifest::reply,
    policy::Risk,
    seams::{HostError, PrepareRequest},
};
use loqa_skill_sdk::{
    AlarmOp, AlarmState, Ask, DeviceCommand, DeviceEffect, Effect, ListEffect, Plan, Reads,
    Request, TimerOp, TimerState,
};
use std::{fmt, sync::atomic::Ordering::Relaxed};

/// What one step would do and say.
pub(super) enum Prospect {
    Do(Plan),
    Ask { context: Context, question: String },
    Undo(u64, Plan),
}

impl Inner {
    /// What a step would do and say.
    pub(super) fn prospect(
        &self,
        registry: &Registry,
        step: &Step,
        request: &PrepareRequest,
        view: &View<'_>,
        moment: &Moment,
    ) -> Result<Prospect, HostError> {
        let manifest = registry.manifest(&step.skill);
        let manifest = manifest.ok_or_else(|| {
            HostError::Failed(format!("The skill {} is not installed.", step.skill))
        })?;
        let intent = manifest.intent(&step.intent);
        let mut plan = if step.skill == own::NAME && registry.code(own::NAME).is_none() {
            match self.own(registry, step, request, view, moment) {
                Prospect::Do(plan) => plan,
                other => return Ok(other),
            }
        } else if let Some(code) = registry.code(&step.skill) {
            let prepared = {
                let view = view.of(registry.own_of(manifest));
                code.prepare(&self.request(step, request, &view), &view)
            };
            match prepared.map_err(|error| HostError::Failed(error.to_string()))? {
                loqa_skill_sdk::Prepared::Plan(plan) => Plan {
                    reply: bounds::spoken(&plan.reply),
                    confirm: plan.confirm.as_deref().map(bounds::spoken),
                    ..plan
                },
                loqa_skill_sdk::Prepared::Say(reply) => {
                    return Ok(Prospect::Do(say(bounds::spoken(&reply))));
                }
                loqa_skill_sdk::Prepared::Ask(Ask { followup, question }) => {
                    let context = Context::FollowUp {
                        skill: step.skill.clone(),
                        name: followup,
                    };
                    let question = bounds::spoken(&question);
                    return Ok(Prospect::Ask { context, question });
                }
            }
        } else {
            let template = intent
                .and_then(|intent| intent.reply.as_deref())
                .unwrap_or("OK.");
            let card = intent.and_then(|intent| intent.card.as_ref());
            Plan {
                card: card.map(|card| cards::filled(card, step, &view.home)),
                ..say(reply::render(template, &step.slots, &view.home))
            }
        };
        for effect in plan.effects.iter().chain(&plan.undo) {
            let lacking = effects::lacking(effect, manifest);
            if let Some(permission) = lacking.map_err(|error| HostError::Failed(error.0))? {
                // It is prepared after each word: one row an utterance.
                let last = &mut *lock(&self.refused);
                if last.replace(request.utterance) != Some(request.utterance) {
                    registry.refused(&manifest.name, &permission);
                }
                return Err(HostError::Failed(denied(&manifest.name, &permission).0));
            }
        }
        let graves = graves(&plan.effects, view);
        let asked = plan.confirm.as_deref().map(str::to_lowercase);
        if !graves.iter().all(|grave| grave.is_named_in(&asked)) {
            // A person says "yes" to what is done, whatever the skill calls it.
            let does: Vec<String> = graves.iter().map(ToString::to_string).collect();
            plan.confirm = Some(format!(
                "You said: {}. That would {}. Shall I do that?",
                request.text,
                does.join(" and ")
            ));
        } else if plan.confirm.is_none() && intent.is_some_and(|intent| intent.confirm) {
            plan.confirm = Some(format!("You said: {}. Shall I do that?", request.text));
        }
        Ok(Prospect::Do(plan))
    }

    fn request(&self, step: &Step, request: &PrepareRequest, view: &View<'_>) -> Request {
        let now = self.house.zoned(view.wall);
        let slots = step
            .slots
            .iter()
            .map(|(name, value)| (name.clone(), (&value.to_json(&now)).into()))
            .collect();
        Request {
            intent: step.intent.clone(),
            slots,
            room: request.room.clone(),
        }
    }

    /// What the skill `loqa` would do.
    fn own(
        &self,
        registry: &Registry,
        step: &Step,
        request: &PrepareRequest,
        view: &View<'_>,
        moment: &Moment,
    ) -> Prospect {
        let timers = view.timers();
        match step.intent.as_str() {
            "stop" => {
                let ringing = timers
                    .into_iter()
                    .filter(|timer| timer.state == TimerState::Ringing);
                let timers = ringing.map(|timer| Effect::Timer(TimerOp::Cancel(timer.id)));
                let alarms = view.alarms().into_iter();
                let alarms = alarms
                    .filter(|alarm| alarm.state == AlarmState::Ringing)
                    .map(|alarm| Effect::Alarm(AlarmOp::Stop(alarm.id)));
                let effects = timers.chain(alarms).collect();
                Prospect::Do(Plan {
                    effects,
                    ..Plan::default()
                })
            }
            "why" => Prospect::Do(say(own::why(
                lock(&self.deeds).latest(request.utterance),
                &timers,
                &view.alarms(),
            ))),
            "help" => Prospect::Do(say(own::help(
                &lock(&self.suggestions),
                self.helped.fetch_add(1, Relaxed),
            ))),
            "routine" | "routine_told" => {
                let text = |name: &str| {
                    let mut slots = step.slots.iter();
                    slots.find_map(|(slot, value)| match value {
                        SlotValue::Item(value) if slot == name => value.as_str(),
                        SlotValue::Text(text) if slot == name => Some(text.as_str()),
                        _ => None,
                    })
                };
                let routine = text("routine").and_then(|id| view.home.routine(id));
                // It was taken away while somebody spoke of it.
                let Some(routine) = routine else {
                    return Prospect::Do(Plan::default());
                };
                Prospect::Do(say(match text("unfit") {
                    Some(unfit) => own::routine_unfit(routine, unfit),
                    None => own::routine_told(routine),
                }))
            }
            "schedule" | "scheduled" | "unschedule" => {
                let Some(now) = view.now(None) else {
                    return Prospect::Do(say("I don't know what time it is.".into()));
                };
                let asked = self.request(step, request, view);
                Prospect::Do(match step.intent.as_str() {
                    "schedule" => {
                        let mut deeds = lock(&self.deeds);
                        schedule::set(&asked, deeds.latest_of_skills(request.utterance), now)
                    }
                    "scheduled" => say(schedule::told(&view.schedules(), now)),
                    _ => schedule::cancel(&asked, &view.schedules(), now),
                })
            }
            "speak_louder" => Prospect::Do(own::speak(
                true,
                &moment.household,
                &own::voice_at(&request.place),
            )),
            "speak_quieter" => Prospect::Do(own::speak(
                false,
                &moment.household,
                &own::voice_at(&request.place),
            )),
            "more_time" | "less_time" | "normal_time" => {
                let now = own::patience(&moment.household).unwrap_or(self.house.patience);
                let then = match step.intent.as_str() {
                    "more_time" => now.more(),
                    "less_time" => now.less(),
                    _ => Patience::Normal,
                };
                Prospect::Do(own::wait(now, then))
            }
            "undo" => {
                let latest = lock(&self.deeds).latest(request.utterance).cloned();
                let Some(deed) = latest else {
                    return Prospect::Do(say(own::NOTHING_DONE.into()));
                };
                let effects: Vec<Effect> = deed
                    .steps
                    .iter()
                    .flat_map(|step| step.compensators.iter().cloned())
                    .collect();
                if effects.is_empty() {
                    return Prospect::Do(say(own::NO_WAY_BACK.into()));
                }
                // A rehearsal on a copy tells what will be said.
                let mut copy = Household::clone(&moment.household);
                let answers = Answers::new();
                let at = At {
                    moment,
                    answers: &answers,
                    place: &request.place,
                };
                let rehearsed =
                    self.take_back(registry, Stage::Rehearsal, &deed.steps, &mut copy, at);
                let reply = rehearsed.map_or_else(|error| error.0, |done| done.reply);
                let grave = !graves(&effects, view).is_empty();
                let confirm = grave.then(|| format!("You said: {}. Shall I undo that?", deed.text));
                Prospect::Undo(
                    deed.number,
                    Plan {
                        effects,
                        reply,
                        confirm,
                        ..Plan::default()
                    },
                )
            }
            // The turn machine acts on the others.
            _ => Prospect::Do(Plan::default()),
        }
    }
}

/// What could go wrong if somebody has a step done who should not: what its intent says, and what it does to
/// doors and the like. What does nothing is not risky.
pub(super) fn risk(registry: &Registry, step: &Step, plan: &Plan, view: &View<'_>) -> Risk {
    let manifest = registry.manifest(&step.skill);
    let intent = manifest.and_then(|it| it.intent(&step.intent));
    let declared = intent.map_or(Risk::Everyday, |intent| intent.risk);
    match declared {
        Risk::Risky if plan.effects.is_empty() => Risk::Everyday,
        _ if !graves(&plan.effects, view).is_empty() => Risk::Risky,
        declared => declared,
    }
}

/// Something that a person must say "yes" to first.
struct Grave {
    verb: &'static str,
    name: String,
}

impl Grave {
    /// Whether a question, in small letters, tells of it.
    fn is_named_in(&self, question: &Option<String>) -> bool {
        let named = |question: &String| {
            question.contains(&self.name.to_lowercase())
                && (self.verb == CHANGE || question.contains(self.verb))
        };
        question.as_ref().is_some_and(named)
    }
}

impl fmt::Display for Grave {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} the {}", self.verb, self.name)
    }
}

/// What is neither opening nor unlocking; a skill has better words for it.
const CHANGE: &str = "change";

/// What a person must say "yes" to first, whatever the skill thinks.
fn graves(effects: &[Effect], view: &View<'_>) -> Vec<Grave> {
    let grave = |effect: &Effect| {
        let (device, verb) = match effect {
            Effect::Device(DeviceEffect { device, command }) => {
                let device = view.device(device)?;
                let verb = match command {
                    _ if !device.must_confirm(command) => return None,
                    DeviceCommand::Lock(false) => "unlock",
                    DeviceCommand::Restore(state) if state.locked == Some(false) => "unlock",
                    DeviceCommand::Position(percent) if *percent > 0 => "open",
                    DeviceCommand::Restore(state) if state.position > Some(0) => "open",
                    _ => CHANGE,
                };
                (device, verb)
            }
            Effect::List(ListEffect { list, .. }) => {
                (view.device(list).filter(|list| list.confirm)?, CHANGE)
            }
            _ => return None,
        };
        Some(Grave {
            verb,
            name: device.name,
        })
    };
    effects.iter().filter_map(grave).collect()
}

fn say(reply: String) -> Plan {
    Plan {
        reply,
        ..Plan::default()
    }
}
