//! Skills as a household knows them: with Loqa, in a folder, installed; whether they count or not.

use crate::skills::{Current, Installed, OWN_NAME, Registry, RegistryError, installed_manifest};
use loqa_core::manifest::Manifest;
use serde_json::json;

/// Where a skill comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum From {
    /// With Loqa.
    Loqa,
    /// A folder that the settings name.
    Folder,
    /// Somebody has installed it.
    Installed,
}

/// A skill that is here, whether it counts or not.
#[derive(Clone, PartialEq, Debug)]
pub struct Known {
    /// Its name.
    pub name: String,
    /// Where it comes from.
    pub from: From,
    /// Which version counts, if it does.
    pub current: Current,
    /// All its versions, earliest first.
    pub versions: Vec<String>,
    /// Of the version that counts; or why it cannot be used.
    pub manifest: Result<Manifest, String>,
}

/// Every skill that is here, but for Loqa's own ("undo that" and the like).
///
/// # Errors
/// None in a Loqa that passed its tests.
pub fn known(registry: &Registry, installed: &Installed) -> Result<Vec<Known>, RegistryError> {
    let kept = installed.all();
    let with_loqa = Registry::built_in()?;
    let built_in = with_loqa.manifests().iter();
    // Where the settings want no other skills, one in a folder may be called so.
    let built_in = built_in.filter(|manifest| {
        let name = &manifest.name;
        name != OWN_NAME && (registry.is_built_in(name) || registry.manifest(name).is_none())
    });
    let mut known: Vec<Known> = built_in
        .map(|manifest| {
            let current = kept.iter().find(|(kept, _)| *kept == manifest.name);
            let current = current.and_then(|(_, current)| current.clone().ok());
            Known::one(manifest, From::Loqa, current.unwrap_or_default())
        })
        .collect();
    for manifest in registry.manifests() {
        if !registry.is_built_in(&manifest.name) && !registry.is_installed(&manifest.name) {
            known.push(Known::one(manifest, From::Folder, Current::default()));
        }
    }
    for (name, current) in kept {
        if known.iter().any(|skill| skill.name == name) {
            continue;
        }
        let manifest = current
            .clone()
            .and_then(|current| installed_manifest(installed, &name, &current));
        let left_out = registry.left_out().iter().find(|out| out.skill == name);
        known.push(Known {
            from: From::Installed,
            current: current.unwrap_or_default(),
            versions: installed.versions(&name),
            manifest: left_out.map_or(manifest, |out| Err(out.reason.clone())),
            name,
        });
    }
    Ok(known)
}

impl From {
    /// For programs.
    pub fn name(self) -> &'static str {
        match self {
            From::Loqa => "loqa",
            From::Folder => "folder",
            From::Installed => "installed",
        }
    }
}

impl Known {
    /// One that there is one version of.
    fn one(manifest: &Manifest, from: From, current: Current) -> Known {
        Known {
            name: manifest.name.clone(),
            from,
            current,
            versions: vec![manifest.version.clone()],
            manifest: Ok(manifest.clone()),
        }
    }

    /// Which version counts, or would.
    pub fn version(&self) -> String {
        match (&self.manifest, self.current.version.as_str()) {
            (Ok(manifest), "") => manifest.version.clone(),
            (_, version) => version.to_owned(),
        }
    }

    /// The version before that, if there is one.
    pub fn before(&self) -> Option<&str> {
        let mut versions = self.versions.iter();
        let now = versions.position(|version| *version == self.current.version);
        // What does not count any more, as somebody has removed its folder, is later than all.
        let earlier = &self.versions[..now.unwrap_or(self.versions.len())];
        earlier.last().map(String::as_str)
    }

    /// In words.
    pub fn state(&self) -> String {
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

    /// For programs.
    pub fn document(&self) -> serde_json::Value {
        let manifest = self.manifest.as_ref().ok();
        json!({
            "name": self.name,
            "version": self.version(),
            "from": self.from.name(),
            "enabled": !self.current.disabled,
            "pinned": self.current.pinned,
            "versions": self.versions,
            "description": manifest.map(|manifest| &manifest.description),
            "permissions": manifest.map(|manifest| &manifest.permissions),
            "payloads": manifest.map(payloads),
            "problem": self.manifest.as_ref().err(),
        })
    }
}

/// What it publishes: a JSON Schema for each topic.
fn payloads(manifest: &Manifest) -> serde_json::Value {
    let topics = manifest.payloads.iter();
    topics
        .map(|(topic, payload)| (topic.clone(), payload.schema().clone()))
        .collect()
}
