//! The household's certificate authority: whoever trusts its one certificate can tell this
//! household's hub from anybody else who answers at the same address.
//!
//! ```text
//! household.crt          the certificate that people install        0644
//! household.key          signs; never leaves the folder             0600   made together, once
//! household-server.pem   what the hub shows, with its own key       0600   made again when needed
//! ```

use crate::kept;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, PublicKeyData,
    SanType, date_time_ymd,
};
use rustls::{
    RootCertStore, ServerConfig,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    crypto::{CryptoProvider, ring},
    pki_types::{
        CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime, pem::PemObject,
    },
};
use sha2::{Digest, Sha256};
use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

const CERTIFICATE: &str = "household.crt";
const KEY: &str = "household.key";
const SERVER: &str = "household-server.pem";

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Browsers accept no more than 397 days; one lies in the past, for clocks that are late.
const SERVER_DAYS: u32 = 396;
/// A server's certificate with less left than this is made again.
const RENEWED_BEFORE: Duration = Duration::from_secs(30 * 24 * 3600);

/// The networks that homes are made of. Little else can be vouched for, so that a key that was
/// stolen opens no bank: whoever installs a certificate trusts it with every name it may vouch for.
const NETWORKS: [(IpAddr, u8); 9] = [
    (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 0)), 8),
    (IpAddr::V4(Ipv4Addr::new(172, 16, 0, 0)), 12),
    (IpAddr::V4(Ipv4Addr::new(192, 168, 0, 0)), 16),
    (IpAddr::V4(Ipv4Addr::new(100, 64, 0, 0)), 10),
    (IpAddr::V4(Ipv4Addr::new(169, 254, 0, 0)), 16),
    (IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8),
    (IpAddr::V6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0)), 7),
    (IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0)), 10),
    (IpAddr::V6(Ipv6Addr::LOCALHOST), 128),
];

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    /// One of two files is there.
    #[error(
        "the household's certificate is incomplete: {} is there, but not {}\n  help: put the other back from a backup; or remove this one: both are made anew, and every tablet must install the new certificate",
        .present.display(), .missing.display()
    )]
    Half {
        /// The one that is there.
        present: PathBuf,
        /// The one that is not.
        missing: PathBuf,
    },
    /// A file is not what was written there.
    #[error(
        "the household's certificate is damaged: {} {what}\n  help: put {CERTIFICATE} and {KEY} back from a backup; or remove both: they are made anew, and every tablet must install the new certificate",
        .path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A file can be neither read nor written.
    #[error("the household's certificate {} is out of reach: {source}\n  help: see who owns the folder, and whether its disk is full", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The machine cannot make keys or sign.
    #[error("a certificate for this household cannot be made: {0}")]
    Make(String),
}

impl From<rcgen::Error> for CaError {
    fn from(error: rcgen::Error) -> Self {
        CaError::Make(error.to_string())
    }
}

impl From<rustls::Error> for CaError {
    fn from(error: rustls::Error) -> Self {
        CaError::Make(error.to_string())
    }
}

/// A household's own authority, kept in a folder.
pub struct Ca {
    folder: PathBuf,
    pem: String,
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    verifier: Arc<WebPkiServerVerifier>,
}

/// What a hub shows to whoever connects.
pub struct Server {
    /// Vouched for by the household's certificate.
    pub certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Ca {
    /// The authority of `folder`, made there if there is none. When it is made it takes `own`, the
    /// names of this machine, among those that it may vouch for; but not addresses of IPv6, which
    /// are private, or others next month.
    ///
    /// # Errors
    /// [`CaError`]; what is there and of no use is left as it is.
    pub fn open(folder: &Path, own: &[ServerName<'_>]) -> Result<Ca, CaError> {
        let (certificate, key) = (folder.join(CERTIFICATE), folder.join(KEY));
        match (read(&certificate)?, read(&key)?) {
            (Some(certificate), Some(key)) => Ca::load(folder, certificate, &key),
            (None, None) => {
                let (certificate_pem, key_pem) = make(own)?;
                write(&key, &key_pem, 0o600)?;
                write(&certificate, &certificate_pem, 0o644)?;
                Ca::load(folder, certificate_pem, &key_pem)
            }
            (Some(_), None) => Err(CaError::Half {
                present: certificate,
                missing: key,
            }),
            (None, Some(_)) => Err(CaError::Half {
                present: key,
                missing: certificate,
            }),
        }
    }

    fn load(folder: &Path, pem: String, key: &str) -> Result<Ca, CaError> {
        let damaged = |file, what| CaError::Damaged {
            path: folder.join(file),
            what,
        };
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes())
            .map_err(|_| damaged(CERTIFICATE, "holds no certificate"))?;
        let mut roots = RootCertStore::empty();
        roots
            .add(certificate.clone())
            .map_err(|_| damaged(CERTIFICATE, "holds no certificate"))?;
        let key = KeyPair::from_pem(key).map_err(|_| damaged(KEY, "holds no key"))?;
        // The one holds a whole structure, the other what is within it.
        let of_key = key.subject_public_key_info();
        let belongs = |anchor: &rustls::pki_types::TrustAnchor<'_>| {
            of_key.ends_with(&anchor.subject_public_key_info)
        };
        if !roots.roots.iter().all(belongs) {
            return Err(damaged(KEY, "is not the key of the certificate beside it"));
        }
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
            .build()
            .map_err(|error| CaError::Make(error.to_string()))?;
        Ok(Ca {
            folder: folder.to_owned(),
            pem,
            certificate,
            issuer: Issuer::new(authority(&key), key),
            verifier,
        })
    }

    /// What people install, as PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.pem
    }

    /// The same as DER, for whoever is to trust it.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// SHA-256 of the certificate as browsers show it, for people to compare: `3A:0F:…`.
    pub fn fingerprint(&self) -> String {
        let digest = Sha256::digest(&self.certificate);
        let bytes: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
        bytes.join(":")
    }

    /// What a server at `names` shows at the time `now`: the one that is kept, or a new one if a
    /// name is not in it or less than 30 days are left. Names that the authority may not vouch
    /// for (addresses of the internet) are left out.
    ///
    /// # Errors
    /// [`CaError::File`] if a new one cannot be kept, [`CaError::Make`].
    pub fn server(&self, names: &[ServerName<'_>], now: UnixTime) -> Result<Server, CaError> {
        let key = KeyPair::generate()?;
        let mut vouched = Vec::new();
        for name in names {
            let alone = std::slice::from_ref(name);
            let tried = self.certify(&key, alone, now)?;
            if self.vouches(tried.der(), alone, now) {
                vouched.push(name.to_owned());
            }
        }
        if let Some(kept) = self.kept(&vouched, now) {
            return Ok(kept);
        }
        let certificate = self.certify(&key, &vouched, now)?;
        let pem = certificate.pem() + &key.serialize_pem();
        write(&self.folder.join(SERVER), &pem, 0o600)?;
        Ok(Server {
            certificate: certificate.into(),
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        })
    }

    /// Kept, so that a browser that was told to trust it goes on when the hub starts again. One
    /// that is of no use is made again: unlike the authority, nobody has installed it.
    fn kept(&self, names: &[ServerName<'_>], now: UnixTime) -> Option<Server> {
        let pem = fs::read(self.folder.join(SERVER)).ok()?;
        let kept = Server {
            certificate: CertificateDer::from_pem_slice(&pem).ok()?,
            key: PrivateKeyDer::from_pem_slice(&pem).ok()?,
        };
        let then = UnixTime::since_unix_epoch(
            Duration::from_secs(now.as_secs()).saturating_add(RENEWED_BEFORE),
        );
        let good = self.vouches(&kept.certificate, names, now)
            && self.vouches(&kept.certificate, names, then)
            && kept.config().is_ok();
        good.then_some(kept)
    }

    /// Whether who trusts this authority takes the holder of `certificate` for a server of all
    /// these names.
    pub fn vouches(&self, certificate: &[u8], names: &[ServerName<'_>], at: UnixTime) -> bool {
        let certificate = CertificateDer::from(certificate);
        names.iter().all(|name| {
            let verified = self
                .verifier
                .verify_server_cert(&certificate, &[], name, &[], at);
            verified.is_ok()
        })
    }

    fn certify(
        &self,
        key: &KeyPair,
        names: &[ServerName<'_>],
        now: UnixTime,
    ) -> Result<rcgen::Certificate, CaError> {
        let mut server = CertificateParams::default();
        server.distinguished_name = named("Loqa hub".into());
        server.not_before = date_time_ymd(1970, 1, 1) + Duration::from_secs(now.as_secs()) - DAY;
        server.not_after = server.not_before + DAY * SERVER_DAYS;
        server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        server.use_authority_key_identifier_extension = true;
        for name in names {
            server.subject_alt_names.push(match name {
                ServerName::IpAddress(address) => SanType::IpAddress((*address).into()),
                name => SanType::DnsName(name.to_str().as_ref().try_into()?),
            });
        }
        Ok(server.signed_by(key, &self.issuer)?)
    }
}

impl Server {
    /// How rustls shows it, to clients of TLS 1.3, which every browser that can draw the dashboard
    /// speaks.
    ///
    /// # Errors
    /// [`CaError::Make`]: certificate and key do not belong together.
    pub fn config(&self) -> Result<ServerConfig, CaError> {
        let config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], self.key.clone_key())?;
        Ok(config)
    }
}

/// The cryptography that both sides use.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// A certificate and its key, as PEM.
fn make(own: &[ServerName<'_>]) -> Result<(String, String), CaError> {
    let key = KeyPair::generate()?;
    let mut authority = authority(&key);
    let mut permitted: Vec<GeneralSubtree> = NETWORKS
        .map(|(network, bits)| {
            GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(network, bits))
        })
        .into();
    permitted.push(GeneralSubtree::DnsName("local".into()));
    for name in own {
        match name {
            ServerName::IpAddress(address) => {
                let address = IpAddr::from(*address);
                if address.is_ipv4() {
                    let alone = CidrSubnet::from_addr_prefix(address, 32);
                    permitted.push(GeneralSubtree::IpAddress(alone));
                }
            }
            name => permitted.push(GeneralSubtree::DnsName(name.to_str().into_owned())),
        }
    }
    authority.name_constraints = Some(NameConstraints {
        permitted_subtrees: permitted,
        excluded_subtrees: Vec::new(),
    });
    Ok((authority.self_signed(&key)?.pem(), key.serialize_pem()))
}

/// All of the authority that follows from its key, which is all that signing needs.
fn authority(key: &KeyPair) -> CertificateParams {
    let mut authority = CertificateParams::default();
    // Two households on one tablet have two names.
    let digest = Sha256::digest(key.subject_public_key_info());
    let name = format!("Loqa household {:02X}{:02X}", digest[0], digest[1]);
    authority.distinguished_name = named(name);
    // Not counted from now: a small machine's clock may be wrong the first time it is on.
    authority.not_before = date_time_ymd(2026, 1, 1);
    authority.not_after = date_time_ymd(2056, 1, 1);
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority
}

pub(crate) fn named(name: String) -> rcgen::DistinguishedName {
    let mut names = rcgen::DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

/// `None` if it is not there.
fn read(path: &Path) -> Result<Option<String>, CaError> {
    kept::read(path).map_err(|source| CaError::File {
        path: path.to_owned(),
        source,
    })
}

fn write(path: &Path, text: &str, mode: u32) -> Result<(), CaError> {
    kept::write(path, text, mode).map_err(|source| CaError::File {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests;
