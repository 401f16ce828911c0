//! Whose words a machine may work on.

use super::{App, words, words_with};
use crate::model::nodes::Node;
use leptos::prelude::*;
use loqa_protocol::{Hears, NodeId};

/// A choice, where a machine runs models, and what it means.
#[component]
pub fn Words(id: NodeId, name: Memo<String>) -> impl IntoView {
    let app = App::get();
    let works = app.part(move |model| {
        let node = model.nodes.node(id);
        node.is_some_and(|node| node.roles.iter().any(|role| role == "inference"))
    });
    let hears = app.part(move |model| {
        let of = |node: &Node| node.hears;
        model.nodes.node(id).map(of).unwrap_or_default()
    });
    let options = move || {
        let option = |it: Hears| {
            let shown = words(&format!("node-hears-{}", it.name()));
            view! { <option value=it.name() prop:selected=it == hears.get()>{shown}</option> }
        };
        Hears::ALL.map(option).collect_view()
    };
    view! {
        <Show when=move || works.get()>
            <div class="line">
                <select aria-label=move || words_with("node-hears-of", "name", name.get())
                    on:change:target=move |event| {
                        let wanted = event.target().value();
                        // It is as the hub says, and not before.
                        event.target().set_value(hears.get_untracked().name());
                        if let Some(wanted) = Hears::ALL.into_iter().find(|it| it.name() == wanted) {
                            app.send(|model| model.let_hear(id, wanted));
                        }
                    }>{options}</select>
                <span class="soft">{move || words(&format!("node-hears-{}-about", hears.get().name()))}</span>
            </div>
        </Show>
    }
}
