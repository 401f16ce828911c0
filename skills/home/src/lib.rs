//! The home: lights, switches, covers, locks, climate, fans, media, scenes, scripts, lists and notes.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod act;
mod confirm;
mod lists;
mod notes;
mod query;
mod reply;
mod target;

use alloc::{borrow::ToOwned, format, string::String, vec::Vec};
use loqa_skill_sdk::{
    Device, DeviceCommand, DeviceEffect, DeviceState, Effect, EffectError, Effects, ListEffect,
    ListOp, Plan, Prepared, Reads, Request, Skill, Value,
};

/// The skill's `skill.yaml`.
pub const MANIFEST: &str = include_str!("../skill.yaml");

/// Failures told one by one; more are counted.
const MAX_FAILED: usize = 2;

/// The home skill.
pub struct Home;

impl Skill for Home {
    fn prepare(&self, request: &Request, reads: &dyn Reads) -> Prepared {
        let answer = match request.intent.as_str() {
            "list_add" | "list_remove" | "list_read" | "list_has" | "list_clear" => {
                lists::prepare(request, reads)
            }
            "note_add" | "note_read" | "note_last" | "note_remove" | "note_clear" => {
                Ok(notes::prepare(request, reads))
            }
            "is" | "which" | "temperature" | "status" => {
                Ok(Prepared::Say(query::answer(request, reads)))
            }
            _ => act::commands(request, reads).map(|commands| plan(commands, reads)),
        };
        answer.unwrap_or_else(Prepared::Say)
    }

    fn commit(&self, plan: &Plan, effects: &mut dyn Effects) -> Result<String, EffectError> {
        let devices = effects.devices();
        let mut done = Vec::new();
        let mut changed = Vec::new();
        // One that fails keeps no other from what it was told.
        let mut failed: Vec<EffectError> = Vec::new();
        for effect in &plan.effects {
            match effect {
                Effect::Device(DeviceEffect {
                    device: id,
                    command,
                }) => {
                    let state = match effects.device(id, command.clone()) {
                        Ok(state) => state,
                        Err(error) => {
                            if !failed.contains(&error) {
                                failed.push(error);
                            }
                            continue;
                        }
                    };
                    let device = devices.iter().find(|device| device.id == *id);
                    let device = device
                        .ok_or_else(|| EffectError(format!("There is no device {id} any more.")))?;
                    done.push((device, command.clone(), state));
                }
                Effect::List(ListEffect { list, op }) => {
                    effects.change_list(list, op.clone())?;
                    changed.push((list.clone(), op.clone()));
                }
                _ => {}
            }
        }
        if done.is_empty()
            && changed.is_empty()
            && let Some(error) = failed.first()
        {
            return Err(error.clone());
        }
        let parts = [
            reply::done(&done, &devices, &effects.areas()),
            lists::done(&changed, &devices),
        ];
        // Nobody wants to hear of them all.
        if let Some(others) = failed.len().checked_sub(MAX_FAILED).filter(|it| *it > 1) {
            let others = format!("{others} others failed as well.");
            failed.splice(MAX_FAILED.., [EffectError(others)]);
        }
        let reply = parts
            .into_iter()
            .chain(failed.into_iter().map(|error| error.0))
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" ");
        Ok(if reply.is_empty() {
            plan.reply.clone()
        } else {
            reply
        })
    }
}

/// Commands as a plan that says what their results will be.
fn plan(commands: Vec<(Device, DeviceCommand)>, reads: &dyn Reads) -> Prepared {
    let devices = reads.devices();
    let done: Vec<(&Device, DeviceCommand, DeviceState)> = commands
        .iter()
        .map(|(device, command)| (device, command.clone(), device.state.clone().after(command)))
        .collect();
    let reply = reply::done(&done, &devices, &reads.areas());
    let confirm = confirm::question(&commands);
    let effects = commands
        .into_iter()
        .map(|(device, command)| {
            Effect::Device(DeviceEffect {
                device: device.id,
                command,
            })
        })
        .collect();
    Prepared::Plan(Plan {
        effects,
        reply,
        confirm,
        ..Plan::default()
    })
}

/// A plan of changes to one list.
fn list_plan(list: &str, ops: Vec<ListOp>, confirm: Option<String>, reads: &dyn Reads) -> Prepared {
    let changed: Vec<(String, ListOp)> =
        ops.iter().map(|op| (list.to_owned(), op.clone())).collect();
    let reply = lists::done(&changed, &reads.devices());
    let effects = ops
        .into_iter()
        .map(|op| {
            Effect::List(ListEffect {
                list: list.to_owned(),
                op,
            })
        })
        .collect();
    Prepared::Plan(Plan {
        effects,
        reply,
        confirm,
        ..Plan::default()
    })
}

fn text<'r>(request: &'r Request, slot: &str) -> Option<&'r str> {
    request.slot(slot).and_then(Value::as_str)
}

fn number(request: &Request, slot: &str) -> Option<f64> {
    request.slot(slot).and_then(Value::as_f64)
}

/// A slot from 0 to 100.
fn percent(request: &Request, slot: &str) -> Option<u8> {
    number(request, slot).map(|percent| percent.clamp(0.0, 100.0) as u8)
}

#[cfg(test)]
mod tests;

loqa_skill_sdk::component!(Home);
