//! Loqa's own window, with the hub inside and beside it.

use anyhow::{Result, ensure};
use loqa_tests::{process::until, program::Home, window::Desk};
use std::{fs, os::unix::net::UnixStream, process::Command};

const SAY: &str = "//form[contains(@class, 'say')]//input";

fn reply(text: &str) -> String {
    format!("//p[@class='reply'][contains(., '{text}')]")
}

fn tile(id: &str, on: bool) -> String {
    let is_on = "contains(concat(' ', @class, ' '), ' on ')";
    let is = if on { is_on } else { &format!("not({is_on})") };
    format!("//*[@data-id='{id}'][{is}]")
}

#[test]
fn a_person_commands_the_house_in_the_window() -> Result<()> {
    let Some(desk) = Desk::open()? else {
        return Ok(());
    };
    let home = Home::new()?.deaf()?;
    let window = desk.use_window(&home)?;
    window.see(&tile("kitchen_lights", false))?;
    window.type_into(SAY, "turn on the kitchen light")?;
    window.see(&reply("kitchen lights are on"))?;
    window.see(&tile("kitchen_lights", true))?;
    window.touch("//button[normalize-space()='Undo']")?;
    window.see(&tile("kitchen_lights", false))?;

    // It is one house: others reach the same hub, and the window shows what they do.
    let told = home.run(["ask", "turn on the desk lamp"])?;
    ensure!(told.code == Some(0), "{}", told.err);
    window.see(&tile("desk_lamp", true))?;

    // Every page is here; none asks to sign out who never signed in. One that is loaded anew, for
    // its language, is connected anew.
    window.touch("//nav//a[@href='/system']")?;
    window.see("//ul[@class='checks']/li")?;
    window.see("/html/body[not(.//button[normalize-space()='Sign out'])]")?;
    window.touch("//select/option[@value='de']")?;
    window.see("//html[@lang='de']//ul[@class='checks']/li")?;

    // Whatever got into the page would get no further.
    for (attempt, refusal) in [
        (
            "window.__TAURI__.core.invoke('plugin:window|close', { label: 'main' })",
            "not allowed",
        ),
        (
            "new Promise((_, refuse) => {
                addEventListener('securitypolicyviolation', (it) => refuse(it.effectiveDirective));
                fetch('http://127.0.0.1:9/').catch(() => {});
            })",
            "connect-src",
        ),
    ] {
        let script = format!("{attempt}.then(() => done('it may'), (why) => done(String(why)))");
        let answer = window.script(&script)?;
        ensure!(
            answer
                .as_str()
                .is_some_and(|answer| answer.contains(refusal)),
            "{attempt}: {answer}"
        );
    }
    Ok(())
}

#[test]
fn the_window_ends_with_its_own_hub_and_without_that_of_others() -> Result<()> {
    let Some(desk) = Desk::open()? else {
        return Ok(());
    };
    let home = Home::new()?.deaf()?;
    let socket = home.path("data/loqa.sock");
    let mut window = desk.window(&home).spawn()?;
    until("the hub inside answers", || {
        UnixStream::connect(&socket).is_ok()
    })?;
    // Once more brings the first to the front, and ends.
    ensure!(desk.window(&home).status()?.success());
    let id = window.id().to_string();
    ensure!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()?
            .success()
    );
    ensure!(window.wait()?.code() == Some(0));
    ensure!(!socket.exists(), "the hub was not ended but lost");
    let kept = home.path("config/loqa.desktop/.window-state.json");
    ensure!(kept.exists(), "it remembers its size and place");

    let hub = home.hub()?;
    let window = desk.use_window(&home)?;
    window.see(&tile("desk_lamp", false))?;
    // As a power cut would end it.
    drop(hub);
    window.see("//p[@class='offline']")?;
    let hub = home.hub()?;
    window.see("/html/body[not(.//p[@class='offline'])]")?;
    window.type_into(SAY, "turn on the kitchen light")?;
    window.see(&reply("kitchen lights are on"))?;
    drop(window);
    ensure!(home.run(["ask", "turn on the desk lamp"])?.code == Some(0));
    ensure!(hub.interrupt()? == Some(0));
    Ok(())
}

#[test]
fn a_hub_that_cannot_start_says_why_and_starts_once_that_is_mended() -> Result<()> {
    let Some(desk) = Desk::open()? else {
        return Ok(());
    };
    let home = Home::new()?.deaf()?;
    let settings = home.write("config/loqa/loqa.toml", "[timers]\nring_minutes = 1\n")?;
    let window = desk.use_window(&home)?;
    window.see("//*[@role='alert'][contains(., 'ring_minutes')]")?;
    fs::write(settings, "[timers]\nring_min = 1\n")?;
    window.see(&tile("desk_lamp", false))?;
    window.see("/html/body[not(.//*[@role='alert']//p)]")
}
