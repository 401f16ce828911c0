//! The thinking of Loqa: what a sentence means, when the speaker has finished, what a turn does
//! next. Pure: time, audio and effects come in as arguments and go out as data.
#![forbid(unsafe_code)]

pub mod arbitration;
pub mod attention;
pub mod barge_in;
pub mod document;
pub mod endpoint;
pub mod errand;
pub mod grammar;
pub mod home;
pub mod manifest;
pub mod model_file;
pub mod placement;
pub mod policy;
pub mod resilience;
pub mod seams;
pub mod speech;
pub mod turn;
