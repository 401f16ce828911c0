//! How a node and a hub that know nothing of each other come to trust each other, once.
//!
//! The channel is TLS 1.3 with [`ALPN`], in which both show keys that nobody vouches for
//! ([`channel`]). One of them shows a secret to a person, as a QR code ([`Invitation`]) or as eight
//! digits ([`Secret`]); the other is given it. Then, over that channel:
//!
//! ```text
//! node                                                hub
//!   Hello    versions, which secret, H(n), A  ─────►
//!            ◄─────  version, h, B                    Answer
//!   Proof    n, MAC(node)                     ─────►            a wrong one is a try: there are 5
//!            ◄─────  MAC(hub)                         Proof
//!   About    name, roles                      ─────►
//!   shows three words                                 shows the same three words
//!                                                     a person says that they match
//!            ◄─────  authority, certificate           Welcome
//! ```
//!
//! A and B are those of SPAKE2 over Ed25519, so whoever does not know the secret tries one guess for
//! each attempt and learns nothing from listening. Its key, both hellos as they were sent and both TLS
//! keys are what the proofs and words are made of: a man in the middle has other TLS keys, and a
//! weaker version that was slipped in is another hello. The words hold even against somebody who has
//! seen the secret: n is fixed by H(n) before h and B are known, and h and B are fixed before n is, so
//! neither end can be made to show words that suit (2⁻³³ for each attempt, and a person watches).
//!
//! No IO in what decides ([`Desk`], [`Joining`]): bytes and the time come in, bytes and what to show go
//! out. [`pair`] carries them for a node.

pub mod channel;
mod desk;
mod exchange;
mod frame;
mod invitation;
mod joining;
mod reach;
mod secret;

pub use channel::ALPN;
pub use desk::{Desk, DeskError, Guest, MOST_GUESTS, Paired, Seen, Sent};
pub use frame::{About, Frame, FrameError, MOST_NAME, Reason, Roles, plain_name};
pub use invitation::{Invitation, InvitationError, qr};
pub use joining::{Joined, Joining, Step};
pub use reach::{PairError, pair};
pub use secret::{Opening, Role, Secret, SecretError, TRIES, VALID};

/// The versions of the exchange that are spoken here, the lowest and the highest.
pub const VERSIONS: (u8, u8) = (1, 1);

#[cfg(test)]
mod tests;
