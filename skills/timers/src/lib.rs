//! Timers: named or not, several at once.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod choice;
mod reply;

use alloc::{borrow::ToOwned, format, string::String, vec, vec::Vec};
use choice::{Choice, Wanted};
use loqa_skill_sdk::{
    Ask, Effect, EffectError, Effects, Plan, Prepared, Reads, Request, Skill, Timer, TimerOp,
    TimerStart, TimerState, Value, wording,
};

/// The skill's `skill.yaml`.
pub const MANIFEST: &str = include_str!("../skill.yaml");

/// Longest timer, s: 31 days.
const MAX_S: u64 = 31 * 86_400;

/// The timers skill.
pub struct Timers;

impl Skill for Timers {
    fn prepare(&self, request: &Request, reads: &dyn Reads) -> Prepared {
        let timers = reads.timers();
        let among = |states: &[TimerState]| -> Vec<Timer> {
            timers
                .iter()
                .filter(|timer| states.contains(&timer.state))
                .cloned()
                .collect()
        };
        let wanted = Wanted::of(request);
        match request.intent.as_str() {
            "set" => set(request),
            "left" => Prepared::Say(reply::left(&timers, &wanted)),
            "pause" => match among(&[TimerState::Running]) {
                running if running.is_empty() && !timers.is_empty() => {
                    Prepared::Say("No timer is running.".to_owned())
                }
                running => each(wanted.choose(running), TimerOp::Pause),
            },
            "resume" => match among(&[TimerState::Paused]) {
                paused if paused.is_empty() && !timers.is_empty() => {
                    Prepared::Say("No timer is paused.".to_owned())
                }
                paused => each(wanted.choose(paused), TimerOp::Resume),
            },
            "add" => change(request, wanted.choose(timers), 1),
            "take" => change(
                request,
                wanted.choose(among(&[TimerState::Running, TimerState::Paused])),
                -1,
            ),
            "cancel" => {
                let ringing = among(&[TimerState::Ringing]);
                let choice = match ringing.len() {
                    1 if wanted.is_any() => Choice::These(ringing),
                    _ => wanted.choose(timers),
                };
                each(choice, TimerOp::Cancel)
            }
            "cancel_all" if timers.is_empty() => Prepared::Say(reply::NONE.to_owned()),
            "cancel_all" => each(Choice::These(timers), TimerOp::Cancel),
            _ => Prepared::Say(reply::all(&timers)),
        }
    }

    fn commit(&self, plan: &Plan, effects: &mut dyn Effects) -> Result<String, EffectError> {
        let mut done = Vec::new();
        for effect in &plan.effects {
            let Effect::Timer(op) = effect else { continue };
            let timer = effects.timer(op.clone())?;
            done.push((op.clone(), timer));
        }
        Ok(if done.is_empty() {
            plan.reply.clone()
        } else {
            reply::done(&done)
        })
    }
}

fn set(request: &Request) -> Prepared {
    let Some(seconds) = seconds(request) else {
        return Prepared::Ask(Ask {
            followup: "how_long".to_owned(),
            question: "For how long?".to_owned(),
        });
    };
    let name = request
        .slot("name")
        .and_then(Value::as_str)
        .map(str::trim)
        .filter(|name| !name.is_empty());
    match seconds {
        0 => Prepared::Say("A timer needs at least one second.".to_owned()),
        1..=MAX_S => {
            let name = name.map(str::to_owned);
            let timer = Timer {
                id: 0,
                name: name.clone(),
                total_s: seconds,
                remaining_ms: 0,
                state: TimerState::Running,
            };
            plan(vec![(TimerOp::Start(TimerStart { name, seconds }), timer)])
        }
        _ => Prepared::Say("That is too long for a timer: I can count down 31 days.".to_owned()),
    }
}

fn each(choice: Choice, op: impl Fn(u64) -> TimerOp) -> Prepared {
    match choice {
        Choice::These(timers) => plan(
            timers
                .into_iter()
                .map(|timer| (op(timer.id), timer))
                .collect(),
        ),
        Choice::Unclear(timers) => Prepared::Ask(Ask {
            followup: "which".to_owned(),
            question: reply::which(&timers),
        }),
        Choice::Nothing(reply) => Prepared::Say(reply),
    }
}

/// Adds (`sign` 1) or takes (-1) the duration asked for.
fn change(request: &Request, choice: Choice, sign: i64) -> Prepared {
    let Some(seconds) = seconds(request).filter(|seconds| (1..=MAX_S).contains(seconds)) else {
        return Prepared::Say("I didn't get how much.".to_owned());
    };
    if let Choice::These(timers) = &choice {
        for timer in timers {
            if sign < 0 && timer.remaining_ms <= seconds * 1000 {
                let left = wording::about(timer.remaining_ms.div_ceil(1000));
                return Prepared::Say(format!("Only {left} left on {}.", reply::your(timer)));
            }
            if sign > 0 && timer.remaining_ms / 1000 + seconds > MAX_S {
                return Prepared::Say(
                    "That is too long for a timer: I can count down 31 days.".to_owned(),
                );
            }
        }
    }
    each(choice, |id| TimerOp::Add((id, sign * seconds as i64)))
}

fn seconds(request: &Request) -> Option<u64> {
    let number = |slot: &str| request.slot(slot).and_then(Value::as_f64);
    let seconds = number("duration").or(number("minutes").map(|minutes| minutes * 60.0))?;
    // Saturates: anything too large is refused as too long.
    (seconds >= 0.0).then_some(seconds as u64)
}

fn plan(done: Vec<(TimerOp, Timer)>) -> Prepared {
    let reply = reply::done(&done);
    let effects = done.into_iter().map(|(op, _)| Effect::Timer(op)).collect();
    Prepared::Plan(Plan {
        effects,
        reply,
        confirm: None,
        ..Plan::default()
    })
}

#[cfg(test)]
mod tests;

loqa_skill_sdk::component!(Timers);
