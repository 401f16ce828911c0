//! `/api/v1` of a real hub, as a program uses it.

use anyhow::{Context, Result, bail, ensure};
use futures::{StreamExt, stream::BoxStream};
use loqa_core::seams::{AudioFrame, FRAME_SAMPLES, Microphone, MicrophoneEvent};
use loqa_engine::{
    config::Flags,
    hub::{Hub, HubOptions, Listening},
};
use loqa_protocol::{ClientFrame, Event, ServerFrame, ViewPart, wire::Wire};
use loqa_tests::{
    api::Program,
    nodes,
    program::{self, Home},
};
use serde_json::{Value, json};
use std::{net::SocketAddr, process::Stdio, sync::Arc, time::Duration};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    client_async,
    tungstenite::{Message, client::IntoClientRequest},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_sentence_is_done_once_and_seen_by_who_watches() -> Result<()> {
    let home = Home::new()?.deaf()?;
    let _hub = home.hub()?;
    let program = Program::of(&home)?;
    let address = format!("ws://{}/api/v1/events", program.host);
    let mut request = address.into_client_request()?;
    let shown = format!("Bearer {}", program.token).parse()?;
    request.headers_mut().insert("Authorization", shown);
    let stream = TcpStream::connect(&program.host).await?;
    let (mut socket, _) = client_async(request, stream).await?;
    let watch = ClientFrame::Watch { id: 1 }.to_bytes();
    futures::SinkExt::send(&mut socket, Message::Binary(watch.into())).await?;

    let answer = program.post("ask", &json!({ "text": "set a timer for ten minutes" }))?;
    ensure!(
        answer["turn"]["steps"][0]["intent"] == "timers.set",
        "{answer}"
    );
    loop {
        let message = socket.next().await.context("hung up on")??;
        if let ServerFrame::View { view, .. } = ServerFrame::from_bytes(&message.into_data())?
            && let ViewPart::Event(envelope) = view.part
            && let Event::TurnSummary(turn) = envelope.event
        {
            ensure!(turn.reply == answer["turn"]["reply"], "{turn:?}");
            break;
        }
    }
    let now = program.get("now")?;
    ensure!(now["timers"].as_array().map(Vec::len) == Some(1), "{now}");
    let turns = program.get("turns")?;
    ensure!(turns.as_array().map(Vec::len) == Some(1), "{turns}");

    let tried = program.post("intent", &json!({ "text": "turn on the kitchen lights" }))?;
    ensure!(
        tried["steps"][0]["slots"]["device"] == "kitchen_lights",
        "{tried}"
    );
    let home = program.get("home")?;
    let devices = home["devices"].as_array().context("no devices")?;
    let lights = devices
        .iter()
        .find(|device| device["id"] == "kitchen_lights");
    ensure!(
        lights.context("no lights")?["state"]["power"] != true,
        "{home}"
    );
    Ok(())
}

#[test]
fn a_door_opens_after_a_yes_in_the_same_conversation() -> Result<()> {
    let home = Home::new()?.deaf()?;
    let hub = home.hub()?;
    let program = Program::of(&home)?;
    let locked = || -> Result<serde_json::Value> {
        let home = program.get("home")?;
        let devices = home["devices"].as_array().context("no devices")?;
        let door = devices.iter().find(|device| device["id"] == "front_door");
        Ok(door.context("no door")?["state"]["locked"].clone())
    };
    let asked = program.post("ask", &json!({ "text": "unlock the front door" }))?;
    ensure!(asked["asks"] == true && locked()? == true, "{asked}");
    let elsewhere = program.post("ask", &json!({ "text": "yes" }))?;
    ensure!(locked()? == true, "{elsewhere}");
    let yes = json!({ "text": "yes", "conversation": asked["conversation"] });
    let answer = program.post("ask", &yes)?;
    ensure!(locked()? == false, "{answer}");
    ensure!(
        hub.interrupt()? == Some(0),
        "conversations that wait hold nobody up"
    );
    Ok(())
}

#[test]
fn of_two_programs_that_edit_a_device_the_second_is_told_and_overwrites_nothing() -> Result<()> {
    let home = Home::new()?.deaf()?;
    let _hub = home.hub()?;
    let program = Program::of(&home)?;
    let seen = program.get("home")?;
    let device = |revision: &Value, name: &str| json!({ "revision": revision, "name": name, "kind": "light", "area": "kitchen" });
    let place = "home/devices/kitchen_lights";
    let first = program.send("PUT", place, &device(&seen["revision"], "work lights"))?;
    ensure!(first["revision"] != seen["revision"], "{first}");
    let second = device(&seen["revision"], "big lights");
    let (status, told) = program.request("PUT", place, &second)?;
    ensure!(status == 409 && told["code"] == "home_changed", "{told}");
    ensure!(
        told["home"] == first && program.get("home")? == first,
        "{told}"
    );

    let understood = |text: &str| -> Result<Value> {
        Ok(
            program.post("intent", &json!({ "text": text }))?["steps"][0]["slots"]["device"]
                .clone(),
        )
    };
    ensure!(understood("turn on the work lights")? == "kitchen_lights");
    ensure!(understood("turn on the big lights")?.is_null());
    let ways = program.get(&format!("{place}/sentences"))?;
    ensure!(ways.to_string().contains("work lights"), "{ways}");

    let same = device(&first["revision"], "Work lights");
    let (status, told) = program.request("POST", "home/devices", &same)?;
    ensure!(status == 422 && told["field"] == "name", "{told}");
    let added = program.post("home/devices", &device(&first["revision"], "moon lamp"))?;
    ensure!(understood("turn on the moon lamp")? == "moon_lamp");
    let gone = |id: &str| {
        let revision = added["revision"].as_str().unwrap_or_default();
        let name = format!("home/devices/{id}?revision={revision}");
        program.request("DELETE", &name, &Value::Null)
    };
    ensure!(gone("sun_lamp")?.0 == 404);
    let (status, left) = gone("moon_lamp")?;
    ensure!(
        status == 200 && left["devices"] == first["devices"],
        "{left}"
    );
    ensure!(gone("moon_lamp")?.0 == 409);
    Ok(())
}

#[test]
fn a_program_pairs_a_machine_sets_it_and_removes_it() -> Result<()> {
    let home = Home::new()?.deaf()?;
    let _hub = home.hub()?;
    let program = Program::of(&home)?;
    let none = json!({});
    let opened = program.post("nodes/pairing", &none)?;
    let (code, address) = (opened["code"].as_str(), opened["addresses"][0].as_str());
    let address: SocketAddr = address.context("nowhere")?.parse()?;
    let hub = format!("127.0.0.1:{}", address.port());
    let code = code.context("no code")?;
    home.write("kitchen.toml", "name = \"kitchen\"\nroles = [\"puck\"]\n")?;
    let mut pairing = nodes::node(&home, "kitchen", &["pair", code, "--hub", &hub]);
    let mut pairing = pairing.stdout(Stdio::piped()).spawn()?;
    let waiting = loop {
        let seen = program.get("nodes")?["pairing"].clone();
        match seen["state"].as_str() {
            Some("compare") => break seen,
            Some("open") if pairing.try_wait()?.is_none() => {
                std::thread::sleep(Duration::from_millis(20));
            }
            _ => bail!("{seen}"),
        }
    };
    let id = waiting["node"]["id"].as_str().context("no id")?;
    let other = "0".repeat(id.len());
    let (status, told) = program.request("POST", &format!("nodes/{other}/accept"), &none)?;
    ensure!(status == 409 && told["code"] == "no_node_waits", "{told}");
    let accepted = program.post(&format!("nodes/{id}/accept"), &none)?;
    let ended = pairing.wait_with_output()?;
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    for word in waiting["words"].as_array().context("no words")? {
        ensure!(said.contains(word.as_str().unwrap_or("?")), "{said}");
    }
    ensure!(ended.status.success() && accepted["nodes"][0]["id"] == id);

    let place = format!("nodes/{id}");
    let to = json!({ "room": "kitchen", "volume": 40, "muted": true });
    let set = program.send("PATCH", &place, &to)?;
    let node = &set["nodes"][0];
    ensure!(node["room"] == "kitchen" && node["volume"] == 40 && node["muted"] == true);
    ensure!(node["linked"] == false, "{node}");
    let (status, told) = program.request("PATCH", &place, &json!({ "room": "attic" }))?;
    ensure!(status == 422 && told["field"] == "room", "{told}");
    let (status, told) = program.request("PATCH", &place, &json!({ "hears": "nothing" }))?;
    ensure!(status == 409 && told["code"] == "node_no_inference");
    let left = program.send("DELETE", &place, &Value::Null)?;
    ensure!(left["nodes"] == json!([]), "{left}");
    let (status, _) = program.request("DELETE", &place, &Value::Null)?;
    ensure!(status == 404);
    Ok(())
}

#[test]
fn settings_are_changed_and_a_pin_is_never_told() -> Result<()> {
    let home = Home::new()?.deaf()?;
    let mut hub = home.command(["hub"]);
    hub.env("LOQA_LOG", "info");
    let _hub = program::Hub::start(hub)?;
    let program = Program::of(&home)?;
    let set = json!({ "household_name": "The Lodge", "kiosk_pin": "181518" });
    let set = program.send("PATCH", "settings", &set)?;
    ensure!(set["kiosk_pin_set"] == true, "{set}");
    ensure!(set["household_name"] == "The Lodge" && set == program.get("settings")?);
    ensure!(!set.to_string().contains("181518"), "{set}");
    let none = json!({ "microphone": "tin can" });
    let (status, told) = program.request("PATCH", "settings", &none)?;
    ensure!(status == 409 && told["field"] == "microphone", "{told}");
    let sounds = program.get("sounds")?;
    ensure!(sounds["microphones"]["used"] == "none", "{sounds}");
    program.post("ask", &json!({ "text": "what time is it" }))?;
    // The end of a turn is logged once it has been answered.
    let logged = |_| {
        program
            .get("logs")
            .map(|lines| lines.as_array().and_then(|lines| lines.last().cloned()))
    };
    let last = (0..1000).map(logged).find_map(Result::transpose);
    let last = last.context("nothing logged")??;
    let after = program.get(&format!("logs?after={}", last["seq"]))?;
    ensure!(after == json!([]), "{after}");
    Ok(())
}

#[test]
fn the_examples_of_the_manual_are_answered() -> Result<()> {
    let home = Home::new()?.deaf()?;
    let _hub = home.hub()?;
    let program = Program::of(&home)?;
    let manual = include_str!("../../docs/api.md").replace("\\\n", "");
    let examples = manual.lines().filter(|line| line.starts_with("curl"));
    let mut tried = 0;
    // The others go on with a conversation, a file or a skill of the reader's own.
    let own = |line: &str| ["…", " -X ", "@"].iter().any(|part| line.contains(part));
    for example in examples.filter(|line| !own(line)) {
        let name = example.rsplit('/').next().context("no address")?;
        match example.split('\'').find(|part| part.starts_with('{')) {
            Some(body) => program.post(name, &serde_json::from_str(body)?)?,
            None => program.get(name)?,
        };
        tried += 1;
    }
    ensure!(tried == 4, "{tried} examples");
    Ok(())
}

/// A microphone that hears nothing.
struct Quiet;

impl Microphone for Quiet {
    fn listen(&self) -> BoxStream<'static, MicrophoneEvent> {
        let silence = futures::stream::iter(0..).map(|number: u64| {
            // The microphone's own thread waits for each, as for a device.
            std::thread::sleep(Duration::from_millis(20));
            MicrophoneEvent::Frame(AudioFrame {
                offset: number * FRAME_SAMPLES as u64,
                samples: [0.0; FRAME_SAMPLES].into(),
            })
        });
        let found = MicrophoneEvent::Found("quiet".into());
        futures::stream::iter([found]).chain(silence).boxed()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_microphone_is_muted_and_heard_again() -> Result<()> {
    let home = Home::new()?;
    let settings =
        "[voice]\noutput = \"none\"\n[listen]\nmicrophone = \"none\"\n[dashboard]\nport = 0\n";
    let flags = Flags {
        config: Some(home.write("loqa.toml", settings)?),
        data: Some(home.path("data")),
        ..Flags::default()
    };
    let mut hub = Hub::start(HubOptions::new(flags).serving()).await?;
    let program = Program::of(&home)?;
    hub.listen(Arc::new(Quiet), Vec::new());
    let mut listening = hub.listening();
    for muted in [true, false] {
        program.post("mute", &json!({ "muted": muted }))?;
        let is = |now: &Listening| match now {
            Listening::Muted(_) => muted,
            Listening::Asleep(_) | Listening::Awake(_) => !muted,
            _ => false,
        };
        listening.wait_for(is).await?;
        let now = program.get("now")?;
        ensure!(now["listening"]["muted"] == muted, "{now}");
        ensure!(now["listening"]["microphone"] == "quiet", "{now}");
    }
    hub.shutdown().await;
    Ok(())
}
