//! What works, what does not and what to do about it, and how fast Loqa answers.

use super::{
    App, Page, go,
    logs::Logs,
    settings::{HouseholdName, KioskPin, LevelMeter, Refusal, SoundChoice},
    shell, window, words, words_of_hub, words_with,
};
use crate::model::Check;
use leptos::prelude::*;
use loqa_protocol::Choice;

/// Upper ends of the histogram's bars, ms; the last has none.
const BINS: [f64; 7] = [50.0, 100.0, 150.0, 200.0, 300.0, 500.0, f64::INFINITY];

/// Health first.
#[component]
pub fn System() -> impl IntoView {
    let app = App::get();
    let checks = app.part(|model| {
        let well = model.checks.iter().filter(|check| check.ok).cloned();
        (model.ailments(), well.collect::<Vec<Check>>())
    });
    let version = app.part(|model| model.house.version.clone());
    app.send(|model| model.examine());
    let welcome = move |_| {
        app.send(|model| model.choose(Choice::Welcomed(false)));
        go(app, Page::Now);
    };
    view! {
        <h1>{words("system")}</h1>
        <div class="columns">
            <section class="card health">
                <h2>{words("health")}</h2>
                <Show when=move || checks.with(|(ailing, _)| ailing.is_empty())>
                    <p>{words("all-well")}</p>
                </Show>
                <ul class="checks">
                    {move || {
                        let (ailing, well) = checks.get();
                        ailing.into_iter().chain(well).map(about_check).collect_view()
                    }}
                </ul>
                <button type="button" on:click=move |_| app.send(|model| model.examine())>{words("look-again")}</button>
            </section>
            <section class="card">
                <h2>{words("sound")}</h2>
                <LevelMeter />
                <SoundChoice />
            </section>
            <Latency />
            <section class="card">
                <h2>{words("household")}</h2>
                <HouseholdName />
                <KioskPin />
                <Refusal />
            </section>
            <section class="card">
                <h2>{words("about")}</h2>
                <p>{move || words_with("version", "version", version.get())}</p>
                <p class="soft">{words("english-only")}</p>
                <div class="choices">
                    <button type="button" on:click=move |_| go(app, Page::Kiosk)>{words("kiosk")}</button>
                    <button type="button" on:click=welcome>{words("first-steps")}</button>
                    {window::host().is_none().then(|| view! {
                        <button type="button" on:click=move |_| shell::sign_out(app)>{words("sign-out")}</button>
                    })}
                </div>
            </section>
            <Logs />
        </div>
    }
}

pub fn about_check(check: Check) -> impl IntoView {
    let (mark, word) = match (check.ok, check.needed) {
        (true, _) => ("good", "works"),
        (false, false) => ("warn", "restricted"),
        (false, true) => ("bad", "does-not-work"),
    };
    view! {
        <li class=mark>
            <span class="mark">{words(word)}</span>
            <span class="what">{words_of_hub(&check.what)}</span>
            <span dir="auto">{words_of_hub(&check.message)}</span>
            {(!check.help.is_empty()).then(|| view! { <span class="help" dir="auto">{words_of_hub(&check.help)}</span> })}
        </li>
    }
}

#[component]
fn Latency() -> impl IntoView {
    let app = App::get();
    let times = app.part(|model| {
        let turns = model.turns.iter();
        let mut times: Vec<f64> = turns.filter_map(|turn| turn.summary.ttfa_ms).collect();
        times.sort_by(f64::total_cmp);
        times
    });
    view! {
        <section class="card">
            <h2>{words("latency")}</h2>
            <p class="soft">{words("latency-about")}</p>
            {move || {
                let times = times.get();
                let Some(median) = times.get(times.len() / 2) else {
                    return view! { <p>{words("no-latency")}</p> }.into_any();
                };
                let median = words_with("median", "ms", format!("{median:.0}"));
                view! { <p>{median}</p> <Histogram times /> }.into_any()
            }}
        </section>
    }
}

#[component]
fn Histogram(times: Vec<f64>) -> impl IntoView {
    let mut from = 0.0;
    let bars: Vec<(f64, f64, usize)> = BINS
        .into_iter()
        .map(|to| {
            let count = times.iter().filter(|ms| (from..to).contains(*ms)).count();
            (std::mem::replace(&mut from, to), to, count)
        })
        .collect();
    let most = bars
        .iter()
        .map(|(_, _, count)| *count)
        .max()
        .unwrap_or(1)
        .max(1);
    let rows = bars.into_iter().map(|(from, to, count)| {
        let name = if to.is_finite() {
            format!("{from:.0}–{to:.0}")
        } else {
            format!("> {from:.0}")
        };
        let width = count as f64 / most as f64 * 100.0;
        view! {
            <tr>
                <th scope="row">{name}</th>
                <td class="bar-cell">
                    <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
                        <rect x="0" y="0" width=width.to_string() height="6" rx="0.6"></rect>
                    </svg>
                </td>
                <td class="number">{count}</td>
            </tr>
        }
    });
    view! { <table class="waterfall"><tbody>{rows.collect_view()}</tbody></table> }
}
