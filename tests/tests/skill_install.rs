//! Skills that are installed: shown, asked about, written down, and never half there.

use anyhow::{Context, Result, ensure};
use loqa_tests::{
    api::Program,
    program::{Ended, Home},
};
use serde_json::{Value, json};
use std::{
    fs,
    os::unix::fs::symlink,
    time::{Duration, Instant},
};

/// A skill that says how long tea steeps.
fn tea(version: &str, minutes: &str, permissions: &str) -> String {
    format!(
        "name: tea\nversion: {version}\npermissions: [{permissions}]\nintents:\n  steep:\n    sentences: [\"how long does tea steep\"]\n    reply: {minutes} minutes.\n    examples: [\"how long does tea steep\"]\n"
    )
}

#[track_caller]
fn refused(ended: &Ended, named: &str) {
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    let told = ended.err.lines().any(|line| line.starts_with("error: "));
    assert!(told, "{ended:#?}");
    assert!(ended.err.contains(named), "no `{named}`: {ended:#?}");
    assert!(!ended.err.contains("panicked"), "{ended:#?}");
}

#[track_caller]
fn accepted(ended: &Ended) {
    assert_eq!(ended.code, Some(0), "{ended:#?}");
}

fn steeps(home: &Home) -> Result<String> {
    let ended = home.run(["ask", "--json", "how long does tea steep"])?;
    let turns = ended.turns()?;
    let turn = turns.first().with_context(|| format!("{ended:#?}"))?;
    Ok(turn["reply"].as_str().unwrap_or_default().to_owned())
}

/// What, version, permission and decision of every row about what was allowed.
fn audit(home: &Home) -> Result<Vec<String>> {
    let mut rows = whole_audit(home)?;
    rows.retain(|row| !row.starts_with("invoke"));
    Ok(rows)
}

fn whole_audit(home: &Home) -> Result<Vec<String>> {
    let ended = home.run(["skill", "audit", "--json"])?;
    let part = |row: &Value, name: &str| row[name].as_str().unwrap_or("-").to_owned();
    let told = |row: Value| {
        ["what", "version", "permission", "decision"]
            .map(|name| part(&row, name))
            .join(" ")
    };
    Ok(ended.json()?.into_iter().map(told).collect())
}

#[test]
fn a_skill_comes_is_upgraded_taken_back_and_goes() -> Result<()> {
    let home = Home::new()?.deaf()?;
    home.write("tea/skill.yaml", tea("1.0.0", "Three", ""))?;
    home.write("tea/notes.txt", "not of the skill")?;
    let loqa = |args: &[&str]| home.run(args);
    refused(&loqa(&["skill", "install", "tea"])?, "--yes");
    assert_eq!(audit(&home)?, [] as [&str; 0]);
    let installed = loqa(&["skill", "install", "tea", "--yes"])?;
    accepted(&installed);
    assert!(
        installed.out.contains("It can change nothing."),
        "{installed:#?}"
    );
    assert!(home.path("data/skills/tea/1.0.0/skill.yaml").exists());
    assert!(!home.path("data/skills/tea/1.0.0/notes.txt").exists());
    assert_eq!(steeps(&home)?, "Three minutes.");

    home.write("tea/skill.yaml", tea("1.1.0", "Four", "timer"))?;
    let upgraded = loqa(&["skill", "install", "tea", "--yes"])?;
    accepted(&upgraded);
    let (_, wants) = upgraded
        .out
        .split_once("also wants")
        .context("no more wants")?;
    assert!(
        wants.contains("It can start, change and stop timers."),
        "{upgraded:#?}"
    );
    assert_eq!(steeps(&home)?, "Four minutes.");
    refused(
        &loqa(&["skill", "install", "tea", "--yes"])?,
        "1.1.0 is here already",
    );

    accepted(&loqa(&["skill", "rollback", "tea"])?);
    assert_eq!(steeps(&home)?, "Three minutes.");
    refused(
        &loqa(&["skill", "rollback", "tea"])?,
        "no version of `tea` before 1.0.0",
    );
    accepted(&loqa(&["skill", "pin", "tea", "1.0.0"])?);
    home.write("tea/skill.yaml", tea("2.0.0", "Five", ""))?;
    accepted(&loqa(&["skill", "install", "tea", "--yes"])?);
    assert_eq!(steeps(&home)?, "Three minutes.");
    accepted(&loqa(&["skill", "pin", "tea", "latest"])?);
    assert_eq!(steeps(&home)?, "Five minutes.");

    accepted(&loqa(&["skill", "disable", "tea"])?);
    let listed = loqa(&["skill", "list", "--json"])?.json()?;
    let tea = listed.iter().find(|skill| skill["name"] == "tea");
    assert_eq!(tea.context("tea is not listed")?["enabled"], false);
    accepted(&loqa(&["skill", "enable", "tea"])?);
    let removed = loqa(&["skill", "remove", "tea"])?;
    assert!(removed.out.contains("timers run on"), "{removed:#?}");
    refused(
        &loqa(&["skill", "info", "tea"])?,
        "there is no skill `tea` here",
    );
    let rows = [
        "install 1.0.0 - allowed",
        "upgrade 1.1.0 - allowed",
        "grant 1.1.0 timer allowed",
        "rollback 1.0.0 - allowed",
        "pin 1.0.0 - allowed",
        "upgrade 2.0.0 - allowed",
        "pin 2.0.0 - allowed",
        "disable 2.0.0 - allowed",
        "enable 2.0.0 - allowed",
        "remove 2.0.0 - allowed",
    ];
    assert_eq!(audit(&home)?, rows);
    Ok(())
}

#[test]
fn a_skill_is_handed_over_as_one_file() -> Result<()> {
    let home = Home::new()?.deaf()?;
    home.write("tea/skill.yaml", tea("1.0.0", "Three", "timer"))?;
    let packed = home.run(["skill", "pack", "tea", "--json"])?;
    accepted(&packed);
    let file = packed.json()?[0]["file"].as_str().map(str::to_owned);
    assert_eq!(file.as_deref(), Some("tea-1.0.0.loqaskill"));
    fs::remove_dir_all(home.path("tea"))?;
    let install = |file: &str| home.run(["skill", "install", file, "--yes"]);
    accepted(&install("tea-1.0.0.loqaskill")?);
    assert_eq!(steeps(&home)?, "Three minutes.");
    refused(&install("tea-1.0.0.loqaskill")?, "1.0.0 is here already");

    let bytes = fs::read(home.path("tea-1.0.0.loqaskill"))?;
    home.write("half.loqaskill", &bytes[..bytes.len() / 2])?;
    home.write("text.loqaskill", "name: tea")?;
    symlink(home.path("text.loqaskill"), home.path("link.loqaskill"))?;
    refused(&install("half.loqaskill")?, "no package of a skill");
    refused(&install("text.loqaskill")?, "is no zip archive");
    refused(&install("link.loqaskill")?, "is not a plain file");
    refused(
        &home.run(["skill", "pack", "nowhere"])?,
        "there is no skill in nowhere",
    );
    let rows = ["install 1.0.0 - allowed", "grant 1.0.0 timer allowed"];
    assert_eq!(audit(&home)?, rows);
    Ok(())
}

#[test]
fn what_is_wrong_with_a_folder_is_said_and_nothing_is_installed() -> Result<()> {
    let home = Home::new()?.deaf()?;
    let install = |folder: &str| home.run(["skill", "install", folder, "--yes"]);
    let sentence = |name: &str, version: &str, sentence: &str| {
        format!(
            "name: {name}\nversion: {version}\nintents:\n  go:\n    sentences: [\"{sentence}\"]\n    reply: Yes.\n"
        )
    };
    refused(&install("nowhere")?, "there is no skill in nowhere");
    fs::create_dir(home.path("empty"))?;
    refused(&install("empty")?, "there is no skill in empty");
    for (folder, text, named) in [
        (
            "name",
            sentence("../up", "1.0.0", "go up"),
            "name/skill.yaml:1",
        ),
        (
            "cyrillic",
            sentence("tеa", "1.0.0", "steep"),
            "cyrillic/skill.yaml:1",
        ),
        (
            "version",
            sentence("tea", "../../..", "steep"),
            "is no version",
        ),
        (
            "clock",
            sentence("clock", "9.0.0", "steep"),
            "comes with Loqa is called `clock`",
        ),
        (
            "yaml",
            "name: tea\nintent: {}\n".into(),
            "yaml/skill.yaml:2",
        ),
        (
            "flowers",
            sentence("tea", "1.0.0", "water {flowers}"),
            "flowers/skill.yaml:5",
        ),
        (
            "example",
            format!(
                "{}    examples: [\"something else\"]\n",
                sentence("tea", "1.0.0", "steep it")
            ),
            "something else",
        ),
    ] {
        home.write(&format!("{folder}/skill.yaml"), text)?;
        refused(&install(folder)?, named);
    }

    home.write("links/skill.yaml", sentence("tea", "1.0.0", "steep it"))?;
    symlink("/etc/passwd", home.path("links/prepare.wasm"))?;
    refused(&install("links")?, "prepare.wasm is not a plain file");
    fs::remove_file(home.path("links/prepare.wasm"))?;
    fs::File::create(home.path("links/prepare.wasm"))?.set_len((32 << 20) + 1)?;
    refused(&install("links")?, "larger than 32 MiB");
    home.write("links/prepare.wasm", "no code")?;
    refused(&install("links")?, "the code of `tea` cannot be used");
    for name in ["tea", "clock", "../up", "up"] {
        assert!(!home.path("data/skills").join(name).exists(), "{name}");
    }
    // What its code is was refused by the house, not by a person's mistake.
    assert!(audit(&home)?.contains(&"load 1.0.0 - refused".to_owned()));
    refused(&home.run(["skill", "remove", "clock"])?, "comes with Loqa");
    refused(
        &home.run(["skill", "remove", "../../tea"])?,
        "there is no skill",
    );
    refused(
        &home.run(["skill", "pin", "tea", "1.0.0"])?,
        "there is no skill",
    );
    Ok(())
}

#[test]
fn a_hub_goes_on_without_a_broken_skill_and_names_it() -> Result<()> {
    let home = Home::new()?.deaf()?;
    home.write("tea/skill.yaml", tea("1.0.0", "Three", ""))?;
    accepted(&home.run(["skill", "install", "tea", "--yes"])?);
    refused(
        &home.run(["skill", "install", "data/skills/tea/1.0.0", "--yes"])?,
        "in the folder of installed skills",
    );
    accepted(&home.run(["skill", "disable", "clock"])?);
    home.write("data/skills/tea/1.0.0/skill.yaml", "name: tea\nintent")?;
    let _hub = home.hub()?;
    let doctor = home.run(["doctor"])?;
    assert_eq!(doctor.code, Some(1), "{doctor:#?}");
    assert!(
        doctor.out.contains("the installed skill tea is left out"),
        "{doctor:#?}"
    );
    assert!(doctor.out.contains("loqa skill remove"), "{doctor:#?}");
    accepted(&home.run(["skill", "remove", "tea"])?);
    let asked = home.run(["ask", "--json", "set a timer for ten minutes"])?;
    accepted(&asked);
    Ok(())
}

/// Waits until Loqa answers so.
fn until_steeps(home: &Home, reply: &str) -> Result<()> {
    let begin = Instant::now();
    while steeps(home)? != reply {
        // 20 times the second that it may take.
        ensure!(begin.elapsed() < Duration::from_secs(20), "not “{reply}”");
    }
    Ok(())
}

#[test]
fn a_running_hub_has_what_is_installed_and_its_timers_run_on() -> Result<()> {
    const NOT_A_COMMAND: &str = "I didn't get that.";
    let home = Home::new()?.deaf()?;
    home.write("tea/skill.yaml", tea("1.0.0", "Three", ""))?;
    let _hub = home.hub()?;
    let loqa = |args: &[&str]| home.run(args);
    accepted(&loqa(&["ask", "--json", "set a timer for ten minutes"])?);
    until_steeps(&home, NOT_A_COMMAND)?;
    accepted(&loqa(&["skill", "install", "tea", "--yes"])?);
    until_steeps(&home, "Three minutes.")?;
    home.write("tea/skill.yaml", tea("1.1.0", "Four", ""))?;
    accepted(&loqa(&["skill", "install", "tea", "--yes"])?);
    until_steeps(&home, "Four minutes.")?;
    accepted(&loqa(&["skill", "rollback", "tea"])?);
    until_steeps(&home, "Three minutes.")?;

    // One that is broken where it lies goes, and comes back with its file.
    let file = "data/skills/tea/1.0.0/skill.yaml";
    let whole = fs::read(home.path(file))?;
    home.write(file, "name: tea\nintent")?;
    until_steeps(&home, NOT_A_COMMAND)?;
    home.write(file, whole)?;
    until_steeps(&home, "Three minutes.")?;

    accepted(&loqa(&["skill", "remove", "tea"])?);
    until_steeps(&home, NOT_A_COMMAND)?;
    // The timer skill's version, and what it used.
    let invoked = |row: &String| row == "invoke 1.0.0 timer allowed";
    let begin = Instant::now();
    while !whole_audit(&home)?.iter().any(invoked) {
        ensure!(begin.elapsed() < Duration::from_secs(20), "no row");
    }
    let asked = loqa(&["ask", "--json", "cancel the timer"])?.turns()?;
    assert_eq!(asked[0]["reply"], "Your 10 minute timer is cancelled.");
    Ok(())
}

#[test]
fn a_program_looks_at_a_skill_and_installs_what_it_was_shown_or_nothing() -> Result<()> {
    let home = Home::new()?.deaf()?;
    let _hub = home.hub()?;
    let program = Program::of(&home)?;
    let pack = |version: &str, permissions: &str| -> Result<Vec<u8>> {
        home.write("tea/skill.yaml", tea(version, version, permissions))?;
        accepted(&home.run(["skill", "pack", "tea", "--out", "tea.loqaskill"])?);
        Ok(fs::read(home.path("tea.loqaskill"))?)
    };
    let look =
        |file: &[u8]| program.request_of("POST", "packages", "application/octet-stream", file);
    let offer = |(status, looked): (u16, Value)| -> Result<String> {
        ensure!(status == 200, "{looked}");
        Ok(format!(
            "packages/{}",
            looked["offer"].as_str().context("no offer")?
        ))
    };
    let send = |method: &str, name: &str| program.request(method, name, &Value::Null);
    let code = |(status, answer): (u16, Value)| {
        format!("{status} {}", answer["code"].as_str().unwrap_or("-"))
    };
    let tea_now = || -> Result<Value> {
        let skills = program.get("skills")?;
        let mut skills = skills.as_array().into_iter().flatten();
        let tea = skills.find(|skill| skill["name"] == "tea");
        Ok(tea.cloned().unwrap_or_default())
    };

    let first = pack("1.0.0", "timer")?;
    let second = pack("1.1.0", "timer, list")?;
    assert_eq!(code(look(b"PK")?), "422 package");
    let declined = offer(look(&first)?)?;
    assert_eq!(code(send("DELETE", &declined)?), "204 -");
    assert_eq!(code(send("POST", &declined)?), "404 no_offer");
    assert_eq!(tea_now()?, Value::Null);

    let (first, late) = (offer(look(&first)?)?, offer(look(&second)?)?);
    assert_eq!(code(send("POST", &first)?), "204 -");
    assert_eq!(steeps(&home)?, "1.0.0 minutes.", "at once");
    assert_eq!(code(send("POST", &late)?), "409 skills_changed");
    let (_, looked) = look(&second)?;
    let new = |place: usize| &looked["permissions"][place]["new"];
    assert_eq!((new(0), new(1)), (&json!(false), &json!(true)), "{looked}");
    assert_eq!(code(send("POST", &offer((200, looked))?)?), "204 -");
    assert_eq!(steeps(&home)?, "1.1.0 minutes.");
    assert_eq!(code(send("POST", "skills/tea/rollback")?), "200 -");
    assert_eq!(steeps(&home)?, "1.0.0 minutes.");
    let changes = json!({ "pin": "1.1.0", "enabled": false });
    let off = program.send("PATCH", "skills/tea", &changes)?;
    assert_eq!(
        (&off["pinned"], &off["enabled"]),
        (&json!(true), &json!(false))
    );
    program.send("PATCH", "skills/tea", &json!({ "enabled": true }))?;

    // What is wrong with one that is here is told with it.
    home.write("data/skills/tea/1.1.0/skill.yaml", "name: tea\nintent")?;
    let begin = Instant::now();
    while tea_now()?["wrong"] == "" {
        ensure!(begin.elapsed() < Duration::from_secs(20), "nobody says so");
    }
    assert!(
        tea_now()?["help"]
            .as_str()
            .is_some_and(|help| !help.is_empty())
    );
    assert_eq!(code(send("DELETE", "skills/clock")?), "409 built_in");
    assert_eq!(code(send("DELETE", "skills/tea")?), "204 -");
    assert_eq!(tea_now()?, Value::Null);
    let rows = [
        "install 1.0.0 - refused",
        "install 1.0.0 - allowed",
        "grant 1.0.0 timer allowed",
        "upgrade 1.1.0 - allowed",
        "grant 1.1.0 list allowed",
        "rollback 1.0.0 - allowed",
        "pin 1.1.0 - allowed",
        "disable 1.1.0 - allowed",
        "enable 1.1.0 - allowed",
        "remove 1.1.0 - allowed",
    ];
    assert_eq!(audit(&home)?, rows);
    Ok(())
}
