//! A skill as somebody hands it over, as a folder or as one file: read once, with care, before anything
//! of it is used.

mod zipped;

pub use zipped::{ENDING, LARGEST_PACKED};

use loqa_core::manifest::Manifest;
use loqa_protocol::Problem;
use std::{
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// All that a skill is made of.
const FILES: [&str; 3] = ["skill.yaml", "prepare.wasm", "commit.wasm"];
/// The largest file, bytes.
const LARGEST: u64 = 32 << 20;
/// The longest version, bytes: it names a folder.
const LONGEST_VERSION: usize = 64;

/// The files of a skill.
pub struct Package {
    /// What it is called in what is said about it.
    name: String,
    /// `skill.yaml`.
    manifest: String,
    /// All of them by name.
    files: Vec<(&'static str, Vec<u8>)>,
}

/// Why a skill is not taken.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// It holds no skill.
    #[error("there is no skill in {}\n  help: name a folder that holds a skill.yaml", .0.display())]
    Empty(PathBuf),
    /// A file is something else.
    #[error("{} is not a plain file\n  help: put the file itself in its place: links and the like are not followed", .0.display())]
    NotPlain(PathBuf),
    /// A file is too large.
    #[error("{} is larger than 32 MiB\n  help: build the skill with `loqa skill build`, which leaves out what it does not need", .0.display())]
    Large(PathBuf),
    /// A manifest that is no text.
    #[error("{0}/skill.yaml is not UTF-8 text\n  help: save it as UTF-8")]
    NotText(String),
    /// A file that is not a skill.
    #[error(
        "{package}: no package of a skill: {reason}\n  help: `loqa skill pack FOLDER` makes one"
    )]
    NotAPackage {
        /// Which.
        package: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file cannot be read.
    #[error("cannot read {}: {source}\n  help: see who may read it", .path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl From<PackageError> for Problem {
    fn from(error: PackageError) -> Self {
        crate::gateway::problem("package", &error)
    }
}

impl Package {
    /// Reads a folder, of which other files are not looked at, or a package.
    ///
    /// # Errors
    /// [`PackageError`].
    pub fn read(path: &Path) -> Result<Package, PackageError> {
        if path.is_file() {
            let packed = plain(path)?.unwrap_or_default();
            return Package::unpack(path.display().to_string(), &packed);
        }
        Package::in_folder(path)
    }

    fn in_folder(folder: &Path) -> Result<Package, PackageError> {
        let mut files = Vec::new();
        for name in FILES {
            if let Some(bytes) = plain(&folder.join(name))? {
                files.push((name, bytes));
            }
        }
        let name = folder.display().to_string();
        Package::of(name, files)?.ok_or_else(|| PackageError::Empty(folder.to_owned()))
    }

    /// Of these files; nothing, if there is no manifest among them.
    fn of(
        name: String,
        files: Vec<(&'static str, Vec<u8>)>,
    ) -> Result<Option<Package>, PackageError> {
        let manifest = files.iter().find(|(name, _)| *name == FILES[0]);
        let Some((_, manifest)) = manifest else {
            return Ok(None);
        };
        let Ok(manifest) = String::from_utf8(manifest.clone()) else {
            return Err(PackageError::NotText(name));
        };
        Ok(Some(Package {
            name,
            manifest,
            files,
        }))
    }

    /// What it understands, says and asks to be allowed.
    ///
    /// # Errors
    /// All that is wrong in its `skill.yaml`; that its version is none.
    pub fn manifest(&self) -> Result<Manifest, Problem> {
        let problem = |code: &str, message, help: &str| Problem {
            code: code.into(),
            message,
            help: help.into(),
        };
        let file = format!("{}/{}", self.name, FILES[0]);
        let manifest = Manifest::parse(&file, &self.manifest).map_err(|errors| {
            let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
            problem("skill", errors.join("\n"), "")
        })?;
        if version(&manifest.version).is_none() {
            return Err(problem(
                "version",
                format!("{file}: `{}` is no version", manifest.version),
                "write three numbers without leading zeros, such as version: \"1.2.0\"",
            ));
        }
        Ok(manifest)
    }

    /// Writes them into a folder that is empty, durably.
    ///
    /// # Errors
    /// The disk will not have them.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        for (name, bytes) in &self.files {
            let mut file = File::create_new(folder.join(name))?;
            io::Write::write_all(&mut file, bytes)?;
            file.sync_all()?;
        }
        File::open(folder)?.sync_all()
    }
}

/// A plain file's bytes; nothing if there is no such file.
fn plain(path: &Path) -> Result<Option<Vec<u8>>, PackageError> {
    let unreadable = |source| PackageError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let seen = match fs::symlink_metadata(path) {
        Ok(seen) => seen,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    if !seen.is_file() {
        return Err(PackageError::NotPlain(path.to_owned()));
    }
    let file = File::open(path).map_err(unreadable)?;
    let opened = file.metadata().map_err(unreadable)?;
    // Somebody may have put another in its place meanwhile.
    if (seen.dev(), seen.ino()) != (opened.dev(), opened.ino()) {
        return Err(PackageError::NotPlain(path.to_owned()));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST {
        return Err(PackageError::Large(path.to_owned()));
    }
    Ok(Some(bytes))
}

/// A version as numbers, such as `1.2.0`: what can be compared, and can name a folder.
pub fn version(text: &str) -> Option<[u64; 3]> {
    if text.len() > LONGEST_VERSION {
        return None;
    }
    let mut parts = text.split('.');
    let mut number = || {
        let part = parts.next()?;
        let plain = part.bytes().all(|byte| byte.is_ascii_digit());
        let one_way_to_write = part == "0" || !part.starts_with('0');
        (plain && one_way_to_write).then(|| part.parse().ok())?
    };
    let numbers = [number()?, number()?, number()?];
    parts.next().is_none().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn only_plain_files_of_a_sane_size_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let refused = || Package::read(folder.path()).err().unwrap().to_string();
        assert!(refused().starts_with("there is no skill in "));
        fs::write(at("secret"), "of the house").unwrap();
        symlink(at("secret"), at("skill.yaml")).unwrap();
        assert!(refused().contains("skill.yaml is not a plain file"));
        fs::remove_file(at("skill.yaml")).unwrap();
        fs::write(at("skill.yaml"), b"name: \xff").unwrap();
        assert!(refused().contains("skill.yaml is not UTF-8"));
        fs::write(at("skill.yaml"), "name: tea\n").unwrap();
        fs::create_dir(at("prepare.wasm")).unwrap();
        assert!(refused().contains("prepare.wasm is not a plain file"));
        fs::remove_dir(at("prepare.wasm")).unwrap();
        let large = File::create(at("commit.wasm")).unwrap();
        large.set_len(LARGEST + 1).unwrap();
        assert!(refused().contains("larger than 32 MiB"));
        large.set_len(LARGEST).unwrap();

        let to = tempfile::tempdir().unwrap();
        let package = Package::read(folder.path()).unwrap();
        package.write(to.path()).unwrap();
        assert!(to.path().join("commit.wasm").exists());
        assert!(!to.path().join("secret").exists());
    }

    #[test]
    fn versions_compare_as_numbers_and_lead_nowhere() {
        assert!(version("1.10.0") > version("1.9.3"));
        let wrong = [
            "",
            "1",
            "1.2",
            "1.2.3.4",
            "1.2.x",
            "01.2.3",
            "1..2",
            "../../etc",
            "1.2.+3",
            "v1.2.3",
            "99999999999999999999.0.0",
        ];
        for text in wrong {
            assert_eq!(version(text), None, "{text}");
        }
    }
}
