//! A device that can be touched.

use super::{App, icons, words};
use crate::{model::headed, say};
use leptos::prelude::*;
use loqa_protocol::view::{Device, DeviceState};

/// One device: what it is, how it is, and what touching it says.
#[component]
pub fn Tile(device: Device) -> impl IntoView {
    let app = App::get();
    let id = device.id.clone();
    let state = app.part(move |model| model.state_of(&id));
    let on = {
        let device = device.clone();
        Memo::new(move |_| say::is_on(&device, &state.get()))
    };
    let touch = {
        let device = device.clone();
        Memo::new(move |_| {
            app.model
                .with(|model| say::touch(&model.house, &device, &state.get()))
        })
    };
    let steps = {
        let device = device.clone();
        Memo::new(move |_| {
            let used = device.kind == "climate" || on.get() == Some(true);
            let step = |up| app.model.with(|model| say::step(&model.house, &device, up));
            used.then(|| Some((step(false)?, step(true)?))).flatten()
        })
    };
    let name = headed(&device.name);
    let how = {
        let device = device.clone();
        move || describe(&device, &state.get())
    };
    let pressed = move || on.get().map(|on| if on { "true" } else { "false" });
    let press = move |_| {
        if let Some(sentence) = touch.get_untracked() {
            app.say(&sentence);
        }
    };
    let face = view! {
        {icons::kind(&device.kind)}
        <span class="tile-name" dir="auto">{name.clone()}</span>
        <span class="tile-state">{how}</span>
    };
    let main = if touch.get_untracked().is_some() {
        view! {
            <button class="tile-main" type="button" aria-pressed=pressed title=move || touch.get() on:click=press>
                {face}
            </button>
        }
        .into_any()
    } else {
        view! { <div class="tile-main">{face}</div> }.into_any()
    };
    view! {
        <div class="tile" class:on=move || on.get() == Some(true) data-kind=device.kind data-id=device.id>
            {main}
            {move || steps.get().map(|(less, more)| view! {
                <div class="steps">
                    <button type="button" aria-label=format!("{}: {name}", words("less")) title=less.clone() on:click=move |_| app.say(&less)>"−"</button>
                    <button type="button" aria-label=format!("{}: {name}", words("more")) title=more.clone() on:click=move |_| app.say(&more)>"+"</button>
                </div>
            })}
        </div>
    }
}

/// How a device is, in a word or two.
fn describe(device: &Device, state: &DeviceState) -> String {
    let percent = |percent: Option<u32>| percent.map(|it| format!("{it} %"));
    let degrees = |degrees: Option<f64>| degrees.map(|it| format!("{it}°"));
    let on = say::is_on(device, state);
    let word = |yes: &str, no: &str| on.map(|on| words(if on { yes } else { no }));
    let only_on = |detail: Option<String>| detail.filter(|_| on == Some(true));
    let parts = match device.kind.as_str() {
        "light" => [word("on", "off"), only_on(percent(state.brightness))],
        "fan" => [word("on", "off"), only_on(percent(state.speed))],
        "switch" => [word("on", "off"), None],
        "cover" => [word("open", "closed"), only_on(percent(state.position))],
        "lock" => [word("is-unlocked", "is-locked"), None],
        "media" if state.playing == Some(true) => [Some(words("playing")), percent(state.volume)],
        "media" => [word("on", "off"), None],
        "climate" => [degrees(state.reading), degrees(state.temperature)],
        "sensor" => [degrees(state.reading), None],
        _ => return String::new(),
    };
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        words("unknown")
    } else {
        parts.join(" · ")
    }
}
