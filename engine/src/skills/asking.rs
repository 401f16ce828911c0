//! What skills ask over HTTP and tell others, with a server on this machine.

use super::{
    Elsewhere, Machine, Registry,
    tests::{House, Linked, linked, step},
};
use crate::egress::{Border, LATEST, Outcome};
use loqa_core::{grammar::SlotValue, seams::HostError};
use loqa_protocol::{EffectKind, Event};
use loqa_skill_sdk::{
    Effect, EffectError, Effects, HttpRequest, Plan, Prepared, Publication, Reads, Request, Skill,
    Value,
};
use std::{fs, path::Path, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::Notify,
    time,
};

const WEATHER: &str = "name: weather
version: 1.0.0
permissions: [notify, speak, publish]
hosts: [\"127.0.0.1:PORT\", \"localhost:PORT\", weather.example]
budget: { http: 5 }
intents:
  ask: { sentences: [\"ask {url}\"] }
  undoable: { sentences: [\"undoable {url}\"] }
  tell: { sentences: [\"tell\"] }
  say: { sentences: [\"say {url}\"] }
lists: { url: { values: [one] } }
payloads:
  rain: { type: object, required: [mm], properties: { mm: { type: number } } }
";

struct Weather;

impl Skill for Weather {
    fn prepare(&self, request: &Request, _: &dyn Reads) -> Prepared {
        let url = request.slot("url").and_then(Value::as_str);
        let effects = match request.intent.as_str() {
            "tell" => vec![
                Effect::Notify(" It will rain. ".into()),
                Effect::Speak("Take an umbrella.".into()),
                Effect::Publish(Publication {
                    topic: "rain".into(),
                    payload: r#"{"mm":4}"#.into(),
                }),
            ],
            "undoable" => vec![Effect::Notify("Done.".into())],
            "say" => {
                let (topic, payload) = url.and_then(|it| it.split_once(' ')).unwrap_or_default();
                vec![Effect::Publish(Publication {
                    topic: topic.into(),
                    payload: payload.into(),
                })]
            }
            _ => vec![Effect::Http(HttpRequest::get(url.unwrap_or_default()))],
        };
        let plan = Plan {
            effects,
            ..Plan::default()
        };
        Prepared::Plan(match request.intent.as_str() {
            "undoable" => Plan {
                undo: vec![Effect::Http(HttpRequest::get(url.unwrap_or_default()))],
                holds_ms: Some(100),
                ..plan
            },
            _ => plan,
        })
    }

    fn commit(&self, plan: &Plan, effects: &mut dyn Effects) -> Result<String, EffectError> {
        let Some(Effect::Http(request)) = plan.effects.first() else {
            effects.carry_out(&plan.effects)?;
            return Ok("Told.".into());
        };
        let mut request = request.clone();
        if request.url.ends_with("/stray") {
            request.url.push_str("?secret");
        }
        let answer = effects.http(request)?;
        Ok(format!("{}: {}", answer.status, answer.body))
    }
}

/// Answers what is asked, from its path; what is asked for at `/slow` once it is told to.
async fn server(go_on: Arc<Notify>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let go_on = go_on.clone();
            tokio::spawn(async move {
                let mut asked = vec![0; 4096];
                let length = stream.read(&mut asked).await.unwrap();
                let asked = String::from_utf8_lossy(&asked[..length]).into_owned();
                let path = asked.split(' ').nth(1).unwrap();
                if path == "/slow" {
                    go_on.notified().await;
                }
                let (status, body) = match path {
                    "/moved" => (
                        "302 Elsewhere\r\nlocation: http://localhost/",
                        "moved".into(),
                    ),
                    "/long" => ("200 Fine", "x".repeat(256_001)),
                    path => ("200 Fine", format!("sunny at {path}")),
                };
                let length = body.len();
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    port
}

fn house(data: &Path, port: u16) -> House {
    house_within(data, port, &Border::default())
}

fn house_within(data: &Path, port: u16, border: &Border) -> House {
    let folder = tempfile::tempdir().unwrap();
    let manifest = WEATHER.replace("PORT", &port.to_string());
    fs::create_dir(folder.path().join("weather")).unwrap();
    fs::write(folder.path().join("weather/skill.yaml"), manifest).unwrap();
    let registry = Registry::load(&[folder.path().to_owned()], None, &Machine::beside(data));
    let registry = linked(registry.unwrap()).with_code("weather", Linked(Weather));
    let here = format!("http://127.0.0.1:{port}").parse().unwrap();
    let elsewhere = Elsewhere::by(border.to_internet([here]));
    House::reaching(data, registry, elsewhere)
}

fn ask(url: &str) -> [loqa_core::grammar::Step; 1] {
    [step("weather.ask", &[("url", SlotValue::Item(url.into()))])]
}

#[tokio::test]
async fn a_skill_asks_the_hosts_it_names_and_nobody_else() {
    let data = tempfile::tempdir().unwrap();
    let port = server(Arc::default()).await;
    let mut house = house(data.path(), port);
    let here = format!("http://127.0.0.1:{port}");
    let not_planned = "The skill weather asked for something that was not in its plan.";
    for (url, said) in [
        (format!("{here}/now?in=Bonn"), "200: sunny at /now?in=Bonn"),
        // Nobody is sent on.
        (format!("{here}/moved"), "302: moved"),
        (format!("{here}/stray"), not_planned),
        (
            format!("{here}/long"),
            "I did not understand what 127.0.0.1 answered.",
        ),
        // Its manifest names it, but the settings do not; and where nothing is encrypted.
        (
            format!("https://localhost:{port}/"),
            "localhost is in the house, and the settings do not let skills go there.",
        ),
        (
            format!("{here}/often"),
            "The skill weather asks too often: it may 5 times a minute.",
        ),
    ] {
        assert_eq!(house.hears(&ask(&url)).await, said, "{url}");
    }
    let denied = |permission: &str| {
        format!(
            "The skill weather may not do that: its skill.yaml does not ask for the permission {permission}."
        )
    };
    let nowhere = "The skill asked for something that is no web address.";
    for (url, said) in [
        ("https://other.example/", denied("http:other.example")),
        (
            "https://weather.example:8443/",
            denied("http:weather.example:8443"),
        ),
        (
            "https://weather.example.other.example/",
            denied("http:weather.example.other.example"),
        ),
        ("https://me@weather.example/", nowhere.into()),
        ("https://we\u{0430}ther.example/", nowhere.into()),
        ("file:///etc/passwd", nowhere.into()),
        ("/now", nowhere.into()),
    ] {
        let refused = house.prepare(&ask(url)).unwrap_err();
        assert_eq!(refused.to_string(), said, "{url}");
    }
}

#[tokio::test]
async fn in_a_sealed_house_a_skill_asks_nobody_and_says_so() {
    let data = tempfile::tempdir().unwrap();
    let port = server(Arc::default()).await;
    let border = Border::new(true);
    let mut house = house_within(data.path(), port, &border);
    let asking = ask(&format!("http://127.0.0.1:{port}/now"));
    let sealed = "The house is sealed, so I asked 127.0.0.1 nothing.";
    assert_eq!(house.hears(&asking).await, sealed);
    // Neither is a name looked up.
    let far = ask("https://weather.example/");
    let said = house.hears(&far).await;
    assert_eq!(
        said,
        "The house is sealed, so I asked weather.example nothing."
    );
    border.seal(false);
    assert_eq!(house.hears(&asking).await, "200: sunny at /now");
    let latest = border.latest(LATEST);
    let told = latest.iter().map(|entry| {
        let given = entry.consent.as_ref().map(|it| &*it.name);
        (&*entry.who, entry.outcome, given)
    });
    let here = format!("http:127.0.0.1:{port}");
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            ("weather", Outcome::Sealed, Some(here.as_str())),
            ("weather", Outcome::Sealed, Some("http:weather.example")),
            ("weather", Outcome::Closed, Some(here.as_str())),
        ]
    );
}

#[tokio::test]
async fn nobody_waits_for_a_slow_answer_but_who_asked() {
    let data = tempfile::tempdir().unwrap();
    let go_on = Arc::new(Notify::new());
    let port = server(go_on.clone()).await;
    let mut house = house(data.path(), port);
    let slow = ask(&format!("http://127.0.0.1:{port}/slow"));
    let slow = tokio::spawn(house.will_hear(&slow));
    let quick = [step("timers.set", &[("duration", SlotValue::Duration(60))])];
    assert_eq!(house.hears(&quick).await, "1 minute, starting now.");
    assert!(!slow.is_finished());
    go_on.notify_one();
    assert_eq!(slow.await.unwrap().unwrap().reply, "200: sunny at /slow");
}

#[tokio::test]
async fn what_a_skill_tells_everybody_is_told_once_it_has_committed() {
    let data = tempfile::tempdir().unwrap();
    let mut house = house(data.path(), 1);
    let done = house.will_hear(&[step("weather.tell", &[])]).await.unwrap();
    assert_eq!(
        done.effects,
        [EffectKind::Notify, EffectKind::Speak, EffectKind::Publish]
    );
    let told = done.told.iter().map(|event| match event {
        Event::SkillNotice { text, aloud, .. } => format!("{text} {aloud}"),
        Event::SkillPublished { topic, payload, .. } => format!("{topic} {payload}"),
        Event::VisualCardUpdate(card) => format!("card: {}", card.lines[0].text),
        other => format!("{other:?}"),
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            "card: It will rain.",
            "It will rain. false",
            "card: Take an umbrella.",
            "Take an umbrella. true",
            r#"rain {"mm":4}"#
        ]
    );
}

#[tokio::test]
async fn what_is_published_is_what_the_manifest_declares() {
    let data = tempfile::tempdir().unwrap();
    let mut house = house(data.path(), 1);
    let long = format!(r#"rain {{"mm":{}}}"#, " ".repeat(8000));
    for (said, fits) in [
        (r#"rain {"mm":4,"where":"here"}"#, true),
        (r#"rain {"mm":"a lot"}"#, false),
        ("rain {}", false),
        (r#"rain {"mm":4"#, false),
        (r#"snow {"mm":4}"#, false),
        (&long, false),
    ] {
        let said = SlotValue::Item(said.into());
        let saying = [step("weather.say", &[("url", said.clone())])];
        assert_eq!(house.hears(&saying).await == "Told.", fits, "{said:?}");
    }
}

#[tokio::test]
async fn a_plan_says_what_takes_it_back_and_how_long_it_holds() {
    let data = tempfile::tempdir().unwrap();
    let port = server(Arc::default()).await;
    let mut house = house(data.path(), port);
    let back = SlotValue::Item(format!("http://127.0.0.1:{port}/undone").into());
    let doing = [step("weather.undoable", &[("url", back)])];
    time::pause();
    let late = house.will_hear(&doing);
    time::advance(Duration::from_millis(101)).await;
    assert_eq!(late.await, Err(HostError::Stale));
    assert_eq!(house.hears(&doing).await, "Told.");
    time::resume();
    let undo = house.will_hear(&[step("loqa.undo", &[])]);
    let said = undo.await.unwrap().reply;
    assert!(said.ends_with("200: sunny at /undone"), "{said}");
}
