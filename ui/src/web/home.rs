//! Rooms and devices: what they are called, what they can do, and how one would say it.

use super::{App, tile::Tile, words};
use crate::{model::headed, say};
use leptos::prelude::*;
use loqa_protocol::view::{Device, House};

/// All rooms.
#[component]
pub fn Home() -> impl IntoView {
    let app = App::get();
    let house = app.part(|model| model.house.clone());
    let rooms = app.part(|model| model.rooms());
    view! {
        <h1>{words("home")}</h1>
        <p class="soft">{words("home-about")}</p>
        <div class="columns">
            {move || {
                let house = house.get();
                rooms.get().into_iter().map(|(room, devices)| {
                    let area = house.areas.iter().find(|area| area.name == room);
                    let name = if room.is_empty() { words("elsewhere") } else { headed(&room) };
                    let about: Vec<String> = area
                        .into_iter()
                        .flat_map(|area| area.floor.iter().chain(&area.aliases))
                        .cloned()
                        .collect();
                    view! {
                        <section class="card">
                            <h2 dir="auto">{name}</h2>
                            <p class="soft" dir="auto">{about.join(" · ")}</p>
                            {devices.into_iter().map(|device| about_device(&house, device)).collect_view()}
                        </section>
                    }
                }).collect_view()
            }}
        </div>
    }
}

fn about_device(house: &House, device: Device) -> impl IntoView + use<> {
    let app = App::get();
    let (this, of) = (device.clone(), house.clone());
    let sentence = app.part(move |model| say::touch(&of, &this, &model.state_of(&this.id)));
    let kind = words(&format!("kind-{}", device.kind));
    let facts = [
        ("also-called", device.aliases.join(", ")),
        ("can-do", device.features.join(", ")),
    ];
    let facts = facts.into_iter().filter(|(_, value)| !value.is_empty());
    let confirm = device.confirm || device.kind == "lock";
    view! {
        <div class="device">
            <Tile device />
            <dl>
                <dt>{kind}</dt>
                <dd>{confirm.then(|| words("asks-first"))}</dd>
                {facts.map(|(key, value)| view! { <dt>{words(key)}</dt><dd dir="auto">{value}</dd> }).collect_view()}
                {move || sentence.get().map(|sentence| view! {
                    <dt>{words("say-it")}</dt><dd dir="auto"><q>{sentence}</q></dd>
                })}
            </dl>
        </div>
    }
}
