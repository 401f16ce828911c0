//! What Loqa hears and does, and what can be touched.

use super::{
    App, alarms::Alarms, cards::Cards, icons, pin::WantedPin, tile::Tile, welcome::Welcome, words,
    words_of_hub, words_with,
};
use crate::{
    model::{clock, headed},
    say,
};
use leptos::{ev::SubmitEvent, prelude::*};
use loqa_protocol::view::Timer;

/// Items of a list that are shown before somebody asks for the others.
const ITEMS: usize = 8;

/// The page that is open all day.
#[component]
pub fn Now() -> impl IntoView {
    view! {
        <div class="now">
            <Stage />
            <div class="cards">
                <Welcome />
                <Trouble />
                <Timers />
                <Alarms />
                <Cards />
                <Rooms />
                <Lists />
            </div>
        </div>
    }
}

/// The conversation.
#[component]
fn Stage() -> impl IntoView {
    let app = App::get();
    let silent = app.part(|model| model.live.heard.is_empty() && model.live.reply.is_empty());
    let ideas = app.part(|model| model.suggestions(4));
    view! {
        <section class="stage" aria-label=words("now")>
            <Answer />
            <Say />
            <Show when=move || silent.get()>
                <div class="ideas">
                    <p class="soft">{words("nothing-yet")}</p>
                    {move || ideas.get().into_iter().map(|idea| {
                        let sentence = idea.clone();
                        view! { <button class="idea" type="button" on:click=move |_| app.say(&sentence)>{idea}</button> }
                    }).collect_view()}
                </div>
            </Show>
        </section>
    }
}

/// What Loqa is doing, what it heard and what it says to that.
#[component]
pub fn Answer() -> impl IntoView {
    let app = App::get();
    let live = app.part(|model| model.live.clone());
    let asks = app.part(|model| model.live.asks && model.people.wanted.is_none());
    let mood = app.part(|model| mood(model.mood()));
    let why = app.part(|model| model.listening.why.clone());
    view! {
        <div class="orb" data-mood=mood aria-hidden="true"></div>
        <p class="mood" role="status">{move || words(&format!("mood-{}", mood.get()))}</p>
        <p class="why soft" dir="auto">{move || words_of_hub(&why.get())}</p>
        <div class="talk">
            <p class="heard" dir="auto" aria-label=words("you-said")>{move || live.get().heard}</p>
            <p class="reply" dir="auto" aria-live="polite" aria-label=words("loqa-says")>{move || live.get().reply}</p>
        </div>
        <div class="deeds">
            <WantedPin />
            <Show when=move || asks.get()>
                <button class="primary" type="button" on:click=move |_| app.say("yes")>{words("yes")}</button>
                <button type="button" on:click=move |_| app.say("no")>{words("no")}</button>
            </Show>
            <Show when=move || live.get().acted>
                <button type="button" on:click=move |_| app.say(say::UNDO)>{words("undo")}</button>
                <button type="button" on:click=move |_| app.say(say::WHY)>{words("why")}</button>
            </Show>
        </div>
    }
}

fn mood(mood: crate::model::Mood) -> &'static str {
    use crate::model::Mood;
    match mood {
        Mood::Offline => "offline",
        Mood::Hearing => "hearing",
        Mood::Thinking => "thinking",
        Mood::Speaking => "speaking",
        Mood::Awake => "awake",
        Mood::Asleep => "asleep",
        Mood::Muted => "muted",
        Mood::Deaf => "deaf",
    }
}

/// Typing, talking, not being heard.
#[component]
pub fn Say() -> impl IntoView {
    let app = App::get();
    let text = RwSignal::new(String::new());
    let ears = app.part(|model| {
        let ears = &model.listening;
        (ears.microphone.is_some(), ears.muted)
    });
    // The microphone of the hub may be in another room.
    let far = move || app.display.get();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        app.say(&text.get_untracked());
        text.set(String::new());
    };
    view! {
        <form class="say" on:submit=submit>
            <input aria-label=words("type-a-command") placeholder=words("type-a-command") maxlength="1000"
                autocomplete="off" enterkeyhint="send" bind:value=text />
            <button class="primary" type="submit">{words("send")}</button>
        </form>
        {move || {
            let (hears, muted) = ears.get();
            (hears && !far()).then(|| view! {
                <div class="ears">
                    <button type="button" disabled=muted on:click=move |_| app.send(|model| model.call())>
                        {icons::microphone(false)}<span>{words("talk")}</span>
                    </button>
                    <button type="button" aria-pressed=muted.to_string() on:click=move |_| app.send(|model| model.mute())>
                        {icons::microphone(true)}<span>{words(if muted { "unmute" } else { "mute" })}</span>
                    </button>
                </div>
            })
        }}
    }
}

/// What went wrong, and what Loqa cannot do without, each with its remedy.
#[component]
fn Trouble() -> impl IntoView {
    let app = App::get();
    let trouble = app.part(|model| model.trouble.clone());
    let ailments = app.part(|model| model.ailments());
    let dismiss = move |_| app.model.update(|model| model.trouble = None);
    view! {
        {move || trouble.get().map(|(message, help)| view! {
            <section class="card notice" role="alert">
                <p dir="auto">{words_of_hub(&message)}</p>
                <p class="soft" dir="auto">{words_of_hub(&help)}</p>
                <button type="button" on:click=dismiss>{words("dismiss")}</button>
            </section>
        })}
        {move || ailments.get().into_iter().filter(|check| check.needed).map(|check| view! {
            <section class="card notice">
                <p dir="auto">{words("does-not-work")}": "{words_of_hub(&check.what)}" – "{words_of_hub(&check.message)}</p>
                <p class="soft" dir="auto">{words_of_hub(&check.help)}</p>
            </section>
        }).collect_view()}
    }
}

/// What counts down, or rings.
#[component]
pub fn Timers() -> impl IntoView {
    let app = App::get();
    let timers = app.part(|model| model.state.timers.clone());
    let some = move || timers.with(|timers| !timers.is_empty());
    view! {
        <Show when=some>
            <section class="card">
                <h2>{words("timers")}</h2>
                <div class="timers">
                    {move || timers.get().into_iter().map(|timer| view! { <Countdown timer /> }).collect_view()}
                </div>
            </section>
        </Show>
    }
}

/// A timer, its time running down around it.
#[component]
fn Countdown(timer: Timer) -> impl IntoView {
    /// Of a circle with a radius of 45.
    const ROUND: f64 = 282.74;
    let app = App::get();
    let left = {
        let timer = timer.clone();
        Memo::new(move |_| {
            let now_ms = app.now_ms.get();
            app.model.with(|model| model.remaining_ms(&timer, now_ms))
        })
    };
    let total_ms = timer.total_s.max(1) as f64 * 1000.0;
    let name = timer.name.as_deref().map_or_else(|| words("timer"), headed);
    let ringing = move || left.get() == 0.0;
    let paused = timer.paused;
    let cancel = say::cancel(&timer);
    view! {
        <div class="timer" class:ringing=ringing>
            <svg viewBox="0 0 100 100" aria-hidden="true">
                <circle class="track" cx="50" cy="50" r="45"></circle>
                <circle class="left" cx="50" cy="50" r="45" stroke-dasharray=ROUND.to_string()
                    stroke-dashoffset=move || (ROUND * (1.0 - (left.get() / total_ms).min(1.0))).to_string()></circle>
            </svg>
            <p class="time" role="timer">{move || clock(left.get())}</p>
            <p class="name" dir="auto">{name}</p>
            <p class="soft">
                {move || match (ringing(), paused) {
                    (true, _) => words("ringing"),
                    (_, true) => words("paused"),
                    _ => words_with("of-time", "total", clock(total_ms)),
                }}
            </p>
            {move || if ringing() {
                view! { <button class="primary" type="button" on:click=move |_| app.say(say::STOP)>{words("stop")}</button> }.into_any()
            } else {
                let cancel = cancel.clone();
                view! { <button type="button" on:click=move |_| app.say(&cancel)>{words("cancel")}</button> }.into_any()
            }}
        </div>
    }
}

/// Every device, by room.
#[component]
pub fn Rooms() -> impl IntoView {
    let app = App::get();
    let rooms = app.part(|model| model.rooms());
    move || {
        let rooms = rooms.get().into_iter();
        rooms
            .map(|(room, devices)| {
                let name = if room.is_empty() { words("elsewhere") } else { headed(&room) };
                view! {
                    <section class="card room">
                        <h2 dir="auto">{name}</h2>
                        <div class="tiles">
                            {devices.into_iter().map(|device| view! { <Tile device /> }).collect_view()}
                        </div>
                    </section>
                }
            })
            .collect_view()
    }
}

/// What is on the lists, newest first; then notes, where there are any.
#[component]
pub fn Lists() -> impl IntoView {
    let app = App::get();
    let lists = app.part(|model| (model.lists(), model.notes()));
    move || {
        let (lists, notes) = lists.get();
        let notes = (!notes.is_empty()).then(|| (words("notes"), notes));
        lists
            .into_iter()
            .chain(notes)
            .map(|(name, items)| {
                let more = items.len().saturating_sub(ITEMS);
                let count = items.len() as i64;
                let shown = items.into_iter().rev().take(ITEMS);
                view! {
                    <section class="card list">
                        <h2 dir="auto">{headed(&name)}</h2>
                        <p class="soft">
                            {if count == 0 { words("empty-list") } else { words_with("items", "count", count) }}
                        </p>
                        <ul>{shown.map(|item| view! { <li dir="auto">{item}</li> }).collect_view()}</ul>
                        {(more > 0).then(|| view! { <p class="soft">{words_with("more-items", "count", more as i64)}</p> })}
                    </section>
                }
            })
            .collect_view()
    }
}
