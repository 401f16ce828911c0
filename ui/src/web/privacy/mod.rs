//! Privacy: what leaves the house, what is kept in it, and what somebody of the household can do about it.
//! Each section stands in a file of its own.

mod consents;
mod egress;
mod keeping;
mod place;
mod seal;
mod wipe;

use super::{App, told, unlock::UnlockIfWanted, words};
use crate::model::Edited;
use consents::Consents;
use egress::Egress;
use keeping::KeepingSection;
use leptos::prelude::*;
use seal::Seal;
use wipe::{Wipe, Wiped};

/// All sections; for as long as this is shown, as the hub tells them.
#[component]
pub fn Privacy() -> impl IntoView {
    let app = App::get();
    let connected = app.part(|model| model.connected);
    Effect::new(move |_| {
        if connected.get() {
            app.send(|model| model.watch_privacy(true));
            app.send(|model| model.ask_people());
        }
    });
    on_cleanup(move || app.send(|model| model.watch_privacy(false)));
    let shown = app.part(|model| model.privacy.shown.is_some());
    let trouble = app.part(|model| model.privacy.trouble.clone());
    let wiped = app.part(|model| model.keeps.wiped == Edited::Done);
    view! {
        <h1>{words("privacy")}</h1>
        <p class="soft">{words("privacy-about")}</p>
        <div role="alert">{move || trouble.get().map(|problem| view! { <p class="wrong" dir="auto">{told(&problem)}</p> })}</div>
        <Show when=move || wiped.get()>
            <div class="sections"><Wiped /></div>
        </Show>
        <UnlockIfWanted />
        <Show when=move || shown.get() fallback=move || (!wiped.get()).then(|| view! { <p role="status">{words("privacy-asking")}</p> })>
            <div class="sections">
                <Seal />
                <KeepingSection />
                <Consents />
                <Egress />
                <Wipe />
            </div>
        </Show>
    }
}
