//! The household's machines as they hang together: the hub, and how each of the others is reached from it, at a glance. The
//! list below it says the same, and more, in words.

use super::{App, decimal, words, words_with};
use crate::model::{headed, nodes::Node};
use leptos::prelude::*;

/// One of them.
#[derive(Clone, PartialEq)]
struct Spoke {
    name: String,
    room: String,
    /// `there`, `silent` or `away`.
    state: &'static str,
    /// How long an answer takes on the way.
    rtt_ms: Option<f64>,
    /// How much of it is in use, in [0, 1].
    load: Option<f64>,
}

impl Spoke {
    fn of(node: &Node, room: String) -> Spoke {
        let link = &node.link;
        Spoke {
            name: node.name.clone(),
            // Many are called as their room is.
            room: if room == node.name {
                String::new()
            } else {
                room
            },
            state: match (link.linked, link.silent) {
                (false, _) => "away",
                (true, true) => "silent",
                (true, false) => "there",
            },
            // What nobody could see change is not drawn again.
            rtt_ms: link.rtt_ms.map(f64::round),
            load: link.load.map(|it| (it.min(1.0) * 20.0).round() / 20.0),
        }
    }
}

/// Those of a room together, as they were paired.
#[component]
pub fn Topology() -> impl IntoView {
    let app = App::get();
    let spokes = app.part(|model| {
        let mut nodes: Vec<_> = model.nodes.shown.iter().flat_map(|it| &it.nodes).collect();
        nodes.sort_by_key(|it| (it.room.clone(), it.paired_at_ms));
        let room = |id: &str| {
            let mut areas = model.house.areas.iter();
            let area = areas.find(|it| it.id == id);
            area.map_or_else(|| id.to_owned(), |it| headed(&it.name))
        };
        let spokes = nodes.iter().map(|it| Spoke::of(it, room(&it.room)));
        spokes.collect::<Vec<_>>()
    });
    view! {
        <Show when=move || !spokes.with(Vec::is_empty)>
            <figure class="topology" aria-label=words("nodes-topology")>
                <strong>{words("nodes-hub")}</strong>
                <ul>{move || spokes.get().into_iter().map(spoke).collect_view()}</ul>
            </figure>
        </Show>
    }
}

fn spoke(spoke: Spoke) -> impl IntoView {
    let way = match spoke.rtt_ms {
        Some(rtt_ms) if rtt_ms >= 1.0 => words_with("node-ms", "ms", decimal(rtt_ms, 0)),
        Some(_) => words_with("node-ms", "ms", format!("< {}", decimal(1.0, 0))),
        None => words("node-way-none"),
    };
    view! {
        <li data-state=spoke.state>
            <span class="way">{way}</span>
            <span class="end" dir="auto">
                {spoke.name}
                {(!spoke.room.is_empty()).then(|| view! { <small dir="auto">{spoke.room}</small> })}
                {spoke.load.map(|load| view! { <meter min="0" max="1" value=load aria-label=words("node-in-use")></meter> })}
            </span>
        </li>
    }
}
