//! What a person carries from one machine to the other, and how often it may be tried.

use super::Reason;
use loqa_protocol::NodeId;
use ring::{
    digest,
    rand::{SecureRandom, SystemRandom},
};
use std::{
    fmt,
    time::{Duration, Instant},
};

/// How long a secret is good for.
pub const VALID: Duration = Duration::from_secs(3 * 60);
/// How many wrong proofs it stands.
pub const TRIES: u8 = 5;

/// On which side something stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Role {
    /// The hub.
    Hub,
    /// The node that joins its household.
    Node,
}

/// A secret, and who of the two shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    by: Role,
    form: Form,
}

#[derive(Clone, PartialEq, Eq)]
enum Form {
    /// Eight digits, to be typed.
    Code([u8; 8]),
    /// 128 bits, to be read by a camera.
    Token([u8; 16]),
}

/// This is no code.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a pairing code has 8 digits, like 4082 1957")]
pub struct SecretError;

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let form = match self.form {
            Form::Code(_) => "code",
            Form::Token(_) => "token",
        };
        write!(f, "Secret({form} of the {:?})", self.by)
    }
}

impl Secret {
    /// Eight digits that nobody knew before. `None`: this machine has no randomness.
    pub fn code(by: Role) -> Option<Secret> {
        loop {
            let mut bytes = [0; 4];
            SystemRandom::new().fill(&mut bytes).ok()?;
            let number = u32::from_be_bytes(bytes);
            // The highest multiple of 10^8: what lies above would make some codes likelier.
            if number < 4_200_000_000 {
                let digits = format!("{:08}", number % 100_000_000);
                return Secret::typed(by, &digits).ok();
            }
        }
    }

    /// 128 bits that nobody knew before. `None`: this machine has no randomness.
    pub fn token(by: Role) -> Option<Secret> {
        let mut bytes = [0; 16];
        SystemRandom::new().fill(&mut bytes).ok()?;
        Some(Secret::scanned(by, bytes))
    }

    /// Digits as a person types them; spaces and hyphens between them are how they are shown.
    ///
    /// # Errors
    /// These are not eight digits.
    pub fn typed(by: Role, text: &str) -> Result<Secret, SecretError> {
        let mut code = [0; 8];
        let mut found = 0;
        for byte in text.trim().bytes() {
            match byte {
                b'0'..=b'9' => *code.get_mut(found).ok_or(SecretError)? = byte,
                b' ' | b'-' if found > 0 => continue,
                _ => return Err(SecretError),
            }
            found += 1;
        }
        let form = Form::Code(code);
        (found == code.len())
            .then_some(Secret { by, form })
            .ok_or(SecretError)
    }

    pub(super) fn scanned(by: Role, token: [u8; 16]) -> Secret {
        let form = Form::Token(token);
        Secret { by, form }
    }

    /// Who shows it.
    pub fn by(&self) -> Role {
        self.by
    }

    /// The digits as they are shown, `4082 1957`; `None`: it is not for typing.
    pub fn digits(&self) -> Option<String> {
        let Form::Code(code) = &self.form else {
            return None;
        };
        let text = code.map(char::from);
        let half = |half: &[char]| half.iter().collect::<String>();
        Some(format!("{} {}", half(&text[..4]), half(&text[4..])))
    }

    pub(super) fn for_camera(&self) -> Option<[u8; 16]> {
        match self.form {
            Form::Code(_) => None,
            Form::Token(token) => Some(token),
        }
    }

    /// Which of the four kinds it is, as [`super::Frame::Hello`] says.
    pub(super) fn kind(&self) -> u8 {
        match (self.by, &self.form) {
            (Role::Hub, Form::Code(_)) => 1,
            (Role::Hub, Form::Token(_)) => 2,
            (Role::Node, Form::Code(_)) => 3,
            (Role::Node, Form::Token(_)) => 4,
        }
    }

    /// What goes into the PAKE: a code never stands for a token, nor one side's for the other's.
    pub(super) fn password(&self) -> Vec<u8> {
        let bytes: &[u8] = match &self.form {
            Form::Code(code) => code,
            Form::Token(token) => token,
        };
        let mut hashed = digest::Context::new(&digest::SHA256);
        hashed.update(b"loqa pairing secret ");
        hashed.update(&[self.kind()]);
        hashed.update(bytes);
        hashed.finish().as_ref().to_vec()
    }
}

/// For how long, how often and with whom secrets may be tried. A person opened it.
#[derive(Clone, Debug)]
pub struct Opening {
    secrets: Vec<Secret>,
    only: Option<NodeId>,
    until: Instant,
    tries: u8,
    used: bool,
}

impl Opening {
    /// From `now` on, for [`VALID`]. `secrets`: a code, a token or both. `only`: the other side has
    /// this key, as a QR code told.
    pub fn new(
        secrets: impl IntoIterator<Item = Secret>,
        only: Option<NodeId>,
        now: Instant,
    ) -> Opening {
        Opening {
            secrets: secrets.into_iter().take(2).collect(),
            only,
            until: now + VALID,
            tries: TRIES,
            used: false,
        }
    }

    /// When it ends.
    pub fn until(&self) -> Instant {
        self.until
    }

    /// How many wrong proofs it still stands.
    pub fn tries(&self) -> u8 {
        self.tries
    }

    /// The secrets, for whoever shows them.
    pub fn secrets(&self) -> &[Secret] {
        &self.secrets
    }

    /// Why nothing may be tried now.
    pub fn ended(&self, now: Instant) -> Option<Reason> {
        let expired = (now >= self.until).then_some(Reason::Expired);
        self.spent().or(expired)
    }

    /// Why nothing may be tried, whatever the time.
    pub(super) fn spent(&self) -> Option<Reason> {
        match self {
            _ if self.used => Some(Reason::Used),
            _ if self.tries == 0 => Some(Reason::Locked),
            _ => None,
        }
    }

    pub(super) fn allows(&self, peer: NodeId) -> bool {
        self.only.is_none_or(|only| only == peer)
    }

    pub(super) fn of_kind(&self, kind: u8) -> Option<&Secret> {
        self.secrets.iter().find(|secret| secret.kind() == kind)
    }

    pub(super) fn missed(&mut self) {
        self.tries = self.tries.saturating_sub(1);
    }

    pub(super) fn give_back(&mut self) {
        self.tries = (self.tries + 1).min(TRIES);
    }

    pub(super) fn use_up(&mut self) {
        self.used = true;
    }
}
