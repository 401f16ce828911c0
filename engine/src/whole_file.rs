//! Files that are written whole or not at all, whatever happens meanwhile.

use std::{
    fs::{self, Permissions},
    io::{self, Write},
    path::Path,
};
use tempfile::NamedTempFile;

/// Writes a secret in place of any before: readable by its owner alone. The folder is made.
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
    fs::create_dir_all(folder)?;
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
