//! What Loqa answers by itself: the skill `loqa`.

use super::deeds::Deed;
use crate::{config::Patience, people::NODE, store::Household};
use loqa_core::home::Routine;
use loqa_skill_sdk::{
    Alarm, AlarmState, Device, DeviceCommand, DeviceEffect, DeviceState, Effect, Plan, Timer,
    TimerState, wording,
};
use std::cmp::Ordering;

/// Its name.
pub const NAME: &str = "loqa";
/// There is nothing to take back or explain.
pub const NOTHING_DONE: &str = "I haven't done anything in the last 15 minutes.";
/// What happened cannot be taken back.
pub const NO_WAY_BACK: &str = "I can't undo that.";

/// Id of Loqa's own voice: a device of no household (their ids have no dot), kept with theirs.
pub const VOICE: &str = "loqa.voice";

/// How much louder "speak up" is, percent.
const VOLUME_STEP: u8 = 10;
/// Below this nobody would hear the way back, percent.
const MIN_VOLUME: u8 = 10;

/// Sentences told at a time.
const SUGGESTIONS: usize = 4;

/// How loud Loqa speaks and rings, percent.
pub fn volume(household: &Household) -> u8 {
    volume_of(household, VOICE)
}

/// How loud one of its voices is, percent.
pub fn volume_of(household: &Household, voice: &str) -> u8 {
    let voice = household.devices.get(voice);
    voice.and_then(|voice| voice.volume).unwrap_or(100)
}

/// Id of the voice that answers at a place: a node has one of its own.
pub fn voice_at(place: &str) -> String {
    match place.strip_prefix(NODE) {
        Some(node) => format!("{VOICE}.{node}"),
        None => VOICE.into(),
    }
}

/// Whether this is the id of one of its voices.
pub fn is_voice(device: &str) -> bool {
    let rest = device.strip_prefix(VOICE);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// One of its voices, as a device.
pub fn voice(household: &Household, id: &str) -> Device {
    Device {
        id: id.into(),
        name: "my voice".into(),
        area: None,
        kind: "voice".into(),
        confirm: false,
        features: Vec::new(),
        state: DeviceState {
            volume: Some(volume_of(household, id)),
            ..household.devices.get(id).cloned().unwrap_or_default()
        },
    }
}

/// How patient it is, if somebody has asked for more time or less; kept as how soon it answers.
pub fn patience(household: &Household) -> Option<Patience> {
    Some(match household.devices.get(VOICE)?.speed? {
        0..33 => Patience::VeryPatient,
        33..66 => Patience::Patient,
        _ => Patience::Normal,
    })
}

/// "Give me more time", "answer faster", "normal speed": from so patient to so patient.
pub fn wait(now: Patience, then: Patience) -> Plan {
    let reply = match (now.cmp(&then), then) {
        (Ordering::Less, _) => "I'll wait longer for you.",
        (Ordering::Greater, Patience::Patient) => "I'll answer faster.",
        (Ordering::Equal, Patience::VeryPatient) => "I can't wait any longer.",
        _ => "I'll answer at normal speed.",
    };
    let speed = match then {
        Patience::VeryPatient => 10,
        Patience::Patient => 50,
        Patience::Normal => 100,
    };
    let change = Effect::Device(DeviceEffect {
        device: VOICE.into(),
        command: DeviceCommand::Speed(speed),
    });
    Plan {
        effects: (now != then).then_some(change).into_iter().collect(),
        reply: reply.into(),
        ..Plan::default()
    }
}

/// "Speak louder", "speak quieter", said to this voice.
pub fn speak(louder: bool, household: &Household, voice: &str) -> Plan {
    let now = volume_of(household, voice);
    let then = if louder {
        now.saturating_add(VOLUME_STEP).min(100)
    } else {
        now.saturating_sub(VOLUME_STEP).max(MIN_VOLUME)
    };
    if then == now {
        let how = if louder { "louder" } else { "quieter" };
        return Plan {
            reply: format!("I can't speak any {how}."),
            ..Plan::default()
        };
    }
    Plan {
        effects: vec![Effect::Device(DeviceEffect {
            device: voice.into(),
            command: DeviceCommand::Volume(then),
        })],
        reply: format!("My voice is at {then} percent."),
        ..Plan::default()
    }
}

/// "Why did you do that?"
pub fn why(latest: Option<&Deed>, timers: &[Timer], alarms: &[Alarm]) -> String {
    let ringing: Vec<String> = timers
        .iter()
        .filter(|timer| timer.state == TimerState::Ringing)
        .map(timer_name)
        .collect();
    if !ringing.is_empty() {
        return format!("Because {} ended.", wording::join(&ringing));
    }
    let due = alarms
        .iter()
        .find(|alarm| alarm.state == AlarmState::Ringing);
    if let Some(alarm) = due {
        let time = wording::time(alarm.at);
        return match &alarm.text {
            Some(text) => format!("Because I was to remind you: {text}."),
            None => format!("Because you have an alarm at {time}."),
        };
    }
    let Some(deed) = latest else {
        return NOTHING_DONE.into();
    };
    let minutes = deed.at.elapsed().as_secs() / 60;
    let ago = if minutes == 0 {
        String::new()
    } else {
        format!(" {} ago", wording::count(minutes, "minute"))
    };
    format!("Because you said{ago}: {}.", deed.text)
}

/// "What can I say?": some of `suggestions`, others each time (`round` counts).
pub fn help(suggestions: &[String], round: usize) -> String {
    if suggestions.is_empty() {
        return "No skills are installed.".into();
    }
    let start = round * SUGGESTIONS;
    let some: Vec<&str> = (0..SUGGESTIONS.min(suggestions.len()))
        .map(|offset| {
            suggestions[(start + offset) % suggestions.len()].trim_end_matches(['.', '?', '!'])
        })
        .collect();
    format!("You can say, for example: {}.", some.join("; "))
}

/// "What does good morning do?"
pub fn routine_told(routine: &Routine) -> String {
    let name = wording::sentence(&routine.name);
    let steps: Vec<&str> = routine.steps.iter().map(|step| plain(step)).collect();
    format!("{name} does this: {}.", steps.join("; "))
}

/// That a routine is not done, as one of its sentences is no step.
pub fn routine_unfit(routine: &Routine, unfit: &str) -> String {
    let (name, unfit) = (&routine.name, plain(unfit));
    format!("I can't do {name}, because I don't understand one of its steps: {unfit}.")
}

/// A sentence without its full stop.
fn plain(sentence: &str) -> &str {
    sentence.trim().trim_end_matches(['.', '?', '!'])
}

/// Says that something was taken back, given what the skills said about it.
pub fn undone(replies: &str) -> String {
    let mut words = replies.splitn(2, ' ');
    match (words.next(), words.next()) {
        (Some(first @ ("The" | "Your" | "All" | "Both")), Some(rest)) => {
            format!("OK, {} {rest}", first.to_lowercase())
        }
        _ => format!("OK. {replies}"),
    }
}

/// `your pasta timer`, `your 10 minute timer`.
pub fn timer_name(timer: &Timer) -> String {
    match &timer.name {
        Some(name) => format!("your {name} timer"),
        None => format!("your {} timer", wording::adjective(timer.total_s)),
    }
}
