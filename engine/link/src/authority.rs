//! The household's authority for its nodes, apart from the one for browsers ([`crate::Ca`]): what
//! people install in a browser vouches for no node, and what nodes trust for no page.
//!
//! ```text
//! nodes.crt   the certificate that every paired node is given   0644
//! nodes.key   signs; never leaves the folder                    0600   made together, once
//! ```

use crate::{
    PublicKey,
    ca::named,
    kept::{self, KeyError, out_of_reach},
};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ED25519, PublicKeyData, SerialNumber, date_time_ymd,
};
use ring::rand::{SecureRandom, SystemRandom};
use rustls::pki_types::{CertificateDer, UnixTime, pem::PemObject};
use sha2::{Digest, Sha256};
use std::{path::Path, time::Duration};

const CERTIFICATE: &str = "nodes.crt";
const KEY: &str = "nodes.key";

const DAY: Duration = Duration::from_secs(24 * 3600);
/// How long a certificate of a node is good for.
pub const VALID: Duration = Duration::from_secs(30 * 24 * 3600);
/// It is made again once this much of [`VALID`] is over.
pub const ROTATED_AFTER: Duration = Duration::from_secs(20 * 24 * 3600);

/// Who vouches for the nodes of a household.
pub struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// The authority of `folder`, made there if there is none.
    ///
    /// # Errors
    /// [`KeyError`]; what is there and of no use is left as it is.
    pub fn open(folder: &Path) -> Result<Authority, KeyError> {
        let (certificate, key) = (folder.join(CERTIFICATE), folder.join(KEY));
        let file = |path: &Path| kept::read(path).map_err(out_of_reach(path));
        let damaged = |path: &Path, what| KeyError::Damaged {
            path: path.to_owned(),
            what,
        };
        match (file(&certificate)?, file(&key)?) {
            (Some(pem), Some(key_pem)) => {
                let signs =
                    KeyPair::from_pem(&key_pem).map_err(|_| damaged(&key, "holds no key"))?;
                let of = CertificateDer::from_pem_slice(pem.as_bytes()).ok();
                let of = of.ok_or_else(|| damaged(&certificate, "holds no certificate"))?;
                let belongs = PublicKey::of(&of)
                    .is_some_and(|it| it.spki()[..] == signs.subject_public_key_info());
                if !belongs {
                    return Err(damaged(&key, "is not the key of nodes.crt beside it"));
                }
                Ok(Authority::with(of, signs))
            }
            (None, None) => {
                let signs = KeyPair::generate_for(&PKCS_ED25519)?;
                let own = params(&signs).self_signed(&signs)?;
                kept::write(&key, &signs.serialize_pem(), 0o600).map_err(out_of_reach(&key))?;
                kept::write(&certificate, &own.pem(), 0o644).map_err(out_of_reach(&certificate))?;
                Ok(Authority::with(own.into(), signs))
            }
            (Some(_), None) => Err(KeyError::Half {
                present: certificate,
                missing: key,
            }),
            (None, Some(_)) => Err(KeyError::Half {
                present: key,
                missing: certificate,
            }),
        }
    }

    fn with(certificate: CertificateDer<'static>, signs: KeyPair) -> Authority {
        Authority {
            certificate,
            issuer: Issuer::new(params(&signs), signs),
        }
    }

    /// What a paired node keeps, to know who vouches in this household.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// A certificate for whoever has the other half of `key`, as a client and as a server, for
    /// [`VALID`] from `now`. Whoever asks must have proved to have it, and be paired.
    ///
    /// # Errors
    /// [`KeyError::Make`].
    pub fn issue(
        &self,
        key: &PublicKey,
        now: UnixTime,
    ) -> Result<CertificateDer<'static>, KeyError> {
        let mut node = CertificateParams::default();
        node.distinguished_name = named(format!("Loqa node {}", key.node().short()));
        let now = date_time_ymd(1970, 1, 1) + Duration::from_secs(now.as_secs());
        // The hub alone compares this with a clock, its own; a day for when that is set back a little.
        node.not_before = (now - DAY).max(date_time_ymd(1970, 1, 1));
        node.not_after = now + VALID;
        node.serial_number = Some(serial()?);
        node.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        node.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ClientAuth,
            ExtendedKeyUsagePurpose::ServerAuth,
        ];
        node.use_authority_key_identifier_extension = true;
        Ok(node.signed_by(key, &self.issuer)?.into())
    }
}

/// By chance, as a counter would have to outlive every backup; positive, and no two alike.
fn serial() -> Result<SerialNumber, KeyError> {
    let mut serial = [0; 16];
    SystemRandom::new()
        .fill(&mut serial)
        .map_err(|_| KeyError::Make("there is no randomness".into()))?;
    serial[0] = serial[0] & 0x3f | 0x40;
    Ok(SerialNumber::from(serial.to_vec()))
}

/// All of the authority that follows from its key, which is all that signing needs.
pub(crate) fn params(key: &KeyPair) -> CertificateParams {
    let mut authority = CertificateParams::default();
    let digest = Sha256::digest(key.subject_public_key_info());
    let name = format!("Loqa nodes {:02X}{:02X}", digest[0], digest[1]);
    authority.distinguished_name = named(name);
    // As long as there are dates: the clock of a small machine may say anything, and the authority is
    // trusted until it is removed, not until a day comes.
    authority.not_before = date_time_ymd(1970, 1, 1);
    authority.not_after = date_time_ymd(9999, 12, 31);
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    authority
}
