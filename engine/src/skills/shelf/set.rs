//! What a household sets for a skill.

use super::{Shelf, note, problem};
use crate::{
    skills::Settings,
    store::{Deed, Note},
};
use loqa_core::manifest::Manifest;
use loqa_protocol::Problem;
use serde_json::Value;

impl Shelf {
    /// The manifest of a skill, and what is set for it.
    ///
    /// # Errors
    /// As [`Shelf::find`]; what is wrong in the file of its settings.
    pub fn settings(&self, name: &str) -> Result<(Manifest, Settings), Problem> {
        let registry = self.registry()?;
        let Some(manifest) = registry.manifest(name).cloned() else {
            // It may be there and not count: that is said as everywhere.
            let known = self.find(name)?;
            return Err(problem(
                "disabled",
                format!("`{}` does not count now", known.name),
                "`loqa skill enable` has it count",
            ));
        };
        let settings = Settings::read(&self.installed, &manifest).map_err(|reason| {
            problem(
                "settings",
                reason,
                "mend the file, or remove it: everything is as the skill has it then",
            )
        })?;
        Ok((manifest, settings))
    }

    /// Sets something, as a person types it, or has it be as the skill has it; what it is then.
    ///
    /// # Errors
    /// As [`Shelf::settings`]; it has no such setting, or that cannot be this; the disk will not have it.
    pub fn set(&self, name: &str, key: &str, typed: Option<&str>) -> Result<Value, Problem> {
        let held = self.hold()?;
        let (manifest, settings) = self.settings(name)?;
        let setting = manifest.settings.iter().find(|it| it.name == key);
        let setting = setting.ok_or_else(|| {
            problem(
                "setting",
                format!("`{name}` has no setting `{key}`"),
                "`loqa skill settings NAME` tells which it has",
            )
        })?;
        let value = typed.map(|typed| setting.typed(typed)).transpose();
        let value = value.map_err(|can_be| {
            problem(
                "setting",
                format!("`{key}` cannot be that"),
                &format!("it can be {can_be}"),
            )
        })?;
        let now = value.clone().unwrap_or_else(|| setting.default.clone());
        self.write_down(&[Note {
            permission: Some(key),
            ..note(Deed::Set, name, &manifest.version)
        }])?;
        let saved = held.set_settings(name, &settings.with(key, value));
        self.done(Deed::Set, name, &manifest.version, saved)?;
        Ok(now)
    }
}
