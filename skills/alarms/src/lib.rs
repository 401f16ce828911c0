//! Alarms and reminders: at a time of day, in a while, or every week.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod choice;
mod reply;

use alloc::{borrow::ToOwned, string::String, vec, vec::Vec};
use choice::{Choice, Wanted};
use loqa_skill_sdk::{
    Alarm, AlarmOp, AlarmSet, AlarmState, AlarmTime, Ask, Civil, Effect, EffectError, Effects,
    Plan, Prepared, Reads, Request, Skill, Value,
    when::{self, When},
};

/// The skill's `skill.yaml`.
pub const MANIFEST: &str = include_str!("../skill.yaml");

/// How long an alarm stays silent if nobody says how long, s.
const SNOOZE_S: u64 = 600;
/// The longest it may, s.
const LONGEST_SNOOZE_S: u64 = 86_400;

/// The skill of alarms and reminders.
pub struct Alarms;

impl Skill for Alarms {
    fn prepare(&self, request: &Request, reads: &dyn Reads) -> Prepared {
        let Some(now) = reads.now(None) else {
            return say("I don't know what time it is.");
        };
        let alarms = reads.alarms();
        let wanted = Wanted::of(request, now);
        match request.intent.as_str() {
            "wake" => set(request, None, now),
            "remind" => match choice::text(request) {
                Some(text) => set(request, Some(text), now),
                None => ask("what", "What shall I remind you of?"),
            },
            "next" => Prepared::Say(reply::next(&alarms, wanted.kind, now)),
            "cancel" => cancel(&wanted, alarms, now),
            "cancel_all" => {
                let kind = wanted.kind;
                let all: Vec<Alarm> = alarms.into_iter().filter(|it| kind.is(it)).collect();
                match all.is_empty() {
                    true => Prepared::Say(reply::none(kind)),
                    false => each(all, now, |alarm| AlarmOp::Cancel(alarm.id)),
                }
            }
            "snooze" => snooze(request, alarms, now),
            "skip" => skip(&wanted, alarms, now),
            _ => Prepared::Say(reply::all(&alarms, wanted.kind, now)),
        }
    }

    fn commit(&self, plan: &Plan, effects: &mut dyn Effects) -> Result<String, EffectError> {
        let mut done = Vec::new();
        for effect in &plan.effects {
            let Effect::Alarm(op) = effect else { continue };
            let alarm = effects.alarm(op.clone())?;
            done.push((op.clone(), alarm));
        }
        Ok(match effects.now(None) {
            Some(now) if !done.is_empty() => reply::done(&done, now),
            _ => plan.reply.clone(),
        })
    }
}

fn set(request: &Request, text: Option<String>, now: Civil) -> Prepared {
    let when = match when::of(request, now, text.is_none()) {
        When::Time(time) => time,
        When::NoTime => return ask("when", "At what time?"),
        When::Nothing => return ask("when", "When?"),
        When::Past => return say("That time has passed."),
        When::TooFar => return say("That is too far away: I can wait for a year."),
    };
    let (every, at) = match when {
        AlarmTime::At(at) => (None, at),
        AlarmTime::After(_) => (None, now),
        AlarmTime::Every(every) => (Some(every), every.next(now)),
    };
    let alarm = Alarm {
        id: 0,
        text: text.clone(),
        every,
        at,
        at_ms: 0,
        state: AlarmState::Waiting,
    };
    plan(vec![(AlarmOp::Set(AlarmSet { text, when }), alarm)], now)
}

fn cancel(wanted: &Wanted, alarms: Vec<Alarm>, now: Civil) -> Prepared {
    let rings = |alarm: &Alarm| alarm.state == AlarmState::Ringing && wanted.kind.is(alarm);
    if wanted.is_any() && alarms.iter().any(rings) {
        let ringing = alarms.into_iter().filter(rings).collect();
        return each(ringing, now, |alarm| AlarmOp::Stop(alarm.id));
    }
    match wanted.choose(alarms, now) {
        // "Cancel tomorrow's alarm" is not about the days after it.
        Choice::These(these) if wanted.on.is_some() => each(these, now, leave_out),
        Choice::These(these) => each(these, now, |alarm| AlarmOp::Cancel(alarm.id)),
        Choice::Unclear(question) => ask("which", &question),
        Choice::Nothing(reply) => Prepared::Say(reply),
    }
}

fn snooze(request: &Request, alarms: Vec<Alarm>, now: Civil) -> Prepared {
    let seconds = match request.slot("duration").and_then(Value::as_u64) {
        None => SNOOZE_S,
        Some(seconds @ 1..=LONGEST_SNOOZE_S) => seconds,
        Some(_) => return say("I can snooze for a second, for a day, and anything between."),
    };
    let (ringing, others): (Vec<Alarm>, Vec<Alarm>) = alarms
        .into_iter()
        .partition(|alarm| alarm.state == AlarmState::Ringing);
    // A reminder has been said before anybody can answer it.
    let missed = others
        .into_iter()
        .filter(|alarm| alarm.state == AlarmState::Missed)
        .max_by_key(|alarm| alarm.at_ms);
    let these: Vec<Alarm> = match ringing.is_empty() {
        true => missed.into_iter().collect(),
        false => ringing,
    };
    match these.is_empty() {
        true => say("No alarm is ringing."),
        false => each(these, now, |alarm| AlarmOp::Snooze((alarm.id, seconds))),
    }
}

fn skip(wanted: &Wanted, alarms: Vec<Alarm>, now: Civil) -> Prepared {
    let to_come = alarms
        .into_iter()
        .filter(|alarm| matches!(alarm.state, AlarmState::Waiting | AlarmState::Snoozed))
        .collect();
    let mut these = wanted.matching(to_come);
    if these.is_empty() {
        return Prepared::Say(wanted.none(now));
    }
    if wanted.on.is_none() {
        these.sort_by_key(choice::order);
        these.truncate(1);
    }
    each(these, now, leave_out)
}

/// Has an alarm not ring the next time.
fn leave_out(alarm: &Alarm) -> AlarmOp {
    match alarm.every {
        Some(_) => AlarmOp::Skip(alarm.id),
        None => AlarmOp::Cancel(alarm.id),
    }
}

/// Does the same to each, and tells what that makes of it.
fn each(alarms: Vec<Alarm>, now: Civil, op: impl Fn(&Alarm) -> AlarmOp) -> Prepared {
    let after = |mut alarm: Alarm| {
        let op = op(&alarm);
        if let (AlarmOp::Skip(_), Some(every)) = (&op, alarm.every) {
            alarm.at = every.next(alarm.at);
        }
        (op, alarm)
    };
    plan(alarms.into_iter().map(after).collect(), now)
}

fn plan(done: Vec<(AlarmOp, Alarm)>, now: Civil) -> Prepared {
    let reply = reply::done(&done, now);
    let effects = done.into_iter().map(|(op, _)| Effect::Alarm(op)).collect();
    Prepared::Plan(Plan {
        effects,
        reply,
        confirm: None,
        ..Plan::default()
    })
}

fn say(reply: &str) -> Prepared {
    Prepared::Say(reply.to_owned())
}

fn ask(followup: &str, question: &str) -> Prepared {
    Prepared::Ask(Ask {
        followup: followup.to_owned(),
        question: question.to_owned(),
    })
}

#[cfg(test)]
mod tests;

loqa_skill_sdk::component!(Alarms);
