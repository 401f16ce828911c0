//! Which devices are meant.

use crate::text;
use alloc::{format, string::String, vec, vec::Vec};
use loqa_skill_sdk::{Area, Device, Reads, Request, wording};

/// What "everything" can be: what wastes power while nobody uses it.
const EVERYTHING: [&str; 4] = ["light", "switch", "fan", "media"];

/// The devices a request is about: the one it names, or all of a kind in an area, on a floor, in
/// the whole house, or, if it does not say where, in the room the person is in (the whole house
/// where the room is unknown or has none).
///
/// # Errors
/// A sentence that says what is not there.
pub fn devices(request: &Request, reads: &dyn Reads) -> Result<Vec<Device>, String> {
    let devices = reads.devices();
    if let Some(id) = text(request, "device") {
        let device = devices.into_iter().find(|device| device.id == id);
        return device
            .map(|device| vec![device])
            .ok_or_else(|| format!("I don't know the device {id}."));
    }
    let kind = text(request, "kind").unwrap_or_default();
    let all: Vec<Device> = devices
        .into_iter()
        .filter(|device| is(device, kind))
        .collect();
    let areas = reads.areas();
    let (found, place) = if let Some(id) = text(request, "area") {
        (
            in_area(&all, id),
            format!(" in the {}", area_name(&areas, id)),
        )
    } else if let Some(floor) = text(request, "floor") {
        let on_floor = |device: &&Device| {
            areas.iter().any(|area| {
                device.area.as_deref() == Some(&area.id) && area.floor.as_deref() == Some(floor)
            })
        };
        (
            all.iter().filter(on_floor).cloned().collect(),
            format!(" {floor}"),
        )
    } else {
        let here = request
            .room
            .as_deref()
            .filter(|_| request.slot("every").is_none())
            .map(|room| in_area(&all, room));
        (
            here.filter(|here| !here.is_empty()).unwrap_or(all),
            String::new(),
        )
    };
    if found.is_empty() {
        return Err(format!(
            "There {} no {}{place}.",
            if kind == "climate" { "is" } else { "are" },
            plural(kind)
        ));
    }
    Ok(found)
}

/// The device of `kind` a request means without naming it: the only one, or the only one in the
/// area it names, or in the person's room.
///
/// # Errors
/// A sentence that says that there is none, or asks to name one.
pub fn only(kind: &str, request: &Request, reads: &dyn Reads) -> Result<Device, String> {
    let devices = reads.devices();
    if let Some(id) = text(request, "device") {
        let device = devices.into_iter().find(|device| device.id == id);
        return device.ok_or_else(|| format!("I don't know the device {id}."));
    }
    let all: Vec<Device> = devices
        .into_iter()
        .filter(|device| device.kind == kind)
        .collect();
    let candidates = match (text(request, "area"), request.room.as_deref()) {
        (Some(area), _) => {
            let inside = in_area(&all, area);
            if inside.is_empty() {
                return Err(format!(
                    "There is no {} in the {}.",
                    singular(kind),
                    area_name(&reads.areas(), area)
                ));
            }
            inside
        }
        (None, Some(room)) => Some(in_area(&all, room))
            .filter(|here| !here.is_empty())
            .unwrap_or(all),
        (None, None) => all,
    };
    choose(kind, candidates)
}

/// The one device there is.
///
/// # Errors
/// As [`only`].
pub fn choose(kind: &str, candidates: Vec<Device>) -> Result<Device, String> {
    match <[Device; 1]>::try_from(candidates) {
        Ok([device]) => Ok(device),
        Err(none) if none.is_empty() => {
            Err(format!("There is no {} in this house.", singular(kind)))
        }
        Err(several) => {
            let names: Vec<String> = several
                .iter()
                .map(|device| wording::the(&device.name))
                .collect();
            Err(format!("Please say which one: {}.", wording::join(&names)))
        }
    }
}

/// Whether a device is of a kind as requests say it.
fn is(device: &Device, kind: &str) -> bool {
    device.kind == kind
        || (kind == "everything" && EVERYTHING.contains(&device.kind.as_str()) && !device.confirm)
}

fn in_area(devices: &[Device], area: &str) -> Vec<Device> {
    devices
        .iter()
        .filter(|device| device.area.as_deref() == Some(area))
        .cloned()
        .collect()
}

/// An area by its id, as spoken.
pub fn area_name<'a>(areas: &'a [Area], id: &'a str) -> &'a str {
    areas
        .iter()
        .find(|area| area.id == id)
        .map_or(id, |area| &area.name)
}

/// Several devices of a kind.
pub fn plural(kind: &str) -> &'static str {
    match kind {
        "light" => "lights",
        "switch" => "switches",
        "cover" => "blinds or covers",
        "lock" => "locks",
        "climate" => "heating",
        "fan" => "fans",
        "media" => "players",
        _ => "devices",
    }
}

fn singular(kind: &str) -> &'static str {
    match kind {
        "climate" => "heating",
        "media" => "player",
        "list" => "list",
        "sensor" => "sensor",
        _ => "such device",
    }
}
