//! The dashboard in a real browser, with a real hub: `tests/browser/dashboard.mjs` tells the story.

use anyhow::{Context, Result, ensure};
use loqa_tests::program::Home;
use std::{env, path::Path, process::Command};

/// Where Debian and others keep it.
const CHROMIUM: [&str; 2] = ["/usr/bin/chromium", "/usr/bin/chromium-browser"];

#[test]
fn a_person_sees_and_commands_the_house() -> Result<()> {
    let hub = Home::new()?.command(["hub"]);
    let ui = Path::new(hub.get_program()).with_file_name("ui");
    let chromium = CHROMIUM.into_iter().find(|path| Path::new(path).exists());
    let (Some(installed), Some(chromium)) = (env::var_os("LOQA_BROWSER"), chromium) else {
        eprintln!("skipped: `cargo xtask setup` installs what drives a browser");
        return Ok(());
    };
    if !ui.join("index.html").exists() {
        eprintln!("skipped: `cargo xtask test` builds the dashboard");
        return Ok(());
    }
    let home = Home::new()?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser/dashboard.mjs");
    let mut node = Command::new("node");
    for (name, value) in home.command(["hub"]).get_envs() {
        match value {
            Some(value) => node.env(name, value),
            None => node.env_remove(name),
        };
    }
    let status = node
        .arg(script)
        .env("LOQA_BIN", hub.get_program())
        .env("LOQA_DATA", home.path("data"))
        .env("LOQA_BROWSER", installed)
        .env("LOQA_CHROMIUM", chromium)
        .status()
        .context("node cannot be started")?;
    ensure!(status.success(), "the lines above say what went wrong");
    Ok(())
}
