//! The last lines of the hub's own log: what it did, never what somebody said.

use super::{App, words};
use crate::model::LogLine;
use leptos::prelude::*;
use std::time::Duration;

/// How often new lines are asked for, while this is shown.
const EVERY: Duration = Duration::from_secs(2);
/// From the gravest; each shows itself and those before it.
const LEVELS: [&str; 4] = ["ERROR", "WARN", "INFO", "DEBUG"];

/// Newest first, down to a level.
#[component]
pub fn Logs() -> impl IntoView {
    let app = App::get();
    let level = RwSignal::new(String::from("INFO"));
    let lines = app.part(|model| model.logs.clone());
    let ask = move || app.send(|model| model.ask_logs());
    ask();
    let asking = set_interval_with_handle(ask, EVERY);
    on_cleanup(move || {
        let _ = asking.map(|asking| asking.clear());
    });
    let shown = Memo::new(move |_| {
        let rank = |level: &str| LEVELS.iter().position(|known| *known == level);
        let least = rank(&level.get());
        let is_shown = |line: &&LogLine| rank(&line.level) <= least;
        lines.with(|lines| {
            lines
                .iter()
                .rev()
                .filter(is_shown)
                .cloned()
                .collect::<Vec<_>>()
        })
    });
    let options = LEVELS.map(|name| {
        let word = words(&format!("log-{}", name.to_lowercase()));
        view! { <option value=name selected=move || level.get() == name>{word}</option> }
    });
    view! {
        <section class="card logs">
            <h2 id="logs-title">{words("logs")}</h2>
            <div class="line">
                <label for="log-level">{words("log-level")}</label>
                <select id="log-level" on:change:target=move |event| level.set(event.target().value())>{options}</select>
            </div>
            // Scrolled with the keyboard too.
            <ol tabindex="0" aria-labelledby="logs-title">
                <For each=move || shown.get() key=|line| line.seq let:line>
                    <li data-level=line.level>
                        <time>{super::sessions::time_of_day(line.at_ms)}</time>
                        <span class="level">{line.level.clone()}</span>
                        <code dir="auto">{line.text}</code>
                    </li>
                </For>
            </ol>
            <Show when=move || shown.with(Vec::is_empty)>
                <p class="soft">{words("no-logs")}</p>
            </Show>
        </section>
    }
}
