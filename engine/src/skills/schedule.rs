//! Commands at a time of day: "do that every day at eight". Each is kept as an alarm of Loqa's own,
//! whose text is the sentence that is done then; skills neither see nor change those.

use super::deeds::Deed;
use loqa_skill_sdk::{
    Alarm, AlarmOp, AlarmSet, AlarmState, AlarmTime, Civil, Effect, Plan, Request,
    when::{self, When},
    wording,
};

/// "Do that every day at eight": `deed` is what was done last.
pub fn set(request: &Request, deed: Option<&Deed>, now: Civil) -> Plan {
    let Some(deed) = deed else {
        return say("I haven't done anything in the last 15 minutes that I could do again.".into());
    };
    if deed.confirmed {
        return say("I only do that after somebody has said yes, so not by myself.".into());
    }
    // What was said in answer to a question stands behind a comma: it is no sentence.
    if deed.text.contains(',') {
        return say("Say that again in one sentence first, and then when I shall do it.".into());
    }
    let time = match when::of(request, now, false) {
        When::Time(time) => time,
        When::NoTime | When::Nothing => {
            return say("Say at what time, too: for example, do that every day at eight.".into());
        }
        When::Past => return say("That time has passed.".into()),
        When::TooFar => return say("That is too far away: I can wait for a year.".into()),
    };
    let (every, at) = match time {
        AlarmTime::At(at) => (None, at),
        AlarmTime::After(_) => (None, now),
        AlarmTime::Every(every) => (Some(every), every.next(now)),
    };
    let alarm = Alarm {
        id: 0,
        text: Some(deed.text.clone()),
        every,
        at,
        at_ms: 0,
        state: AlarmState::Waiting,
    };
    let when = match time {
        AlarmTime::After(seconds) => format!("in {}", wording::duration(seconds)),
        AlarmTime::At(_) | AlarmTime::Every(_) => format!("at {}", when::told(&alarm, now)),
    };
    let set = AlarmOp::Set(AlarmSet {
        text: alarm.text,
        when: time,
    });
    Plan {
        effects: vec![Effect::Alarm(set)],
        ..say(format!("I'll do this {when}: {}.", deed.text))
    }
}

/// "What is scheduled?"
pub fn told(schedules: &[Alarm], now: Civil) -> String {
    let told: Vec<String> = in_order(schedules)
        .into_iter()
        .map(|alarm| described(alarm, now))
        .collect();
    match told.is_empty() {
        true => "Nothing is scheduled.".into(),
        // Each has commas of its own.
        false => format!("This is scheduled: {}.", told.join("; ")),
    }
}

/// "Cancel the routine at eight."
pub fn cancel(request: &Request, schedules: &[Alarm], now: Civil) -> Plan {
    let times = when::times(request);
    let is_at = |alarm: &&Alarm| {
        let at = (alarm.at.hour, alarm.at.minute);
        times.is_none_or(|times| times.into_iter().flatten().any(|time| time == at))
    };
    let these: Vec<&Alarm> = in_order(schedules).into_iter().filter(is_at).collect();
    match these.as_slice() {
        [] if schedules.is_empty() => say("Nothing is scheduled.".into()),
        [] => say("Nothing is scheduled at that time.".into()),
        [only] => Plan {
            effects: vec![Effect::Alarm(AlarmOp::Cancel(only.id))],
            ..say(format!("I won't do this any more: {}.", sentence(only)))
        },
        several => {
            let several: Vec<String> = several.iter().map(|it| described(it, now)).collect();
            let several = several.join("; ");
            say(format!("Say at which time; this is scheduled: {several}."))
        }
    }
}

/// What is said once something of it has been taken back.
pub fn taken_back(back: &[Effect]) -> String {
    match back {
        [Effect::Alarm(AlarmOp::Cancel(_))] => "I won't do that by myself.".into(),
        [Effect::Alarm(AlarmOp::Restore(alarm))] => {
            format!("I'll do this again: {}.", sentence(alarm))
        }
        _ => String::new(),
    }
}

fn in_order(schedules: &[Alarm]) -> Vec<&Alarm> {
    let mut all: Vec<&Alarm> = schedules.iter().collect();
    all.sort_by_key(|alarm| alarm.at_ms);
    all
}

fn described(alarm: &Alarm, now: Civil) -> String {
    format!("{}, at {}", sentence(alarm), when::told(alarm, now))
}

fn sentence(alarm: &Alarm) -> &str {
    alarm.text.as_deref().unwrap_or_default()
}

fn say(reply: String) -> Plan {
    Plan {
        reply,
        ..Plan::default()
    }
}
