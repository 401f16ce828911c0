//! What whoever wants to be paired says, shows or types.

use super::target;
use loqa_link::{
    Identity,
    pairing::{
        About, Desk, Invitation, Joining, Opening, Role, Roles, Secret, Seen, Sent as Says, Step,
    },
};
use loqa_protocol::NodeId;
use std::time::Instant;

fn about() -> About {
    About {
        name: "Kitchen".into(),
        roles: Roles::PUCK,
    }
}

/// Two that are being paired, up to what the hub has answered.
struct Two {
    desk: Desk,
    joining: Joining,
    opening: Opening,
    node: Identity,
    hello: Vec<u8>,
    answer: Vec<u8>,
    now: Instant,
}

fn said(says: Vec<Says>) -> Vec<u8> {
    let bytes = says.into_iter().filter_map(|it| match it {
        Says::Bytes(_, bytes) => Some(bytes),
        Says::Close(_) => None,
    });
    bytes.flatten().collect()
}

impl Two {
    fn new(hub: &Identity, secret: &Secret) -> Two {
        let now = Instant::now();
        let node = Identity::passing().unwrap();
        let mut desk = Desk::new(hub.public(), "Home".into());
        desk.open(Opening::new([secret.clone()], None, now));
        let mut opening = Opening::new([secret.clone()], None, now);
        let started = Joining::start(&mut opening, node.public(), hub.public(), about(), now);
        let (joining, hello) = started.unwrap();
        let answer = said(desk.receive(1, node.public(), &hello, now));
        Two {
            desk,
            joining,
            opening,
            node,
            hello,
            answer,
            now,
        }
    }
}

/// A hub that is told anything in the place of what a node says has it compared with nobody.
#[test]
fn what_a_node_says_to_a_hub() {
    let hub = Identity::passing().unwrap();
    let secret = Secret::code(Role::Hub).unwrap();
    let seeds = vec![Two::new(&hub, &secret).hello];
    target!(seeds, |bytes| {
        let mut two = Two::new(&hub, &secret);
        for guest in [1, 2] {
            two.desk.receive(guest, two.node.public(), bytes, two.now);
        }
        let seen = two.desk.seen(two.now);
        assert!(!matches!(seen, Seen::Compare { .. }), "{seen:?}");
    });
}

/// A node shows words to nobody but after what its own hub has said, and joins nothing by that.
#[test]
fn what_a_hub_says_to_a_node() {
    let hub = Identity::passing().unwrap();
    let secret = Secret::code(Role::Hub).unwrap();
    target!(|sent| {
        let mut two = Two::new(&hub, &secret);
        let bytes = sent.bytes(std::slice::from_ref(&two.answer));
        let steps = two.joining.receive(&bytes, &mut two.opening, two.now);
        let trusts = |step: &Step| matches!(step, Step::Joined(_) | Step::Words(_));
        assert!(!steps.iter().any(trusts), "{steps:?}");
        // What it answers to a changed answer proves nothing to the hub.
        let proof = steps.into_iter().filter_map(|step| match step {
            Step::Send(bytes) => Some(bytes),
            _ => None,
        });
        let proof: Vec<u8> = proof.flatten().collect();
        two.desk.receive(1, two.node.public(), &proof, two.now);
        if !bytes.starts_with(&two.answer) {
            let seen = two.desk.seen(two.now);
            assert!(!matches!(seen, Seen::Compare { .. }), "{seen:?}");
        }
    });
}

/// A text is an invitation in its one form, or none.
#[test]
fn qr_codes() {
    let key = NodeId([7; 32]);
    let text = |by, addresses: &[&str]| {
        let addresses = addresses.iter().map(|it| it.parse().unwrap()).collect();
        let invitation = Invitation::new(key, Secret::token(by).unwrap(), addresses).unwrap();
        invitation.to_string().into_bytes()
    };
    let seeds = vec![
        text(Role::Hub, &["192.168.1.5:7613", "[fd00::7]:7613"]),
        text(Role::Node, &[]),
    ];
    target!(seeds, |bytes| {
        if let Ok(text) = str::from_utf8(bytes)
            && let Ok(read) = text.parse::<Invitation>()
        {
            assert_eq!(read.to_string(), text);
        }
    });
}

/// Eight digits, whatever is typed between them, and nothing else.
#[test]
fn digits() {
    let seeds = vec![
        b"4082 1957".to_vec(),
        b"4082-1957".to_vec(),
        b"40821957".to_vec(),
    ];
    target!(seeds, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let typed: String = text.chars().filter(char::is_ascii_digit).collect();
        if let Ok(secret) = Secret::typed(Role::Hub, &text) {
            let digits = secret.digits().unwrap();
            assert_eq!(digits.replace(' ', ""), typed);
            assert_eq!(typed.len(), 8);
        }
    });
}
