//! A command spoken into a microphone is answered aloud, also after the microphone was gone.
#![cfg(target_os = "linux")]

use anyhow::{Context, Result};
use loqa_engine::store::Store;
use loqa_tests::{
    program::{Home, Listener},
    sound_server::{RECORDED_HZ, Room},
    voices::{Speaker, Studio},
};
use serde_json::Value;

/// What was said into the room, as a WAV file with silence around it.
fn spoken(home: &Home, text: &str) -> Result<std::path::PathBuf> {
    let clip = Studio::in_folder(home.path("voices"))?.speak(Speaker::Flite("rms"), text)?;
    let file = home.path(&format!("{}.wav", text.replace(' ', "-")));
    write(&file, &clip.framed(300, 1500).samples)?;
    Ok(file)
}

fn write(file: &std::path::Path, samples: &[f32]) -> Result<()> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RECORDED_HZ,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(file, spec)?;
    for sample in samples {
        wav.write_sample((sample * 32767.0) as i16)?;
    }
    Ok(wav.finalize()?)
}

/// A hub in the room, called by these phrases.
fn listening(home: &Home, room: &Room, wake: &str) -> Result<Listener> {
    let mut hub = home.command(["hub", "--json"]);
    room.let_in(&mut hub)
        .env("LOQA_VOICE_OUTPUT", "default")
        .env("LOQA_LISTEN_MICROPHONE", "default")
        .env("LOQA_LISTEN_WAKE", wake);
    Listener::start(hub)
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
    let mut hub = listening(&home, &room, "")?;
    hub.until("the microphone", listens("awake"))?;
    let recording = room.record()?;
    room.say(&off)?;
    let turn = hub.until("the answer", is_turn)?;
    assert_eq!(turn["intent"], "home.turn_off", "{turn}");
    assert_eq!(turn["slots"]["device"], "kitchen_lights", "{turn}");
    let reply = turn["reply"].as_str().context("a reply")?;
    let file = home.path("reply.wav");
    write(&file, &recording.stop())?;
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
    let mut hub = listening(&home, &room, "hey loqa")?;
    hub.until("the microphone", listens("asleep"))?;
    room.say(&spoken(&home, "turn off the kitchen lights")?)?;
    hub.press_enter()?;
    hub.until("the call", listens("awake"))?;
    room.say(&spoken(&home, "open the blinds")?)?;
    let turn = hub.until("the answer", is_turn)?;
    assert_eq!(turn["text"], "open the blinds", "{turn}");
    hub.until("that it sleeps again", listens("asleep"))?;
    Ok(())
}
