//! A hub and this node on this machine's own net, with microphones, voices and lights that are of this test.

mod jobs;
mod rooms;

use crate::config::Config;
use loqa_link::{
    Authority, Hub, Identity, Member, Roster,
    wire::{Dialer, Link, Listener, Settings},
};
use rustls::pki_types::UnixTime;
use std::{sync::Arc, time::Duration};

/// Long enough for any machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Both ends of a link; the two that made it are to be kept.
pub struct House {
    _listener: Listener,
    _dialer: Dialer,
    pub at_hub: Link,
    pub at_node: Link,
}

pub async fn house(config: &Config) -> House {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::open(folder.path()).unwrap();
    let now = UnixTime::now();
    let hub = Hub::new(
        Identity::passing().unwrap(),
        authority,
        Roster::new([]),
        now,
    )
    .unwrap();
    let identity = Identity::passing().unwrap();
    hub.roster().pair(identity.node());
    let certificate = hub.issue(&identity.public(), now).unwrap();
    let member = Member::new(identity, hub.node(), hub.authority(), certificate).unwrap();
    let loopback = "127.0.0.1:0".parse().unwrap();
    let listener = Listener::bind(loopback, hub, config.me(), Settings::default()).unwrap();
    let dialer = Dialer::new(member, config.me(), Arc::new(|_| {})).unwrap();
    let address = listener.address().unwrap();
    let at_node = dialer.reach(async || vec![address]).await.unwrap();
    let at_hub = listener.accept().await.unwrap();
    House {
        _listener: listener,
        _dialer: dialer,
        at_hub,
        at_node,
    }
}
