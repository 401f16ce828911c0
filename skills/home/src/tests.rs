//! Conversations about the home.

use super::*;
use loqa_skill_sdk::testing::{House, effects};
use serde_json::{Value, json};

fn on(power: bool) -> DeviceState {
    DeviceState {
        power: Some(power),
        ..DeviceState::default()
    }
}

fn house() -> House {
    let closed = DeviceState {
        position: Some(0),
        ..DeviceState::default()
    };
    let locked = DeviceState {
        locked: Some(true),
        ..DeviceState::default()
    };
    let warm = DeviceState {
        temperature: Some(20.0),
        ..DeviceState::default()
    };
    House::default()
        .area("kitchen")
        .area("living room")
        .device("kitchen lights", "light", "kitchen", on(true))
        .device("floor lamp", "light", "living room", on(false))
        .device("reading lamp", "light", "living room", on(true))
        .device("hallway light", "light", "", on(false))
        .with("none")
        .device("coffee machine", "switch", "kitchen", on(true))
        .device("blinds", "cover", "living room", closed.clone())
        .device("garage door", "cover", "", closed)
        .device("front door", "lock", "", locked)
        .device("thermostat", "climate", "living room", warm)
        .device(
            "outdoor temperature",
            "sensor",
            "",
            DeviceState {
                reading: Some(4.5),
                ..DeviceState::default()
            },
        )
        .device("radio", "media", "kitchen", on(false))
        .device("television", "media", "living room", on(false))
        .device("movie night", "scene", "", DeviceState::default())
        .device("water the plants", "script", "", DeviceState::default())
        .device("shopping list", "list", "", DeviceState::default())
}

#[test]
fn lights_by_name_room_and_house() {
    let mut house = house();
    let mut hears =
        |intent: &str, slots: Value, room: Option<&str>| house.hears(&Home, intent, slots, room);
    assert_eq!(
        hears("turn_off", json!({"device": "kitchen_lights"}), None),
        "The kitchen lights are off."
    );
    let lights = json!({"kind": "light"});
    assert_eq!(
        hears("turn_on", lights.clone(), Some("living_room")),
        "The lights in the living room are on."
    );
    assert_eq!(
        hears("turn_off", lights.clone(), Some("garage")),
        "All the lights are off."
    );
    assert_eq!(
        hears(
            "turn_on",
            json!({"kind": "light", "area": "kitchen"}),
            Some("living_room")
        ),
        "The kitchen lights are on."
    );
    assert_eq!(
        hears(
            "turn_off",
            json!({"kind": "light", "every": true}),
            Some("kitchen")
        ),
        "All the lights are off."
    );
    assert_eq!(
        hears("turn_off", json!({"kind": "fan"}), None),
        "There are no fans."
    );
    assert_eq!(
        hears(
            "turn_off",
            json!({"kind": "light", "floor": "upstairs"}),
            None
        ),
        "There are no lights upstairs."
    );
    assert_eq!(
        hears(
            "turn_off",
            json!({"kind": "everything", "area": "kitchen"}),
            None
        ),
        "The kitchen lights, the coffee machine and the radio are off."
    );
    assert_eq!(
        hears("turn_off", json!({"kind": "everything"}), None),
        "7 devices are off."
    );
}

#[test]
fn brightness_and_colour() {
    let mut house = house();
    let mut hears = |intent: &str, slots: Value| house.hears(&Home, intent, slots, None);
    assert_eq!(
        hears("brightness", json!({"device": "floor_lamp", "percent": 30})),
        "The floor lamp is at 30 percent."
    );
    assert_eq!(
        hears("brighter", json!({"device": "floor_lamp"})),
        "The floor lamp is at 50 percent."
    );
    assert_eq!(
        hears("dimmer", json!({"device": "kitchen_lights"})),
        "The kitchen lights are at 80 percent."
    );
    assert_eq!(
        hears("colour", json!({"device": "floor_lamp", "colour": "blue"})),
        "The floor lamp is blue."
    );
    assert_eq!(
        hears(
            "brightness",
            json!({"device": "hallway_light", "percent": 5})
        ),
        "The hallway light can't be dimmed."
    );
    assert_eq!(
        hears(
            "brightness",
            json!({"kind": "light", "every": true, "percent": 10})
        ),
        "The kitchen lights, the floor lamp and the reading lamp are at 10 percent."
    );
    assert_eq!(
        hears("brightness", json!({"device": "front_door", "percent": 5})),
        "The front door can't be dimmed."
    );
}

#[test]
fn doors_ask_first() {
    let mut house = house();
    let mut hears = |intent: &str, slots: Value| house.hears(&Home, intent, slots, None);
    assert_eq!(
        hears("open", json!({"device": "blinds"})),
        "The blinds are open."
    );
    assert_eq!(
        hears("position", json!({"device": "blinds", "percent": 50})),
        "The blinds are 50 percent open."
    );
    assert_eq!(
        hears("open", json!({"device": "garage_door"})),
        "Shall I open the garage door? The garage door is open."
    );
    assert_eq!(
        hears("close", json!({"device": "garage_door"})),
        "The garage door is closed."
    );
    assert_eq!(
        hears("unlock", json!({"device": "front_door"})),
        "Shall I unlock the front door? The front door is unlocked."
    );
    assert_eq!(
        hears("lock", json!({"device": "front_door"})),
        "The front door is locked."
    );
}

#[test]
fn a_device_may_want_to_be_asked_for() {
    let mut house = house();
    for device in &mut house.devices {
        device.confirm = device.id == "coffee_machine";
    }
    let slots = json!({"device": "coffee_machine"});
    assert_eq!(
        house.hears(&Home, "turn_off", slots, None),
        "Shall I turn off the coffee machine? The coffee machine is off."
    );
    let off = effects(&Home, "turn_off", json!({"kind": "everything"}), &house);
    assert!(off.iter().all(
        |effect| !matches!(effect, Effect::Device(DeviceEffect { device, .. }) if device == "coffee_machine")
    ));
}

#[test]
fn warmth_and_sound() {
    let mut house = house();
    let mut hears = |intent: &str, slots: Value| house.hears(&Home, intent, slots, Some("kitchen"));
    assert_eq!(
        hears("warmer", json!({})),
        "The thermostat is set to 21 degrees."
    );
    assert_eq!(
        hears("set_temperature", json!({"degrees": 22, "half": 0.5})),
        "The thermostat is set to 22.5 degrees."
    );
    assert_eq!(
        hears("colder", json!({"degrees": 2})),
        "The thermostat is set to 20.5 degrees."
    );
    assert_eq!(
        hears("set_temperature", json!({"degrees": 18, "area": "kitchen"})),
        "There is no heating in the kitchen."
    );
    assert_eq!(
        hears("temperature", json!({})),
        "The thermostat is set to 20.5 degrees."
    );
    assert_eq!(
        hears("temperature", json!({"outside": true})),
        "It's 4.5 degrees outside."
    );
    assert_eq!(hears("play", json!({})), "The radio is playing.");
    assert_eq!(
        hears("volume", json!({"percent": 30})),
        "The radio is at 30 percent volume."
    );
    assert_eq!(
        hears("louder", json!({})),
        "The radio is at 40 percent volume."
    );
    assert_eq!(hears("next", json!({})), "The radio is on the next track.");
    assert_eq!(hears("pause", json!({})), "The radio is paused.");
    assert_eq!(
        house.hears(&Home, "louder", json!({}), None),
        "Please say which one: the radio and the television."
    );
}

#[test]
fn louder_means_what_is_heard() {
    let voice = DeviceState {
        volume: Some(20),
        ..DeviceState::default()
    };
    let mut house = house().device("my voice", "voice", "", voice);
    let mut hears = |intent: &str, slots: Value| house.hears(&Home, intent, slots, Some("kitchen"));
    let quieter = |slots: Value| ("quieter", slots);
    let said = [
        quieter(json!({})),
        quieter(json!({})),
        quieter(json!({"music": true})),
        ("turn_on", json!({"device": "television"})),
        quieter(json!({})),
        ("play", json!({})),
        ("louder", json!({})),
    ]
    .map(|(intent, slots)| hears(intent, slots));
    assert_eq!(
        said,
        [
            "My voice is at 10 percent volume.",
            "My voice is at 10 percent volume.",
            "The radio is at 30 percent volume.",
            "The television is on.",
            "The television is at 30 percent volume.",
            "The radio is playing.",
            "The radio is at 40 percent volume.",
        ]
    );
}

#[test]
fn scenes_scripts_and_silence() {
    let mut house = house();
    assert_eq!(
        house.hears(&Home, "activate", json!({"device": "movie_night"}), None),
        "Movie night is on."
    );
    assert_eq!(
        house.hears(
            &Home,
            "activate",
            json!({"device": "water_the_plants"}),
            None
        ),
        "Started: water the plants."
    );
    house.silent.push("floor_lamp".into());
    assert_eq!(
        house.hears(&Home, "turn_on", json!({"kind": "light"}), None),
        "The kitchen lights, the reading lamp and the hallway light are on. The floor lamp did not answer."
    );
    assert_eq!(house.state("hallway_light"), &on(true), "the others stay");
    let floor_lamp = json!({"device": "floor_lamp"});
    assert_eq!(
        house.hears(&Home, "turn_on", floor_lamp, None),
        "The floor lamp did not answer."
    );
}

#[test]
fn questions_are_answered_from_states() {
    let mut house = house();
    house.devices.push(Device {
        id: "odd".into(),
        name: "odd lamp".into(),
        state: DeviceState::default(),
        ..house.devices[0].clone()
    });
    let mut hears = |intent: &str, slots: Value| house.hears(&Home, intent, slots, None);
    assert_eq!(
        hears("is", json!({"device": "kitchen_lights", "state": "on"})),
        "Yes, the kitchen lights are on."
    );
    assert_eq!(
        hears("is", json!({"device": "floor_lamp", "state": "on"})),
        "No, the floor lamp is off."
    );
    assert_eq!(
        hears("is", json!({"device": "odd", "state": "on"})),
        "I don't know whether the odd lamp is on."
    );
    assert_eq!(
        hears("is", json!({"device": "front_door", "state": "unlocked"})),
        "No, the front door is locked."
    );
    assert_eq!(
        hears(
            "is",
            json!({"kind": "light", "area": "living_room", "state": "on"})
        ),
        "Only the reading lamp is on."
    );
    assert_eq!(
        hears("which", json!({"kind": "light", "state": "on"})),
        "The kitchen lights and the reading lamp."
    );
    assert_eq!(
        hears("which", json!({"kind": "lock", "state": "unlocked"})),
        "No locks are unlocked."
    );
    assert_eq!(
        hears("status", json!({"device": "thermostat"})),
        "The thermostat is set to 20 degrees."
    );
    assert_eq!(
        hears("status", json!({"device": "outdoor_temperature"})),
        "The outdoor temperature is at 4.5."
    );
}

#[test]
fn the_shopping_list() {
    let mut house = house();
    let mut hears = |intent: &str, slots: Value| house.hears(&Home, intent, slots, None);
    assert_eq!(hears("list_read", json!({})), "The shopping list is empty.");
    assert_eq!(
        hears("list_add", json!({"item": "milk", "list": "shopping_list"})),
        "I've added milk to the shopping list."
    );
    assert_eq!(
        hears("list_add", json!({"item": "Milk"})),
        "Milk is already on the shopping list."
    );
    assert_eq!(
        hears("list_add", json!({"item": "some eggs and bread"})),
        "I've added eggs and bread to the shopping list."
    );
    assert_eq!(
        hears("list_add", json!({"item": "mac and cheese"})),
        "I've added mac and cheese to the shopping list."
    );
    assert_eq!(
        hears("list_has", json!({"item": "eggs"})),
        "Yes, eggs are on the shopping list."
    );
    assert_eq!(
        hears("list_remove", json!({"item": "butter"})),
        "Butter is not on the shopping list."
    );
    assert_eq!(
        hears("list_remove", json!({"item": "eggs"})),
        "I've taken eggs off the shopping list."
    );
    assert_eq!(
        hears("list_read", json!({})),
        "On the shopping list: milk, bread and mac and cheese."
    );
    assert_eq!(
        hears("list_clear", json!({})),
        "Shall I clear the shopping list? It has 3 items. The shopping list is empty now."
    );
    assert_eq!(
        hears("list_add", json!({"item": "milk", "list": "wishes"})),
        "I don't know the list wishes."
    );
    assert!(house.lists["shopping_list"].is_empty());
}

#[test]
fn notes_are_kept_in_the_words_they_were_said_in() {
    let mut house = house();
    let mut hears = |intent: &str, slots: Value| house.hears(&Home, intent, slots, None);
    let none = json!({});
    assert_eq!(hears("note_read", none.clone()), "You have no notes.");
    assert_eq!(
        hears("note_add", none.clone()),
        "[note] What shall I write down?"
    );
    let plumber = json!({"note": "the plumber comes and stays"});
    assert_eq!(
        hears("note_add", plumber.clone()),
        "Noted: the plumber comes and stays."
    );
    assert_eq!(hears("note_add", plumber), "I have that note already.");
    assert_eq!(
        hears("note_read", none.clone()),
        "Your note: the plumber comes and stays."
    );
    for note in ["one", "two", "three", "four", "five"] {
        hears("note_add", json!({"note": note}));
    }
    assert_eq!(
        hears("note_read", none.clone()),
        "The last 5 of your 6 notes: one; two; three; four; five."
    );
    assert_eq!(hears("note_last", none.clone()), "Your last note: five.");
    assert_eq!(
        hears("note_remove", none.clone()),
        "I've deleted the note: five."
    );
    assert_eq!(
        hears("note_clear", none.clone()),
        "Shall I delete your 5 notes? Your notes are deleted."
    );
    assert_eq!(hears("note_remove", none), "You have no notes.");
}
