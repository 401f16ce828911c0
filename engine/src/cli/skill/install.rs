//! `loqa skill install`: a folder becomes a skill of this household, once somebody has seen what it may
//! do.

use super::{mistakes, problem, shelf::Shelf};
use crate::{
    cli::{Common, output},
    hub::household,
    skills::{
        CallError, Component, Current, Machine, Package, PackageError, Registry,
        installed_manifest, permissions, version,
    },
    store::{Deed, Note},
};
use loqa_core::{
    grammar::Grammar,
    home::Home,
    manifest::{FileError, Manifest},
};
use loqa_protocol::Problem;
use serde_json::json;
use std::{
    io::{self, BufRead, IsTerminal, Write},
    path::Path,
    process::ExitCode,
};

impl From<PackageError> for Problem {
    fn from(error: PackageError) -> Self {
        crate::gateway::problem("package", &error)
    }
}

/// Installs the skill in `folder`, without asking if `yes`.
pub fn run(common: &Common, folder: &Path, yes: bool) -> Result<ExitCode, Problem> {
    let shelf = Shelf::of(common)?;
    not_from_within(&shelf, folder)?;
    let package = Package::read(folder)?;
    let file = folder.join("skill.yaml").display().to_string();
    let manifest = Manifest::parse(&file, &package.manifest).map_err(|errors| mistakes(&errors))?;
    let (name, new) = (manifest.name.as_str(), manifest.version.as_str());
    if version(new).is_none() {
        return Err(problem(
            "version",
            format!("{file}: `{new}` is no version"),
            "write three numbers without leading zeros, such as version: \"1.2.0\"",
        ));
    }
    let held = shelf.hold()?;
    let mut registry = shelf.registry()?;
    let before = shelf.installed.current(name).map_err(|reason| {
        problem(
            "skill",
            reason,
            "take it away first: loqa skill remove NAME",
        )
    })?;
    if before.is_none() {
        // Left by a power cut before it counted.
        held.remove(name).map_err(|error| shelf.disk(&error))?;
    }
    free_name(&registry, name)?;
    if let Some(before) = &before {
        later(name, &before.version, new, &shelf.installed.versions(name))?;
    }
    registry.take_out(name);
    fits(&mut registry, &manifest, &household(&shelf.config)?)?;
    let staged = held.stage(&package).map_err(|error| shelf.disk(&error))?;
    if let Err(problem) = runs(&manifest, staged.path(), &shelf.machine()) {
        shelf.refused(Deed::Install, name, new);
        return Err(problem);
    }

    let old = before.as_ref().and_then(|before| {
        let manifest = installed_manifest(&shelf.installed, name, before);
        manifest.ok().map(|manifest| manifest.permissions)
    });
    let known = old.clone().unwrap_or_default();
    let wants = manifest.permissions.iter();
    let (kept, added): (Vec<&String>, Vec<&String>) =
        wants.partition(|permission| known.contains(permission));
    if !common.json {
        present(&manifest, before.as_ref(), &kept, &added);
    }
    let deed = if before.is_some() {
        Deed::Upgrade
    } else {
        Deed::Install
    };
    if !yes && !agrees(common, name)? {
        shelf.refused(deed, name, new);
        output::print_line("Nothing was installed.");
        return Ok(ExitCode::FAILURE);
    }

    let mut notes = vec![shelf.note(deed, name, new)];
    notes.extend(added.iter().map(|permission| Note {
        permission: Some(permission),
        ..shelf.note(Deed::Grant, name, new)
    }));
    shelf.write_down(&notes)?;
    let before = before.unwrap_or_default();
    let current = Current {
        version: if before.pinned {
            before.version
        } else {
            new.into()
        },
        ..before
    };
    let kept = held.keep(staged, name, new);
    let kept = kept.and_then(|()| held.set(name, &current));
    shelf.done(deed, name, new, kept)?;

    let words = match (current.pinned, current.disabled) {
        (true, _) => format!(
            "{name} {new} is kept, and {} stays: `loqa skill pin {name} {new}` has it count.",
            current.version
        ),
        (_, true) => format!("{name} {new} is installed, and disabled as before."),
        _ => format!("{name} {new} is installed."),
    };
    let document = json!({
        "name": name,
        "version": current.version,
        "installed": new,
        "permissions": manifest.permissions,
        "new_permissions": added,
    });
    Ok(Shelf::said(common, &words, &document))
}

/// What is installed is not installed from itself.
fn not_from_within(shelf: &Shelf, folder: &Path) -> Result<(), Problem> {
    let real = |path: &Path| path.canonicalize().ok();
    match (real(folder), real(shelf.installed.path())) {
        (Some(from), Some(to)) if from.starts_with(&to) => Err(problem(
            "within",
            format!("{} is in the folder of installed skills", folder.display()),
            "name the folder that it was installed from",
        )),
        _ => Ok(()),
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
            format!("{name} {new} is here already"),
            &format!("raise its `version:`, or have that one count: loqa skill pin {name} {new}"),
        ));
    }
    if version(new) < version(current) {
        return Err(problem(
            "earlier",
            format!("{name} {current} is here, and {new} is earlier"),
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
                    "{} would take sentences from {}: {}",
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
            format!("the code of {} cannot be used: {fault}", manifest.name),
            "whoever wrote it must build it again, with `loqa skill build`",
        ),
        CallError::Gone(reason) => problem(
            "no_host",
            format!("the code of {} cannot be tried: {reason}", manifest.name),
            "install Loqa again, or build it with `cargo xtask run`",
        ),
    })
}

/// Shows what it is and may do.
fn present(manifest: &Manifest, before: Option<&Current>, kept: &[&String], added: &[&String]) {
    let Manifest {
        name,
        version,
        description,
        ..
    } = manifest;
    let over = before.map(|before| format!(", in place of {}", before.version));
    output::print_line(&format!("{name} {version}{}", over.unwrap_or_default()));
    if !description.is_empty() {
        output::print_line(description);
    }
    let say = |permission: &&String| {
        output::print_line(&format!("  {}", permissions::sentence(permission)));
    };
    kept.iter().for_each(say);
    output::print_line(&format!("  {}", permissions::ALWAYS));
    if manifest.permissions.is_empty() {
        output::print_line("  It can change nothing.");
    }
    if !added.is_empty() {
        output::print_line(match before {
            Some(_) => "This version also wants what the one before could not do:",
            None => "It wants to be allowed:",
        });
        added.iter().for_each(say);
    }
}

fn agrees(common: &Common, name: &str) -> Result<bool, Problem> {
    if common.json || !io::stdin().is_terminal() {
        return Err(problem(
            "not_asked",
            format!("nobody can be asked here whether {name} may be installed"),
            "nothing was installed; add --yes where what it may do is known and wanted",
        ));
    }
    print!("Install it? [y/N] ");
    let _ = io::stdout().flush();
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    Ok(read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
