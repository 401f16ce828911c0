//! macOS, through Homebrew.

use super::Package;
use crate::command::{Failed, installed, note, program, quiet, run};
use std::process::Command;

/// Installs the formulae that Homebrew does not list.
///
/// # Errors
/// [`Failed`] with what to type if there is no Homebrew or it cannot install a needed formula.
pub fn ensure<'a>(wanted: impl Iterator<Item = &'a Package>) -> Result<(), Failed> {
    if !installed("brew") {
        return Err(Failed {
            step: "setup".into(),
            reason: "Homebrew is not installed".into(),
            remedy: "install it as https://brew.sh says, then repeat this command".into(),
            code: 1,
        });
    }
    let listed = quiet(Command::new("brew").args(["list", "--formula", "-1"])).unwrap_or_default();
    // A versioned formula (`python@3.13`) serves as well.
    let has = |name: &str| {
        listed
            .lines()
            .any(|line| line.split('@').next() == Some(name))
    };
    let missing: Vec<(&str, bool)> = wanted
        .filter_map(|package| Some((package.brew?, package.needed)))
        .filter(|(name, _)| !has(name))
        .collect();
    if missing.is_empty() {
        note("setup", "Homebrew formulae: all there");
    }
    for (name, needed) in missing {
        note("setup", &format!("installing {name}"));
        let result = run(
            "setup",
            program("brew").args(["install", "--quiet", name]),
            &format!("type: brew install {name}"),
        );
        match result {
            Err(failed) if !needed => {
                note("setup", &format!("skipped: {name} ({})", failed.reason))
            }
            other => other?,
        }
    }
    Ok(())
}
