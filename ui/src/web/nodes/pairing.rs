//! How a machine becomes one of the household: a code from here or from there, then three words.

use super::{App, Refused, code::Shown, goes_on_here, roles, words, words_of_hub, words_with};
use crate::model::{
    Edited, clock,
    nodes::{Over, Stage},
};
use leptos::{ev::SubmitEvent, prelude::*};

/// Left of three minutes when it is time to say so aloud, ms.
const HURRY_MS: f64 = 30e3;

#[component]
pub fn Pairing() -> impl IntoView {
    let app = App::get();
    let stage = app.part(|model| model.nodes.stage());
    view! {
        <section class="card pairing" data-stage=move || format!("{:?}", stage.get()).to_lowercase()>
            <h2>{words("nodes-add")}</h2>
            {move || match stage.get() {
                Stage::Closed => view! { <Begin /> }.into_any(),
                Stage::Shows => view! { <Waiting about="node-shows"><Shown /></Waiting> }.into_any(),
                Stage::Waits => view! { <Waiting about="node-waits"><p class="soft">{words("node-waits-about")}</p></Waiting> }.into_any(),
                Stage::Elsewhere => view! { <Elsewhere /> }.into_any(),
                Stage::Compares => view! { <Compare /> }.into_any(),
            }}
            <Refused at=None />
        </section>
    }
}

/// What came of the last one, and the two ways to begin.
#[component]
fn Begin() -> impl IntoView {
    let app = App::get();
    let over = app.part(|model| model.nodes.over.clone());
    let waits = app.part(|model| {
        model.nodes.changed.is_none() && matches!(model.nodes.outcome, Edited::Waiting(_))
    });
    let ended = app.model.with_untracked(|model| {
        let nodes = &model.nodes;
        nodes.changed.is_none() && nodes.over.is_none() && nodes.outcome != Edited::Nothing
    });
    let here = goes_on_here(ended);
    let typed = RwSignal::new(String::new());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        app.send(|model| model.give_code(&typed.get_untracked()));
    };
    view! {
        {move || over.get().map(|over| view! { <Told over /> })}
        <p class="soft" node_ref=here tabindex="-1">{words("nodes-add-about")}</p>
        <button class="primary" type="button" disabled=waits on:click=move |_| app.send(|model| model.show_code())>
            {words("node-show-code")}
        </button>
        <form class="line" on:submit=submit>
            <label for="node-code">{words("node-give-code")}</label>
            <input id="node-code" autocomplete="off" autocapitalize="off" spellcheck="false" maxlength="1000" required
                placeholder="1234 5678" bind:value=typed />
            <button type="submit" disabled=waits>{words("node-go-on")}</button>
        </form>
    }
}

#[component]
fn Told(over: Over) -> impl IntoView {
    let here = goes_on_here(true);
    let (good, told) = match over {
        Over::Paired(name) => (true, words_with("node-paired", "name", name)),
        Over::TurnedAway => (false, words("node-turned-away")),
        Over::Ended(why) => (false, words_of_hub(&why)),
    };
    view! { <p class="over" class:good=good node_ref=here tabindex="-1" role="status" dir="auto">{told}</p> }
}

/// Until a machine has come: how long it may take, and how often a wrong code is forgiven.
#[component]
fn Waiting(about: &'static str, children: Children) -> impl IntoView {
    let app = App::get();
    let here = goes_on_here(true);
    let left_ms = Memo::new(move |_| {
        let now_ms = app.now_ms.get();
        app.model
            .with(|model| model.nodes.left_ms(now_ms))
            .unwrap_or_default()
    });
    let left = Memo::new(move |_| clock(left_ms.get()));
    let hurry = Memo::new(move |_| left_ms.get() < HURRY_MS);
    let tries = app.part(|model| model.nodes.tries());
    let tries = move || {
        let tries = tries.get().map(i64::from);
        tries.map(|tries| words_with("node-tries", "count", tries))
    };
    view! {
        <p node_ref=here tabindex="-1">{words(about)}</p>
        {children()}
        <p class="left" class:hurry=hurry>
            <span role="timer">{move || words_with("node-left", "time", left.get())}</span>
            " " <span role="status">{tries}</span>
        </p>
        <End />
    }
}

#[component]
fn Elsewhere() -> impl IntoView {
    view! {
        <p>{words("node-elsewhere")}</p>
        <End />
    }
}

#[component]
fn End() -> impl IntoView {
    let app = App::get();
    view! { <button type="button" on:click=move |_| app.send(|model| model.end_pairing())>{words("cancel")}</button> }
}

/// A machine has come: somebody looks at both.
#[component]
fn Compare() -> impl IntoView {
    let app = App::get();
    let begun = app
        .model
        .with_untracked(|model| model.nodes.begun.is_some());
    let here = goes_on_here(begun);
    let coming = app.part(|model| {
        let (node, words) = model.nodes.compares()?;
        Some((node.clone(), words.to_vec()))
    });
    let shown = move || {
        let words = coming.get().map(|(_, words)| words).unwrap_or_default();
        let word = |word| view! { <li>{word}</li> };
        words.into_iter().map(word).collect_view()
    };
    let name = move || coming.get().map(|(node, _)| node.name).unwrap_or_default();
    let about = move || roles(&coming.get().map(|(node, _)| node.roles).unwrap_or_default());
    view! {
        <p node_ref=here tabindex="-1" role="status" dir="auto">{move || words_with("node-comes", "name", name())}</p>
        <p class="soft">{about}</p>
        <p class="question">{words("node-same")}</p>
        // The words are English wherever they are shown.
        <ol class="words" lang="en">{shown}</ol>
        <p class="soft">{words("node-same-about")}</p>
        <div class="choices">
            <button class="primary" type="button" on:click=move |_| app.may_send(|model| model.accept_node())>
                {words("yes")}
            </button>
            <button type="button" on:click=move |_| app.send(|model| model.end_pairing())>{words("no")}</button>
        </div>
    }
}
