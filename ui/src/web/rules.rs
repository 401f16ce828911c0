//! Who may do what, where and when: a sentence for each rule, the one that counts first first.

use super::{
    App, WORDS,
    people::{ROLES, Refused},
    words, words_with,
};
use crate::model::{headed, people::Rule};
use leptos::{ev::SubmitEvent, prelude::*};
use loqa_protocol::PeopleEdit;

const RISKS: [&str; 3] = ["everyday", "private", "risky"];
const RULINGS: [&str; 5] = ["allow", "show", "confirm", "pin", "refuse"];

#[component]
pub fn Rules() -> impl IntoView {
    let app = App::get();
    let (own, given) = (
        app.part(|model| {
            let shown = model.people.shown.as_ref();
            shown.map(|it| it.rules.clone()).unwrap_or_default()
        }),
        app.part(|model| {
            let shown = model.people.shown.as_ref();
            shown.map(|it| it.given.clone()).unwrap_or_default()
        }),
    );
    let told = move |rule: &Rule| {
        let room = rule.room.clone().map(|id| room(app, &id));
        sentence(rule, room)
    };
    view! {
        <section class="card">
            <h2>{words("rules")}</h2>
            <p class="soft">{words("rules-about")}</p>
            <ul class="rules" dir="auto">
                {move || own.get().into_iter().map(|rule| {
                    let sentence = told(&rule);
                    let label = format!("{}: {sentence}", words("remove"));
                    let remove = move |_| {
                        let edit = PeopleEdit::RemoveRule(rule.id.unwrap_or_default());
                        app.send(|model| model.edit_people("rule", edit));
                    };
                    view! {
                        <li class="own">
                            <span>{sentence}</span>
                            <button class="remove" type="button" aria-label=label on:click=remove>{words("remove")}</button>
                        </li>
                    }
                }).collect_view()}
                {move || given.get().iter().map(|rule| view! { <li>{told(rule)}</li> }).collect_view()}
                <li>{words("rules-rest")}</li>
            </ul>
            <Add />
        </section>
    }
}

fn room(app: App, id: &str) -> String {
    app.model.with(|model| {
        let area = model.house.areas.iter().find(|area| area.id == id);
        area.map_or_else(|| id.to_owned(), |area| headed(&area.name))
    })
}

/// What a rule means.
fn sentence(rule: &Rule, room: Option<String>) -> String {
    let roles = rule.roles.iter().map(|it| words(&format!("roles-{it}")));
    let who = match rule.roles.is_empty() {
        true => words("roles-all"),
        false => roles.collect::<Vec<_>>().join(", "),
    };
    let what = words(&format!("risk-{}", rule.risk.as_deref().unwrap_or("any")));
    let place = match room {
        Some(room) => words_with("where-room", "room", room),
        None => words(&format!("where-{}", rule.r#where)),
    };
    let hours = match (&rule.from, &rule.to) {
        (Some(from), Some(to)) => WORDS.with(|words| {
            let hours = [("from", from.as_str().into()), ("to", to.as_str().into())];
            words.with("rule-hours", &hours)
        }),
        _ => words("rule-always"),
    };
    WORDS.with(|words| {
        let parts = [
            ("who", who),
            ("what", what),
            ("where", place),
            ("hours", hours),
        ];
        let parts = parts.map(|(name, part)| (name, part.into()));
        words.with(&format!("rule-{}", rule.ruling), &parts)
    })
}

/// Adds a rule in a line.
#[component]
fn Add() -> impl IntoView {
    let app = App::get();
    let areas = app.part(|model| model.house.areas.clone());
    let field = || RwSignal::new(String::new());
    let (role, risk, place, from, to) = (field(), field(), field(), field(), field());
    let ruling = RwSignal::new(String::from("allow"));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let role = Some(role.get_untracked()).filter(|role| !role.is_empty());
        let rule = PeopleEdit::Rule {
            roles: role.into_iter().collect(),
            risk: risk.get_untracked(),
            r#where: place.get_untracked(),
            from: from.get_untracked(),
            to: to.get_untracked(),
            ruling: ruling.get_untracked(),
        };
        app.send(|model| model.edit_people("rule", rule));
    };
    let options = |all: String, prefix: &str, names: &[&'static str]| {
        let named = names
            .iter()
            .map(|it| (*it, words(&format!("{prefix}-{it}"))));
        let first = (!all.is_empty()).then_some(("", all));
        let options = first.into_iter().chain(named);
        options
            .map(|(value, shown)| view! { <option value=value>{shown}</option> })
            .collect_view()
    };
    let roles: Vec<_> = ["household"].into_iter().chain(ROLES).collect();
    view! {
        <form class="line add" on:submit=submit>
            <label>
                {words("rule-who")}
                <select on:change:target=move |event| role.set(event.target().value())>
                    {options(words("roles-all"), "roles", &roles)}
                </select>
            </label>
            <label>
                {words("rule-what")}
                <select on:change:target=move |event| risk.set(event.target().value())>
                    {options(words("risk-any"), "risk", &RISKS)}
                </select>
            </label>
            <label>
                {words("rule-where")}
                <select dir="auto" on:change:target=move |event| place.set(event.target().value())>
                    {options(words("where-anywhere"), "where", &["shared", "own"])}
                    {move || areas.get().into_iter().map(|area| {
                        view! { <option value=area.id>{headed(&area.name)}</option> }
                    }).collect_view()}
                </select>
            </label>
            <label>{words("rule-from")} <input type="time" bind:value=from /></label>
            <label>{words("rule-to")} <input type="time" bind:value=to /></label>
            <label>
                {words("rule-then")}
                <select on:change:target=move |event| ruling.set(event.target().value())>
                    {options(String::new(), "ruling", &RULINGS)}
                </select>
            </label>
            <button class="primary" type="submit">{words("rule-add")}</button>
        </form>
        <Refused at="rule".into() />
    }
}
