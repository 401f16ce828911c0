//! Questions about devices.

use crate::{reply, target, text};
use alloc::{borrow::ToOwned, format, string::String, vec::Vec};
use loqa_skill_sdk::{Device, Reads, Request, wording};

/// Answers a question.
pub fn answer(request: &Request, reads: &dyn Reads) -> String {
    let answer = match request.intent.as_str() {
        "is" => is(request, reads),
        "which" => which(request, reads),
        "temperature" => temperature(request, reads),
        _ => status(request, reads),
    };
    answer.unwrap_or_else(|problem| problem)
}

/// Whether a device is as asked; `None` if nobody knows.
fn holds(device: &Device, asked: &str) -> Option<bool> {
    let state = &device.state;
    Some(match asked {
        "on" => state.power? || state.playing == Some(true),
        "off" => !state.power?,
        "open" => match device.kind.as_str() {
            "lock" => !state.locked?,
            _ => state.position? > 0,
        },
        "closed" => match device.kind.as_str() {
            "lock" => state.locked?,
            _ => state.position? == 0,
        },
        "locked" => state.locked?,
        "unlocked" => !state.locked?,
        "playing" => state.playing?,
        _ => return None,
    })
}

/// "Are the kitchen lights on?"
fn is(request: &Request, reads: &dyn Reads) -> Result<String, String> {
    let asked = text(request, "state").unwrap_or_default();
    let devices = target::devices(request, reads)?;
    let areas = reads.areas();
    let (subject, plural) = reply::subject(
        &devices.iter().collect::<Vec<_>>(),
        &reads.devices(),
        &areas,
    );
    let verb = if plural { "are" } else { "is" };
    let answers: Vec<(&Device, Option<bool>)> = devices
        .iter()
        .map(|device| (device, holds(device, asked)))
        .collect();
    let yes: Vec<&Device> = answers
        .iter()
        .filter(|(_, holds)| *holds == Some(true))
        .map(|(device, _)| *device)
        .collect();
    if yes.len() == devices.len() {
        return Ok(format!("Yes, {subject} {verb} {asked}."));
    }
    if let [device] = devices.as_slice() {
        return Ok(
            match (answers.first(), reply::state(device, &device.state)) {
                (Some((_, Some(false))), Some(state)) => format!("No, {subject} {verb} {state}."),
                (Some((_, Some(false))), None) => format!("No, {subject} {verb} not {asked}."),
                _ => format!("I don't know whether {subject} {verb} {asked}."),
            },
        );
    }
    if yes.is_empty() {
        return Ok(format!("No, {subject} are not {asked}."));
    }
    let (some, plural) = reply::subject(&yes, &reads.devices(), &areas);
    Ok(format!(
        "Only {some} {} {asked}.",
        if plural { "are" } else { "is" }
    ))
}

/// "Which lights are on?"
fn which(request: &Request, reads: &dyn Reads) -> Result<String, String> {
    let asked = text(request, "state").unwrap_or_default();
    let kind = text(request, "kind").unwrap_or_default();
    let all = Request {
        room: None,
        ..request.clone()
    };
    let devices = target::devices(&all, reads)?;
    let yes: Vec<String> = devices
        .iter()
        .filter(|device| holds(device, asked) == Some(true))
        .map(|device| wording::the(&device.name))
        .collect();
    let place = match text(request, "area") {
        Some(area) => format!(" in the {}", target::area_name(&reads.areas(), area)),
        None => String::new(),
    };
    Ok(match yes.as_slice() {
        [] => format!("No {} are {asked}{place}.", target::plural(kind)),
        [one] => format!("Only {one}."),
        several => format!("{}.", wording::sentence(&wording::join(several))),
    })
}

/// "How warm is it?"
fn temperature(request: &Request, reads: &dyn Reads) -> Result<String, String> {
    let outside = request.slot("outside").is_some();
    let area = text(request, "area").or(request.room.as_deref().filter(|_| !outside));
    let outdoor = |device: &Device| {
        let name = device.name.to_lowercase();
        name.split(' ').any(|word| {
            matches!(
                word,
                "outdoor" | "outside" | "garden" | "balcony" | "terrace" | "yard"
            )
        })
    };
    let thermal = |device: &Device| {
        let sensor = device.kind == "sensor" && device.name.to_lowercase().contains("temperature");
        let warmth = sensor
            || device
                .features
                .iter()
                .any(|feature| feature == "temperature");
        (warmth || device.kind == "climate") && outdoor(device) == outside
    };
    let all: Vec<Device> = reads.devices().into_iter().filter(thermal).collect();
    let here: Vec<&Device> = all
        .iter()
        .filter(|device| area.is_some() && device.area.as_deref() == area)
        .collect();
    let candidates: Vec<&Device> = if here.is_empty() && text(request, "area").is_none() {
        all.iter().collect()
    } else {
        here
    };
    let place = match (outside, text(request, "area")) {
        (true, _) => " outside".to_owned(),
        (false, Some(area)) => format!(" in the {}", target::area_name(&reads.areas(), area)),
        (false, None) => String::new(),
    };
    let read = candidates.iter().find_map(|device| device.state.reading);
    let set = candidates
        .iter()
        .find_map(|device| Some((*device, device.state.temperature?)));
    Ok(match (read, set) {
        (Some(degrees), _) => format!("It's {} degrees{place}.", wording::number(degrees)),
        (None, Some((device, degrees))) => {
            format!(
                "{} is set to {} degrees.",
                wording::sentence(&wording::the(&device.name)),
                wording::number(degrees)
            )
        }
        (None, None) if candidates.is_empty() => format!("There is no thermometer{place}."),
        (None, None) => format!("I don't know how warm it is{place}."),
    })
}

/// "What is the thermostat set to?"
fn status(request: &Request, reads: &dyn Reads) -> Result<String, String> {
    let devices = target::devices(request, reads)?;
    let [device, ..] = devices.as_slice() else {
        return Err("I don't know that device.".to_owned());
    };
    let name = wording::the(&device.name);
    let verb = if wording::is_plural(&device.name) {
        "are"
    } else {
        "is"
    };
    let state = &device.state;
    if request.slot("loud").is_some()
        && let Some(volume) = state.volume
    {
        return Ok(format!("The volume of {name} is at {volume} percent."));
    }
    if let ("climate", Some(reading)) = (device.kind.as_str(), state.reading) {
        let set = state
            .temperature
            .map(|degrees| format!(" and set to {}", wording::number(degrees)))
            .unwrap_or_default();
        return Ok(format!(
            "{} {verb} at {} degrees{set}.",
            wording::sentence(&name),
            wording::number(reading)
        ));
    }
    Ok(match reply::state(device, state) {
        Some(state) => format!("{} {verb} {state}.", wording::sentence(&name)),
        None => format!("I don't know the state of {name}."),
    })
}
