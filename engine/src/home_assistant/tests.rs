//! What is made of what Home Assistant tells, and what it is told.

use super::{
    entity::{Change, Degrees, Entity, domain, kind},
    import::{Registries, import},
    service::{Progress, calls, progress},
};
use crate::config::Units;
use loqa_core::home::DeviceKind;
use loqa_skill_sdk::{DeviceCommand, DeviceState};
use serde_json::{Value, json};
use std::{collections::HashMap, fmt::Write};

const DEGREES: Degrees = Degrees {
    there: Units::Imperial,
    here: Units::Metric,
};

fn entity(entity: Value) -> Entity {
    serde_json::from_value(entity).unwrap()
}

/// Entities as a 2024.3 tells them.
fn entities() -> Vec<(&'static str, Entity)> {
    let all = [
        (
            "light.bed",
            json!({ "s": "off", "a": { "supported_color_modes": ["color_temp", "hs"], "color_mode": null, "brightness": null, "friendly_name": "Bed Light", "supported_features": 4 } }),
        ),
        (
            "light.ceiling",
            json!({ "s": "on", "a": { "supported_color_modes": ["color_temp", "hs"], "color_mode": "color_temp", "brightness": 180, "color_temp_kelvin": 2631, "rgb_color": [255, 164, 81] } }),
        ),
        (
            "light.strip",
            json!({ "s": "on", "a": { "supported_color_modes": ["rgbw"], "color_mode": "rgbw", "brightness": 255, "rgb_color": [10, 0, 250] } }),
        ),
        (
            "light.bulb",
            json!({ "s": "on", "a": { "supported_color_modes": ["onoff"], "color_mode": "onoff" } }),
        ),
        ("switch.plug", json!({ "s": "unavailable", "a": {} })),
        (
            "cover.garage",
            json!({ "s": "closed", "a": { "device_class": "garage", "supported_features": 3 } }),
        ),
        (
            "cover.hall",
            json!({ "s": "opening", "a": { "current_position": 10, "supported_features": 15 } }),
        ),
        (
            "lock.door",
            json!({ "s": "locking", "a": { "supported_features": 0 } }),
        ),
        ("lock.shed", json!({ "s": "jammed", "a": {} })),
        (
            "climate.pump",
            json!({ "s": "heat", "a": { "current_temperature": 77, "temperature": 68, "supported_features": 385 } }),
        ),
        (
            "fan.ceiling",
            json!({ "s": "on", "a": { "percentage": 67, "percentage_step": 33.333333333333336, "supported_features": 1 } }),
        ),
        (
            "sensor.outside",
            json!({ "s": "60.1", "a": { "unit_of_measurement": "°F", "device_class": "temperature" } }),
        ),
        (
            "sensor.dust",
            json!({ "s": "54", "a": { "unit_of_measurement": "ppm" } }),
        ),
        ("sensor.moon", json!({ "s": "full", "a": {} })),
        (
            "media_player.radio",
            json!({ "s": "playing", "a": { "volume_level": 0.35, "is_volume_muted": false, "supported_features": 54847 } }),
        ),
        ("vacuum.one", json!({ "s": "docked", "a": {} })),
    ];
    all.map(|(id, of)| (id, entity(of))).into()
}

#[test]
fn entities_are_devices_with_the_state_that_skills_read() {
    let mut shown = String::new();
    for (id, entity) in entities() {
        let Some(kind) = kind(id, &entity) else {
            writeln!(shown, "{id}: nothing").unwrap();
            continue;
        };
        let mut state = serde_json::to_value(entity.state(kind, DEGREES)).unwrap();
        state.as_object_mut().unwrap().retain(|_, it| !it.is_null());
        let (kind, features) = (kind.as_str(), entity.features(kind).join("+"));
        writeln!(shown, "{id}: {kind} {features} {state}").unwrap();
    }
    expect_test::expect![[r#"
        light.bed: light brightness+colour {"power":false}
        light.ceiling: light brightness+colour {"power":true,"brightness":71,"colour":"warm white"}
        light.strip: light brightness+colour {"power":true,"brightness":100,"colour":"blue"}
        light.bulb: light basics {"power":true}
        switch.plug: switch  {}
        cover.garage: cover garage {"position":0}
        cover.hall: cover position {"position":10}
        lock.door: lock  {"locked":false}
        lock.shed: lock  {}
        climate.pump: climate  {"power":true,"temperature":20.0,"reading":25.0}
        fan.ceiling: fan speed {"power":true,"speed":67}
        sensor.outside: sensor temperature {"reading":15.6}
        sensor.dust: sensor  {"reading":54.0}
        sensor.moon: nothing
        media_player.radio: media volume {"power":true,"playing":true,"volume":35}
        vacuum.one: nothing
    "#]]
    .assert_eq(&shown);
}

#[test]
fn commands_are_services_and_what_was_is_put_back() {
    let entities: HashMap<_, _> = entities().into_iter().collect();
    let state = |id: &str, kind| entities[id].state(kind, DEGREES);
    let commands = [
        ("light.bed", DeviceCommand::Power(true)),
        ("light.bed", DeviceCommand::Brightness(30)),
        ("light.bed", DeviceCommand::Brightness(0)),
        ("light.bed", DeviceCommand::Colour("warm white".into())),
        ("light.strip", DeviceCommand::Colour("warm white".into())),
        ("light.strip", DeviceCommand::Colour("blue".into())),
        (
            "light.strip",
            DeviceCommand::Restore(state("light.ceiling", DeviceKind::Light)),
        ),
        (
            "light.ceiling",
            DeviceCommand::Restore(state("light.bed", DeviceKind::Light)),
        ),
        (
            "switch.plug",
            DeviceCommand::Restore(state("switch.plug", DeviceKind::Switch)),
        ),
        ("cover.hall", DeviceCommand::Position(100)),
        ("cover.hall", DeviceCommand::Position(40)),
        (
            "cover.hall",
            DeviceCommand::Restore(state("cover.hall", DeviceKind::Cover)),
        ),
        ("lock.door", DeviceCommand::Lock(false)),
        ("climate.pump", DeviceCommand::Temperature(21.5)),
        (
            "climate.pump",
            DeviceCommand::Restore(state("climate.pump", DeviceKind::Climate)),
        ),
        ("fan.ceiling", DeviceCommand::Speed(33)),
        ("media_player.radio", DeviceCommand::Next),
        ("media_player.radio", DeviceCommand::Volume(0)),
        (
            "media_player.radio",
            DeviceCommand::Restore(state("media_player.radio", DeviceKind::Media)),
        ),
        ("scene.evening", DeviceCommand::Activate),
    ];
    let mut shown = String::new();
    for (id, command) in commands {
        let entity = entities.get(id).cloned().unwrap_or_default();
        let calls = calls(id, &entity, &command, DEGREES);
        let calls = calls.iter().map(|call| {
            let data = Value::from(call.data.clone());
            format!("{}.{} {data}", call.domain, call.service)
        });
        let calls = calls.collect::<Vec<_>>().join(", ");
        let word = match &command {
            DeviceCommand::Restore(_) => "restore".to_owned(),
            command => serde_json::to_string(command).unwrap(),
        };
        writeln!(shown, "[{calls}] for {id} {word}").unwrap();
    }
    expect_test::expect![[r#"
        [light.turn_on {}] for light.bed {"power":true}
        [light.turn_on {"brightness_pct":30}] for light.bed {"brightness":30}
        [light.turn_off {}] for light.bed {"brightness":0}
        [light.turn_on {"color_temp_kelvin":2700.0}] for light.bed {"colour":"warm white"}
        [light.turn_on {"rgb_color":[255,214,170]}] for light.strip {"colour":"warm white"}
        [light.turn_on {"rgb_color":[0,0,255]}] for light.strip {"colour":"blue"}
        [light.turn_on {"brightness_pct":71,"rgb_color":[255,214,170]}] for light.strip restore
        [light.turn_off {}] for light.ceiling restore
        [] for switch.plug restore
        [cover.open_cover {}] for cover.hall {"position":100}
        [cover.set_cover_position {"position":40}] for cover.hall {"position":40}
        [cover.set_cover_position {"position":10}] for cover.hall restore
        [lock.unlock {}] for lock.door {"lock":false}
        [climate.set_temperature {"temperature":70.7}] for climate.pump {"temperature":21.5}
        [climate.set_temperature {"temperature":68.0}] for climate.pump restore
        [fan.set_percentage {"percentage":33}] for fan.ceiling {"speed":33}
        [media_player.media_next_track {}] for media_player.radio "next"
        [media_player.volume_mute {"is_volume_muted":true}] for media_player.radio {"volume":0}
        [media_player.volume_set {"volume_level":0.35}] for media_player.radio restore
        [scene.turn_on {}] for scene.evening "activate"
    "#]]
    .assert_eq(&shown);
}

#[test]
fn nothing_is_said_to_be_done_before_it_shows() {
    let reached = |id: &str, of: Value, command| {
        let entity = entity(of);
        let before = DeviceState {
            position: Some(10),
            ..DeviceState::default()
        };
        let kind = kind(id, &entity).unwrap();
        progress(kind, &entity, &before, &command, DEGREES)
    };
    let done = |progress| matches!(progress, Progress::Done(_));
    let on = json!({ "s": "on", "a": { "brightness": 77 } });
    assert!(done(reached(
        "light.a",
        on.clone(),
        DeviceCommand::Power(true)
    )));
    assert!(!done(reached(
        "light.a",
        on.clone(),
        DeviceCommand::Power(false)
    )));
    assert!(done(reached(
        "light.a",
        on.clone(),
        DeviceCommand::Brightness(30)
    )));
    assert!(!done(reached("light.a", on, DeviceCommand::Brightness(60))));
    let locking = json!({ "s": "locking" });
    assert_eq!(
        reached("lock.a", locking, DeviceCommand::Lock(true)),
        Progress::Moving
    );
    let jammed = json!({ "s": "jammed" });
    assert!(!done(reached("lock.a", jammed, DeviceCommand::Lock(true))));
    let opening = json!({ "s": "opening", "a": { "current_position": 20 } });
    match reached("cover.a", opening, DeviceCommand::Position(100)) {
        Progress::Done(state) => assert_eq!(state.position, Some(100)),
        progress => panic!("{progress:?}"),
    }
    let still = json!({ "s": "open", "a": { "current_position": 10 } });
    assert!(!done(reached(
        "cover.a",
        still,
        DeviceCommand::Position(50)
    )));
    let begun = json!({ "s": "open", "a": { "current_position": 20 } });
    assert!(done(reached("cover.a", begun, DeviceCommand::Position(50))));
    // Three speeds: the nearest is as good as it gets.
    let fan = json!({ "s": "on", "a": { "percentage": 67, "percentage_step": 33.4 } });
    match reached("fan.a", fan, DeviceCommand::Speed(50)) {
        Progress::Done(state) => assert_eq!(state.speed, Some(67)),
        progress => panic!("{progress:?}"),
    }
}

#[test]
fn a_change_is_taken_over_on_what_was_known() {
    let mut light = entity(json!({ "s": "off", "a": { "brightness": null, "effect": "rainbow" } }));
    let change =
        json!({ "+": { "s": "on", "a": { "brightness": 128 } }, "-": { "a": ["effect"] } });
    assert!(!light.change(serde_json::from_value::<Change>(change).unwrap()));
    let renamed = json!({ "+": { "a": { "friendly_name": "Moon" } } });
    assert!(
        light
            .clone()
            .change(serde_json::from_value::<Change>(renamed).unwrap())
    );
    assert_eq!(
        light,
        entity(json!({ "s": "on", "a": { "brightness": 128 } }))
    );
}

#[test]
fn areas_floors_and_aliases_are_imported() {
    let registries = Registries {
        areas: serde_json::from_value(json!([
            { "area_id": "kitchen", "name": "Kitchen", "aliases": ["Galley"], "floor_id": "g" },
            { "area_id": "bed", "name": "Bedroom", "aliases": [], "floor_id": "f", "picture": null },
            { "area_id": "hall", "name": "Hall" },
        ]))
        .unwrap(),
        floors: serde_json::from_value(json!([
            { "floor_id": "g", "name": "Ground floor", "aliases": [], "level": 0 },
            { "floor_id": "f", "name": "First floor", "aliases": ["Upstairs"], "level": 1 },
        ]))
        .unwrap(),
        devices: serde_json::from_value(json!([{ "id": "d1", "area_id": "bed", "name": "Lamp" }]))
            .unwrap(),
        entities: serde_json::from_value(json!({
            "light.bed": { "entity_id": "light.bed", "device_id": "d1", "aliases": ["reading light"] },
            "light.ceiling": { "device_id": "d1", "area_id": "kitchen" },
            "light.gone": null,
            "sensor.moon": null,
            "switch.plug": null,
            "vacuum.one": null,
        }))
        .unwrap(),
    };
    let entities = entities().into_iter();
    let entities = entities
        .map(|(id, entity)| (id.to_owned(), entity))
        .collect();
    let imported = import(&registries, &entities);
    let mut shown = format!("{} others\n", imported.others);
    for area in &imported.home.areas {
        writeln!(
            shown,
            "{} {} {:?} {:?}",
            area.id, area.name, area.aliases, area.floor
        )
        .unwrap();
    }
    for device in &imported.home.devices {
        let area = device.area.as_deref().unwrap_or("nowhere");
        writeln!(
            shown,
            "{} {} {:?} {area}",
            device.id, device.name, device.aliases
        )
        .unwrap();
    }
    expect_test::expect![[r#"
        2 others
        kitchen Kitchen ["Galley"] Some("Ground floor")
        bed Bedroom [] Some("upstairs")
        hall Hall [] None
        light.bed Bed Light ["reading light"] bed
        light.ceiling light.ceiling [] kitchen
        switch.plug switch.plug [] nowhere
    "#]]
    .assert_eq(&shown);
    assert_eq!(domain("light.bed"), "light");
}
