//! The page for a tablet on the wall: a clock from across the room, and everything at a touch.

use super::{
    App, go,
    now::{Answer, Lists, Rooms, Say, Timers},
    now_ms, words,
};
use crate::model::Phase;
use js_sys::{Date, Object, Reflect};
use leptos::{ev, prelude::*};
use std::time::Duration;

/// Without a touch, the cards give way to the clock after so long, ms.
const IDLE_MS: f64 = 45_000.0;

/// What was said is shown for so long, ms: whoever comes by later need not read it.
const SAID_MS: f64 = 30_000.0;

/// Ambient until it is touched.
#[component]
pub fn Kiosk() -> impl IntoView {
    let app = App::get();
    let now = RwSignal::new(Date::now());
    let touched_at = RwSignal::new(None::<f64>);
    let ticking = set_interval_with_handle(
        move || {
            now.set(Date::now());
            let idle = |at: f64| Date::now() - at > IDLE_MS;
            if touched_at.get_untracked().is_some_and(idle) {
                touched_at.set(None);
            }
        },
        Duration::from_secs(1),
    );
    on_cleanup(move || {
        let _ = ticking.map(|ticking| ticking.clear());
    });
    let clock = Memo::new(move |_| time_and_date(now.get()));
    let open = Memo::new(move |_| touched_at.get().is_some());
    let quiet = Memo::new(move |_| {
        now.track();
        app.model.with(|model| {
            let said = now_ms() - model.live_at_ms < SAID_MS;
            model.live.phase == Phase::Idle && !model.live.asks && !said
        })
    });
    // A picture that never moves burns in: it wanders a little each minute.
    let place = move || ((now.get() / 60_000.0) as u64 % 4).to_string();
    let touch = move |_: ev::PointerEvent| touched_at.set(Some(Date::now()));
    view! {
        <div class="kiosk" class:open=open class:quiet=quiet on:pointerdown=touch
            on:keydown=move |_| touched_at.set(Some(Date::now()))>
            <section class="ambient" data-place=place>
                <p class="clock" role="timer">{move || clock.get().0}</p>
                <p class="date">{move || clock.get().1}</p>
                <Answer />
                <Timers />
            </section>
            <Show when=move || open.get()
                fallback=move || view! {
                    <button class="open" type="button" on:click=move |_| touched_at.set(Some(Date::now()))>
                        {words("touch")}
                    </button>
                }>
                <section class="act">
                    <Say />
                    <div class="cards"><Rooms /><Lists /></div>
                    <button type="button" on:click=move |_| go(app, super::Page::System)>{words("leave")}</button>
                </section>
            </Show>
        </div>
    }
}

/// As people of the page's language write them.
fn time_and_date(at_ms: f64) -> (String, String) {
    let date = Date::new(&at_ms.into());
    let language = super::WORDS.with(|words| words.language);
    let options = Object::new();
    for (part, form) in [("weekday", "long"), ("day", "numeric"), ("month", "long")] {
        let _ = Reflect::set(&options, &part.into(), &form.into());
    }
    let day = date.to_locale_date_string(language, &options);
    let time = format!("{}:{:02}", date.get_hours(), date.get_minutes());
    (time, day.into())
}
