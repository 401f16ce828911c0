//! What people and machines get wrong, given to the real `loqa`: each time a sentence that says what
//! was wrong, an exit code that tells, and never a panic or an effect.

use anyhow::{Context, Result};
use loqa_tests::program::{Ended, Home};
use loqa_tests::voices::{Clip, Noise, SPEAKERS, Studio};
use std::path::{Path, PathBuf};

const RATE_HZ: u32 = 16_000;

/// Asserts that a command failed, that its error names each of `named`, and that nothing panicked.
#[track_caller]
fn refused(ended: &Ended, named: &[&str]) {
    sane(ended);
    assert_ne!(ended.code, Some(0), "{ended:#?}");
    assert!(
        ended.err.lines().any(|line| line.starts_with("error: ")),
        "{ended:#?}"
    );
    for name in named {
        assert!(
            ended.err.contains(name),
            "`{name}` is not in the error: {ended:#?}"
        );
    }
}

/// Asserts that a command succeeded.
#[track_caller]
fn accepted(ended: &Ended) {
    sane(ended);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
}

#[track_caller]
fn sane(ended: &Ended) {
    assert!(ended.code.is_some(), "ended by a signal: {ended:#?}");
    assert_ne!(ended.code, Some(101), "{ended:#?}");
    assert!(!ended.err.contains("panicked"), "{ended:#?}");
}

/// A RIFF file around these bytes.
fn riff(format: u16, channels: u16, rate_hz: u32, bits: u16, data: &[u8]) -> Vec<u8> {
    let block = channels * bits / 8;
    let mut file = b"RIFF".to_vec();
    file.extend((36 + data.len() as u32).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    file.extend(format.to_le_bytes());
    file.extend(channels.to_le_bytes());
    file.extend(rate_hz.to_le_bytes());
    file.extend((rate_hz * u32::from(block)).to_le_bytes());
    file.extend(block.to_le_bytes());
    file.extend(bits.to_le_bytes());
    file.extend(b"data");
    file.extend((data.len() as u32).to_le_bytes());
    file.extend(data);
    file
}

/// Silence of this many seconds as PCM.
fn silence(channels: u16, rate_hz: u32, bits: u16, seconds: u32) -> Vec<u8> {
    let bytes = u32::from(channels) * rate_hz * u32::from(bits / 8) * seconds;
    let middle = if bits == 8 { 128 } else { 0 };
    riff(1, channels, rate_hz, bits, &vec![middle; bytes as usize])
}

fn wav(home: &Home, name: &str, samples: &[f32]) -> Result<PathBuf> {
    let bytes: Vec<u8> = samples
        .iter()
        .flat_map(|sample| ((sample * 32767.0) as i16).to_le_bytes())
        .collect();
    Ok(home.write(name, riff(1, 1, RATE_HZ, 16, &bytes))?)
}

#[test]
fn recordings_that_cannot_be_read_are_named_and_the_others_are_heard() -> Result<()> {
    let home = Home::new()?;
    let cut = silence(1, RATE_HZ, 16, 1);
    let bad = [
        home.write("empty.wav", "")?,
        home.write("header.wav", &cut[..30])?,
        home.write("cut.wav", &cut[..20_000])?,
        home.write("none.wav", riff(1, 1, RATE_HZ, 16, &[]))?,
        home.write("text.wav", "this is not a recording\n")?,
        home.write("mulaw.wav", riff(7, 1, 8_000, 8, &[0xff; 8_000]))?,
        home.write(
            "nan.wav",
            riff(3, 1, RATE_HZ, 32, &f32::NAN.to_le_bytes().repeat(16_000)),
        )?,
        home.path("missing.wav"),
        home.path("data"),
    ];
    std::fs::create_dir_all(home.path("data"))?;
    let good = [
        home.write("8-bit.wav", silence(1, 8_000, 8, 1))?,
        home.write("96-khz.wav", silence(2, 96_000, 24, 1))?,
        home.write("7.1.wav", silence(8, 48_000, 16, 1))?,
    ];
    // Bad and good ones take turns.
    let mut files: Vec<&Path> = bad.iter().map(PathBuf::as_path).collect();
    for (place, path) in good.iter().enumerate() {
        files.insert(place * 3 + 1, path);
    }

    let mut args = vec!["transcribe", "--json"];
    args.extend(files.iter().filter_map(|path| path.to_str()));
    let ended = home.run(&args)?;
    let names: Vec<&str> = bad.iter().filter_map(|path| path.to_str()).collect();
    refused(&ended, &names);
    let lines = ended.json()?;
    let heard: Vec<&str> = lines
        .iter()
        .filter_map(|line| line["file"].as_str())
        .collect();
    assert_eq!(
        heard,
        good.iter()
            .filter_map(|path| path.to_str())
            .collect::<Vec<_>>()
    );
    for line in &lines {
        assert_eq!(
            (&line["text"], &line["rejected"]),
            (&"".into(), &true.into()),
            "{line}"
        );
        assert!(
            (line["audio_s"].as_f64().context("audio_s")? - 1.0).abs() < 0.05,
            "{line}"
        );
    }

    let mut args = vec!["ask", "--json", "--fast", "--wav"];
    args.extend(files.iter().filter_map(|path| path.to_str()));
    let ended = home.run(&args)?;
    refused(&ended, &names);
    let turns = ended.turns()?;
    assert_eq!(turns.len(), good.len(), "{ended:#?}");
    assert!(
        turns
            .iter()
            .all(|turn| turn["steps"].as_array().is_some_and(Vec::is_empty)),
        "{turns:#?}"
    );
    Ok(())
}

#[test]
fn a_minute_of_anything_but_a_command_does_nothing() -> Result<()> {
    let home = Home::new()?;
    let length = 60 * RATE_HZ as usize;
    let quiet = |samples: Vec<f32>| -> Vec<f32> {
        let loudest = samples
            .iter()
            .fold(1e-9, |loudest: f32, sample| loudest.max(sample.abs()));
        samples
            .iter()
            .map(|sample| 0.5 * sample / loudest)
            .collect()
    };
    let mut files = vec![
        wav(&home, "silence.wav", &vec![0.0; length])?,
        wav(&home, "noise.wav", &quiet(Noise::White.render(length, 1)))?,
        wav(&home, "music.wav", &quiet(Noise::Music.render(length, 1)))?,
    ];
    match talkers() {
        Ok(clips) => {
            let babble = Noise::Babble(&clips).render(length, 1);
            files.push(wav(&home, "babble.wav", &quiet(babble))?);
        }
        Err(error) => eprintln!("skipped: babble ({error:#})"),
    }
    let mut args = vec!["ask", "--json", "--fast", "--wav"];
    args.extend(files.iter().filter_map(|path| path.to_str()));
    let ended = home.run(&args)?;
    accepted(&ended);
    for turn in ended.turns()? {
        assert!(
            turn["steps"].as_array().is_some_and(Vec::is_empty),
            "{turn}"
        );
    }
    let timers = home.run(["timer", "list", "--json"])?;
    accepted(&timers);
    assert_eq!(timers.out, "");
    Ok(())
}

/// People who talk about other things.
fn talkers() -> Result<Vec<Clip>> {
    Studio::open()?.talk(&SPEAKERS).take(12).collect()
}

#[test]
fn skills_that_cannot_be_understood_are_refused_with_their_place() -> Result<()> {
    let skill = |intents: &str| format!("name: odd\ndescription: Odd.\nintents:\n{intents}");
    let cases = [
        (
            "unknown list",
            skill("  a:\n    sentences:\n      - paint the {colur} wall\n"),
            "colur",
        ),
        (
            "unknown rule",
            skill("  a:\n    sentences:\n      - <please> sing\n"),
            "please",
        ),
        (
            "syntax",
            skill("  a:\n    sentences:\n      - sing (a|the song\n"),
            "sing (a|the song",
        ),
        (
            "unbounded",
            skill("  a:\n    sentences:\n      - \"{text}\"\n"),
            "text",
        ),
        (
            "ambiguous",
            skill(
                "  a:\n    sentences:\n      - sing a song\n  b:\n    sentences:\n      - sing (a|the) song\n",
            ),
            "sing a song",
        ),
        (
            "recursive",
            format!(
                "{}rules:\n  again: again [<again>]\n",
                skill("  a:\n    sentences:\n      - sing <again>\n")
            ),
            "again",
        ),
        (
            "unknown key",
            skill("  a:\n    sentance:\n      - sing\n"),
            "sentences",
        ),
        ("not YAML", "name: [odd\n".into(), "skill.yaml"),
        ("empty", String::new(), "skill.yaml"),
        (
            "too many ways to say it",
            skill("  a:\n    sentences:\n      - (a;b;c;d;e;f;g;h;i;j;k)\n"),
            "a;b;c",
        ),
    ];
    for (what, text, named) in cases {
        let home = Home::new()?;
        home.write("skills/odd/skill.yaml", text)?;
        let ended = home.run_with_input(["intent", "--only-skills", "skills"], b"sing\n")?;
        refused(&ended, &["skill.yaml:", named]);
        assert_eq!(ended.out, "", "{what}");
    }
    let home = Home::new()?;
    refused(&home.run(["intent", "--skills", "nowhere"])?, &["nowhere"]);
    Ok(())
}

#[test]
fn households_that_contradict_themselves_are_refused_with_their_place() -> Result<()> {
    let lamp = |id: &str, name: &str, kind: &str| {
        format!("[[device]]\nid = \"{id}\"\nname = \"{name}\"\nkind = \"{kind}\"\n")
    };
    let cases = [
        (
            [lamp("a", "lamp", "light"), lamp("b", "Lamp", "switch")].concat(),
            "Lamp",
        ),
        (
            [lamp("a", "lamp", "light"), lamp("a", "fan", "fan")].concat(),
            "a",
        ),
        (lamp("a", "lamp", "ligth"), "light"),
        (lamp("a", "lamp", "light") + "area = \"attic\"\n", "attic"),
        (lamp("a", "lamp", "light") + "alias = [\"x\"]\n", "aliases"),
        ("[[device]]\nname = \"lamp\"\n".into(), "id"),
        ("[[device]\n".into(), "home.toml"),
    ];
    for (text, named) in cases {
        let home = Home::new()?;
        home.write("home.toml", &text)?;
        let ended =
            home.run_with_input(["intent", "--home", "home.toml"], b"turn on the lamp\n")?;
        refused(&ended, &["home.toml:", named]);
    }
    let home = Home::new()?;
    refused(
        &home.run(["ask", "what time is it", "--home", "gone.toml"])?,
        &["gone.toml"],
    );
    refused(
        &home.run(["ask", "what time is it", "--home", "."])?,
        &["."],
    );
    Ok(())
}

#[test]
fn settings_that_do_not_exist_are_refused_with_the_nearest_one() -> Result<()> {
    let home = Home::new()?;
    home.write("loqa.toml", "[endpoint]\nclosd_ms = 40\n")?;
    refused(
        &home.run(["ask", "what time is it", "--config", "loqa.toml"])?,
        &["loqa.toml:2", "closed_ms"],
    );
    home.write("loqa.toml", "[endpoint]\nclosed_ms = \"soon\"\n")?;
    refused(
        &home.run(["ask", "what time is it", "--config", "loqa.toml"])?,
        &["loqa.toml:2"],
    );
    refused(
        &home.run(["ask", "what time is it", "--config", "gone.toml"])?,
        &["gone.toml"],
    );
    Ok(())
}

#[test]
fn a_name_that_cannot_be_pronounced_is_reported_and_can_be_typed() -> Result<()> {
    let home = Home::new()?;
    home.write(
        "home.toml",
        "[[device]]\nid = \"q\"\nname = \"xyzzq\"\nkind = \"light\"\n",
    )?;
    let doctor = home.run(["doctor", "--home", "home.toml"])?;
    sane(&doctor);
    assert!(doctor.out.contains("xyzzq"), "{doctor:#?}");
    let typed = home.run(["ask", "--json", "turn on the xyzzq", "--home", "home.toml"])?;
    accepted(&typed);
    assert_eq!(typed.turns()?[0]["slots"]["device"], "q", "{typed:#?}");
    Ok(())
}

#[test]
fn what_is_no_sentence_means_nothing() -> Result<()> {
    let home = Home::new()?;
    let ended = home.run_with_input(["intent"], b"")?;
    accepted(&ended);
    assert_eq!(ended.out, "");
    let ended = home.run_with_input(
        ["intent"],
        "colourless green ideas\n\n\u{1f4a1}\u{0}\n".as_bytes(),
    )?;
    accepted(&ended);
    assert!(
        ended.json()?.iter().all(|line| line["intent"].is_null()),
        "{ended:#?}"
    );
    refused(
        &home.run_with_input(["intent"], b"turn \xff on\n")?,
        &["UTF-8"],
    );
    let long = "and turn on the kitchen lights ".repeat(10_000);
    accepted(&home.run_with_input(["intent"], long.as_bytes())?);
    refused(
        &home.run(["ask", &long[..1001]])?,
        &["1001", "one sentence"],
    );
    let ended = home.run(["ask", "--json", "colourless green ideas", ""])?;
    accepted(&ended);
    for turn in ended.turns()? {
        assert!(
            turn["intent"].is_null() && turn["ttfa_ms"].is_null(),
            "{turn}"
        );
    }
    Ok(())
}

#[test]
fn a_second_hub_on_the_same_data_is_refused_and_the_first_goes_on() -> Result<()> {
    let home = Home::new()?;
    let hub = home.hub()?;
    refused(&home.run(["hub"])?, &[&hub.id().to_string()]);
    let ended = home.run(["ask", "--json", "set a timer for ten minutes"])?;
    accepted(&ended);
    assert_eq!(ended.turns()?[0]["slots"]["duration"], 600, "{ended:#?}");
    assert_eq!(home.run(["timer", "list", "--json"])?.json()?.len(), 1);
    assert_eq!(hub.interrupt()?, Some(0));
    // The next one finds everything as it was.
    assert_eq!(home.run(["timer", "list", "--json"])?.json()?.len(), 1);
    Ok(())
}

#[test]
fn a_data_folder_that_cannot_be_one_is_refused() -> Result<()> {
    let home = Home::new()?;
    home.write("data", "a file\n")?;
    refused(
        &home.run(["ask", "set a timer for ten minutes"])?,
        &["data"],
    );
    Ok(())
}
