//! Nodes: the machines of the household besides the hub, and how one becomes one of them.

mod code;
mod hears;
mod machine;
mod pairing;
mod sound;
mod topology;

use super::{App, decimal, sessions::day, told, unlock::Unlock, words, words_of_hub, words_with};
use crate::model::Edited;
use leptos::{html, prelude::*};
use loqa_protocol::NodeId;
use machine::Machines;
use pairing::Pairing;
use topology::Topology;

/// For as long as this is shown, as they are.
#[component]
pub fn Nodes() -> impl IntoView {
    let app = App::get();
    let connected = app.part(|model| model.connected);
    Effect::new(move |_| {
        if connected.get() {
            app.send(|model| model.watch_nodes(true));
        }
    });
    on_cleanup(move || app.send(|model| model.watch_nodes(false)));
    let shown = app.part(|model| model.nodes.shown.is_some());
    let locked = app.part(|model| model.nodes_are_locked());
    let trouble = app.part(|model| model.nodes.trouble.clone());
    view! {
        <h1>{words("nodes")}</h1>
        <p class="soft">{words("nodes-about")}</p>
        <div role="alert">{move || trouble.get().map(|problem| view! { <p class="wrong" dir="auto">{told(&problem)}</p> })}</div>
        <Show when=move || locked.get()><Unlock /></Show>
        <Show when=move || shown.get() fallback=|| view! { <p role="status">{words("nodes-asking")}</p> }>
            <fieldset class="nodes" disabled=locked>
                <Topology />
                <Machines />
                <Pairing />
            </fieldset>
        </Show>
    }
}

/// Why the last change was refused, if it was: of this machine, or of pairing.
#[component]
fn Refused(at: Option<NodeId>) -> impl IntoView {
    let app = App::get();
    let refused = app.part(move |model| match &model.nodes.outcome {
        // Of an owner's PIN is told where that is typed.
        Edited::Refused(problem) if model.nodes.changed == at && !model.nodes_are_locked() => {
            Some(problem.clone())
        }
        _ => None,
    });
    view! {
        <div role="alert">
            {move || refused.get().map(|problem| view! { <p class="wrong" dir="auto">{told(&problem)}</p> })}
        </div>
    }
}

/// What a machine is for.
fn roles(roles: &[String]) -> String {
    let named: Vec<String> = roles
        .iter()
        .map(|role| words(&format!("node-role-{role}")))
        .collect();
    named.join(" · ")
}

/// Who did something here goes on where something new has come of it, also with keys or by ear. Where
/// `acted` is false, somebody does something else.
fn goes_on_here(acted: bool) -> NodeRef<html::P> {
    let here = NodeRef::<html::P>::new();
    Effect::new(move |_| {
        if let Some(here) = here.get().filter(|_| acted) {
            // What belongs to it stands below, and a phone is small.
            here.scroll_into_view();
            let _ = here.focus();
        }
    });
    here
}
