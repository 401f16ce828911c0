//! How loud a puck is, and whether it hears.

use super::{App, words, words_with};
use crate::model::{Edited, nodes::Node};
use leptos::{ev::MouseEvent, prelude::*};
use loqa_protocol::NodeId;

/// Steps of the slider, percent.
const STEP: &str = "5";

/// A slider and a switch, where a machine has a voice and ears.
#[component]
pub fn Sound(id: NodeId, name: Memo<String>) -> impl IntoView {
    let app = App::get();
    let of = move |of: fn(&Node) -> u8| {
        app.part(move |model| model.nodes.node(id).map(of).unwrap_or_default())
    };
    let volume = of(|node| node.volume);
    let muted = of(|node| node.muted.into());
    let is_puck = of(|node| node.roles.iter().any(|role| role == "puck").into());
    // What is dragged is shown at once, until the hub says the same or refuses it.
    let dragged = RwSignal::new(None::<u8>);
    let shown = move || dragged.get().unwrap_or_else(|| volume.get());
    Effect::new(move |_| {
        let told = volume.get();
        if dragged.get_untracked() == Some(told) {
            dragged.set(None);
        }
    });
    let refused = app.part(move |model| {
        let nodes = &model.nodes;
        nodes.changed == Some(id) && matches!(nodes.outcome, Edited::Refused(_))
    });
    Effect::new(move |_| {
        if refused.get() {
            dragged.set(None);
        }
    });
    // Where it is let go is sent; one after the other, as a key that is held lets go many times.
    let released = RwSignal::new(None::<u8>);
    let waiting = app.part(|model| matches!(model.nodes.outcome, Edited::Waiting(_)));
    Effect::new(move |_| {
        let waiting = waiting.get();
        if let Some(percent) = released.get().filter(|_| !waiting) {
            released.set(None);
            app.send(|model| model.set_volume(id, percent));
        }
    });
    let flip = move |event: MouseEvent| {
        // It is as the hub says, and not before.
        event.prevent_default();
        let wanted = muted.get_untracked() == 0;
        app.send(|model| model.mute_node(id, wanted));
    };
    view! {
        <Show when=move || is_puck.get() != 0>
            <div class="sound">
                <input type="range" min="0" max="100" step=STEP prop:value=move || shown().to_string()
                    aria-label=move || words_with("node-volume-of", "name", name.get())
                    aria-valuetext=move || percent(shown())
                    on:input:target=move |event| dragged.set(event.target().value().parse().ok())
                    on:change:target=move |event| released.set(event.target().value().parse().ok()) />
                <span aria-hidden="true">{move || percent(shown())}</span>
                <label class="check">
                    <input type="checkbox" role="switch" prop:checked=move || muted.get() != 0 on:click=flip
                        aria-label=move || words_with("node-mute-of", "name", name.get()) />
                    {words("node-mute")}
                </label>
            </div>
        </Show>
    }
}

fn percent(percent: u8) -> String {
    words_with("node-percent", "percent", percent.to_string())
}
