//! The PIN of an owner, typed before something that needs it.

use super::{App, told, words};
use crate::model::Edited;
use leptos::{ev::SubmitEvent, prelude::*};

/// Where it is typed, and why it was not taken.
#[component]
pub fn Unlock() -> impl IntoView {
    let app = App::get();
    let typed = RwSignal::new(String::new());
    let outcome = app.part(|model| model.people.owner.outcome.clone());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let pin = typed.get_untracked();
        typed.set(String::new());
        app.send(|model| model.unlock(&pin));
    };
    let refused = move || match outcome.get() {
        Edited::Refused(problem) => told(&problem),
        _ => String::new(),
    };
    view! {
        <form class="card line unlock" on:submit=submit>
            <label for="owner-pin">{words("people-owner-pin")}</label>
            <input id="owner-pin" type="password" inputmode="numeric" autocomplete="off" maxlength="12" required
                bind:value=typed />
            <button class="primary" type="submit">{words("people-unlock")}</button>
            <p class="wrong" role="alert" dir="auto">{refused}</p>
        </form>
    }
}

/// Likewise, on pages where it is wanted only for some things.
#[component]
pub fn UnlockIfWanted() -> impl IntoView {
    let app = App::get();
    let wanted = app.part(|model| model.people.owner.wanted);
    view! {
        <Show when=move || wanted.get()><Unlock /></Show>
    }
}
