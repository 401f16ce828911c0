//! How fast models are on this machine: `models/measured.json`, as `loqa model bench` writes it.

use super::{Library, LibraryError, disk};
use crate::whole_file;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fs, io};

/// What a measurement found.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Measured {
    /// Of one that hears.
    Hears {
        /// From its start to its first job, ms.
        load_ms: f64,
        /// Length of the speech that it read, s.
        speech_s: f64,
        /// From the end of that speech to its last word, ms, where it had not been read before; the median.
        last_word_ms: f64,
    },
    /// Of one that answers.
    Answers {
        /// From its start to its first job, ms.
        load_ms: f64,
        /// From a question to the first word of its answer, ms, where what comes before was read; the median.
        first_word_ms: f64,
        /// How fast the others follow.
        words_per_s: f64,
    },
}

impl Library {
    /// What was measured, by model.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn measured(&self) -> Result<BTreeMap<String, Measured>, LibraryError> {
        let path = self.folder.join("measured.json");
        match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| disk(&path, error.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(error) => Err(disk(&path, error)),
        }
    }

    /// Notes what was measured.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn note_measured(&self, model: &str, found: Measured) -> Result<(), LibraryError> {
        let mut all = self.measured()?;
        all.insert(model.to_owned(), found);
        let path = self.folder.join("measured.json");
        let text = serde_json::to_vec_pretty(&all).map_err(|error| disk(&path, error.into()))?;
        fs::create_dir_all(&self.folder).map_err(|error| disk(&self.folder, error))?;
        whole_file::write_plain(&path, &text).map_err(|error| disk(&path, error))
    }
}
