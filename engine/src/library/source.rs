//! Where models come from: their publishers, or a place that somebody has named.

use super::{
    catalogue::File,
    fetch::{FetchError, Progress, on_disk, origin, room},
};
use crate::{
    egress::{Address, AddressError, Border, Egress},
    whole_file,
};
use std::path::{Path, PathBuf};
use tokio::{
    fs,
    io::{AsyncReadExt, AsyncWriteExt},
};

/// What is copied at once, bytes.
const PIECE: usize = 1 << 20;

/// Where models come from.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub enum Source {
    /// Where their publishers have them.
    #[default]
    Publisher,
    /// A folder with their files; or the one file of a model.
    Path(PathBuf),
    /// An address under which their files lie, or of the one file of a model.
    Address(Address, String),
}

/// Where one file comes from.
pub enum Place {
    File(PathBuf),
    Url(String),
}

impl Source {
    /// As somebody writes it; empty for publishers.
    ///
    /// # Errors
    /// It is written as an address and is none.
    pub fn written(text: &str) -> Result<Source, AddressError> {
        Ok(match text {
            "" => Source::Publisher,
            url if url.contains("://") => Source::Address(url.parse()?, url.into()),
            path => Source::Path(path.into()),
        })
    }

    /// A way to it. A place in the house is gone to only because somebody has named it.
    pub fn egress(&self, border: &Border) -> Egress {
        border.to_internet(match self {
            Source::Address(address, _) => Some(address.clone()),
            Source::Publisher | Source::Path(_) => None,
        })
    }

    /// Where it has a file of a model of `files`.
    ///
    /// # Errors
    /// [`FetchError::OneOf`].
    pub(super) fn of(&self, file: &File, files: usize) -> Result<Place, FetchError> {
        Ok(match self {
            Source::Publisher => Place::Url(file.url.clone()),
            Source::Address(_, url) => {
                let url = url.trim_end_matches('/');
                match url.rsplit('/').next() == Some(file.name()) {
                    true => Place::Url(url.into()),
                    false => Place::Url(format!("{url}/{}", file.name())),
                }
            }
            Source::Path(path) if !path.is_file() => Place::File(path.join(file.name())),
            Source::Path(path) if files == 1 => Place::File(path.clone()),
            Source::Path(_) => return Err(FetchError::OneOf(files)),
        })
    }
}

/// Copies a file into its part, anew.
///
/// # Errors
/// [`FetchError`]: there is no room, or it cannot be read or written.
pub async fn copy(
    source: &Path,
    part: &Path,
    told: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), FetchError> {
    let unread = |error| on_disk(source, error);
    let unwritten = |error| on_disk(part, error);
    let mut from = fs::File::open(source).await.map_err(unread)?;
    let all = from.metadata().await.map_err(unread)?.len();
    let folder = part.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).await.map_err(unwritten)?;
    // It is no part of what was fetched before.
    whole_file::remove(&origin(part)).map_err(unwritten)?;
    let mut to = fs::File::create(part).await.map_err(unwritten)?;
    room(folder, all)?;
    let (mut here, mut piece) = (0, vec![0; PIECE]);
    loop {
        told(Progress {
            here,
            all: Some(all),
        });
        let read = from.read(&mut piece).await.map_err(unread)?;
        if read == 0 {
            break;
        }
        to.write_all(&piece[..read]).await.map_err(unwritten)?;
        here += read as u64;
    }
    to.flush().await.map_err(unwritten)?;
    to.sync_all().await.map_err(unwritten)
}
