//! The turns of the last minutes, and where the time of one of them went; then what is kept of those before.

use super::{App, kept::KeptConversations, words, words_of_hub, words_with};
use crate::model::{Turn, waterfall};
use leptos::prelude::*;
use loqa_protocol::{LatencyClass, Partial, Placement, Speculation};
use std::sync::Arc;

/// Turns on the left, one of them on the right.
#[component]
pub fn Sessions() -> impl IntoView {
    let app = App::get();
    let turns = app.part(|model| model.turns.clone());
    let chosen = RwSignal::new(None::<(u128, u32)>);
    // The newest, until somebody chooses.
    let shown = Memo::new(move |_| {
        turns.with(|turns| {
            let key = chosen.get();
            let found = turns.iter().find(|turn| Some(turn.key) == key);
            found.or(turns.front()).cloned()
        })
    });
    let is_shown = Selector::new(move || shown.with(|turn| turn.as_ref().map(|turn| turn.key)));
    view! {
        <h1>{words("sessions")}</h1>
        <p class="soft">{words("turns-about")}</p>
        <Show when=move || turns.with(|turns| turns.is_empty())>
            <p class="card">{words("no-turns")}</p>
        </Show>
        <div class="split">
            <ul class="turns">
                <For each=move || turns.get() key=|turn| turn.key children=move |turn| {
                    let (key, is_shown) = (turn.key, is_shown.clone());
                    view! {
                        <li>
                            <button type="button" aria-pressed=move || is_shown.selected(&Some(key)).to_string()
                                on:click=move |_| chosen.set(Some(key))>
                                <time>{time_of_day(turn.at_ms)}</time>
                                <span class="heard" dir="auto">{heard(&turn)}</span>
                                <span class="reply soft" dir="auto">{turn.summary.reply.clone()}</span>
                            </button>
                        </li>
                    }
                } />
            </ul>
            {move || shown.get().map(|turn| view! { <Detail turn /> })}
        </div>
        <KeptConversations />
    }
}

fn heard(turn: &Turn) -> String {
    if turn.summary.rejected || turn.summary.text.is_empty() {
        words("rejected")
    } else {
        turn.summary.text.clone()
    }
}

#[component]
fn Detail(turn: Arc<Turn>) -> impl IntoView {
    let heard = heard(&turn);
    let summary = &turn.summary;
    let intents: Vec<String> = summary
        .steps
        .iter()
        .map(|step| step.intent.clone())
        .collect();
    let intents = match (intents.is_empty(), &summary.intent) {
        (false, _) => intents.join(" + "),
        (true, Some(intent)) => intent.clone(),
        (true, None) => words("nothing-matched"),
    };
    let slots = summary.slots.iter().map(|(name, value)| {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        view! { <dt class="slot">{name.clone()}</dt><dd dir="auto">{value}</dd> }
    });
    let class = summary.class.map(|class| match class {
        LatencyClass::A => "A",
        LatencyClass::B => "B",
        LatencyClass::C => "C",
    });
    let plan = words(match summary.speculation {
        Speculation::None => "plan-none",
        Speculation::Hit => "plan-hit",
        Speculation::Miss => "plan-miss",
    });
    let prepared = match (summary.speculation, summary.hops.prepare_ms) {
        (Speculation::Hit, Some(ms)) => format!("{plan} ({ms:.1} ms)"),
        _ => plan,
    };
    let (partials, placements) = (summary.partials.clone(), summary.placements.clone());
    let bars = waterfall(summary);
    let spoken = !bars.is_empty();
    view! {
        <section class="card detail">
            <h2 dir="auto">{heard}</h2>
            <p class="reply" dir="auto">{summary.reply.clone()}</p>
            <dl>
                <dt>{words("understood-as")}</dt>
                <dd>{intents}" · "{words(if spoken { "spoken" } else { "typed" })}</dd>
                {slots.collect_view()}
                {class.map(|class| view! { <dt>{words("class")}</dt><dd>{class}</dd> })}
                {spoken.then(|| view! { <dt>{words("plan")}</dt><dd>{prepared}</dd> })}
                {summary.ttfa_ms.map(|ms| view! { <dt>{words("first-sound")}</dt><dd>{ms_text(ms)}</dd> })}
            </dl>
            {if spoken {
                view! { <Waterfall bars placements /><Partials partials /> }.into_any()
            } else {
                view! { <p class="soft">{words("typed-no-times")}</p> }.into_any()
            }}
        </section>
    }
}

/// What was believed while somebody spoke, and when.
#[component]
fn Partials(partials: Vec<Partial>) -> impl IntoView {
    let rows = partials.into_iter().map(|Partial { at_ms, text }| {
        view! {
            <tr>
                <td class="number">{ms_text(at_ms)}</td>
                <th scope="row" dir="auto">{text}</th>
            </tr>
        }
    });
    let rows: Vec<_> = rows.collect();
    (!rows.is_empty()).then(|| {
        view! {
            <table class="partials">
                <caption>{words("partials")}</caption>
                <tbody>{rows}</tbody>
            </table>
        }
    })
}

/// Which model did a hop, and why that one.
fn placed(hop: &str, placements: &[Placement]) -> Option<String> {
    let kind = match hop {
        "final" => "stt.",
        "voice" => "tts.",
        _ => return None,
    };
    let of_kind = |it: &&Placement| it.capability.starts_with(kind);
    let placement = placements.iter().find(of_kind)?;
    Some(words_of_hub(&placement.reason))
}

/// One bar for each hop, from where it began.
#[component]
fn Waterfall(bars: Vec<(&'static str, f64, f64)>, placements: Vec<Placement>) -> impl IntoView {
    let whole = bars.iter().map(|(_, at, ms)| at + ms).fold(1.0, f64::max);
    let rows = bars.into_iter().map(|(hop, at, ms)| {
        let (x, width) = (at / whole * 100.0, (ms / whole * 100.0).max(0.8));
        let name = words(match hop {
            "endpoint" => "hop-endpoint",
            "final" => "hop-final",
            "commit" => "hop-commit",
            "voice" => "hop-voice",
            _ => "hop-playback",
        });
        view! {
            <tr>
                <th scope="row">
                    {name}
                    {placed(hop, &placements).map(|why| view! { <small class="soft" dir="auto">{why}</small> })}
                </th>
                <td class="bar-cell">
                    <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
                        <rect x=x.min(99.2).to_string() y="0" width=width.to_string() height="6" rx="0.6"></rect>
                    </svg>
                </td>
                <td class="number">{ms_text(ms)}</td>
            </tr>
        }
    });
    view! {
        <table class="waterfall">
            <caption>{words("waterfall")}</caption>
            <tbody>{rows.collect_view()}</tbody>
        </table>
    }
}

fn ms_text(ms: f64) -> String {
    // A true minus, and no minus before 0.
    let ms = ms.round() + 0.0;
    words_with("ms", "ms", format!("{ms:.0}").replace('-', "−"))
}

/// As the browser's own clock tells it.
pub fn time_of_day(at_ms: i64) -> String {
    let date = js_sys::Date::new(&(at_ms as f64).into());
    format!(
        "{:02}:{:02}:{:02}",
        date.get_hours(),
        date.get_minutes(),
        date.get_seconds()
    )
}

/// When something was, however long ago.
pub fn day_and_time(at_ms: i64) -> String {
    format!("{} {}", day(at_ms), time_of_day(at_ms))
}

/// The day when something was.
pub fn day(at_ms: i64) -> String {
    let date = js_sys::Date::new(&(at_ms as f64).into());
    // Numbers alone: as people write them where this browser is.
    let language = window().navigator().language().unwrap_or_default();
    let day = date.to_locale_date_string(&language, &wasm_bindgen::JsValue::UNDEFINED);
    day.into()
}
