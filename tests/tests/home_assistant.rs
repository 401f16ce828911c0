//! The bridge to Home Assistant, against what a real one has said and, with
//! `cargo xtask test --ha`, against a real one.
#![cfg(target_os = "linux")]

use anyhow::{Context, Result, bail, ensure};
use loqa_tests::{
    home_assistant::House,
    program::{Ended, Home, Hub},
};
use std::{
    ffi::OsStr,
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
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
        Some(wrong) => Err(spoken
            .err()
            .unwrap_or_else(|| anyhow::anyhow!(""))
            .context(wrong)),
        None => spoken,
    }
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

    // What happens there is known here.
    house.order("set light.kitchen_light off")?;
    loqa.comes_to("is the kitchen light on", "No, the Kitchen Light is off.")?;
    house.order("alias light.kitchen_light big lamp")?;
    loqa.comes_to("is the big lamp on", "No, the Kitchen Light is off.")?;
    loqa.hears(
        "turn on the lights in the galley",
        "The Kitchen Light is on.",
    )?;

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
    let away = "I can't reach Home Assistant, so I can't change the Hall Light.";
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
    house.order("back")?;
    loqa.comes_to("is the hall light on", "No, the Hall Light is off.")?;
    loqa.hears("turn on the hall light", "The Hall Light is on.")?;
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
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}
