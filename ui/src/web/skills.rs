//! What Loqa can be asked, and what a sentence would mean; the skills that are here, and others that
//! come from a file.

use super::{App, install::Install, skill::SkillRow, words, words_of_hub, words_with};
use crate::model::{calls::Call, headed, skills::Row};
use leptos::{ev::SubmitEvent, html, prelude::*};

/// All skills, below the box to try sentences in.
#[component]
pub fn Skills() -> impl IntoView {
    let app = App::get();
    let names = app.part(|model| {
        let skills = model.house.skills.iter();
        skills.map(|skill| skill.name.clone()).collect::<Vec<_>>()
    });
    let text = RwSignal::new(String::new());
    view! {
        <header class="titled">
            <h1>{words("skills")}</h1>
            <Install />
        </header>
        <TryIt text />
        <div class="skills">
            <For each=move || names.get() key=|name| name.clone() let:name>
                <SkillRow name text />
            </For>
        </div>
        <Calls />
        <Audit />
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

/// What the code of skills took in the latest turns, as they happen.
#[component]
fn Calls() -> impl IntoView {
    let app = App::get();
    let calls = app.part(|model| model.calls.latest.clone());
    let list = NodeRef::<html::Details>::new();
    let watch = move |_| {
        let open = list.get_untracked().is_some_and(|list| list.open());
        app.may_send(|model| model.watch_calls(open));
    };
    on_cleanup(move || app.may_send(|model| model.watch_calls(false)));
    view! {
        <details class="card rows calls" node_ref=list on:toggle=watch>
            <summary><h2>{words("calls")}</h2></summary>
            <p class="soft">{words("calls-about")}</p>
            <ol>{move || calls.get().into_iter().map(call_row).collect_view()}</ol>
            <Show when=move || calls.with(Vec::is_empty)>
                <p class="soft">{words("calls-empty")}</p>
            </Show>
        </details>
    }
}

fn call_row(call: Call) -> impl IntoView {
    let decimal = |value: u64| value as f64 / 1e3;
    let took = call
        .total_us
        .map(|us| words_with("call-took", "ms", format!("{:.2}", decimal(us))));
    let kept = call
        .memory
        .map(|bytes| words_with("call-memory", "kb", format!("{:.0}", decimal(bytes))));
    let asked = call
        .calls
        .map(|count| words_with("call-asked", "count", i64::from(count)));
    view! {
        <li class:refused=call.fault.is_some()>
            <time>{super::sessions::time_of_day(call.at_ms)}</time>
            <span dir="auto">{headed(&call.skill)}</span>
            <span>{words(&format!("call-{}", call.step))}</span>
            <span>{took}</span>
            <span>{kept}</span>
            <span>{asked}</span>
            <span class="decision" dir="auto">{call.fault.as_deref().map(words_of_hub)}</span>
        </li>
    }
}

/// What was installed, granted and refused: asked for when somebody wants to know.
#[component]
fn Audit() -> impl IntoView {
    let app = App::get();
    let rows = app.part(|model| model.skills.audit.clone());
    let list = NodeRef::<html::Details>::new();
    let ask = move |_| {
        if list.get_untracked().is_some_and(|list| list.open()) {
            app.send(|model| model.ask_audit());
        }
    };
    view! {
        <details class="card rows audit" node_ref=list on:toggle=ask>
            <summary><h2>{words("audit")}</h2></summary>
            <ol>{move || rows.get().into_iter().map(audit_row).collect_view()}</ol>
            <Show when=move || rows.with(Vec::is_empty)>
                <p class="soft">{words("audit-empty")}</p>
            </Show>
        </details>
    }
}

fn audit_row(row: Row) -> impl IntoView {
    let about = [row.skill, row.version, row.permission.unwrap_or_default()];
    let refused = row.decision == "refused";
    view! {
        <li class:refused=refused>
            <time>{super::sessions::day_and_time(row.at_ms)}</time>
            <span>{words(&format!("audit-{}", row.what))}</span>
            <span dir="auto">{about.join(" ")}</span>
            <span class="decision">{refused.then(|| words("audit-refused"))}</span>
        </li>
    }
}
