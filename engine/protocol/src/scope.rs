//! How long words may live, and how soon an answer is due.

use core::time::Duration;
use serde::{Deserialize, Serialize};

/// How long the record of a conversation may be kept. Ordered: a later variant keeps more.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum PrivacyScope {
    /// Nothing of the words leaves memory.
    #[default]
    Ephemeral,
    /// Kept for a set time.
    Session,
    /// Kept until its person erases it.
    Persistent,
}

impl PrivacyScope {
    /// As files and documents write it.
    pub const fn name(self) -> &'static str {
        match self {
            PrivacyScope::Ephemeral => "ephemeral",
            PrivacyScope::Session => "session",
            PrivacyScope::Persistent => "persistent",
        }
    }
}

/// The answer-time budget of a turn.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum QosTier {
    /// 200 ms.
    #[default]
    Fast,
    /// 400 ms.
    Balanced,
    /// 1 s.
    Rich,
}

impl QosTier {
    /// Time from the end of speech to the first sample of the answer.
    pub const fn budget(self) -> Duration {
        Duration::from_millis(match self {
            QosTier::Fast => 200,
            QosTier::Balanced => 400,
            QosTier::Rich => 1000,
        })
    }
}
