//! Debian, Ubuntu and their kin.

use super::Package;
use crate::command::{Failed, note, program, quiet, run_quietly};
use std::{
    collections::HashSet,
    process::{Command, Stdio},
};

/// Installs the packages that dpkg does not know as installed.
///
/// # Errors
/// [`Failed`] with what to type if there is no right to install what is needed, or it cannot be had.
pub fn ensure<'a>(wanted: impl Iterator<Item = &'a Package>) -> Result<(), Failed> {
    let wanted: Vec<&Package> = wanted.collect();
    let there = installed(&wanted);
    let missing: Vec<&Package> = wanted
        .iter()
        .copied()
        .filter(|package| !there.contains(package.apt))
        .collect();
    if missing.is_empty() {
        note("setup", "system packages: all there");
        return Ok(());
    }
    let mut apt = match Apt::new(&names(&missing)) {
        Err(failed) if !missing.iter().any(|package| package.needed) => {
            let Failed { reason, remedy, .. } = failed;
            note("setup", &format!("skipped: {reason}\n         {remedy}"));
            return Ok(());
        }
        apt => apt?,
    };
    apt.know(&missing)?;
    let (needed, others): (Vec<&Package>, Vec<&Package>) =
        missing.into_iter().partition(|package| package.needed);
    apt.install(&names(&needed))?;
    if apt.install(&names(&others)).is_err() {
        // One of them cannot be had: find out which, and take the others.
        for package in others {
            if let Err(failed) = apt.install(&[package.apt]) {
                note(
                    "setup",
                    &format!("skipped: {} ({})", package.apt, failed.reason),
                );
            }
        }
    }
    Ok(())
}

/// Which of them dpkg has installed.
fn installed(wanted: &[&Package]) -> HashSet<String> {
    let mut query = Command::new("dpkg-query");
    query
        .args(["--show", "--showformat=${Package} ${db:Status-Status}\n"])
        .args(names(wanted));
    // Exits 1 when one of them is unknown, and still lists the others.
    let listed = query
        .stderr(Stdio::null())
        .output()
        .map(|output| output.stdout)
        .unwrap_or_default();
    let listed = String::from_utf8_lossy(&listed).into_owned();
    listed
        .lines()
        .filter_map(|line| line.strip_suffix(" installed"))
        .map(str::to_owned)
        .collect()
}

fn names<'a>(packages: &[&'a Package]) -> Vec<&'a str> {
    packages.iter().map(|package| package.apt).collect()
}

/// The right to install, and whether the lists are fresh.
struct Apt {
    sudo: bool,
    updated: bool,
    by_hand: String,
}

impl Apt {
    fn new(missing: &[&str]) -> Result<Self, Failed> {
        let by_hand = format!(
            "type: sudo apt-get update && sudo apt-get install --no-install-recommends {}",
            missing.join(" ")
        );
        let root = quiet(Command::new("id").arg("-u")).is_some_and(|id| id.trim() == "0");
        let sudo = !root && quiet(Command::new("sudo").args(["-n", "true"])).is_some();
        if root || sudo {
            return Ok(Self {
                sudo,
                updated: false,
                by_hand,
            });
        }
        Err(Failed {
            step: "setup".into(),
            reason: format!(
                "missing: {}; installing needs the administrator's rights",
                missing.join(", ")
            ),
            remedy: format!("{by_hand}\n         then repeat this command"),
            code: 1,
        })
    }

    /// Fetches the lists of packages if one of `packages` is not on them.
    fn know(&mut self, packages: &[&Package]) -> Result<(), Failed> {
        let policy = quiet(
            Command::new("apt-cache")
                .arg("policy")
                .args(names(packages))
                .env("LC_ALL", "C"),
        );
        let known = policy.unwrap_or_default().matches("Candidate: ").count();
        if known < packages.len() {
            self.update()
        } else {
            Ok(())
        }
    }

    fn update(&mut self) -> Result<(), Failed> {
        self.updated = true;
        note("setup", "fetching the lists of packages (apt-get update)");
        run_quietly("setup", self.get().args(["update", "-qq"]), &self.by_hand)
    }

    fn install(&mut self, names: &[&str]) -> Result<(), Failed> {
        if names.is_empty() {
            return Ok(());
        }
        note("setup", &format!("installing {}", names.join(" ")));
        let result = self.try_install(names);
        if result.is_ok() || self.updated {
            return result;
        }
        // Old lists name files that the mirror no longer has.
        self.update()?;
        self.try_install(names)
    }

    fn try_install(&self, names: &[&str]) -> Result<(), Failed> {
        let mut command = self.get();
        // Nothing of the person's is removed to make room, such as another sound server.
        command
            .args([
                "install",
                "-qq",
                "--yes",
                "--no-install-recommends",
                "--no-remove",
            ])
            .args(names);
        run_quietly("setup", &mut command, &self.by_hand)
    }

    fn get(&self) -> Command {
        let mut command = program(if self.sudo { "sudo" } else { "env" });
        if self.sudo {
            command.args(["-n", "env"]);
        }
        // Another package manager may be at work on a machine that has just started: wait for it.
        command.args([
            "DEBIAN_FRONTEND=noninteractive",
            "apt-get",
            "-o",
            "DPkg::Lock::Timeout=120",
            "-o",
            "Dpkg::Use-Pty=0",
        ]);
        command
    }
}
