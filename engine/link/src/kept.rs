//! Keys and certificates in files: each whole or not there at all.

use std::{
    fs::{self, File, Permissions},
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// Why a key is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// One of two files is there.
    #[error("{} is there, but not {}\n  help: put the other back from a backup; or remove this one, and pair every node again", .present.display(), .missing.display())]
    Half {
        /// The one that is there.
        present: PathBuf,
        /// The one that is not.
        missing: PathBuf,
    },
    /// A file is not what was written there.
    #[error("{} {what}\n  help: put it back from a backup; or remove it, and pair again what was paired with it", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A file can be neither read nor written.
    #[error("{} is out of reach: {source}\n  help: see who owns the folder, and whether its disk is full", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The machine cannot make keys or sign.
    #[error("a key cannot be made or used: {0}")]
    Make(String),
}

impl From<rcgen::Error> for KeyError {
    fn from(error: rcgen::Error) -> Self {
        KeyError::Make(error.to_string())
    }
}

impl From<rustls::Error> for KeyError {
    fn from(error: rustls::Error) -> Self {
        KeyError::Make(error.to_string())
    }
}

/// For [`Result::map_err`]: this file is out of reach.
pub(crate) fn out_of_reach(path: &Path) -> impl FnOnce(io::Error) -> KeyError {
    let path = path.to_owned();
    |source| KeyError::File { path, source }
}

/// `None` if it is not there. What is no text is no PEM either, and is told so by whoever reads on.
pub(crate) fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The whole file or none of it, for nobody else's eyes before its mode is set.
pub(crate) fn write(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file()
        .set_permissions(Permissions::from_mode(mode))?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    File::open(folder)?.sync_all()
}
