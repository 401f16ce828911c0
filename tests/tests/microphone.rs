//! A command spoken into a microphone is answered aloud, also after the microphone was gone.
#![cfg(target_os = "linux")]

use anyhow::{Context, Result};
use loqa_engine::store::Store;
use loqa_tests::{
    program::Home,
    sound_server::Room,
    voices::{Speaker, Studio, write_wav},
};
use serde_json::Value;

/// What was said into the room, as a WAV file with silence around it.
fn spoken(home: &Home, text: &str) -> Result<std::path::PathBuf> {
    let clip = Studio::in_folder(home.path("voices"))?.speak(Speaker::Flite("rms"), text)?;
    let file = home.path(&format!("{}.wav", text.replace(' ', "-")));
    write_wav(&file, &clip.framed(300, 1500).samples)?;
    Ok(file)
}

fn is_turn(line: &Value) -> bool {
    line["subject"] == "turn.summary" && line["rejected"] == false
}

fn listens(state: &'static str) -> impl Fn(&Value) -> bool {
    move |line| line["subject"] == "listening" && line["state"] == state
}

#[test]
fn a_command_spoken_into_the_room_is_answered_aloud_and_unplugging_is_survived() -> Result<()> {
    let Some(mut room) = Room::new()? else {
        eprintln!("skipped: pulseaudio is not installed");
        return Ok(());
    };
    let home = Home::new()?;
    let off = spoken(&home, "turn off the kitchen lights")?;
    let on = spoken(&home, "turn on the kitchen lights")?;
    let mut hub = room.hub(&home, "")?;
    hub.until("the microphone", listens("awake"))?;
    let recording = room.record()?;
    room.say(&off)?;
    let turn = hub.until("the answer", is_turn)?;
    assert_eq!(turn["intent"], "home.turn_off", "{turn}");
    assert_eq!(turn["slots"]["device"], "kitchen_lights", "{turn}");
    let reply = turn["reply"].as_str().context("a reply")?;
    let file = home.path("reply.wav");
    write_wav(&file, &recording.stop())?;
    let heard = home.run(["transcribe", "--open", file.to_str().context("a path")?])?;
    let words = |text: &str| -> Vec<String> {
        text.to_lowercase()
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let (said, heard) = (words(reply), words(&heard.out));
    let found = said.iter().filter(|word| heard.contains(word)).count();
    assert!(2 * found >= said.len(), "said {said:?}, heard {heard:?}");

    room.unplug()?;
    hub.until("the loss", listens("lost"))?;
    room.plug_in()?;
    hub.until("the microphone again", listens("awake"))?;
    room.say(&on)?;
    let turn = hub.until("the second answer", is_turn)?;
    assert_eq!(turn["intent"], "home.turn_on", "{turn}");
    assert_eq!(hub.interrupt()?, Some(0));
    let household = Store::open(&home.path("data"))?.snapshot();
    assert!(
        household.devices.contains_key("kitchen_lights"),
        "{household:?}"
    );
    Ok(())
}

#[test]
fn what_is_said_before_loqa_was_called_is_not_for_it() -> Result<()> {
    let Some(room) = Room::new()? else {
        eprintln!("skipped: pulseaudio is not installed");
        return Ok(());
    };
    let home = Home::new()?;
    let mut hub = room.hub(&home, "hey loqa")?;
    hub.until("the microphone", listens("asleep"))?;
    room.say(&spoken(&home, "turn off the kitchen lights")?)?;
    hub.press_enter()?;
    hub.until("the call", listens("awake"))?;
    room.say(&spoken(&home, "open the blinds")?)?;
    let [turn, _] = hub.until_each([
        ("the answer", &is_turn),
        ("that it sleeps again", &listens("asleep")),
    ])?;
    assert_eq!(turn["text"], "open the blinds", "{turn}");
    Ok(())
}

#[test]
fn somebody_can_interrupt_loqa_and_loqa_does_not_interrupt_itself() -> Result<()> {
    let Some(room) = Room::on_one_clock(true)? else {
        eprintln!("skipped: pulseaudio is not installed");
        return Ok(());
    };
    if let Err(missing) = loqa_inference::echo::available() {
        eprintln!("skipped: {missing}");
        return Ok(());
    }
    let home = Home::new()?;
    let (help, stop) = (spoken(&home, "what can I say")?, spoken(&home, "stop")?);
    let mut hub = room.hub(&home, "hey loqa")?;
    hub.until("the microphone", listens("asleep"))?;
    let is = |subject: &'static str| move |line: &Value| line["subject"] == subject;
    // The reply takes seven seconds.
    let mut heard_ms = |interrupted: bool| -> Result<u64> {
        hub.press_enter()?;
        hub.until("the call", listens("awake"))?;
        room.say_aside(&help)?;
        hub.until("the reply", is("tts.reply.started"))?;
        if interrupted {
            room.say_aside(&stop)?;
        }
        let [ended, _] = hub.until_each([
            ("its end", &is("tts.reply.ended")),
            ("that it sleeps again", &listens("asleep")),
        ])?;
        ended["heard_ms"].as_u64().context("how much was heard")
    };
    assert!(heard_ms(false)? > 5000);
    // A machine under load plays with gaps: what Loqa has learned of its echo is worth nothing after
    // each, and a person has to say it again.
    for attempt in 1.. {
        match heard_ms(true)? {
            0..4000 => return Ok(()),
            heard_ms => anyhow::ensure!(attempt < 8, "not interrupted: {heard_ms} ms"),
        }
    }
    Ok(())
}
