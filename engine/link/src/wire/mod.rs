//! The link between a hub and its nodes: QUIC, on which both have proved who they are.

pub mod audio;
