//! Runs skills as WebAssembly components.
//!
//! The hub starts `loqa-skill-host` as a process of its own, which gives up files, network and other
//! programs before it has seen a skill, and speaks to it in [`frames`]. Whatever a skill reads or
//! does is asked of the hub, over the same lane on which the hub waits for the skill's answer.

#[cfg(feature = "runtime")]
mod capability;
pub mod frames;
pub mod permission;
#[cfg(feature = "runtime")]
pub mod runtime;
#[cfg(feature = "runtime")]
pub mod serve;
