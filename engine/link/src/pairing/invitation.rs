//! What a QR code for pairing holds.
//!
//! ```text
//! loqa:pair?v=1&by=hub&key=<64 digits>&secret=<32 digits>&at=192.168.1.7:4713&at=[fd00::7]:4713
//! ```
//!
//! | part | |
//! |---|---|
//! | `v` | the version of this text, 1; always first |
//! | `by` | who shows it: `hub` or `node` |
//! | `key` | the [`NodeId`] of who shows it: SHA-256 of its TLS key, in small hexadecimal digits |
//! | `secret` | 128 bits, good once and for three minutes, likewise |
//! | `at` | where it listens, address and port; at most 8, and a hub names at least one |
//!
//! Each part but `at` stands once, in this order, and there are no others.

use super::{Role, Secret};
use loqa_protocol::NodeId;
use qrcode::{QrCode, render::unicode::Dense1x2, types::QrError};
use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

const MOST_ADDRESSES: usize = 8;
const MOST_TEXT: usize = 640;

/// A QR code's content: who shows it, where it is, and the secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invitation {
    key: NodeId,
    secret: Secret,
    addresses: Vec<SocketAddr>,
}

/// Why a text is no invitation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InvitationError {
    /// It is something else.
    #[error("this is no QR code for pairing with Loqa")]
    Another,
    /// It is of a later version.
    #[error("this QR code is of a later version of Loqa: update this device")]
    Later,
    /// It is one, but was cut or changed.
    #[error("this QR code for pairing is damaged: its `{0}` is not as it should be")]
    Damaged(&'static str),
}

impl Invitation {
    /// `None`: the secret is one to be typed, or an address is one where nobody can be reached, or
    /// there are more than 8, or a hub's has none.
    pub fn new(key: NodeId, secret: Secret, addresses: Vec<SocketAddr>) -> Option<Invitation> {
        let enough = secret.by() == Role::Node || !addresses.is_empty();
        let good = enough
            && secret.for_camera().is_some()
            && addresses.len() <= MOST_ADDRESSES
            && addresses.iter().all(reachable);
        good.then_some(Invitation {
            key,
            secret,
            addresses,
        })
    }

    /// Who shows it; whoever answers with another key is somebody else.
    pub fn key(&self) -> NodeId {
        self.key
    }

    /// What to begin with.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Where to try, in this order.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }
}

/// One scope is as good as another on paper: a link-local address needs an interface's number, which
/// is another one on the other machine.
fn reachable(address: &SocketAddr) -> bool {
    let scoped = matches!(address, SocketAddr::V6(it) if it.scope_id() != 0 || it.flowinfo() != 0);
    let odd = match address.ip() {
        IpAddr::V4(ip) => ip.is_broadcast(),
        IpAddr::V6(ip) => ip.to_ipv4_mapped().is_some(),
    };
    let ip = address.ip();
    address.port() != 0 && !scoped && !odd && !ip.is_unspecified() && !ip.is_multicast()
}

impl fmt::Display for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = match self.secret.by() {
            Role::Hub => "hub",
            Role::Node => "node",
        };
        write!(f, "loqa:pair?v=1&by={by}&key={}&secret=", self.key)?;
        let token = self.secret.for_camera().unwrap_or_default();
        token.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        self.addresses
            .iter()
            .try_for_each(|address| write!(f, "&at={address}"))
    }
}

impl FromStr for Invitation {
    type Err = InvitationError;

    fn from_str(text: &str) -> Result<Invitation, InvitationError> {
        use InvitationError::{Another, Damaged, Later};
        let parts = text.strip_prefix("loqa:pair?v=").ok_or(Another)?;
        let mut parts = parts.split('&');
        match parts.next() {
            Some("1") => {}
            Some(other) if other.parse::<u8>().is_ok_and(|it| it > 1) => return Err(Later),
            _ => return Err(Damaged("v")),
        }
        if text.len() > MOST_TEXT {
            return Err(Damaged("length"));
        }
        let mut part = |name: &'static str| {
            let value = parts.next().and_then(|part| part.strip_prefix(name));
            let value = value.and_then(|rest| rest.strip_prefix('='));
            value.ok_or(Damaged(name))
        };
        let by = match part("by")? {
            "hub" => Role::Hub,
            "node" => Role::Node,
            _ => return Err(Damaged("by")),
        };
        let key = part("key")?.parse().map_err(|_| Damaged("key"))?;
        let secret = token(part("secret")?).ok_or(Damaged("secret"))?;
        let mut addresses = Vec::new();
        for part in parts {
            let address = part.strip_prefix("at=").and_then(|it| it.parse().ok());
            addresses.push(address.ok_or(Damaged("at"))?);
        }
        let invitation = Invitation::new(key, Secret::scanned(by, secret), addresses);
        // There is one way to write it.
        invitation
            .filter(|it| it.to_string() == text)
            .ok_or(Damaged("at"))
    }
}

fn token(digits: &str) -> Option<[u8; 16]> {
    // As a node's id is written, of which this is half as many.
    let padded: NodeId = format!("{digits}{}", "0".repeat(32)).parse().ok()?;
    padded.0.first_chunk().copied()
}

/// Any text as a QR code for a terminal. Terminals are dark, mostly: what is drawn is the code's light
/// part.
///
/// # Errors
/// It is longer than a QR code may be.
pub fn qr(text: &str) -> Result<String, QrError> {
    let code = QrCode::new(text)?;
    let drawn = code
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .build();
    Ok(drawn)
}
