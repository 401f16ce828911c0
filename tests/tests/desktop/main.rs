//! Loqa on a desktop: its icon in the tray, notifications, and what closing the window means.
#![cfg(target_os = "linux")]

mod notifications;
mod screen;
mod tray;

use anyhow::{Result, ensure};
use loqa_tests::{
    program::Home,
    window::{Desk, until},
};
use notifications::Notifications;
use screen::Screen;
use std::os::unix::net::UnixStream;
use tray::Tray;

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

    ensure!(icon.menu()?.iter().all(|item| !item.checked), "not muted");
    icon.touch("Open Loqa")?;
    until("the window", || screen.shows_window())?;
    icon.touch("Quit")?;
    ensure!(window.wait()?.code() == Some(0));
    ensure!(!home.path("data/loqa.sock").exists());
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
