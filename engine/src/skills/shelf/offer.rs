//! A skill that somebody offers: looked at first, then part of the household or not.

use super::{Shelf, mistakes, note, problem};
use crate::{
    skills::{
        CallError, Component, Current, Held, Machine, Package, Registry, installed_manifest,
        permissions, version,
    },
    store::{Deed, Note},
};
use loqa_core::{
    grammar::Grammar,
    home::Home,
    manifest::{FileError, Manifest},
};
use loqa_protocol::Problem;
use serde::Serialize;
use std::path::Path;
use tempfile::TempDir;

/// What somebody is shown before a skill is installed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Looked {
    /// What it is called.
    pub name: String,
    /// Which version of it.
    pub version: String,
    /// The version that counts now, if the household has the skill.
    pub before: Option<String>,
    /// That one stays, whatever is installed.
    pub pinned: bool,
    /// None of its versions counts.
    pub disabled: bool,
    /// What it is for.
    pub description: String,
    /// Sentences that it understands, one of each kind.
    pub examples: Vec<String>,
    /// What it wants to be allowed, in the order of its manifest.
    pub permissions: Vec<Wanted>,
    /// What it may do in any case.
    pub always: Vec<&'static str>,
}

/// A permission that a skill wants.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Wanted {
    /// As its manifest names it.
    pub permission: String,
    /// What it means.
    pub sentence: String,
    /// The version that counts now does without.
    pub new: bool,
}

/// A skill that could be installed: it fits the house, and its code can be used. As long as this is
/// there, nobody else changes what is installed.
pub struct Offer<'s> {
    /// What to show.
    pub looked: Looked,
    shelf: &'s Shelf,
    held: Held,
    staged: TempDir,
    before: Option<Current>,
}

impl Shelf {
    /// Looks at a skill, without installing it.
    ///
    /// # Errors
    /// Why it cannot be installed in `home`.
    pub fn look(&self, package: &Package, home: &Home) -> Result<Offer<'_>, Problem> {
        let manifest = package.manifest()?;
        let (name, new) = (manifest.name.as_str(), manifest.version.as_str());
        let held = self.hold()?;
        let mut registry = self.registry()?;
        let before = self.installed.current(name).map_err(|reason| {
            let help = "take it away first: loqa skill remove NAME";
            problem("skill", reason, help)
        })?;
        free_name(&registry, name)?;
        if before.is_none() {
            // Left by a power cut before it counted.
            held.remove(name).map_err(|error| self.disk(&error))?;
        }
        if let Some(before) = &before {
            later(name, &before.version, new, &self.installed.versions(name))?;
        }
        registry.take_out(name);
        fits(&mut registry, &manifest, home)?;
        let staged = held.stage(package).map_err(|error| self.disk(&error))?;
        if let Err(problem) = runs(&manifest, staged.path(), &self.machine()) {
            self.audit.refused(Deed::Install, name, new, None);
            return Err(problem);
        }
        let allowed = before.as_ref().and_then(|before| {
            let manifest = installed_manifest(&self.installed, name, before);
            Some(manifest.ok()?.permissions)
        });
        let allowed = allowed.unwrap_or_default();
        let wanted = manifest.permissions.iter().map(|permission| Wanted {
            permission: permission.clone(),
            sentence: permissions::sentence(permission),
            new: !allowed.contains(permission),
        });
        let examples = manifest.intents.iter().filter_map(|it| it.examples.first());
        Ok(Offer {
            looked: Looked {
                before: before.as_ref().map(|before| before.version.clone()),
                pinned: before.as_ref().is_some_and(|before| before.pinned),
                disabled: before.as_ref().is_some_and(|before| before.disabled),
                examples: examples.map(|example| example.say.clone()).collect(),
                permissions: wanted.collect(),
                always: permissions::always(&manifest.permissions).collect(),
                name: manifest.name,
                version: manifest.version,
                description: manifest.description,
            },
            shelf: self,
            held,
            staged,
            before,
        })
    }

    /// Writes down that somebody has looked at a skill and did not want it.
    pub fn decline(&self, looked: &Looked) {
        let Looked { name, version, .. } = looked;
        self.audit.refused(looked.deed(), name, version, None);
    }
}

impl Looked {
    fn deed(&self) -> Deed {
        match self.before {
            Some(_) => Deed::Upgrade,
            None => Deed::Install,
        }
    }

    /// What it wants and the version before could not do.
    pub fn added(&self) -> impl Iterator<Item = &Wanted> {
        self.permissions.iter().filter(|wanted| wanted.new)
    }
}

impl Offer<'_> {
    /// Has it be part of the household, as somebody has agreed to. What counts then.
    ///
    /// # Errors
    /// The disk will not have it; what was, is.
    pub fn install(self) -> Result<Current, Problem> {
        let Looked { name, version, .. } = &self.looked;
        let (shelf, deed) = (self.shelf, self.looked.deed());
        let mut notes = vec![note(deed, name, version)];
        notes.extend(self.looked.added().map(|wanted| Note {
            permission: Some(&wanted.permission),
            ..note(Deed::Grant, name, version)
        }));
        shelf.write_down(&notes)?;
        let before = self.before.unwrap_or_default();
        let counts = if before.pinned {
            before.version
        } else {
            version.clone()
        };
        let current = Current {
            version: counts,
            ..before
        };
        let kept = self.held.keep(self.staged, name, version);
        let kept = kept.and_then(|()| self.held.set(name, &current));
        shelf.done(deed, name, version, kept)?;
        Ok(current)
    }
}

/// Nobody else has the name.
fn free_name(registry: &Registry, name: &str) -> Result<(), Problem> {
    let help = "whoever wrote it must give it another `name:`";
    if Registry::built_in()?.manifest(name).is_some() {
        let message = format!("a skill that comes with Loqa is called `{name}`");
        return Err(problem("same_name", message, help));
    }
    if registry.manifest(name).is_some() && !registry.is_installed(name) {
        let message = format!("a skill in a folder that the settings name is called `{name}`");
        return Err(problem("same_name", message, help));
    }
    Ok(())
}

/// It takes the place of what is there only if it is later.
fn later(name: &str, current: &str, new: &str, versions: &[String]) -> Result<(), Problem> {
    if versions.iter().any(|known| known == new) {
        return Err(problem(
            "same_version",
            format!("`{name}` {new} is here already"),
            &format!("raise its `version:`, or have that one count: loqa skill pin {name} {new}"),
        ));
    }
    if version(new) < version(current) {
        return Err(problem(
            "earlier",
            format!("`{name}` {current} is here, and {new} is earlier"),
            &format!("raise its `version:`, or take it away first: loqa skill remove {name}"),
        ));
    }
    Ok(())
}

/// It can be understood beside the others, and takes no sentence from them.
fn fits(registry: &mut Registry, manifest: &Manifest, home: &Home) -> Result<(), Problem> {
    registry.leave_out_unfit(home);
    let others = registry.manifests();
    let before = Grammar::compile(others, home).map_err(|errors| mistakes(&errors))?;
    let mut all = others.to_vec();
    all.push(manifest.clone());
    let after = Grammar::compile(&all, home).map_err(|errors| mistakes(&errors))?;
    let wrong = manifest.check_examples(&after);
    if !wrong.is_empty() {
        return Err(mistakes(&wrong));
    }
    let place = |error: &FileError| (error.line, error.column);
    for other in others {
        let held: Vec<_> = other.check_examples(&before).iter().map(place).collect();
        let taken = other.check_examples(&after);
        if let Some(taken) = taken.iter().find(|error| !held.contains(&place(error))) {
            return Err(problem(
                "takes",
                format!(
                    "`{}` would take sentences from `{}`: {}",
                    manifest.name, other.name, taken.message
                ),
                "whoever wrote it must narrow its sentences",
            ));
        }
    }
    Ok(())
}

/// Its code is code, and imports no more than its manifest asks for.
fn runs(manifest: &Manifest, folder: &Path, machine: &Machine) -> Result<(), Problem> {
    let Some(component) = Component::in_folder(manifest, folder, machine) else {
        return Ok(());
    };
    // Once it runs, it says of each component at once whether that can be loaded.
    let started = machine.process.start();
    let loaded = started.and_then(|_| machine.process.add(&component));
    loaded.map_err(|error| match error {
        CallError::Fault(fault) => problem(
            "code",
            format!("the code of `{}` cannot be used: {fault}", manifest.name),
            "whoever wrote it must build it again, with `loqa skill build`",
        ),
        CallError::Gone(reason) => problem(
            "no_host",
            format!("the code of `{}` cannot be tried: {reason}", manifest.name),
            "install Loqa again, or build it with `cargo xtask run`",
        ),
    })
}
