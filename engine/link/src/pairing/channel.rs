//! The channel over which two machines pair: TLS 1.3 in which each proves that it has a key, and
//! nothing says whose it is. That is what pairing finds out.

use crate::{
    Identity, KeyError, PublicKey,
    ca::provider,
    trust::{self, Refusal, Shown, never_resumed, only},
};
use loqa_protocol::NodeId;
use rustls::{
    ClientConfig, DistinguishedName, Error, ServerConfig,
    client::{
        Resumption,
        danger::{ServerCertVerified, ServerCertVerifier},
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use std::sync::Arc;

/// What is spoken there.
pub const ALPN: &[u8] = b"loqa/pair/1";

/// How rustls has nodes come that nobody knows. For a listener of its own, which is open while pairing
/// is.
///
/// # Errors
/// [`KeyError::Make`].
pub fn server_config(hub: &Identity) -> Result<ServerConfig, KeyError> {
    let shown = Arc::new(Shown::new(hub.shown(hub.self_signed()?)?));
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(Arc::new(AnyKey { pin: None }))
        .with_cert_resolver(shown);
    config.alpn_protocols = vec![ALPN.to_vec()];
    never_resumed(&mut config);
    Ok(config)
}

/// How rustls reaches a hub that is not known yet. `hub`: the key that its QR code named.
///
/// # Errors
/// [`KeyError::Make`].
pub fn client_config(node: &Identity, hub: Option<NodeId>) -> Result<ClientConfig, KeyError> {
    let shown = Arc::new(Shown::new(node.shown(node.self_signed()?)?));
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyKey { pin: hub }))
        .with_client_cert_resolver(shown);
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// The key of the other end, of what it showed in a handshake that is over.
///
/// # Errors
/// [`Refusal`].
pub fn peer(shown: &[CertificateDer<'_>]) -> Result<PublicKey, Refusal> {
    PublicKey::of(only(shown)?).ok_or(Refusal::NotANode)
}

/// Any key that a node may have; or one.
#[derive(Debug)]
struct AnyKey {
    pin: Option<NodeId>,
}

impl AnyKey {
    fn look(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
    ) -> Result<(), Error> {
        if !intermediates.is_empty() {
            return Err(Refusal::Chain(1 + intermediates.len()).into());
        }
        let found = peer(std::slice::from_ref(end_entity))?.node();
        match self.pin {
            Some(paired) if paired != found => Err(Refusal::AnotherHub { found, paired }.into()),
            _ => Ok(()),
        }
    }
}

impl ClientCertVerifier for AnyKey {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.look(end_entity, intermediates)?;
        Ok(ClientCertVerified::assertion())
    }

    trust::only_keys_of_nodes!();
}

impl ServerCertVerifier for AnyKey {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.look(end_entity, intermediates)?;
        Ok(ServerCertVerified::assertion())
    }

    trust::only_keys_of_nodes!();
}
