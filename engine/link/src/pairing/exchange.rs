//! The cryptography of pairing: SPAKE2, what its key is bound to, and what is made of it.

use super::{Frame, Role, Secret, VERSIONS};
use crate::{PublicKey, identity::sound};
use bip39::Language;
use ring::{
    digest, hkdf, hmac,
    rand::{SecureRandom, SystemRandom},
};
use spake2::{Ed25519Group, Identity, Password, Spake2};

/// Both keys of the channel, each as TLS has proved it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keys {
    pub node: PublicKey,
    pub hub: PublicKey,
}

/// One side before it has heard the other.
pub(super) struct Share {
    spake: Spake2<Ed25519Group>,
    keys: Keys,
    pub nonce: [u8; 32],
    pub bytes: [u8; 33],
}

impl Share {
    /// `None`: this machine has no randomness.
    pub(super) fn new(own: Role, secret: &Secret, keys: Keys) -> Option<Share> {
        let password = Password::new(secret.password());
        let node = Identity::new(&[b"node ", &keys.node.spki()[..]].concat());
        let hub = Identity::new(&[b"hub ", &keys.hub.spki()[..]].concat());
        let (spake, bytes) = match own {
            Role::Node => Spake2::start_a(&password, &node, &hub),
            Role::Hub => Spake2::start_b(&password, &node, &hub),
        };
        let mut nonce = [0; 32];
        SystemRandom::new().fill(&mut nonce).ok()?;
        Some(Share {
            spake,
            keys,
            nonce,
            bytes: bytes.try_into().ok()?,
        })
    }

    /// With what the other has sent. `hello` and `answer` are whole frames as they were on the wire.
    /// `None`: the other's share is none.
    pub(super) fn finish(self, other: &[u8; 33], hello: &[u8], answer: &[u8]) -> Option<Agreed> {
        let point = other.last_chunk::<32>()?;
        // What SPAKE2's crate lets pass: points of low order, and points by another name.
        if !sound(point) {
            return None;
        }
        let key = self.spake.finish(other).ok()?;
        let mut transcript = digest::Context::new(&digest::SHA256);
        transcript.update(b"loqa pairing transcript");
        let (node, hub) = (self.keys.node.spki(), self.keys.hub.spki());
        for part in [hello, answer, &node, &hub] {
            transcript.update(&(part.len() as u64).to_be_bytes());
            transcript.update(part);
        }
        let transcript = transcript.finish();
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, transcript.as_ref());
        Some(Agreed(salt.extract(&key)))
    }
}

/// What both have agreed on, if both knew the secret.
pub(super) struct Agreed(hkdf::Prk);

impl Agreed {
    fn expand(&self, of: &[&[u8]]) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.0
            .expand(of, hkdf::HKDF_SHA256)
            .and_then(|expanded| expanded.fill(&mut bytes))
            .expect("32 bytes are what SHA-256 has");
        bytes
    }

    fn key(&self, of: Role) -> hmac::Key {
        let label: &[u8] = match of {
            Role::Node => b"proof of the node",
            Role::Hub => b"proof of the hub",
        };
        hmac::Key::new(hmac::HMAC_SHA256, &self.expand(&[label]))
    }

    /// That this side knows the key. `nonce`: the node's.
    pub(super) fn prove(&self, by: Role, nonce: &[u8; 32]) -> [u8; 32] {
        let tag = hmac::sign(&self.key(by), nonce);
        tag.as_ref().try_into().expect("SHA-256 has 32 bytes")
    }

    /// Whether the other does; takes as long whatever is wrong.
    pub(super) fn proves(&self, by: Role, nonce: &[u8; 32], tag: &[u8; 32]) -> bool {
        hmac::verify(&self.key(by), nonce, tag).is_ok()
    }

    /// What people compare: 33 bits, of the 2048 words of BIP 39, none of which is easily taken for
    /// another.
    pub(super) fn words(&self, nonce: &[u8; 32]) -> [&'static str; 3] {
        let bytes = self.expand(&[b"words", nonce]);
        let bits = u64::from_be_bytes(*bytes.first_chunk().expect("of 32 bytes"));
        let list = Language::English.word_list();
        [0, 11, 22].map(|at| list[(bits >> at & 0x7ff) as usize])
    }
}

/// What a nonce is committed to with.
pub(super) fn commitment(nonce: &[u8; 32]) -> [u8; 32] {
    let mut hashed = digest::Context::new(&digest::SHA256);
    hashed.update(b"loqa pairing nonce");
    hashed.update(nonce);
    let hashed = hashed.finish();
    hashed.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// The highest version that both speak.
pub(super) fn common(theirs: (u8, u8)) -> Option<u8> {
    let highest = theirs.1.min(VERSIONS.1);
    (theirs.0 <= theirs.1 && highest >= theirs.0.max(VERSIONS.0)).then_some(highest)
}

/// The hello of a node.
pub(super) fn hello(secret: &Secret, share: &Share) -> Frame {
    Frame::Hello {
        versions: VERSIONS,
        secret: secret.kind(),
        commitment: commitment(&share.nonce),
        share: share.bytes,
    }
}
