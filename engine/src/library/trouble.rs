//! What to do about a model that is not here, or not as it should be.

use super::{FetchError, LibraryError};
use crate::egress::EgressError;
use loqa_protocol::Problem;

impl LibraryError {
    /// What a person can do about it, at the command line or on a page.
    pub fn help(&self) -> &'static str {
        match self {
            LibraryError::Unknown(_) => "`loqa model list` tells which there are",
            LibraryError::Busy(_) => "wait for it to end",
            LibraryError::Disk { .. } => "look whether that can be read and written",
            LibraryError::Fetch { source, .. } => source.help(),
        }
    }
}

impl FetchError {
    fn help(&self) -> &'static str {
        match self {
            FetchError::Room { .. } => {
                "make room: what has come is kept, and getting it again goes on with it"
            }
            FetchError::Checksum { .. } => {
                "it was put into quarantine, where nothing uses it: try again, or have it from another place"
            }
            FetchError::Length { .. } | FetchError::Hops(_) | FetchError::Status { .. } => {
                "whoever has it has changed it: update Loqa, or have it from another place"
            }
            FetchError::Address(_) => "an address begins with https://",
            FetchError::OneOf(_) => "name the folder that holds them",
            FetchError::Disk { .. } => "look whether that is there, and can be read and written",
            FetchError::Egress(EgressError::Sealed(_)) => {
                "what has come is kept: once the house is open again (`loqa privacy unseal`), getting it again goes on with it"
            }
            FetchError::Egress(_) | FetchError::Stopped(_) => {
                "what has come is kept: getting it again goes on with it"
            }
        }
    }
}

impl From<LibraryError> for Problem {
    fn from(error: LibraryError) -> Problem {
        let code = match &error {
            LibraryError::Unknown(_) => "no_model",
            LibraryError::Busy(_) => "model_busy",
            LibraryError::Fetch {
                source: FetchError::Egress(EgressError::Sealed(_)),
                ..
            } => "sealed",
            LibraryError::Fetch { .. } | LibraryError::Disk { .. } => "model",
        };
        Problem {
            code: code.into(),
            message: error.to_string(),
            help: error.help().into(),
        }
    }
}
