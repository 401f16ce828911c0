//! What surrounds every page: where one is, and how it looks.

use super::{
    App, Page, door, go, home, kiosk, link, models, nodes, now, now_ms, people, privacy, remember,
    remembered, sessions, skills, system, words,
};
use crate::{model::Model, words::LANGUAGES};
use leptos::{
    ev::{self, Targeted},
    prelude::*,
};
use std::time::Duration;

const THEMES: [&str; 3] = ["auto", "light", "dark"];

/// The whole dashboard.
#[component]
pub fn Shell() -> impl IntoView {
    let app = App {
        model: RwSignal::new(Model::default()),
        now_ms: RwSignal::new(now_ms()),
        signed_in: RwSignal::new(None),
        display: RwSignal::new(false),
        page: RwSignal::new(Page::current()),
    };
    provide_context(app);
    let back = window_event_listener(ev::popstate, move |_| app.page.set(Page::current()));
    on_cleanup(move || back.remove());
    set_interval(
        move || {
            let last_ms = app.now_ms.get_untracked() as u64;
            let counts = app.model.with_untracked(|model| {
                !model.state.timers.is_empty()
                    || model.cards.shown(last_ms).next().is_some()
                    || model.nodes.begun.is_some()
            });
            if counts {
                app.now_ms.set(now_ms());
            }
        },
        Duration::from_millis(250),
    );
    Effect::new(move |_| document().set_title(&format!("{} · Loqa", app.page.get().title())));
    door::enter(app);
    kiosk::stay(app);
    let at_kiosk = Memo::new(move |_| app.display.get() || app.page.get() == Page::Kiosk);
    move || match app.signed_in.get() {
        None => view! { <p class="waiting" role="status">{words("mood-offline")}</p> }.into_any(),
        Some(false) => view! { <door::Door /> }.into_any(),
        Some(true) if at_kiosk.get() => view! { <kiosk::Kiosk /> }.into_any(),
        Some(true) => view! { <Pages /> }.into_any(),
    }
}

#[component]
fn Pages() -> impl IntoView {
    let app = App::get();
    let offline = app.part(|model| !model.connected);
    let brand = app.part(|model| match model.house.name.as_str() {
        "" => String::from("Loqa"),
        name => name.into(),
    });
    let links = Page::LISTED.map(|page| {
        let current = move || (app.page.get() == page).then_some("page");
        let go = move |event: ev::MouseEvent| {
            if event.ctrl_key() || event.meta_key() || event.shift_key() {
                return;
            }
            event.prevent_default();
            go(app, page);
        };
        view! {
            <a href=page.path() aria-current=current on:click=go>
                {super::icons::page(page)}
                <span>{page.title()}</span>
            </a>
        }
    });
    view! {
        <header class="bar">
            <span class="brand" dir="auto">{move || brand.get()}</span>
            <nav aria-label=words("pages")>{links}</nav>
            <div class="tools">
                <Theme />
                <Language />
            </div>
        </header>
        <Show when=move || offline.get()>
            <p class="offline" role="status">{words("mood-offline")}</p>
        </Show>
        <main class:stale=offline>
            {move || match app.page.get() {
                Page::Now => view! { <now::Now /> }.into_any(),
                Page::Sessions => view! { <sessions::Sessions /> }.into_any(),
                Page::Home => view! { <home::Home /> }.into_any(),
                Page::Skills => view! { <skills::Skills /> }.into_any(),
                Page::Models => view! { <models::Models /> }.into_any(),
                Page::Privacy => view! { <privacy::Privacy /> }.into_any(),
                Page::People => view! { <people::People /> }.into_any(),
                Page::Nodes => view! { <nodes::Nodes /> }.into_any(),
                Page::System | Page::Kiosk => view! { <system::System /> }.into_any(),
            }}
        </main>
    }
}

#[component]
fn Theme() -> impl IntoView {
    let theme = RwSignal::new(remembered("theme").unwrap_or_else(|| "auto".into()));
    Effect::new(move |_| {
        let theme = theme.get();
        remember("theme", &theme);
        let root = document().document_element();
        root.map(|root| root.set_attribute("data-theme", &theme));
    });
    let names = [
        words("auto-theme"),
        words("light-theme"),
        words("dark-theme"),
    ];
    let options = THEMES.into_iter().zip(names).map(|(value, name)| {
        view! { <option value=value selected=move || theme.get() == value>{name}</option> }
    });
    view! {
        <select aria-label=words("theme") on:change:target=move |event| theme.set(event.target().value())>
            {options.collect_view()}
        </select>
    }
}

#[component]
fn Language() -> impl IntoView {
    let current = super::WORDS.with(|words| words.language);
    let choose = move |event: Targeted<ev::Event, web_sys::HtmlSelectElement>| {
        remember("language", &event.target().value());
        let _ = window().location().reload();
    };
    let options = LANGUAGES.map(|(value, name)| {
        view! { <option value=value selected=value == current>{name}</option> }
    });
    view! {
        <select aria-label=words("language") on:change:target=choose>{options.collect_view()}</select>
    }
}

/// Ends this browser's session.
pub fn sign_out(app: App) {
    leptos::task::spawn_local(async move {
        let _ = link::fetch("POST", "/api/v1/logout", None).await;
        app.signed_in.set(Some(false));
        let _ = window().location().reload();
    });
}
