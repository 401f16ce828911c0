//! The way in: the code that the hub shows, from the address line or typed, or the password.

use super::{App, link, words};
use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use serde_json::json;
use std::time::Duration;

/// Signs in with the code in the address, if there is one, and then begins.
pub fn enter(app: App) {
    let location = window().location();
    let code = location.hash().unwrap_or_default();
    let code = code.trim_start_matches('#').to_owned();
    if code.is_empty() {
        return link::begin(app, Duration::ZERO);
    }
    // It does not stay in the history.
    let path = location.pathname().unwrap_or_default();
    let _ = window().history().map(|history| {
        history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&path))
    });
    spawn_local(async move {
        // Whoever is signed in already needs no code; whoever is not is asked for one.
        let _ = login(&code).await;
        link::begin(app, Duration::ZERO);
    });
}

/// The status of the answer; 0 if nobody answers.
async fn login(code: &str) -> u16 {
    let body = json!({ "code": code }).to_string();
    let answer = link::fetch("POST", "/api/v1/login", Some(&body)).await;
    answer.map_or(0, |(status, _)| status)
}

/// Asks for the code.
#[component]
pub fn Door() -> impl IntoView {
    let app = App::get();
    let code = RwSignal::new(String::new());
    let wrong = RwSignal::new(String::new());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        spawn_local(async move {
            match login(&code.get_untracked()).await {
                204 => link::begin(app, Duration::ZERO),
                429 => wrong.set(words("locked")),
                401 | 400 => wrong.set(words("wrong-code")),
                _ => wrong.set(words("unreachable")),
            }
        });
    };
    view! {
        <main class="door">
            <form class="card" on:submit=submit>
                <span class="orb small" data-mood="asleep" aria-hidden="true"></span>
                <h1>{words("sign-in")}</h1>
                <p class="soft">{words("sign-in-why")}</p>
                <label for="code">{words("code")}</label>
                <input id="code" class="code" autocomplete="one-time-code" autocapitalize="none"
                    spellcheck="false" maxlength="128" autofocus
                    bind:value=code />
                <p class="wrong" role="alert">{wrong}</p>
                <button class="primary" type="submit">{words("sign-in")}</button>
            </form>
        </main>
    }
}
