//! Whatever comes from a stranger, a camera or a keyboard is read or refused, and never more.

use super::{
    About, Frame, FrameError, Invitation, InvitationError, MOST_NAME, Opening, Reason, Role, Roles,
    Secret, SecretError, TRIES, VALID, frame::Incoming, plain_name, qr,
};
use loqa_protocol::NodeId;
use proptest::{collection::vec, prelude::*};
use std::time::Instant;

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Zäß0-9][a-zA-Z0-9 äß]{0,20}[a-z0-9]"
}

fn frame() -> impl Strategy<Value = Frame> {
    let bytes = any::<[u8; 32]>;
    let share = || {
        (any::<u8>(), any::<[u8; 32]>()).prop_map(|(side, point)| {
            let mut share = [side; 33];
            share[1..].copy_from_slice(&point);
            share
        })
    };
    let der = || vec(any::<u8>(), 1..900).prop_map(Into::into);
    prop_oneof![
        (any::<(u8, u8)>(), any::<u8>(), bytes(), share()).prop_map(
            |(versions, secret, commitment, share)| Frame::Hello {
                versions,
                secret,
                commitment,
                share
            }
        ),
        (any::<u8>(), bytes(), share()).prop_map(|(version, nonce, share)| Frame::Answer {
            version,
            nonce,
            share
        }),
        (bytes(), bytes()).prop_map(|(nonce, tag)| Frame::NodeProof { nonce, tag }),
        bytes().prop_map(|tag| Frame::HubProof { tag }),
        (name(), 1u8..8).prop_map(|(name, roles)| Frame::About(About {
            name,
            roles: Roles::from_bits(roles).unwrap()
        })),
        (name(), der(), der()).prop_map(|(household, authority, certificate)| Frame::Welcome {
            household,
            authority,
            certificate
        }),
        Just(Frame::Refused(Reason::Locked)),
        Just(Frame::Refused(Reason::Failed)),
    ]
}

fn invitation() -> impl Strategy<Value = Invitation> {
    let address = (any::<bool>(), any::<u128>(), 1u16..).prop_map(|(v6, ip, port)| {
        let ip: std::net::IpAddr = if v6 {
            std::net::Ipv6Addr::from(0xfd00 << 112 | ip >> 8).into()
        } else {
            std::net::Ipv4Addr::from(10 << 24 | (ip as u32) >> 8).into()
        };
        (ip, port).into()
    });
    (any::<[u8; 32]>(), any::<[u8; 16]>(), vec(address, 1..=8)).prop_map(
        |(key, secret, addresses)| {
            let secret = Secret::scanned(Role::Hub, secret);
            Invitation::new(NodeId(key), secret, addresses).unwrap()
        },
    )
}

proptest! {
    #[test]
    fn frames_are_read_as_they_were_written(frames in vec(frame(), 1..4), cut in 1usize..50) {
        let bytes: Vec<u8> = frames.iter().flat_map(Frame::encode).collect();
        let mut incoming = Incoming::default();
        let mut read = Vec::new();
        for mut piece in bytes.chunks(cut) {
            while let Some((frame, whole)) = incoming.take(&mut piece).unwrap() {
                prop_assert_eq!(&frame.encode(), &whole);
                read.push(frame);
            }
        }
        prop_assert_eq!(read, frames);
    }

    #[test]
    fn bytes_of_strangers_are_a_frame_in_its_one_form_or_refused(
        (kind, body) in (0u8..10, vec(any::<u8>(), 0..200)),
    ) {
        let length = (body.len() as u16).to_be_bytes();
        let bytes = [b"LQP".as_slice(), &[kind], &length, &body].concat();
        if let Ok(Some((frame, whole))) = Incoming::default().take(&mut &bytes[..]) {
            prop_assert_eq!(frame.encode(), whole);
        }
    }

    #[test]
    fn a_changed_frame_is_another_frame_or_none(frame in frame(), at: usize, with: u8) {
        let mut bytes = frame.encode();
        let at = at % bytes.len();
        prop_assume!(bytes[at] != with);
        bytes[at] = with;
        if let Ok(Some((other, whole))) = Incoming::default().take(&mut &bytes[..]) {
            prop_assert_ne!(&other, &frame);
            prop_assert_eq!(other.encode(), whole);
        }
    }

    #[test]
    fn nothing_is_kept_of_what_is_no_frame(bytes in vec(any::<u8>(), 0..9000)) {
        let mut incoming = Incoming::default();
        let _ = incoming.take(&mut &bytes[..]);
        let _ = incoming.take(&mut &[b"LQP\x01\xff\xff", &bytes[..]].concat()[..]);
    }

    #[test]
    fn an_invitation_survives_its_text(invitation in invitation()) {
        let text = invitation.to_string();
        prop_assert_eq!(text.parse::<Invitation>().unwrap(), invitation);
        prop_assert!(qr(&text).is_ok());
    }

    #[test]
    fn a_changed_invitation_is_another_one_or_none(invitation in invitation(), at: usize, with in "[ -~]") {
        let mut text = invitation.to_string();
        let at = at % text.len();
        prop_assume!(text[at..=at] != with);
        text.replace_range(at..=at, &with);
        if let Ok(other) = text.parse::<Invitation>() {
            prop_assert_ne!(&other, &invitation);
            prop_assert_eq!(other.to_string(), text);
        }
    }

    #[test]
    fn what_a_camera_sees_is_an_invitation_or_refused(text in ".{0,300}", rest in ".{0,300}") {
        let _ = text.parse::<Invitation>();
        let _ = format!("loqa:pair?v=1{rest}").parse::<Invitation>();
    }

    #[test]
    fn eight_digits_are_a_code_however_they_are_spaced(code in "[0-9]{8}", gap in 1usize..8, rest in ".{0,12}") {
        let plain = Secret::typed(Role::Hub, &code).unwrap();
        for between in [" ", "-", "  "] {
            let spaced = format!(" {}{between}{} ", &code[..gap], &code[gap..]);
            prop_assert_eq!(Secret::typed(Role::Hub, &spaced), Ok(plain.clone()));
        }
        prop_assert_eq!(Secret::typed(Role::Hub, &plain.digits().unwrap()), Ok(plain));
        let digits = rest.bytes().filter(u8::is_ascii_digit).count();
        prop_assert!(digits == 8 || Secret::typed(Role::Hub, &rest).is_err());
    }

    #[test]
    fn a_name_that_may_be_shown_is_one_line_that_is_seen(name in "\\PC{0,80}|.{0,80}") {
        if plain_name(&name) {
            prop_assert!((1..=MOST_NAME).contains(&name.len()));
            let unseen = ['\n', '\r', '\u{1b}', '\u{202e}', '\u{2066}', '\u{200b}'];
            prop_assert!(!name.contains(unseen));
        }
    }
}

#[test]
fn a_qr_code_says_what_is_wrong_with_it() {
    let key = NodeId([0xab; 32]);
    let good = format!("loqa:pair?v=1&by=node&key={key}&secret={}", "0f".repeat(16));
    let read = good.parse::<Invitation>().unwrap();
    assert_eq!((read.key(), read.secret().by()), (key, Role::Node));
    assert_eq!(read.to_string(), good);
    let wrong = |text: &str| text.parse::<Invitation>().unwrap_err();
    let damaged = InvitationError::Damaged;
    assert_eq!(wrong("https://example.org"), InvitationError::Another);
    assert_eq!(wrong(&good.replace("v=1", "v=2")), InvitationError::Later);
    assert_eq!(wrong(&good.replace("v=1", "v=x")), damaged("v"));
    assert_eq!(wrong(&good.replace("node", "both")), damaged("by"));
    assert_eq!(wrong(&good.replace("ab&", "&")), damaged("key"));
    assert_eq!(wrong(&good[..good.len() - 1]), damaged("secret"));
    assert_eq!(
        wrong(&good.replace("node", "hub")),
        damaged("at"),
        "a hub is somewhere"
    );
    for nowhere in [
        "0.0.0.0:1",
        "10.0.0.7:0",
        "255.255.255.255:1",
        "224.0.0.251:1",
        "[::]:1",
        "[ff02::1]:1",
        "[::ffff:10.0.0.7]:1",
        "[fe80::1%3]:1",
        "hub.local:1",
        "10.0.0.7",
        "010.0.0.7:1",
    ] {
        assert_eq!(
            wrong(&format!("{good}&at={nowhere}")),
            damaged("at"),
            "{nowhere}"
        );
    }
    assert_eq!(
        wrong(&format!("{good}{}", "&at=10.0.0.7:1".repeat(9))),
        damaged("at")
    );
    assert_eq!(
        wrong(&format!("{good}&at=10.0.0.7:1&name=x")),
        damaged("at")
    );
    assert_eq!(
        wrong(&format!("{good}{}", " ".repeat(700))),
        damaged("length")
    );
}

#[test]
fn secrets_are_by_chance_and_are_not_shown_where_things_are_debugged() {
    let code = Secret::code(Role::Hub).unwrap();
    let digits = code.digits().unwrap();
    assert_eq!(digits.len(), 9);
    assert_ne!(Secret::code(Role::Hub).unwrap(), code);
    assert_ne!(Secret::token(Role::Node), Secret::token(Role::Node));
    let shown = format!("{code:?} {:?}", Secret::scanned(Role::Node, [0x5a; 16]));
    assert_eq!(shown, "Secret(code of the Hub) Secret(token of the Node)");
    for wrong in [
        "",
        "1234567",
        "123456789",
        "1234 567x",
        "-12345678",
        "１２３４５６７８",
    ] {
        assert_eq!(Secret::typed(Role::Hub, wrong), Err(SecretError), "{wrong}");
    }
}

#[test]
fn an_opening_has_five_tries_and_three_minutes() {
    let now = Instant::now();
    let secret = Secret::code(Role::Hub).unwrap();
    let mut opening = Opening::new([secret], None, now);
    assert_eq!((opening.tries(), opening.ended(now)), (TRIES, None));
    assert_eq!(opening.ended(now + VALID), Some(Reason::Expired));
    (0..TRIES).for_each(|_| opening.missed());
    assert_eq!(opening.ended(now), Some(Reason::Locked));
}

#[test]
fn a_giant_frame_is_refused_by_its_first_bytes() {
    let mut header = &b"LQP\x01\xff\xff"[..];
    let refused = Incoming::default().take(&mut header);
    assert_eq!(refused.unwrap_err(), FrameError::TooLong(0xffff));
}
