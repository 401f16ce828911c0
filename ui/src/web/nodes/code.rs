//! The code that a machine is given: as a picture for its camera, and as digits for whoever types.

use super::{App, words};
use crate::model::nodes::Qr;
use leptos::prelude::*;

#[component]
pub fn Shown() -> impl IntoView {
    let app = App::get();
    let code = app.part(|model| {
        let begun = model.nodes.begun.as_ref();
        begun.and_then(|begun| begun.code.clone())
    });
    let digits = Memo::new(move |_| code.get().map(|it| it.digits).unwrap_or_default());
    let text = Memo::new(move |_| code.get().and_then(|it| it.text));
    let typed = move || format!("loqa-node pair \"{}\"", digits.get());
    let addresses = app.part(|model| {
        let begun = model.nodes.begun.as_ref();
        let addresses = begun.map(|begun| begun.addresses.clone());
        addresses.unwrap_or_default()
    });
    let hubs = move || {
        let hub = |at: String| view! { " " <code>{format!("--hub {at}")}</code> };
        addresses.get().into_iter().map(hub).collect_view()
    };
    view! {
        <div class="code">
            {move || code.get().and_then(|it| it.qr).map(drawn)}
            <div>
                <p class="digits">{digits}</p>
                <p class="soft">{words("node-code-typed")} " " <code>{typed}</code></p>
                <Show when=move || addresses.with(|addresses| !addresses.is_empty())>
                    <p class="soft">{words("node-addresses")} {hubs}</p>
                </Show>
                {move || text.get().map(|text| view! {
                    <details>
                        <summary>{words("node-code-text")}</summary>
                        <p><code class="copied">{text}</code></p>
                    </details>
                })}
            </div>
        </div>
    }
}

/// Dark on light, whatever the page looks like: a camera wants it so.
fn drawn(qr: Qr) -> impl IntoView {
    let side = qr.side;
    view! {
        <svg class="qr" viewBox=format!("0 0 {side} {side}") role="img" aria-label=words("node-code-picture")
            shape-rendering="crispEdges">
            <rect width=side height=side fill="#fff"></rect>
            <path d=qr.path fill="#000"></path>
        </svg>
    }
}
