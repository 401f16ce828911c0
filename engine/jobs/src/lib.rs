//! Jobs between a program and the processes of its machine that work for it: [`Process`] starts one, again where it must,
//! and hands it jobs; [`serve`] is what it does with them.
//!
//! Between the two there is one socket, over which a stream is handed for each job: [`hand_over`] and
//! [`take`]. The stream carries `JobFrame`s both ways. Closing it ends the job; closing the socket ends
//! the process. No name leads to either, so nobody else can.

mod asked;
mod beside;
mod hand;
mod process;
mod program;
mod serve;
mod stream;

pub use asked::{Answers, Asked, Inbox, Took};
pub use beside::beside;
pub use hand::{hand_over, take};
pub use process::{Health, Job, Process};
pub use program::{CONTEXT, ModelFile, Program};
pub use serve::{BEAT, MOST_JOBS, serve};
pub use stream::JobStream;
