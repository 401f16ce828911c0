//! The page for a tablet on the wall: a clock from across the room, and everything at a touch. Dark
//! while nobody is there, and hard to leave where the household has a PIN.

use super::{
    App, Page,
    alarms::{Alarms, NextAlarm},
    cards::Cards,
    go, modal,
    now::{Answer, Lists, Rooms, Say, Timers},
    now_ms, told, words,
};
use crate::model::Edited;
use js_sys::{Date, Object, Reflect};
use leptos::{ev::SubmitEvent, prelude::*};
use loqa_protocol::Phase;
use std::time::Duration;

/// Without a touch, the cards give way to the clock after so long, ms.
const IDLE_MS: f64 = 45_000.0;

/// What was said is shown for so long, ms: whoever comes by later need not read it.
const SAID_MS: f64 = 30_000.0;

/// Without a touch or a word, the screen dims after so long, ms.
const DIM_MS: f64 = 120_000.0;

/// Whether this tab hangs on the wall: kept by the tab, so that nobody leaves by another address.
fn is_on_the_wall() -> bool {
    let kept = storage().and_then(|tab| tab.get_item("kiosk").ok()?);
    kept.is_some()
}

fn hang(on_the_wall: bool) {
    let Some(tab) = storage() else { return };
    // A browser that keeps nothing lets everybody go.
    let _ = if on_the_wall {
        tab.set_item("kiosk", "")
    } else {
        tab.remove_item("kiosk")
    };
}

fn storage() -> Option<web_sys::Storage> {
    window().session_storage().ok()?
}

/// Keeps a tablet on the wall on its page, where the household has a PIN for that.
pub fn stay(app: App) {
    // `None` until the hub has said so.
    let locked = app.part(|model| {
        let house = &model.house;
        (!house.version.is_empty()).then_some(house.kiosk_pin)
    });
    Effect::new(move |_| {
        let elsewhere = app.page.get() != Page::Kiosk;
        match locked.get() {
            Some(true) if elsewhere && is_on_the_wall() => go(app, Page::Kiosk),
            Some(false) if elsewhere => hang(false),
            _ => {}
        }
    });
}

/// Ambient until it is touched.
#[component]
pub fn Kiosk() -> impl IntoView {
    let app = App::get();
    let now = RwSignal::new(Date::now());
    let touched_at = RwSignal::new(None::<f64>);
    // When somebody last touched it, or Loqa heard its name.
    let noticed_at = RwSignal::new(Date::now());
    hang(true);
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
    let heard = app.part(|model| model.listening.awake || model.live.phase != Phase::Idle);
    Effect::new(move |_| {
        if heard.get() || touched_at.get().is_some() {
            noticed_at.set(Date::now());
        }
    });
    let dim = Memo::new(move |_| {
        let untouched = now.get() - noticed_at.get() > DIM_MS;
        app.model.with(|model| {
            let now_ms = now_ms();
            let mut timers = model.state.timers.iter();
            let rings = timers.any(|timer| model.remaining_ms(timer, now_ms) == 0.0)
                || model.state.alarms.iter().any(|it| it.state == "ringing");
            let silent = now_ms - model.live_at_ms > DIM_MS;
            untouched && silent && !heard.get() && !rings
        })
    });
    // A picture that never moves burns in: it wanders a little each minute.
    let place = move || ((now.get() / 60_000.0) as u64 % 4).to_string();
    // It opens once the finger is gone: what appears is not what was touched.
    let touch = move || {
        if touched_at.with_untracked(Option::is_some) {
            touched_at.set(Some(Date::now()));
        }
    };
    view! {
        <div class="kiosk" class:open=open class:quiet=quiet class:dim=dim on:pointerdown=move |_| touch()
            on:keydown=move |_| touch()>
            <section class="ambient" data-place=place>
                <p class="clock" role="timer">{move || clock.get().0}</p>
                <p class="date">{move || clock.get().1}</p>
                <Answer />
                <Timers />
                <NextAlarm />
                <Show when=move || !open.get()><Cards /></Show>
            </section>
            <Show when=move || open.get()
                fallback=move || view! {
                    <button class="open" type="button" on:click=move |_| touched_at.set(Some(Date::now()))>
                        {words("touch")}
                    </button>
                }>
                <section class="act">
                    <Say />
                    <div class="cards"><Alarms /><Cards /><Rooms /><Lists /></div>
                    <Show when=move || !app.display.get()><Leave /></Show>
                </section>
            </Show>
        </div>
    }
}

/// The way out, which may need the PIN.
#[component]
fn Leave() -> impl IntoView {
    let app = App::get();
    let locked = app.part(|model| model.house.kiosk_pin);
    let left = app.part(|model| model.left.clone());
    let asking = RwSignal::new(false);
    let leave = move || {
        hang(false);
        app.model.update(|model| model.left = Edited::Nothing);
        go(app, Page::System);
    };
    Effect::new(move |_| {
        if asking.get() && left.get() == Edited::Done {
            leave();
        }
    });
    let press = move |_| {
        if locked.get_untracked() {
            app.model.update(|model| model.left = Edited::Nothing);
            asking.set(true);
        } else {
            leave();
        }
    };
    view! {
        <button type="button" on:click=press>{words("leave")}</button>
        <Show when=move || asking.get()>
            <AskPin left close=Callback::new(move |()| asking.set(false)) />
        </Show>
    }
}

#[component]
fn AskPin(left: Memo<Edited>, close: Callback<()>) -> impl IntoView {
    let app = App::get();
    let pin = RwSignal::new(String::new());
    let dialog = modal();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let typed = pin.get_untracked();
        pin.set(String::new());
        app.send(|model| model.leave(&typed));
    };
    let wrong = move || match left.get() {
        Edited::Refused(problem) if problem.code == "wrong_pin" => words("wrong-pin"),
        Edited::Refused(problem) => told(&problem),
        _ => String::new(),
    };
    view! {
        <dialog class="card editor" node_ref=dialog aria-labelledby="pin-title" on:close=move |_| close.run(())>
            <form on:submit=submit>
                <h2 id="pin-title">{words("leave")}</h2>
                <label for="pin">{words("pin")}</label>
                <input id="pin" type="password" inputmode="numeric" autocomplete="off" maxlength="12" bind:value=pin />
                <p class="wrong" role="alert" dir="auto">{wrong}</p>
                <div class="choices">
                    <button class="primary" type="submit">{words("leave")}</button>
                    <button type="button" on:click=move |_| close.run(())>{words("cancel")}</button>
                </div>
            </form>
        </dialog>
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
