//! What anybody in the network may throw at a hub or a node.

use super::target;
use loqa_link::{
    Authority, Identity, Member, PublicKey, Roster,
    discovery::Announcement,
    pairing::plain_name,
    trust::Hub,
    wire::audio::{
        Hearing, Talking,
        packet::{Packet, Route},
    },
};
use loqa_protocol::AudioCodec;
use std::time::Duration;
use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};

/// Somebody speaks for a tenth of a second, in both codecs.
fn spoken() -> Vec<Vec<u8>> {
    let route = Route {
        stream: 1,
        request: 1,
    };
    let mut all = Vec::new();
    for codec in [AudioCodec::Opus, AudioCodec::Pcm16] {
        let mut talking = Talking::new(route, codec).unwrap();
        let frame = |n: usize| std::array::from_fn(|at| ((n * 320 + at) as f32 / 9.0).sin() / 2.0);
        all.extend((0..5).map(|n| talking.frame(&frame(n))));
        all.extend(talking.end());
    }
    all
}

/// A packet has one form; what it holds is put in order and heard as samples, and no more of them than fit the time that has
/// passed, whatever its numbers say.
#[test]
fn datagrams_of_audio() {
    let before: Vec<Packet> = spoken()
        .iter()
        .map(|bytes| Packet::from_bytes(bytes).unwrap())
        .collect();
    target!(spoken(), |bytes| {
        let Ok(packet) = Packet::from_bytes(bytes) else {
            return;
        };
        assert_eq!(packet.to_bytes(), bytes);
        let mut hearing = Hearing::default();
        let mut heard = 0;
        let mut listen = |hearing: &mut Hearing, now: Duration| {
            while let Some(frame) = hearing.pop(now) {
                assert!(frame.samples.iter().all(|it| it.abs() <= 1.0), "{frame:?}");
                heard += 1;
                assert!(heard < 1_000, "{:?}", hearing.counts());
            }
        };
        let mut now = Duration::ZERO;
        for packet in [&before[0], &packet, &before[2], &packet] {
            hearing.push(packet.clone(), now);
            listen(&mut hearing, now);
            now += Duration::from_millis(20);
        }
        hearing.end();
        listen(&mut hearing, now + Duration::from_secs(10));
        assert!(hearing.is_over());
    });
}

/// What is announced by multicast DNS, with its strings as they stand in a TXT record.
#[test]
fn announcements() {
    let record = |strings: &[&str]| -> Vec<u8> {
        let one = |text: &&str| [&[text.len() as u8][..], text.as_bytes()].concat();
        strings.iter().flat_map(one).collect()
    };
    let id = &format!("id={}", "07".repeat(32));
    let seeds = vec![
        record(&[
            "v=1-1",
            id,
            "role=hub",
            "home=00112233445566aa",
            "house=Home",
            "name=Home",
            "pair=7613",
        ]),
        record(&["v=1-2", id, "role=node", "name=K\u{fc}che"]),
    ];
    target!(seeds, |bytes| {
        let mut values = Vec::new();
        let mut rest = bytes;
        while let Some((length, after)) = rest.split_first() {
            let (string, after) = after.split_at(after.len().min((*length).into()));
            let at = string.iter().position(|it| *it == b'=');
            values.push(string.split_at(at.unwrap_or(string.len())));
            rest = after;
        }
        let value = |key: &str| {
            let found = values.iter().find(|(name, _)| *name == key.as_bytes());
            found.map(|(_, value)| value.strip_prefix(b"=").unwrap_or_default())
        };
        if let Some(read) = Announcement::read(7613, value) {
            assert!(plain_name(&read.name));
            assert!(read.household.is_none_or(|(_, name)| plain_name(&name)));
            assert_ne!(read.pairing, Some(0));
            assert!(read.versions.0 <= read.versions.1);
        }
    });
}

/// One that was changed lets nobody in, and is nothing that a node would keep.
#[test]
fn certificates() {
    let folder = tempfile::tempdir().unwrap();
    let today = UnixTime::since_unix_epoch(Duration::from_secs(1_780_000_000));
    let node = Identity::passing().unwrap();
    let roster = Roster::new([node.node()]);
    let authority = Authority::open(folder.path()).unwrap();
    let hub = Hub::new(Identity::passing().unwrap(), authority, roster, today).unwrap();
    let good = hub.issue(&node.public(), today).unwrap().to_vec();
    let vouches = hub.authority().to_vec();
    let seeds = vec![good.clone(), vouches.clone()];
    target!(seeds, |bytes| {
        let shown = CertificateDer::from(bytes.to_vec());
        let key = PublicKey::of(&shown);
        let admitted = hub.admit(std::slice::from_ref(&shown), today);
        assert_eq!(admitted.is_ok(), bytes == good, "{admitted:?}");
        let identity = Identity::passing().unwrap();
        let anothers = Member::new(identity, hub.node(), hub.authority(), shown.clone());
        assert!(anothers.is_err(), "{key:?}");
        let identity = Identity::passing().unwrap();
        let good = CertificateDer::from(good.clone());
        assert!(Member::new(identity, hub.node(), &shown, good).is_err());
    });
}
