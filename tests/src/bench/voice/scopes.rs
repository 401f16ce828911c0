//! What keeping words costs a command: the same ones, spoken to households that keep nothing, keep for a while, and keep
//! for good, one after the other in turns.

use super::{
    Answered, Corpus, first_audio,
    turns::{Pace, speak},
};
use crate::figure::{Goal, Report, quantile};
use anyhow::{Result, anyhow, ensure};
use loqa_engine::{
    gateway::{Client, MACHINE},
    hub::{Hub, HubOptions},
};
use loqa_protocol::{
    ClientFrame, Keep, KeepOf, KeptLook, LatencyClass, PeopleEdit, PrivacyScope, ServerFrame,
};
use tempfile::TempDir;

/// A household, and how long it keeps what is said.
struct House {
    scope: PrivacyScope,
    hub: Hub,
    answered: Vec<Answered>,
    _data: TempDir,
}

/// Measures, with so many commands to each.
pub async fn run(corpus: &Corpus, count: usize, report: &mut Report) -> Result<()> {
    eprintln!(
        "{count} commands of class A to households that keep nothing, for a while, and for good …"
    );
    let commands = corpus.of_class(LatencyClass::A, count)?;
    let mut houses = Vec::new();
    for scope in [
        PrivacyScope::Ephemeral,
        PrivacyScope::Session,
        PrivacyScope::Persistent,
    ] {
        houses.push(open(scope).await?);
    }
    for (number, command) in commands.iter().enumerate() {
        for offset in 0..houses.len() {
            // Whoever is first has the caches cold: each is, in its turn.
            let house = &mut houses[(number + offset) % 3];
            // A conversation of its own, and so a key of its own, each time: more than a family would need.
            let mut client = Client::embedded(&house.hub);
            let id = number as u32 + 10;
            let answered = speak(&mut client, corpus.grammar(), id, command, Pace::RealTime);
            house.answered.push(answered.await?);
        }
    }
    let mut before = None;
    for house in houses {
        let name = |metric: &str| format!("scopes.{}.{metric}", house.scope.name());
        let quick: Vec<&Answered> = house.answered.iter().filter(|it| !it.grave).collect();
        let ttfa = first_audio(&quick);
        let [p50, p95] = [0.5, 0.95].map(|q| quantile(&ttfa, q));
        report.figure("voice", &name("ttfa_p50"), p50, "ms", Goal::None);
        report.figure("voice", &name("ttfa_p95"), p95, "ms", Goal::None);
        let kept = kept(&house.hub).await?;
        let wanted = house.scope != PrivacyScope::Ephemeral;
        ensure!((kept > 0) == wanted, "{kept} conversations are kept");
        match before {
            None => before = p50,
            Some(before) => {
                let ratio = p50.map(|p50| p50 / before);
                report.figure(
                    "voice",
                    &name("vs_ephemeral"),
                    ratio,
                    "ratio",
                    Goal::AtMost(1.05),
                );
            }
        }
        house.hub.shutdown().await;
    }
    Ok(())
}

async fn open(scope: PrivacyScope) -> Result<House> {
    let data = tempfile::tempdir()?;
    let hub = Hub::start(HubOptions::demonstration(data.path()));
    let hub = hub.await.map_err(|problem| anyhow!("{problem}"))?;
    let mut client = Client::embedded(&hub);
    let id = 1;
    match scope {
        PrivacyScope::Ephemeral => {}
        PrivacyScope::Session => {
            let (of, scope) = (KeepOf::Household, Some(scope));
            let keep = Keep::Scope { of, scope };
            ask(&mut client, ClientFrame::Keep { id, keep }).await?;
        }
        PrivacyScope::Persistent => {
            let person = PeopleEdit::Person {
                id: 0,
                name: "Ada".into(),
                role: "adult".into(),
                expires_ms: None,
            };
            let speaks = PeopleEdit::Place {
                place: MACHINE.into(),
                name: String::new(),
                speaks_for: "1".into(),
            };
            let agrees = PeopleEdit::Keeps {
                person: 1,
                scope,
                text: "Keep what I say.".into(),
            };
            for edit in [person, speaks, agrees] {
                let pin = String::new();
                ask(&mut client, ClientFrame::EditPeople { id, pin, edit }).await?;
            }
        }
    }
    Ok(House {
        scope,
        hub,
        answered: Vec::new(),
        _data: data,
    })
}

/// How many conversations can be read again.
async fn kept(hub: &Hub) -> Result<usize> {
    let look = KeptLook::List {
        before_ms: None,
        most: 500,
    };
    let frame = ClientFrame::Kept { id: 2, look };
    let json = ask(&mut Client::embedded(hub), frame).await?;
    let listed: serde_json::Value = serde_json::from_str(&json)?;
    Ok(listed.as_array().map_or(0, Vec::len))
}

/// The document that answers, if one does.
async fn ask(client: &mut Client, frame: ClientFrame) -> Result<String> {
    let failed = |problem| anyhow!("{problem}");
    client.send(frame).await.map_err(failed)?;
    let mut answer = String::new();
    loop {
        match client.recv().await.map_err(failed)? {
            ServerFrame::Json { json, .. } => answer = json,
            ServerFrame::Problem { problem, .. } => return Err(failed(problem)),
            ServerFrame::Done { .. } => return Ok(answer),
            _ => {}
        }
    }
}
