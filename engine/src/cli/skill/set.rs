//! `loqa skill settings` and `loqa skill set`: what a household sets for a skill.

use super::{problem, shelf::Shelf};
use crate::{
    cli::{Common, output},
    skills::Settings,
    store::Deed,
};
use loqa_core::manifest::Manifest;
use loqa_protocol::Problem;
use serde_json::json;
use std::process::ExitCode;

/// Tells what can be set, and what it is.
pub fn tell(common: &Common, name: &str) -> Result<ExitCode, Problem> {
    let shelf = Shelf::of(common)?;
    let manifest = manifest(&shelf, name)?;
    let settings = read(&shelf, &manifest)?;
    for setting in &manifest.settings {
        let value = settings.get(&setting.name).unwrap_or(&setting.default);
        if common.json {
            output::print_json(&json!({
                "name": setting.name,
                "title": setting.title,
                "value": value,
                "default": setting.default,
                "can_be": setting.can_be(),
            }));
        } else {
            let own = if *value == setting.default {
                ""
            } else {
                ", set here"
            };
            output::print_line(&format!(
                "{} = {value}  ({}; {}{own})",
                setting.name,
                setting.title,
                setting.can_be()
            ));
        }
    }
    if manifest.settings.is_empty() && !common.json {
        output::print_line(&format!("{name} has nothing to set."));
    }
    Ok(ExitCode::SUCCESS)
}

/// Sets one, or has it be as the skill has it. A hub that runs follows.
pub fn set(
    common: &Common,
    name: &str,
    key: &str,
    value: Option<&str>,
) -> Result<ExitCode, Problem> {
    let shelf = Shelf::of(common)?;
    let manifest = manifest(&shelf, name)?;
    let setting = manifest.settings.iter().find(|it| it.name == key);
    let setting = setting.ok_or_else(|| {
        problem(
            "setting",
            format!("{name} has no setting `{key}`"),
            &format!("`loqa skill settings {name}` tells which it has"),
        )
    })?;
    let value = value.map(|value| setting.typed(value)).transpose();
    let value = value.map_err(|can_be| {
        problem(
            "setting",
            format!("`{key}` cannot be that"),
            &format!("it can be {can_be}"),
        )
    })?;
    let held = shelf.hold()?;
    let shown = value.clone().unwrap_or_else(|| setting.default.clone());
    let settings = read(&shelf, &manifest)?.with(key, value);
    let mut note = shelf.note(Deed::Set, name, &manifest.version);
    note.permission = Some(key);
    shelf.write_down(&[note])?;
    let saved = held.set_settings(name, &settings);
    shelf.done(Deed::Set, name, &manifest.version, saved)?;
    Ok(Shelf::said(
        common,
        &format!("{key} = {shown}"),
        &json!({ "name": name, "setting": key, "value": shown }),
    ))
}

fn manifest(shelf: &Shelf, name: &str) -> Result<Manifest, Problem> {
    let registry = shelf.registry()?;
    registry.manifest(name).cloned().ok_or_else(|| {
        problem(
            "skill",
            format!("there is no skill `{name}` here"),
            "`loqa skill list` tells which there are",
        )
    })
}

fn read(shelf: &Shelf, manifest: &Manifest) -> Result<Settings, Problem> {
    Settings::read(&shelf.installed, manifest).map_err(|reason| {
        problem(
            "settings",
            reason,
            "mend the file, or remove it: everything is as the skill has it then",
        )
    })
}
