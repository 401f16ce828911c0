//! Who a machine is: one key, made once, whose hash is its name.

use crate::{
    ca::named,
    kept::{self, KeyError, out_of_reach},
};
use curve25519_dalek::edwards::CompressedEdwardsY;
use loqa_protocol::NodeId;
use rcgen::{CertificateParams, KeyPair, PKCS_ED25519, PublicKeyData, SignatureAlgorithm};
use rustls::{
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    server::ParsedCertificate,
    sign::CertifiedKey,
};
use sha2::{Digest, Sha256};
use std::{fmt, path::Path};

const KEY: &str = "node.key";

/// What stands before the 32 bytes of an Ed25519 key in its `SubjectPublicKeyInfo` (RFC 8410).
const SPKI: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// The public half of a machine's key: Ed25519, the only kind that nodes have.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Reads a `SubjectPublicKeyInfo`. `None`: it is of another kind, not in its one form, or a point
    /// of low order, for which anybody can sign.
    pub fn from_spki(spki: &[u8]) -> Option<PublicKey> {
        let key: [u8; 32] = spki.strip_prefix(&SPKI)?.try_into().ok()?;
        sound(&key).then_some(PublicKey(key))
    }

    /// Of whoever holds the key of this certificate, which nobody has checked yet.
    pub fn of(certificate: &CertificateDer<'_>) -> Option<PublicKey> {
        let parsed = ParsedCertificate::try_from(certificate).ok()?;
        PublicKey::from_spki(&parsed.subject_public_key_info())
    }

    /// As TLS and X.509 write it.
    pub fn spki(&self) -> [u8; 44] {
        let mut spki = [0; 44];
        spki[..12].copy_from_slice(&SPKI);
        spki[12..].copy_from_slice(&self.0);
        spki
    }

    /// The name of the machine that has this key.
    pub fn node(&self) -> NodeId {
        NodeId(Sha256::digest(self.spki()).into())
    }
}

/// Whether these bytes are the one form of a point that generates the whole of the group's prime part.
pub(crate) fn sound(point: &[u8; 32]) -> bool {
    let compressed = CompressedEdwardsY(*point);
    let point = compressed.decompress();
    point.is_some_and(|point| {
        point.compress() == compressed && point.is_torsion_free() && !point.is_small_order()
    })
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.node().short())
    }
}

impl PublicKeyData for PublicKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ED25519
    }
}

/// A machine's own key, which never leaves its folder: `node.key`, 0600.
pub struct Identity {
    key: KeyPair,
    public: PublicKey,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.node().short())
    }
}

impl Identity {
    /// The key of `folder`, made there if there is none.
    ///
    /// # Errors
    /// [`KeyError`]; what is there and of no use is left as it is.
    pub fn open(folder: &Path) -> Result<Identity, KeyError> {
        let path = folder.join(KEY);
        if let Some(pem) = kept::read(&path).map_err(out_of_reach(&path))? {
            let damaged = || KeyError::Damaged {
                path: path.clone(),
                what: "holds no key of a node",
            };
            let key = KeyPair::from_pem(&pem).map_err(|_| damaged())?;
            return Identity::of(key).ok_or_else(damaged);
        }
        let key = KeyPair::generate_for(&PKCS_ED25519)?;
        kept::write(&path, &key.serialize_pem(), 0o600).map_err(out_of_reach(&path))?;
        Identity::of(key).ok_or_else(|| KeyError::Make("a key of another kind".into()))
    }

    /// One that is kept nowhere, for the length of a test or of a trial.
    ///
    /// # Errors
    /// [`KeyError::Make`].
    pub fn passing() -> Result<Identity, KeyError> {
        let key = KeyPair::generate_for(&PKCS_ED25519)?;
        Identity::of(key).ok_or_else(|| KeyError::Make("a key of another kind".into()))
    }

    fn of(key: KeyPair) -> Option<Identity> {
        let public = PublicKey::from_spki(&key.subject_public_key_info())?;
        Some(Identity { key, public })
    }

    /// The half that others may have.
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// The name of this machine.
    pub fn node(&self) -> NodeId {
        self.public.node()
    }

    /// A certificate that nobody vouches for: it carries the key to somebody who has another way to
    /// know whose it is, which is what pairing is for.
    ///
    /// # Errors
    /// [`KeyError::Make`].
    pub fn self_signed(&self) -> Result<CertificateDer<'static>, KeyError> {
        let mut own = CertificateParams::default();
        own.distinguished_name = named(format!("Loqa node {}", self.node().short()));
        Ok(own.self_signed(&self.key)?.into())
    }

    /// A secret of its own for one purpose, the same each time.
    pub(crate) fn secret_for(&self, purpose: &str) -> [u8; 32] {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &self.key.serialize_der());
        let tag = ring::hmac::sign(&key, purpose.as_bytes());
        Sha256::digest(tag.as_ref()).into()
    }

    /// How rustls shows `certificate`, which must be one of this key.
    ///
    /// # Errors
    /// [`KeyError::Make`]: it is not.
    pub fn shown(&self, certificate: CertificateDer<'static>) -> Result<CertifiedKey, KeyError> {
        let provider = crate::ca::provider();
        Ok(CertifiedKey::from_der(
            vec![certificate],
            self.private(),
            &provider,
        )?)
    }

    pub(crate) fn private(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }
}
