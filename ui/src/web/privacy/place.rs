//! One place: who goes there, who allowed it, how much went, and each time of late.

use super::super::{App, WORDS, decimal, sessions::day_and_time, words, words_with};
use crate::model::{
    headed,
    privacy::{Connection, Consent, Place},
};
use leptos::prelude::*;

const MINUTE: f64 = 60_000.0;

/// It stays where it is, with what somebody has unfolded, while more goes there.
#[component]
pub fn PlaceRow(purpose: &'static str, host: String, now_ms: RwSignal<f64>) -> impl IntoView {
    let app = App::get();
    let key = StoredValue::new(host.clone());
    let is =
        move |place: &Place| place.purpose == purpose && key.with_value(|it| place.host == *it);
    let place = app.part(move |model| {
        let mut places = model.privacy.places().into_iter();
        places.find(is).unwrap_or_default()
    });
    let connections =
        app.part(move |model| key.with_value(|host| model.privacy.connections_to(purpose, host)));
    let may = Memo::new(move |_| place.with(|place| (place.who.clone(), place.consents.clone())));
    let sums = move || {
        let place = place.get();
        let told = said(&place, now_ms.get());
        told.into_iter()
            .map(|line| view! { <p class="soft">{line}</p> })
            .collect_view()
    };
    let name = match host.is_empty() {
        true => words(&format!("egress-anywhere-{}", purpose.replace('_', "-"))),
        false => shown(&host),
    };
    view! {
        <li class="place">
            <h4 dir="auto">{name.clone()}</h4>
            {move || may.with(|(who, consents)| consented(purpose, who, consents))}
            {sums}
            <Show when=move || !connections.with(Vec::is_empty)>
                <details>
                    <summary>{words_with("egress-each", "place", name.clone())}</summary>
                    // Scrolled with the keyboard too.
                    <ol tabindex="0" aria-label=words_with("egress-each", "place", name.clone())>{move || connections.get().into_iter().map(row).collect_view()}</ol>
                </details>
            </Show>
        </li>
    }
}

/// Who goes there, and who allowed it.
fn consented(
    purpose: &str,
    who: &[String],
    consents: &[(String, Consent)],
) -> impl IntoView + use<> {
    let permitted = |who: &str, consent: &Consent| {
        let name = headed(who);
        match (consent.by.as_str(), consent.at_ms) {
            ("permission", Some(at_ms)) => with(
                "egress-allowed",
                [("who", name), ("time", day_and_time(at_ms))],
            ),
            ("permission", None) => words_with("egress-asks", "who", name),
            ("setting", _) => words_with("egress-setting", "setting", consent.name.clone()),
            _ => words("egress-order"),
        }
    };
    let mut lines: Vec<String> = consents
        .iter()
        .map(|(who, consent)| permitted(who, consent))
        .collect();
    if lines.is_empty() && purpose == "model" {
        lines.push(words_with("egress-model", "who", who.join(", ")));
    } else if lines.is_empty() {
        let who: Vec<String> = who.iter().map(|who| headed(who)).collect();
        lines.push(words_with("egress-forbidden", "who", who.join(", ")));
    }
    lines
        .into_iter()
        .map(|line| view! { <p dir="auto">{line}</p> })
        .collect_view()
}

/// What went there.
fn said(place: &Place, now_ms: f64) -> Vec<String> {
    let Some(sums) = &place.sums else {
        // What their publishers have is counted where that is.
        let somewhere = !place.host.is_empty();
        return somewhere
            .then(|| words("egress-nothing"))
            .into_iter()
            .collect();
    };
    let mut told = Vec::new();
    if sums.opened > 0 {
        let [out, r#in] = [sums.sent, sums.received].map(bytes);
        let values = [
            ("count", sums.opened.into()),
            ("out", out.into()),
            ("in", r#in.into()),
            ("ago", ago(sums.last_ms, now_ms).into()),
        ];
        told.push(WORDS.with(|words| words.with("egress-sums", &values)));
    }
    if sums.failed > 0 {
        told.push(words_with("egress-failed", "count", sums.failed));
    }
    if sums.refused > 0 {
        told.push(words_with("egress-refused", "count", sums.refused));
    }
    told
}

fn row(connection: Connection) -> impl IntoView {
    let [out, r#in] = [connection.sent, connection.received].map(bytes);
    let amount = with("egress-amount", [("out", out), ("in", r#in)]);
    let encrypted = match connection.encrypted {
        true => words("egress-encrypted"),
        false => words("egress-plain"),
    };
    let kept_in = matches!(connection.outcome.as_str(), "refused" | "sealed");
    view! {
        <li class:refused=kept_in>
            <time>{day_and_time(connection.at_ms)}</time>
            <span dir="auto">{headed(&connection.who)}</span>
            <span>{amount}</span>
            <span>{encrypted}</span>
            <span class="decision">{words(&format!("egress-is-{}", connection.outcome))}</span>
        </li>
    }
}

/// A host without the port that goes without saying.
fn shown(host: &str) -> String {
    host.strip_suffix(":443").unwrap_or(host).to_owned()
}

fn ago(at_ms: i64, now_ms: f64) -> String {
    let minutes = ((now_ms - at_ms as f64) / MINUTE).max(0.0) as i64;
    match minutes {
        0 => words("ago-now"),
        1..60 => words_with("ago-min", "count", minutes),
        60..1440 => words_with("ago-h", "count", minutes / 60),
        _ => words_with("ago-days", "count", minutes / 1440),
    }
}

/// As people say how much it is.
fn bytes(bytes: u64) -> String {
    let (unit, size) = match bytes {
        0..1_000 => return format!("{bytes} B"),
        1_000..1_000_000 => ("kB", 1e3),
        1_000_000..1_000_000_000 => ("MB", 1e6),
        _ => ("GB", 1e9),
    };
    format!("{} {unit}", decimal(bytes as f64 / size, 1))
}

fn with<const N: usize>(key: &str, values: [(&'static str, String); N]) -> String {
    let values = values.map(|(name, value)| (name, value.into()));
    WORDS.with(|words| words.with(key, &values))
}
