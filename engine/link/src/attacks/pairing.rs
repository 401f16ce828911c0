//! Attacks on who is paired: secrets, tries, time, and people in the middle.

use super::{GOOD, Row};
use crate::{
    Authority, Identity, PublicKey,
    pairing::{
        About, Desk, DeskError, Guest, Joining, Opening, Reason, Role, Roles, Secret, Seen, Sent,
        Step, VALID,
    },
    trust::tests::day,
};
use rustls::pki_types::CertificateDer;
use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

pub(super) const ATTACKS: &[Row] = &[
    (
        "a wrong code",
        |who| alone(who.or("40821957", "40821958")),
        "Wrong",
    ),
    (
        "a wrong secret in a QR code",
        |who| {
            let shown = token();
            let mut house = House::new([shown.clone()], [who.or(shown, token())]);
            house.meet(&mut honest)
        },
        "Wrong",
    ),
    (
        "the code that the node shows, given for the one the hub shows",
        |who| {
            let node = Secret::typed(who.or(Role::Hub, Role::Node), "40821957").unwrap();
            House::new([code()], [node]).meet(&mut honest)
        },
        "Wrong",
    ),
    (
        "a QR code's secret where digits are shown",
        |who| House::new([code()], [who.or(code(), token())]).meet(&mut honest),
        "Wrong",
    ),
    (
        "another machine answers where the QR code leads",
        |who| {
            let mut house = House::new([code()], [code()]);
            let other = Identity::passing().unwrap().node();
            let named = who.or(house.hub.node(), other);
            house.given = Opening::new([code()], Some(named), house.now);
            house.meet(&mut honest)
        },
        "AnotherKey",
    ),
    (
        "another machine comes than the one whose QR code was read",
        |who| {
            let mut house = House::new([code()], [code()]);
            let other = Identity::passing().unwrap().node();
            let named = who.or(house.node.node(), other);
            house
                .desk
                .open(Opening::new([code()], Some(named), house.now));
            house.meet(&mut honest)
        },
        "AnotherKey",
    ),
    (
        "relay: the hub has the TLS key of a man in the middle for the node's",
        |who| {
            let mut house = House::new([code()], [code()]);
            if who.evil() {
                house.node_at_hub = Identity::passing().unwrap().public();
            }
            house.meet(&mut honest)
        },
        "Wrong",
    ),
    (
        "relay: the node has the TLS key of a man in the middle for the hub's",
        |who| {
            let mut house = House::new([code()], [code()]);
            if who.evil() {
                house.hub_at_node = Identity::passing().unwrap().public();
            }
            house.meet(&mut honest)
        },
        "Wrong",
    ),
    (
        "a man in the middle who has seen the code: the words differ",
        |who| {
            // The node pairs with whoever is in the middle, and that one with the hub.
            let mut first = House::new([code()], [code()]);
            let at_node = match first.talk(&mut honest).last() {
                Some(Step::Words(words)) => *words,
                other => panic!("{other:?}"),
            };
            let mut second = House::new([code()], [code()]);
            second.talk(&mut honest);
            let at_hub = who.or(&first, &second).compare().unwrap();
            if at_node == at_hub {
                GOOD.into()
            } else {
                "the words differ".into()
            }
        },
        "the words differ",
    ),
    (
        "a code that was used",
        |who| {
            let mut house = House::new([code()], [code()]);
            if who.evil() {
                assert_eq!(house.meet(&mut honest), GOOD);
                house.another_node();
            }
            house.meet(&mut honest)
        },
        "Used",
    ),
    (
        "a code that is three minutes old",
        |who| {
            let mut house = House::new([code()], [code()]);
            house.now += VALID - Duration::from_secs(who.or(1, 0));
            house.given = Opening::new([code()], None, house.now);
            house.meet(&mut honest)
        },
        "Expired",
    ),
    (
        "a person accepts after three minutes",
        |who| {
            let mut house = House::new([code()], [code()]);
            house.talk(&mut honest);
            house.now += VALID - Duration::from_secs(who.or(1, 0));
            house.accept()
        },
        "Expired",
    ),
    (
        "the right code after five wrong ones",
        |who| {
            let mut house = House::new([code()], [code()]);
            for wrong in 0..who.or(4, 5) {
                house.given = Opening::new([typed(&format!("0000000{wrong}"))], None, house.now);
                assert_ne!(house.meet(&mut honest), GOOD);
            }
            house.given = Opening::new([code()], None, house.now);
            house.meet(&mut honest)
        },
        "Locked",
    ),
    (
        "five wrong codes at the same time",
        |who| {
            let mut house = House::new([code()], [code()]);
            let wrong = who.or(4, 5);
            let mut joining = Vec::new();
            for guest in 100..100 + wrong {
                let mut given = Opening::new([typed("11112222")], None, house.now);
                let (node, hub) = (house.node.public(), house.hub.public());
                let (mut machine, hello) =
                    Joining::start(&mut given, node, hub, about(), house.now).unwrap();
                let sent = house.desk.receive(guest, node, &hello, house.now);
                let answer = bytes(&sent, guest);
                let proof = machine.receive(&answer, &mut given, house.now);
                joining.push((guest, proof));
            }
            for (guest, proof) in joining {
                let [Step::Send(proof)] = &proof[..] else {
                    panic!()
                };
                house
                    .desk
                    .receive(guest, house.node_at_hub, proof, house.now);
            }
            house.meet(&mut honest)
        },
        "Locked",
    ),
    (
        "a hub that guesses what the node shows, six times",
        |who| {
            let mut house = House::new([typed("11112222")], [code()]);
            for _ in 0..who.or(4, 5) {
                house
                    .desk
                    .open(Opening::new([typed("11112222")], None, house.now));
                assert_eq!(
                    house.talk(&mut wrong_proof).last(),
                    Some(&Step::Failed(Reason::Wrong))
                );
            }
            house.desk.open(Opening::new([code()], None, house.now));
            house.meet(&mut honest)
        },
        "Locked",
    ),
    (
        "two devices race with the same code",
        |who| {
            let mut house = House::new([code()], [code()]);
            if who.evil() {
                house.talk(&mut honest);
                house.another_node();
            }
            house.meet(&mut honest)
        },
        "Busy",
    ),
    (
        "a second proof with the same code, begun before the first was done",
        |who| {
            let mut house = House::new([code()], [code()]);
            let mut given = Opening::new([code()], None, house.now);
            let second = Identity::passing().unwrap().public();
            let (mut machine, hello) =
                Joining::start(&mut given, second, house.hub.public(), about(), house.now).unwrap();
            let answer = house.desk.receive(7, second, &hello, house.now);
            if who.evil() {
                house.talk(&mut honest);
            }
            let proof = machine.receive(&bytes(&answer, 7), &mut given, house.now);
            let [Step::Send(proof)] = &proof[..] else {
                panic!()
            };
            let sent = house.desk.receive(7, second, proof, house.now);
            match machine
                .receive(&bytes(&sent, 7), &mut given, house.now)
                .last()
            {
                Some(Step::Words(_)) => GOOD.into(),
                Some(Step::Failed(reason)) => format!("{reason:?}"),
                other => format!("{other:?}"),
            }
        },
        "Busy",
    ),
    (
        "a flood of hellos",
        |who| {
            let mut house = House::new([code()], [code()]);
            for guest in 0..who.or(20, 64) {
                let mut given = Opening::new([code()], None, house.now);
                let (node, hub) = (house.node.public(), house.hub.public());
                let (_, hello) = Joining::start(&mut given, node, hub, about(), house.now).unwrap();
                house.desk.receive(1000 + guest, node, &hello, house.now);
                house.desk.gone(1000 + guest);
            }
            house.meet(&mut honest)
        },
        "Busy",
    ),
    (
        "a crowd that says nothing",
        |who| {
            let mut house = House::new([code()], [code()]);
            for guest in 0..who.or(7, 8) {
                house
                    .desk
                    .receive(1000 + guest, house.node_at_hub, b"L", house.now);
            }
            house.meet(&mut honest)
        },
        "Busy",
    ),
    (
        "a node that waits ten seconds with its proof",
        |who| {
            let mut house = House::new([code()], [code()]);
            let later = Duration::from_secs(who.or(9, 10));
            let mut late = |by: Role, nth: usize, bytes: Vec<u8>, now: &mut Instant| {
                if (by, nth) == (Role::Node, 1) {
                    *now += later;
                }
                bytes
            };
            house.meet(&mut late)
        },
        "Expired",
    ),
    (
        "a person who says that the words do not match",
        |who| {
            let mut house = House::new([code()], [code()]);
            let mut steps = house.talk(&mut honest);
            if who.evil() {
                let sent = house.desk.reject();
                house.deliver(sent, &mut steps);
            }
            house.accept()
        },
        "Rejected",
    ),
    (
        "accepting a node that is not the one on the page",
        |who| {
            let mut house = House::new([code()], [code()]);
            house.talk(&mut honest);
            if who.evil() {
                house.node = Identity::passing().unwrap();
            }
            house.accept()
        },
        "Closed",
    ),
    (
        "the node goes while the person looks, and the code is tried again",
        |who| {
            let mut house = House::new([code()], [code()]);
            if who.evil() {
                house.talk(&mut honest);
                house.desk.gone(house.guest);
                house.another_node();
            }
            house.meet(&mut honest)
        },
        "Used",
    ),
    (
        "nobody has opened pairing",
        |who| {
            let mut house = House::new([code()], [code()]);
            if who.evil() {
                house.desk.close(Reason::Closed);
            }
            house.meet(&mut honest)
        },
        "Closed",
    ),
    (
        "a hub that hands out a certificate for another key",
        |who| {
            let mut house = House::new([code()], [code()]);
            if who.evil() {
                house.certified = Identity::passing().unwrap().public();
            }
            house.meet(&mut honest)
        },
        "Malformed",
    ),
    (
        "a hub that hands out a certificate of another authority",
        |who| {
            let mut house = House::new([code()], [code()]);
            if who.evil() {
                house.named_authority = Some(authority().certificate().clone());
            }
            house.meet(&mut honest)
        },
        "Malformed",
    ),
    (
        "a hub that hands out the authority's certificate as the node's",
        |who| {
            let mut house = House::new([code()], [code()]);
            house.authority_as_leaf = who.evil();
            house.meet(&mut honest)
        },
        "Malformed",
    ),
    (
        "a name that turns the line around",
        |who| {
            let mut house = House::new([code()], [code()]);
            house.about.name = who.or("Kitchen", "Kit\u{202e}nehc").into();
            house.meet(&mut honest)
        },
        "Malformed",
    ),
    (
        "a name that clears the screen",
        |who| {
            let mut house = House::new([code()], [code()]);
            house.about.name = who.or("Küche 2", "\u{1b}[2JKitchen").into();
            house.meet(&mut honest)
        },
        "Malformed",
    ),
    (
        "a name of 65 bytes",
        |who| {
            let mut house = House::new([code()], [code()]);
            house.about.name = "n".repeat(who.or(64, 65));
            house.meet(&mut honest)
        },
        "Malformed",
    ),
];

pub(super) fn typed(digits: &str) -> Secret {
    Secret::typed(Role::Hub, digits).unwrap()
}

pub(super) fn code() -> Secret {
    typed("4082 1957")
}

fn token() -> Secret {
    Secret::token(Role::Hub).unwrap()
}

pub(super) fn about() -> About {
    About {
        name: "Kitchen".into(),
        roles: Roles::PUCK,
    }
}

fn authority() -> Authority {
    Authority::open(tempfile::tempdir().unwrap().path()).unwrap()
}

fn alone(digits: &str) -> String {
    House::new([code()], [typed(digits)]).meet(&mut honest)
}

fn bytes(sent: &[Sent], guest: Guest) -> Vec<u8> {
    let of = sent.iter().filter_map(|it| match it {
        Sent::Bytes(to, bytes) if *to == guest => Some(&bytes[..]),
        _ => None,
    });
    of.collect::<Vec<_>>().concat()
}

/// Carries what one side says to the other: who says it, the how manyeth of theirs, the bytes, the time.
pub(super) type Carry<'a> = &'a mut dyn FnMut(Role, usize, Vec<u8>, &mut Instant) -> Vec<u8>;

pub(super) fn honest(_: Role, _: usize, bytes: Vec<u8>, _: &mut Instant) -> Vec<u8> {
    bytes
}

/// A hub that has to say something after the node's proof, which it cannot check.
fn wrong_proof(by: Role, nth: usize, bytes: Vec<u8>, _: &mut Instant) -> Vec<u8> {
    match (by, nth) {
        (Role::Hub, 1) => crate::pairing::Frame::HubProof { tag: [7; 32] }.encode(),
        _ => bytes,
    }
}

/// A hub where pairing is open, and a node that was given a secret.
pub(super) struct House {
    pub hub: Identity,
    pub node: Identity,
    pub desk: Desk,
    pub given: Opening,
    pub now: Instant,
    pub guest: Guest,
    hub_at_node: PublicKey,
    node_at_hub: PublicKey,
    about: About,
    joining: Option<Joining>,
    authority: Authority,
    certified: PublicKey,
    named_authority: Option<CertificateDer<'static>>,
    authority_as_leaf: bool,
}

impl House {
    pub fn new(
        shown: impl IntoIterator<Item = Secret>,
        given: impl IntoIterator<Item = Secret>,
    ) -> House {
        let (hub, node) = (Identity::passing().unwrap(), Identity::passing().unwrap());
        let now = Instant::now();
        let mut desk = Desk::new(hub.public(), "Home".into());
        desk.open(Opening::new(shown, None, now));
        House {
            given: Opening::new(given, None, now),
            hub_at_node: hub.public(),
            node_at_hub: node.public(),
            certified: node.public(),
            about: about(),
            joining: None,
            authority: authority(),
            named_authority: None,
            authority_as_leaf: false,
            guest: 1,
            hub,
            node,
            desk,
            now,
        }
    }

    /// From here on another node comes, which was given the same.
    fn another_node(&mut self) {
        self.node = Identity::passing().unwrap();
        self.node_at_hub = self.node.public();
        self.certified = self.node.public();
        self.given = Opening::new([code()], None, self.now);
        self.guest += 1;
    }

    /// Until both have no more to say without a person. What came of it at the node.
    pub fn talk(&mut self, carry: Carry<'_>) -> Vec<Step> {
        self.guest += 1;
        let mut steps = Vec::new();
        let begun = Joining::start(
            &mut self.given,
            self.node.public(),
            self.hub_at_node,
            self.about.clone(),
            self.now,
        );
        let (mut joining, hello) = match begun {
            Ok(begun) => begun,
            Err(reason) => return vec![Step::Failed(reason)],
        };
        let mut to_hub = vec![hello];
        let mut said = (0, 0);
        while !to_hub.is_empty() {
            let mut to_node = Vec::new();
            for bytes in std::mem::take(&mut to_hub) {
                let bytes = carry(Role::Node, said.0, bytes, &mut self.now);
                said.0 += 1;
                let sent = self
                    .desk
                    .receive(self.guest, self.node_at_hub, &bytes, self.now);
                to_node.extend(sent.into_iter().filter_map(|sent| match sent {
                    Sent::Bytes(to, bytes) if to == self.guest => Some(bytes),
                    _ => None,
                }));
            }
            for bytes in to_node {
                let bytes = carry(Role::Hub, said.1, bytes, &mut self.now);
                said.1 += 1;
                for step in joining.receive(&bytes, &mut self.given, self.now) {
                    match step {
                        Step::Send(bytes) => to_hub.push(bytes),
                        step => steps.push(step),
                    }
                }
            }
        }
        self.joining = Some(joining);
        steps
    }

    fn compare(&self) -> Option<[&'static str; 3]> {
        match self.desk.seen(self.now) {
            Seen::Compare { words, .. } => Some(words),
            _ => None,
        }
    }

    fn deliver(&mut self, sent: Vec<Sent>, steps: &mut Vec<Step>) {
        for sent in sent {
            if let (Sent::Bytes(to, bytes), Some(joining)) = (sent, &mut self.joining)
                && to == self.guest
            {
                steps.extend(joining.receive(&bytes, &mut self.given, self.now));
            }
        }
    }

    /// The person says that the words match.
    fn accept(&mut self) -> String {
        let issue = || {
            let vouches = self.authority.certificate().clone();
            let leaf = self.authority.issue(&self.certified, day(0)).unwrap();
            let leaf = if self.authority_as_leaf {
                vouches.clone()
            } else {
                leaf
            };
            (self.named_authority.clone().unwrap_or(vouches), leaf)
        };
        let certificates = issue();
        let issue = |_: &_| Ok::<_, Infallible>(certificates);
        let mut steps = Vec::new();
        match self.desk.accept(self.node.node(), self.now, issue) {
            Ok((_, sent)) => self.deliver(sent, &mut steps),
            Err(DeskError::Nobody(reason)) => return format!("{reason:?}"),
        }
        outcome(&steps)
    }

    /// All of it, with a person who compares the words and says what is so.
    pub fn meet(&mut self, carry: Carry<'_>) -> String {
        let steps = self.talk(carry);
        let Some(Step::Words(at_node)) = steps.last() else {
            return outcome(&steps);
        };
        match self.compare() {
            Some(at_hub) if at_hub == *at_node => self.accept(),
            Some(_) => "the words differ".into(),
            None => {
                // What the hub said meanwhile.
                let waits = self.desk.seen(self.now);
                match waits {
                    Seen::Closed(Reason::Used) => "Malformed".into(),
                    waits => format!("{waits:?}"),
                }
            }
        }
    }
}

fn outcome(steps: &[Step]) -> String {
    match steps.last() {
        Some(Step::Joined(_)) => GOOD.into(),
        Some(Step::Failed(reason)) => format!("{reason:?}"),
        other => format!("{other:?}"),
    }
}
