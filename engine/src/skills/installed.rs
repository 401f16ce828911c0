//! The folder of installed skills: `skills/NAME/VERSION/`, and in `skills/NAME/current` which of them
//! counts. A built-in skill that is disabled has such a file too, and no version.

use super::package::{self, Package};
use crate::whole_file;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

const CURRENT: &str = "current";
/// What something half-written begins with.
const HALF: &str = ".new-";

/// The folder of installed skills in a data folder.
#[derive(Clone, Debug)]
pub struct Installed(PathBuf);

/// Which version of a skill counts, if it does.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Current {
    /// Which version; empty for a built-in skill.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// It does not count.
    pub disabled: bool,
    /// Later versions do not take its place.
    pub pinned: bool,
}

/// One command changes the folder at a time, until this is dropped.
#[derive(Debug)]
pub struct Held {
    installed: Installed,
    _lock: File,
}

impl Installed {
    /// That of a data folder.
    pub fn in_folder(data: &Path) -> Installed {
        Installed(data.join("skills"))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Makes the folder, unless it is there.
    ///
    /// # Errors
    /// The disk will not have it.
    pub fn make(&self) -> io::Result<()> {
        make(&self.0)
    }

    /// The names under which something is kept, with what counts of each, or why nobody can tell.
    pub fn all(&self) -> Vec<(String, Result<Current, String>)> {
        let mut names: Vec<String> = self.names().collect();
        names.sort();
        let found = names.into_iter().filter_map(|name| {
            let current = self.current(&name).transpose()?;
            Some((name, current))
        });
        found.collect()
    }

    /// The folders of skills, whether they count or not yet.
    pub fn folders(&self) -> impl Iterator<Item = PathBuf> {
        let paths = self.names().map(|name| self.0.join(name));
        paths.filter(|path| path.is_dir())
    }

    /// What is kept here, in no order. What is being written counts under another name, if it ever
    /// does.
    fn names(&self) -> impl Iterator<Item = String> {
        let entries = fs::read_dir(&self.0).into_iter().flatten().flatten();
        entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| !name.starts_with('.'))
    }

    /// What counts of a skill; nothing if none of this name is kept.
    ///
    /// # Errors
    /// Why nobody can tell.
    pub fn current(&self, skill: &str) -> Result<Option<Current>, String> {
        let path = self.0.join(skill).join(CURRENT);
        let told = |what: String| format!("{}: {what}", path.display());
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(None),
            Err(error) => return Err(told(error.to_string())),
        };
        let current: Current =
            toml::from_str(&text).map_err(|error| told(error.message().to_owned()))?;
        if !current.version.is_empty() && package::version(&current.version).is_none() {
            return Err(told(format!("`{}` is no version", current.version)));
        }
        Ok(Some(current))
    }

    /// The versions of a skill, earliest first.
    pub fn versions(&self, skill: &str) -> Vec<String> {
        let entries = fs::read_dir(self.0.join(skill)).into_iter().flatten();
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut versions: Vec<String> = names
            .filter(|name| package::version(name).is_some())
            .collect();
        versions.sort_by_key(|version| package::version(version));
        versions
    }

    /// Where a version of a skill is.
    pub fn folder(&self, skill: &str, version: &str) -> PathBuf {
        self.0.join(skill).join(version)
    }

    /// Keeps others from changing it, and removes what a power cut has left half-written.
    ///
    /// # Errors
    /// The folder cannot be made or written; [`io::ErrorKind::WouldBlock`] while somebody else changes it.
    pub fn hold(&self) -> io::Result<Held> {
        self.make()?;
        let lock = File::create(self.0.join(".lock"))?;
        lock.try_lock()?;
        for entry in fs::read_dir(&self.0)?.flatten() {
            let name = entry.file_name();
            if name.to_string_lossy().starts_with(HALF) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(Held {
            installed: self.clone(),
            _lock: lock,
        })
    }
}

impl Held {
    /// What nobody else changes meanwhile.
    pub fn installed(&self) -> &Installed {
        &self.installed
    }

    /// Writes a package where it counts for nothing yet: gone again when this is dropped.
    ///
    /// # Errors
    /// The disk will not have it.
    pub fn stage(&self, package: &Package) -> io::Result<tempfile::TempDir> {
        let staged = tempfile::Builder::new()
            .prefix(HALF)
            .tempdir_in(&self.installed.0)?;
        package.write(staged.path())?;
        Ok(staged)
    }

    /// Has what was staged be a version of a skill. It counts once [`Held::set`] says so.
    ///
    /// # Errors
    /// The disk will not have it, or the version is there.
    pub fn keep(&self, staged: tempfile::TempDir, skill: &str, version: &str) -> io::Result<()> {
        let folder = self.installed.0.join(skill);
        make(&folder)?;
        fs::rename(staged.path(), folder.join(version))?;
        // It has another name now: there is nothing to remove.
        let _ = staged.keep();
        File::open(&folder)?.sync_all()
    }

    /// Says which version counts.
    ///
    /// # Errors
    /// The disk will not have it; what counted counts.
    pub fn set(&self, skill: &str, current: &Current) -> io::Result<()> {
        let text = toml::to_string(current).map_err(io::Error::other)?;
        let folder = self.installed.0.join(skill);
        whole_file::write_secret(&folder.join(CURRENT), text)?;
        File::open(&folder)?.sync_all()
    }

    /// Has nothing said of a skill that comes with Loqa; what is set for it stays.
    ///
    /// # Errors
    /// The disk will not have it.
    pub fn unset(&self, skill: &str) -> io::Result<()> {
        let folder = self.installed.0.join(skill);
        fs::remove_file(folder.join(CURRENT))?;
        // Nothing else may be in it.
        let _ = fs::remove_dir(folder);
        Ok(())
    }

    /// Removes a skill with all its versions.
    ///
    /// # Errors
    /// Some of it could not be removed; it does not count any more.
    pub fn remove(&self, skill: &str) -> io::Result<()> {
        let folder = self.installed.0.join(skill);
        if !folder.exists() {
            return Ok(());
        }
        // Gone at once, whatever happens while its files go.
        let gone = tempfile::Builder::new()
            .prefix(HALF)
            .tempdir_in(&self.installed.0)?;
        fs::rename(folder, gone.path().join(skill))?;
        gone.close()
    }
}

fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(text: &str) -> Package {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("skill.yaml"), text).unwrap();
        Package::read(folder.path()).unwrap()
    }

    #[test]
    fn what_was_cut_off_does_not_count_and_goes() {
        let data = tempfile::tempdir().unwrap();
        let installed = Installed::in_folder(data.path());
        let held = installed.hold().unwrap();
        let one = held.stage(&package("name: tea\n")).unwrap();
        held.keep(one, "tea", "1.0.0").unwrap();
        assert_eq!(installed.all(), [], "kept, and nobody said that it counts");
        let current = Current {
            version: "1.0.0".into(),
            ..Current::default()
        };
        held.set("tea", &current).unwrap();
        assert_eq!(installed.all(), [("tea".into(), Ok(current))]);

        // As if the power had gone while the next was being written.
        let half = held.stage(&package("name: tea\n")).unwrap().keep();
        drop(held);
        let held = installed.hold().unwrap();
        assert!(!half.exists());
        assert_eq!(installed.versions("tea"), ["1.0.0"]);
        held.remove("tea").unwrap();
        assert_eq!(installed.all(), []);
        assert!(!installed.path().join("tea").exists());
    }

    #[test]
    fn versions_come_in_their_order() {
        let data = tempfile::tempdir().unwrap();
        let installed = Installed::in_folder(data.path());
        let held = installed.hold().unwrap();
        for version in ["1.10.0", "1.9.0", "0.2.0"] {
            let staged = held.stage(&package("name: tea\n")).unwrap();
            held.keep(staged, "tea", version).unwrap();
        }
        assert_eq!(installed.versions("tea"), ["0.2.0", "1.9.0", "1.10.0"]);
    }

    #[test]
    fn a_file_that_leads_elsewhere_is_named() {
        let data = tempfile::tempdir().unwrap();
        let installed = Installed::in_folder(data.path());
        fs::create_dir_all(installed.path().join("tea")).unwrap();
        for text in ["version = \"../../x\"", "version = 1", "verson = \"1.0.0\""] {
            fs::write(installed.path().join("tea/current"), text).unwrap();
            assert!(installed.current("tea").is_err(), "{text}");
        }
    }
}
