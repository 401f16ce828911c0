//! From a request to commands.

use crate::{number, percent, target, text};
use alloc::{borrow::ToOwned, string::String, vec, vec::Vec};
use loqa_skill_sdk::{Device, DeviceCommand, Reads, Request};

/// How much "brighter" and "louder" is, percent.
const STEP: u8 = 20;
const VOLUME_STEP: u8 = 10;
/// Loqa's own voice never gets lower: nobody would hear the way back, percent.
const LOWEST_VOICE: u8 = 10;
/// The levels that steps start from when nobody has set one.
const BRIGHTNESS: u8 = 100;
const VOLUME: u8 = 40;
const TEMPERATURE: f64 = 20.0;

/// What each device is told.
///
/// # Errors
/// A sentence that says why nothing can be done.
pub fn commands(
    request: &Request,
    reads: &dyn Reads,
) -> Result<Vec<(Device, DeviceCommand)>, String> {
    let missing = || "I didn't get how much.".to_owned();
    let command: &dyn Fn(&Device) -> DeviceCommand = match request.intent.as_str() {
        "turn_on" => &|device| match device.kind.as_str() {
            "scene" | "script" => DeviceCommand::Activate,
            _ => DeviceCommand::Power(true),
        },
        "turn_off" => &|_| DeviceCommand::Power(false),
        "brightness" => {
            let level = percent(request, "percent").ok_or_else(missing)?;
            return able(request, reads, &|_| DeviceCommand::Brightness(level));
        }
        "brighter" => {
            &|device| DeviceCommand::Brightness(lit(device).saturating_add(STEP).min(100))
        }
        // Dimming never turns a light off.
        "dimmer" => &|device| DeviceCommand::Brightness(lit(device).saturating_sub(STEP).max(5)),
        "colour" => {
            let colour = text(request, "colour").ok_or("I didn't get the colour.")?;
            return able(request, reads, &|_| {
                DeviceCommand::Colour(colour.to_owned())
            });
        }
        "speed" => {
            let level = percent(request, "percent").ok_or_else(missing)?;
            return able(request, reads, &|_| DeviceCommand::Speed(level));
        }
        "open" => &|_| DeviceCommand::Position(100),
        "close" => &|_| DeviceCommand::Position(0),
        "position" => {
            let level = percent(request, "percent").ok_or_else(missing)?;
            return able(request, reads, &|_| DeviceCommand::Position(level));
        }
        "lock" => &|_| DeviceCommand::Lock(true),
        "unlock" => &|_| DeviceCommand::Lock(false),
        "activate" => &|_| DeviceCommand::Activate,
        "set_temperature" | "warmer" | "colder" => return climate(request, reads),
        _ => return media(request, reads),
    };
    able(request, reads, command)
}

/// Commands for the devices that can carry them out; the others of a group are left alone.
fn able(
    request: &Request,
    reads: &dyn Reads,
    command: &dyn Fn(&Device) -> DeviceCommand,
) -> Result<Vec<(Device, DeviceCommand)>, String> {
    let mut refusal = None;
    let mut commands = Vec::new();
    for device in target::devices(request, reads)? {
        let command = command(&device);
        match device.check(&command) {
            Ok(()) => commands.push((device, command)),
            Err(error) => refusal = refusal.or(Some(error.0)),
        }
    }
    match refusal {
        Some(refusal) if commands.is_empty() => Err(refusal),
        _ => Ok(commands),
    }
}

fn climate(request: &Request, reads: &dyn Reads) -> Result<Vec<(Device, DeviceCommand)>, String> {
    let device = target::only("climate", request, reads)?;
    let half = number(request, "half").unwrap_or_default();
    let said = number(request, "degrees").map(|degrees| degrees + half);
    let now = device
        .state
        .temperature
        .or(device.state.reading)
        .unwrap_or(TEMPERATURE);
    let degrees = match request.intent.as_str() {
        "warmer" => now + said.unwrap_or(1.0),
        "colder" => now - said.unwrap_or(1.0),
        _ => said.ok_or("I didn't get the temperature.")?,
    };
    let command = DeviceCommand::Temperature(degrees);
    device.check(&command).map_err(|error| error.0)?;
    Ok(vec![(device, command)])
}

fn media(request: &Request, reads: &dyn Reads) -> Result<Vec<(Device, DeviceCommand)>, String> {
    let device = player(request, reads)?;
    let volume = device.state.volume.unwrap_or(VOLUME);
    let command = match request.intent.as_str() {
        "play" => DeviceCommand::Play(true),
        "pause" => DeviceCommand::Play(false),
        "next" => DeviceCommand::Next,
        "previous" => DeviceCommand::Previous,
        "volume" => {
            DeviceCommand::Volume(percent(request, "percent").ok_or("I didn't get how loud.")?)
        }
        "louder" => DeviceCommand::Volume(volume.saturating_add(VOLUME_STEP).min(100)),
        "quieter" => {
            let least = if device.kind == "voice" {
                LOWEST_VOICE
            } else {
                0
            };
            DeviceCommand::Volume(volume.saturating_sub(VOLUME_STEP).max(least))
        }
        "mute" => DeviceCommand::Volume(0),
        _ => return Err("I don't know how to do that.".to_owned()),
    };
    device.check(&command).map_err(|error| error.0)?;
    Ok(vec![(device, command)])
}

/// The player that is meant: the one named, else the one that plays or is on; while none is, Loqa's
/// own voice where "louder" alone was said; else the one that is near.
fn player(request: &Request, reads: &dyn Reads) -> Result<Device, String> {
    let said = |slot: &str| request.slot(slot).is_some();
    if !said("device") && request.intent != "play" {
        let of_kind = |kind: &'static str| {
            let devices = reads.devices().into_iter();
            devices.filter(move |device| device.kind == kind)
        };
        let playing = |player: &Device| player.state.playing == Some(true);
        let on = |player: &Device| player.state.playing.or(player.state.power) == Some(true);
        let on: Vec<Device> = of_kind("media").filter(on).collect();
        let playing: Vec<Device> = on
            .iter()
            .filter(|player| playing(player))
            .cloned()
            .collect();
        let louder = matches!(request.intent.as_str(), "louder" | "quieter") && !said("music");
        if louder
            && on.is_empty()
            && let Some(voice) = of_kind("voice").next()
        {
            return Ok(voice);
        }
        if let Some(heard) = [playing, on].into_iter().find(|heard| heard.len() == 1) {
            return target::choose("media", heard);
        }
    }
    target::only("media", request, reads)
}

/// Present brightness, percent: 0 when off.
fn lit(device: &Device) -> u8 {
    match device.state.power {
        Some(false) => 0,
        _ => device.state.brightness.unwrap_or(BRIGHTNESS),
    }
}
