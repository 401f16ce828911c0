//! Attacks on what is said while two machines pair: every byte of it may be somebody else's.

use super::{
    GOOD, Row, Who,
    pairing::{House, about, code},
};
use crate::{
    Identity,
    pairing::{Frame, Joining, Opening, Reason, Role, Sent, Step},
};
use curve25519_dalek::{constants::EIGHT_TORSION, edwards::CompressedEdwardsY};
use std::time::Instant;

const HEADER: usize = 6;
/// Where SPAKE2's point is, past the byte that names the side.
const NODE_POINT: usize = HEADER + 3 + 32 + 1;
const HUB_POINT: usize = HEADER + 1 + 32 + 1;

pub(super) const ATTACKS: &[Row] = &[
    (
        "the hello of a node that was heard earlier",
        |who| replayed(who, 0),
        "Wrong",
    ),
    (
        "the proof of a node that was heard earlier",
        |who| replayed(who, 1),
        "Wrong",
    ),
    (
        "the hub's share is the node's own, sent back",
        |who| {
            let mut share = Vec::new();
            changed(who, |by, nth, bytes| match (by, nth) {
                (Role::Node, 0) => share = bytes[NODE_POINT..].to_vec(),
                (Role::Hub, 0) => bytes[HUB_POINT..].copy_from_slice(&share),
                _ => {}
            })
        },
        "Wrong",
    ),
    (
        "the node's whole share is sent back, with the byte of its side",
        |who| {
            let mut share = Vec::new();
            changed(who, |by, nth, bytes| match (by, nth) {
                (Role::Node, 0) => share = bytes[NODE_POINT - 1..].to_vec(),
                (Role::Hub, 0) => bytes[HUB_POINT - 1..].copy_from_slice(&share),
                _ => {}
            })
        },
        "Malformed",
    ),
    (
        "the node's proof is sent back as the hub's",
        |who| {
            let mut tag = Vec::new();
            changed(who, |by, nth, bytes| match (by, nth) {
                (Role::Node, 1) => tag = bytes[HEADER + 32..].to_vec(),
                (Role::Hub, 1) => bytes[HEADER..].copy_from_slice(&tag),
                _ => {}
            })
        },
        "Wrong",
    ),
    (
        "a node that speaks as a hub",
        |who| {
            changed(who, |by, nth, bytes| {
                if (by, nth) == (Role::Node, 1) {
                    *bytes = Frame::HubProof { tag: [0; 32] }.encode();
                }
            })
        },
        "Malformed",
    ),
    (
        "a hub that speaks as a node",
        |who| {
            changed(who, |by, nth, bytes| {
                if (by, nth) == (Role::Hub, 1) {
                    *bytes = Frame::About(about()).encode();
                }
            })
        },
        "Malformed",
    ),
    (
        "a node's share with the hub's side",
        |who| at(who, Role::Node, 0, NODE_POINT - 1, b'B'),
        "Malformed",
    ),
    (
        "a share of a side that there is not",
        |who| at(who, Role::Hub, 0, HUB_POINT - 1, b'S'),
        "Malformed",
    ),
    (
        "the node's share is the identity",
        |who| point(who, Role::Node, torsion(0)),
        "Malformed",
    ),
    (
        "the hub's share is the identity",
        |who| point(who, Role::Hub, torsion(0)),
        "Malformed",
    ),
    (
        "the node's share is of order 8",
        |who| point(who, Role::Node, torsion(1)),
        "Malformed",
    ),
    (
        "the hub's share is of order 8",
        |who| point(who, Role::Hub, torsion(1)),
        "Malformed",
    ),
    (
        "the node's share is of order 4",
        |who| point(who, Role::Node, torsion(2)),
        "Malformed",
    ),
    (
        "the node's share is of order 2",
        |who| point(who, Role::Node, torsion(4)),
        "Malformed",
    ),
    (
        "the hub's share has a part of low order",
        |who| {
            changed(who, |by, nth, bytes| {
                if (by, nth) == (Role::Hub, 0) {
                    let point = CompressedEdwardsY(bytes[HUB_POINT..].try_into().unwrap());
                    let mixed = point.decompress().unwrap() + EIGHT_TORSION[1];
                    bytes[HUB_POINT..].copy_from_slice(mixed.compress().as_bytes());
                }
            })
        },
        "Malformed",
    ),
    // y = 1 + p: the identity by another name.
    (
        "a point by another name",
        |who| {
            let mut name = [0xff; 32];
            (name[0], name[31]) = (0xee, 0x7f);
            point(who, Role::Node, name)
        },
        "Malformed",
    ),
    (
        "a point that is not on the curve",
        |who| point(who, Role::Hub, [2; 32]),
        "Malformed",
    ),
    (
        "another share, well made",
        |who| {
            let other = Secretless::share();
            point(who, Role::Node, other)
        },
        "Wrong",
    ),
    (
        "the node reveals another nonce than it committed itself to",
        |who| flip(who, Role::Node, 1, HEADER),
        "Wrong",
    ),
    (
        "the commitment is changed on the way",
        |who| flip(who, Role::Node, 0, HEADER + 3),
        "Wrong",
    ),
    (
        "the hub's nonce is changed on the way",
        |who| flip(who, Role::Hub, 0, HEADER + 1),
        "Wrong",
    ),
    (
        "the hub's proof is changed on the way",
        |who| flip(who, Role::Hub, 1, HEADER),
        "Wrong",
    ),
    (
        "downgrade: an older version is slipped in among the node's",
        |who| at(who, Role::Node, 0, HEADER, 0),
        "Wrong",
    ),
    (
        "downgrade: the hub chooses a version that the node has not",
        |who| at(who, Role::Hub, 0, HEADER, 0),
        "Version",
    ),
    (
        "versions that have none in common",
        |who| {
            changed(who, |by, nth, bytes| {
                if (by, nth) == (Role::Node, 0) {
                    bytes[HEADER..HEADER + 2].copy_from_slice(&[2, 9]);
                }
            })
        },
        "Version",
    ),
    (
        "versions the wrong way around",
        |who| at(who, Role::Node, 0, HEADER + 1, 0),
        "Version",
    ),
    (
        "a secret of a kind that there is not",
        |who| at(who, Role::Node, 0, HEADER + 2, 9),
        "Wrong",
    ),
    (
        "a giant frame",
        |who| {
            changed(who, |by, nth, bytes| {
                if (by, nth) == (Role::Node, 0) {
                    *bytes = [b"LQP\x01\xff\xff".to_vec(), vec![0; 0xffff]].concat();
                }
            })
        },
        "Malformed",
    ),
    (
        "something else altogether",
        |who| {
            changed(who, |by, nth, bytes| {
                if (by, nth) == (Role::Node, 0) {
                    *bytes = b"GET / HTTP/1.1\r\n\r\n".to_vec();
                }
            })
        },
        "Malformed",
    ),
    (
        "an unknown frame",
        |who| at(who, Role::Node, 1, 3, 99),
        "Malformed",
    ),
    (
        "a frame with a byte to spare",
        |who| {
            changed(who, |by, nth, bytes| {
                if (by, nth) == (Role::Node, 1) {
                    bytes.push(0);
                    bytes[5] += 1;
                }
            })
        },
        "Malformed",
    ),
    (
        "a frame with a byte too few",
        |who| {
            changed(who, |by, nth, bytes| {
                if (by, nth) == (Role::Hub, 1) {
                    bytes.pop();
                    bytes[5] -= 1;
                }
            })
        },
        "Malformed",
    ),
    (
        "a node that leaves its proof out",
        |who| {
            changed(who, |by, nth, bytes| {
                if (by, nth) == (Role::Node, 1) {
                    *bytes = Frame::About(about()).encode();
                }
            })
        },
        "Malformed",
    ),
    (
        "a hub that leaves its proof out",
        |who| {
            changed(who, |by, nth, bytes| {
                if (by, nth) == (Role::Hub, 1) {
                    *bytes = Frame::Welcome {
                        household: "Home".into(),
                        authority: Identity::passing().unwrap().self_signed().unwrap(),
                        certificate: Identity::passing().unwrap().self_signed().unwrap(),
                    }
                    .encode();
                }
            })
        },
        "Malformed",
    ),
    (
        "a second hello",
        |who| {
            let mut hello = Vec::new();
            changed(who, |by, nth, bytes| match (by, nth) {
                (Role::Node, 0) => hello = bytes.clone(),
                (Role::Node, 1) => *bytes = hello.clone(),
                _ => {}
            })
        },
        "Malformed",
    ),
    (
        "a proof that is sent twice",
        |who| {
            changed(who, |by, nth, bytes| {
                if (by, nth) == (Role::Node, 1) {
                    bytes.extend(bytes.clone());
                }
            })
        },
        "Malformed",
    ),
    (
        "roles that there are not",
        |who| {
            changed(who, |by, nth, bytes| {
                if (by, nth) == (Role::Node, 2) {
                    *bytes.last_mut().unwrap() = 8;
                }
            })
        },
        "Malformed",
    ),
    (
        "no roles",
        |who| {
            changed(who, |by, nth, bytes| {
                if (by, nth) == (Role::Node, 2) {
                    *bytes.last_mut().unwrap() = 0;
                }
            })
        },
        "Malformed",
    ),
];

struct Secretless;

impl Secretless {
    /// A point of whoever knows no secret.
    fn share() -> [u8; 32] {
        let public = Identity::passing().unwrap().public();
        *public.spki().last_chunk().unwrap()
    }
}

fn torsion(times: usize) -> [u8; 32] {
    EIGHT_TORSION[times].compress().to_bytes()
}

/// A pairing in which somebody changes what is said.
fn changed(who: Who, mut change: impl FnMut(Role, usize, &mut Vec<u8>)) -> String {
    let mut carry = |by: Role, nth: usize, mut bytes: Vec<u8>, _: &mut Instant| {
        if who.evil() {
            change(by, nth, &mut bytes);
        }
        bytes
    };
    House::new([code()], [code()]).meet(&mut carry)
}

fn at(who: Who, of: Role, message: usize, place: usize, byte: u8) -> String {
    changed(who, |by, nth, bytes| {
        if (by, nth) == (of, message) {
            bytes[place] = byte;
        }
    })
}

fn flip(who: Who, of: Role, message: usize, place: usize) -> String {
    changed(who, |by, nth, bytes| {
        if (by, nth) == (of, message) {
            bytes[place] ^= 1;
        }
    })
}

fn point(who: Who, of: Role, point: [u8; 32]) -> String {
    let place = match of {
        Role::Node => NODE_POINT,
        Role::Hub => HUB_POINT,
    };
    changed(who, |by, nth, bytes| {
        if (by, nth) == (of, 0) {
            bytes[place..].copy_from_slice(&point);
        }
    })
}

/// Somebody has listened to a pairing with the same code between the same machines, and says one of
/// its messages again.
fn replayed(who: Who, message: usize) -> String {
    let mut house = House::new([code()], [code()]);
    let mut heard = Vec::new();
    let mut listen = |by: Role, nth: usize, bytes: Vec<u8>, _: &mut Instant| {
        if (by, nth) == (Role::Node, message) {
            heard = bytes.clone();
        }
        bytes
    };
    house.talk(&mut listen);
    house.given = Opening::new([code()], None, house.now);
    house.desk.open(Opening::new([code()], None, house.now));
    let mut carry = |by: Role, nth: usize, bytes: Vec<u8>, _: &mut Instant| match (by, nth) {
        (Role::Node, at) if at == message && who.evil() => heard.clone(),
        _ => bytes,
    };
    house.meet(&mut carry)
}

#[test]
fn a_pairing_that_is_cut_at_any_byte_pairs_nobody() {
    let mut said = [Vec::new(), Vec::new()];
    let mut listen = |by: Role, _: usize, bytes: Vec<u8>, _: &mut Instant| {
        said[usize::from(by == Role::Hub)].push(bytes.len());
        bytes
    };
    assert_eq!(House::new([code()], [code()]).meet(&mut listen), GOOD);
    let mut cuts = 0;
    for by in [Role::Node, Role::Hub] {
        let lengths = said[usize::from(by == Role::Hub)].clone();
        for (message, length) in lengths.into_iter().enumerate() {
            for cut in 0..length {
                let mut carry = |who: Role, nth: usize, mut bytes: Vec<u8>, _: &mut Instant| {
                    if (who, nth) == (by, message) {
                        bytes.truncate(cut);
                    }
                    bytes
                };
                let mut house = House::new([code()], [code()]);
                let steps = house.talk(&mut carry);
                let joined = steps.iter().any(|it| matches!(it, Step::Joined(_)));
                assert!(!joined, "{by:?} {message} {cut}");
                let node = house.node.node();
                let issue = |_: &_| -> Result<_, ()> { panic!("{by:?} {message} {cut}") };
                assert!(house.desk.accept(node, house.now, issue).is_err());
                cuts += 1;
            }
        }
    }
    assert!(cuts > 250, "{cuts}");
}

#[test]
fn it_comes_to_the_same_in_pieces_of_any_size() {
    let mut house = House::new([code()], [code()]);
    let own = house.node.public();
    let (mut joining, mut to_hub) = Joining::start(
        &mut house.given,
        own,
        house.hub.public(),
        about(),
        house.now,
    )
    .unwrap();
    let mut words = None;
    while !to_hub.is_empty() {
        let mut to_node = Vec::new();
        for byte in std::mem::take(&mut to_hub) {
            for sent in house.desk.receive(1, own, &[byte], house.now) {
                let Sent::Bytes(1, bytes) = sent else {
                    panic!("{sent:?}")
                };
                to_node.extend(bytes);
            }
        }
        for byte in to_node {
            for step in joining.receive(&[byte], &mut house.given, house.now) {
                match step {
                    Step::Send(bytes) => to_hub.extend(bytes),
                    Step::Words(shown) => words = Some(shown),
                    step => panic!("{step:?}"),
                }
            }
        }
    }
    assert!(words.is_some() && !joining.over());
    assert_eq!(joining.gone(), [Step::Failed(Reason::Closed)]);
}
