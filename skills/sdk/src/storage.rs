//! What a skill keeps for itself.

use alloc::string::String;
use serde::{Deserialize, Serialize};
#[cfg(feature = "host")]
use wasmtime::component::{ComponentType, Lift, Lower};

/// A change to it. Nobody else's is ever touched.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "host",
    derive(ComponentType, Lift, Lower),
    component(variant)
)]
pub enum StorageOp {
    /// Keeps a text under a key of at most 64 bytes, in place of what was there.
    #[cfg_attr(feature = "host", component(name = "set"))]
    Set((String, String)),
    /// Forgets it; nothing if it is not there.
    #[cfg_attr(feature = "host", component(name = "remove"))]
    Remove(String),
}
