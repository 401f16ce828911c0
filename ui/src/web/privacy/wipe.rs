//! The red button.

use super::super::{App, told, words};
use crate::model::Edited;
use leptos::{ev::SubmitEvent, prelude::*};
use loqa_protocol::ClientFrame;

/// What goes, what stays, and the word without which nothing does.
#[component]
pub fn Wipe() -> impl IntoView {
    let app = App::get();
    let typed = RwSignal::new(String::new());
    let wiped = app.part(|model| model.keeps.wiped.clone());
    let meant = move || typed.with(|typed| typed.trim() == ClientFrame::WIPE);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if meant() {
            app.send(|model| model.wipe(ClientFrame::WIPE));
        }
    };
    let refused = move || match wiped.get() {
        Edited::Refused(problem) => told(&problem),
        _ => String::new(),
    };
    view! {
        <section class="card wipe">
            <h2>{words("wipe")}</h2>
            <p>{words("wipe-goes")}</p>
            <p class="soft">{words("wipe-stays")}</p>
            <form class="line" on:submit=submit>
                <label for="wipe-word">{words("wipe-type")}</label>
                <input id="wipe-word" autocomplete="off" autocapitalize="off" spellcheck="false" bind:value=typed />
                <button class="danger" type="submit"
                    disabled=move || !meant() || matches!(wiped.get(), Edited::Waiting(_))>{words("wipe-do")}</button>
            </form>
            <p class="wrong" role="alert" dir="auto">{refused}</p>
        </section>
    }
}

/// In place of everything else, once nothing is there any more.
#[component]
pub fn Wiped() -> impl IntoView {
    view! {
        <section class="card" role="status">
            <h2>{words("wiped")}</h2>
            <p>{words("wiped-about")}</p>
        </section>
    }
}
