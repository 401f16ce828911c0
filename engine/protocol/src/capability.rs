//! What a model or node can do, written `kind.name:variant`.

use alloc::{borrow::ToOwned, string::String};
use core::{fmt, str::FromStr};
use serde::{Deserialize, Serialize};

/// Something a node can do, such as `stt.pocketsphinx:en-us` or `tts.flite:slt`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Capability {
    /// What is done: `stt`, `tts`, `vad`, `llm`, `wake`, `display`.
    pub kind: String,
    /// The engine that does it.
    pub name: String,
    /// Its model, voice or size; may itself contain colons; may be empty.
    pub variant: String,
}

/// The text was not `kind.name` or `kind.name:variant`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CapabilityParseError(pub String);

impl fmt::Display for CapabilityParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not a capability: write kind.name:variant, such as stt.pocketsphinx:en-us",
            self.0
        )
    }
}

impl core::error::Error for CapabilityParseError {}

impl FromStr for Capability {
    type Err = CapabilityParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || CapabilityParseError(text.to_owned());
        let (kind, rest) = text.split_once('.').ok_or_else(error)?;
        let (name, variant) = rest.split_once(':').unwrap_or((rest, ""));
        if kind.is_empty() || name.is_empty() {
            return Err(error());
        }
        Ok(Capability {
            kind: kind.to_owned(),
            name: name.to_owned(),
            variant: variant.to_owned(),
        })
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.kind, self.name)?;
        if !self.variant.is_empty() {
            write!(f, ":{}", self.variant)?;
        }
        Ok(())
    }
}
