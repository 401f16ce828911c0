//! How machines of one household trust each other: what a hub shows to prove that it is the one.
//!
//! Knows neither sockets nor the engine: bytes and files only.

pub mod ca;

pub use ca::{Ca, CaError, Server};
