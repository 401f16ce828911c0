//! The models of this household: which can be fetched, which are here, and whether they are what they
//! were.
//!
//! Those of a kind lie in one folder, `models/KIND` of the data folder. What is not whole lies in
//! `models/parts`, what is not what it should be in `models/quarantine`, where nothing loads it.

mod catalogue;
mod fetch;
mod machine;
mod measured;
mod source;
mod trouble;

pub use catalogue::{File, Kind, Model, catalogue};
pub use fetch::{FetchError, Patience, Progress};
pub use machine::{Machine, gib};
pub use measured::Measured;
pub use source::Source;

use crate::{egress::Egress, whole_file};
use fetch::{Wanted, checksum, fetch, length, on_disk, origin};
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use source::{Place, copy};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

/// In the data folder.
pub const FOLDER: &str = "models";

/// A model that is here.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Held {
    /// What it is for.
    pub kind: Kind,
    /// File name → what it was when it came.
    pub files: BTreeMap<String, Sum>,
}

/// What a file was when it came.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Sum {
    /// Lower-case hex.
    pub sha256: String,
    /// Its length.
    pub bytes: u64,
    /// Its publisher had told the checksum; else it is what came first.
    pub published: bool,
}

/// How much of a model is here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Here {
    /// Nothing.
    Nothing,
    /// So many bytes, which can be gone on with.
    Part(u64),
    /// All of it, as long as nobody has changed it.
    Whole,
    /// It was, and a file of it is gone, or is not what it was.
    Damaged,
}

/// Why a model is not here, or not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// The catalogue has none of this name.
    #[error("there is no model `{0}`")]
    Unknown(String),
    /// Somebody else is at it.
    #[error("`{0}` is being fetched or removed by somebody else")]
    Busy(String),
    /// A file of it did not come.
    #[error("{file} of `{model}`: {source}")]
    Fetch {
        /// The model.
        model: String,
        /// The file.
        file: String,
        /// Why.
        source: FetchError,
    },
    /// The disk.
    #[error("{path}: {source}")]
    Disk {
        /// Where.
        path: String,
        /// Why.
        source: io::Error,
    },
}

/// The models of a data folder.
pub struct Library {
    folder: PathBuf,
    models: Vec<Model>,
    patience: Patience,
}

impl Library {
    /// Those of a data folder.
    pub fn of(data: &Path, models: Vec<Model>, patience: Patience) -> Library {
        Library {
            folder: data.join(FOLDER),
            models,
            patience,
        }
    }

    /// Where those of a kind lie.
    pub fn folder(data: &Path, kind: Kind) -> PathBuf {
        data.join(FOLDER).join(kind.name())
    }

    /// Models that can be fetched.
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// Models that are here, by name.
    ///
    /// # Errors
    /// What is known of them cannot be read.
    pub fn held(&self) -> Result<BTreeMap<String, Held>, LibraryError> {
        let path = self.records();
        match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| disk(&path, error.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(error) => Err(disk(&path, error)),
        }
    }

    /// How much is here of a model, of which `held` is known.
    pub fn here(&self, model: &Model, held: Option<&Held>) -> Here {
        let folder = self.folder.join(model.kind.name());
        if let Some(held) = held
            && held.files.keys().all(|file| folder.join(file).is_file())
        {
            return Here::Whole;
        }
        let parts = self.folder.join("parts");
        let came = model.files.iter().map(|it| length(&parts.join(it.name())));
        match (came.sum(), held) {
            (0, None) => Here::Nothing,
            (0, Some(_)) => Here::Damaged,
            (bytes, _) => Here::Part(bytes),
        }
    }

    /// Fetches a model, or what is missing of it; what is whole is not fetched again. `told` hears how far each
    /// file is.
    ///
    /// # Errors
    /// [`LibraryError`]; what has come stays, and the next call goes on with it.
    pub async fn pull(
        &self,
        name: &str,
        from: &Source,
        egress: &Egress,
        told: &mut (dyn FnMut(&str, Progress) + Send),
    ) -> Result<Held, LibraryError> {
        let model = self.model(name)?;
        let _alone = self.alone(name)?;
        if let Some(held) = self.held()?.remove(name)
            && self.here(model, Some(&held)) == Here::Whole
        {
            return Ok(held);
        }
        let mut held = Held {
            kind: model.kind,
            files: BTreeMap::new(),
        };
        let mut whole = Vec::new();
        for file in &model.files {
            let part = self.folder.join("parts").join(file.name());
            let from = from.of(file, model.files.len());
            let got = match from {
                Ok(from) => self.bring(name, file, &from, &part, egress, told).await,
                Err(error) => Err(error),
            };
            let (sha256, bytes) = got.map_err(|source| {
                if matches!(source, FetchError::Checksum { .. }) {
                    self.quarantine(&part, file.name());
                }
                LibraryError::Fetch {
                    model: name.to_owned(),
                    file: file.name().to_owned(),
                    source,
                }
            })?;
            let published = file.sha256.is_some() || file.sha1.is_some();
            let sum = Sum {
                sha256,
                bytes,
                published,
            };
            held.files.insert(file.name().to_owned(), sum);
            whole.push((part, file.name()));
        }
        // All of it, or nothing that anything would load.
        let folder = self.folder.join(model.kind.name());
        fs::create_dir_all(&folder).map_err(|error| disk(&folder, error))?;
        for (part, file) in whole {
            let to = folder.join(file);
            fs::rename(&part, &to).map_err(|error| disk(&to, error))?;
            let origin = origin(&part);
            whole_file::remove(&origin).map_err(|error| disk(&origin, error))?;
        }
        self.record(|all| {
            all.insert(name.to_owned(), held.clone());
        })?;
        Ok(held)
    }

    /// Looks whether the files of a model are what they were. One that is not is put where nothing
    /// loads it, and named, as is one that is gone.
    ///
    /// # Errors
    /// [`LibraryError`].
    pub fn verify(&self, name: &str) -> Result<Vec<String>, LibraryError> {
        let _alone = self.alone(name)?;
        let held = self.held()?.remove(name);
        let held = held.ok_or_else(|| LibraryError::Unknown(name.to_owned()))?;
        let mut wrong = Vec::new();
        for (file, sum) in &held.files {
            let path = self.folder.join(held.kind.name()).join(file);
            match checksum::<Sha256>(&path) {
                Ok((found, bytes)) if (&found, bytes) == (&sum.sha256, sum.bytes) => {}
                Ok(_) => {
                    self.quarantine(&path, file);
                    wrong.push(file.clone());
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => wrong.push(file.clone()),
                Err(error) => return Err(disk(&path, error)),
            }
        }
        Ok(wrong)
    }

    /// Removes a model, with what of it was not whole or not as it should be; whether there was any.
    ///
    /// # Errors
    /// [`LibraryError`].
    pub fn remove(&self, name: &str) -> Result<bool, LibraryError> {
        let _alone = self.alone(name)?;
        let held = self.held()?.remove(name);
        let known = self.models.iter().find(|model| model.name == name);
        if held.is_none() && known.is_none() {
            return Err(LibraryError::Unknown(name.to_owned()));
        }
        let mut paths = Vec::new();
        for file in held.iter().flat_map(|held| held.files.keys()) {
            let folder = held.as_ref().map_or("", |held| held.kind.name());
            paths.push(self.folder.join(folder).join(file));
        }
        for file in known.iter().flat_map(|model| &model.files) {
            let part = self.folder.join("parts").join(file.name());
            let quarantined = self.folder.join("quarantine").join(file.name());
            paths.extend([origin(&part), part, quarantined]);
        }
        let mut any = held.is_some();
        for path in paths {
            any |= whole_file::remove(&path).map_err(|error| disk(&path, error))?;
        }
        self.record(|all| {
            all.remove(name);
        })?;
        Ok(any)
    }

    fn model(&self, name: &str) -> Result<&Model, LibraryError> {
        let model = self.models.iter().find(|model| model.name == name);
        model.ok_or_else(|| LibraryError::Unknown(name.to_owned()))
    }

    /// Has a file come into its part, and looks whether it is what it should be.
    async fn bring(
        &self,
        model: &str,
        file: &File,
        from: &Place,
        part: &Path,
        egress: &Egress,
        told: &mut (dyn FnMut(&str, Progress) + Send),
    ) -> Result<(String, u64), FetchError> {
        let told = &mut |progress| told(file.name(), progress);
        match from {
            Place::File(source) => copy(source, part, told).await?,
            Place::Url(url) => {
                let wanted = Wanted {
                    model,
                    url,
                    known: file.sha256.is_some(),
                    bytes: file.bytes,
                    part: part.to_owned(),
                };
                fetch(egress, &wanted, self.patience, told).await?;
            }
        }
        let (sum, bytes) = summed::<Sha256>(part).await?;
        if let Some(wanted) = &file.sha1 {
            is_as_told(Some(wanted), &summed::<Sha1>(part).await?.0)?;
        }
        is_as_told(file.sha256.as_ref(), &sum)?;
        Ok((sum, bytes))
    }

    fn quarantine(&self, path: &Path, file: &str) {
        let folder = self.folder.join("quarantine");
        let moved = fs::create_dir_all(&folder).and_then(|()| fs::rename(path, folder.join(file)));
        if moved.is_err() {
            // Nothing may load it, whatever the disk says.
            let _ = fs::remove_file(path);
        }
    }

    fn records(&self) -> PathBuf {
        self.folder.join("models.json")
    }

    fn record(&self, change: impl FnOnce(&mut BTreeMap<String, Held>)) -> Result<(), LibraryError> {
        let path = self.records();
        let lock = self.lock("models").map_err(|error| disk(&path, error))?;
        lock.lock().map_err(|error| disk(&path, error))?;
        let mut all = self.held()?;
        change(&mut all);
        let text = serde_json::to_vec_pretty(&all).map_err(|error| disk(&path, error.into()))?;
        whole_file::write_plain(&path, &text).map_err(|error| disk(&path, error))
    }

    /// Nobody else does something with a model meanwhile; the lock ends with its file.
    fn alone(&self, name: &str) -> Result<fs::File, LibraryError> {
        let letter = |it: u8| matches!(it, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if name.is_empty() || !name.bytes().all(letter) {
            return Err(LibraryError::Unknown(name.to_owned()));
        }
        let failed = |error| disk(&self.folder, error);
        let lock = self.lock(&format!("model-{name}")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(lock),
            Err(fs::TryLockError::WouldBlock) => Err(LibraryError::Busy(name.to_owned())),
            Err(fs::TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    fn lock(&self, name: &str) -> io::Result<fs::File> {
        let folder = self.folder.join("locks");
        fs::create_dir_all(&folder)?;
        fs::File::create(folder.join(name))
    }
}

/// What reads and writes long, beside everything else.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(io::Error::other(error)))
}

/// Checksum and length of a part.
async fn summed<D: Digest>(part: &Path) -> Result<(String, u64), FetchError> {
    let path = part.to_owned();
    let summed = blocking(move || checksum::<D>(&path)).await;
    summed.map_err(|error| on_disk(part, error))
}

fn is_as_told(wanted: Option<&String>, found: &str) -> Result<(), FetchError> {
    match wanted {
        Some(wanted) if wanted != found => Err(FetchError::Checksum {
            found: found.to_owned(),
            wanted: wanted.clone(),
        }),
        _ => Ok(()),
    }
}

fn disk(path: &Path, source: io::Error) -> LibraryError {
    LibraryError::Disk {
        path: path.display().to_string(),
        source,
    }
}

#[cfg(test)]
mod tests;
