//! The link between a hub and its nodes: QUIC, on which both have proved who they are
//! ([`trust`](crate::trust)).
//!
//! ```text
//! control   node ─ Hello ─► hub ─ Welcome ─► node, then Beats both ways    one, opened by the node
//! job       Open, then JobFrames both ways                                 one for each job, from either side
//! client    Open, then ClientFrames to the hub, ServerFrames back          opened by the node
//! model     Open, then ModelFrames both ways                               opened by the node, one at a time; after all else
//! page      Open, then the bytes of HTTP both ways                         opened by the node
//! datagram  live audio of a request on a client's stream                   [`audio`]
//! ```
//!
//! To finish a stream is to have said all, to reset it is to cancel: which is what dropping it does. What is
//! no frame closes the connection, with words; what only a later version knows resets the stream.

pub mod audio;
mod beat;
mod client;
mod congestion;
mod dial;
mod hello;
mod link;
mod listen;
mod model;
mod page;
mod reason;
mod stream;
mod transport;

pub use beat::{AT_REST, AT_WORK, Health, Pulse};
pub use client::{Asker, Client, Talker};
pub use dial::{Dialer, Renewed};
pub use hello::{Me, VERSIONS};
pub use link::{Incoming, Link};
pub use listen::{Listener, Settings};
pub use model::{GiveError, Given, Request, TakeError, Taken, take};
pub use page::Page;
pub use reason::{LinkError, Reason};
pub use stream::{Receiver, Sender};

#[cfg(test)]
mod tests;
