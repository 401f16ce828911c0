//! The dashboard. What it knows and decides is plain Rust and tested as such; what draws it is
//! built for browsers only.
#![forbid(unsafe_code)]

pub mod model;
pub mod say;
pub mod words;

#[cfg(target_arch = "wasm32")]
mod web;
