//! The bridge to Home Assistant, against what a real one has said and, with
//! `cargo xtask test --ha`, against a real one.
#![cfg(target_os = "linux")]

use anyhow::{Context, Result, anyhow, bail, ensure};
use loqa_engine::gateway::Client;
use loqa_protocol::{ClientFrame, ServerFrame, ViewPart};
use loqa_tests::{
    api::Program,
    home_assistant::House,
    program::{Ended, Home, Hub},
};
use serde_json::json;
use std::{
    ffi::OsStr,
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
    sync::mpsc::sync_channel,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// Longer than a Home Assistant takes to come back.
const CEILING: Duration = Duration::from_secs(200);

#[test]
fn a_recorded_house_is_spoken_for() -> Result<()> {
    let recording = Path::new(env!("CARGO_MANIFEST_DIR")).join("home_assistant/recorded.txt");
    let mut house = House::recorded(&fs::read_to_string(recording)?)?;
    let spoken = speak_for(&mut house);
    match house.wrong() {
        Some(wrong) => Err(spoken.err().unwrap_or_else(|| anyhow!("")).context(wrong)),
        None => spoken,
    }
}

/// Whatever answers at an address, nothing is kept before it has shown what it is.
#[test]
fn what_is_no_home_assistant_is_told_and_not_kept() -> Result<()> {
    let loqa = Loqa(Home::new()?);
    let old = r#"{"version":"2022.12.1","unit_system":{}}"#;
    for (status, body, told) in [
        (
            "200 OK",
            "<html>",
            "is not Home Assistant: it tells no version",
        ),
        (
            "404 Not Found",
            "",
            "is not Home Assistant: it answers with HTTP 404",
        ),
        (
            "307 Go on",
            "",
            "is not Home Assistant: it answers with HTTP 307",
        ),
        ("403 Forbidden", "", "has banned this machine"),
        (
            "200 OK",
            old,
            "this is Home Assistant 2022.12.1, which is too old",
        ),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let server = thread::spawn(move || -> Result<()> {
            let (mut stream, _) = listener.accept()?;
            // One question, which is short.
            ensure!(stream.read(&mut [0; 4096])? > 0);
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}"
            )?;
            Ok(())
        });
        let ended = loqa.connect(&url, "token")?;
        server.join().map_err(|_| anyhow!("{status}"))??;
        ensure!(
            ended.code == Some(1) && ended.err.contains(told) && ended.err.contains("help: "),
            "{ended:?}"
        );
    }
    for (url, told) in [
        ("ftp://house", "`ftp://house` is no address"),
        ("http://me:secret@house", "is no address"),
    ] {
        let ended = loqa.connect(url, "token")?;
        ensure!(ended.err.contains(told), "{ended:?}");
    }
    let empty = loqa.connect("house", "")?;
    ensure!(empty.err.contains("there is no token"), "{empty:?}");
    ensure!(!loqa.0.path("data").exists() && !loqa.0.path("config").exists());
    Ok(())
}

/// With `UPDATE_EXPECT=1` what is said becomes the recording.
#[test]
fn a_real_house_is_spoken_for() -> Result<()> {
    let Some(hass) = std::env::var_os("LOQA_HOME_ASSISTANT") else {
        eprintln!("skipped: `cargo xtask test --ha` sets up a Home Assistant");
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let recording = folder.path().join("recorded.txt");
    let mut house = House::real(hass.as_ref(), folder.path(), &recording)?;
    speak_for(&mut house)?;
    drop(house);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("home_assistant/recorded.txt");
        fs::copy(recording, kept)?;
    }
    Ok(())
}

fn speak_for(house: &mut House) -> Result<()> {
    let loqa = Loqa(Home::new()?.deaf()?.mute()?);
    let refused = loqa.connect(&house.url, "wrong")?;
    ensure!(
        refused.err.contains("does not accept the token"),
        "{refused:?}"
    );
    let nobody = loqa.connect("127.0.0.1:9", &house.token)?;
    ensure!(nobody.err.contains("cannot be reached"), "{nobody:?}");
    let connected = loqa.connect(&house.url, &house.token)?;
    ensure!(
        connected.out.contains("exposes 12 entities"),
        "{connected:?}"
    );
    ensure!(loqa.0.path("data/home-assistant.token").exists());
    let settings = fs::read_to_string(loqa.0.path("config/loqa/loqa.toml"))?;
    ensure!(settings.contains(&house.url) && !settings.contains(&house.token));

    // Without a hub.
    loqa.hears("is the kitchen light on", "No, the Kitchen Light is off.")?;

    let hub = Hub::start(loqa.command(["hub"]))?;
    loqa.comes_to("is the kitchen light on", "No, the Kitchen Light is off.")?;
    loqa.hears("turn on the kitchen light", "The Kitchen Light is on.")?;
    loqa.hears(
        "dim the kitchen light to 30 percent",
        "The Kitchen Light is at 30 percent.",
    )?;
    loqa.hears(
        "undo that",
        "OK, the Kitchen Light is on at 50 percent again.",
    )?;
    loqa.hears("open the bedroom blind", "The Bedroom Blind is open.")?;
    loqa.hears(
        "what's the temperature outside",
        "It's 7.5 degrees outside.",
    )?;
    loqa.hears(
        "set the thermostat to 21 degrees",
        "The Thermostat is set to 21 degrees.",
    )?;
    loqa.hears("water the plants", "Started: Water The Plants.")?;
    let asked = loqa.say(&["unlock the front door", "yes"])?;
    ensure!(
        asked
            == [
                "Shall I unlock the Front Door?",
                "The Front Door is unlocked."
            ],
        "{asked:?}"
    );

    // What happens there is known here, and shown.
    let shown = loqa.shows_off("light.kitchen_light");
    house.order("set light.kitchen_light off")?;
    shown.join().map_err(|_| anyhow!("nothing is shown"))??;
    loqa.comes_to("is the kitchen light on", "No, the Kitchen Light is off.")?;
    house.order("alias light.kitchen_light big lamp")?;
    loqa.comes_to("is the big lamp on", "No, the Kitchen Light is off.")?;
    loqa.hears(
        "turn on the lights in the galley",
        "The Kitchen Light is on.",
    )?;

    // What is theirs is changed there, and what is ours here.
    let program = Program::of(&loqa.0)?;
    let revision = program.get("home")?["revision"].clone();
    let lamp = json!({ "revision": revision, "name": "moon", "kind": "light" });
    let (status, told) = program.request("PUT", "home/devices/light.kitchen_light", &lamp)?;
    let message = told["message"].as_str().unwrap_or_default();
    ensure!(
        status >= 400 && message == "Kitchen Light comes from Home Assistant",
        "{status} {told}"
    );
    program.post("home/devices", &lamp)?;
    loqa.hears("turn on the moon", "The moon is on.")?;
    let described = fs::read_to_string(loqa.0.path("config/loqa/home.toml"))?;
    ensure!(!described.to_lowercase().contains("kitchen"), "{described}");

    // Nothing is claimed.
    loqa.hears(
        "turn on the porch light",
        "Home Assistant refused to change the Porch Light.",
    )?;
    loqa.hears(
        "turn on the cellar light",
        "The Cellar Light did not answer.",
    )?;
    loqa.hears("turn on the attic light", "The Attic Light did not answer.")?;
    loqa.hears(
        "turn on the kitchen light and turn on the attic light",
        "The Kitchen Light is on. The Attic Light did not answer.",
    )?;

    house.order("away")?;
    let away = "I can't reach Home Assistant.";
    loqa.comes_to("turn on the hall light", away)?;
    loqa.hears(
        "is the hall light on",
        "I don't know whether the Hall Light is on.",
    )?;
    let doctor = loqa.run(["doctor"])?.out;
    ensure!(
        doctor.contains("its devices are known and not reached"),
        "{doctor}"
    );
    // Its names are known to a hub that has never met it.
    drop(hub);
    let hub = Hub::start(loqa.command(["hub"]))?;
    loqa.hears("turn on the hall light", away)?;
    house.order("back")?;
    loqa.comes_to("is the hall light on", "No, the Hall Light is off.")?;
    loqa.hears("turn on the hall light", "The Hall Light is on.")?;

    // Sealed, what is open ends, and whoever wants something is told why it is not done.
    let sealed = loqa.run(["privacy", "seal"])?;
    ensure!(sealed.code == Some(0), "{sealed:?}");
    let why = "The house is sealed, so I don't reach Home Assistant.";
    loqa.comes_to("turn off the hall light", why)?;
    let doctor = loqa.run(["doctor"])?.out;
    ensure!(
        doctor.contains("the house is sealed: nothing goes out, to Home Assistant either"),
        "{doctor}"
    );
    let told = loqa.run(["privacy", "egress"])?.out;
    ensure!(
        told.contains("sealed   `home_assistant.url` in the settings names it"),
        "{told}"
    );
    drop(hub);

    loqa.run(["home-assistant", "disconnect"])?;
    ensure!(!loqa.0.path("data/home-assistant.token").exists());
    ensure!(!loqa.0.path("data/home-assistant.json").exists());
    Ok(())
}

struct Loqa(Home);

impl Loqa {
    fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = self.0.command(args);
        // Nobody's keyring is written to.
        command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere");
        command
    }

    fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Result<Ended> {
        Ok(self.command(args).stdin(Stdio::null()).output()?.into())
    }

    fn connect(&self, url: &str, token: &str) -> Result<Ended> {
        let mut command = self.command(["home-assistant", "connect", url]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn()?;
        writeln!(child.stdin.take().context("no input")?, "{token}")?;
        Ok(child.wait_with_output()?.into())
    }

    /// Waits, on a thread of its own, until a dashboard is shown that a device is no longer on.
    fn shows_off(&self, device: &'static str) -> JoinHandle<Result<()>> {
        let data = self.0.path("data");
        let (looking, looks) = sync_channel(1);
        let watch = async move {
            let client = Client::connect(&data).await;
            let (mut sender, mut receiver) = client.context("no hub")?.split();
            sender.send(ClientFrame::Watch { id: 1 }).await?;
            let mut was_on = false;
            loop {
                let ServerFrame::View { view, .. } = receiver.recv().await? else {
                    continue;
                };
                let ViewPart::State(state) = view.part else {
                    continue;
                };
                let tile = state.devices.iter().find(|tile| tile.id == device);
                match tile.and_then(|tile| tile.power) {
                    Some(true) => {
                        was_on = true;
                        let _ = looking.try_send(());
                    }
                    Some(false) if was_on => return Ok(()),
                    _ => {}
                }
            }
        };
        let watching = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async { tokio::time::timeout(CEILING, watch).await? })
        });
        // Or nobody ever does, and the thread says why.
        let _ = looks.recv();
        watching
    }

    fn say(&self, texts: &[&str]) -> Result<Vec<String>> {
        let ended = self.run(["ask", "--json"].iter().chain(texts))?;
        let turns = ended.turns().with_context(|| format!("{ended:?}"))?;
        let reply = |turn: &serde_json::Value| turn["reply"].as_str().map(str::to_owned);
        Ok(turns.iter().filter_map(reply).collect())
    }

    #[track_caller]
    fn hears(&self, text: &str, reply: &str) -> Result<()> {
        let heard = self.say(&[text])?;
        ensure!(heard == [reply], "{text}: {heard:?}, not {reply}");
        Ok(())
    }

    fn comes_to(&self, text: &str, reply: &str) -> Result<()> {
        let began = Instant::now();
        loop {
            let heard = self.say(&[text])?;
            if heard == [reply] {
                return Ok(());
            }
            if began.elapsed() > CEILING {
                bail!("{text}: {heard:?}, never {reply}");
            }
            thread::sleep(Duration::from_millis(200));
        }
    }
}
