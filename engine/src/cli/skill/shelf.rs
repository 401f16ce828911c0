//! Where installed skills are, for the commands that change what counts.

use super::problem;
use crate::{
    cli::{Common, output},
    config::Config,
    skills::{Held, Installed, Machine, Registry},
    store::{Audit, Deed, Note},
};
use loqa_protocol::Problem;
use serde_json::{Value, json};
use std::{io, process::ExitCode};

/// The skills of one data folder.
pub struct Shelf {
    /// What the household has set.
    pub config: Config,
    /// What is installed.
    pub installed: Installed,
    audit: Audit,
}

impl Shelf {
    /// The one that the command line and the settings name.
    pub fn of(common: &Common) -> Result<Shelf, Problem> {
        let config = Config::load(&common.flags())?;
        Ok(Shelf {
            installed: Installed::in_folder(&config.hub.data),
            audit: Audit::in_folder(&config.hub.data),
            config,
        })
    }

    /// What runs its skills.
    pub fn machine(&self) -> Machine {
        let data = &self.config.hub.data;
        Machine::beside(data).with_installed(data)
    }

    /// The skills that a hub on it would have.
    pub fn registry(&self) -> Result<Registry, Problem> {
        Ok(Registry::load(
            &self.config.hub.skills,
            None,
            &self.machine(),
        )?)
    }

    /// Keeps other commands from changing it.
    pub fn hold(&self) -> Result<Held, Problem> {
        self.installed.hold().map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => problem(
                "busy",
                "another command is changing the installed skills".into(),
                "wait until it has ended, or answer what it asks",
            ),
            _ => self.disk(&error),
        })
    }

    /// A row for what is about to be done.
    pub fn note<'n>(&self, deed: Deed, skill: &'n str, version: &'n str) -> Note<'n> {
        Note {
            deed,
            skill,
            version,
            permission: None,
            allowed: true,
        }
    }

    /// Writes rows down before what they tell is done: nothing is done that nobody can look up.
    pub fn write_down(&self, notes: &[Note<'_>]) -> Result<(), Problem> {
        Ok(self.audit.write(notes)?)
    }

    /// Writes down that something was not done after all.
    pub fn refused(&self, deed: Deed, skill: &str, version: &str) {
        self.audit.refused(deed, skill, version, None);
    }

    /// Whether what was written down took place.
    pub fn done(
        &self,
        deed: Deed,
        skill: &str,
        version: &str,
        outcome: io::Result<()>,
    ) -> Result<(), Problem> {
        outcome.map_err(|error| {
            self.refused(deed, skill, version);
            self.disk(&error)
        })
    }

    /// The disk will not have it.
    pub fn disk(&self, error: &io::Error) -> Problem {
        problem(
            "disk",
            format!("cannot write {}: {error}", self.installed.path().display()),
            "nothing was changed: free some space, and see who may write there",
        )
    }

    /// Tells what came of it. A hub that is running follows by itself.
    pub fn said(common: &Common, words: &str, document: &Value) -> ExitCode {
        if common.json {
            output::print_json(document);
        } else {
            output::print_line(words);
        }
        ExitCode::SUCCESS
    }

    /// Prints what was written down, oldest first.
    pub fn print_audit(&self, common: &Common) -> Result<ExitCode, Problem> {
        for entry in self.audit.read()? {
            if common.json {
                output::print_json(&json!(entry));
                continue;
            }
            let at = jiff::Timestamp::from_millisecond(entry.at_ms).unwrap_or_default();
            let at = at.to_zoned(jiff::tz::TimeZone::system());
            let line = format!(
                "{}  {:<8} {:<9} {} {} {}",
                at.strftime("%Y-%m-%d %H:%M:%S"),
                entry.decision,
                entry.what,
                entry.skill,
                entry.version,
                entry.permission.unwrap_or_default()
            );
            output::print_line(line.trim_end());
        }
        Ok(ExitCode::SUCCESS)
    }
}
