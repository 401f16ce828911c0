//! A hub and its nodes on one net, with real QUIC. Time is that of the test: 30 s take none.

mod jobs;
mod models;
mod net;
mod pages;
mod people;
mod pucks;

use super::*;
use crate::{
    Authority, Identity, Roster,
    trust::{Hub, Member},
};
use loqa_protocol::{
    AudioCodec, JobFrame, JobOptions, SessionId, TurnId, UtteranceId, link::NodeRole,
};
use net::Net;
use rustls::pki_types::UnixTime;
use std::{net::SocketAddr, sync::Arc, time::Duration};

/// Any day after the first of 2026.
const TODAY: u64 = 1_780_000_000;
const DAY: u64 = 24 * 3600;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn day(days: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(TODAY + days * DAY))
}

fn hub() -> Hub {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::open(folder.path()).unwrap();
    let roster = Roster::new([]);
    Hub::new(Identity::passing().unwrap(), authority, roster, day(0)).unwrap()
}

fn paired(hub: &Hub) -> Member {
    let identity = Identity::passing().unwrap();
    hub.roster().pair(identity.node());
    let certificate = hub.issue(&identity.public(), day(0)).unwrap();
    Member::new(identity, hub.node(), hub.authority(), certificate).unwrap()
}

#[derive(Debug)]
struct On(UnixTime);

impl rustls::time_provider::TimeProvider for On {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.0)
    }
}

fn settings(days: u64) -> Settings {
    Settings {
        clock: Arc::new(On(day(days))),
        ..Settings::default()
    }
}

fn me(name: &str) -> Me {
    Me {
        name: name.into(),
        software: "loqa-node 0.1.0".into(),
        roles: vec![NodeRole::Inference, NodeRole::Puck],
        codecs: vec![AudioCodec::Opus, AudioCodec::Pcm16],
        offers: Vec::new(),
    }
}

const HUB: &str = "10.0.0.1:7443";

fn listen(net: &Net, hub: &Hub, days: u64) -> Listener {
    let socket = net.socket(HUB);
    Listener::over(socket, hub.clone(), me("Home"), settings(days)).unwrap()
}

fn dialer(net: &Net, address: &str, member: &Member) -> Dialer {
    let socket = net.socket(address);
    Dialer::over(socket, member.clone(), me("kitchen"), Arc::new(|_| {})).unwrap()
}

fn at() -> SocketAddr {
    HUB.parse().unwrap()
}

/// A hub and a node, and the two ends of their link.
struct House {
    net: Net,
    hub: Hub,
    member: Member,
    listener: Listener,
    dialer: Dialer,
    at_hub: Link,
    at_node: Link,
}

async fn house(seed: u64) -> House {
    let net = Net::new(seed);
    let hub = hub();
    let member = paired(&hub);
    let listener = listen(&net, &hub, 0);
    let dialer = dialer(&net, "10.0.0.2:9000", &member);
    let at_node = dialer.dial(at()).await.unwrap();
    let at_hub = listener.accept().await.unwrap();
    House {
        net,
        hub,
        member,
        listener,
        dialer,
        at_hub,
        at_node,
    }
}

fn open() -> JobFrame {
    JobFrame::Open {
        capability: "stt.whisper:base".parse().unwrap(),
        utterance: UtteranceId {
            session: SessionId(1),
            turn: TurnId(1),
        },
        options: JobOptions::Synthesize {
            voice: "slt".into(),
            speed_permille: 0,
        },
    }
}

fn text(text: impl Into<String>) -> JobFrame {
    JobFrame::Text { text: text.into() }
}

/// Answers each frame of each job with the same, and says so when it is over.
async fn echo(link: Link) {
    while let Ok(Incoming::Job(mut says, mut hears)) = link.accept().await {
        tokio::spawn(async move {
            assert_eq!(hears.next().await.unwrap(), Some(open()));
            while let Ok(Some(frame)) = hears.next().await {
                if says.send(&frame).await.is_err() {
                    return;
                }
            }
            says.finish();
        });
    }
}
