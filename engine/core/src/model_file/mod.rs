//! What a model's file says of itself, read before anything else touches it.
//!
//! Nobody trusts such a file: sizes are checked against each other and against what the file can hold.

mod gguf;
mod whisper;

pub use gguf::GgufFile;
pub use whisper::WhisperFile;

/// Why a file is no model that can be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ModelFileError {
    /// It is something else.
    #[error("it is not a {0} file")]
    Other(&'static str),
    /// Of a kind that this program does not know.
    #[error("it is a {kind} file, but its {what} is {found}, and only {known} can be used")]
    Unknown {
        /// Which kind of file.
        kind: &'static str,
        /// What is unknown about it.
        what: &'static str,
        /// What it says.
        found: i64,
        /// What could be used.
        known: &'static str,
    },
    /// The rest is missing.
    #[error("it is cut off: {here} bytes are here, and a model of its size has at least {needed}")]
    CutOff {
        /// Length of the file, bytes.
        here: u64,
        /// The least it must have, bytes.
        needed: u64,
    },
}
