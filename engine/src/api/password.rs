//! A password that a household has chosen, for a tablet that must sign in while nobody is at the
//! hub. Kept as a hash that is slow to guess, and read anew each time: setting it needs no hub.

use crate::{gateway::problem, whole_file};
use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use loqa_protocol::Problem;
use std::{
    fs, io,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

/// In the data folder, for nobody else's eyes.
const FILE: &str = "dashboard.password";
/// A shorter one is guessed, a longer one is no password; characters.
const LENGTH: RangeInclusive<usize> = 8..=128;

/// Why a password is not kept.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too short or too long.
    #[error(
        "a password has 8 to 128 characters, and this one has {0}\n  help: a few words that do not belong together are easy to remember and hard to guess"
    )]
    Length(usize),
    /// It cannot be turned into a hash.
    #[error("the password cannot be kept: {0}")]
    Hash(String),
    /// The folder does not take it.
    #[error("the password cannot be kept in {}: {source}\n  help: see who owns the folder, and whether its disk is full; `--data DIR` names another", .path.display())]
    File {
        /// Where it would be.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Self {
        problem("password", &error)
    }
}

/// Keeps a password for the hub of a data folder, in place of any before.
///
/// # Errors
/// [`PasswordError`].
pub fn keep(folder: &Path, password: &str) -> Result<(), PasswordError> {
    let length = password.chars().count();
    if !LENGTH.contains(&length) {
        return Err(PasswordError::Length(length));
    }
    let hash = hash(password).map_err(PasswordError::Hash)?;
    let path = folder.join(FILE);
    whole_file::write_secret(&path, &hash).map_err(|source| PasswordError::File { path, source })
}

/// Whether there was one; there is none from now on.
///
/// # Errors
/// [`PasswordError::File`].
pub fn forget(folder: &Path) -> Result<bool, PasswordError> {
    let path = folder.join(FILE);
    whole_file::remove(&path).map_err(|source| PasswordError::File { path, source })
}

/// The hash of the password, if there is one that can be read.
pub fn kept(folder: &Path) -> Option<String> {
    fs::read_to_string(folder.join(FILE)).ok()
}

/// What is kept of a password. As slow as [`is_right`].
///
/// # Errors
/// Why there is no hash of it.
pub fn hash(password: &str) -> Result<String, String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string())
        .map_err(|error| error.to_string())
}

/// Whether this is the password of a hash. Takes some tens of milliseconds and 19 MiB of memory,
/// on purpose.
pub fn is_right(hash: &str, typed: &str) -> bool {
    let hash = PasswordHash::new(hash.trim());
    hash.is_ok_and(|hash| {
        let verified = Argon2::default().verify_password(typed.as_bytes(), &hash);
        verified.is_ok()
    })
}
