//! Why the data folder cannot be used, and why a commit changed nothing.

use super::schema;
use crate::keys::KeysError;
use loqa_protocol::{Problem, UtteranceId};
use loqa_skill_sdk::EffectError;
use std::{io, path::PathBuf};

/// Why the data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another hub has it: talk to that one, or use another folder.
    #[error(
        "another Loqa hub{} is using {}\n  help: stop it first, or give this one a folder of its own with --data DIR",
        .pid.map(|pid| format!(" (process {pid})")).unwrap_or_default(), .path.display()
    )]
    InUse {
        /// The data folder.
        path: PathBuf,
        /// Its owner's process id, if it could be read.
        pid: Option<u32>,
    },
    /// It cannot be created, read or written.
    #[error("cannot use the data folder {}: {source}\n  help: make it writable for this user, or choose another with --data DIR", .path.display())]
    Folder {
        /// The data folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The database is not what Loqa wrote. It was left exactly as it is.
    #[error(
        "{} is damaged ({reason}); it was left as it is\n  help: put a backup in its place, or start afresh (timers and lists in it are lost) with: mv '{}' '{}.damaged'",
        .path.display(), .path.display(), .path.display()
    )]
    Damaged {
        /// The database file.
        path: PathBuf,
        /// What SQLite or Loqa found.
        reason: String,
    },
    /// A later Loqa wrote the database.
    #[error("{} was written by a newer Loqa (format {found}; this one knows {}); it was left as it is\n  help: update Loqa, or use another folder with --data DIR", .path.display(), schema::FORMAT)]
    TooNew {
        /// The database file.
        path: PathBuf,
        /// Its format.
        found: i64,
    },
    /// What it holds was sealed, and the keys are not to be had.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The database holds something, but the disk will not let it be used.
    #[error("cannot use {}: {source}\n  help: check the disk (is it full, read-only or failing?)", .path.display())]
    Disk {
        /// The database file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let code = match error {
            StoreError::InUse { .. } => "data_in_use",
            StoreError::Folder { .. } => "data_folder",
            StoreError::Damaged { .. } => "data_damaged",
            StoreError::TooNew { .. } => "data_too_new",
            StoreError::Disk { .. } => "data_disk",
            StoreError::Keys(_) => "data_keys",
        };
        crate::gateway::problem(code, &error)
    }
}

/// A commit that changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// This utterance was carried out before.
    #[error("utterance {0} was already carried out")]
    AlreadyCommitted(UtteranceId),
    /// The closure refused.
    #[error("{}", .0.0)]
    Refused(EffectError),
    /// The ledger cannot be read, so that nobody can tell whether the utterance was carried out.
    #[error(transparent)]
    Store(#[from] StoreError),
}
