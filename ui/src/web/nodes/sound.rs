//! How loud a puck is, and whether it hears.

use super::{App, words, words_with};
use crate::model::nodes::Node;
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
    // What is dragged is shown at once, and sent when it is let go.
    let dragged = RwSignal::new(None::<u8>);
    let shown = move || dragged.get().unwrap_or_else(|| volume.get());
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
                    on:change:target=move |event| {
                        dragged.set(None);
                        if let Ok(percent) = event.target().value().parse() {
                            app.send(|model| model.set_volume(id, percent));
                        }
                    } />
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
