//! The keys to everything Loqa keeps: the hub's, which wraps the household's and each person's;
//! theirs, which wrap one for each conversation that is kept. A file each in the folder `keys`,
//! so that destroying one is overwriting one file, and nothing that it sealed can be read again.

mod hub_key;
mod key;
mod secrets;

pub use hub_key::KeyPlace;
pub use key::{Key, Unsealed};
pub(crate) use secrets::Secrets;

use crate::whole_file;
use loqa_protocol::SessionId;
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

/// In the data folder.
pub const FOLDER: &str = "keys";
/// The household's key: what its tables say.
const HOUSEHOLD: &str = "household.key";
/// The key that heads of the audit are signed with.
const SIGNING: &str = "signing.key";
/// A file each.
const PEOPLE: &str = "people";
/// A file each.
const SESSIONS: &str = "sessions";

/// Why what is sealed cannot be opened. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The keyring does not give the hub's key.
    #[error(
        "the keyring does not give Loqa's key: {reason}\n  help: unlock it and start Loqa again; if the key is gone, `loqa restore` brings back a backup, and `loqa wipe` starts anew"
    )]
    Keyring {
        /// What it said.
        reason: String,
    },
    /// A file of a key is not what Loqa wrote, or belongs to another hub key.
    #[error("the key in {} is damaged, or another hub's; it was left as it is\n  help: put back the folder of keys it belongs to, or `loqa restore` a backup; `loqa wipe` starts anew", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// What is kept was sealed with keys that are not there.
    #[error("the keys to what {} keeps are not there\n  help: put back its folder `{FOLDER}`, or `loqa restore` a backup; `loqa wipe` starts anew", .data.display())]
    Missing {
        /// The data folder.
        data: PathBuf,
    },
    /// A file of a key cannot be read or written.
    #[error("cannot use the key {}: {source}\n  help: see who owns the data folder, and whether the disk is full", .path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl KeysError {
    fn disk(path: &Path, source: io::Error) -> KeysError {
        KeysError::Disk {
            path: path.to_owned(),
            source,
        }
    }
}

/// What a keyring did not let go of.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the keyring keeps its entry `{name}` of Loqa ({reason})")]
pub struct KeptEntry {
    name: String,
    reason: String,
}

/// Whose key wraps that of a conversation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Owner {
    /// Nobody in particular: whoever was in the room.
    Household,
    /// A person, by number.
    Person(u64),
}

/// All keys of one data folder.
#[derive(Debug)]
pub struct Keys {
    folder: PathBuf,
    hub: Key,
    household: Key,
}

impl Keys {
    /// Those of a data folder. `keyring`: one that is made may be kept there. Blocks.
    ///
    /// # Errors
    /// [`KeysError`]; there are none, if `make` does not allow that they are made.
    pub fn open(data: &Path, keyring: bool, make: bool) -> Result<Keys, KeysError> {
        let folder = data.join(FOLDER);
        let hub = if hub_key::is_there(&folder) {
            hub_key::find(&folder)?
        } else if make && !folder.join(HOUSEHOLD).exists() {
            hub_key::make(&folder, keyring)?
        } else {
            let data = data.to_owned();
            return Err(KeysError::Missing { data });
        };
        let household = folder.join(HOUSEHOLD);
        let household = match read(&household, &hub)? {
            Some(key) => key,
            None if make => written(&household, &hub)?,
            None => {
                let data = data.to_owned();
                return Err(KeysError::Missing { data });
            }
        };
        Ok(Keys {
            folder,
            hub,
            household,
        })
    }

    /// What wraps all other keys, for a backup.
    ///
    /// # Errors
    /// [`KeysError`]
    pub(crate) fn secrets(&self) -> Result<Secrets, KeysError> {
        let mut people = BTreeMap::new();
        for path in files(&self.folder.join(PEOPLE)) {
            let name = path
                .file_stem()
                .and_then(|stem| stem.to_str()?.parse().ok());
            if let (Some(id), Some(key)) = (name, read(&path, &self.hub)?) {
                people.insert(id, key);
            }
        }
        Ok(Secrets {
            household: self.household.clone(),
            signing: self.signing()?,
            people,
        })
    }

    /// Keys for a data folder that has none, from a backup: with a hub key of their own.
    ///
    /// # Errors
    /// [`KeysError`]
    pub(crate) fn from_secrets(
        data: &Path,
        secrets: &Secrets,
        keyring: bool,
    ) -> Result<Keys, KeysError> {
        let folder = data.join(FOLDER);
        let hub = hub_key::make(&folder, keyring)?;
        write(&folder.join(HOUSEHOLD), &hub, &secrets.household)?;
        write(&folder.join(SIGNING), &hub, &secrets.signing)?;
        for (person, key) in &secrets.people {
            let path = folder.join(PEOPLE).join(format!("{person}.key"));
            write(&path, &hub, key)?;
        }
        Ok(Keys {
            folder,
            hub,
            household: secrets.household.clone(),
        })
    }

    /// The household's.
    pub fn household(&self) -> &Key {
        &self.household
    }

    /// The seed of the key that signs; made at its first use.
    ///
    /// # Errors
    /// [`KeysError`]
    pub fn signing(&self) -> Result<Key, KeysError> {
        made(&self.folder.join(SIGNING), &self.hub)
    }

    /// That of a conversation, made at its first use, durably: nothing is sealed with a key that a
    /// loss of power could take.
    ///
    /// # Errors
    /// [`KeysError`]
    pub fn session(&self, owner: Owner, session: SessionId) -> Result<Key, KeysError> {
        let path = self.session_path(session);
        match owner {
            Owner::Household => made(&path, &self.household),
            Owner::Person(person) => made(&path, &made(&self.person_path(person), &self.hub)?),
        }
    }

    /// That of a conversation; `None`: it was destroyed, or never was.
    ///
    /// # Errors
    /// [`KeysError`]
    pub fn kept_session(&self, owner: Owner, session: SessionId) -> Result<Option<Key>, KeysError> {
        let path = self.session_path(session);
        match owner {
            Owner::Household => read(&path, &self.household),
            Owner::Person(person) => match read(&self.person_path(person), &self.hub)? {
                Some(key) => read(&path, &key),
                None => Ok(None),
            },
        }
    }

    /// From now on nobody can read that conversation.
    ///
    /// # Errors
    /// The key may still be there.
    pub fn destroy_session(&self, session: SessionId) -> Result<(), KeysError> {
        destroyed(&self.session_path(session))
    }

    /// From now on nobody can read any conversation of that person.
    ///
    /// # Errors
    /// The key may still be there.
    pub fn destroy_person(&self, person: u64) -> Result<(), KeysError> {
        destroyed(&self.person_path(person))
    }

    fn session_path(&self, session: SessionId) -> PathBuf {
        self.folder.join(SESSIONS).join(format!("{session}.key"))
    }

    fn person_path(&self, person: u64) -> PathBuf {
        self.folder.join(PEOPLE).join(format!("{person}.key"))
    }
}

/// Where the hub's key of a data folder is; `None`: there is none yet.
pub fn place_of(data: &Path) -> Option<KeyPlace> {
    hub_key::place(&data.join(FOLDER))
}

/// Destroys every key of a data folder, and then the hub's in the keyring; tells if the keyring kept that, which opens
/// nothing any more. It asks for none, so it works whatever state they are in. Goes on after what cannot be destroyed.
///
/// # Errors
/// The first that may still be there.
pub fn destroy_all(data: &Path) -> io::Result<Option<KeptEntry>> {
    let folder = data.join(FOLDER);
    let entry = hub_key::entry(&folder);
    let mut result = Ok(());
    // Those of conversations are sealed with these, and there may be many: they are only removed.
    let sessions = folder.join(SESSIONS);
    for path in files(&folder) {
        if !path.starts_with(&sessions) {
            result = result.and(whole_file::destroy(&path));
        }
    }
    if result.is_ok() && folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let forgotten = entry.map(|name| match hub_key::forget(&name) {
        Ok(()) => None,
        Err(reason) => Some(KeptEntry { name, reason }),
    });
    result.map(|()| forgotten.flatten())
}

/// Is a file of the data folder one that only the hub's key opens, or that key?
pub(crate) fn is_wrapped_by_hub(name: &Path) -> bool {
    let mut parts = name.iter();
    parts.next().is_some_and(|folder| folder == FOLDER)
        && parts.next().is_some_and(|name| name != SESSIONS)
}

/// All files in it, however deep; none if it cannot be read.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else {
        return found;
    };
    for entry in entries.flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files(&entry.path())),
            Ok(_) => found.push(entry.path()),
            Err(_) => {}
        }
    }
    found
}

/// What a wrapped key is sealed for: its file's name, so that files cannot change places.
fn purpose(path: &Path) -> Vec<u8> {
    let name = path.file_name().unwrap_or_default();
    [b"loqa key ", name.as_encoded_bytes()].concat()
}

fn read(path: &Path, with: &Key) -> Result<Option<Key>, KeysError> {
    let sealed = match fs::read(path) {
        Ok(sealed) => sealed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(KeysError::disk(path, error)),
    };
    let key = with.open(&purpose(path), &sealed).ok();
    let key = key.and_then(|bytes| Key::from_bytes(&bytes));
    key.map(Some).ok_or_else(|| KeysError::Damaged {
        path: path.to_owned(),
    })
}

fn made(path: &Path, with: &Key) -> Result<Key, KeysError> {
    match read(path, with)? {
        Some(key) => Ok(key),
        None => written(path, with),
    }
}

fn written(path: &Path, with: &Key) -> Result<Key, KeysError> {
    let key = Key::random();
    write(path, with, &key)?;
    Ok(key)
}

fn write(path: &Path, with: &Key, key: &Key) -> Result<(), KeysError> {
    let sealed = with.seal(&purpose(path), key.bytes());
    let written = whole_file::write_secret(path, sealed);
    let written = written.and_then(|()| whole_file::sync_folder_of(path));
    written.map_err(|source| KeysError::disk(path, source))
}

fn destroyed(path: &Path) -> Result<(), KeysError> {
    whole_file::destroy(path).map_err(|source| KeysError::disk(path, source))
}

#[cfg(test)]
mod tests;
