//! What the household has set for a skill: a small file beside its versions.

use super::installed::{Held, Installed};
use crate::whole_file;
use loqa_core::manifest::Manifest;
use serde_json::Value;
use std::{collections::BTreeMap, fs, io};

const FILE: &str = "settings.toml";

/// Name → value, for what is not as its manifest has it.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Settings(BTreeMap<String, Value>);

impl Settings {
    /// What none has.
    pub const NONE: &Settings = &Settings(BTreeMap::new());

    /// What the household has set for a skill.
    ///
    /// # Errors
    /// What is wrong in the file.
    pub fn read(installed: &Installed, manifest: &Manifest) -> Result<Settings, String> {
        let path = installed.path().join(&manifest.name).join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Settings::default()),
            Err(error) => return Err(format!("{}: {error}", path.display())),
        };
        let mut values: BTreeMap<String, Value> = toml::from_str(&text)
            .map_err(|error| format!("{}: {}", path.display(), error.message()))?;
        // Another version may have had others.
        values.retain(|name, _| manifest.settings.iter().any(|it| it.name == *name));
        for setting in &manifest.settings {
            if let Some(value) = values.get(&setting.name) {
                setting.check(value).map_err(|can_be| {
                    format!("{}: `{}` can be {can_be}", path.display(), setting.name)
                })?;
            }
        }
        Ok(Settings(values))
    }

    /// The value of one, if it has been set.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The same with another value, or with the manifest's again.
    pub fn with(mut self, name: &str, value: Option<Value>) -> Settings {
        match value {
            Some(value) => self.0.insert(name.to_owned(), value),
            None => self.0.remove(name),
        };
        self
    }
}

impl Held {
    /// Has a skill be set so.
    ///
    /// # Errors
    /// The disk will not have it; what was set is.
    pub fn set_settings(&self, skill: &str, settings: &Settings) -> io::Result<()> {
        let text = toml::to_string(&settings.0).map_err(io::Error::other)?;
        let folder = self.installed().path().join(skill);
        whole_file::write_secret(&folder.join(FILE), text)
    }
}
