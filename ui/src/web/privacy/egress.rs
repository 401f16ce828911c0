//! Where connections go: every place, by what it is for.

use super::{
    super::{App, sessions::day_and_time, words, words_with},
    place::PlaceRow,
};
use leptos::prelude::*;
use std::time::Duration;

/// What connections are for, in the order in which they are shown.
const PURPOSES: [&str; 3] = ["home_assistant", "skill", "model"];
/// How often it is told anew how long ago something was.
const TICK: Duration = Duration::from_secs(10);

/// Which places the house may connect to, and what went there.
#[component]
pub fn Egress() -> impl IntoView {
    let app = App::get();
    let now_ms = RwSignal::new(js_sys::Date::now());
    let ticking = set_interval_with_handle(move || now_ms.set(js_sys::Date::now()), TICK);
    on_cleanup(move || {
        let _ = ticking.map(|ticking| ticking.clear());
    });
    let keys = app.part(|model| {
        let places = model.privacy.places().into_iter();
        let keys = places.map(|place| (place.purpose, place.host));
        keys.collect::<Vec<_>>()
    });
    let since = app.part(|model| model.privacy.shown.as_ref().map(|shown| shown.since_ms));
    let since = move || {
        let since = since.get().map(day_and_time).unwrap_or_default();
        words_with("egress-since", "time", since)
    };
    let of_purpose = move |purpose: &'static str| {
        let hosts = Memo::new(move |_| {
            let of = |keys: &Vec<(String, String)>| {
                let of = keys.iter().filter(|(of, _)| of == purpose);
                of.map(|(_, host)| host.clone()).collect::<Vec<_>>()
            };
            keys.with(of)
        });
        view! {
            <Show when=move || !hosts.with(Vec::is_empty)>
                <h3>{words(&format!("egress-for-{}", purpose.replace('_', "-")))}</h3>
                <ul class="places">
                    <For each=move || hosts.get() key=|host| host.clone() let:host>
                        <PlaceRow purpose host now_ms />
                    </For>
                </ul>
            </Show>
        }
    };
    view! {
        <section class="card egress">
            <h2>{words("egress")}</h2>
            <p class="soft">{words("egress-about")} " " {since}</p>
            {PURPOSES.map(of_purpose)}
            <Show when=move || keys.with(Vec::is_empty)>
                <p>{words("egress-none")}</p>
            </Show>
        </section>
    }
}
