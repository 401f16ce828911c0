//! The first steps in a household: five, short, and each can be skipped. They lie upon the page
//! rather than before it, so that nobody must take them to command the house.

use super::{
    App,
    settings::{HouseholdName, LevelMeter, SoundChoice},
    words, words_with,
};
use leptos::prelude::*;
use loqa_protocol::Choice;

/// How many there are.
const STEPS: usize = 5;

/// Shown until somebody of the household has been through it.
#[component]
pub fn Welcome() -> impl IntoView {
    let app = App::get();
    let due = app
        .part(|model| model.connected && !model.house.version.is_empty() && !model.house.welcomed);
    view! {
        <Show when=move || due.get()>
            <Steps />
        </Show>
    }
}

#[component]
fn Steps() -> impl IntoView {
    let app = App::get();
    let step = RwSignal::new(1);
    let end = move || app.send(|model| model.choose(Choice::Welcomed(true)));
    let next = move |_| {
        if step.get_untracked() == STEPS {
            end();
        } else {
            step.update(|step| *step += 1);
        }
    };
    let body = move || {
        match step.get() {
        1 => view! { <p>{words("english-only")}</p> <HouseholdName /> }.into_any(),
        2 => view! {
            <LevelMeter />
            <SoundChoice />
            <button type="button" on:click=move |_| app.send(|model| model.speak(&words("welcome-hello-spoken")))>
                {words("speaker-test")}
            </button>
        }
        .into_any(),
        3 => view! { <WakeTest /> }.into_any(),
        4 => view! { <p>{words("welcome-privacy")}</p> }.into_any(),
        _ => view! { <Hello /> }.into_any(),
    }
    };
    view! {
        <section class="card welcome" aria-labelledby="welcome-title">
            <p class="soft">{move || words_with("welcome-step", "step", step.get() as i64)}</p>
            <h2 id="welcome-title" aria-live="polite">{move || words(&format!("welcome-{}", step.get()))}</h2>
            {body}
            <div class="choices">
                <button class="primary" type="button" on:click=next>
                    {move || words(if step.get() == STEPS { "welcome-done" } else { "welcome-next" })}
                </button>
                <Show when=move || step.get() < STEPS>
                    <button type="button" on:click=move |_| end()>{words("welcome-skip-all")}</button>
                </Show>
            </div>
        </section>
    }
}

/// Whether it wakes.
#[component]
fn WakeTest() -> impl IntoView {
    let app = App::get();
    let phrase = app.part(|model| model.house.wake.first().cloned());
    let hears = app.part(|model| model.listening.microphone.is_some());
    let awake = app.part(|model| model.listening.awake);
    let woke = RwSignal::new(false);
    Effect::new(move |_| {
        if awake.get() {
            woke.set(true);
        }
    });
    view! {
        <p>
            {move || match phrase.get() {
                _ if !hears.get() => words("welcome-deaf"),
                Some(phrase) => words_with("welcome-say", "phrase", phrase),
                None => words("welcome-always"),
            }}
        </p>
        <p role="status">{move || woke.get().then(|| words("welcome-woke"))}</p>
    }
}

/// Something to begin with.
#[component]
fn Hello() -> impl IntoView {
    let app = App::get();
    let ideas = app.part(|model| model.suggestions(3));
    view! {
        <p>{words("welcome-try")}</p>
        <ul class="examples">
            {move || ideas.get().into_iter().map(|idea| {
                let sentence = idea.clone();
                view! { <li><button class="idea" type="button" on:click=move |_| app.say(&sentence)>{idea}</button></li> }
            }).collect_view()}
        </ul>
    }
}
