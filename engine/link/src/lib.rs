//! How the parts of one household reach and trust each other: what a hub shows to prove that it is the
//! one; jobs, and how a process of their own works on them.
//!
//! Opens no way out: it knows bytes, files and descriptors that others have opened.

pub mod ca;
#[cfg(unix)]
pub mod jobs;
pub mod wire;

pub use ca::{Ca, CaError, Server};
