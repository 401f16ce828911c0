//! A command as the services of Home Assistant that carry it out, and how one tells that they have.

use super::{
    colour,
    entity::{Degrees, Entity, domain},
};
use loqa_core::home::DeviceKind;
use loqa_skill_sdk::{DeviceCommand, DeviceState};
use serde_json::{Map, Value, json};

/// One service, for one entity.
#[derive(Clone, PartialEq, Debug)]
pub struct Call {
    /// Such as `light`.
    pub domain: String,
    /// Such as `turn_on`.
    pub service: &'static str,
    /// What it is told.
    pub data: Map<String, Value>,
}

/// How far a command has come.
#[derive(Clone, PartialEq, Debug)]
pub enum Progress {
    /// The device is now as it says.
    Done(DeviceState),
    /// It has begun, and is not there yet.
    Moving,
    /// Nothing shows.
    Nothing,
}

/// What an entity lacks for a command, though its kind can do it.
pub fn cannot(entity: &Entity, command: &DeviceCommand) -> Option<&'static str> {
    let range = !entity.has("temperature") && entity.has("target_temp_high");
    match command {
        DeviceCommand::Temperature(_) if range => Some("keeps a range, not one temperature"),
        _ => None,
    }
}

/// What carries `command` out, all at once; nothing where there is nothing to do.
pub fn calls(id: &str, entity: &Entity, command: &DeviceCommand, degrees: Degrees) -> Vec<Call> {
    let domain = domain(id);
    let call = |service, data: Value| Call {
        domain: domain.to_owned(),
        service,
        data: match data {
            Value::Object(data) => data,
            _ => Map::new(),
        },
    };
    let power = |on: bool| {
        let service = if on { "turn_on" } else { "turn_off" };
        call(service, Value::Null)
    };
    let one = |service, data| vec![call(service, data)];
    match command {
        DeviceCommand::Power(on) => vec![power(*on)],
        DeviceCommand::Brightness(0) | DeviceCommand::Speed(0) => vec![power(false)],
        DeviceCommand::Brightness(level) => one("turn_on", json!({ "brightness_pct": level })),
        DeviceCommand::Colour(name) => one("turn_on", colour::data(name, entity).into()),
        DeviceCommand::Temperature(to) => one(
            "set_temperature",
            json!({ "temperature": degrees.there(*to) }),
        ),
        DeviceCommand::Position(100) => one("open_cover", Value::Null),
        DeviceCommand::Position(0) => one("close_cover", Value::Null),
        DeviceCommand::Position(to) => one("set_cover_position", json!({ "position": to })),
        DeviceCommand::Lock(true) => one("lock", Value::Null),
        DeviceCommand::Lock(false) => one("unlock", Value::Null),
        DeviceCommand::Play(true) => one("media_play", Value::Null),
        DeviceCommand::Play(false) => one("media_pause", Value::Null),
        DeviceCommand::Next => one("media_next_track", Value::Null),
        DeviceCommand::Previous => one("media_previous_track", Value::Null),
        DeviceCommand::Volume(0) => one("volume_mute", json!({ "is_volume_muted": true })),
        DeviceCommand::Volume(to) => {
            let mut calls = one(
                "volume_set",
                json!({ "volume_level": f64::from(*to) / 100.0 }),
            );
            if entity.attributes.get("is_volume_muted") == Some(&Value::Bool(true)) {
                calls.push(call("volume_mute", json!({ "is_volume_muted": false })));
            }
            calls
        }
        DeviceCommand::Speed(to) => one("set_percentage", json!({ "percentage": to })),
        DeviceCommand::Activate => vec![power(true)],
        DeviceCommand::Restore(before) => restore(domain, entity, before, degrees),
    }
}

/// What brings a state back. A light, a fan or a player that was off is off again, whatever else it
/// was.
fn restore(domain: &str, entity: &Entity, before: &DeviceState, degrees: Degrees) -> Vec<Call> {
    let id = format!("{domain}.");
    let calls = |command| calls(&id, entity, &command, degrees);
    if let Some(locked) = before.locked {
        return calls(DeviceCommand::Lock(locked));
    }
    if let Some(position) = before.position {
        return calls(DeviceCommand::Position(position));
    }
    if before.power == Some(false) {
        return calls(DeviceCommand::Power(false));
    }
    let mut all = Vec::new();
    match domain {
        "light" => {
            // Colour and brightness come in one, or the one would undo the other.
            let mut on = calls(match before.brightness {
                Some(level) => DeviceCommand::Brightness(level.max(1)),
                None => DeviceCommand::Power(true),
            });
            // It comes back in the colour that it went in.
            let now = colour::of(entity);
            if let (Some(on), Some(name)) = (on.first_mut(), &before.colour)
                && now.is_some_and(|now| now != name)
            {
                on.data.extend(colour::data(name, entity));
            }
            all.extend(on);
        }
        "media_player" => {
            // Not every player can be turned on, and one that plays need not be told to.
            if before.power == Some(true) && matches!(entity.state.as_str(), "off" | "standby") {
                all.extend(calls(DeviceCommand::Power(true)));
            }
            if let Some(volume) = before.volume {
                all.extend(calls(DeviceCommand::Volume(volume)));
            }
            if let Some(playing) = before.playing
                && playing != (entity.state == "playing")
            {
                all.extend(calls(DeviceCommand::Play(playing)));
            }
        }
        _ => {
            let command = (before
                .speed
                .filter(|speed| *speed > 0)
                .map(DeviceCommand::Speed))
            .or(before.temperature.map(DeviceCommand::Temperature))
            .or(before.power.map(DeviceCommand::Power));
            all.extend(command.map(calls).unwrap_or_default());
        }
    }
    all
}

/// Whether `command` shows in what Home Assistant tells now, of a device that was as `before`.
pub fn progress(
    kind: DeviceKind,
    entity: &Entity,
    before: &DeviceState,
    command: &DeviceCommand,
    degrees: Degrees,
) -> Progress {
    let now = entity.state(kind, degrees);
    // It takes its time, and is told of by where it goes.
    let moves = matches!(entity.state.as_str(), "opening" | "closing")
        || (kind == DeviceKind::Cover
            && before.position.is_some()
            && now.position != before.position);
    let near = |is: Option<u8>, wanted: u8, by: f64| {
        is.is_some_and(|is| (f64::from(is) - f64::from(wanted)).abs() <= by)
    };
    let done = match command {
        DeviceCommand::Power(on) => now.power == Some(*on),
        DeviceCommand::Brightness(0) | DeviceCommand::Speed(0) => now.power == Some(false),
        DeviceCommand::Brightness(level) => near(now.brightness, *level, 2.0),
        DeviceCommand::Colour(name) => {
            // A lamp shows it as well as it can.
            let colour = Some(name.clone());
            return match now.power {
                Some(true) => Progress::Done(DeviceState { colour, ..now }),
                _ => Progress::Nothing,
            };
        }
        DeviceCommand::Temperature(wanted) => {
            now.temperature.is_some_and(|is| (is - wanted).abs() < 0.6)
        }
        DeviceCommand::Position(wanted) => {
            if moves {
                let position = Some(*wanted);
                return Progress::Done(DeviceState { position, ..now });
            }
            near(now.position, *wanted, 2.0)
        }
        DeviceCommand::Lock(wanted) => {
            if matches!(entity.state.as_str(), "locking" | "unlocking") {
                return Progress::Moving;
            }
            now.locked == Some(*wanted)
        }
        DeviceCommand::Play(playing) => now.playing == Some(*playing),
        DeviceCommand::Volume(wanted) => near(now.volume, *wanted, 2.0),
        // Its steps may be few.
        DeviceCommand::Speed(wanted) => {
            let step = entity.number("percentage_step").unwrap_or(1.0);
            now.power == Some(true) && near(now.speed, *wanted, step)
        }
        // Nothing shows but that it was taken.
        DeviceCommand::Next | DeviceCommand::Previous | DeviceCommand::Activate => true,
        DeviceCommand::Restore(wanted) => {
            let same = |was: Option<bool>, is: Option<bool>| was.is_none() || was == is;
            match wanted.position {
                Some(position) if moves => {
                    let position = Some(position);
                    return Progress::Done(DeviceState { position, ..now });
                }
                Some(position) => near(now.position, position, 2.0),
                None => same(wanted.power, now.power) && same(wanted.locked, now.locked),
            }
        }
    };
    if done {
        Progress::Done(now)
    } else {
        Progress::Nothing
    }
}
