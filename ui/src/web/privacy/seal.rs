//! The switch after which nothing leaves the house.

use super::super::{App, words, words_of_hub};
use crate::model::Edited;
use leptos::{ev::MouseEvent, prelude::*};

/// Whether the house is sealed, and what changes with it.
#[component]
pub fn Seal() -> impl IntoView {
    let app = App::get();
    let sealed = app.part(|model| {
        let shown = model.privacy.shown.as_ref();
        shown.is_some_and(|shown| shown.sealed)
    });
    let refused = app.part(|model| match &model.privacy.outcome {
        Edited::Refused(problem) => Some(problem.clone()),
        _ => None,
    });
    // It is as the hub says, and not before.
    let flip = move |event: MouseEvent| {
        event.prevent_default();
        let wanted = !sealed.get_untracked();
        app.send(|model| model.seal(wanted));
    };
    let state = move || match sealed.get() {
        true => words("seal-on"),
        false => words("seal-off"),
    };
    view! {
        <section class="card seal" class:sealed=sealed>
            <h2>{words("seal")}</h2>
            <label class="check">
                <input type="checkbox" role="switch" aria-describedby="seal-about" prop:checked=sealed on:click=flip />
                {words("seal-switch")}
            </label>
            <p role="status">{state}</p>
            <p id="seal-about" class="soft">{words("seal-about")}</p>
            <div role="alert">
                {move || refused.get().map(|problem| view! {
                    <p class="wrong" dir="auto">{words_of_hub(&problem.message)}</p>
                    <p class="soft" dir="auto">{words_of_hub(&problem.help)}</p>
                })}
            </div>
        </section>
    }
}
