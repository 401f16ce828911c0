//! A skill from a file: chosen, looked at by the hub, and installed once somebody has seen what it
//! wants to be allowed.

use super::{App, link, modal, words, words_of_hub, words_with};
use crate::model::{
    headed,
    skills::{LARGEST, Looked, Offer, Wanted},
};
use leptos::{html, prelude::*, task::spawn_local};
use loqa_protocol::Problem;
use wasm_bindgen_futures::JsFuture;
use web_sys::File;

/// The button, and the sheet that follows it.
#[component]
pub fn Install() -> impl IntoView {
    let app = App::get();
    let offer = app.part(|model| model.skills.offer.clone());
    let chooser = NodeRef::<html::Input>::new();
    let choose = move |_| {
        let _ = chooser.get_untracked().map(|chooser| chooser.click());
    };
    let chosen = move |_| {
        let Some(chooser) = chooser.get_untracked() else {
            return;
        };
        if let Some(file) = chooser.files().and_then(|files| files.get(0)) {
            look_at(app, file);
        }
        // The same file may be chosen again.
        chooser.set_value("");
    };
    let button = NodeRef::<html::Button>::new();
    let sheet = Memo::new(move |_| match offer.get() {
        Offer::Nothing | Offer::Installed(_) => None,
        offer => Some(offer),
    });
    let installed = move || match offer.get() {
        Offer::Installed(looked) => Some(outcome(&looked)),
        _ => None,
    };
    // Whoever works with the keyboard goes on from where the sheet came from.
    Effect::new(move |before: Option<bool>| {
        let open = sheet.with(Option::is_some);
        if before == Some(true) && !open {
            let _ = button.get_untracked().map(|button| button.focus());
        }
        open
    });
    view! {
        <button type="button" node_ref=button on:click=choose>{words("install-from-file")}</button>
        <input id="skill-file" type="file" hidden node_ref=chooser on:change=chosen />
        <p class="installed" role="status" dir="auto">{installed}</p>
        <Show when=move || sheet.with(Option::is_some)>
            <Sheet sheet />
        </Show>
    }
}

/// What became of it.
fn outcome(looked: &Looked) -> String {
    let key = match (looked.pinned, looked.disabled) {
        (true, _) => "skill-kept",
        (_, true) => "skill-installed-off",
        _ => "skill-installed",
    };
    words_with(key, "skill", titled(looked))
}

fn titled(looked: &Looked) -> String {
    format!("{} {}", headed(&looked.name), looked.version)
}

/// Reads a file, and has the hub look at it.
fn look_at(app: App, file: File) {
    if file.size() > LARGEST as f64 {
        let problem = Problem {
            code: "package".into(),
            message: words("skill-too-large"),
            help: String::new(),
        };
        return app
            .model
            .update(|model| model.skills.offer = Offer::Refused(problem));
    }
    spawn_local(async move {
        // A file that went away meanwhile is one of no bytes, which the hub refuses.
        let bytes = JsFuture::from(file.array_buffer()).await.ok();
        let bytes = bytes.map(|bytes| js_sys::Uint8Array::new(&bytes).to_vec());
        let bytes = bytes.unwrap_or_default();
        if let Some(frames) = app.model.try_update(|model| model.look_at_skill(&bytes)) {
            frames.iter().for_each(link::send);
        }
    });
}

#[component]
fn Sheet(sheet: Memo<Option<Offer>>) -> impl IntoView {
    let app = App::get();
    let dialog = modal();
    let answer = move |agreed| app.may_send(|model| model.answer_offer(agreed));
    let title = move || match sheet.get() {
        Some(Offer::Looked(looked) | Offer::Installing(_, looked)) => {
            words_with("skill-install", "skill", titled(&looked))
        }
        Some(Offer::Refused(_)) => words("skill-refused"),
        _ => words("skill-looking"),
    };
    let looked = move || match sheet.get() {
        Some(Offer::Looked(looked) | Offer::Installing(_, looked)) => Some(looked),
        _ => None,
    };
    let refused = move || match sheet.get() {
        Some(Offer::Refused(problem)) => Some(problem),
        _ => None,
    };
    let can_install = move || matches!(sheet.get(), Some(Offer::Looked(_)));
    view! {
        <dialog class="card editor" node_ref=dialog aria-labelledby="install-title" on:close=move |_| answer(false)>
            <h2 id="install-title" dir="auto">{title}</h2>
            <div role="alert">
                {move || refused().map(|problem| view! {
                    <p class="wrong" dir="auto">{words_of_hub(&problem.message)}</p>
                    <p class="soft" dir="auto">{words_of_hub(&problem.help)}</p>
                })}
            </div>
            {move || looked().map(|looked| view! { <Wants looked /> })}
            <div class="choices">
                <Show when=move || looked().is_some()>
                    <button class="primary" type="button" disabled=move || !can_install() on:click=move |_| answer(true)>
                        {words("install")}
                    </button>
                </Show>
                <button type="button" on:click=move |_| answer(false)>
                    {move || words(if refused().is_some() { "close" } else { "cancel" })}
                </button>
            </div>
        </dialog>
    }
}

/// What it is, and what it wants to be allowed: what is new about that stands apart.
#[component]
fn Wants(looked: Looked) -> impl IntoView {
    let before = looked.before.clone();
    let upgrades = before.is_some();
    let (new, known): (Vec<_>, Vec<_>) = looked.permissions.into_iter().partition(|it| it.new);
    let sentences = |wanted: Vec<Wanted>| wanted.into_iter().map(|it| it.sentence);
    let lines = |sentences: Vec<String>| {
        let lines = sentences.into_iter();
        lines
            .map(|it| view! { <li>{words_of_hub(&it)}</li> })
            .collect_view()
    };
    let may: Vec<String> = sentences(known).chain(looked.always).collect();
    let wants: Vec<String> = sentences(new).collect();
    let examples = looked.examples.into_iter();
    let examples = examples.map(|it| view! { <li dir="auto"><q>{it}</q></li> });
    view! {
        <p dir="auto">{looked.description}</p>
        <p class="soft">{before.map(|before| words_with("skill-instead", "version", before))}</p>
        <ul class="ways">{examples.collect_view()}</ul>
        {(!wants.is_empty()).then(|| view! {
            <div class="wants">
                <h3>{words(if upgrades { "skill-wants-more" } else { "skill-wants" })}</h3>
                <ul class="may">{lines(wants)}</ul>
            </div>
        })}
        <h3>{words("what-it-may-do")}</h3>
        <ul class="may">{lines(may)}</ul>
    }
}
