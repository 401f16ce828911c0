//! Privacy: what leaves the house, and what somebody of the household can do about it. Each section
//! stands in a file of its own.

mod egress;
mod place;
mod seal;

use super::{App, told, words};
use egress::Egress;
use leptos::prelude::*;
use seal::Seal;

/// All sections; for as long as this is shown, as the hub tells them.
#[component]
pub fn Privacy() -> impl IntoView {
    let app = App::get();
    let connected = app.part(|model| model.connected);
    Effect::new(move |_| {
        if connected.get() {
            app.send(|model| model.watch_privacy(true));
        }
    });
    on_cleanup(move || app.send(|model| model.watch_privacy(false)));
    let shown = app.part(|model| model.privacy.shown.is_some());
    let trouble = app.part(|model| model.privacy.trouble.clone());
    view! {
        <h1>{words("privacy")}</h1>
        <p class="soft">{words("privacy-about")}</p>
        <div role="alert">{move || trouble.get().map(|problem| view! { <p class="wrong" dir="auto">{told(&problem)}</p> })}</div>
        <Show when=move || shown.get() fallback=|| view! { <p role="status">{words("privacy-asking")}</p> }>
            <div class="sections">
                <Seal />
                <Egress />
            </div>
        </Show>
    }
}
