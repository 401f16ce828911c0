//! How the parts of one household reach and trust each other: what a hub shows to prove that it is the
//! one; who its nodes are and how they are paired; what goes over the link between the two.

#[cfg(test)]
mod attacks;
mod authority;
pub mod ca;
pub mod discovery;
mod identity;
mod kept;
pub mod pairing;
mod roster;
mod shelf;
pub mod trust;
pub mod wire;

pub use authority::{Authority, ROTATED_AFTER, VALID};
pub use ca::{Ca, CaError, Server};
pub use identity::{Identity, PublicKey};
pub use kept::KeyError;
pub use roster::Roster;
pub use shelf::{Begun, Kept, Shelf, is_name};
pub use trust::{Admission, Hub, Member};
