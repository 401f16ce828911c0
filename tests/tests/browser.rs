//! The dashboard in a real browser, with a real hub; the stories are in `tests/browser`.

use anyhow::{Context, Result, ensure};
use loqa_tests::{browser::Browser, program::Home};

#[test]
fn a_person_sees_and_commands_the_house() -> Result<()> {
    tell("dashboard.mjs")
}

#[test]
fn what_people_of_ill_will_write_and_say_stays_text() -> Result<()> {
    tell("hostile.mjs")
}

#[test]
fn a_programmer_reads_about_the_api_and_tries_it() -> Result<()> {
    tell("api.mjs")
}

#[test]
fn a_person_fetches_models_from_a_place_that_is_not_always_right() -> Result<()> {
    tell("models.mjs")
}

#[test]
fn a_household_sees_what_leaves_its_house_and_seals_it() -> Result<()> {
    tell("privacy.mjs")
}

#[test]
fn a_household_keeps_what_is_said_finds_it_and_forgets_it() -> Result<()> {
    tell("kept.mjs")
}

#[test]
fn an_owner_decides_who_may_do_what() -> Result<()> {
    tell("people.mjs")
}

#[test]
fn a_machine_is_paired_in_front_of_the_page_and_becomes_one_of_the_household() -> Result<()> {
    tell("nodes.mjs")
}

#[test]
fn a_screen_in_another_room_shows_the_house_without_anybody_signing_in() -> Result<()> {
    tell("display.mjs")
}

fn tell(story: &str) -> Result<()> {
    let home = Home::new()?;
    let Some(browser) = Browser::find(&home) else {
        return Ok(());
    };
    let status = browser.script(story, &home).status();
    let status = status.context("node cannot be started")?;
    ensure!(status.success(), "the lines above say what went wrong");
    Ok(())
}
