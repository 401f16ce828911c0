//! Two pucks in two rooms, with one hub: of a call that both hear one answers, where it was heard best; what somebody was
//! saying when the hub died is done once.

use anyhow::{Context, Result, ensure};
use loqa_tests::{
    nodes::{Running, called, house, listed, loud, node, pair_here, silence},
    program::Home,
    voices::write_wav,
};
use serde_json::Value;
use std::{
    fs,
    io::Write,
    process::{Command, Stdio},
    thread,
};

/// Before the phrase, in which a puck finds its hub, it is silent for so many seconds, and one more.
const BEFORE: usize = 2;
/// What a room's own noise is, of full scale.
const NOISE: f32 = 0.0005;

/// A puck of the house, by its folder.
struct Puck<'a> {
    home: &'a Home,
    folder: &'static str,
}

impl<'a> Puck<'a> {
    /// Pairs it, by the digits that the hub shows, and puts it in a room.
    fn pair(home: &'a Home, folder: &'static str, room: &str) -> Result<Puck<'a>> {
        home.write(&format!("{folder}.toml"), format!("name = \"{folder}\"\n"))?;
        pair_here(home, folder)?;
        let placed = home.run(["node", "room", folder, room])?;
        ensure!(placed.code == Some(0), "{placed:#?}");
        Ok(Puck { home, folder })
    }

    fn answered(&self) -> String {
        format!("{}-answered.wav", self.folder)
    }

    /// Has it hear a recording; `-`: what it is handed, once that is all.
    fn listen(&self, heard: &str) -> Command {
        let out = self.answered();
        let _ = fs::remove_file(self.home.path(&out));
        let args = ["run", "--wav", heard, "--out", &out];
        let mut command = node(self.home, self.folder, &args);
        command.stdin(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Whether somebody was answered there.
    fn spoke(&self) -> bool {
        loud(self.home, &self.answered()) > 2_000
    }

    fn kept(&self) -> Result<String> {
        Ok(fs::read_to_string(
            self.home.path(self.folder).join("puck.toml"),
        )?)
    }
}

/// The phrase and a command.
fn words(command: &str) -> Result<Vec<f32>> {
    Ok([silence(BEFORE), called(command)?].concat())
}

/// As a room hears it that is so far away.
fn heard(words: &[f32], gain: f32) -> Vec<f32> {
    let mut noise = 1_u32;
    let hear = |sample: &f32| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        gain * sample + NOISE * (noise as f32 / u32::MAX as f32 * 2.0 - 1.0)
    };
    words.iter().map(hear).collect()
}

/// Says it to these pucks at the same moment, each in its own loudness, until all have ended.
fn say(words: &[f32], pucks: [(&Puck<'_>, f32); 2]) -> Result<()> {
    let mut running = Vec::new();
    for (puck, gain) in pucks {
        let mut child = puck.listen("-").spawn()?;
        let mut hears = child.stdin.take().context("no input")?;
        let file = puck.home.path("heard.wav");
        write_wav(&file, &heard(words, gain))?;
        let wav = fs::read(file)?;
        running.push(thread::spawn(move || -> Result<_> {
            // More than a pipe holds: the puck is reading when this is over, and hears nothing before all is there.
            let (most, last) = wav.split_at(wav.len() - 2);
            hears.write_all(most)?;
            Ok((child, hears, last.to_vec()))
        }));
    }
    let running = running.into_iter().map(|it| it.join().unwrap());
    let mut running = running.collect::<Result<Vec<_>>>()?;
    for (_, hears, last) in &mut running {
        hears.write_all(last)?;
    }
    for (child, hears, _) in running {
        drop(hears);
        let ended = child.wait_with_output()?;
        ensure!(ended.status.success(), "{ended:?}");
    }
    Ok(())
}

fn is_on(home: &Home, room: &str) -> Result<bool> {
    let asked = home.run(["ask", "--json", &format!("are the {room} lights on")])?;
    let turns = asked.turns()?;
    let reply = turns[0]["reply"]
        .as_str()
        .context("no reply")?
        .to_lowercase();
    Ok(!reply.contains("off"))
}

#[test]
fn of_two_pucks_that_hear_a_call_the_nearer_answers_and_a_muted_one_never() -> Result<()> {
    let home = house()?;
    let hub = home.hub()?;
    let kitchen = Puck::pair(&home, "kitchen-puck", "kitchen")?;
    let bedroom = Puck::pair(&home, "bedroom-puck", "bedroom")?;
    let lights = words("turn on the lights")?;
    say(&lights, [(&kitchen, 0.2), (&bedroom, 0.9)])?;
    ensure!((kitchen.spoke(), bedroom.spoke()) == (false, true));
    ensure!((is_on(&home, "kitchen")?, is_on(&home, "bedroom")?) == (false, true));
    say(&lights, [(&kitchen, 0.9), (&bedroom, 0.2)])?;
    ensure!((kitchen.spoke(), bedroom.spoke()) == (true, false));
    ensure!(is_on(&home, "kitchen")?);

    // Who stands before a puck may say how loud that one is.
    let louder = words("speak quieter")?;
    say(&louder, [(&kitchen, 0.9), (&bedroom, 0.2)])?;
    let listed = || listed(&home.run(["node", "list", "--json"])?);
    let sound = |list: &[Value], name: &str| {
        let node = list.iter().find(|it| it["name"] == name);
        node.map(|it| (it["volume"].clone(), it["muted"].clone()))
    };
    let now = listed()?;
    ensure!(
        sound(&now, "kitchen-puck") == Some((90.into(), false.into())),
        "{now:#?}"
    );
    ensure!(
        sound(&now, "bedroom-puck") == Some((100.into(), false.into())),
        "{now:#?}"
    );

    // Muted where nobody is: it knows once it is there, and both remember.
    for args in [
        ["node", "mute", "kitchen-puck", "on"],
        ["node", "volume", "kitchen-puck", "30"],
    ] {
        let done = home.run(args)?;
        ensure!(done.code == Some(0), "{done:#?}");
    }
    hub.interrupt()?;
    let hub = home.hub()?;
    let off = words("turn off the lights")?;
    say(&off, [(&kitchen, 0.9), (&bedroom, 0.5)])?;
    ensure!((kitchen.spoke(), bedroom.spoke()) == (false, true));
    ensure!((is_on(&home, "kitchen")?, is_on(&home, "bedroom")?) == (true, false));
    let kept = kitchen.kept()?;
    ensure!(
        kept.contains("volume = 30") && kept.contains("muted = true"),
        "{kept}"
    );
    let now = listed()?;
    ensure!(
        sound(&now, "kitchen-puck") == Some((30.into(), true.into())),
        "{now:#?}"
    );
    let wrong = home.run(["node", "volume", "kitchen-puck", "130"])?;
    ensure!(
        wrong.code == Some(2) && wrong.err.contains("0..=100"),
        "{wrong:#?}"
    );
    hub.interrupt()?;
    Ok(())
}

#[test]
fn what_is_said_while_the_hub_is_killed_is_said_again_to_the_next_and_done_once() -> Result<()> {
    let home = house()?;
    let hub = home.hub()?;
    let kitchen = Puck::pair(&home, "kitchen-puck", "kitchen")?;
    let said = heard(&words("set a timer for ten minutes")?, 0.9);
    write_wav(&home.path("said-later.wav"), &said)?;
    let mut puck = Running::start(kitchen.listen("said-later.wav"))?;
    puck.until(&["[listening]"])?;
    // As kill -9 does, between the phrase and the command.
    drop(hub);
    let hub = home.hub()?;
    let told = puck.end()?;
    ensure!(kitchen.spoke(), "{told:#?}");
    let timers = home.run(["timer", "list", "--json"])?.json()?;
    ensure!(timers.len() == 1, "{timers:#?} {told:#?}");
    hub.interrupt()?;
    Ok(())
}
