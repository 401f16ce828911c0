//! What a hub and its nodes ask of each other before the first byte of a job.
//!
//! Both show a certificate of the household's [`Authority`] for a key of their own, over TLS 1.3 with
//! [`ALPN`], and nobody resumes: a session that is taken up again would pass by everything below.
//!
//! | | the hub, of a node | a node, of its hub |
//! |---|---|---|
//! | the key | is that of a node in the [`Roster`], now | is the one it was paired with |
//! | the certificate | vouched for, for this key | vouched for, for this key |
//! | its time | by the hub's clock; outside it, only [`Standing::Renew`] | not looked at |
//!
//! So one clock counts, the hub's, and what it compares with it are times that it has written itself.
//! A node without a clock, or one that was off for a year, is known by its key and is given a new
//! certificate before anything else; so is everybody after the hub's own clock has jumped.

use crate::{
    Authority, Identity, KeyError, PublicKey, Roster,
    authority::{ROTATED_AFTER, VALID},
    ca::provider,
};
use loqa_protocol::NodeId;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, RootCertStore,
    ServerConfig, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor,
    },
    crypto::{WebPkiSupportedAlgorithms, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::{
        ClientHello, NoServerSessionStorage, ParsedCertificate, ResolvesServerCert,
        WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    sign::CertifiedKey,
};
use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

/// What the two speak with each other once they trust each other.
pub const ALPN: &[u8] = b"loqa/node/1";

/// What a node asks for in TLS, as it must ask for some name: which hub answers is known by its key.
pub const HUB_NAME: &str = "hub.loqa.internal";

/// Why somebody is not let in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// No certificate was shown, or more than the one that is asked for.
    #[error("it shows {0} certificates instead of one")]
    Chain(usize),
    /// It is no certificate, or not for a key as nodes have them.
    #[error("its certificate is not that of a node")]
    NotANode,
    /// Another household's, or nobody's, or not for this use.
    #[error("its certificate is not of this household: {0}")]
    Foreign(&'static str),
    /// The hub is another one than this node was paired with.
    #[error("it is {}, and not the hub {} that this node is paired with", .found.short(), .paired.short())]
    AnotherHub {
        /// Who answers.
        found: NodeId,
        /// Who should.
        paired: NodeId,
    },
    /// It never was paired, or was revoked.
    #[error("node {} is not paired with this hub", .0.short())]
    NotPaired(NodeId),
    /// A new certificate is for another key than that of whoever got it.
    #[error("the certificate is for another key")]
    AnotherKey,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        let error = match refusal {
            Refusal::Chain(_) | Refusal::NotANode => CertificateError::BadEncoding,
            Refusal::Foreign(_) => CertificateError::UnknownIssuer,
            Refusal::AnotherHub { .. } | Refusal::AnotherKey => {
                CertificateError::ApplicationVerificationFailure
            }
            Refusal::NotPaired(_) => CertificateError::Revoked,
        };
        Error::InvalidCertificate(error)
    }
}

/// What a node that was let in may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Everything that nodes may.
    Full,
    /// Nothing but be given a new certificate: by the hub's clock its own is not good today.
    Renew,
}

/// A node that was let in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Admission {
    /// Its key, which it has proved to have.
    pub key: PublicKey,
    /// What it may do.
    pub standing: Standing,
    /// Its certificate is [`ROTATED_AFTER`] old: the hub hands it a new one while the work goes on.
    pub due: bool,
}

impl Admission {
    /// Who it is.
    pub fn node(&self) -> NodeId {
        self.key.node()
    }
}

/// A hub as its nodes see it. Clones are the same hub.
#[derive(Clone)]
pub struct Hub {
    identity: Arc<Identity>,
    authority: Arc<Authority>,
    shown: Arc<Shown>,
    gate: Arc<Gate>,
}

impl Hub {
    /// The hub with this key, which vouches for itself as for its nodes. `roster`: who may come in.
    ///
    /// # Errors
    /// [`KeyError::Make`].
    pub fn new(
        identity: Identity,
        authority: Authority,
        roster: Roster,
        now: UnixTime,
    ) -> Result<Hub, KeyError> {
        let certificate = authority.issue(&identity.public(), now)?;
        let shown = Arc::new(Shown::new(identity.shown(certificate)?));
        let gate = Arc::new(Gate::new(authority.certificate(), roster)?);
        Ok(Hub {
            identity: Arc::new(identity),
            authority: Arc::new(authority),
            shown,
            gate,
        })
    }

    /// Its name, which its nodes pin.
    pub fn node(&self) -> NodeId {
        self.identity.node()
    }

    /// Its key, for the channel that pairs.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Who may come in.
    pub fn roster(&self) -> &Roster {
        &self.gate.roster
    }

    /// What every paired node keeps.
    pub fn authority(&self) -> &CertificateDer<'static> {
        self.authority.certificate()
    }

    /// How rustls, and so QUIC, lets nodes in. The clock is that of the configuration
    /// (`time_provider`).
    ///
    /// # Errors
    /// [`KeyError::Make`].
    pub fn server_config(&self) -> Result<ServerConfig, KeyError> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(self.gate.clone())
            .with_cert_resolver(self.shown.clone());
        config.alpn_protocols = vec![ALPN.to_vec()];
        never_resumed(&mut config);
        Ok(config)
    }

    /// Who came, of what it showed in a handshake that is over. Asked again here because a handshake
    /// tells only that it was let in, and because it may have been revoked since.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn admit(&self, shown: &[CertificateDer<'_>], now: UnixTime) -> Result<Admission, Refusal> {
        self.gate.admit(shown, now)
    }

    /// A certificate for a node that is in the roster and has proved to have `key`: it was admitted,
    /// or has just been paired.
    ///
    /// # Errors
    /// The node is not, or no longer, paired; or [`KeyError::Make`], as text for the log.
    pub fn issue(
        &self,
        key: &PublicKey,
        now: UnixTime,
    ) -> Result<CertificateDer<'static>, IssueError> {
        if !self.roster().contains(key.node()) {
            return Err(IssueError::Refused(Refusal::NotPaired(key.node())));
        }
        Ok(self.authority.issue(key, now)?)
    }

    /// Shows a new certificate of its own from the next handshake on; to be called once a day. Nodes
    /// do not look at its time, so nothing ends if this comes late.
    ///
    /// # Errors
    /// [`KeyError::Make`]; the one before goes on being shown.
    pub fn rotate(&self, now: UnixTime) -> Result<(), KeyError> {
        let certificate = self.authority.issue(&self.identity.public(), now)?;
        self.shown.replace(self.identity.shown(certificate)?);
        Ok(())
    }
}

/// Why no certificate was issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// To this node none is.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// This machine cannot.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// A node that is paired, as its hub sees it. Clones are the same node.
#[derive(Clone)]
pub struct Member {
    identity: Arc<Identity>,
    shown: Arc<Shown>,
    pin: Arc<Pin>,
}

impl Member {
    /// The node with this key, paired with `hub`, given `certificate` by the authority of that
    /// household.
    ///
    /// # Errors
    /// [`IssueError::Refused`]: the three do not belong together.
    pub fn new(
        identity: Identity,
        hub: NodeId,
        authority: &CertificateDer<'static>,
        certificate: CertificateDer<'static>,
    ) -> Result<Member, IssueError> {
        let pin = Arc::new(Pin {
            hub,
            vouched: Vouched::new(authority)?,
        });
        pin.vouched.own(&identity.public(), &certificate)?;
        let shown = Arc::new(Shown::new(identity.shown(certificate)?));
        Ok(Member {
            identity: Arc::new(identity),
            shown,
            pin,
        })
    }

    /// Who it is.
    pub fn node(&self) -> NodeId {
        self.identity.node()
    }

    /// The hub it is paired with.
    pub fn hub(&self) -> NodeId {
        self.pin.hub
    }

    /// How rustls, and so QUIC, reaches the hub; the name to ask for is [`HUB_NAME`].
    ///
    /// # Errors
    /// [`KeyError::Make`].
    pub fn client_config(&self) -> Result<ClientConfig, KeyError> {
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(self.pin.clone())
            .with_client_cert_resolver(self.shown.clone());
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.resumption = Resumption::disabled();
        Ok(config)
    }

    /// Shows this certificate from the next handshake on, in every configuration made before;
    /// connections go on. The caller keeps it on the disk.
    ///
    /// # Errors
    /// [`IssueError::Refused`]: it is not of this household or not for this key; the one before goes
    /// on being shown.
    pub fn renew(&self, certificate: CertificateDer<'static>) -> Result<(), IssueError> {
        self.pin
            .vouched
            .own(&self.identity.public(), &certificate)?;
        self.shown.replace(self.identity.shown(certificate)?);
        Ok(())
    }
}

/// The protocol that TLS settled on must be `expected`, and this is the check for transports that let
/// a handshake without any pass (TLS over TCP does, QUIC does not).
pub fn speaks(negotiated: Option<&[u8]>, expected: &[u8]) -> bool {
    negotiated == Some(expected)
}

pub(crate) fn never_resumed(config: &mut ServerConfig) {
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.max_early_data_size = 0;
}

/// The certificate that is shown now.
pub(crate) struct Shown(RwLock<Arc<CertifiedKey>>);

impl Shown {
    pub(crate) fn new(key: CertifiedKey) -> Shown {
        Shown(RwLock::new(Arc::new(key)))
    }

    fn now(&self) -> Arc<CertifiedKey> {
        // What is behind the lock is replaced whole.
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn replace(&self, key: CertifiedKey) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown")
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.now())
    }
}

impl rustls::client::ResolvesClientCert for Shown {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.now())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// Whether a certificate is of one household.
pub(crate) struct Vouched {
    roots: Arc<RootCertStore>,
    as_client: Arc<dyn ClientCertVerifier>,
}

/// Whether today lies within the time of a certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Time {
    Good,
    Outside,
}

impl Vouched {
    pub(crate) fn new(authority: &CertificateDer<'static>) -> Result<Vouched, KeyError> {
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone())?;
        let roots = Arc::new(roots);
        let as_client = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider())
            .build()
            .map_err(|error| KeyError::Make(error.to_string()))?;
        Ok(Vouched { roots, as_client })
    }

    /// For a client. One that is vouched for at another time than `now` is told apart from one that
    /// never is.
    fn client(&self, certificate: &CertificateDer<'_>, now: UnixTime) -> Result<Time, Refusal> {
        at_some_time(now, |at| {
            self.as_client
                .verify_client_cert(certificate, &[], at)
                .map(drop)
        })
    }

    fn server(&self, certificate: &CertificateDer<'_>, now: UnixTime) -> Result<Time, Refusal> {
        let parsed = ParsedCertificate::try_from(certificate).map_err(|_| Refusal::NotANode)?;
        at_some_time(now, |at| {
            verify_server_cert_signed_by_trust_anchor(
                &parsed,
                &self.roots,
                &[],
                at,
                algorithms().all,
            )
        })
    }

    /// For this key, both as a client and as a server, at whatever time.
    pub(crate) fn own(
        &self,
        key: &PublicKey,
        certificate: &CertificateDer<'_>,
    ) -> Result<(), Refusal> {
        if PublicKey::of(certificate).ok_or(Refusal::NotANode)? != *key {
            return Err(Refusal::AnotherKey);
        }
        let sometime = UnixTime::since_unix_epoch(Duration::ZERO);
        self.client(certificate, sometime)?;
        self.server(certificate, sometime)?;
        Ok(())
    }
}

/// Verifies at `now`; and where only the time was wrong, at a time that the certificate names.
fn at_some_time(
    now: UnixTime,
    verify: impl Fn(UnixTime) -> Result<(), Error>,
) -> Result<Time, Refusal> {
    let foreign = |error: Error| {
        Refusal::Foreign(match error {
            Error::InvalidCertificate(CertificateError::UnknownIssuer) => "another authority",
            Error::InvalidCertificate(CertificateError::BadSignature) => "a false signature",
            Error::InvalidCertificate(CertificateError::InvalidPurpose)
            | Error::InvalidCertificate(CertificateError::InvalidPurposeContext { .. }) => {
                "for another use"
            }
            _ => "it does not hold",
        })
    };
    let within = match verify(now) {
        Ok(()) => return Ok(Time::Good),
        Err(Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => {
            not_after
        }
        Err(Error::InvalidCertificate(CertificateError::NotValidYetContext {
            not_before, ..
        })) => not_before,
        Err(error) => return Err(foreign(error)),
    };
    verify(within).map_err(foreign)?;
    Ok(Time::Outside)
}

/// Whether a signature in a handshake is of the key that the certificate has, which must be one that a node may have.
pub(crate) fn signed(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signature: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, Error> {
    if PublicKey::of(certificate).is_none() {
        return Err(CertificateError::BadEncoding.into());
    }
    verify_tls13_signature(message, certificate, signature, &algorithms())
}

/// What every verifier here has in common with every other, of hubs and of nodes: TLS 1.3 and keys of nodes, and
/// nothing else.
macro_rules! only_keys_of_nodes {
    () => {
        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &rustls::pki_types::CertificateDer<'_>,
            _: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            Err(rustls::PeerIncompatible::Tls12NotOffered.into())
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &rustls::pki_types::CertificateDer<'_>,
            signature: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            $crate::trust::signed(message, certificate, signature)
        }

        fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
            vec![rustls::SignatureScheme::ED25519]
        }
    };
}
pub(crate) use only_keys_of_nodes;

pub(crate) fn algorithms() -> WebPkiSupportedAlgorithms {
    provider().signature_verification_algorithms
}

pub(crate) fn only<'a, 'b>(
    shown: &'a [CertificateDer<'b>],
) -> Result<&'a CertificateDer<'b>, Refusal> {
    match shown {
        [certificate] => Ok(certificate),
        other => Err(Refusal::Chain(other.len())),
    }
}

/// The hub's side: whom it lets in.
struct Gate {
    vouched: Vouched,
    roster: Roster,
}

impl Gate {
    fn new(authority: &CertificateDer<'static>, roster: Roster) -> Result<Gate, KeyError> {
        Ok(Gate {
            vouched: Vouched::new(authority)?,
            roster,
        })
    }

    fn admit(&self, shown: &[CertificateDer<'_>], now: UnixTime) -> Result<Admission, Refusal> {
        let certificate = only(shown)?;
        let key = PublicKey::of(certificate).ok_or(Refusal::NotANode)?;
        let time = self.vouched.client(certificate, now)?;
        if !self.roster.contains(key.node()) {
            return Err(Refusal::NotPaired(key.node()));
        }
        let ahead = Duration::from_secs(now.as_secs()).saturating_add(VALID - ROTATED_AFTER);
        let later = self
            .vouched
            .client(certificate, UnixTime::since_unix_epoch(ahead))?;
        Ok(Admission {
            key,
            standing: match time {
                Time::Good => Standing::Full,
                Time::Outside => Standing::Renew,
            },
            due: time == Time::Outside || later == Time::Outside,
        })
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gate")
    }
}

impl ClientCertVerifier for Gate {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // Who asks is told nothing of the household.
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if !intermediates.is_empty() {
            return Err(Refusal::Chain(1 + intermediates.len()).into());
        }
        self.admit(std::slice::from_ref(end_entity), now)?;
        Ok(ClientCertVerified::assertion())
    }

    only_keys_of_nodes!();
}

/// The node's side: the one hub it was paired with.
struct Pin {
    hub: NodeId,
    vouched: Vouched,
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pin({})", self.hub.short())
    }
}

impl ServerCertVerifier for Pin {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if !intermediates.is_empty() {
            return Err(Refusal::Chain(1 + intermediates.len()).into());
        }
        let found = PublicKey::of(end_entity).ok_or(Refusal::NotANode)?.node();
        if found != self.hub {
            let paired = self.hub;
            return Err(Refusal::AnotherHub { found, paired }.into());
        }
        // Whatever its time: the key is the one that was compared when they were paired, and this
        // machine's clock may be a year off.
        self.vouched.server(end_entity, now)?;
        Ok(ServerCertVerified::assertion())
    }

    only_keys_of_nodes!();
}

#[cfg(test)]
pub(crate) mod tests;
