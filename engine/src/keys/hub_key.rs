//! The hub's own key, which opens all others: in the keyring of the system, or, where there is none,
//! in a file that its owner alone can read.

use super::{Key, KeysError};
use crate::{keyring, whole_file};
use rand::RngExt;
use serde::Serialize;
use std::{
    fs,
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// In the folder of keys: says where the key is, or what it is.
const FILE: &str = "hub.key";

/// Where the hub's key is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPlace {
    /// In the keyring, which is opened with somebody's password.
    Keyring,
    /// In this file: as safe as the account, and no safer.
    File(PathBuf),
}

/// Is there a file that says where it is?
pub fn is_there(folder: &Path) -> bool {
    folder.join(FILE).exists()
}

/// Where it is, without a look at it; `None`: there is none, or nobody could say.
pub fn place(folder: &Path) -> Option<KeyPlace> {
    let file = folder.join(FILE);
    let text = fs::read_to_string(&file).ok()?;
    match text.split_once(' ')?.0 {
        "keyring" => Some(KeyPlace::Keyring),
        "file" => Some(KeyPlace::File(file)),
        _ => None,
    }
}

/// Finds it. Blocks while the keyring is asked.
///
/// # Errors
/// [`KeysError`]: it is gone, or the keyring keeps it to itself.
pub fn find(folder: &Path) -> Result<Key, KeysError> {
    let file = folder.join(FILE);
    let text = fs::read_to_string(&file);
    let text = text.map_err(|source| KeysError::disk(&file, source))?;
    let key = |digits: &str| {
        hex::decode(digits)
            .ok()
            .and_then(|bytes| Key::from_bytes(&bytes))
    };
    let unreadable = || KeysError::Damaged { path: file.clone() };
    match text.trim().split_once(' ') {
        Some(("file", digits)) => key(digits).ok_or_else(unreadable),
        Some(("keyring", id)) => {
            let found = keyring::ask(id, |entry| entry.get_password());
            let digits = found.map_err(|reason| KeysError::Keyring { reason })?;
            key(&digits).ok_or_else(unreadable)
        }
        _ => Err(unreadable()),
    }
}

/// Makes one: in the keyring if that is wanted and there is one, else in the file. Blocks.
///
/// # Errors
/// It can be kept nowhere.
pub fn make(folder: &Path, keyring: bool) -> Result<Key, KeysError> {
    let key = Key::random();
    let file = folder.join(FILE);
    let written = |text: String| {
        whole_file::write_secret(&file, text).map_err(|source| KeysError::disk(&file, source))
    };
    let digits = Zeroizing::new(hex::encode(key.bytes()));
    if keyring {
        let id: u128 = rand::rng().random();
        let id = format!("hub key {id:032x}");
        let secret = digits.clone();
        let kept = keyring::ask(&id, move |entry| {
            entry.set_password(&secret)?;
            // Some take it and have nothing afterwards.
            entry.get_password()
        });
        if kept.is_ok_and(|kept| kept == *digits) {
            written(format!("keyring {id}\n"))?;
            return Ok(key);
        }
    }
    written(format!("file {}\n", *digits))?;
    Ok(key)
}

/// Its name in the keyring, if it is there.
pub fn entry(folder: &Path) -> Option<String> {
    let text = fs::read_to_string(folder.join(FILE)).ok()?;
    let (place, id) = text.trim().split_once(' ')?;
    (place == "keyring").then(|| id.to_owned())
}

/// Takes it out of the keyring. Blocks while the keyring is asked.
///
/// # Errors
/// In plain words: it is still there.
pub fn forget(entry: &str) -> Result<(), String> {
    keyring::ask(entry, |entry| match entry.delete_credential() {
        Err(::keyring::Error::NoEntry) => Ok(()),
        other => other,
    })
}
