//! How long words live, in the whole house and in rooms, and what is made unreadable of them.

use super::super::{App, told, words, words_with};
use crate::model::{Edited, headed, keeping::Keeping};
use leptos::prelude::*;
use loqa_protocol::{PrivacyScope, Redaction};

const CHOICES: [&str; 3] = ["default", "ephemeral", "session"];

/// What can be made unreadable, each with the beginning of its words.
const REDACTIONS: [(Redaction, &str); 3] = [
    (Redaction::Names, "names"),
    (Redaction::Numbers, "numbers"),
    (Redaction::Text, "text"),
];

/// All of it; nothing is as somebody has touched it before the hub says so.
#[component]
pub fn KeepingSection() -> impl IntoView {
    let app = App::get();
    let rooms = app.part(|model| {
        let areas = model.house.areas.iter();
        let rooms = areas.map(|area| (area.id.clone(), area.name.clone()));
        rooms.collect::<Vec<_>>()
    });
    view! {
        <section class="card keeping">
            <h2>{words("keeping")}</h2>
            <p class="soft">{words("keeping-about")}</p>
            <Household />
            <h3>{words("keeping-rooms")}</h3>
            <ul class="keeping-rooms">
                <For each=move || rooms.get() key=|room| room.clone() let:room>
                    <Room id=room.0 name=room.1 />
                </For>
            </ul>
            <Own />
            <Hours />
            <Redact />
        </section>
    }
}

fn keeping(app: App) -> Memo<Option<Keeping>> {
    app.part(|model| {
        let shown = model.privacy.shown.as_ref();
        shown.and_then(|shown| shown.keeping.clone())
    })
}

fn name(scope: Option<PrivacyScope>) -> &'static str {
    match scope {
        None => "default",
        Some(PrivacyScope::Ephemeral) => "ephemeral",
        Some(_) => "session",
    }
}

fn scope(name: &str) -> Option<PrivacyScope> {
    match name {
        "ephemeral" => Some(PrivacyScope::Ephemeral),
        "session" => Some(PrivacyScope::Session),
        _ => None,
    }
}

/// What a choice changes, in a sentence.
fn about(choice: &str, of: &str, keeping: Option<&Keeping>) -> String {
    let hours = keeping.map_or(24, |it| it.hours);
    match (choice, of) {
        ("ephemeral", _) => words("keep-ephemeral-about"),
        ("session", _) => words_with("keep-session-about", "hours", hours),
        (_, "room") => words("keep-room-default-about"),
        _ => match keeping.map(|it| it.otherwise) {
            Some(PrivacyScope::Session | PrivacyScope::Persistent) => {
                words("keep-default-session-about")
            }
            _ => words("keep-default-ephemeral-about"),
        },
    }
}

#[component]
fn Household() -> impl IntoView {
    let app = App::get();
    let keeping = keeping(app);
    let chosen = move || keeping.with(|it| name(it.as_ref().and_then(|it| it.household)));
    let radio = move |choice: &'static str| {
        let field = format!("keep-{choice}");
        let about_id = format!("keep-{choice}-about");
        view! {
            <div class="choice">
                <label class="check" for=field.clone()>
                    <input id=field.clone() type="radio" name="keep-household" value=choice
                        aria-describedby=about_id.clone()
                        prop:checked=move || chosen() == choice
                        on:change=move |_| app.send(|model| model.keep_for(None, scope(choice))) />
                    {words(&format!("keep-{choice}"))}
                </label>
                <p id=about_id class="soft">
                    {move || keeping.with(|it| about(choice, "household", it.as_ref()))}
                </p>
            </div>
        }
    };
    view! {
        <fieldset>
            <legend>{words("keeping-household")}</legend>
            {CHOICES.map(radio)}
        </fieldset>
        <Refused at="household".into() />
    }
}

#[component]
fn Room(id: String, name: String) -> impl IntoView {
    let app = App::get();
    let keeping = keeping(app);
    let room = StoredValue::new(id.clone());
    let chosen = Memo::new(move |_| {
        let of = |it: &Keeping| room.with_value(|room| self::name(it.chosen(Some(room))));
        keeping.with(|it| it.as_ref().map_or("default", of))
    });
    let field = format!("keep-room-{id}");
    let about_id = format!("keep-room-{id}-about");
    let option = move |choice: &'static str| {
        let key = match choice {
            "default" => "keep-room-default".to_owned(),
            choice => format!("keep-{choice}"),
        };
        view! { <option value=choice prop:selected=move || chosen.get() == choice>{words(&key)}</option> }
    };
    view! {
        <li>
            <label for=field.clone() dir="auto">{headed(&name)}</label>
            <select id=field.clone() aria-describedby=about_id.clone()
                on:change:target=move |event| {
                    let wanted = scope(&event.target().value());
                    // It is as the hub says, and not before.
                    event.target().set_value(chosen.get_untracked());
                    room.with_value(|room| app.send(|model| model.keep_for(Some(room), wanted)));
                }>
                {CHOICES.map(option)}
            </select>
            <p id=about_id class="soft">
                {move || keeping.with(|it| about(chosen.get(), "room", it.as_ref()))}
            </p>
            <Refused at=format!("room:{id}") />
        </li>
    }
}

/// What is said through this page.
#[component]
fn Own() -> impl IntoView {
    let app = App::get();
    let keeping = keeping(app);
    let own = app.part(|model| model.keeps.own);
    let chosen = Memo::new(move |_| name(own.get()));
    let option = move |choice: &'static str| {
        let key = match choice {
            "default" => "keep-own-default".to_owned(),
            choice => format!("keep-{choice}"),
        };
        view! { <option value=choice prop:selected=move || chosen.get() == choice>{words(&key)}</option> }
    };
    view! {
        <h3>{words("keeping-own")}</h3>
        <div class="line">
            <label for="keep-own">{words("keep-own")}</label>
            <select id="keep-own" aria-describedby="keep-own-about"
                on:change:target=move |event| {
                    let wanted = scope(&event.target().value());
                    // It is as the hub says, and not before.
                    event.target().set_value(chosen.get_untracked());
                    app.send(|model| model.keep_own(wanted));
                }>
                {CHOICES.map(option)}
            </select>
        </div>
        <p id="keep-own-about" class="soft">
            {move || keeping.with(|it| match chosen.get() {
                "default" => words("keep-own-about"),
                choice => about(choice, "own", it.as_ref()),
            })}
        </p>
        <Refused at="conversation".into() />
    }
}

#[component]
fn Hours() -> impl IntoView {
    let app = App::get();
    let keeping = keeping(app);
    // Of its own: what somebody is typing stays while something else changes.
    let hours = Memo::new(move |_| keeping.with(|it| it.as_ref().map_or(24, |it| it.hours)));
    let choose = move |event| {
        let typed = event_target_value(&event).parse();
        if let Ok(hours) = typed {
            app.send(|model| model.keep_hours(hours));
        }
    };
    view! {
        <div class="line">
            <label for="keep-hours">{words("keep-hours")}</label>
            <input id="keep-hours" type="number" min="1" max="87600" inputmode="numeric" aria-describedby="keep-hours-about"
                prop:value=move || hours.get().to_string() on:change=choose />
        </div>
        <p id="keep-hours-about" class="soft">{words("keep-hours-about")}</p>
        <Refused at="hours".into() />
    }
}

#[component]
fn Redact() -> impl IntoView {
    let app = App::get();
    let keeping = keeping(app);
    let checkbox = move |(what, key): (Redaction, &'static str)| {
        let on = move || keeping.with(|it| it.as_ref().is_some_and(|it| it.redact.contains(&what)));
        let about_id = format!("redact-{key}-about");
        view! {
            <div class="choice">
                <label class="check">
                    <input type="checkbox" aria-describedby=about_id.clone() prop:checked=on
                        on:change=move |event| {
                            let wanted = event_target_checked(&event);
                            app.send(|model| model.redact(what, wanted));
                        } />
                    {words(&format!("redact-{key}"))}
                </label>
                <p id=about_id class="soft">{words(&format!("redact-{key}-about"))}</p>
            </div>
        }
    };
    view! {
        <fieldset>
            <legend>{words("redact")}</legend>
            {REDACTIONS.map(checkbox)}
        </fieldset>
        <Refused at="redact".into() />
    }
}

/// Why the last change at `at` was refused, if it was.
#[component]
fn Refused(at: String) -> impl IntoView {
    let app = App::get();
    let refused = app.part(move |model| match &model.keeps.outcome {
        Edited::Refused(problem) if model.keeps.at == at => Some(problem.clone()),
        _ => None,
    });
    view! {
        <div role="alert">
            {move || refused.get().map(|problem| view! { <p class="wrong" dir="auto">{told(&problem)}</p> })}
        </div>
    }
}
