//! Everything that `/api/v1` says of itself holds, whatever is sent to it: schemathesis reads its
//! description and asks what nobody would.

use anyhow::{Context, Result, ensure};
use loqa_tests::{
    api::Program,
    program::{Home, Hub},
};
use std::{
    env,
    path::Path,
    process::{Command, Stdio},
};

/// Requests that are made up for each route, beside those that stand at the borders of what it
/// takes: some hundreds in all.
const EXAMPLES: &str = "25";

#[test]
fn every_answer_is_one_that_the_description_promises() -> Result<()> {
    let python = env::var_os("LOQA_PYTHON");
    let schemathesis = python.map(|python| Path::new(&python).with_file_name("schemathesis"));
    let Some(schemathesis) = schemathesis.filter(|program| program.exists()) else {
        eprintln!("skipped: `cargo xtask setup` installs schemathesis, where there is Python");
        return Ok(());
    };
    let home = Home::new()?.deaf()?.mute()?;
    let mut hub = home.command(["hub"]);
    // Nobody outside is asked for a model.
    hub.env("LOQA_MODELS_FROM", home.path("models"));
    let hub = Hub::start(hub)?;
    let Program { host, token } = Program::of(&home)?;
    let output = Command::new(schemathesis)
        .current_dir(home.path(""))
        .arg("run")
        .arg(format!("http://{host}/api/v1/openapi.json"))
        .args(["--header", &format!("Authorization: Bearer {token}")])
        // What is no WebSocket is refused there, and schemathesis opens none.
        .args(["--exclude-path", "/api/v1/events"])
        .args(["--phases", "examples,coverage,fuzzing", "--checks", "all"])
        // A household has rules that no schema says, such as that no two devices have one name.
        .args(["--exclude-checks", "positive_data_acceptance"])
        .args(["--seed", "1", "--max-examples", EXAMPLES])
        .args(["--generation-database", "none", "--no-shrink", "--no-color"])
        .stdin(Stdio::null())
        .output()
        .context("schemathesis cannot be started")?;
    let told = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{told}");
    ensure!(hub.interrupt()? == Some(0), "the hub is as well as before");
    Ok(())
}
