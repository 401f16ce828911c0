//! Models that a node has of its hub, in a folder of its own.
//!
//! What is whole is called `NAME.SUM`, what is not yet `NAME.SUM.BYTES.part`, and nothing is written down besides: so there
//! is nothing that could disagree with the files.

use crate::wire::TakeError;
use loqa_protocol::model::Sha256;
use sha2::Digest;
use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

/// Read at once while a sum is made.
const READ_BYTES: usize = 256 << 10;
/// Of the disk, left to everything else on that machine.
const SPARE: u64 = 64 << 20;

/// The folder.
#[derive(Clone, Debug)]
pub struct Shelf {
    folder: PathBuf,
}

/// A model that is there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// Where.
    pub file: PathBuf,
    /// What it was when it came.
    pub sha256: Sha256,
    /// Its length.
    pub bytes: u64,
}

/// The beginning of one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Begun {
    /// Of the whole.
    pub sha256: Sha256,
    /// The whole has so many bytes.
    pub bytes: u64,
    /// So many of them are here.
    pub here: u64,
}

/// What a file is called that is this module's.
struct Named {
    model: String,
    sha256: Sha256,
    /// `None`: it is whole.
    part_of: Option<u64>,
}

impl Named {
    fn read(file: &str) -> Option<Named> {
        let mut pieces = file.split('.');
        let model = pieces.next().filter(|it| is_name(it))?;
        let sha256 = hex::decode(pieces.next()?).ok()?.try_into().ok()?;
        let part_of = match (pieces.next(), pieces.next()) {
            (None, None) => None,
            (Some(bytes), Some("part")) => Some(bytes.parse().ok()?),
            _ => return None,
        };
        pieces.next().is_none().then(|| Named {
            model: model.to_owned(),
            sha256,
            part_of,
        })
    }

    fn write(&self) -> String {
        let whole = format!("{}.{}", self.model, hex::encode(self.sha256));
        match self.part_of {
            Some(bytes) => format!("{whole}.{bytes}.part"),
            None => whole,
        }
    }
}

/// Whether a model may be called that: small letters, digits and `-`.
pub fn is_name(text: &str) -> bool {
    let letter = |it: u8| matches!(it, b'a'..=b'z' | b'0'..=b'9' | b'-');
    (1..=64).contains(&text.len()) && text.bytes().all(letter)
}

impl Shelf {
    /// Of this folder, which need not be there yet.
    pub fn of(folder: PathBuf) -> Shelf {
        Shelf { folder }
    }

    /// The model of this name.
    pub fn kept(&self, model: &str) -> Option<Kept> {
        let mut all = self.files().into_iter();
        let (file, named) = all.find(|(_, it)| it.model == model && it.part_of.is_none())?;
        let bytes = fs::metadata(&file).ok()?.len();
        Some(Kept {
            file,
            sha256: named.sha256,
            bytes,
        })
    }

    /// What has come of one that is not here, or of which the hub has another now.
    pub fn begun(&self, model: &str) -> Option<Begun> {
        self.files().into_iter().find_map(|(file, named)| {
            let bytes = named.part_of.filter(|_| named.model == model)?;
            let here = fs::metadata(file).ok()?.len();
            (here <= bytes).then_some(Begun {
                sha256: named.sha256,
                bytes,
                here,
            })
        })
    }

    /// Drops what is of models that nobody wants any more.
    pub fn keep_only(&self, wanted: &[&str]) {
        self.drop_all(|it| !wanted.contains(&it.model.as_str()));
    }

    /// Drops the beginning of a model.
    pub(crate) fn forget(&self, model: &str) {
        self.drop_all(|it| it.model == model && it.part_of.is_some());
    }

    /// A model of this sum comes, from that byte on; what had come of another is dropped.
    pub(crate) fn begin(
        &self,
        model: &str,
        Begun {
            sha256,
            bytes,
            here,
        }: Begun,
    ) -> Result<Coming, TakeError> {
        if !is_name(model) {
            return Err(TakeError::Odd(format!("`{model}` is no name of a model")));
        }
        let unwritable = |source| self.trouble(source);
        fs::create_dir_all(&self.folder).map_err(unwritable)?;
        self.drop_all(|it| {
            it.model == model && it.part_of.is_some() && (it.sha256 != sha256 || here == 0)
        });
        let free = free(&self.folder).map_err(unwritable)?;
        if free < (bytes - here).saturating_add(SPARE) {
            return Err(TakeError::Full {
                folder: self.folder.display().to_string(),
                missing: bytes - here,
                free,
            });
        }
        let named = |part_of| Named {
            model: model.to_owned(),
            sha256,
            part_of,
        };
        let part = self.folder.join(named(Some(bytes)).write());
        let opened = File::options().append(true).create(true).open(&part);
        let file = opened.map_err(unwritable)?;
        // What was written for a link that is gone may still be under way, where the disk is slow.
        file.lock().map_err(unwritable)?;
        if file.metadata().map_err(unwritable)?.len() != here {
            return Err(TakeError::Odd("more of it came meanwhile".into()));
        }
        Ok(Coming {
            file: Arc::new(file),
            part,
            whole: self.folder.join(named(None).write()),
            shelf: self.clone(),
            model: model.to_owned(),
            sha256,
        })
    }

    fn trouble(&self, source: io::Error) -> TakeError {
        TakeError::Disk {
            folder: self.folder.display().to_string(),
            source,
        }
    }

    /// Those of this module; somebody else's are left alone.
    fn files(&self) -> Vec<(PathBuf, Named)> {
        let Ok(folder) = fs::read_dir(&self.folder) else {
            return Vec::new();
        };
        let ours = |file: io::Result<fs::DirEntry>| {
            let file = file.ok()?;
            let named = Named::read(file.file_name().to_str()?)?;
            Some((file.path(), named))
        };
        folder.filter_map(ours).collect()
    }

    fn drop_all(&self, unwanted: impl Fn(&Named) -> bool) {
        for (file, named) in self.files() {
            if unwanted(&named)
                && let Err(error) = fs::remove_file(&file)
            {
                tracing::warn!(%error, "{} cannot be removed", file.display());
            }
        }
    }
}

/// A model that comes. What of it was written stays when this is dropped. Clones write to the same.
#[derive(Clone)]
pub(crate) struct Coming {
    file: Arc<File>,
    part: PathBuf,
    whole: PathBuf,
    shelf: Shelf,
    model: String,
    sha256: Sha256,
}

impl Coming {
    /// The next bytes. Blocks.
    pub fn write(&self, bytes: &[u8]) -> Result<(), TakeError> {
        (&*self.file).write_all(bytes).map_err(|source| {
            if source.kind() == io::ErrorKind::StorageFull {
                // Half of a model helps nobody, and the room is somebody else's.
                self.shelf.forget(&self.model);
            }
            self.shelf.trouble(source)
        })
    }

    /// All has come: it takes its place, if it is what it should be. Blocks for as long as all of it takes to be read.
    pub fn end(self) -> Result<PathBuf, TakeError> {
        let trouble = |source| self.shelf.trouble(source);
        self.file.sync_all().map_err(trouble)?;
        let found = sum(&self.part).map_err(trouble)?;
        if found != self.sha256 {
            self.shelf.forget(&self.model);
            return Err(TakeError::Sum {
                wanted: hex::encode(self.sha256),
                found: hex::encode(found),
            });
        }
        fs::rename(&self.part, &self.whole).map_err(trouble)?;
        let folder = File::open(&self.shelf.folder).map_err(trouble)?;
        folder.sync_all().map_err(trouble)?;
        self.shelf
            .drop_all(|it| it.model == self.model && it.sha256 != self.sha256);
        Ok(self.whole)
    }
}

/// Of a file.
fn sum(file: &Path) -> io::Result<Sha256> {
    let mut file = File::open(file)?;
    let mut sum = sha2::Sha256::new();
    let mut bytes = vec![0; READ_BYTES];
    loop {
        match file.read(&mut bytes)? {
            0 => return Ok(sum.finalize().into()),
            read => sum.update(&bytes[..read]),
        }
    }
}

fn free(folder: &Path) -> io::Result<u64> {
    let told = rustix::fs::statvfs(folder)?;
    Ok(told.f_bavail.saturating_mul(told.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_file_is_known_by_its_name_again(
            model in "[a-z0-9-]{1,64}", sha256 in any::<Sha256>(), part_of in any::<Option<u64>>(),
        ) {
            let file = Named { model: model.clone(), sha256, part_of }.write();
            let again = Named::read(&file).unwrap();
            prop_assert_eq!((again.model, again.sha256, again.part_of), (model, sha256, part_of));
        }

        #[test]
        fn what_somebody_else_has_called_so_is_not_ours(file in "[a-z./]{0,80}") {
            prop_assert!(Named::read(&file).is_none());
        }
    }
}
