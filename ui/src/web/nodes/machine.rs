//! A machine of the household: what it is called, where it is, what it does, and the way out.

use super::{
    App, Refused, day, decimal, hears::Words, roles, sound::Sound, words, words_of_hub, words_with,
};
use crate::model::{
    headed,
    nodes::{Fetched, Link, Node, Work},
};
use leptos::prelude::*;
use loqa_protocol::NodeId;

/// All of them, the newest last.
#[component]
pub fn Machines() -> impl IntoView {
    let app = App::get();
    let ids = app.part(|model| {
        let mut nodes: Vec<_> = model.nodes.shown.iter().flat_map(|it| &it.nodes).collect();
        nodes.sort_by_key(|it| it.paired_at_ms);
        nodes.iter().map(|it| it.id).collect::<Vec<_>>()
    });
    view! {
        <section class="card">
            <h2>{words("nodes-here")}</h2>
            <Show when=move || ids.with(Vec::is_empty)>
                <p class="soft">{words("nodes-none")}</p>
            </Show>
            <ul class="machines">
                <For each=move || ids.get() key=|id| *id let:id>
                    <Row id />
                </For>
            </ul>
        </section>
    }
}

#[component]
fn Row(id: NodeId) -> impl IntoView {
    let app = App::get();
    let now = app.part(move |model| model.nodes.node(id).cloned());
    let of = move |of: fn(&Node) -> String| now.get().as_ref().map(of).unwrap_or_default();
    let name = Memo::new(move |_| of(|it| it.name.clone()));
    let room = Memo::new(move |_| of(|it| it.room.clone()));
    let link = Memo::new(move |_| now.get().map(|it| it.link).unwrap_or_default());
    let rooms = app.part(|model| {
        let areas = model.house.areas.iter();
        areas
            .map(|area| (area.id.clone(), headed(&area.name)))
            .collect::<Vec<_>>()
    });
    let options = move || {
        let chosen = room.get();
        let mut options = vec![(String::new(), words("node-no-room"))];
        options.extend(rooms.get());
        // A room that is no more is still where it is.
        if !options.iter().any(|(id, _)| *id == chosen) {
            options.push((chosen.clone(), chosen.clone()));
        }
        let option = |(value, shown): (String, String)| {
            let selected = value == chosen;
            view! { <option value=value prop:selected=selected>{shown}</option> }
        };
        options.into_iter().map(option).collect_view()
    };
    let paired = move || {
        let at_ms = now.get().map(|it| it.paired_at_ms).unwrap_or_default();
        words_with("node-paired-at", "day", day(at_ms))
    };
    let offers = Memo::new(move |_| link.get().offers);
    let done = Memo::new(move |_| link.get().work);
    let fetched = Memo::new(move |_| link.get().models);
    view! {
        <li data-node=name>
            <div class="line">
                <input class="name" dir="auto" maxlength="64" autocomplete="off" required
                    aria-label=move || words_with("node-name-of", "name", name.get()) prop:value=name
                    on:change=move |event| {
                        let wanted = event_target_value(&event);
                        app.send(|model| model.rename_node(id, &wanted));
                    } />
                <select dir="auto" aria-label=move || words_with("node-room-of", "name", name.get())
                    on:change:target=move |event| {
                        let wanted = event.target().value();
                        // It is as the hub says, and not before.
                        event.target().set_value(&room.get_untracked());
                        app.send(|model| model.place_node(id, &wanted));
                    }>{options}</select>
                <Remove id name />
            </div>
            <Sound id name />
            <Words id name />
            <p class="presence" class:there=move || link.get().linked class:silent=move || link.get().silent>
                {move || presence(&link.get(), &now.get().map(|it| it.roles).unwrap_or_default())}
            </p>
            <p class="soft">
                {move || roles(&now.get().map(|it| it.roles).unwrap_or_default())} ". " {paired} " "
                <span dir="auto">{move || link.get().address}</span>
            </p>
            <Show when=move || offers.with(|offers| !offers.is_empty())>
                <p class="soft offers">
                    {words("node-offers")}
                    {move || offers.get().into_iter().map(|offer| view! { " " <code>{offer}</code> }).collect_view()}
                </p>
            </Show>
            <Show when=move || fetched.with(|fetched| !fetched.is_empty())>
                <ul class="soft work">{move || fetched.get().iter().map(coming).collect_view()}</ul>
            </Show>
            <Show when=move || done.with(|done| !done.is_empty())>
                <ul class="soft work">{move || done.get().iter().map(work).collect_view()}</ul>
            </Show>
            <Refused at=Some(id) />
        </li>
    }
}

/// Whether it is there, and how well it is reached.
fn presence(link: &Link, roles: &[String]) -> String {
    if !link.linked {
        let is = |role: &str| roles.iter().any(|it| it == role);
        let lost = ["puck", "inference", "display"]
            .into_iter()
            .find(|it| is(it));
        return words(match lost {
            Some("puck") => "node-away-puck",
            Some("inference") => "node-away-inference",
            Some(_) => "node-away-display",
            None => "node-away",
        });
    }
    if link.silent {
        return words("node-silent");
    }
    let mut told = vec![words("node-there")];
    if let Some(rtt_ms) = link.rtt_ms {
        let digits = usize::from(rtt_ms < 10.0);
        told.push(words_with("node-rtt", "ms", decimal(rtt_ms, digits)));
    }
    match link.load {
        // More waits than the machine can do.
        Some(load) if load >= 1.0 => told.push(words("node-busy")),
        Some(load) => told.push(words_with("node-load", "percent", decimal(100.0 * load, 0))),
        None => {}
    }
    told.join(" ")
}

/// How far a model is on its way to it, or why it does not get there.
fn coming(fetched: &Fetched) -> impl IntoView + use<> {
    let percent = 100 * fetched.here / fetched.bytes.max(1);
    let told = fetched.problem.as_ref().map(|problem| {
        let (message, help) = (words_of_hub(&problem.message), words_of_hub(&problem.help));
        view! { <span dir="auto">{message} ". " {help} "."</span> }.into_any()
    });
    let told = told.unwrap_or_else(|| {
        let words = words_with("node-fetches", "percent", decimal(percent as f64, 0));
        view! { {words} }.into_any()
    });
    view! { <li><code>{fetched.model.clone()}</code> ": " {told}</li> }
}

/// How it does one kind of work, and why the last of that went to it.
fn work(work: &Work) -> impl IntoView + use<> {
    let mut told = Vec::new();
    if let Some(p95_ms) = work.p95_ms {
        told.push(words_with("node-p95", "ms", decimal(p95_ms, 0)));
    }
    if let Some(rests_s) = work.rests_s {
        told.push(words_with("node-rests", "seconds", decimal(rests_s, 0)));
    }
    let reason = work.reason.clone();
    view! {
        <li>
            <code>{work.capability.clone()}</code> ": " {told.join(" ")} " "
            {reason.map(|reason| view! { {words("node-reason")} " " <span dir="auto">{words_of_hub(&reason)}</span> })}
        </li>
    }
}

/// Says what it means, and asks again.
#[component]
fn Remove(id: NodeId, name: Memo<String>) -> impl IntoView {
    let app = App::get();
    let sure = RwSignal::new(false);
    let press = move |_| {
        if sure.get_untracked() {
            app.send(|model| model.revoke_node(id));
        }
        sure.set(true);
    };
    let key = move || match sure.get() {
        true => "node-remove-sure",
        false => "node-remove",
    };
    view! {
        <button class="remove" type="button" on:click=press>{move || words_with(key(), "name", name.get())}</button>
        <Show when=move || sure.get()>
            <button type="button" on:click=move |_| sure.set(false)>{words("cancel")}</button>
        </Show>
        <p class="meaning" role="status">
            {move || sure.get().then(|| words_with("node-remove-about", "name", name.get()))}
        </p>
    }
}
