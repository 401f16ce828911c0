//! Conversations that are kept: found, opened, exported and forgotten.

use super::{
    App, Page, go, sessions::day_and_time, told, unlock::UnlockIfWanted, words, words_with,
};
use crate::model::{
    Edited,
    kept::{Found, Listed, Step, Whole},
};
use js_sys::Array;
use leptos::{ev::SubmitEvent, prelude::*};
use loqa_protocol::TurnSummary;
use std::{collections::VecDeque, time::Duration};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, HtmlElement, Url};

/// A turn that is over is on the disk so long afterwards.
const WRITTEN: Duration = Duration::from_secs(1);

/// Silence of a replay, at most, ms.
const LONGEST_SILENCE: u64 = 1500;

/// The section, under the turns of the last minutes.
#[component]
pub fn KeptConversations() -> impl IntoView {
    let app = App::get();
    let connected = app.part(|model| model.connected);
    let newest = app.part(|model| model.turns.front().map(|turn| turn.key));
    Effect::new(move |before: Option<()>| {
        newest.track();
        if connected.get() {
            let ask = move || app.send(|model| model.ask_kept());
            match before {
                None => {
                    app.send(|model| model.ask_people());
                    ask();
                }
                Some(()) => set_timeout(ask, WRITTEN),
            }
        }
    });
    let unlocked = app.part(|model| model.people.owner.unlocked);
    Effect::new(move |before: Option<()>| {
        if unlocked.get() && before.is_some() {
            app.send(|model| model.ask_kept());
        }
    });
    on_cleanup(move || app.model.update(|model| model.kept = Default::default()));
    let empty = app.part(|model| model.kept.list.as_ref().is_some_and(Vec::is_empty));
    let searching = app.part(|model| model.kept.found.is_some());
    let nothing = Memo::new(move |_| empty.get() && !searching.get());
    let some = app.part(|model| {
        let list = model.kept.list.as_ref();
        list.is_some_and(|list| !list.is_empty()) || model.kept.found.is_some()
    });
    let trouble = app.part(|model| model.kept.trouble.clone());
    let open = app.part(|model| model.kept.open.clone());
    view! {
        <section class="kept" aria-labelledby="kept">
            <h2 id="kept">{words("kept")}</h2>
            <div role="alert">{move || trouble.get().map(|problem| view! { <p class="wrong" dir="auto">{told(&problem)}</p> })}</div>
            <UnlockIfWanted />
            <Show when=move || nothing.get()><Nothing /></Show>
            <Show when=move || some.get()>
                <p class="soft">{words("kept-about")}</p>
                <Search />
                <div class="split">
                    <Rows />
                    {move || open.get().map(|whole| view! { <Opened whole /> })}
                </div>
            </Show>
        </section>
    }
}

#[component]
fn Nothing() -> impl IntoView {
    let app = App::get();
    let to_privacy = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        go(app, Page::Privacy);
    };
    view! {
        <p class="card">
            {words("kept-nothing")} " "
            <a href=Page::Privacy.path() on:click=to_privacy>{words("kept-choose")}</a>
        </p>
    }
}

#[component]
fn Search() -> impl IntoView {
    let app = App::get();
    let typed = RwSignal::new(String::new());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let query = typed.get_untracked();
        app.send(|model| model.look_for_kept(&query));
    };
    // All of them again, once nothing is looked for.
    Effect::new(move |before: Option<bool>| {
        let empty = typed.with(String::is_empty);
        if before == Some(false) && empty {
            app.send(|model| model.look_for_kept(""));
        }
        empty
    });
    view! {
        <form class="line" role="search" on:submit=submit>
            <input type="search" aria-label=words("kept-search") placeholder=words("kept-search") autocomplete="off"
                dir="auto" bind:value=typed />
            <button type="submit">{words("kept-find")}</button>
        </form>
    }
}

#[component]
fn Rows() -> impl IntoView {
    let app = App::get();
    let list = app.part(|model| model.kept.list.clone().unwrap_or_default());
    let found = app.part(|model| model.kept.found.clone());
    let more = app.part(|model| model.kept.more && model.kept.found.is_none());
    let rows = move || match found.get() {
        Some(found) if found.is_empty() => {
            view! { <li class="soft" role="status">{words("kept-not-found")}</li> }.into_any()
        }
        Some(found) => found.into_iter().map(found_row).collect_view().into_any(),
        None => list.get().into_iter().map(row).collect_view().into_any(),
    };
    view! {
        <div>
            <ul class="turns">{rows}</ul>
            <Show when=move || more.get()>
                <button type="button" on:click=move |_| app.send(|model| model.ask_older())>{words("kept-more")}</button>
            </Show>
        </div>
    }
}

/// A button that opens a conversation.
fn opens(id: String, at_ms: i64, title: String, more: String) -> impl IntoView {
    let app = App::get();
    let shown = id.clone();
    let open = app.part(move |model| {
        model
            .kept
            .open
            .as_ref()
            .is_some_and(|open| open.id == shown)
    });
    view! {
        <li>
            <button type="button" aria-pressed=move || open.get().to_string()
                on:click=move |_| app.send(|model| model.open_kept(&id))>
                <time>{day_and_time(at_ms)}</time>
                <span class="heard" dir="auto">{title}</span>
                <span class="reply soft" dir="auto">{more}</span>
            </button>
        </li>
    }
}

fn row(listed: Listed) -> impl IntoView {
    let app = App::get();
    let turns = words_with("kept-turns", "count", listed.turns);
    let person = listed.person.map(|id| {
        let name = app.model.with(|model| {
            let person = model.people.person(id);
            person.map(|person| person.name.clone())
        });
        name.unwrap_or_else(|| words("kept-somebody"))
    });
    let more = [Some(turns), person].into_iter().flatten();
    let more: Vec<_> = more.collect();
    let title = listed.title.unwrap_or_else(|| words("kept-unreadable"));
    opens(listed.id, listed.last_ms, title, more.join(" · "))
}

fn found_row(found: Found) -> impl IntoView {
    let (said, answered) = match found.text.split_once('\n') {
        Some((said, answered)) => (said.to_owned(), answered.replace('\n', " ")),
        None => (found.text, String::new()),
    };
    opens(found.conversation, found.at_ms, said, answered)
}

/// What was said, understood and answered.
#[component]
fn Opened(whole: Whole) -> impl IntoView {
    let turns: Vec<_> = whole
        .turns()
        .map(|(at_ms, turn)| line(at_ms, turn))
        .collect();
    let damaged = whole.damaged;
    let id = whole.id.clone();
    let again = StoredValue::new(whole.clone());
    view! {
        <section class="card detail">
            <h3>{words("kept-open")}</h3>
            <ol class="timeline">{turns}</ol>
            {(damaged > 0).then(|| view! { <p class="wrong" role="status">{words_with("kept-damaged", "count", damaged)}</p> })}
            <Replay whole=again />
            <div class="line">
                <button type="button" on:click=move |_| download(&whole)>{words("kept-export")}</button>
                <Forget id />
            </div>
        </section>
    }
}

/// What happened, word by word and as fast as it did; long silences are short. Nothing is done again.
#[component]
fn Replay(whole: StoredValue<Whole>) -> impl IntoView {
    let shown = RwSignal::new(None::<(String, String)>);
    let run = StoredValue::new(0_u32);
    on_cleanup(move || run.update_value(|run| *run += 1));
    let play = move |_| {
        run.update_value(|run| *run += 1);
        let steps = whole.with_value(Whole::steps);
        step(shown, run, run.get_value(), steps.into());
    };
    view! {
        <div class="line">
            <button type="button" on:click=play>{words("kept-replay")}</button>
        </div>
        <div class="replay" role="status">
            {move || shown.get().map(|(heard, reply)| view! {
                <p class="heard" dir="auto">{heard}</p>
                <p dir="auto">{reply}</p>
            })}
        </div>
    }
}

/// Shows the next one, and goes on when it is time, unless it was begun anew meanwhile.
fn step(
    shown: RwSignal<Option<(String, String)>>,
    run: StoredValue<u32>,
    mine: u32,
    mut steps: VecDeque<Step>,
) {
    if run.try_get_value() != Some(mine) {
        return;
    }
    let Some(next) = steps.pop_front() else {
        return;
    };
    shown.set(Some((next.heard, next.reply)));
    let wait = steps.front().map_or(0, |after| after.at_ms - next.at_ms);
    let wait = u64::try_from(wait).unwrap_or_default().min(LONGEST_SILENCE);
    set_timeout(
        move || step(shown, run, mine, steps),
        Duration::from_millis(wait),
    );
}

fn line(at_ms: i64, turn: &TurnSummary) -> impl IntoView + use<> {
    let steps = turn.steps.iter().map(|step| {
        let slots = step.slots.iter().map(|(name, value)| {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            format!(" {name}={value}")
        });
        format!("{}{}", step.intent, slots.collect::<String>())
    });
    let mut steps: Vec<_> = steps.collect();
    if steps.is_empty() {
        steps.push(match &turn.intent {
            Some(intent) => intent.clone(),
            None => words("nothing-matched"),
        });
    }
    view! {
        <li>
            <time class="soft">{day_and_time(at_ms)}</time>
            <p class="heard" dir="auto">{turn.text.clone()}</p>
            <p class="soft" dir="auto">{steps.join(" + ")}</p>
            <p dir="auto">{turn.reply.clone()}</p>
        </li>
    }
}

/// Asks again before it is gone.
#[component]
fn Forget(id: String) -> impl IntoView {
    let app = App::get();
    let sure = RwSignal::new(false);
    let refused = app.part(|model| match &model.kept.forgotten {
        Edited::Refused(problem) => Some(problem.clone()),
        _ => None,
    });
    let press = move |_| {
        if sure.get_untracked() {
            app.send(|model| model.forget(&id));
        }
        sure.set(true);
    };
    view! {
        <button class="remove" type="button" on:click=press>
            {move || words(if sure.get() { "kept-forget-sure" } else { "kept-forget" })}
        </button>
        <p class="wrong" role="alert" dir="auto">{move || refused.get().map(|problem| told(&problem))}</p>
    }
}

/// A file made here: nothing is asked of anybody.
fn download(whole: &Whole) {
    let parts = Array::of1(&JsValue::from_str(&whole.exported()));
    let Ok(address) = Blob::new_with_str_sequence(&parts)
        .and_then(|blob| Url::create_object_url_with_blob(&blob))
    else {
        return;
    };
    if let Ok(link) = document().create_element("a") {
        let name = format!("loqa-{}.json", whole.id);
        let _ = link.set_attribute("href", &address);
        let _ = link.set_attribute("download", &name);
        link.unchecked_into::<HtmlElement>().click();
    }
    let _ = Url::revoke_object_url(&address);
}
