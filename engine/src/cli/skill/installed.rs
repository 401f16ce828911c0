//! `loqa skill list|info|permissions|disable|enable|pin|rollback|remove`: the skills that are here.

use super::{problem, shelf::Shelf};
use crate::{
    cli::{Common, output},
    skills::{Current, OWN_NAME, Registry, installed_manifest, permissions},
    store::Deed,
};
use loqa_core::manifest::Manifest;
use loqa_protocol::Problem;
use serde_json::json;
use std::process::ExitCode;

/// Where a skill comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    Loqa,
    Folder,
    Installed,
}

/// A skill that is here, whether it counts or not.
struct Known {
    name: String,
    from: From,
    current: Current,
    versions: Vec<String>,
    /// Or why it cannot be read.
    manifest: Result<Manifest, String>,
}

/// Prints a line for each skill.
pub fn list(common: &Common) -> Result<ExitCode, Problem> {
    for skill in all(&Shelf::of(common)?)? {
        if common.json {
            output::print_json(&skill.document());
            continue;
        }
        let about = match &skill.manifest {
            Ok(manifest) => manifest.description.clone(),
            Err(reason) => reason.clone(),
        };
        let line = format!(
            "{:<16} {:<10} {:<24} {about}",
            skill.name,
            skill.version(),
            skill.state()
        );
        output::print_line(line.trim_end());
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints what there is to know about one.
pub fn info(common: &Common, name: &str) -> Result<ExitCode, Problem> {
    let skill = find(&Shelf::of(common)?, name)?;
    if common.json {
        output::print_json(&skill.document());
        return Ok(ExitCode::SUCCESS);
    }
    output::print_line(&format!(
        "{} {} ({})",
        skill.name,
        skill.version(),
        skill.state()
    ));
    match &skill.manifest {
        Ok(manifest) => {
            if !manifest.description.is_empty() {
                output::print_line(&manifest.description);
            }
            if skill.versions.len() > 1 {
                output::print_line(&format!("versions: {}", skill.versions.join(", ")));
            }
            say_permissions(manifest);
            let examples = manifest.intents.iter();
            for example in examples.filter_map(|intent| intent.examples.first()) {
                output::print_line(&format!("  \"{}\"", example.say));
            }
        }
        Err(reason) => output::print_line(reason),
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints what one may do.
pub fn permissions(common: &Common, name: &str) -> Result<ExitCode, Problem> {
    let skill = find(&Shelf::of(common)?, name)?;
    let manifest = skill
        .manifest
        .map_err(|reason| problem("skill", reason, "remove it with `loqa skill remove NAME`"))?;
    if common.json {
        for permission in &manifest.permissions {
            output::print_json(&json!({
                "permission": permission,
                "sentence": permissions::sentence(permission),
            }));
        }
    } else {
        say_permissions(&manifest);
    }
    Ok(ExitCode::SUCCESS)
}

/// Has one count no more, or again.
pub fn switch(common: &Common, name: &str, on: bool) -> Result<ExitCode, Problem> {
    let shelf = Shelf::of(common)?;
    let held = shelf.hold()?;
    let skill = find(&shelf, name)?;
    if skill.from == From::Folder {
        return Err(in_a_folder(
            name,
            "take it out of that folder, or out of `hub.skills`",
        ));
    }
    let done = if on { "enabled" } else { "disabled" };
    if skill.current.disabled != on {
        return Ok(Shelf::said(
            common,
            &format!("{name} is {done} already."),
            &json!({ "name": name, "enabled": on }),
        ));
    }
    let deed = if on { Deed::Enable } else { Deed::Disable };
    shelf.write_down(&[shelf.note(deed, name, &skill.version())])?;
    let current = Current {
        disabled: !on,
        ..skill.current
    };
    let saved = if on && current == Current::default() {
        held.remove(name)
    } else {
        held.set(name, &current)
    };
    shelf.done(deed, name, &current.version, saved)?;
    Ok(Shelf::said(
        common,
        &format!("{name} is {done}."),
        &json!({ "name": name, "enabled": on }),
    ))
}

/// Has a version of one count from now on, whatever is installed later; or its latest, and later ones.
pub fn pin(common: &Common, name: &str, version: &str) -> Result<ExitCode, Problem> {
    let shelf = Shelf::of(common)?;
    let skill = installed(&shelf, name)?;
    let latest = version == "latest";
    let wanted = skill
        .versions
        .iter()
        .rfind(|known| latest || *known == version)
        .ok_or_else(|| {
            problem(
                "no_version",
                format!("there is no version {version} of {name} here"),
                &format!("name one of these: {}, latest", skill.versions.join(", ")),
            )
        })?;
    let words = if latest {
        format!("{name} is at {wanted}, and follows what is installed later.")
    } else {
        format!("{name} stays at {wanted}.")
    };
    choose(common, &shelf, &skill, Deed::Pin, wanted, !latest, &words)
}

/// Has the version before count.
pub fn rollback(common: &Common, name: &str) -> Result<ExitCode, Problem> {
    let shelf = Shelf::of(common)?;
    let skill = installed(&shelf, name)?;
    let now = skill
        .versions
        .iter()
        .position(|version| *version == skill.current.version);
    // What does not count any more, as somebody has removed its folder, is later than all.
    let earlier = &skill.versions[..now.unwrap_or(skill.versions.len())];
    let Some(before) = earlier.last() else {
        return Err(problem(
            "no_version",
            format!(
                "there is no version of {name} before {}",
                skill.current.version
            ),
            "`loqa skill disable` has it count no more, `loqa skill remove` takes it away",
        ));
    };
    let words = format!("{name} is at {before} again.");
    let pinned = skill.current.pinned;
    choose(
        common,
        &shelf,
        &skill,
        Deed::Rollback,
        before,
        pinned,
        &words,
    )
}

fn choose(
    common: &Common,
    shelf: &Shelf,
    skill: &Known,
    deed: Deed,
    version: &str,
    pinned: bool,
    words: &str,
) -> Result<ExitCode, Problem> {
    let held = shelf.hold()?;
    let current = Current {
        version: version.into(),
        pinned,
        disabled: skill.current.disabled,
    };
    let manifest = installed_manifest(&shelf.installed, &skill.name, &current);
    manifest.map_err(|reason| {
        problem(
            "skill",
            reason,
            "choose another version: `loqa skill info NAME` tells which there are",
        )
    })?;
    shelf.write_down(&[shelf.note(deed, &skill.name, version)])?;
    let saved = held.set(&skill.name, &current);
    shelf.done(deed, &skill.name, version, saved)?;
    let document = json!({ "name": skill.name, "version": version, "pinned": pinned });
    Ok(Shelf::said(common, words, &document))
}

/// Takes one away with all its versions.
pub fn remove(common: &Common, name: &str) -> Result<ExitCode, Problem> {
    let shelf = Shelf::of(common)?;
    let held = shelf.hold()?;
    let skill = installed(&shelf, name)?;
    let version = skill.version();
    shelf.write_down(&[shelf.note(Deed::Remove, name, &version)])?;
    let gone = held.remove(name);
    shelf.done(Deed::Remove, name, &version, gone)?;
    let words = format!(
        "{name} is removed with all its versions. What it has done stays: timers run on, lists keep their items, devices stay as they are, and what it kept for itself waits for it to come back."
    );
    let document = json!({ "name": name, "removed": skill.versions });
    Ok(Shelf::said(common, &words, &document))
}

fn say_permissions(manifest: &Manifest) {
    for permission in &manifest.permissions {
        output::print_line(&format!("  {}", permissions::sentence(permission)));
    }
    output::print_line(&format!("  {}", permissions::ALWAYS));
    if manifest.permissions.is_empty() {
        output::print_line("  It can change nothing.");
    }
}

fn in_a_folder(name: &str, help: &str) -> Problem {
    let message = format!("{name} is not installed: it is in a folder that the settings name");
    problem("not_installed", message, help)
}

/// One that was installed.
fn installed(shelf: &Shelf, name: &str) -> Result<Known, Problem> {
    let skill = find(shelf, name)?;
    match skill.from {
        From::Installed => Ok(skill),
        From::Folder => Err(in_a_folder(name, "change that folder itself")),
        From::Loqa => Err(problem(
            "built_in",
            format!("{name} comes with Loqa, and is as old as it"),
            "`loqa skill disable` has it count no more",
        )),
    }
}

fn find(shelf: &Shelf, name: &str) -> Result<Known, Problem> {
    let mut known = all(shelf)?;
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

/// Every skill that is here.
fn all(shelf: &Shelf) -> Result<Vec<Known>, Problem> {
    let kept = shelf.installed.all();
    let built_in = Registry::built_in()?;
    let registry = shelf.registry()?;
    let mut known = Vec::new();
    for manifest in built_in.manifests() {
        let name = &manifest.name;
        if name == OWN_NAME {
            continue;
        }
        let current = kept.iter().find(|(kept, _)| kept == name);
        known.push(Known {
            name: name.clone(),
            from: From::Loqa,
            current: current
                .and_then(|(_, current)| current.clone().ok())
                .unwrap_or_default(),
            versions: vec![manifest.version.clone()],
            manifest: Ok(manifest.clone()),
        });
    }
    for manifest in registry.manifests() {
        let name = &manifest.name;
        if !registry.is_built_in(name) && !registry.is_installed(name) {
            known.push(Known {
                name: name.clone(),
                from: From::Folder,
                current: Current::default(),
                versions: vec![manifest.version.clone()],
                manifest: Ok(manifest.clone()),
            });
        }
    }
    for (name, current) in kept {
        if known.iter().any(|skill| skill.name == name) {
            continue;
        }
        let manifest = current
            .clone()
            .and_then(|current| installed_manifest(&shelf.installed, &name, &current));
        let left_out = registry.left_out().iter().find(|out| out.skill == name);
        known.push(Known {
            from: From::Installed,
            current: current.unwrap_or_default(),
            versions: shelf.installed.versions(&name),
            manifest: left_out.map_or(manifest, |out| Err(out.reason.clone())),
            name,
        });
    }
    Ok(known)
}

impl Known {
    fn version(&self) -> String {
        match (&self.manifest, self.current.version.as_str()) {
            (Ok(manifest), "") => manifest.version.clone(),
            (_, version) => version.to_owned(),
        }
    }

    /// In words.
    fn state(&self) -> String {
        let mut words = vec![match self.from {
            From::Loqa => "comes with Loqa",
            From::Folder => "in a folder",
            From::Installed => "installed",
        }];
        words.extend(self.current.pinned.then_some("pinned"));
        words.extend(self.current.disabled.then_some("disabled"));
        words.extend(self.manifest.is_err().then_some("left out"));
        words.join(", ")
    }

    fn document(&self) -> serde_json::Value {
        let manifest = self.manifest.as_ref().ok();
        json!({
            "name": self.name,
            "version": self.version(),
            "from": match self.from {
                From::Loqa => "loqa",
                From::Folder => "folder",
                From::Installed => "installed",
            },
            "enabled": !self.current.disabled,
            "pinned": self.current.pinned,
            "versions": self.versions,
            "description": manifest.map(|manifest| &manifest.description),
            "permissions": manifest.map(|manifest| &manifest.permissions),
            "problem": self.manifest.as_ref().err(),
        })
    }
}
