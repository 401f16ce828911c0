//! What Loqa can be asked, and what a sentence would mean.

use super::{App, words, words_with};
use crate::model::headed;
use leptos::{ev::SubmitEvent, prelude::*};
use loqa_protocol::view::Skill;

/// Templates that are shown of one intent.
const SENTENCES: usize = 6;

/// All skills, below the box to try sentences in.
#[component]
pub fn Skills() -> impl IntoView {
    let app = App::get();
    let skills = app.part(|model| model.house.skills.clone());
    let text = RwSignal::new(String::new());
    view! {
        <h1>{words("skills")}</h1>
        <TryIt text />
        {move || skills.get().into_iter().map(|skill| about_skill(skill, text)).collect_view()}
    }
}

#[component]
fn TryIt(text: RwSignal<String>) -> impl IntoView {
    let app = App::get();
    let meaning = app.part(|model| model.meaning.clone());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        app.send(|model| model.try_out(text.get_untracked().trim()));
    };
    view! {
        <section class="card try">
            <h2>{words("try-it")}</h2>
            <p class="soft">{words("try-it-about")}</p>
            <form class="say" on:submit=submit>
                <input aria-label=words("try-it") maxlength="1000" autocomplete="off" bind:value=text />
                <button class="primary" type="submit">{words("try")}</button>
            </form>
            <div role="status">
                {move || meaning.get().map(|meaning| {
                    let Some(intent) = meaning["intent"].as_str() else {
                        return view! { <p>{words("means-nothing")}</p> }.into_any();
                    };
                    let slots = meaning["slots"].as_object().cloned().unwrap_or_default();
                    let class = meaning["class"].as_str().unwrap_or_default().to_owned();
                    let slots = slots.into_iter().map(|(name, value)| {
                        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                        view! { <dt class="slot">{name}</dt><dd dir="auto">{value}</dd> }
                    });
                    view! {
                        <dl>
                            <dt>{words("understood-as")}</dt><dd>{intent.to_owned()}</dd>
                            {slots.collect_view()}
                            <dt>{words("class")}</dt><dd>{class}</dd>
                        </dl>
                    }.into_any()
                })}
            </div>
        </section>
    }
}

fn about_skill(skill: Skill, text: RwSignal<String>) -> impl IntoView {
    let app = App::get();
    let count = skill.intents.len() as i64;
    let intents = skill.intents.into_iter().map(|intent| {
        let examples = intent.examples.into_iter().map(|example| {
            let sentence = example.clone();
            let try_out = move |_| {
                text.set(sentence.clone());
                app.send(|model| model.try_out(&sentence));
            };
            view! { <li><button class="idea" type="button" on:click=try_out>{example}</button></li> }
        });
        let sentences = intent.sentences.into_iter().take(SENTENCES);
        view! {
            <details>
                <summary>{intent.name.replace('_', " ")}</summary>
                <h3>{words("examples")}</h3>
                <ul class="examples" dir="auto">{examples.collect_view()}</ul>
                <h3>{words("sentences")}</h3>
                <ul class="templates" dir="auto">{sentences.map(|it| view! { <li><code>{it}</code></li> }).collect_view()}</ul>
            </details>
        }
    });
    view! {
        <section class="card skill">
            <h2 dir="auto">{headed(&skill.name)}</h2>
            <p dir="auto">{skill.description}</p>
            <p class="soft">{words_with("intents", "count", count)}</p>
            <div class="intents">{intents.collect_view()}</div>
        </section>
    }
}
