//! Models that run in processes of their own: what they do to their process, the hub outlives.
//!
//! [`Sites`] knows who could do a job: such a process of this machine, or a node. [`Whisper`] is a recogniser of any
//! words, [`Race`] puts it beside the recogniser of commands. [`Llama`] is a language model. [`Mouths`] has a voice that
//! needs no process.

mod errand;
mod generation;
mod race;
mod remembered;
mod sites;
mod speaking;
mod transcription;

pub use generation::{Llama, Prompt, Prompts};
pub use race::Race;
pub use remembered::Remembered;
pub use sites::{Done, Known, Sites, Wish, Work};
pub use speaking::Mouths;
pub use transcription::Whisper;
