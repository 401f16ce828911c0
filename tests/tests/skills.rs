//! Skills in a process of their own: it may end, hang or be missing, and the hub goes on.
#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use loqa_tests::program::{Ended, Home, children};
use rustix::process::{Pid, Signal, kill_process};
use std::{fs, process::Command};

const PROCESS: &str = "loqa-skill-host";

/// The process that a hub has its skills in.
fn skill_host(hub: u32) -> Result<Pid> {
    let mut children = children(hub)?.into_iter();
    let found = children.find(|(_, command)| command.contains(PROCESS));
    let found = found.and_then(|(id, _)| Pid::from_raw(i32::try_from(id).ok()?));
    found.with_context(|| format!("the hub has no {PROCESS}"))
}

fn says(ended: &Ended) -> Result<String> {
    let turns = ended.turns()?;
    let reply = turns.first().and_then(|turn| turn["reply"].as_str());
    reply
        .map(str::to_owned)
        .with_context(|| format!("{ended:#?}"))
}

#[test]
fn a_process_that_ends_or_hangs_costs_an_answer_at_most() -> Result<()> {
    let home = Home::new()?;
    let hub = home.hub()?;
    let ask = |text: &str| says(&home.run(["ask", "--json", text])?);
    assert_eq!(
        ask("set a timer for ten minutes")?,
        "10 minutes, starting now."
    );

    let first = skill_host(hub.id())?;
    kill_process(first, Signal::KILL)?;
    let said = ask("cancel the timer")?;
    let done = "Your 10 minute timer is cancelled.";
    // The one that was prepared in vain is said to have failed, and nothing was done.
    if said != done {
        assert!(said.starts_with("The skill timers cannot run"), "{said}");
        assert_eq!(ask("cancel the timer")?, done);
    }
    let second = skill_host(hub.id())?;
    assert_ne!(first, second);

    kill_process(second, Signal::STOP)?;
    let said = ask("set a timer for ten minutes")?;
    assert!(said.starts_with("The skill timers cannot run"), "{said}");
    assert_eq!(
        ask("set a timer for ten minutes")?,
        "10 minutes, starting now."
    );
    ensure!(
        skill_host(hub.id())? != second,
        "the one that hangs is still there"
    );
    Ok(())
}

#[test]
fn what_is_no_code_does_nothing_and_is_named() -> Result<()> {
    let home = Home::new()?;
    home.write(
        "skills/tea/skill.yaml",
        "name: tea\nintents:\n  steep:\n    sentences: [\"how long does tea steep\"]\n    reply: Three minutes.\n",
    )?;
    home.write("skills/tea/prepare.wasm", b"#!/bin/sh\ntouch it-ran\n")?;
    let skills = home.path("skills");
    let with = |args: &[&str]| {
        let skills = skills.display().to_string();
        home.run([&["--skills", &skills], args].concat())
    };
    let said = says(&with(&["ask", "--json", "how long does tea steep"])?)?;
    assert!(said.starts_with("The skill tea did not work"), "{said}");
    // The others do.
    let said = says(&with(&["ask", "--json", "set a timer for ten minutes"])?)?;
    assert_eq!(said, "10 minutes, starting now.");
    let doctor = with(&["doctor", "--json"])?;
    assert_eq!(doctor.code, Some(1), "{doctor:#?}");
    let named = |check: &serde_json::Value| {
        check["ok"] == false && check["message"].to_string().contains("skill tea")
    };
    assert!(doctor.json()?.iter().any(named), "{doctor:#?}");
    assert!(!home.path("it-ran").exists());
    Ok(())
}

#[test]
fn a_program_without_its_skills_says_what_is_missing() -> Result<()> {
    let home = Home::new()?;
    let alone = home.path("alone/loqa");
    fs::create_dir_all(home.path("alone"))?;
    fs::copy(home.command(["doctor"]).get_program(), &alone)?;
    let run = |args: &[&str]| -> Result<Ended> {
        let mut command = Command::new(&alone);
        home.surround(command.args(args));
        Ok(command.output()?.into())
    };
    let said = says(&run(&["ask", "--json", "set a timer for ten minutes"])?)?;
    assert!(
        said.starts_with("The skill timers cannot run: its code is not in "),
        "{said}"
    );
    let doctor = run(&["doctor"])?;
    assert_eq!(doctor.code, Some(1));
    assert!(doctor.out.contains("cargo xtask run"), "{doctor:#?}");
    Ok(())
}

#[test]
fn the_doctor_tells_what_keeps_skills_in() -> Result<()> {
    let doctor = Home::new()?.run(["doctor", "--json"])?;
    let code = doctor
        .json()?
        .into_iter()
        .find(|check| check["what"] == "skill code");
    let message = code.with_context(|| format!("{doctor:#?}"))?["message"].to_string();
    assert!(
        message.contains("without files or network") && message.contains("seccomp"),
        "{message}"
    );
    Ok(())
}
