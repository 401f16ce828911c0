//! Whom microphones, screens and rooms speak for.

use super::{
    App,
    people::{ROLES, Refused},
    words, words_with,
};
use crate::model::{headed, people::Place};
use leptos::prelude::*;
use loqa_protocol::PeopleEdit;

#[component]
pub fn Places() -> impl IntoView {
    let app = App::get();
    let places = app.part(|model| {
        let places = model.people.shown.iter().flat_map(|it| &it.places);
        places.map(|it| it.place.clone()).collect::<Vec<_>>()
    });
    view! {
        <section class="card">
            <h2>{words("places")}</h2>
            <p class="soft">{words("places-about")}</p>
            <ul class="settings">
                <For each=move || places.get() key=|place| place.clone() let:place>
                    <Row place />
                </For>
            </ul>
        </section>
    }
}

/// What it is called, whether somebody has called it anything or not.
fn name(place: &Place) -> String {
    match place.kind.as_str() {
        "room" if place.name.is_empty() => place.place.clone(),
        "room" => headed(&place.name),
        "screen" if place.asks && place.name.is_empty() => words("place-this-screen"),
        "screen" if place.name.is_empty() => {
            let id = place.place.chars().rev().take(4).collect::<Vec<_>>();
            let id: String = id.into_iter().rev().collect();
            words_with("place-screen", "id", id)
        }
        _ if !place.name.is_empty() => place.name.clone(),
        kind => words(&format!("place-{kind}")),
    }
}

#[component]
fn Row(place: String) -> impl IntoView {
    let app = App::get();
    let now = app.part({
        let place = place.clone();
        move |model| {
            let mut places = model.people.shown.iter().flat_map(|it| &it.places);
            places.find(|it| it.place == place).cloned()
        }
    });
    let people = app.part(|model| {
        let people = model.people.shown.iter().flat_map(|it| &it.people);
        let people = people.filter(|it| !it.expired);
        people
            .map(|it| (it.id, it.name.clone()))
            .collect::<Vec<_>>()
    });
    let at = format!("place:{place}");
    let (whom, screen) = (
        move || now.get().and_then(|it| it.speaks_for).unwrap_or_default(),
        Memo::new(move |_| now.get().is_some_and(|it| it.kind == "screen")),
    );
    let send = StoredValue::new((at.clone(), place));
    let set = move |speaks_for: String, name: String| {
        send.with_value(|(at, place)| {
            let edit = PeopleEdit::Place {
                place: place.clone(),
                name,
                speaks_for,
            };
            app.send(|model| model.edit_people(at, edit));
        });
    };
    let own = move || {
        let now = now.get_untracked().filter(|it| it.kind != "room");
        now.map(|it| it.name).unwrap_or_default()
    };
    let options = move || {
        let chosen = whom();
        let of = |role: &str| (role.to_owned(), words(&format!("role-{role}")));
        let unset = match now.with(|it| it.as_ref().is_some_and(|it| it.kind == "room")) {
            true => words("place-unset-room"),
            false => words("place-unset"),
        };
        let mut options = vec![(String::new(), unset), of("household")];
        options.extend(ROLES.map(of));
        let people = people.get().into_iter();
        options.extend(people.map(|(id, name)| (id.to_string(), name)));
        let option = |(value, shown): (String, String)| {
            let selected = value == chosen;
            view! { <option value=value prop:selected=selected>{shown}</option> }
        };
        options.into_iter().map(option).collect_view()
    };
    let rename = move |name: String| {
        let whom = Some(untrack(whom)).filter(|it| !it.is_empty());
        set(whom.unwrap_or_else(|| "household".into()), name);
    };
    view! {
        <li>
            <label>
                <span dir="auto">{move || now.get().as_ref().map(name)}</span>
                <select dir="auto" on:change:target=move |event| {
                    let wanted = event.target().value();
                    // It is as the hub says, and not before.
                    event.target().set_value(&untrack(whom));
                    set(wanted, own());
                }>{options}</select>
            </label>
            <Show when=move || screen.get()>
                <input class="name" dir="auto" maxlength="100" autocomplete="off" aria-label=words("place-name")
                    placeholder=words("place-name") prop:value=move || now.get().map(|it| it.name)
                    on:change=move |event| rename(event_target_value(&event)) />
            </Show>
            <Refused at />
        </li>
    }
}
