//! Files that are written whole or not at all, whatever happens meanwhile.

use std::{
    fs::{self, File, Permissions},
    io::{self, Read, Seek, Write},
    path::Path,
};
use tempfile::NamedTempFile;

/// Writes a secret in place of any before: readable by its owner alone. The folder is made, as closed.
///
/// # Errors
/// It cannot be written; what was there is as it was.
pub fn write_secret(path: &Path, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    write(path, bytes.as_ref(), None)
}

/// Writes a file that others may read, in place of any before. The folder is made.
///
/// # Errors
/// It cannot be written; what was there is as it was.
pub fn write_plain(path: &Path, bytes: &[u8]) -> io::Result<()> {
    #[cfg(unix)]
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    write(path, bytes, Some(permissions))
}

/// Writes somebody's own file anew: a link stays one, and permissions stay. The folder is made.
///
/// # Errors
/// It cannot be written; what was there is as it was.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let old = fs::metadata(&path).ok();
    write(&path, text.as_bytes(), old.map(|old| old.permissions()))
}

/// Whether there was such a file; there is none from now on.
///
/// # Errors
/// It cannot be removed.
pub fn remove(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn write(path: &Path, bytes: &[u8], permissions: Option<Permissions>) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut making = fs::DirBuilder::new();
    #[cfg(unix)]
    if permissions.is_none() {
        std::os::unix::fs::DirBuilderExt::mode(&mut making, 0o700);
    }
    making.recursive(true).create(folder)?;
    // Made for its owner alone.
    let mut part = NamedTempFile::new_in(folder)?;
    part.write_all(bytes)?;
    if let Some(permissions) = permissions {
        part.as_file().set_permissions(permissions)?;
    }
    part.as_file().sync_all()?;
    part.persist(path)?;
    Ok(())
}

/// Opens a file to read and write it; makes an empty one, for its owner alone, if there is none.
///
/// # Errors
/// It can be neither opened nor made.
pub fn open_private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let options = options.read(true).write(true).create(true);
    options.truncate(false).open(path)
}

/// Overwrites a file, has the disk take that, and removes it; nothing if there is none. What copies the
/// file system or the storage device has made of its blocks is out of reach.
///
/// # Errors
/// It may still be there.
pub fn destroy(path: &Path) -> io::Result<()> {
    let file = match fs::OpenOptions::new().write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        file => file?,
    };
    overwrite(&file)?;
    fs::remove_file(path)?;
    sync_folder_of(path)
}

/// Overwrites what is in a file with zeros, and has the disk take them. Its length stays, so that they
/// land where the words were.
///
/// # Errors
/// Some of it may still be there.
pub fn overwrite(mut file: &File) -> io::Result<()> {
    let length = file.metadata()?.len();
    file.rewind()?;
    io::copy(&mut io::repeat(0).take(length), &mut file)?;
    file.sync_all()
}

/// Has the disk take that a file was made, renamed or removed.
///
/// # Errors
/// The disk refuses.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}
