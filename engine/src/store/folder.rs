//! The data folder and who owns it: one hub at a time.

use super::StoreError;
use crate::whole_file;
use std::{
    fs::{self, DirBuilder, File, Permissions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// The database's file name.
pub(super) const DATABASE: &str = "loqa.db";
const LOCK: &str = "loqa.lock";

/// A data folder held exclusively by this process, until the value is dropped or the process
/// ends, however it ends: the kernel releases the lock, so a crash leaves nothing to clean up.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Creates the folder if it is missing (0700) and takes it.
    ///
    /// An existing folder that is Loqa's own (empty, or with a database) is closed to other users
    /// as well; the permissions of any other folder are left alone.
    ///
    /// # Errors
    /// [`StoreError::InUse`] while another process holds it; [`StoreError::Folder`] if it cannot
    /// be created or written.
    pub fn acquire(path: &Path) -> Result<DataFolder, StoreError> {
        let folder = |source| StoreError::Folder {
            path: path.to_owned(),
            source,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(folder)?;
        if path.join(DATABASE).exists() || fs::read_dir(path).map_err(folder)?.next().is_none() {
            fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(folder)?;
        }
        let lock_path = path.join(LOCK);
        let mut lock = whole_file::open_private(&lock_path).map_err(folder)?;
        match lock.try_lock() {
            Ok(()) => {
                // Only for the other's error message, so a full disk does not matter here.
                let _ = write_pid(&mut lock);
                Ok(DataFolder {
                    path: path.to_owned(),
                    _lock: lock,
                })
            }
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                let _ = lock.read_to_string(&mut pid);
                Err(StoreError::InUse {
                    path: path.to_owned(),
                    pid: pid.trim().parse().ok(),
                })
            }
            Err(TryLockError::Error(source)) => Err(folder(source)),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The database in it. Created empty with 0600 first: SQLite gives its side files the same
    /// permissions, so none of them is ever readable by others.
    pub(super) fn database(&self) -> io::Result<PathBuf> {
        let path = self.path.join(DATABASE);
        whole_file::open_private(&path)?;
        Ok(path)
    }
}

fn write_pid(lock: &mut File) -> io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    writeln!(lock, "{}", std::process::id())
}
