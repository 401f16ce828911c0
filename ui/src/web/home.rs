//! Rooms and devices: what they are called, what they can do, how one would say it; and all of that
//! to be changed.

use super::{App, edit::Editor, icons, tile::Tile, words, words_of_hub, words_with};
use crate::model::{Edited, headed};
use leptos::prelude::*;
use loqa_protocol::view::{Area, Device};

/// What somebody edits: as it is, or new and without an id.
#[derive(Clone, PartialEq)]
pub enum Subject {
    /// A device.
    Device(Device),
    /// A room.
    Area(Area),
}

/// All rooms.
#[component]
pub fn Home() -> impl IntoView {
    let app = App::get();
    let places = app.part(|model| model.places());
    let about = app.part(|model| {
        let house = &model.house;
        (house.revision, house.home_file.clone(), house.demonstration)
    });
    let refused = app.part(|model| match &model.edited {
        Edited::Refused(problem) => Some(problem.clone()),
        _ => None,
    });
    let subject = RwSignal::new(None::<Subject>);
    let begin = move |new| {
        app.model.update(|model| model.edited = Edited::Nothing);
        subject.set(Some(new));
    };
    let add_device = move |_| {
        begin(Subject::Device(Device {
            kind: "light".into(),
            ..Device::default()
        }));
    };
    let add_area = move |_| begin(Subject::Area(Area::default()));
    view! {
        <h1>{words("home")}</h1>
        <p class="soft" dir="auto">
            {move || match about.get() {
                (_, file, true) => words_with("home-demonstration", "file", file),
                (_, file, false) => words_with("home-kept", "file", file),
            }}
        </p>
        {move || (about.get().0 != 0).then(|| view! {
            <div class="choices">
                <button type="button" on:click=add_device>{words("add-device")}</button>
                <button type="button" on:click=add_area>{words("add-room")}</button>
            </div>
        })}
        {move || refused.get().filter(|_| subject.with(Option::is_none)).map(|problem| view! {
            <section class="card notice" role="alert">
                <p dir="auto">{words_of_hub(&problem.message)}</p>
                <p class="soft" dir="auto">{words_of_hub(&problem.help)}</p>
            </section>
        })}
        <div class="columns">
            {move || places.get().into_iter().map(|(area, devices)| {
                view! { <Place area devices edit=Callback::new(begin) /> }
            }).collect_view()}
        </div>
        {move || subject.get().map(|edited| {
            view! { <Editor edited done=Callback::new(move |()| subject.set(None)) /> }
        })}
    }
}

/// A room with what is in it.
#[component]
fn Place(area: Option<Area>, devices: Vec<Device>, edit: Callback<Subject>) -> impl IntoView {
    let about: Vec<String> = area
        .iter()
        .flat_map(|area| area.floor.iter().chain(&area.aliases))
        .cloned()
        .collect();
    let name = area
        .as_ref()
        .map_or_else(|| words("elsewhere"), |area| headed(&area.name));
    view! {
        <section class="card">
            <header class="titled">
                <h2 dir="auto">{name.clone()}</h2>
                {area.map(|area| view! { <Pencil name subject=Subject::Area(area) edit /> })}
            </header>
            <p class="soft" dir="auto">{about.join(" · ")}</p>
            {devices.into_iter().map(|device| view! { <AboutDevice device edit /> }).collect_view()}
        </section>
    }
}

/// The way to the editor.
#[component]
fn Pencil(name: String, subject: Subject, edit: Callback<Subject>) -> impl IntoView {
    let app = App::get();
    let can = app.part(|model| model.house.revision != 0);
    let label = words_with("edit-it", "name", name);
    view! {
        <Show when=move || can.get()>
            <button class="pencil" type="button" aria-label=label.clone() title=words("edit") on:click={
                let subject = subject.clone();
                move |_| edit.run(subject.clone())
            }>
                {icons::pencil()}
            </button>
        </Show>
    }
}

#[component]
fn AboutDevice(device: Device, edit: Callback<Subject>) -> impl IntoView {
    let kind = words(&format!("kind-{}", device.kind));
    let facts = [
        ("also-called", device.aliases.join(", ")),
        ("can-do", device.features.join(", ")),
    ];
    let facts = facts.into_iter().filter(|(_, value)| !value.is_empty());
    let confirm = device.confirm || device.kind == "lock";
    let subject = Subject::Device(device.clone());
    view! {
        <div class="device">
            <Tile device=device.clone() />
            <div class="facts">
                <header class="titled">
                    <dl>
                        <dt>{kind}</dt>
                        <dd>{confirm.then(|| words("asks-first"))}</dd>
                        {facts.map(|(key, value)| view! { <dt>{words(key)}</dt><dd dir="auto">{value}</dd> }).collect_view()}
                    </dl>
                    <Pencil name=headed(&device.name) subject edit />
                </header>
                <Ways id=device.id />
            </div>
        </div>
    }
}

/// How one would say it: asked for when somebody wants to know.
#[component]
fn Ways(id: String) -> impl IntoView {
    let app = App::get();
    let device = id.clone();
    let ways = app.part(move |model| model.ways.get(&device).cloned());
    let ask = move |_| {
        if ways.with_untracked(Option::is_none) {
            app.send(|model| model.ask_ways(&id));
        }
    };
    view! {
        <details class="ways" on:toggle=ask>
            <summary>{words("how-to-say")}</summary>
            <ul>
                {move || ways.get().unwrap_or_default().into_iter().map(|sentence| {
                    view! { <li dir="auto"><q>{sentence}</q></li> }
                }).collect_view()}
            </ul>
        </details>
    }
}
