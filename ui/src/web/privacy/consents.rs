//! What people have agreed to, with the words that they have read.

use super::super::{App, sessions::day_and_time, words, words_with};
use leptos::prelude::*;

/// Shown where somebody has agreed to something.
#[component]
pub fn Consents() -> impl IntoView {
    let app = App::get();
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
                    <h3 dir="auto">{consent.name}</h3>
                    <p dir="auto">{consent.text}</p>
                    <p class="soft">{given} " " {withdrawn}</p>
                </li>
            }
        });
        rows.collect_view()
    };
    view! {
        <Show when=move || !consents.with(Vec::is_empty)>
            <section class="card consents">
                <h2>{words("consents")}</h2>
                <ul>{rows}</ul>
            </section>
        </Show>
    }
}
