//! Handshakes in memory, as QUIC would have them.

use super::*;
use rustls::{ClientConnection, ServerConnection, time_provider::TimeProvider};

/// The first of June 2026, and this many days later or before.
pub(crate) fn day(days: i64) -> UnixTime {
    let seconds = 1_780_272_000 + days * 24 * 3600;
    UnixTime::since_unix_epoch(Duration::from_secs(seconds.try_into().unwrap()))
}

#[derive(Debug)]
pub(crate) struct Clock(pub UnixTime);

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.0)
    }
}

/// A hub that has been told its folder's authority and whom to let in.
pub(crate) fn hub(paired: &[NodeId], now: UnixTime) -> Hub {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::open(dir.path()).unwrap();
    let roster = Roster::new(paired.iter().copied());
    Hub::new(Identity::passing().unwrap(), authority, roster, now).unwrap()
}

/// A node that was paired with `hub` on that day.
pub(crate) fn paired(hub: &Hub, at: UnixTime) -> Member {
    let identity = Identity::passing().unwrap();
    hub.roster().pair(identity.node());
    let certificate = hub.issue(&identity.public(), at).unwrap();
    Member::new(identity, hub.node(), hub.authority(), certificate).unwrap()
}

pub(crate) type Ends = (ClientConnection, ServerConnection);

/// Carries the bytes of both until neither has any left.
pub(crate) fn shake(client: ClientConfig, server: ServerConfig) -> Result<Ends, String> {
    let name = ServerName::try_from(HUB_NAME).unwrap();
    let mut client = ClientConnection::new(Arc::new(client), name).unwrap();
    let mut server = ServerConnection::new(Arc::new(server)).unwrap();
    loop {
        let mut bytes = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut bytes).unwrap();
        }
        let mut quiet = bytes.is_empty();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            server.read_tls(&mut rest).unwrap();
        }
        let taken = server.process_new_packets();
        let mut bytes = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut bytes).unwrap();
        }
        quiet &= bytes.is_empty();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            client.read_tls(&mut rest).unwrap();
        }
        taken.map_err(|error| format!("hub: {error}"))?;
        client
            .process_new_packets()
            .map_err(|error| format!("node: {error}"))?;
        if quiet {
            let over = !client.is_handshaking() && !server.is_handshaking();
            return over.then_some((client, server)).ok_or("unfinished".into());
        }
    }
}

/// What comes of a node knocking, by the hub's clock.
pub(crate) fn knock(member: &Member, hub: &Hub, now: UnixTime) -> Result<Admission, String> {
    let mut config = hub.server_config().unwrap();
    config.time_provider = Arc::new(Clock(now));
    let (client, server) = shake(member.client_config().unwrap(), config)?;
    assert!(speaks(server.alpn_protocol(), ALPN) && speaks(client.alpn_protocol(), ALPN));
    hub.admit(server.peer_certificates().unwrap(), now)
        .map_err(|refusal| refusal.to_string())
}

#[test]
fn a_node_is_let_in_and_gets_a_new_certificate_while_it_works() {
    let hub = hub(&[], day(0));
    let node = paired(&hub, day(0));
    let stood = |now| knock(&node, &hub, now).map(|it| (it.standing, it.due));
    assert_eq!(stood(day(0)), Ok((Standing::Full, false)));
    assert_eq!(stood(day(19)), Ok((Standing::Full, false)));
    assert_eq!(stood(day(21)), Ok((Standing::Full, true)));
    let config = node.client_config().unwrap();
    let admission = knock(&node, &hub, day(21)).unwrap();
    node.renew(hub.issue(&admission.key, day(21)).unwrap())
        .unwrap();
    assert_eq!(stood(day(21)), Ok((Standing::Full, false)));
    let mut server = hub.server_config().unwrap();
    server.time_provider = Arc::new(Clock(day(45)));
    assert!(
        shake(config, server).is_ok(),
        "made before, shows the new one"
    );
}

#[test]
fn a_clock_that_is_a_year_off_costs_a_renewal_and_no_more() {
    let hub = hub(&[], day(0));
    for jump in [-365, 31, 365, 30 * 365] {
        let node = paired(&hub, day(0));
        let admission = knock(&node, &hub, day(jump)).unwrap();
        assert_eq!(admission.standing, Standing::Renew, "{jump}");
        node.renew(hub.issue(&admission.key, day(jump)).unwrap())
            .unwrap();
        let after = knock(&node, &hub, day(jump)).unwrap();
        assert_eq!((after.standing, after.due), (Standing::Full, false));
        // And once the clock is right again.
        let back = knock(&node, &hub, day(0)).unwrap();
        assert_eq!(back.standing, Standing::Renew, "{jump}");
    }
    // The node's own clock decides nothing.
    let node = paired(&hub, day(0));
    for off in [-20_000, 0, 365, 9_999] {
        let mut config = node.client_config().unwrap();
        config.time_provider = Arc::new(Clock(day(off)));
        let mut server = hub.server_config().unwrap();
        server.time_provider = Arc::new(Clock(day(1)));
        assert!(shake(config, server).is_ok(), "{off}");
    }
}

#[test]
fn the_hub_shows_a_new_certificate_to_nodes_that_know_its_key() {
    let hub = hub(&[], day(0));
    let node = paired(&hub, day(0));
    hub.rotate(day(400)).unwrap();
    let renewed = hub.issue(&node.identity.public(), day(400)).unwrap();
    node.renew(renewed).unwrap();
    assert!(knock(&node, &hub, day(400)).is_ok());
}

#[test]
fn who_is_revoked_is_told_and_does_not_come_back() {
    let hub = hub(&[], day(0));
    let node = paired(&hub, day(0));
    let id = node.node();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let roster = hub.roster().clone();
        let waits = tokio::spawn(async move { roster.revoked(id).await });
        tokio::task::yield_now().await;
        assert!(!waits.is_finished());
        assert!(hub.roster().revoke(id) && !hub.roster().revoke(id));
        waits.await.unwrap();
    });
    let error = knock(&node, &hub, day(0)).unwrap_err();
    assert!(error.contains("Revoked"), "{error}");
    hub.roster().pair(id);
    assert!(knock(&node, &hub, day(0)).is_ok(), "paired anew");
}

#[test]
fn keys_are_made_once_for_their_owner_alone_and_damage_is_told() {
    use std::{fs, os::unix::fs::PermissionsExt};
    let dir = tempfile::tempdir().unwrap();
    let first = Identity::open(dir.path()).unwrap().node();
    assert_eq!(Identity::open(dir.path()).unwrap().node(), first);
    let authority = Authority::open(dir.path()).unwrap();
    let again = Authority::open(dir.path()).unwrap();
    assert_eq!(authority.certificate(), again.certificate());
    for (file, mode) in [
        ("node.key", 0o600),
        ("nodes.key", 0o600),
        ("nodes.crt", 0o644),
    ] {
        let kept = fs::metadata(dir.path().join(file)).unwrap();
        assert_eq!(kept.permissions().mode() & 0o777, mode, "{file}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3);
    let told = |error: KeyError| {
        let error = error.to_string();
        assert!(error.contains("\n  help: "), "{error}");
        error
    };
    fs::write(dir.path().join("node.key"), "none").unwrap();
    let error = told(Identity::open(dir.path()).unwrap_err());
    assert!(error.contains("node.key holds no key of a node"), "{error}");
    let other = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    fs::write(dir.path().join("nodes.key"), other.serialize_pem()).unwrap();
    let error = told(Authority::open(dir.path()).err().unwrap());
    assert!(error.contains("is not the key of nodes.crt"), "{error}");
    fs::remove_file(dir.path().join("nodes.key")).unwrap();
    let error = told(Authority::open(dir.path()).err().unwrap());
    assert!(error.contains("nodes.crt is there, but not"), "{error}");
}
