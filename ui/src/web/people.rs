//! People: who lives here, whom microphones, screens and rooms speak for, and who may do what.

use super::{App, places::Places, rules::Rules, told, unlock::Unlock, words, words_with};
use crate::model::{Edited, people::Person};
use js_sys::Date;
use leptos::{ev::SubmitEvent, prelude::*};
use loqa_protocol::PeopleEdit;

/// Of people, the one of most rights first.
pub const ROLES: [&str; 4] = ["owner", "adult", "child", "guest"];

/// For as long as this is shown, as they are.
#[component]
pub fn People() -> impl IntoView {
    let app = App::get();
    let connected = app.part(|model| model.connected);
    Effect::new(move |_| {
        if connected.get() {
            app.may_send(|model| model.look_at_people(true));
        }
    });
    on_cleanup(move || app.may_send(|model| model.look_at_people(false)));
    let shown = app.part(|model| model.people.shown.is_some());
    let locked = app.part(|model| model.people.is_locked());
    let nobody = app.part(|model| {
        let shown = model.people.shown.as_ref();
        shown.is_some_and(|it| it.people.is_empty())
    });
    view! {
        <h1>{words("people")}</h1>
        <p class="soft">
            {move || words(if nobody.get() { "people-nobody" } else { "people-about" })}
        </p>
        <Show when=move || locked.get()><Unlock /></Show>
        <Show when=move || shown.get() fallback=|| view! { <p role="status">{words("people-asking")}</p> }>
            <fieldset class="people" disabled=locked>
                <Persons />
                <Places />
                <Rules />
            </fieldset>
        </Show>
    }
}

/// Why the last change at `at` was refused, if it was.
#[component]
pub fn Refused(at: String) -> impl IntoView {
    let app = App::get();
    let refused = app.part(move |model| match &model.people.outcome {
        // Of an owner's PIN is told where that is typed.
        Edited::Refused(problem) if model.people.changed == at && !model.people.is_locked() => {
            Some(problem.clone())
        }
        _ => None,
    });
    view! {
        <div role="alert">
            {move || refused.get().map(|problem| view! { <p class="wrong" dir="auto">{told(&problem)}</p> })}
        </div>
    }
}

#[component]
fn Persons() -> impl IntoView {
    let app = App::get();
    let ids = app.part(|model| {
        let people = model.people.shown.iter().flat_map(|it| &it.people);
        people.map(|it| it.id).collect::<Vec<_>>()
    });
    view! {
        <section class="card">
            <h2>{words("people-who")}</h2>
            <ul class="persons">
                <For each=move || ids.get() key=|id| *id let:id>
                    <Row id />
                </For>
            </ul>
            <Add />
        </section>
    }
}

/// Adds somebody in a line.
#[component]
fn Add() -> impl IntoView {
    let app = App::get();
    let (name, role, until) = (
        RwSignal::new(String::new()),
        RwSignal::new(String::from("adult")),
        RwSignal::new(String::new()),
    );
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let guest = role.get_untracked() == "guest";
        let expires_ms = guest.then(|| end_of(&until.get_untracked())).flatten();
        let person = PeopleEdit::Person {
            id: 0,
            name: name.get_untracked(),
            role: role.get_untracked(),
            expires_ms,
        };
        app.send(|model| model.edit_people("add", person));
    };
    let done =
        app.part(|model| model.people.changed == "add" && model.people.outcome == Edited::Done);
    Effect::new(move |_| {
        if done.get() {
            name.set(String::new());
            until.set(String::new());
        }
    });
    view! {
        <form class="line add" on:submit=submit>
            <label>
                {words("people-name")}
                <input autocomplete="off" maxlength="100" required dir="auto" bind:value=name />
            </label>
            <label>
                {words("people-role")}
                <select on:change:target=move |event| role.set(event.target().value())>
                    {roles(move |it| role.get() == it)}
                </select>
            </label>
            <Show when=move || role.get() == "guest">
                <label>{words("people-until")} <input type="date" bind:value=until /></label>
            </Show>
            <button class="primary" type="submit">{words("people-add")}</button>
        </form>
        <Refused at="add".into() />
    }
}

fn roles(chosen: impl Fn(&'static str) -> bool + Copy + Send + 'static) -> impl IntoView {
    let option = move |role: &'static str| {
        let name = words(&format!("role-{role}"));
        view! { <option value=role prop:selected=move || chosen(role)>{name}</option> }
    };
    ROLES.map(option)
}

/// Somebody: what they are, until when, their PIN, and the way out.
#[component]
fn Row(id: u64) -> impl IntoView {
    let app = App::get();
    let now = app.part(move |model| model.people.person(id).cloned());
    let of = move |of: fn(&Person) -> String| now.get().as_ref().map(of).unwrap_or_default();
    let at = format!("person:{id}");
    let place = StoredValue::new(at.clone());
    let change = move |change: &dyn Fn(&mut Person)| {
        let Some(mut person) = now.get_untracked() else {
            return;
        };
        change(&mut person);
        let edit = PeopleEdit::Person {
            id,
            name: person.name,
            role: person.role,
            expires_ms: person.expires_ms,
        };
        place.with_value(|at| app.send(|model| model.edit_people(at, edit)));
    };
    let role = move || of(|it| it.role.clone());
    let named = move |key: &'static str| words_with(key, "name", of(|it| it.name.clone()));
    let guest = Memo::new(move |_| now.get().is_some_and(|it| it.role == "guest"));
    let until = move || {
        let expires_ms = now.get().and_then(|it| it.expires_ms);
        expires_ms.map(last_day).unwrap_or_default()
    };
    let rename = move |name: String| change(&|person| person.name = name.clone());
    // What is no guest does not end.
    let become_role = move |role: String| {
        change(&|person| {
            person.expires_ms = person.expires_ms.filter(|_| role == "guest");
            person.role = role.clone();
        });
    };
    let end = move |day: String| change(&|person| person.expires_ms = end_of(&day));
    let expired = move || now.get().is_some_and(|it| it.expired);
    view! {
        <li data-person=of(|it| it.name.clone())>
            <div class="line">
                <input class="name" dir="auto" maxlength="100" autocomplete="off" aria-label=words("people-name")
                    prop:value=move || of(|it| it.name.clone())
                    on:change=move |event| rename(event_target_value(&event)) />
                <select aria-label=move || named("people-role-of")
                    on:change:target=move |event| {
                        let wanted = event.target().value();
                        // It is as the hub says, and not before.
                        event.target().set_value(&untrack(role));
                        become_role(wanted);
                    }>
                    {roles(move |it| role() == it)}
                </select>
                <Show when=move || guest.get()>
                    <input type="date" aria-label=move || named("people-until-of") prop:value=until
                        on:change=move |event| end(event_target_value(&event)) />
                </Show>
                <SetPin id at=place.get_value() />
                <Remove id at=place.get_value() />
            </div>
            <p class="soft" role="status">{move || expired().then(|| words("people-expired"))}</p>
            <Refused at />
        </li>
    }
}

/// A PIN of somebody's own: set, changed or taken away.
#[component]
fn SetPin(id: u64, at: String) -> impl IntoView {
    let app = App::get();
    let now = app.part(move |model| model.people.person(id).cloned());
    let has = Memo::new(move |_| now.get().is_some_and(|it| it.pin));
    let name = move || now.get().map(|it| it.name).unwrap_or_default();
    let (open, typed) = (RwSignal::new(false), RwSignal::new(String::new()));
    let at = StoredValue::new(at);
    let set = move |pin: String| {
        let edit = PeopleEdit::NewPin {
            person: id,
            pin: pin.clone(),
        };
        at.with_value(|at| app.send(|model| model.edit_people(at, edit)));
        open.set(false);
        typed.set(String::new());
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        set(typed.get_untracked());
    };
    let key = move || {
        if has.get() {
            "people-pin-change"
        } else {
            "people-pin-set"
        }
    };
    let field = format!("pin-{id}");
    view! {
        <Show when=move || !open.get()
            fallback={
                let field = field.clone();
                move || view! {
                    <form class="line" on:submit=submit>
                        <label for=field.clone()>{words("people-new-pin")}</label>
                        <input id=field.clone() type="password" inputmode="numeric" autocomplete="off" maxlength="12" required
                            pattern="[0-9]{4,12}" bind:value=typed />
                        <button class="primary" type="submit">{words("save")}</button>
                        <button type="button" on:click=move |_| open.set(false)>{words("cancel")}</button>
                    </form>
                }
            }>
            <button type="button" on:click=move |_| open.set(true)>{move || words_with(key(), "name", name())}</button>
            <Show when=move || has.get()>
                <button type="button" on:click=move |_| set(String::new())>
                    {move || words_with("people-pin-remove", "name", name())}
                </button>
            </Show>
        </Show>
    }
}

/// Asks again before somebody is gone.
#[component]
fn Remove(id: u64, at: String) -> impl IntoView {
    let app = App::get();
    let name = app.part(move |model| {
        let person = model.people.person(id);
        person.map(|it| it.name.clone()).unwrap_or_default()
    });
    let sure = RwSignal::new(false);
    let press = move |_| {
        if sure.get_untracked() {
            app.send(|model| model.edit_people(&at, PeopleEdit::Remove(id)));
        }
        sure.set(true);
    };
    view! {
        <button class="remove" type="button" on:click=press>
            {move || words_with(if sure.get() { "people-remove-sure" } else { "people-remove" }, "name", name.get())}
        </button>
    }
}

/// The moment after the last of a day, `2030-12-24`, Unix ms.
fn end_of(day: &str) -> Option<i64> {
    let mut parts = day.split('-').map(str::parse::<u32>);
    let mut part = || parts.next()?.ok();
    let (year, month, day) = (part()?, part()?, part()?);
    let next = i32::try_from(day).ok()? + 1;
    let end = Date::new_with_year_month_day(year, i32::try_from(month).ok()? - 1, next).get_time();
    end.is_finite().then_some(end as i64)
}

/// The day that a moment ends, as a field of a form has it.
fn last_day(end_ms: i64) -> String {
    let day = Date::new(&((end_ms - 1) as f64).into());
    let (year, month, date) = (day.get_full_year(), day.get_month() + 1, day.get_date());
    format!("{year:04}-{month:02}-{date:02}")
}
