//! `cargo xtask deny`: licences, sources and advisories by cargo-deny.
//!
//! Not part of `test`: it needs the advisory database, and a tidy test checks the licences.

use crate::{
    command::{cargo, installed, note, program, quiet, run as run_command},
    place,
};

/// Installs cargo-deny into the cache if there is none, then checks against `deny.toml`: advisories
/// only where their database can be fetched.
///
/// # Errors
/// It cannot be installed, or finds something.
pub fn run() -> anyhow::Result<()> {
    let own = place::cache().join("tools");
    let own_program = own.join("bin/cargo-deny");
    let deny = if installed("cargo-deny") {
        "cargo-deny".into()
    } else {
        own_program.clone()
    };
    if deny == own_program && !own_program.is_file() {
        note("setup", "cargo-deny (takes several minutes, once)");
        let mut install = cargo();
        install
            .args(["install", "--quiet", "--locked", "cargo-deny", "--root"])
            .arg(&own);
        run_command(
            "setup",
            &mut install,
            "or install cargo-deny yourself: https://github.com/EmbarkStudios/cargo-deny",
        )?;
    }
    let check = |what: &[&str]| {
        run_command(
            "deny",
            program(&deny).args(["--locked", "check"]).args(what),
            "the lines above name the crate; exceptions go into deny.toml, with a reason",
        )
    };
    check(&["bans", "licenses", "sources"])?;
    // Elsewhere than the crates come from, and nowhere without internet.
    if quiet(program(&deny).args(["fetch", "db"])).is_none() {
        note(
            "deny",
            "advisories were not looked at: their database cannot be fetched; is there internet?",
        );
        return Ok(());
    }
    check(&["advisories"])?;
    Ok(())
}
