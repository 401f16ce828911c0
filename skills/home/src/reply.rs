//! What is said about devices, from their states.

use crate::target;
use alloc::{borrow::ToOwned, format, string::String, vec::Vec};
use loqa_skill_sdk::{Area, Device, DeviceCommand, DeviceState, wording};

/// Names told one by one; more are counted.
const MAX_NAMES: usize = 3;

/// What was done, from the results.
pub fn done(
    done: &[(&Device, DeviceCommand, DeviceState)],
    all: &[Device],
    areas: &[Area],
) -> String {
    let mut groups: Vec<(String, Vec<&Device>)> = Vec::new();
    for (device, command, state) in done {
        let outcome = outcome(device, command, state);
        match groups.iter_mut().find(|(known, _)| *known == outcome) {
            Some((_, devices)) => devices.push(device),
            None => groups.push((outcome, [*device].into())),
        }
    }
    let sentences = groups.iter().map(|(outcome, devices)| {
        // Scenes and scripts are named by what they do: "water the plants".
        if let [device] = devices.as_slice()
            && matches!(device.kind.as_str(), "scene" | "script")
        {
            let scene = device.kind == "scene";
            return if scene {
                format!("{} is on.", wording::sentence(&device.name))
            } else {
                format!("Started: {}.", device.name)
            };
        }
        let (subject, plural) = subject(devices, all, areas);
        let verb = if plural { "are" } else { "is" };
        wording::sentence(&format!("{subject} {verb} {outcome}."))
    });
    sentences.collect::<Vec<_>>().join(" ")
}

/// How a state is told: `on`, `at 30 percent`, `locked`. `None` if it is not known.
pub fn state(device: &Device, state: &DeviceState) -> Option<String> {
    let power = |on: bool| if on { "on" } else { "off" };
    Some(match device.kind.as_str() {
        "cover" => match state.position? {
            0 => "closed".to_owned(),
            100 => "open".to_owned(),
            position => format!("{position} percent open"),
        },
        "lock" => if state.locked? { "locked" } else { "unlocked" }.to_owned(),
        "climate" if state.power == Some(false) => "off".to_owned(),
        "climate" => format!("set to {} degrees", wording::number(state.temperature?)),
        "sensor" => format!("at {}", wording::number(state.reading?)),
        "media" if state.playing == Some(true) => "playing".to_owned(),
        "light" if state.power == Some(true) => match (&state.colour, state.brightness) {
            (Some(colour), Some(percent)) => format!("{colour} at {percent} percent"),
            (Some(colour), None) => colour.clone(),
            (None, Some(percent)) => format!("on at {percent} percent"),
            (None, None) => "on".to_owned(),
        },
        _ => power(state.power?).to_owned(),
    })
}

/// A command as something to ask for: `unlock the front door`.
pub fn request(command: &DeviceCommand, name: &str) -> String {
    match command {
        DeviceCommand::Power(true) => format!("turn on {name}"),
        DeviceCommand::Power(false) => format!("turn off {name}"),
        DeviceCommand::Brightness(percent) => format!("set {name} to {percent} percent"),
        DeviceCommand::Colour(colour) => format!("make {name} {colour}"),
        DeviceCommand::Temperature(degrees) => {
            format!("set {name} to {} degrees", wording::number(*degrees))
        }
        DeviceCommand::Position(0) => format!("close {name}"),
        DeviceCommand::Position(100) => format!("open {name}"),
        DeviceCommand::Position(percent) => format!("open {name} to {percent} percent"),
        DeviceCommand::Lock(true) => format!("lock {name}"),
        DeviceCommand::Lock(false) => format!("unlock {name}"),
        DeviceCommand::Play(true) => format!("start {name}"),
        DeviceCommand::Play(false) => format!("pause {name}"),
        DeviceCommand::Next | DeviceCommand::Previous => format!("change the track on {name}"),
        DeviceCommand::Volume(percent) => format!("set the volume of {name} to {percent} percent"),
        DeviceCommand::Speed(percent) => format!("set {name} to {percent} percent"),
        DeviceCommand::Activate => format!("start {name}"),
        DeviceCommand::Restore(_) => format!("put {name} back"),
    }
}

/// A result, as what the device "is".
fn outcome(device: &Device, command: &DeviceCommand, after: &DeviceState) -> String {
    let percent = |percent: Option<u8>| {
        percent.map_or_else(
            || "as you like it".to_owned(),
            |percent| format!("at {percent} percent"),
        )
    };
    match command {
        DeviceCommand::Brightness(0) => "off".to_owned(),
        DeviceCommand::Brightness(_) => percent(after.brightness),
        DeviceCommand::Speed(0) => "off".to_owned(),
        DeviceCommand::Speed(_) => percent(after.speed),
        DeviceCommand::Volume(0) => "muted".to_owned(),
        DeviceCommand::Volume(_) => format!("{} volume", percent(after.volume)),
        DeviceCommand::Colour(_) => after.colour.clone().unwrap_or_default(),
        DeviceCommand::Power(_) if after.power.is_some() => if after.power == Some(true) {
            "on"
        } else {
            "off"
        }
        .to_owned(),
        DeviceCommand::Play(false) if after.playing == Some(false) => "paused".to_owned(),
        DeviceCommand::Next => "on the next track".to_owned(),
        DeviceCommand::Previous => "on the previous track".to_owned(),
        DeviceCommand::Activate => "started".to_owned(),
        DeviceCommand::Restore(_) => match state(device, after) {
            Some(state) => format!("{state} again"),
            None => "as before".to_owned(),
        },
        _ => state(device, after).unwrap_or_else(|| "done".to_owned()),
    }
}

/// Devices as the subject of a sentence, and whether it takes "are": `the hallway light`, `the
/// lights in the kitchen`, `all the lights`.
pub fn subject(devices: &[&Device], all: &[Device], areas: &[Area]) -> (String, bool) {
    let [first, ..] = devices else {
        return (String::new(), false);
    };
    if devices.len() == 1 {
        return (wording::the(&first.name), wording::is_plural(&first.name));
    }
    let one_kind = devices.iter().all(|device| device.kind == first.kind);
    let one_area = first.area.as_ref().filter(|area| {
        devices
            .iter()
            .all(|device| device.area.as_ref() == Some(area))
    });
    let of_kind = || all.iter().filter(|device| device.kind == first.kind);
    if one_kind && matches!(first.kind.as_str(), "light" | "lock" | "fan" | "switch") {
        let kind = target::plural(&first.kind);
        match one_area {
            Some(area)
                if of_kind()
                    .filter(|device| device.area.as_ref() == Some(area))
                    .count()
                    == devices.len() =>
            {
                return (
                    format!("the {kind} in the {}", target::area_name(areas, area)),
                    true,
                );
            }
            None if of_kind().count() == devices.len() => return (format!("all the {kind}"), true),
            _ => {}
        }
    }
    if devices.len() <= MAX_NAMES {
        let names: Vec<String> = devices
            .iter()
            .map(|device| wording::the(&device.name))
            .collect();
        return (wording::join(&names), true);
    }
    let kind = if one_kind && first.kind != "cover" {
        target::plural(&first.kind)
    } else {
        "devices"
    };
    (format!("{} {kind}", devices.len()), true)
}
