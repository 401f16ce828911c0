//! Jobs between a hub and a process that works for it.
//!
//! Between the two there is one socket, over which the hub hands a stream for each job: [`hand_over`] and
//! [`take`]. The stream carries `JobFrame`s both ways. Closing it ends the job; closing the socket ends
//! the process. No name leads to either, so nobody else can.

mod asked;
mod hand;
mod serve;

pub use asked::{Answers, Asked, Inbox, Took};
pub use hand::{hand_over, take};
pub use serve::{BEAT, MOST_JOBS, serve};
