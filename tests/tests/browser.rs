//! The dashboard in a real browser, with a real hub: `tests/browser/dashboard.mjs` tells the story.

use anyhow::{Context, Result, ensure};
use loqa_tests::{browser::Browser, program::Home};

#[test]
fn a_person_sees_and_commands_the_house() -> Result<()> {
    let home = Home::new()?;
    let Some(browser) = Browser::find(&home) else {
        return Ok(());
    };
    let status = browser.script("dashboard.mjs", &home).status();
    let status = status.context("node cannot be started")?;
    ensure!(status.success(), "the lines above say what went wrong");
    Ok(())
}
