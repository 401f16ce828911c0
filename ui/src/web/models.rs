//! Models: which are used and why, which are here, and which can be fetched.

use super::{
    App, WORDS, decimal,
    model::{ModelRow, Refused},
    system::about_check,
    told, words, words_with,
};
use crate::model::models::{Machine, Use};
use leptos::{ev, prelude::*};

/// Bytes of a GiB.
const GIB: f64 = (1 << 30) as f64;

/// What is used first, then every model by what it does; for as long as this is shown, as they are.
#[component]
pub fn Models() -> impl IntoView {
    let app = App::get();
    let connected = app.part(|model| model.connected);
    Effect::new(move |_| {
        if connected.get() {
            app.send(|model| model.watch_models(true));
        }
    });
    on_cleanup(move || app.send(|model| model.watch_models(false)));
    let shown = app.part(|model| model.models.shown.is_some());
    let trouble = app.part(|model| model.models.trouble.clone());
    let machine = app.part(|model| model.models.shown.as_ref().map(|it| it.machine.clone()));
    let from = app.part(|model| model.models.shown.as_ref().map(|it| it.from.clone()));
    let kinds = app.part(|model| {
        let shown = model.models.shown.as_ref();
        shown.map(|it| it.kinds()).unwrap_or_default()
    });
    let place = move || {
        let from = from.get().filter(|from| !from.is_empty());
        from.map(|from| words_with("models-from", "place", from))
    };
    view! {
        <h1>{words("models")}</h1>
        <p class="soft">
            {words("models-about")} " "
            {move || machine.get().map(about_machine)}
            " " <span dir="auto">{place}</span>
        </p>
        <div role="alert">{move || trouble.get().map(|problem| view! { <p class="wrong" dir="auto">{told(&problem)}</p> })}</div>
        <Show when=move || shown.get() fallback=|| view! { <p role="status">{words("models-asking")}</p> }>
            <Uses />
            <For each=move || kinds.get() key=|kind| kind.clone() let:kind>
                <OfKind kind />
            </For>
        </Show>
    }
}

fn about_machine(machine: Machine) -> String {
    let gib = decimal(machine.memory as f64 / GIB, 1);
    let processors = words_with("processors", "count", machine.processors as i64);
    let about =
        [("processors", processors), ("gib", gib)].map(|(name, value)| (name, value.into()));
    WORDS.with(|words| words.with("models-machine", &about))
}

/// Which are used and why, and what else could be.
#[component]
fn Uses() -> impl IntoView {
    let app = App::get();
    let checks = app.part(|model| {
        let shown = model.models.shown.as_ref();
        shown.map(|it| it.checks.clone()).unwrap_or_default()
    });
    let kinds = app.part(|model| {
        let uses = model.models.shown.iter().flat_map(|it| &it.uses);
        uses.map(|it| it.r#for.clone()).collect::<Vec<_>>()
    });
    view! {
        <section class="card uses">
            <h2>{words("models-used")}</h2>
            <ul class="checks">{move || checks.get().into_iter().map(about_check).collect_view()}</ul>
            <For each=move || kinds.get() key=|kind| kind.clone() let:kind>
                <Choose kind />
            </For>
        </section>
    }
}

/// Which model does something, from the next start on.
#[component]
fn Choose(kind: String) -> impl IntoView {
    let app = App::get();
    let kind = StoredValue::new(kind);
    let of_kind = move |it: &Use| kind.with_value(|kind| it.r#for == *kind);
    let now = app.part(move |model| {
        let mut uses = model.models.shown.iter().flat_map(|it| &it.uses);
        uses.find(|it| of_kind(it)).cloned()
    });
    let chosen = move || now.get().map(|it| it.chosen).unwrap_or_default();
    let here = app.part(move |model| {
        let models = model.models.shown.iter().flat_map(|it| &it.models);
        let here =
            models.filter(|it| kind.with_value(|kind| it.r#for == *kind) && it.state == "here");
        here.map(|it| it.name.clone()).collect::<Vec<_>>()
    });
    let options = move || {
        let chosen = chosen();
        let mut options = vec![
            ("auto".to_owned(), words("model-auto")),
            ("none".to_owned(), words("model-none")),
        ];
        options.extend(here.get().into_iter().map(|name| (name.clone(), name)));
        // One that is not here, or a file, is still chosen.
        if !options.iter().any(|(name, _)| *name == chosen) {
            options.push((chosen.clone(), chosen.clone()));
        }
        let option = |(name, shown): (String, String)| {
            let selected = name == chosen;
            view! { <option value=name prop:selected=selected>{shown}</option> }
        };
        options.into_iter().map(option).collect_view()
    };
    let choose = move |event: ev::Targeted<ev::Event, web_sys::HtmlSelectElement>| {
        let wanted = event.target().value();
        // It is as the hub says, and not before.
        event.target().set_value(&untrack(chosen));
        kind.with_value(|kind| app.send(|model| model.use_model(kind, kind, &wanted)));
    };
    let id = format!("choose-{}", kind.get_value());
    view! {
        <div class="line">
            <label for=id.clone()>{words(&format!("model-for-{}", kind.get_value()))}</label>
            <select id=id dir="auto" on:change:target=choose>{options}</select>
        </div>
        <p class="soft" role="status">
            {move || match now.get() {
                Some(now) if now.chosen == "auto" && here.with(Vec::is_empty) => words("model-none-here"),
                _ => String::new(),
            }}
        </p>
        <Refused at=kind.get_value() />
    }
}

#[component]
fn OfKind(kind: String) -> impl IntoView {
    let app = App::get();
    let names = app.part({
        let kind = kind.clone();
        move |model| {
            let models = model.models.shown.iter().flat_map(|it| &it.models);
            let of_kind = models.filter(|it| it.r#for == kind);
            of_kind.map(|it| it.name.clone()).collect::<Vec<_>>()
        }
    });
    view! {
        <h2 class="kind">{words(&format!("model-for-{kind}"))}</h2>
        <ul class="models">
            <For each=move || names.get() key=|name| name.clone() let:name>
                <ModelRow name />
            </For>
        </ul>
    }
}
