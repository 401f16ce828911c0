//! The skills of one household, and who may change what counts: the command line and the dashboard do
//! it through this alone. What is done is written down before it is done.

mod known;
mod offer;
mod set;

pub use known::{From, Known, known};
pub use offer::{Looked, Offer};

use super::{Current, Held, Installed, Machine, Registry, RegistryError, installed_manifest};
use crate::{
    config::Config,
    store::{Audit, Deed, Entry, Note},
};
use loqa_core::manifest::FileError;
use loqa_protocol::Problem;
use std::{io, path::PathBuf};

/// The skills of one data folder.
pub struct Shelf {
    folders: Vec<PathBuf>,
    data: PathBuf,
    installed: Installed,
    audit: Audit,
}

impl Shelf {
    /// Those of the settings.
    pub fn of(config: &Config) -> Shelf {
        let data = &config.hub.data;
        Shelf {
            folders: config.hub.skills.clone(),
            data: data.clone(),
            installed: Installed::in_folder(data),
            audit: Audit::in_folder(data),
        }
    }

    /// Every skill that is here.
    ///
    /// # Errors
    /// What is wrong in a folder, all of it.
    pub fn all(&self) -> Result<Vec<Known>, Problem> {
        Ok(known(&self.registry()?, &self.installed)?)
    }

    /// One of them.
    ///
    /// # Errors
    /// As [`Shelf::all`]; there is none of this name.
    pub fn find(&self, name: &str) -> Result<Known, Problem> {
        let mut known = self.all()?;
        match known.iter().position(|skill| skill.name == name) {
            Some(place) => Ok(known.swap_remove(place)),
            None => {
                let names: Vec<&str> = known.iter().map(|skill| skill.name.as_str()).collect();
                Err(problem(
                    "no_skill",
                    format!("there is no skill `{name}` here"),
                    &format!("name one of these: {}", names.join(", ")),
                ))
            }
        }
    }

    /// Has one count no more, or again; whether that is something else than before.
    ///
    /// # Errors
    /// There is none; it is in a folder; the disk will not have it.
    pub fn switch(&self, name: &str, on: bool) -> Result<bool, Problem> {
        let held = self.hold()?;
        let skill = self.find(name)?;
        if skill.from == From::Folder {
            let help = "take it out of that folder, or out of `hub.skills`";
            return Err(in_a_folder(name, help));
        }
        if skill.current.disabled != on {
            return Ok(false);
        }
        let deed = if on { Deed::Enable } else { Deed::Disable };
        let version = skill.version();
        self.write_down(&[note(deed, name, &version)])?;
        let current = Current {
            disabled: !on,
            ..skill.current
        };
        let saved = if on && current == Current::default() {
            held.unset(name)
        } else {
            held.set(name, &current)
        };
        self.done(deed, name, &version, saved)?;
        Ok(true)
    }

    /// Has a version of one count from now on, whatever is installed later; or, as `latest`, its latest,
    /// and later ones. What counts then.
    ///
    /// # Errors
    /// There is none; it was not installed; the version cannot be read; the disk will not have it.
    pub fn pin(&self, name: &str, version: &str) -> Result<Current, Problem> {
        let held = self.hold()?;
        let skill = self.find_installed(name)?;
        let latest = version == "latest";
        let mut versions = skill.versions.iter();
        let wanted = versions.rfind(|known| latest || *known == version);
        let wanted = wanted.ok_or_else(|| {
            problem(
                "no_version",
                format!("there is no version {version} of `{name}` here"),
                &format!("name one of these: {}, latest", skill.versions.join(", ")),
            )
        })?;
        self.choose(&held, &skill, Deed::Pin, wanted, !latest)
    }

    /// Has the version before count. What counts then.
    ///
    /// # Errors
    /// As [`Shelf::pin`]; there is none before.
    pub fn rollback(&self, name: &str) -> Result<Current, Problem> {
        let held = self.hold()?;
        let skill = self.find_installed(name)?;
        let Some(before) = skill.before() else {
            return Err(problem(
                "no_version",
                format!(
                    "there is no version of `{name}` before {}",
                    skill.current.version
                ),
                "`loqa skill disable` has it count no more, `loqa skill remove` takes it away",
            ));
        };
        self.choose(&held, &skill, Deed::Rollback, before, skill.current.pinned)
    }

    fn choose(
        &self,
        held: &Held,
        skill: &Known,
        deed: Deed,
        version: &str,
        pinned: bool,
    ) -> Result<Current, Problem> {
        let current = Current {
            version: version.into(),
            pinned,
            disabled: skill.current.disabled,
        };
        let manifest = installed_manifest(&self.installed, &skill.name, &current);
        manifest.map_err(|reason| {
            problem(
                "skill",
                reason,
                "choose another version: `loqa skill info NAME` tells which there are",
            )
        })?;
        self.write_down(&[note(deed, &skill.name, version)])?;
        let saved = held.set(&skill.name, &current);
        self.done(deed, &skill.name, version, saved)?;
        Ok(current)
    }

    /// Takes one away with all its versions; which these were.
    ///
    /// # Errors
    /// There is none; it was not installed; some of it could not be removed.
    pub fn remove(&self, name: &str) -> Result<Vec<String>, Problem> {
        let held = self.hold()?;
        let skill = self.find_installed(name)?;
        let version = skill.version();
        self.write_down(&[note(Deed::Remove, name, &version)])?;
        self.done(Deed::Remove, name, &version, held.remove(name))?;
        Ok(skill.versions)
    }

    /// The newest rows of what was installed, granted and refused, oldest first: so many at most.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn audit(&self, most: usize) -> Result<Vec<Entry>, Problem> {
        Ok(self.audit.latest(most)?)
    }

    /// One that was installed.
    fn find_installed(&self, name: &str) -> Result<Known, Problem> {
        let skill = self.find(name)?;
        match skill.from {
            From::Installed => Ok(skill),
            From::Folder => Err(in_a_folder(name, "change that folder itself")),
            From::Loqa => Err(problem(
                "built_in",
                format!("`{name}` comes with Loqa, and is as old as it"),
                "`loqa skill disable` has it count no more",
            )),
        }
    }

    /// What runs its skills, apart from what runs them for a hub.
    fn machine(&self) -> Machine {
        Machine::beside(&self.data).with_installed(&self.data)
    }

    /// The skills that a hub on it would have.
    fn registry(&self) -> Result<Registry, RegistryError> {
        Registry::load(&self.folders, None, &self.machine())
    }

    /// Keeps others from changing it.
    fn hold(&self) -> Result<Held, Problem> {
        self.installed.hold().map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => problem(
                "busy",
                "somebody else is changing the installed skills".into(),
                "wait until that has ended, or answer what it asks",
            ),
            _ => self.disk(&error),
        })
    }

    /// Writes rows down before what they tell is done: nothing is done that nobody can look up.
    fn write_down(&self, notes: &[Note<'_>]) -> Result<(), Problem> {
        Ok(self.audit.write(notes)?)
    }

    /// Whether what was written down took place.
    fn done(
        &self,
        deed: Deed,
        skill: &str,
        version: &str,
        outcome: io::Result<()>,
    ) -> Result<(), Problem> {
        outcome.map_err(|error| {
            self.audit.refused(deed, skill, version, None);
            self.disk(&error)
        })
    }

    /// The disk will not have it.
    fn disk(&self, error: &io::Error) -> Problem {
        problem(
            "disk",
            format!("cannot write {}: {error}", self.installed.path().display()),
            "nothing was changed: free some space, and see who may write there",
        )
    }
}

/// A row for what is about to be done.
fn note<'n>(deed: Deed, skill: &'n str, version: &'n str) -> Note<'n> {
    Note {
        deed,
        skill,
        version,
        permission: None,
        allowed: true,
    }
}

fn in_a_folder(name: &str, help: &str) -> Problem {
    let message = format!("`{name}` is not installed: it is in a folder that the settings name");
    problem("not_installed", message, help)
}

pub(crate) fn problem(code: &str, message: String, help: &str) -> Problem {
    Problem {
        code: code.into(),
        message,
        help: help.into(),
    }
}

/// All that is wrong in a manifest: each mistake says where it is, and what would be right.
pub(crate) fn mistakes(errors: &[FileError]) -> Problem {
    let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
    problem("skill", errors.join("\n"), "")
}
