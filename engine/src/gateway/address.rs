//! The socket's path, also where it is longer than an address may be.

use super::GatewayError;
use std::{
    fs::File,
    os::fd::AsRawFd,
    path::{Path, PathBuf},
};

/// `sun_path` holds 104 bytes on macOS and 108 on Linux, with a zero at the end.
const MAX_PATH_BYTES: usize = 103;

const NAME: &str = "loqa.sock";

/// A path that fits. Valid while the value lives.
pub(super) struct Address {
    pub path: PathBuf,
    _folder: Option<File>,
}

/// The socket of a data folder.
pub(super) fn socket_path(folder: &Path) -> PathBuf {
    folder.join(NAME)
}

/// The address of a data folder's socket: its path or, where that is too long, a short way to the
/// same place through an open handle of the folder.
pub(super) fn address(folder: &Path) -> Result<Address, GatewayError> {
    let path = socket_path(folder);
    if path.as_os_str().len() <= MAX_PATH_BYTES {
        return Ok(Address {
            path,
            _folder: None,
        });
    }
    if !cfg!(target_os = "linux") {
        return Err(GatewayError::PathTooLong {
            path,
            max: MAX_PATH_BYTES,
        });
    }
    let handle = File::open(folder).map_err(|source| GatewayError::Socket { path, source })?;
    let path = Path::new("/proc/self/fd")
        .join(handle.as_raw_fd().to_string())
        .join(NAME);
    Ok(Address {
        path,
        _folder: Some(handle),
    })
}
