use super::*;
use expect_test::{Expect, expect};
use proptest::{collection::vec, prelude::*};

fn announcement() -> Announcement {
    Announcement {
        node: NodeId([7; 32]),
        versions: (1, 2),
        role: Role::Hub,
        household: Some((Household(0xabc), "Lindenstraße 4".into())),
        name: "Hub in the hall".into(),
        port: 4712,
        pairing: Some(4713),
    }
}

fn read(port: u16, properties: &[(&str, String)]) -> Option<Announcement> {
    Announcement::read(port, |key| {
        let found = properties.iter().find(|(name, _)| *name == key);
        found.map(|(_, value)| value.as_bytes())
    })
}

/// With one value put in place of what it was, or removed.
fn with(key: &str, value: Option<&str>) -> Option<Announcement> {
    let mut properties = announcement().properties();
    properties.retain(|(name, _)| *name != key);
    if let Some(value) = value {
        properties.push((
            if key == "id" {
                "id"
            } else {
                key.to_owned().leak()
            },
            value.into(),
        ));
    }
    read(4712, &properties)
}

#[test]
fn what_is_announced_is_read_again_and_what_is_forged_badly_is_not_seen() {
    assert_eq!(
        read(4712, &announcement().properties()),
        Some(announcement())
    );
    let alone = Announcement {
        household: None,
        pairing: None,
        role: Role::Node,
        ..announcement()
    };
    assert_eq!(read(4712, &alone.properties()), Some(alone));
    assert_eq!(read(0, &announcement().properties()), None);
    assert!(with("later", Some("anything")).is_some());
    let hostile = [
        ("v", "1"),
        ("v", "2-1"),
        ("v", "01-1"),
        ("v", "1-256"),
        ("v", "1-1-1"),
        ("v", ""),
        ("id", ""),
        ("id", "07"),
        ("id", "../../etc"),
        ("role", "Hub"),
        ("role", "admin"),
        ("home", "abc"),
        ("home", "000000000000ABCD"),
        ("home", "+000000000000abc"),
        ("house", ""),
        ("house", "a\nb"),
        ("name", ""),
        ("name", "\u{1b}[2J"),
        ("name", "\u{202e}buh"),
        ("name", " hub"),
        ("pair", "0"),
        ("pair", "65536"),
        ("pair", "+1"),
        ("pair", ""),
    ];
    for (key, value) in hostile {
        assert_eq!(with(key, Some(value)), None, "{key}={value}");
    }
    assert_eq!(with("name", Some(&"n".repeat(65))), None);
    for missing in ["v", "id", "role", "name", "home", "house"] {
        assert_eq!(with(missing, None), None, "{missing}");
    }
}

proptest! {
    #[test]
    fn a_strangers_record_is_read_in_its_one_form_or_not_at_all(
        port: u16,
        values in vec(vec(any::<u8>(), 0..80), 7),
        noise in vec("[ -~äß]{0,70}", 7),
        which in vec(0..3u8, 7),
    ) {
        let keys = ["v", "id", "role", "home", "house", "name", "pair"];
        let good = announcement().properties();
        let value = |key: &str| {
            let at = keys.iter().position(|it| *it == key)?;
            match which[at] {
                0 => Some(&values[at][..]),
                1 => Some(noise[at].as_bytes()),
                _ => good.iter().find(|(name, _)| *name == key).map(|(_, it)| it.as_bytes()),
            }
        };
        if let Some(seen) = Announcement::read(port, value) {
            for (key, written) in seen.properties() {
                prop_assert_eq!(Some(written.as_bytes()), value(key));
            }
        }
    }
}

/// Lines `NAME NODE PORT HOST` or `NAME gone`; what is told of each.
fn check(said: &str, expected: Expect) {
    let mut directory = Directory::default();
    let mut told = String::new();
    for line in said.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let found = (words[1] != "gone").then(|| {
            let mut announcement = announcement();
            announcement.node = NodeId([words[1].parse().unwrap(); 32]);
            announcement.port = words[2].parse().unwrap();
            Found {
                addresses: vec![([10, 0, 0, words[3].parse().unwrap()], announcement.port).into()],
                announcement,
            }
        });
        let of = |verb: &str, it: &Found| {
            let addresses: Vec<String> = it.addresses.iter().map(SocketAddr::to_string).collect();
            let node = it.announcement.node.short();
            format!("{verb} {node} at {}", addresses.join(" "))
        };
        let shown = |change: &Change| match change {
            Change::Found(it) => of("found", it),
            Change::Changed(it) => of("changed", it),
            Change::Gone(node) => format!("gone {}", node.short()),
        };
        let changes = directory.seen(words[0], found);
        let changes: Vec<String> = changes.iter().map(shown).collect();
        told += &format!("{line}: {}\n", changes.join(", "));
    }
    expected.assert_eq(&told);
}

#[test]
fn changes_are_told_once_and_a_forger_takes_nobody_away() {
    check(
        "a 1 4000 7\na 1 4000 7\na 1 4000 8\na 1 4000 7\na 1 4001 7\nforged 1 6666 9\nforged gone\na 2 4001 7\na gone\na gone",
        expect![[r#"
            a 1 4000 7: found 01010101 at 10.0.0.7:4000
            a 1 4000 7: 
            a 1 4000 8: changed 01010101 at 10.0.0.8:4000 10.0.0.7:4000
            a 1 4000 7: 
            a 1 4001 7: changed 01010101 at 10.0.0.7:4001
            forged 1 6666 9: changed 01010101 at 10.0.0.7:4001 10.0.0.9:6666
            forged gone: changed 01010101 at 10.0.0.7:4001
            a 2 4001 7: gone 01010101, found 02020202 at 10.0.0.7:4001
            a gone: gone 02020202
            a gone: 
        "#]],
    );
}

#[test]
fn a_flood_of_names_is_forgotten_and_costs_nobody_their_place() {
    let mut directory = Directory::default();
    let found = || {
        Some(Found {
            announcement: announcement(),
            addresses: vec![([10, 0, 0, 7], 1).into()],
        })
    };
    for name in 0..1000 {
        directory.seen(&name.to_string(), found());
    }
    assert_eq!(directory.said.len(), MOST_SEEN);
    assert!(directory.said.contains_key("0"));
}

#[test]
fn addresses_that_lead_nowhere_are_left_out() {
    let of = |texts: &[&str]| -> Vec<String> {
        let addresses = texts.iter().map(|it| it.parse().unwrap());
        usable(addresses)
            .iter()
            .map(SocketAddr::to_string)
            .collect()
    };
    let given = [
        "[fe80::1%3]:7",
        "0.0.0.0:7",
        "10.0.0.7:7",
        "224.0.0.251:7",
        "255.255.255.255:7",
        "[::]:7",
        "[ff02::fb]:7",
        "[fd00::7]:7",
        "[::ffff:10.0.0.7]:7",
        "10.0.0.7:7",
        "169.254.1.1:7",
        "127.0.0.1:7",
        "[::1]:7",
    ];
    let expected = [
        "10.0.0.7:7",
        "[fd00::7]:7",
        "169.254.1.1:7",
        "[fe80::1%3]:7",
    ];
    assert_eq!(of(&given), expected);
    let many: Vec<String> = (0..200).map(|host| format!("10.0.0.{host}:7")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(of(&many).len(), MOST_ADDRESSES);
}
