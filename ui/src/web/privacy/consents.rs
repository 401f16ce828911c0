//! How long what people say is kept, as each agrees to, and what they have agreed to before.

use super::super::{App, sessions::day_and_time, told, words, words_with};
use crate::model::{Edited, people::Person};
use leptos::{ev::SubmitEvent, prelude::*};
use loqa_protocol::{PeopleEdit, PrivacyScope};

const CHOICES: [PrivacyScope; 3] = [
    PrivacyScope::Ephemeral,
    PrivacyScope::Session,
    PrivacyScope::Persistent,
];

/// Shown where there are people.
#[component]
pub fn Consents() -> impl IntoView {
    let app = App::get();
    let ids = app.part(|model| {
        let people = model.people.shown.iter().flat_map(|it| &it.people);
        let people = people.filter(|it| !it.expired);
        people.map(|it| it.id).collect::<Vec<_>>()
    });
    let consents = app.part(|model| {
        let shown = model.privacy.shown.iter();
        shown
            .flat_map(|shown| shown.consents.clone())
            .collect::<Vec<_>>()
    });
    let rows = move || {
        let rows = consents.get().into_iter().map(|consent| {
            let given = words_with("consent-given", "time", day_and_time(consent.given_at_ms));
            let withdrawn = consent.withdrawn_at_ms.map(day_and_time);
            let withdrawn = withdrawn.map(|time| words_with("consent-withdrawn", "time", time));
            view! {
                <li>
                    <h4 dir="auto">{consent.name}</h4>
                    <p dir="auto">{consent.text}</p>
                    <p class="soft">{given} " " {withdrawn}</p>
                </li>
            }
        });
        rows.collect_view()
    };
    view! {
        <Show when=move || !ids.with(Vec::is_empty)>
            <section class="card consents">
                <h2>{words("people-keeping")}</h2>
                <p class="soft">{words("people-keeping-about")}</p>
                <ul class="agreements">
                    <For each=move || ids.get() key=|id| *id let:id>
                        <Agreement id />
                    </For>
                </ul>
                <Show when=move || !consents.with(Vec::is_empty)>
                    <h3>{words("consents")}</h3>
                    <ul>{rows}</ul>
                </Show>
            </section>
        </Show>
    }
}

/// What one person agrees to: another choice counts once they have read what it means and said yes.
#[component]
fn Agreement(id: u64) -> impl IntoView {
    let app = App::get();
    let now = app.part(move |model| model.people.person(id).cloned());
    let of = move |of: fn(&Person) -> String| now.get().as_ref().map(of).unwrap_or_default();
    let keeps = Memo::new(move |_| now.get().map(|it| it.keeps).unwrap_or_default());
    let has_pin = Memo::new(move |_| now.get().is_some_and(|it| it.pin));
    let wanted = RwSignal::new(None::<PrivacyScope>);
    let pin = RwSignal::new(String::new());
    let at = format!("keeps:{id}");
    let changed = at.clone();
    let outcome = app.part(move |model| match model.people.changed == changed {
        true => model.people.outcome.clone(),
        false => Edited::Nothing,
    });
    Effect::new(move |_| {
        if outcome.get() == Edited::Done {
            wanted.set(None);
        }
    });
    let refused = move || match outcome.get() {
        Edited::Refused(problem) => told(&problem),
        _ => String::new(),
    };
    let text = move |scope: PrivacyScope| words(&format!("agree-{}", scope.name()));
    let place = StoredValue::new(at);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(scope) = wanted.get_untracked() else {
            return;
        };
        let edit = PeopleEdit::Keeps {
            person: id,
            scope,
            text: match scope {
                PrivacyScope::Ephemeral => String::new(),
                scope => text(scope),
            },
        };
        let typed = pin.get_untracked();
        pin.set(String::new());
        place.with_value(|at| app.send(|model| model.agree(at, &typed, edit)));
    };
    let option = move |scope: PrivacyScope| {
        let name = scope.name();
        let shown = move || wanted.get().unwrap_or_else(|| keeps.get()) == scope;
        view! { <option value=name prop:selected=shown>{words(&format!("keep-{name}"))}</option> }
    };
    let field = format!("agree-{id}");
    let pin_field = format!("agree-pin-{id}");
    view! {
        <li data-agrees=move || of(|it| it.name.clone())>
            <label for=field.clone() dir="auto">{move || of(|it| it.name.clone())}</label>
            <select id=field.clone()
                on:change:target=move |event| {
                    let chosen = event.target().value();
                    let scope = CHOICES.into_iter().find(|it| it.name() == chosen);
                    wanted.set(scope.filter(|scope| *scope != keeps.get_untracked()));
                }>
                {CHOICES.map(option)}
            </select>
            {move || wanted.get().map(|scope| {
                let pin_field = pin_field.clone();
                view! {
                    <form class="agree" on:submit=submit>
                        <p dir="auto">{text(scope)}</p>
                        <Show when=move || has_pin.get()>
                            <p class="line">
                                <label for=pin_field.clone()>{move || words_with("agree-pin", "name", of(|it| it.name.clone()))}</label>
                                <input id=pin_field.clone() type="password" inputmode="numeric" autocomplete="off" maxlength="12"
                                    required bind:value=pin />
                            </p>
                        </Show>
                        <p class="line">
                            <button class="primary" type="submit">
                                {words(if scope < keeps.get() { "agree-less" } else { "agree-yes" })}
                            </button>
                            <button type="button" on:click=move |_| wanted.set(None)>{words("cancel")}</button>
                        </p>
                    </form>
                }
            })}
            <p class="wrong" role="alert" dir="auto">{refused}</p>
        </li>
    }
}
