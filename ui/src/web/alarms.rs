//! What wakes and reminds people: all there is, and on the wall what comes next.

use super::{App, words};
use crate::{
    model::{days, headed, next_alarm},
    say,
};
use js_sys::{Date, Object, Reflect};
use leptos::prelude::*;
use loqa_protocol::view::Alarm;

/// A Monday, noon, Unix ms: weekdays are named from it.
const MONDAY_MS: f64 = 1_704_110_400_000.0;
const DAY_MS: f64 = 86_400_000.0;

/// All alarms and reminders and what is scheduled, the next first.
#[component]
pub fn Alarms() -> impl IntoView {
    let app = App::get();
    let alarms = app.part(|model| {
        let mut alarms = model.state.alarms.clone();
        alarms.sort_by_key(|alarm| (alarm.state != "ringing", alarm.at_ms));
        alarms
    });
    let some = move || alarms.with(|alarms| !alarms.is_empty());
    view! {
        <Show when=some>
            <section class="card alarms">
                <h2>{words("alarms")}</h2>
                <ul>{move || alarms.get().into_iter().map(|alarm| view! { <Row alarm /> }).collect_view()}</ul>
            </section>
        </Show>
    }
}

#[component]
fn Row(alarm: Alarm) -> impl IntoView {
    let app = App::get();
    let cancel = say::cancel_alarm(&alarm);
    let buttons = match alarm.state.as_str() {
        "ringing" => view! { <Ringing /> }.into_any(),
        _ => view! { <button type="button" on:click=move |_| app.say(&cancel)>{words("cancel")}</button> }.into_any(),
    };
    view! {
        <li class:ringing={alarm.state == "ringing"}>
            <span class="time">{alarm.time.clone()}</span>
            <span class="what">
                <span dir="auto">{name(&alarm)}</span>
                <span class="soft">{when(&alarm)}</span>
            </span>
            {buttons}
        </li>
    }
}

/// What ends the ringing, for good or for a while.
#[component]
fn Ringing() -> impl IntoView {
    let app = App::get();
    view! {
        <button class="primary" type="button" on:click=move |_| app.say(say::STOP)>{words("stop")}</button>
        <button type="button" on:click=move |_| app.say(say::SNOOZE)>{words("snooze")}</button>
    }
}

/// On the wall: what rings, else what will ring next.
#[component]
pub fn NextAlarm() -> impl IntoView {
    let app = App::get();
    let next = app.part(|model| next_alarm(&model.state.alarms).cloned());
    move || {
        next.get().map(|alarm| {
            let rings = alarm.state == "ringing";
            let day = match rings {
                true => words("ringing"),
                false => day(alarm.at_ms),
            };
            view! {
                <div class="next-alarm" class:ringing=rings>
                    <p dir="auto">{name(&alarm)}" "<span class="time">{alarm.time.clone()}</span>" "{day}</p>
                    {rings.then(|| view! { <Ringing /> })}
                </div>
            }
        })
    }
}

fn name(alarm: &Alarm) -> String {
    let words_of = alarm.text.as_deref().or(alarm.does.as_deref());
    words_of.map_or_else(|| words("alarm"), headed)
}

/// On which days, or what else there is to tell.
fn when(alarm: &Alarm) -> String {
    match (alarm.state.as_str(), alarm.days) {
        (state @ ("ringing" | "snoozed"), _) => words(state),
        ("missed", _) => format!("{} · {}", words("missed"), day(alarm.at_ms)),
        (_, 0) => day(alarm.at_ms),
        (_, 127) => words("every-day"),
        (_, 31) => words("every-weekday"),
        (_, 96) => words("every-weekend"),
        (_, bits) => {
            let names = days(bits).map(|day| weekday(MONDAY_MS + f64::from(day) * DAY_MS));
            names.collect::<Vec<_>>().join(", ")
        }
    }
}

/// `today`, `tomorrow`, or the date, as people of the page's language write it.
fn day(at_ms: i64) -> String {
    let at = Date::new(&(at_ms as f64).into());
    let is = |days: f64| {
        let other = Date::new(&(Date::now() + days * DAY_MS).into());
        other.to_date_string() == at.to_date_string()
    };
    match (is(0.0), is(1.0)) {
        (true, _) => words("today"),
        (_, true) => words("tomorrow"),
        _ => date(
            &at,
            &[("weekday", "long"), ("day", "numeric"), ("month", "long")],
        ),
    }
}

fn weekday(at_ms: f64) -> String {
    date(&Date::new(&at_ms.into()), &[("weekday", "short")])
}

fn date(at: &Date, parts: &[(&str, &str)]) -> String {
    let language = super::WORDS.with(|words| words.language);
    let options = Object::new();
    for (part, form) in parts {
        let _ = Reflect::set(&options, &(*part).into(), &(*form).into());
    }
    at.to_locale_date_string(language, &options).into()
}
