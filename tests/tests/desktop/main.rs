//! Loqa on a desktop: its icon in the tray, notifications, and what closing the window means.
#![cfg(target_os = "linux")]

mod notifications;
mod screen;
mod tray;

use anyhow::{Result, ensure};
use loqa_tests::{
    process::until,
    program::Home,
    sound_server::Room,
    voices::{Speaker, Studio, write_wav},
    window::Desk,
};
use notifications::Notifications;
use screen::Screen;
use std::os::unix::net::UnixStream;
use tray::Tray;

/// What X calls the keys.
const CONTROL: u32 = 0xffe3;
const ALT: u32 = 0xffe9;
const SPACE: u32 = 0x20;

#[test]
fn loqa_lives_on_in_the_tray_and_tells_there_how_it_is() -> Result<()> {
    let Some(desk) = Desk::open()? else {
        return Ok(());
    };
    let (tray, notifications) = (Tray::open(desk.bus())?, Notifications::open(desk.bus())?);
    let screen = Screen::of(desk.display())?;
    let home = Home::new()?.deaf()?;
    let mut window = desk.window(&home).spawn()?;
    let icon = tray.icon()?;
    let is = |mood: &str| until(mood, || icon.mood().is_ok_and(|is| is == mood));
    is("Does not listen: the settings say so")?;
    ensure!(!icon.picture()?.is_empty());
    until("the window", || screen.shows_window())?;

    screen.close_window()?;
    notifications.shows("Loqa is in the tray")?;
    until("the window is hidden", || !screen.shows_window())?;

    // The hub goes on.
    home.run(["ask", "set a pizza timer for one second"])?;
    notifications.shows("Timer: pizza | The time is up.")?;
    home.run(["ask", "stop"])?;
    notifications.shows("closed 2")?;
    home.run(["people", "add", "Ada", "--role", "owner"])?;
    home.run_with_input(["people", "pin", "Ada"], b"1815\n")?;
    home.run(["ask", "unlock the front door", "never mind"])?;
    notifications.shows("Loqa asks for a PIN | Say it, or type it in the window.")?;
    notifications.shows("closed 3")?;

    icon.touch("Start with the computer")?;
    let entry = home.path("config/autostart/loqa.desktop");
    until("it starts with the computer", || entry.exists())?;
    let off = desk.window(&home).args(["--autostart", "off"]).status()?;
    ensure!(off.success() && !entry.exists());
    icon.touch("Open Loqa")?;
    until("the window", || screen.shows_window())?;
    icon.touch("Quit")?;
    ensure!(window.wait()?.code() == Some(0));
    ensure!(!home.path("data/loqa.sock").exists());
    Ok(())
}

#[test]
fn the_tray_speaks_the_language_of_the_desktop() -> Result<()> {
    let Some(desk) = Desk::open()? else {
        return Ok(());
    };
    let tray = Tray::open(desk.bus())?;
    let home = Home::new()?.deaf()?;
    let mut window = desk.window(&home);
    let mut window = window.env("LANGUAGE", "de").spawn()?;
    let icon = tray.icon()?;
    // The end of it is a sentence of the hub.
    let told = "Hört nicht zu: so eingestellt";
    until(told, || icon.mood().is_ok_and(|is| is == told))?;
    icon.touch("Beenden")?;
    ensure!(window.wait()?.code() == Some(0));
    Ok(())
}

#[test]
fn where_there_is_no_tray_closing_the_window_ends_it() -> Result<()> {
    let Some(desk) = Desk::open()? else {
        return Ok(());
    };
    let screen = Screen::of(desk.display())?;
    let home = Home::new()?.deaf()?;
    let mut window = desk.window(&home).spawn()?;
    let socket = home.path("data/loqa.sock");
    until("the hub inside answers", || {
        UnixStream::connect(&socket).is_ok()
    })?;
    until("the window", || screen.shows_window())?;
    screen.close_window()?;
    ensure!(window.wait()?.code() == Some(0));
    ensure!(!socket.exists());
    Ok(())
}

/// With the hub inside, which ends with it, and beside.
#[test]
fn a_window_that_closes_in_the_middle_of_a_reply_loses_nothing_of_it() -> Result<()> {
    const LAMP: &str = "//*[@data-id='desk_lamp'][contains(concat(' ', @class, ' '), ' on ')]";
    const TIMER: &str = "//*[contains(@class, 'timer')][contains(., 'Pizza')]";
    for beside in [false, true] {
        // Two: on the same, the next window would find the one that is still ending.
        let (Some(desk), Some(next)) = (Desk::open()?, Desk::open()?) else {
            return Ok(());
        };
        let screen = Screen::of(desk.display())?;
        let home = Home::new()?;
        let file = home.path("command.wav").display().to_string();
        let text = "turn on the desk lamp and set a pizza timer for ten minutes";
        ensure!(home.run(["say", text, "--out", &file])?.code == Some(0));
        let hub = beside.then(|| home.hub()).transpose()?;
        let window = desk.use_window(&home)?;
        window.see("//*[@data-id='desk_lamp']")?;
        let mut asking = home.command(["ask", "--wav", &file]).spawn()?;
        window.see("//*[@data-mood='speaking']")?;
        screen.close_window()?;
        until("the window is gone", || !screen.shows_window())?;
        // A hub beside answers to the end; one that goes may hang up on whoever asked.
        ensure!(asking.wait()?.success() || !beside);
        let socket = home.path("data/loqa.sock");
        until("the hub has ended", || beside || !socket.exists())?;
        drop(window);

        let window = next.use_window(&home)?;
        window.see(LAMP)?;
        window.see(TIMER)?;
        window.see("/html/body[not(.//*[@data-mood='speaking'])]")?;
        if let Some(hub) = hub {
            window.touch("//nav//a[@href='/sessions']")?;
            window.see("//*[contains(@class, 'turns')]//li[contains(., 'pizza timer')]")?;
            drop(window);
            ensure!(hub.interrupt()? == Some(0));
        }
    }
    Ok(())
}

#[test]
fn a_key_pressed_anywhere_calls_it_and_the_tray_mutes_it() -> Result<()> {
    let (Some(desk), Some(room)) = (Desk::open()?, Room::new()?) else {
        eprintln!("skipped: there is no screen for tests, or no sound server");
        return Ok(());
    };
    let tray = Tray::open(desk.bus())?;
    let screen = Screen::of(desk.display())?;
    let home = Home::new()?;
    let mut window = desk.window(&home);
    room.let_in(&mut window)
        .env("DBUS_SESSION_BUS_ADDRESS", desk.bus())
        .env("LOQA_LISTEN_MICROPHONE", "default");
    let mut window = window.spawn()?;
    let icon = tray.icon()?;
    let is = |mood: &str| until(mood, || icon.mood().is_ok_and(|is| is == mood));
    is("Waits to be called")?;
    let muted = || -> Result<bool> {
        let menu = icon.menu()?;
        Ok(menu.iter().any(|item| item.text == "Mute" && item.checked))
    };
    icon.touch("Mute")?;
    is("Muted")?;
    ensure!(muted()?);
    icon.touch("Mute")?;
    is("Waits to be called")?;
    ensure!(!muted()?);

    // While it is held, and no longer.
    let waiting = icon.picture()?;
    let keys = [CONTROL, ALT, SPACE];
    screen.keys(true, &keys)?;
    is("Listens")?;
    let clip = Studio::in_folder(home.path("voices"))?;
    let clip = clip.speak(Speaker::Flite("rms"), "turn on the kitchen lights")?;
    let file = home.path("command.wav");
    write_wav(&file, &clip.framed(300, 0).samples)?;
    room.say(&file)?;
    screen.keys(false, &keys)?;
    is("Speaks")?;
    ensure!(icon.picture()? != waiting, "it is drawn otherwise");
    is("Waits to be called")?;

    // What the desktop's own settings may run for a key, where no program hears any.
    let press = || -> Result<()> {
        let mut press = desk.window(&home);
        ensure!(press.arg("--push-to-talk").status()?.success());
        Ok(())
    };
    press()?;
    is("Listens")?;
    press()?;
    is("Waits to be called")?;
    icon.touch("Quit")?;
    ensure!(window.wait()?.code() == Some(0));
    Ok(())
}
