//! What the two say while they are paired, and its bytes.
//!
//! ```text
//! 'L' 'Q' 'P'   kind: u8   length of the body: u16, big endian, at most 4096   body
//! ```
//!
//! Texts and certificates carry their length (u8, u16). There is one way to write a frame, and nothing
//! may follow within a body.

use super::secret::Role;
use rustls::pki_types::CertificateDer;

const MAGIC: [u8; 3] = *b"LQP";
const HEADER: usize = 6;
const MOST_BODY: usize = 4096;
const MOST_CERTIFICATE: usize = 1536;
/// How many bytes a name has at most.
pub const MOST_NAME: usize = 64;

/// Why bytes are no frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FrameError {
    /// They do not begin as one.
    #[error("this is no pairing")]
    Magic,
    /// There is no such kind.
    #[error("unknown frame {0}")]
    Kind(u8),
    /// More than any frame has.
    #[error("a frame of {0} bytes")]
    TooLong(usize),
    /// The body is not that of its kind.
    #[error("the frame does not hold what its kind has")]
    Body,
}

/// Why one side ends it, as the other is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Reason {
    /// Nobody has opened pairing.
    #[error("pairing is not open: open it on the dashboard, or with `loqa node pair`")]
    Closed,
    /// Another device is being paired.
    #[error("another device is being paired: try again in a moment")]
    Busy,
    /// The secret was another one.
    #[error("the code is not the one that is shown: look at it again")]
    Wrong,
    /// Five were.
    #[error("too many wrong codes: open pairing anew")]
    Locked,
    /// The three minutes are over.
    #[error("the code has expired: open pairing anew")]
    Expired,
    /// Somebody has been paired with it.
    #[error("the code has been used: open pairing anew")]
    Used,
    /// The person said no.
    #[error("the person at the hub said that the words do not match")]
    Rejected,
    /// The two have no version in common.
    #[error("the two speak no version of pairing in common: update the older one")]
    Version,
    /// What was said is not what is said at this point.
    #[error("the other side does not pair as it should")]
    Malformed,
    /// This is not the machine whose QR code was read.
    #[error("this is not the machine whose QR code was read")]
    AnotherKey,
    /// The hub cannot issue a certificate.
    #[error("the hub cannot make a certificate")]
    Failed,
}

impl Reason {
    const ALL: [Reason; 11] = [
        Reason::Closed,
        Reason::Busy,
        Reason::Wrong,
        Reason::Locked,
        Reason::Expired,
        Reason::Used,
        Reason::Rejected,
        Reason::Version,
        Reason::Malformed,
        Reason::AnotherKey,
        Reason::Failed,
    ];
}

/// What a node is for. At least one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Roles(u8);

impl Roles {
    /// Runs models for the hub.
    pub const INFERENCE: Roles = Roles(1);
    /// A microphone and a speaker in a room.
    pub const PUCK: Roles = Roles(2);
    /// A screen.
    pub const DISPLAY: Roles = Roles(4);

    /// As bits; `None`: none, or some that are unknown.
    pub fn from_bits(bits: u8) -> Option<Roles> {
        (1..=7).contains(&bits).then_some(Roles(bits))
    }

    /// 1 inference, 2 puck, 4 display.
    pub fn bits(self) -> u8 {
        self.0
    }

    /// These and those.
    pub fn and(self, other: Roles) -> Roles {
        Roles(self.0 | other.0)
    }

    /// Whether all of `other` are among these.
    pub fn has(self, other: Roles) -> bool {
        self.0 & other.0 == other.0
    }
}

/// What a node says of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct About {
    /// What people call it; [`plain_name`].
    pub name: String,
    /// What it is for.
    pub roles: Roles,
}

/// Whether a name that a stranger gives may be shown: 1 to [`MOST_NAME`] bytes on one line, without
/// anything that is not seen or that turns the rest around.
pub fn plain_name(name: &str) -> bool {
    let unseen = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    !name.is_empty() && name.len() <= MOST_NAME && name.trim() == name && !name.chars().any(unseen)
}

/// One thing that is said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Frame {
    /// The node begins.
    Hello {
        /// The versions that it speaks.
        versions: (u8, u8),
        /// Which secret it was given: whose, typed or scanned.
        secret: u8,
        /// SHA-256 of its nonce, which it reveals later.
        commitment: [u8; 32],
        /// SPAKE2's A.
        share: [u8; 33],
    },
    /// The hub answers.
    Answer {
        /// The version that it has chosen of those.
        version: u8,
        /// By chance.
        nonce: [u8; 32],
        /// SPAKE2's B.
        share: [u8; 33],
    },
    /// The node proves that it has the same key.
    NodeProof {
        /// What it has committed itself to.
        nonce: [u8; 32],
        /// HMAC-SHA-256.
        tag: [u8; 32],
    },
    /// So does the hub.
    HubProof {
        /// HMAC-SHA-256.
        tag: [u8; 32],
    },
    /// The node says who it is.
    About(About),
    /// The node belongs to the household.
    Welcome {
        /// The household's name, for people.
        household: String,
        /// Who vouches for its nodes.
        authority: CertificateDer<'static>,
        /// Vouches for this node.
        certificate: CertificateDer<'static>,
    },
    /// It ends here.
    Refused(Reason),
}

impl Frame {
    /// Who may say this; `None`: both.
    pub fn said_by(&self) -> Option<Role> {
        match self {
            Frame::Hello { .. } | Frame::NodeProof { .. } | Frame::About(_) => Some(Role::Node),
            Frame::Answer { .. } | Frame::HubProof { .. } | Frame::Welcome { .. } => {
                Some(Role::Hub)
            }
            Frame::Refused(_) => None,
        }
    }

    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut body = Vec::new();
        let text = |body: &mut Vec<u8>, text: &str| {
            body.push(text.len().min(255) as u8);
            body.extend_from_slice(text.as_bytes());
        };
        let der = |body: &mut Vec<u8>, der: &[u8]| {
            body.extend_from_slice(&(der.len() as u16).to_be_bytes());
            body.extend_from_slice(der);
        };
        let kind = match self {
            Frame::Hello {
                versions,
                secret,
                commitment,
                share,
            } => {
                body.extend([versions.0, versions.1, *secret]);
                body.extend_from_slice(commitment);
                body.extend_from_slice(share);
                1
            }
            Frame::Answer {
                version,
                nonce,
                share,
            } => {
                body.push(*version);
                body.extend_from_slice(nonce);
                body.extend_from_slice(share);
                2
            }
            Frame::NodeProof { nonce, tag } => {
                body.extend_from_slice(nonce);
                body.extend_from_slice(tag);
                3
            }
            Frame::HubProof { tag } => {
                body.extend_from_slice(tag);
                4
            }
            Frame::About(about) => {
                text(&mut body, &about.name);
                body.push(about.roles.bits());
                5
            }
            Frame::Welcome {
                household,
                authority,
                certificate,
            } => {
                text(&mut body, household);
                der(&mut body, authority);
                der(&mut body, certificate);
                6
            }
            Frame::Refused(reason) => {
                let at = Reason::ALL.iter().position(|it| it == reason);
                body.push(at.unwrap_or_default() as u8);
                7
            }
        };
        let mut bytes = MAGIC.to_vec();
        bytes.push(kind);
        bytes.extend_from_slice(&(body.len() as u16).to_be_bytes());
        bytes.append(&mut body);
        bytes
    }

    fn decode(kind: u8, body: &[u8]) -> Result<Frame, FrameError> {
        let mut rest = Body(body);
        let frame = match kind {
            1 => Frame::Hello {
                versions: (rest.byte()?, rest.byte()?),
                secret: rest.byte()?,
                commitment: rest.array()?,
                share: rest.array()?,
            },
            2 => Frame::Answer {
                version: rest.byte()?,
                nonce: rest.array()?,
                share: rest.array()?,
            },
            3 => Frame::NodeProof {
                nonce: rest.array()?,
                tag: rest.array()?,
            },
            4 => Frame::HubProof { tag: rest.array()? },
            5 => Frame::About(About {
                name: rest.name()?,
                roles: Roles::from_bits(rest.byte()?).ok_or(FrameError::Body)?,
            }),
            6 => Frame::Welcome {
                household: rest.name()?,
                authority: rest.certificate()?,
                certificate: rest.certificate()?,
            },
            7 => {
                let reason = Reason::ALL.get(usize::from(rest.byte()?));
                Frame::Refused(*reason.ok_or(FrameError::Body)?)
            }
            kind => return Err(FrameError::Kind(kind)),
        };
        rest.0.is_empty().then_some(frame).ok_or(FrameError::Body)
    }
}

struct Body<'a>(&'a [u8]);

impl Body<'_> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], FrameError> {
        let (array, rest) = self.0.split_first_chunk().ok_or(FrameError::Body)?;
        self.0 = rest;
        Ok(*array)
    }

    fn byte(&mut self) -> Result<u8, FrameError> {
        self.array().map(|[byte]| byte)
    }

    fn bytes(&mut self, length: usize) -> Result<Vec<u8>, FrameError> {
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(FrameError::Body)?;
        self.0 = rest;
        Ok(bytes.to_vec())
    }

    fn name(&mut self) -> Result<String, FrameError> {
        let length = self.byte()?.into();
        let name = String::from_utf8(self.bytes(length)?).map_err(|_| FrameError::Body)?;
        plain_name(&name).then_some(name).ok_or(FrameError::Body)
    }

    fn certificate(&mut self) -> Result<CertificateDer<'static>, FrameError> {
        let length = u16::from_be_bytes(self.array()?).into();
        if length == 0 || length > MOST_CERTIFICATE {
            return Err(FrameError::Body);
        }
        self.bytes(length).map(CertificateDer::from)
    }
}

/// What has come of frames that are not whole yet; never more than one frame's bytes.
#[derive(Default)]
pub(super) struct Incoming(Vec<u8>);

impl Incoming {
    /// Takes from `bytes` what belongs to the next frame. `None`: there is more to come, and `bytes`
    /// is empty.
    pub(super) fn take(
        &mut self,
        bytes: &mut &[u8],
    ) -> Result<Option<(Frame, Vec<u8>)>, FrameError> {
        self.fill(bytes, HEADER);
        let seen = self.0.len().min(MAGIC.len());
        if self.0[..seen] != MAGIC[..seen] {
            return Err(FrameError::Magic);
        }
        let Some(&[.., kind, high, low]) = self.0.first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length > MOST_BODY {
            return Err(FrameError::TooLong(length));
        }
        self.fill(bytes, HEADER + length);
        if self.0.len() < HEADER + length {
            return Ok(None);
        }
        let whole = std::mem::take(&mut self.0);
        Frame::decode(kind, &whole[HEADER..]).map(|frame| Some((frame, whole)))
    }

    fn fill(&mut self, bytes: &mut &[u8], up_to: usize) {
        let wanted = up_to.saturating_sub(self.0.len()).min(bytes.len());
        let (taken, rest) = bytes.split_at(wanted);
        self.0.extend_from_slice(taken);
        *bytes = rest;
    }
}
