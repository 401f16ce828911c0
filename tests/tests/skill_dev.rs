//! A skill that is tried while it is written.

use anyhow::{Context, Result};
use loqa_tests::program::Home;
use std::{
    io::{BufRead, BufReader, Write},
    process::Stdio,
    sync::mpsc,
    thread,
    time::Duration,
};

fn tea(minutes: &str) -> String {
    format!(
        "name: tea\nintents:\n  steep:\n    sentences: [\"how long does tea steep\"]\n    reply: {minutes} minutes.\n    examples: [\"how long does tea steep\"]\n"
    )
}

#[test]
fn what_changes_is_tried_at_once_and_a_mistake_is_told() -> Result<()> {
    let home = Home::new()?.deaf()?;
    home.write("tea/skill.yaml", tea("Three"))?;
    let mut command = home.command(["skill", "dev", "tea"]);
    let mut dev = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (sender, lines) = mpsc::channel();
    let out = dev.stdout.take().context("no output")?;
    let err = dev.stderr.take().context("no errors")?;
    for reader in [
        Box::new(out) as Box<dyn std::io::Read + Send>,
        Box::new(err),
    ] {
        let sender = sender.clone();
        thread::spawn(move || {
            let lines = BufReader::new(reader).lines().map_while(Result::ok);
            lines.for_each(|line| drop(sender.send(line)));
        });
    }
    let until = |wanted: &str| -> Result<()> {
        let mut seen = Vec::new();
        loop {
            let line = lines.recv_timeout(Duration::from_secs(60));
            let line = line.with_context(|| format!("no “{wanted}”: {seen:#?}"))?;
            if line.contains(wanted) {
                return Ok(());
            }
            seen.push(line);
        }
    };
    let mut person = dev.stdin.take().context("no input")?;
    until("says   Three minutes.")?;
    until("Type a sentence")?;
    writeln!(person, "how long does tea steep")?;
    until("says   Three minutes.")?;
    home.write("tea/skill.yaml", tea("Four"))?;
    until("says   Four minutes.")?;
    until("Type a sentence")?;
    home.write("tea/skill.yaml", "name: tea\nintent")?;
    until("tea/skill.yaml:2:1: ")?;
    home.write("tea/skill.yaml", tea("Five"))?;
    until("says   Five minutes.")?;
    dev.kill()?;
    dev.wait()?;
    Ok(())
}

#[test]
fn examples_are_spoken_as_well_and_what_sounds_alike_is_told() -> Result<()> {
    let home = Home::new()?;
    home.write("tea/skill.yaml", tea("Three"))?;
    let spoken = home.run(["skill", "test", "tea", "--voice"])?;
    assert_eq!(spoken.code, Some(0), "{spoken:#?}");
    assert!(
        spoken.out.contains("2 times spoken: all well"),
        "{spoken:#?}"
    );

    let alike = "name: strings\nintents:\n  bass:\n    sentences: [\"tune the bass\"]\n    examples: [\"tune the bass\"]\n  base:\n    sentences: [\"tune the base\"]\n    examples: [\"tune the base\"]\n";
    home.write("strings/skill.yaml", alike)?;
    let spoken = home.run(["skill", "test", "strings", "--voice"])?;
    assert_eq!(spoken.code, Some(1), "{spoken:#?}");
    assert!(spoken.out.contains("NOT WELL: “tune the "), "{spoken:#?}");
    Ok(())
}
