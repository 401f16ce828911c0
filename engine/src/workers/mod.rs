//! Models that run in processes of their own: what they do to their process, the hub outlives.
//!
//! [`process`] starts such a process, again where it must, and hands it jobs. [`Whisper`] is a recogniser in
//! one, [`Race`] puts it beside the recogniser of commands. [`Llama`] is a language model in one.

mod generation;
mod link;
mod process;
mod race;
mod remembered;
mod transcription;

pub use generation::{Llama, Prompt, Prompts};
pub use process::{Health, Process, Program};
pub use race::{PATIENCE, Race};
pub use remembered::Remembered;
pub use transcription::Whisper;
