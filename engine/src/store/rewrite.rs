//! A database from before everything was sealed is written anew, once. Nothing that it said stays
//! readable: not in free pages, not in its journal, not in the blocks of the file that it was.

use super::{
    household::Household,
    plain,
    schema::{self, OpenError},
};
use crate::{keys::Key, whole_file};
use rusqlite::Connection;
use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

/// In the data folder: what databases were before a Loqa changed their format, sealed.
const BACKUPS: &str = "backups";
/// What such a backup is sealed for.
pub(super) const PLACE: &[u8] = b"loqa database before its format changed";

/// The journal of a database, held from before it is opened: SQLite removes it, with the words in it, as
/// soon as all of it is in the database.
pub(super) struct Journal(Option<File>);

impl Journal {
    pub fn of(path: &Path) -> Journal {
        let file = OpenOptions::new().write(true).open(beside(path, "-wal"));
        Journal(file.ok())
    }
}

/// Writes the database of `format` anew, sealed with `key`. Whenever it is interrupted, the old one is
/// there whole, or the new one.
///
/// # Errors
/// [`OpenError`]; the old one is as it was.
pub(super) fn rewrite(
    path: &Path,
    journal: Journal,
    mut connection: Connection,
    format: usize,
    key: &Key,
) -> Result<(), OpenError> {
    connection.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
    let bytes = connection.serialize("main")?.to_vec();
    connection.close().map_err(|(_, error)| error)?;
    if let Some(journal) = journal.0 {
        whole_file::overwrite(&journal).map_err(disk)?;
    }

    let backup = path
        .with_file_name(BACKUPS)
        .join(format!("loqa.db-format-{format}"));
    whole_file::write_secret(&backup, key.seal(PLACE, &bytes)).map_err(disk)?;
    let mut copy = Connection::open_in_memory()?;
    copy.deserialize_read_exact("main", &*bytes, bytes.len(), false)?;
    let plain = plain::load(&mut copy, format)?;

    let new = beside(path, ".new");
    whole_file::destroy(&new).map_err(disk)?;
    whole_file::write_secret(&new, []).map_err(disk)?;
    let mut written = Connection::open(&new)?;
    written.pragma_update(None, "synchronous", "FULL")?;
    schema::begin(&mut written, key)?;
    let nothing = Household::default();
    schema::save(&mut written, &nothing, &plain.household, &plain.ledger, key)?;
    written.close().map_err(|(_, error)| error)?;

    let old = old(path);
    whole_file::destroy(&old).map_err(disk)?;
    fs::hard_link(path, &old).map_err(disk)?;
    fs::rename(&new, path).map_err(disk)?;
    whole_file::sync_folder_of(path).map_err(disk)?;
    tracing::info!(format, "what the household keeps is sealed from now on");
    finish(path).map_err(disk)
}

/// Destroys what an interruption has left of the old one.
///
/// # Errors
/// It may still be there.
pub(super) fn finish(path: &Path) -> io::Result<()> {
    whole_file::destroy(&old(path))
}

fn old(path: &Path) -> PathBuf {
    beside(path, ".old")
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn disk(error: io::Error) -> OpenError {
    OpenError::Disk {
        error: rusqlite::Error::ToSqlConversionFailure(error.into()),
        empty: false,
    }
}
