//! What a dashboard may change beyond the rooms: names, sound devices, the PIN of the wall tablet.
//! Shown on the page System and in the first steps.

use super::{App, words, words_of_hub, words_with};
use crate::model::{Edited, Side};
use leptos::{ev::SubmitEvent, prelude::*};
use loqa_protocol::Choice;

/// What the hub could not take.
#[component]
pub fn Refusal() -> impl IntoView {
    let app = App::get();
    let refused = app.part(|model| match &model.chosen {
        Edited::Refused(problem) => Some(problem.clone()),
        _ => None,
    });
    view! {
        <div role="alert">
            {move || refused.get().map(|problem| view! {
                <p class="wrong" dir="auto">{words_of_hub(&problem.message)}</p>
                <p class="soft" dir="auto">{words_of_hub(&problem.help)}</p>
            })}
        </div>
    }
}

/// What the household is called.
#[component]
pub fn HouseholdName() -> impl IntoView {
    let app = App::get();
    let name = RwSignal::new(String::new());
    let known = app.part(|model| model.house.name.clone());
    Effect::new(move |_| name.set(known.get()));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        app.send(|model| model.choose(Choice::HouseholdName(name.get_untracked())));
    };
    view! {
        <form class="line" on:submit=submit>
            <label for="household-name">{words("household-name")}</label>
            <input id="household-name" maxlength="60" autocomplete="off" bind:value=name />
            <button type="submit">{words("save")}</button>
        </form>
    }
}

/// The PIN of the wall tablet.
#[component]
pub fn KioskPin() -> impl IntoView {
    let app = App::get();
    let pin = RwSignal::new(String::new());
    let is_set = app.part(|model| model.house.kiosk_pin);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let typed = pin.get_untracked();
        // No PIN is a button of its own.
        if !typed.is_empty() {
            app.send(|model| model.choose(Choice::KioskPin(typed)));
            pin.set(String::new());
        }
    };
    let remove = move |_| app.send(|model| model.choose(Choice::KioskPin(String::new())));
    view! {
        <form class="line" on:submit=submit>
            <label for="kiosk-pin">{words("kiosk-pin")}</label>
            <input id="kiosk-pin" type="password" inputmode="numeric" autocomplete="new-password" maxlength="12"
                placeholder=move || words(if is_set.get() { "pin-is-set" } else { "pin-not-set" }) bind:value=pin />
            <button type="submit">{words("save")}</button>
            <Show when=move || is_set.get()>
                <button type="button" on:click=remove>{words("remove")}</button>
            </Show>
        </form>
    }
}

/// How loud the microphone hears, for as long as this is shown.
#[component]
pub fn LevelMeter() -> impl IntoView {
    let app = App::get();
    let microphone = app.part(|model| model.listening.microphone.clone());
    let loudness = app.part(|model| model.loudness);
    let connected = app.part(|model| model.connected);
    Effect::new(move |_| {
        if connected.get() {
            app.send(|model| model.level(true));
        }
    });
    on_cleanup(move || app.send(|model| model.level(false)));
    // From -60 dB, which is silence, to 0, which is as loud as can be.
    let percent = move || {
        let level_db = loudness.get().map_or(-60.0, |(level_db, _)| level_db);
        ((level_db + 60.0) / 60.0 * 100.0).clamp(0.0, 100.0).round()
    };
    let too_loud = move || loudness.get().is_some_and(|(_, peak)| peak >= 0.99);
    view! {
        <p dir="auto">
            {move || microphone.get().map_or_else(|| words("no-microphone"), |name| words_with("hears-through", "name", name))}
        </p>
        <Show when=move || microphone.with(Option::is_some)>
            <div class="meter" class:loud=too_loud role="meter" aria-label=words("level") aria-valuemin="0" aria-valuemax="100"
                aria-valuenow=move || percent().to_string()>
                <svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                    <rect x="0" y="0" height="4" width=move || percent().to_string()></rect>
                </svg>
            </div>
            <p class="soft">
                {move || if too_loud() { words("too-loud") } else { words_with("decibels", "db", loudness.get().map_or(-60, |(level_db, _)| level_db.round() as i64)) }}
            </p>
        </Show>
    }
}

/// Which microphone and which speaker.
#[component]
pub fn SoundChoice() -> impl IntoView {
    let app = App::get();
    let sides = app.part(|model| model.sounds.clone());
    app.send(|model| model.ask_sounds());
    move || {
        sides
            .get()
            .into_iter()
            .map(|side| view! { <OneSide side /> })
            .collect_view()
    }
}

#[component]
fn OneSide(side: Side) -> impl IntoView {
    let app = App::get();
    let is_input = side.direction == "input";
    let key = if is_input { "microphone" } else { "speaker" };
    let id = format!("choose-{key}");
    let waits = side.chosen != side.used;
    let mut options = vec![
        ("default".to_owned(), words("sound-default")),
        ("none".to_owned(), words("sound-none")),
    ];
    options.extend(
        side.devices
            .into_iter()
            .map(|device| (device.id, device.name)),
    );
    // One that is not there is still chosen.
    if !options.iter().any(|(id, _)| *id == side.chosen) {
        options.push((side.chosen.clone(), side.chosen.clone()));
    }
    let chosen = side.chosen;
    let options = options.into_iter().map(|(id, name)| {
        let selected = id == chosen;
        view! { <option value=id prop:selected=selected>{name}</option> }
    });
    let choose = move |wanted: String| {
        let choice = if is_input {
            Choice::Microphone(wanted)
        } else {
            Choice::Speaker(wanted)
        };
        app.send(|model| model.choose(choice));
    };
    view! {
        <div class="line">
            <label for=id.clone()>{words(key)}</label>
            <select id=id on:change:target=move |event| choose(event.target().value())>{options.collect_view()}</select>
        </div>
        {waits.then(|| view! { <p class="soft" role="status">{words("sound-waits")}</p> })}
    }
}
