//! What is drawn. Pages hold no truth: they show [`crate::model::Model`] and say sentences.

mod alarms;
mod cards;
mod door;
mod edit;
mod home;
mod icons;
mod install;
mod kept;
mod kiosk;
mod link;
mod logs;
mod model;
mod models;
mod nodes;
mod now;
mod people;
mod pin;
mod places;
mod privacy;
mod rules;
mod sessions;
mod settings;
mod shell;
mod skill;
mod skills;
mod system;
mod tile;
mod unlock;
mod welcome;
mod window;

use crate::{model::Model, words::Words};
use fluent_bundle::FluentValue;
use leptos::{html, prelude::*};
use loqa_protocol::{ClientFrame, Problem};
use wasm_bindgen::prelude::wasm_bindgen;

thread_local! {
    static WORDS: Words = Words::for_language(&language());
}

/// Begins, once the module is loaded.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
    let words = WORDS.with(|words| words.language);
    let root = document().document_element();
    root.map(|root| root.set_attribute("lang", words));
    mount_to_body(shell::Shell);
}

/// What all of it shares.
#[derive(Clone, Copy)]
struct App {
    model: RwSignal<Model>,
    /// Milliseconds since the page was opened; moves while there is something to count.
    now_ms: RwSignal<f64>,
    /// `None` until the hub has said so.
    signed_in: RwSignal<Option<bool>>,
    /// This is the display of a node: the kiosk, and nothing else.
    display: RwSignal<bool>,
    page: RwSignal<Page>,
}

/// One address each.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Page {
    Now,
    Sessions,
    Home,
    Skills,
    Models,
    Privacy,
    People,
    Nodes,
    System,
    /// Not among the others: it is where a tablet on the wall stays.
    Kiosk,
}

impl Page {
    const LISTED: [Page; 9] = [
        Page::Now,
        Page::Sessions,
        Page::Home,
        Page::Skills,
        Page::Models,
        Page::Privacy,
        Page::People,
        Page::Nodes,
        Page::System,
    ];

    fn path(self) -> &'static str {
        match self {
            Page::Now => "/",
            Page::Sessions => "/sessions",
            Page::Home => "/home",
            Page::Skills => "/skills",
            Page::Models => "/models",
            Page::Privacy => "/privacy",
            Page::People => "/people",
            Page::Nodes => "/nodes",
            Page::System => "/system",
            Page::Kiosk => "/kiosk",
        }
    }

    fn title(self) -> String {
        match self {
            Page::Now => words("now"),
            Page::Sessions => words("sessions"),
            Page::Home => words("home"),
            Page::Skills => words("skills"),
            Page::Models => words("models"),
            Page::Privacy => words("privacy"),
            Page::People => words("people"),
            Page::Nodes => words("nodes"),
            Page::System => words("system"),
            Page::Kiosk => words("kiosk"),
        }
    }

    /// The page of the address line.
    fn current() -> Page {
        let path = window().location().pathname().unwrap_or_default();
        let mut pages = Page::LISTED.into_iter().chain([Page::Kiosk]);
        let page = pages.find(|page| page.path() == path);
        page.unwrap_or(Page::Now)
    }
}

impl App {
    fn get() -> App {
        expect_context()
    }

    /// Sends what a change of the model asks for.
    fn send(self, request: impl FnOnce(&mut Model) -> ClientFrame) {
        if let Some(frame) = self.model.try_update(request) {
            link::send(&frame);
        }
    }

    /// Sends what a change of the model asks for, if anything.
    fn may_send(self, request: impl FnOnce(&mut Model) -> Option<ClientFrame>) {
        if let Some(frame) = self.model.try_update(request).flatten() {
            link::send(&frame);
        }
    }

    /// Says something to Loqa.
    fn say(self, text: &str) {
        if !text.trim().is_empty() {
            self.send(|model| model.ask(text.trim()));
        }
    }

    /// A part of the model: whoever uses it is drawn again only when that part changes.
    fn part<T: PartialEq + Send + Sync + 'static>(
        self,
        of: impl Fn(&Model) -> T + Send + Sync + 'static,
    ) -> Memo<T> {
        Memo::new(move |_| self.model.with(&of))
    }
}

/// Opens a page.
fn go(app: App, page: Page) {
    let history = window().history();
    let _ = history.map(|history| {
        history.push_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(page.path()))
    });
    app.page.set(page);
}

/// The words for `key`.
fn words(key: &str) -> String {
    WORDS.with(|words| words.get(key))
}

/// The words for `key`, with one value in them.
fn words_with(key: &str, name: &'static str, value: impl Into<FluentValue<'static>>) -> String {
    WORDS.with(|words| words.with(key, &[(name, value.into())]))
}

/// A number with so many digits behind the point, or comma.
fn decimal(number: f64, digits: usize) -> String {
    let written = format!("{number:.digits$}");
    match WORDS.with(|words| words.language) {
        "de" => written.replace('.', ","),
        _ => written,
    }
}

/// What the hub says.
fn words_of_hub(text: &str) -> String {
    WORDS.with(|words| words.of_hub(text))
}

/// A problem and its remedy, in a line.
fn told(problem: &Problem) -> String {
    let told = [&problem.message, &problem.help].map(|text| words_of_hub(text));
    told.join(": ")
}

/// What was chosen, else what the browser prefers.
fn language() -> String {
    remembered("language")
        .or_else(|| window().navigator().language())
        .unwrap_or_default()
}

fn remembered(key: &str) -> Option<String> {
    window().local_storage().ok()??.get_item(key).ok()?
}

fn remember(key: &str, value: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        // A browser that keeps nothing asks again.
        let _ = storage.set_item(key, value);
    }
}

/// Milliseconds since the page was opened; never jumps.
fn now_ms() -> f64 {
    window().performance().map_or(0.0, |clock| clock.now())
}

/// A dialog that everything else waits for, from the moment it is drawn.
fn modal() -> NodeRef<html::Dialog> {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(dialog) = dialog.get() {
            let _ = dialog.show_modal();
        }
    });
    dialog
}
