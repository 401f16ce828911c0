//! Attacks on the link: who comes with which key and which certificate.

use super::{GOOD, Row, Who};
use crate::{
    Authority, Ca, Hub, Identity, Member, PublicKey, Roster,
    pairing::channel,
    trust::{
        ALPN, Standing, speaks,
        tests::{Clock, day, hub, knock, paired, shake},
    },
};
use loqa_protocol::NodeId;
use proptest::{collection::vec, prelude::*};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ED25519, date_time_ymd,
};
use rustls::{
    ClientConfig, HandshakeKind, ServerConfig,
    client::Resumption,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use std::{sync::Arc, time::Duration};

pub(super) const ATTACKS: &[Row] = &[
    (
        "a stolen puck, after it was revoked",
        |who| {
            let hub = hub(&[], day(0));
            let node = paired(&hub, day(0));
            if who.evil() {
                hub.roster().revoke(node.node());
            }
            told(knock(&node, &hub, day(0)))
        },
        "revoked",
    ),
    (
        "a stolen puck with a certificate that was renewed the minute before",
        |who| {
            let hub = hub(&[], day(0));
            let node = paired(&hub, day(0));
            let admission = knock(&node, &hub, day(0)).unwrap();
            node.renew(hub.issue(&admission.key, day(0)).unwrap())
                .unwrap();
            if who.evil() {
                hub.roster().revoke(node.node());
            }
            told(knock(&node, &hub, day(0)))
        },
        "revoked",
    ),
    (
        "a revoked node asks for a new certificate over the connection that it has",
        |who| {
            let hub = hub(&[], day(0));
            let node = paired(&hub, day(0));
            let admission = knock(&node, &hub, day(25)).unwrap();
            if who.evil() {
                hub.roster().revoke(node.node());
            }
            match hub.issue(&admission.key, day(25)) {
                Ok(_) => GOOD.into(),
                Err(error) => short(&error.to_string()),
            }
        },
        "not paired",
    ),
    (
        "a revoked node whose certificate has expired comes to renew",
        |who| {
            let hub = hub(&[], day(0));
            let node = paired(&hub, day(0));
            if who.evil() {
                hub.roster().revoke(node.node());
            }
            match knock(&node, &hub, day(40)) {
                Ok(it) if it.standing == Standing::Renew => GOOD.into(),
                other => told(other),
            }
        },
        "revoked",
    ),
    (
        "a session from before it was revoked is taken up again",
        |who| {
            let hub = hub(&[], day(0));
            let node = paired(&hub, day(0));
            let mut config = node.client_config().unwrap();
            config.resumption = Resumption::in_memory_sessions(8);
            config.enable_early_data = true;
            let server = || {
                let mut config = hub.server_config().unwrap();
                config.time_provider = Arc::new(Clock(day(0)));
                config
            };
            shake(config.clone(), server()).unwrap();
            if who.evil() {
                hub.roster().revoke(node.node());
            }
            match shake(config, server()) {
                Ok((client, _)) if client.handshake_kind() == Some(HandshakeKind::Full) => {
                    GOOD.into()
                }
                Ok(_) => "resumed".into(),
                Err(error) => short(&error),
            }
        },
        "revoked",
    ),
    (
        "a node that never was paired, with a certificate of the household",
        |who| {
            with(|house, id, key| {
                if who.evil() {
                    house.roster.revoke(id);
                }
                house.authority.issue(&key, day(0)).unwrap()
            })
        },
        "revoked",
    ),
    (
        "a certificate of another household's authority, for a paired key",
        |who| {
            with(|house, _, key| {
                let other = Authority::open(tempfile::tempdir().unwrap().path()).unwrap();
                who.or(&house.authority, &other)
                    .issue(&key, day(0))
                    .unwrap()
            })
        },
        "not vouched for",
    ),
    (
        "a certificate that a paired key has made for itself",
        |who| {
            with_identity(|house, node| {
                let good = house.authority.issue(&node.public(), day(0)).unwrap();
                who.or(good, node.self_signed().unwrap())
            })
        },
        "not vouched for",
    ),
    (
        "an authority of the same name, with another key",
        |who| {
            with(|house, _, key| {
                let good = house.authority.issue(&key, day(0)).unwrap();
                let signer = KeyPair::generate_for(&PKCS_ED25519).unwrap();
                let named = house.authority_params();
                let forged = leaf(day_of_leaf())
                    .signed_by(&key, &Issuer::new(named, signer))
                    .unwrap();
                who.or(good, forged.into())
            })
        },
        "not vouched for",
    ),
    (
        "a certificate that is an authority's, used as a node's",
        |who| {
            made(who, |params| {
                params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)
            })
        },
        "not vouched for",
    ),
    (
        "a paired node as an authority: a chain through its own certificate",
        |who| {
            let house = house();
            let (first, second) = (Identity::passing().unwrap(), Identity::passing().unwrap());
            house.roster.pair(first.node());
            house.roster.pair(second.node());
            let good = house.authority.issue(&second.public(), day(0)).unwrap();
            let own = house.authority.issue(&first.public(), day(0)).unwrap();
            let private: PrivatePkcs8KeyDer<'_> = match first.private() {
                PrivateKeyDer::Pkcs8(key) => key,
                other => panic!("{other:?}"),
            };
            let signer = KeyPair::try_from(&private).unwrap();
            let signed = leaf(day_of_leaf())
                .signed_by(&second.public(), &Issuer::new(leaf(day_of_leaf()), signer))
                .unwrap();
            let chain = who.or(vec![good], vec![signed.into(), own]);
            house.come(&second, chain)
        },
        "not vouched for",
    ),
    (
        "a certificate of the household for another use: a server's alone",
        |who| {
            made(who, |params| {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]
            })
        },
        "not vouched for",
    ),
    (
        "a certificate of the household for a key of another kind",
        |who| {
            let house = house();
            let node = Identity::passing().unwrap();
            house.roster.pair(node.node());
            if who == Who::Honest {
                let good = house.authority.issue(&node.public(), day(0)).unwrap();
                return house.come(&node, vec![good]);
            }
            let ecdsa = KeyPair::generate().unwrap();
            let signed = leaf(day_of_leaf())
                .signed_by(&ecdsa, &house.issuer())
                .unwrap();
            let key = PrivatePkcs8KeyDer::from(ecdsa.serialize_der());
            house.come_with(vec![signed.into()], key.into())
        },
        "no certificate",
    ),
    (
        "the certificate of another paired node, without its key",
        |who| {
            let house = house();
            let (own, other) = (Identity::passing().unwrap(), Identity::passing().unwrap());
            house.roster.pair(own.node());
            house.roster.pair(other.node());
            let named = who.or(own.public(), other.public());
            house.come(&own, vec![house.authority.issue(&named, day(0)).unwrap()])
        },
        "not its key",
    ),
    (
        "no certificate",
        |who| {
            let house = house();
            let node = Identity::passing().unwrap();
            house.roster.pair(node.node());
            let good = house.authority.issue(&node.public(), day(0)).unwrap();
            house.come(&node, who.or(vec![good], Vec::new()))
        },
        "no certificate",
    ),
    (
        "the authority for browsers vouches for a node",
        |who| {
            with(|house, _, key| {
                let browsers = Ca::open(tempfile::tempdir().unwrap().path(), &[]).unwrap();
                let good = house.authority.issue(&key, day(0)).unwrap();
                who.or(good, browsers.certificate().clone())
            })
        },
        "not vouched for",
    ),
    (
        "an expired certificate does more than renew",
        |who| {
            let hub = hub(&[], day(0));
            let node = paired(&hub, day(0));
            told(knock(&node, &hub, who.or(day(29), day(31))))
        },
        "only to renew",
    ),
    (
        "a certificate of next year does more than renew",
        |who| {
            let hub = hub(&[], day(0));
            let node = paired(&hub, who.or(day(0), day(365)));
            told(knock(&node, &hub, day(0)))
        },
        "only to renew",
    ),
    (
        "an expired certificate of another authority comes to renew",
        |who| {
            with(|house, _, key| {
                let other = Authority::open(tempfile::tempdir().unwrap().path()).unwrap();
                let signs = who.or(&house.authority, &other);
                signs.issue(&key, who.or(day(0), day(-300))).unwrap()
            })
        },
        "not vouched for",
    ),
    (
        "another protocol on the same port",
        |who| {
            let hub = hub(&[], day(0));
            let mut config = paired(&hub, day(0)).client_config().unwrap();
            config.alpn_protocols = vec![who.or(ALPN, b"h3").to_vec()];
            shaken(config, config_of(&hub))
        },
        "another protocol",
    ),
    (
        "a later version alone",
        |who| {
            let hub = hub(&[], day(0));
            let mut config = paired(&hub, day(0)).client_config().unwrap();
            config.alpn_protocols = vec![who.or(ALPN, b"loqa/node/2").to_vec()];
            shaken(config, config_of(&hub))
        },
        "another protocol",
    ),
    (
        "no protocol named",
        |who| {
            let hub = hub(&[], day(0));
            let mut config = paired(&hub, day(0)).client_config().unwrap();
            if who.evil() {
                config.alpn_protocols.clear();
            }
            shaken(config, config_of(&hub))
        },
        "another protocol",
    ),
    (
        "a stranger's self-made key, as for pairing, on the nodes' port",
        |who| {
            let hub = hub(&[], day(0));
            let stranger = Identity::passing().unwrap();
            let mut config = channel::client_config(&stranger, None).unwrap();
            config.alpn_protocols = vec![ALPN.to_vec()];
            let good = paired(&hub, day(0)).client_config().unwrap();
            shaken(who.or(good, config), config_of(&hub))
        },
        "not vouched for",
    ),
    (
        "another hub answers at the hub's address",
        |who| {
            let (hub, other) = (self::hub(&[], day(0)), self::hub(&[], day(0)));
            let node = paired(&hub, day(0));
            other.roster().pair(node.node());
            told(knock(&node, who.or(&hub, &other), day(0)))
        },
        "another hub",
    ),
    (
        "a paired node answers in place of the hub, with a certificate of the household",
        |who| {
            let dir = tempfile::tempdir().unwrap();
            let authority = || Authority::open(dir.path()).unwrap();
            let roster = Roster::new([]);
            let make = || {
                let own = Identity::passing().unwrap();
                Hub::new(own, authority(), roster.clone(), day(0)).unwrap()
            };
            let (hub, insider) = (make(), make());
            let node = paired(&hub, day(0));
            told(knock(&node, who.or(&hub, &insider), day(0)))
        },
        "another hub",
    ),
    (
        "the hub's key, with a certificate that it has made for itself",
        |who| {
            let hub = hub(&[], day(0));
            let node = paired(&hub, day(0));
            let mut own = channel::server_config(hub.identity()).unwrap();
            own.alpn_protocols = vec![ALPN.to_vec()];
            shaken(node.client_config().unwrap(), who.or(config_of(&hub), own))
        },
        "not vouched for",
    ),
    (
        "a new certificate for another key",
        |who| {
            let hub = hub(&[], day(0));
            let node = paired(&hub, day(0));
            let other = paired(&hub, day(0));
            let key = knock(who.or(&node, &other), &hub, day(0)).unwrap().key;
            match node.renew(hub.issue(&key, day(20)).unwrap()) {
                Ok(()) => told(knock(&node, &hub, day(20))),
                Err(error) => short(&error.to_string()),
            }
        },
        "another key",
    ),
    (
        "a key of low order, for which anybody can sign",
        |who| {
            let key = Identity::passing().unwrap().public();
            let mut spki = key.spki();
            if who.evil() {
                spki[12..].copy_from_slice(&[0; 32]);
            }
            PublicKey::from_spki(&spki).map_or("refused".into(), |_| GOOD.into())
        },
        "refused",
    ),
    (
        "a key with bytes after it",
        |who| {
            let key = Identity::passing().unwrap().public();
            let spki = [&key.spki()[..], who.or(&[], &[0])].concat();
            PublicKey::from_spki(&spki).map_or("refused".into(), |_| GOOD.into())
        },
        "refused",
    ),
];

fn short(error: &str) -> String {
    let of = [
        ("Revoked", "revoked"),
        ("is not paired", "not paired"),
        ("for another key", "another key"),
        ("BadSignature", "not its key"),
        ("UnknownIssuer", "not vouched for"),
        ("BadEncoding", "not vouched for"),
        ("ApplicationVerificationFailure", "another hub"),
        ("sent no certificates", "no certificate"),
        ("NoApplicationProtocol", "another protocol"),
        ("doesn't support any known protocol", "another protocol"),
    ];
    let found = of.iter().find(|(part, _)| error.contains(part));
    found.map_or(error, |(_, told)| told).to_owned()
}

fn told(admission: Result<crate::trust::Admission, String>) -> String {
    match admission {
        Ok(it) if it.standing == Standing::Full => GOOD.into(),
        Ok(_) => "only to renew".into(),
        Err(error) => short(&error),
    }
}

fn config_of(hub: &Hub) -> ServerConfig {
    let mut config = hub.server_config().unwrap();
    config.time_provider = Arc::new(Clock(day(0)));
    config
}

fn shaken(client: ClientConfig, server: ServerConfig) -> String {
    match shake(client, server) {
        Ok((_, server)) if !speaks(server.alpn_protocol(), ALPN) => "another protocol".into(),
        Ok(_) => GOOD.into(),
        Err(error) => short(&error),
    }
}

/// A household of which everything is known, its keys too.
struct House {
    authority: Authority,
    folder: tempfile::TempDir,
    hub: Hub,
    roster: Roster,
}

fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let open = || Authority::open(folder.path()).unwrap();
    let roster = Roster::new([]);
    let own = Identity::passing().unwrap();
    let hub = Hub::new(own, open(), roster.clone(), day(0)).unwrap();
    House {
        authority: open(),
        hub,
        roster,
        folder,
    }
}

impl House {
    fn key(&self) -> KeyPair {
        let pem = std::fs::read_to_string(self.folder.path().join("nodes.key")).unwrap();
        KeyPair::from_pem(&pem).unwrap()
    }

    fn authority_params(&self) -> CertificateParams {
        crate::authority::params(&self.key())
    }

    fn issuer(&self) -> Issuer<'static, KeyPair> {
        Issuer::new(self.authority_params(), self.key())
    }

    fn come(&self, node: &Identity, chain: Vec<CertificateDer<'static>>) -> String {
        self.come_with(chain, node.private())
    }

    fn come_with(
        &self,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> String {
        let member = paired(&self.hub, day(0));
        let mut config = member.client_config().unwrap();
        config.client_auth_cert_resolver = Arc::new(Stolen(chain, key));
        shaken(config, config_of(&self.hub))
    }
}

/// Shows a certificate whether or not the key is its.
#[derive(Debug)]
struct Stolen(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

impl rustls::client::ResolvesClientCert for Stolen {
    fn resolve(
        &self,
        _: &[&[u8]],
        _: &[rustls::SignatureScheme],
    ) -> Option<Arc<rustls::sign::CertifiedKey>> {
        if self.0.is_empty() {
            return None;
        }
        let key = rustls::crypto::ring::sign::any_supported_type(&self.1).unwrap();
        Some(Arc::new(rustls::sign::CertifiedKey::new(
            self.0.clone(),
            key,
        )))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

fn with_identity(make: impl FnOnce(&House, &Identity) -> CertificateDer<'static>) -> String {
    let house = house();
    let node = Identity::passing().unwrap();
    house.roster.pair(node.node());
    let certificate = make(&house, &node);
    house.come(&node, vec![certificate])
}

fn with(make: impl FnOnce(&House, NodeId, PublicKey) -> CertificateDer<'static>) -> String {
    with_identity(|house, node| make(house, node.node(), node.public()))
}

/// With a certificate of the household that is as it should be but for one thing.
fn made(who: Who, change: impl FnOnce(&mut CertificateParams)) -> String {
    with(|house, _, key| {
        let mut params = leaf(day_of_leaf());
        if who.evil() {
            change(&mut params);
        }
        params.signed_by(&key, &house.issuer()).unwrap().into()
    })
}

fn day_of_leaf() -> Duration {
    Duration::from_secs(day(0).as_secs())
}

fn leaf(from: Duration) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(1970, 1, 1) + from;
    params.not_after = params.not_before + crate::VALID;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ClientAuth,
        ExtendedKeyUsagePurpose::ServerAuth,
    ];
    params
}

#[test]
fn a_handshake_with_any_byte_changed_lets_nobody_in() {
    // What a client says first, changed on the way, is noticed by both when they compare.
    let hub = hub(&[], day(0));
    let node: Member = paired(&hub, day(0));
    let name = || crate::trust::HUB_NAME.try_into().unwrap();
    let hello = || {
        let config = Arc::new(node.client_config().unwrap());
        let mut client = rustls::ClientConnection::new(config, name()).unwrap();
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).unwrap();
        (client, bytes)
    };
    let length = hello().1.len();
    let through = |place: Option<usize>| {
        let (mut client, mut bytes) = hello();
        if let Some(place) = place {
            bytes[place] ^= 1;
        }
        let mut server = rustls::ServerConnection::new(Arc::new(config_of(&hub))).unwrap();
        for _ in 0..8 {
            let mut rest = &bytes[..];
            while !rest.is_empty() && server.read_tls(&mut rest).is_ok_and(|read| read > 0) {}
            if server.process_new_packets().is_err() {
                return false;
            }
            let mut back = Vec::new();
            while server.wants_write() {
                server.write_tls(&mut back).unwrap();
            }
            let mut rest = &back[..];
            while !rest.is_empty() && client.read_tls(&mut rest).is_ok_and(|read| read > 0) {}
            if client.process_new_packets().is_err() {
                return false;
            }
            bytes.clear();
            while client.wants_write() {
                client.write_tls(&mut bytes).unwrap();
            }
        }
        !server.is_handshaking() && !client.is_handshaking()
    };
    assert!(through(None));
    for place in 0..length {
        // The version of a record is of no meaning in TLS 1.3, and not covered.
        let legacy = (1..3).contains(&place);
        assert!(legacy || !through(Some(place)), "byte {place}");
    }
}

#[test]
fn a_certificate_with_any_byte_changed_lets_nobody_in() {
    let hub = hub(&[], day(0));
    let node = Identity::passing().unwrap();
    hub.roster().pair(node.node());
    let good = hub.issue(&node.public(), day(0)).unwrap();
    assert!(hub.admit(std::slice::from_ref(&good), day(0)).is_ok());
    for place in 0..good.len() {
        for bit in [1, 0x80] {
            let mut bytes = good.to_vec();
            bytes[place] ^= bit;
            let changed = CertificateDer::from(bytes);
            let admitted = hub.admit(&[changed], day(0));
            assert!(admitted.is_err(), "byte {place}: {admitted:?}");
        }
        let cut = CertificateDer::from(good[..place].to_vec());
        assert!(hub.admit(&[cut], day(0)).is_err(), "cut at {place}");
    }
}

proptest! {
    #[test]
    fn what_strangers_show_as_a_certificate_is_read_or_refused(bytes in vec(any::<u8>(), 0..400)) {
        prop_assert_eq!(PublicKey::of(&CertificateDer::from(bytes.clone())), None);
        let key = PublicKey::from_spki(&bytes);
        prop_assert!(key.is_none_or(|key| key.spki()[..] == bytes));
    }
}
