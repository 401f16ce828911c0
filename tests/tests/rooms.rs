//! Two pucks in two rooms, with one hub: of a call that both hear one answers, where it was heard best; what somebody was
//! saying when the hub died is done once.

use anyhow::{Context, Result, ensure};
use loqa_inference::wav;
use loqa_tests::program::{Home, loqa};
use serde_json::{Deserializer, Value};
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
};

/// Silence before the phrase, in which a puck finds its hub: 3 s.
const BEFORE: usize = 48_000;
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
        let puck = Puck { home, folder };
        home.write(&format!("{folder}.toml"), format!("name = \"{folder}\"\n"))?;
        let mut pairing = home.command(["node", "pair", "--json"]);
        pairing.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut pairing = pairing.stderr(Stdio::piped()).spawn()?;
        let mut out = pairing.stdout.take().context("no output")?;
        let shown: Option<Result<Value, _>> =
            Deserializer::from_reader(&mut out).into_iter().next();
        let shown = shown.context("it shows nothing")??;
        let digits = shown["code"].as_str().context("no code")?;
        let at: SocketAddr = shown["addresses"][0].as_str().context("nowhere")?.parse()?;
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, at.port())).to_string();
        let mut joining = puck.command(&["pair", digits, "--hub", &at]);
        let mut joining = joining.stdout(Stdio::null()).spawn()?;
        pairing
            .stdin
            .take()
            .context("no input")?
            .write_all(b"yes\n")?;
        out.read_to_end(&mut Vec::new())?;
        ensure!(pairing.wait()?.success(), "not paired");
        ensure!(joining.wait()?.success(), "not joined");
        let placed = home.run(["node", "room", folder, room])?;
        ensure!(placed.code == Some(0), "{placed:#?}");
        Ok(puck)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(loqa().with_file_name("loqa-node"));
        self.home.surround(&mut command);
        command
            .args(args)
            .arg("--config")
            .arg(self.home.path(&format!("{}.toml", self.folder)))
            .arg("--data")
            .arg(self.home.path(self.folder));
        command
    }

    fn answered(&self) -> PathBuf {
        self.home.path(&format!("{}-answered.wav", self.folder))
    }

    /// Has it hear a recording; `-`: what it is handed, once that is all.
    fn listen(&self, heard: &str) -> Result<Child> {
        let _ = fs::remove_file(self.answered());
        let out = self.answered();
        let out = out.to_str().context("no path")?;
        let mut command = self.command(&["run", "--wav", heard, "--out", out]);
        Ok(command
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?)
    }

    /// Whether somebody was answered there.
    fn spoke(&self) -> Result<bool> {
        if !self.answered().exists() {
            return Ok(false);
        }
        let reply = wav::read(self.answered())?;
        Ok(reply.iter().filter(|it| it.abs() > 0.01).count() > 2_000)
    }

    fn kept(&self) -> Result<String> {
        Ok(fs::read_to_string(
            self.home.path(self.folder).join("puck.toml"),
        )?)
    }
}

/// The phrase and a command.
fn words(home: &Home, command: &str) -> Result<Vec<f32>> {
    let mut all = vec![0.0; BEFORE];
    for (text, pause) in [("hey loqa", 8_000), (command, 24_000)] {
        let said = home.run(["say", text, "--out", "said.wav"])?;
        ensure!(said.code == Some(0), "{said:#?}");
        all.extend(wav::read(home.path("said.wav"))?);
        all.extend(vec![0.0; pause]);
    }
    Ok(all)
}

/// As a room hears it that is so far away, as a WAV file.
fn heard(words: &[f32], gain: f32) -> Result<Vec<u8>> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = std::io::Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut file, spec)?;
    let mut noise = 1_u32;
    for sample in words {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = NOISE * (noise as f32 / u32::MAX as f32 * 2.0 - 1.0);
        writer.write_sample(((gain * sample + noise) * 32_000.0) as i16)?;
    }
    writer.finalize()?;
    Ok(file.into_inner())
}

/// Says it to these pucks at the same moment, each in its own loudness, until all have ended.
fn say(words: &[f32], pucks: [(&Puck<'_>, f32); 2]) -> Result<()> {
    let mut running = Vec::new();
    for (puck, gain) in pucks {
        let mut child = puck.listen("-")?;
        let mut hears = child.stdin.take().context("no input")?;
        let wav = heard(words, gain)?;
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

fn house() -> Result<Home> {
    let home = Home::new()?;
    // So that it is found again where it was.
    let port = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?
        .local_addr()?
        .port();
    home.write("config/loqa/loqa.toml", format!("[nodes]\nport = {port}\n"))?;
    Ok(home)
}

#[test]
fn of_two_pucks_that_hear_a_call_the_nearer_answers_and_a_muted_one_never() -> Result<()> {
    let home = house()?;
    let hub = home.hub()?;
    let kitchen = Puck::pair(&home, "kitchen-puck", "kitchen")?;
    let bedroom = Puck::pair(&home, "bedroom-puck", "bedroom")?;
    let lights = words(&home, "turn on the lights")?;
    say(&lights, [(&kitchen, 0.2), (&bedroom, 0.9)])?;
    ensure!((kitchen.spoke()?, bedroom.spoke()?) == (false, true));
    ensure!((is_on(&home, "kitchen")?, is_on(&home, "bedroom")?) == (false, true));
    say(&lights, [(&kitchen, 0.9), (&bedroom, 0.2)])?;
    ensure!((kitchen.spoke()?, bedroom.spoke()?) == (true, false));
    ensure!(is_on(&home, "kitchen")?);

    // Who stands before a puck may say how loud that one is.
    let louder = words(&home, "speak quieter")?;
    say(&louder, [(&kitchen, 0.9), (&bedroom, 0.2)])?;
    let listed = || -> Result<Value> {
        let listed = home.run(["node", "list", "--json"])?.json()?;
        Ok(listed.last().context("no list")?.clone())
    };
    let sound = |list: &Value, name: &str| {
        let nodes = list.as_array().cloned().unwrap_or_default();
        let node = nodes.into_iter().find(|it| it["name"] == name);
        node.map(|it| (it["volume"].clone(), it["muted"].clone()))
    };
    let now = listed()?;
    ensure!(
        sound(&now, "kitchen-puck") == Some((90.into(), false.into())),
        "{now:#}"
    );
    ensure!(
        sound(&now, "bedroom-puck") == Some((100.into(), false.into())),
        "{now:#}"
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
    let off = words(&home, "turn off the lights")?;
    say(&off, [(&kitchen, 0.9), (&bedroom, 0.5)])?;
    ensure!((kitchen.spoke()?, bedroom.spoke()?) == (false, true));
    ensure!((is_on(&home, "kitchen")?, is_on(&home, "bedroom")?) == (true, false));
    let kept = kitchen.kept()?;
    ensure!(
        kept.contains("volume = 30") && kept.contains("muted = true"),
        "{kept}"
    );
    let now = listed()?;
    ensure!(
        sound(&now, "kitchen-puck") == Some((30.into(), true.into())),
        "{now:#}"
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
    home.write(
        "said-later.wav",
        heard(&words(&home, "set a timer for ten minutes")?, 0.9)?,
    )?;
    let recording = home.path("said-later.wav");
    let mut child = kitchen.listen(recording.to_str().context("no path")?)?;
    let mut told = BufReader::new(child.stderr.take().context("no output")?).lines();
    let mut all = Vec::new();
    while !all
        .last()
        .is_some_and(|line: &String| line.contains("[listening]"))
    {
        all.push(
            told.next()
                .with_context(|| format!("it ended: {all:#?}"))??,
        );
    }
    // As kill -9 does, between the phrase and the command.
    drop(hub);
    let hub = home.hub()?;
    all.extend(told.map_while(Result::ok));
    ensure!(child.wait()?.success(), "{all:#?}");
    ensure!(kitchen.spoke()?, "{all:#?}");
    let timers = home.run(["timer", "list", "--json"])?.json()?;
    ensure!(timers.len() == 1, "{timers:#?} {all:#?}");
    hub.interrupt()?;
    Ok(())
}
