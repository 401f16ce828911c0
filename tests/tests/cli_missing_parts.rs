//! The real `loqa` on a machine that lacks what it hears and speaks with, and with skills that fail
//! their own tests: it does what it can, and `loqa doctor` says what to do.
#![cfg(target_os = "linux")]

use anyhow::{Context, Result};
use loqa_tests::program::{Ended, Home};
use serde_json::Value;

/// What `loqa doctor` finds of a kind.
fn found(doctor: &Ended, what: &str) -> Result<Vec<Value>> {
    let mut checks = doctor.json()?;
    checks.retain(|check| check["what"] == what);
    Ok(checks)
}

fn found_one(doctor: &Ended, what: &str) -> Result<Value> {
    let checks = found(doctor, what)?;
    checks
        .into_iter()
        .next()
        .with_context(|| format!("no `{what}`: {doctor:#?}"))
}

/// Asserts that `loqa ARGS…` failed with an error and a remedy that says what to install.
#[track_caller]
fn names_the_package(ended: &Ended, package: &str) {
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    let mut lines = ended.err.lines();
    assert!(lines.any(|line| line.starts_with("error: ")), "{ended:#?}");
    assert!(
        lines.any(|line| line.starts_with("  help: ") && line.contains(package)),
        "{ended:#?}"
    );
}

#[test]
fn without_a_recogniser_typed_commands_work_and_spoken_ones_say_what_to_install() -> Result<()> {
    let home = Home::new()?.deaf()?;
    let typed = home.run(["ask", "--json", "set a timer for ten minutes"])?;
    assert_eq!(typed.code, Some(0), "{typed:#?}");
    assert_eq!(typed.turns()?[0]["slots"]["duration"], 600, "{typed:#?}");

    let silence = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(home.path("command.wav"), silence)?;
    (0..16_000).try_for_each(|_| wav.write_sample(0_i16))?;
    wav.finalize()?;
    for args in [
        &["ask", "--fast", "--wav", "command.wav"][..],
        &["transcribe", "command.wav"],
    ] {
        names_the_package(&home.run(args)?, "apt-get install libpocketsphinx3");
    }

    let doctor = home.run(["doctor", "--json"])?;
    assert_eq!(doctor.code, Some(1), "{doctor:#?}");
    let stt = found_one(&doctor, "stt")?;
    assert_eq!(stt["ok"], false);
    assert!(
        stt["help"].as_str().is_some_and(
            |help| help.contains("apt-get install") && help.contains("typed commands work")
        ),
        "{stt}"
    );
    Ok(())
}

#[test]
fn without_a_voice_commands_are_answered_in_writing_and_saying_says_what_to_install() -> Result<()>
{
    let home = Home::new()?.mute()?;
    let typed = home.run(["ask", "--json", "set a timer for ten minutes"])?;
    assert_eq!(typed.code, Some(0), "{typed:#?}");
    assert_eq!(
        typed.turns()?[0]["reply"],
        "10 minutes, starting now.",
        "{typed:#?}"
    );
    let said = home.run(["say", "hello", "--out", "hello.wav"])?;
    names_the_package(&said, "apt-get install flite1-dev");
    assert!(!home.path("hello.wav").exists());
    let doctor = home.run(["doctor", "--json"])?;
    assert_eq!(doctor.code, Some(1), "{doctor:#?}");
    let tts = found_one(&doctor, "tts")?;
    assert_eq!(tts["ok"], false);
    assert!(
        tts["help"]
            .as_str()
            .is_some_and(|help| help.contains("apt-get install flite1-dev")),
        "{tts}"
    );
    Ok(())
}

#[test]
fn doctor_looks_at_the_folder_that_would_be_used_and_misses_no_speaker_that_is_not_wanted()
-> Result<()> {
    let home = Home::new()?.deaf()?;
    let data = home.path("data");
    let doctor = home.run(["doctor", "--json"])?;
    let check = found_one(&doctor, "data")?;
    let message = check["message"].as_str().unwrap_or_default();
    assert!(
        message.starts_with(&data.display().to_string()),
        "{message}"
    );
    assert!(!data.exists(), "looking leaves no trace");
    assert_eq!(found_one(&doctor, "speaker")?["ok"], true);
    assert_eq!(found_one(&doctor, "examples")?["ok"], true, "{doctor:#?}");
    Ok(())
}

#[test]
fn doctor_runs_the_tests_of_every_skill() -> Result<()> {
    let home = Home::new()?.deaf()?;
    home.write(
        "skills/bins/skill.yaml",
        r#"name: bins
lists:
  bin: [paper, glass]
intents:
  which_day:
    sentences:
      - when does the {bin} bin go out
    reply: On Thursday.
    examples:
      - say: when does the paper bin go out
        slots: { bin: glass }
      - when does the paper go out
    negatives:
      - when does the glass bin go out
"#,
    )?;
    let doctor = home.run(["doctor", "--json", "--skills", "skills"])?;
    assert_eq!(doctor.code, Some(1), "{doctor:#?}");
    let failing = found(&doctor, "examples")?;
    let file = home.path("skills/bins/skill.yaml").display().to_string();
    for (check, (place, sentence)) in failing.iter().zip([
        (":10:", "when does the paper bin go out"),
        (":12:", "when does the paper go out"),
        (":14:", "when does the glass bin go out"),
    ]) {
        let message = check["message"].as_str().unwrap_or_default();
        assert!(
            message.starts_with(&format!("{file}{place}")) && message.contains(sentence),
            "{message}"
        );
        assert_ne!(check["help"], "", "{message}");
    }
    assert_eq!(failing.len(), 3, "{failing:#?}");
    Ok(())
}
