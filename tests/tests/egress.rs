//! What leaves the house: nothing, unless somebody has it; and once it is sealed, nothing at all. A
//! house is run whose only way out is watched.
#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use loqa_engine::config::DEMO_HOME;
use loqa_protocol::{ClientFrame, ServerFrame, wire::Wire};
use loqa_tests::{
    api::Program,
    conversation::Conversation,
    program::{Ended, Home, Hub},
    street::{STREET, Street, Within},
};
use std::{process::Stdio, time::Duration};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::{
    self, Message, WebSocket,
    client::{IntoClientRequest, client},
};

/// What has not happened by then does not happen.
const CEILING: Duration = Duration::from_secs(100);

/// A person's day, each with something that Loqa says.
const DAY: [(&str, &str); 9] = [
    ("turn off the kitchen lights", "kitchen lights"),
    ("undo that", ""),
    ("set a timer for ten minutes", "10 minutes"),
    ("what time is it", ""),
    ("what is fifteen percent of eighty", "12"),
    ("add milk to the shopping list", "milk"),
    ("unlock the front door", "?"),
    ("no", ""),
    ("what is the capital of France", ""),
];

fn run(street: &Street, home: &Home, args: &[&str]) -> Result<Ended> {
    let mut command = street.command(home, args);
    Ok(command.stdin(Stdio::null()).output()?.into())
}

/// The dashboard in a browser that is open in the house, as far as the hub can tell.
fn open_dashboard(street: &Street, program: &Program) -> Result<WebSocket<Within>> {
    let port = program
        .host
        .rsplit(':')
        .next()
        .context("no port")?
        .parse()?;
    let mut request = format!("ws://{}/api/v1/events", program.host).into_client_request()?;
    let token = format!("Bearer {}", program.token).parse()?;
    request.headers_mut().insert("Authorization", token);
    let (mut socket, _) = client(request, street.reach(port)?).map_err(|error| match error {
        tungstenite::HandshakeError::Failure(error) => anyhow::anyhow!(error),
        tungstenite::HandshakeError::Interrupted(_) => anyhow::anyhow!("it is silent"),
    })?;
    for frame in [
        ClientFrame::Watch { id: 1 },
        ClientFrame::Doctor { id: 2 },
        ClientFrame::Privacy { id: 3, on: true },
    ] {
        socket.send(Message::binary(frame.to_bytes()))?;
    }
    // Until each has been answered.
    let mut waiting = vec![1, 2, 3];
    while !waiting.is_empty() {
        if let Message::Binary(bytes) = socket.read()? {
            let id = ServerFrame::from_bytes(&bytes)?.id();
            waiting.retain(|it| *it != id);
        }
    }
    Ok(socket)
}

async fn live_a_day(home: &Home) -> Result<()> {
    let mut talk = Conversation::open(&home.path("data")).await?;
    for (said, reply) in DAY {
        let answer = talk.ask(said).await?;
        let told = answer.summary.reply;
        ensure!(told.contains(reply), "{said}: {told}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_house_that_asks_for_nothing_sends_nothing_to_anybody() -> Result<()> {
    let home = Home::new()?;
    let Some(street) = Street::build(&home)? else {
        return Ok(());
    };
    let before = street.left()?;
    let hub = Hub::start(street.command(&home, ["hub"]))?;
    let program = Program::of(&home)?;
    let dashboard = open_dashboard(&street, &program)?;
    live_a_day(&home).await?;
    let said = run(
        &street,
        &home,
        &["say", "turn on the radio", "--out", "said.wav"],
    )?;
    if said.code == Some(0) {
        let heard = run(&street, &home, &["ask", "--fast", "--wav", "said.wav"])?;
        ensure!(heard.out.contains("radio"), "{heard:#?}");
    } else {
        eprintln!("skipped: nothing was spoken: {}", said.err);
    }
    for args in [
        &["doctor"][..],
        &["model", "list"],
        &["skill", "list"],
        &["privacy"],
        &["timer", "list"],
    ] {
        let ended = run(&street, &home, args)?;
        ensure!(!ended.out.is_empty(), "{args:?}: {ended:#?}");
    }
    drop(dashboard);
    hub.interrupt()?;
    // And without a hub.
    let alone = run(&street, &home, &["ask", "turn off the kitchen lights"])?;
    ensure!(alone.code == Some(0), "{alone:#?}");
    assert_eq!(street.left()? - before, 0, "packets have left the house");

    street.talk()?;
    ensure!(street.left()? > before, "whoever talks is counted");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_house_sends_nothing_whatever_its_settings_permit() -> Result<()> {
    let home = Home::new()?.deaf()?;
    let Some(street) = Street::build(&home)? else {
        return Ok(());
    };
    let (there, models) = (STREET[0], "192.0.2.80");
    let neighbour = format!("http://{there}:8123");
    home.write(
        "config/loqa/loqa.toml",
        format!("[home_assistant]\nurl = \"{neighbour}\"\n[models]\nfrom = \"http://{models}\"\n[hub]\nskills = [\"skills\"]\n"),
    )?;
    home.write(
        "config/loqa/skills/rain/skill.yaml",
        "name: rain\nhosts: [rain.example]\nintents:\n  rain:\n    sentences: [\"does it rain\"]\n    reply: Who knows.\n",
    )?;
    // Where there is Home Assistant, nobody needs a demonstration.
    home.write("config/loqa/home.toml", DEMO_HOME)?;
    home.write(
        "data/home-assistant.token",
        format!("{neighbour}\nsecret\n"),
    )?;

    // Open, it goes where the settings say, and tells so.
    let before = street.left()?;
    let hub = Hub::start(street.command(&home, ["hub"]))?;
    let tried = async {
        loop {
            let told = home.run(["privacy", "egress", "--json"])?.out;
            if told.contains("\"outcome\":\"failed\"") {
                return Ok::<_, anyhow::Error>(told);
            }
            sleep(Duration::from_millis(100)).await;
        }
    };
    let told = timeout(CEILING, tried).await.context("nobody is tried")??;
    ensure!(
        told.contains(&format!("\"host\":\"{there}:8123\"")) && told.contains("home_assistant.url"),
        "{told}"
    );
    ensure!(street.left()? > before, "it has tried");
    let told = home.run(["privacy"])?.out;
    for sentence in [
        "The house is open",
        "Home Assistant at 10.77.0.1:8123",
        "The skill rain may ask rain.example:443: its skill.yaml asks for it.",
        "Models come from 192.0.2.80:80",
    ] {
        ensure!(told.contains(sentence), "{told}");
    }

    // Sealed while it runs, and from its next start on.
    let sealed = home.run(["privacy", "seal"])?;
    ensure!(sealed.code == Some(0), "{sealed:#?}");
    let settings = std::fs::read_to_string(home.path("config/loqa/loqa.toml"))?;
    ensure!(
        settings.contains("[privacy]\nsealed = true\n"),
        "{settings}"
    );
    let doctor = home.run(["doctor"])?.out;
    ensure!(
        doctor.contains("the house is sealed: nothing goes out")
            && doctor.contains("to Home Assistant either"),
        "{doctor}"
    );
    hub.interrupt()?;
    let before = street.left()?;
    let hub = Hub::start(street.command(&home, ["hub"]))?;
    let program = Program::of(&home)?;
    let dashboard = open_dashboard(&street, &program)?;
    live_a_day(&home).await?;
    let pulled = run(&street, &home, &["model", "pull", "okay-nabu"])?;
    ensure!(pulled.err.contains("the house is sealed"), "{pulled:#?}");
    let status = run(&street, &home, &["home-assistant", "status"])?;
    ensure!(status.err.contains("the house is sealed"), "{status:#?}");
    // The hub has not even tried; what these commands tried, they have told it.
    let refused = home.run(["privacy", "egress", "--json"])?.json()?;
    let refused = refused.iter().map(|row| {
        let part = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        format!("{} {}", part("purpose"), part("outcome"))
    });
    assert_eq!(
        refused.collect::<Vec<_>>(),
        ["model sealed", "home_assistant sealed"]
    );
    drop(dashboard);
    hub.interrupt()?;
    let alone = run(&street, &home, &["ask", "turn off the kitchen lights"])?;
    ensure!(alone.code == Some(0), "{alone:#?}");
    assert_eq!(street.left()? - before, 0, "packets have left the house");

    // Opened again, without a hub.
    let opened = home.run(["privacy", "unseal"])?;
    ensure!(opened.code == Some(0), "{opened:#?}");
    let pulled = run(&street, &home, &["model", "pull", "okay-nabu"])?;
    ensure!(!pulled.err.contains("sealed"), "{pulled:#?}");
    ensure!(street.left()? > before, "it has tried again");
    Ok(())
}
