//! A sealed copy of everything a household keeps, and how it comes back: a tar in the age format
//! (age-encryption.org/v1), sealed for the recovery kit. The hub's own key is not in it: a restored
//! household has a new one.

mod kit;

pub use kit::{Kit, recipient_of};

use crate::{
    keys::{self, Keys, KeysError, Secrets},
    library,
    store::{self, Store, StoreError},
    whole_file,
};
use rusqlite::Connection;
use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};

/// Databases, each copied as a whole at one moment.
const DATABASES: [&str; 3] = ["loqa.db", "events.db", "audit.db"];
/// What wraps all other keys, in the clear within the sealed file.
const SECRETS: &str = "secrets.json";
/// What is not in a backup: what can be fetched or made again, and what belongs to one machine.
const LEFT_OUT: [&str; 5] = [library::FOLDER, "backups", "cache", "loqa.lock", SECRETS];

/// Why there is no backup, or why it does not come back. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file.
    #[error("cannot use {}: {source}\n  help: see who owns it, and whether its disk is full", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A database.
    #[error("{name} cannot be copied: {source}\n  help: check the disk")]
    Database {
        /// Which.
        name: &'static str,
        /// Why.
        source: rusqlite::Error,
    },
    /// Keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// Nobody to seal it for.
    #[error("`{recipient}` is nobody a backup can be sealed for: {reason}")]
    Recipient {
        /// As it was given.
        recipient: String,
        /// Why.
        reason: String,
    },
    /// The kit.
    #[error("{} is no recovery kit: {reason}\n  help: it is the page that `loqa backup` wrote the first time", .path.display())]
    Kit {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// It does not open with this kit, or is damaged.
    #[error("{} cannot be opened: {reason}\n  help: it may be damaged, or belong to another recovery kit", .path.display())]
    Sealed {
        /// The backup.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// There is a household already.
    #[error("{} holds a household already; nothing was changed\n  help: choose an empty folder with --data DIR, or `loqa wipe` first", .data.display())]
    Occupied {
        /// The data folder.
        data: PathBuf,
    },
    /// What came back is not whole.
    #[error("the backup opens, but not what is in it: {0}\n  help: try an earlier backup")]
    Store(#[from] StoreError),
}

fn file_error(path: &Path) -> impl FnOnce(io::Error) -> BackupError + '_ {
    move |source| BackupError::File {
        path: path.to_owned(),
        source,
    }
}

/// Writes a backup of what `store` holds to `to`, which is there whole or not at all. Backups are sealed
/// for `recipient` from now on. Blocks.
///
/// # Errors
/// [`BackupError`]
pub fn write(store: &Store, keys: &Keys, recipient: &str, to: &Path) -> Result<(), BackupError> {
    let sealed_for = kit::parse(recipient)?;
    let data = store.folder().path();
    let folder = to.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(file_error(folder))?;
    let part = tempfile::NamedTempFile::new_in(folder).map_err(file_error(folder))?;
    let copies = tempfile::tempdir_in(data).map_err(file_error(data))?;
    for name in DATABASES {
        let copy = copies.path().join(name);
        let copied = match name {
            "loqa.db" => store.copy_to(&copy),
            _ => copy_database(&data.join(name), &copy),
        };
        copied.map_err(|source| BackupError::Database { name, source })?;
    }
    // Keys of conversations are made before the first word is written: these are all of them.
    let secrets = keys.secrets()?;
    let packed = (|| {
        let recipients = std::iter::once(&sealed_for as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(recipients).map_err(io::Error::other)?;
        let output = encryptor.wrap_output(BufWriter::new(part.as_file()))?;
        let mut tar = tar::Builder::new(output);
        tar.follow_symlinks(false);
        append_bytes(&mut tar, SECRETS, &secrets.to_json())?;
        for name in DATABASES {
            let copy = copies.path().join(name);
            if copy.exists() {
                tar.append_path_with_name(&copy, name)?;
            }
        }
        append_folder(&mut tar, data, Path::new(""), copies.path())?;
        tar.into_inner()?.finish()?.flush()?;
        part.as_file().sync_all()
    })();
    packed.map_err(file_error(to))?;
    part.persist(to)
        .map_err(|error| file_error(to)(error.error))?;
    kit::remember(data, recipient).map_err(file_error(data))
}

fn copy_database(from: &Path, to: &Path) -> rusqlite::Result<()> {
    if !from.exists() {
        return Ok(());
    }
    let connection = Connection::open(from)?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    store::copy_database(&connection, to)
}

fn append_bytes<W: Write>(tar: &mut tar::Builder<W>, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o600);
    tar.append_data(&mut header, name, bytes)
}

/// Everything else in the data folder that is a file.
fn append_folder<W: Write>(
    tar: &mut tar::Builder<W>,
    data: &Path,
    within: &Path,
    copies: &Path,
) -> io::Result<()> {
    for entry in fs::read_dir(data.join(within))?.flatten() {
        let name = within.join(entry.file_name());
        let path = entry.path();
        let kind = entry.file_type()?;
        if is_left_out(&name) || path == copies {
            continue;
        }
        if kind.is_dir() {
            append_folder(tar, data, &name, copies)?;
        } else if kind.is_file() {
            match File::open(&path) {
                Ok(mut file) => tar.append_file(&name, &mut file)?,
                // It went while we looked.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

fn is_left_out(name: &Path) -> bool {
    let first = name.iter().next().unwrap_or_default();
    let database = |name: &str| DATABASES.iter().any(|database| name.starts_with(database));
    LEFT_OUT.iter().any(|out| first == *out)
        || first.to_str().is_some_and(database)
        || keys::is_wrapped_by_hub(name)
}

/// Brings a backup back into a data folder that holds no household. Blocks.
///
/// # Errors
/// [`BackupError`]; the folder is as it was.
pub fn restore(backup: &Path, kit: &Kit, data: &Path, keyring: bool) -> Result<(), BackupError> {
    let occupied = || BackupError::Occupied {
        data: data.to_owned(),
    };
    if DATABASES.iter().any(|name| data.join(name).exists()) || data.join(keys::FOLDER).exists() {
        return Err(occupied());
    }
    let sealed = |reason: String| BackupError::Sealed {
        path: backup.to_owned(),
        reason,
    };
    let file = File::open(backup).map_err(file_error(backup))?;
    let decryptor =
        age::Decryptor::new(BufReader::new(file)).map_err(|error| sealed(error.to_string()))?;
    let identity = std::iter::once(kit.identity() as &dyn age::Identity);
    let opened = decryptor
        .decrypt(identity)
        .map_err(|error| sealed(error.to_string()))?;
    let above = data.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(above).map_err(file_error(above))?;
    let fresh = tempfile::Builder::new()
        .prefix(".loqa-restore-")
        .tempdir_in(above)
        .map_err(file_error(above))?;
    let mut archive = tar::Archive::new(opened);
    archive
        .unpack(fresh.path())
        .map_err(|error| sealed(error.to_string()))?;
    let secrets = fresh.path().join(SECRETS);
    let bytes = fs::read(&secrets).map_err(|_| sealed("it is no backup of Loqa".into()))?;
    let secrets_read =
        Secrets::from_json(&bytes).ok_or_else(|| sealed("its keys are damaged".into()))?;
    whole_file::destroy(&secrets).map_err(file_error(&secrets))?;
    Keys::from_secrets(fresh.path(), &secrets_read, keyring)?;
    // It is what it should be before it takes its place.
    drop(Store::open(fresh.path())?);
    let _ = whole_file::remove(&fresh.path().join("loqa.lock"));
    fs::create_dir_all(data).map_err(file_error(data))?;
    for entry in fs::read_dir(fresh.path())
        .map_err(file_error(fresh.path()))?
        .flatten()
    {
        let to = data.join(entry.file_name());
        fs::rename(entry.path(), &to).map_err(file_error(&to))?;
    }
    whole_file::sync_folder_of(&data.join(keys::FOLDER)).map_err(file_error(data))
}

#[cfg(test)]
mod tests;
