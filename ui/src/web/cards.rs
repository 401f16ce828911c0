//! What skills show.

use super::App;
use leptos::prelude::*;
use loqa_protocol::card::Card;

/// The cards that stay still, the newest first.
#[component]
pub fn Cards() -> impl IntoView {
    let app = App::get();
    let cards = Memo::new(move |_| {
        let now_ms = app.now_ms.get();
        app.model.with(|model| {
            let mut cards: Vec<Card> = model.cards.shown(now_ms as u64).cloned().collect();
            cards.reverse();
            cards
        })
    });
    move || {
        let cards = cards.get().into_iter();
        cards.map(|card| view! { <Shown card /> }).collect_view()
    }
}

/// One of them. Its words are a skill's: text, and nothing else.
#[component]
fn Shown(card: Card) -> impl IntoView {
    let app = App::get();
    let line = |line: loqa_protocol::card::CardLine| {
        view! {
            <li>
                {line.name.map(|name| view! { <span class="soft" dir="auto">{name}</span> })}
                <span dir="auto">{line.text}</span>
            </li>
        }
    };
    let button = move |sentence: String| {
        let said = sentence.clone();
        view! { <button type="button" dir="auto" on:click=move |_| app.say(&said)>{sentence}</button> }
    };
    view! {
        <section class="card shown" data-skill=card.skill>
            <h2 dir="auto">{card.title}</h2>
            <ul>{card.lines.into_iter().map(line).collect_view()}</ul>
            <div class="sayings">{card.say.into_iter().map(button).collect_view()}</div>
        </section>
    }
}
