//! The PIN that Loqa has asked for, typed where it is not overheard.

use super::{App, told, words};
use crate::model::Edited;
use leptos::{ev::SubmitEvent, prelude::*};

/// Shown while a conversation wants one.
#[component]
pub fn WantedPin() -> impl IntoView {
    let app = App::get();
    let wanted = app.part(|model| model.people.wanted.is_some());
    let given = app.part(|model| model.people.given.clone());
    let pin = RwSignal::new(String::new());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let typed = pin.get_untracked();
        pin.set(String::new());
        app.may_send(|model| model.give_pin(&typed));
    };
    let refused = move || match given.get() {
        Edited::Refused(problem) => told(&problem),
        _ => String::new(),
    };
    view! {
        <Show when=move || wanted.get()>
            <form class="wanted-pin" on:submit=submit>
                <label for="wanted-pin">{words("pin")}</label>
                <input id="wanted-pin" type="password" inputmode="numeric" autocomplete="off" maxlength="12"
                    bind:value=pin />
                <button class="primary" type="submit">{words("send")}</button>
                <button type="button" on:click=move |_| app.say("no")>{words("cancel")}</button>
                <p class="wrong" role="alert" dir="auto">{refused}</p>
            </form>
        </Show>
    }
}
