//! The hub's own key, which opens all others: in the keyring of the system, or, where there is none,
//! in a file that its owner alone can read.

use super::{Key, KeysError};
use crate::{
    hex::{hex, unhex},
    whole_file,
};
use rand::RngExt;
use serde::Serialize;
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::Duration,
};
use zeroize::Zeroizing;

/// In the folder of keys: says where the key is, or what it is.
const FILE: &str = "hub.key";
/// What the keyring shows as its owner.
const SERVICE: &str = "Loqa";
/// How long the keyring may take: a locked one asks somebody, who may not be there.
const PATIENCE: Duration = Duration::from_secs(20);

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
    let key = |digits: &str| unhex(digits).and_then(|bytes| Key::from_bytes(&bytes));
    let unreadable = || KeysError::Damaged { path: file.clone() };
    match text.trim().split_once(' ') {
        Some(("file", digits)) => key(digits).ok_or_else(unreadable),
        Some(("keyring", id)) => {
            let found = in_keyring(id, |entry| entry.get_password());
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
    let digits = Zeroizing::new(hex(key.bytes()));
    if keyring {
        let id: u128 = rand::rng().random();
        let id = format!("hub key {id:032x}");
        let secret = digits.clone();
        let kept = in_keyring(&id, move |entry| {
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

/// Destroys it, wherever it is. What cannot be destroyed is told, after everything else was tried.
///
/// # Errors
/// It may still be there.
pub fn destroy(folder: &Path) -> io::Result<()> {
    let file = folder.join(FILE);
    let text = fs::read_to_string(&file).unwrap_or_default();
    let forgotten = match text.trim().split_once(' ') {
        Some(("keyring", id)) => in_keyring(id, |entry| entry.delete_credential()),
        _ => Ok(()),
    };
    whole_file::destroy(&file)?;
    forgotten.map_err(|reason| io::Error::other(format!("the keyring keeps its entry: {reason}")))
}

/// Asks the keyring, on a thread that nobody waits for longer than [`PATIENCE`].
fn in_keyring<R: Send + 'static>(
    id: &str,
    ask: impl FnOnce(keyring::Entry) -> keyring::Result<R> + Send + 'static,
) -> Result<R, String> {
    let (answer, answered) = mpsc::sync_channel(1);
    let id = id.to_owned();
    let asking = move || {
        let result = keyring::Entry::new(SERVICE, &id).and_then(ask);
        // Whoever asked may have given up.
        let _ = answer.send(result.map_err(|error| error.to_string()));
    };
    let begun = thread::Builder::new().name("keyring".into()).spawn(asking);
    begun.map_err(|error| error.to_string())?;
    let patience = answered.recv_timeout(PATIENCE);
    patience.unwrap_or_else(|_| Err("it does not answer; it may be locked".into()))
}
