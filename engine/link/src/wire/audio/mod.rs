//! Live audio in datagrams: 20 ms a packet, each with copies of those before, put in order again where
//! it arrives.
//!
//! ```text
//! samples ─► codec ─► fec ─► packet ─► datagram ─► packet ─► jitter ─► codec ─► samples
//!            encode   copies                                 in order  decode, conceal
//! ```

pub mod codec;
pub mod fec;
pub mod jitter;
pub mod packet;

mod hearing;

pub use hearing::{Heard, Hearing, Talking};

/// Samples of one frame: 20 ms at 16 kHz.
pub const FRAME_SAMPLES: usize = 320;
/// How long that is, ms.
pub const FRAME_MS: u64 = 20;
