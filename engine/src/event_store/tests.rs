use super::*;
use crate::chain::Broken;
use loqa_protocol::{Event, QosTier, TurnId, TurnSummary};
use std::fs;

const HOUR: i64 = 3_600_000;

struct House {
    data: tempfile::TempDir,
    keys: Arc<Keys>,
    store: EventStore,
}

impl House {
    fn new() -> House {
        let data = tempfile::tempdir().unwrap();
        let keys = Arc::new(Keys::open(data.path(), false, true).unwrap());
        let store = EventStore::in_folder(data.path(), keys.clone());
        House { data, keys, store }
    }

    /// As after a restart.
    fn restarted(&mut self) {
        self.store.close();
        self.keys = Arc::new(Keys::open(self.data.path(), false, false).unwrap());
        self.store = EventStore::in_folder(self.data.path(), self.keys.clone());
    }

    fn say(&self, turn: Turn<'_>) {
        let kept = self.store.append_acknowledged(turn.retained());
        kept.recv().unwrap().unwrap();
    }

    fn verified(&self) -> Verified {
        self.store.verify(None).unwrap().unwrap()
    }
}

/// One turn, as it is told at its end.
#[derive(Clone, Copy)]
struct Turn<'t> {
    session: u128,
    person: &'t str,
    scope: PrivacyScope,
    at_ms: i64,
    text: &'t str,
}

const KEPT: Turn<'static> = Turn {
    session: 0xa1,
    person: "",
    scope: PrivacyScope::Session,
    at_ms: HOUR,
    text: "set a timer",
};

impl Turn<'_> {
    fn envelope(self) -> Envelope {
        Envelope {
            trace_id: 1,
            session_id: SessionId(self.session),
            turn: Some(TurnId(0)),
            actor_id: self.person.to_owned(),
            origin: "hub".into(),
            seq: 0,
            at_ms: self.at_ms,
            capability_tier: QosTier::Fast,
            privacy_scope: self.scope,
            event: Event::TurnSummary(TurnSummary {
                text: self.text.to_owned(),
                reply: "Done.".into(),
                ..TurnSummary::default()
            }),
        }
    }

    fn retained(self) -> Retained {
        Retained::new(self.envelope()).expect("it is not ephemeral")
    }
}

/// Has one turn kept, for the tests of others.
pub(crate) fn keep_for_tests(store: &EventStore, text: &str) {
    let kept = store.append_acknowledged(Turn { text, ..KEPT }.retained());
    kept.recv().unwrap().unwrap();
}

fn texts(events: &[Envelope]) -> Vec<String> {
    let text = |envelope: &Envelope| match &envelope.event {
        Event::TurnSummary(turn) => turn.text.clone(),
        other => other.subject().to_owned(),
    };
    events.iter().map(text).collect()
}

#[test]
fn a_conversation_is_kept_found_and_forgotten() {
    let mut house = House::new();
    assert_eq!(house.store.list(None, 9).unwrap(), []);
    assert_eq!(house.store.verify(None).unwrap(), None);
    assert!(
        !house.data.path().join(FILE).exists(),
        "nothing was kept yet"
    );

    house.say(KEPT);
    house.say(Turn {
        at_ms: HOUR + 60_000,
        text: "call it pasta",
        ..KEPT
    });
    // After a pause it is another conversation, though the room is the same.
    house.say(Turn {
        at_ms: 2 * HOUR,
        text: "open the blinds",
        ..KEPT
    });
    house.say(Turn {
        session: 0xb2,
        person: "7",
        at_ms: 3 * HOUR,
        text: "my diary",
        scope: PrivacyScope::Persistent,
    });
    for _ in 0..2 {
        let listed = house.store.list(None, 9).unwrap();
        let titles: Vec<_> = listed
            .iter()
            .map(|it| (it.title.as_deref(), it.turns, it.person))
            .collect();
        assert_eq!(
            titles,
            [
                (Some("my diary"), 1, Some(7)),
                (Some("open the blinds"), 1, None),
                (Some("set a timer"), 2, None),
            ]
        );
        assert_eq!(
            house.store.list(Some(listed[0].last_ms), 1).unwrap()[0].id,
            listed[1].id
        );
        let first = house
            .store
            .find("00000000000000000000000000000000a1")
            .unwrap_err();
        assert!(first.to_string().contains("no conversation"), "{first}");
        let first = house.store.find(&listed[2].id.to_string()[..32]).unwrap();
        assert_eq!(
            texts(&house.store.timeline(first.id).unwrap()),
            ["set a timer", "call it pasta"]
        );
        let found = house.store.search("PAST", 9).unwrap();
        assert_eq!(
            (found.len(), found[0].conversation, found[0].seq),
            (1, first.id, 1)
        );
        house.restarted();
    }

    let first = SessionId(0xa1);
    house.store.search("timer", 9).unwrap();
    house.store.forget(first).unwrap();
    assert_eq!(house.store.search("timer", 9).unwrap(), []);
    let gone = house.store.forget(first).unwrap_err().to_string();
    assert!(gone.contains("no conversation"), "{gone}");
    assert_eq!(house.store.forget_person(7).unwrap(), 1);
    assert_eq!(house.store.list(None, 9).unwrap().len(), 1);
    let verified = house.verified();
    assert_eq!(
        (verified.entries, verified.erased, &verified.broken[..]),
        (3, 3, &[][..])
    );
    let because: Vec<_> = house
        .store
        .deeds()
        .unwrap()
        .into_iter()
        .map(|noted| noted.deed)
        .collect();
    assert!(matches!(
        &because[..],
        [
            Some(Deed::Forgot {
                because: Because::Asked,
                ..
            }),
            Some(Deed::Forgot {
                because: Because::Person,
                ..
            })
        ]
    ));
}

#[test]
fn an_ephemeral_word_cannot_be_handed_over() {
    let ephemeral = Turn {
        scope: PrivacyScope::Ephemeral,
        ..KEPT
    };
    assert!(Retained::new(ephemeral.envelope()).is_none());
}

#[test]
fn what_was_to_be_kept_for_a_while_goes_and_what_was_half_erased_as_well() {
    let house = House::new();
    for (session, hour) in [(1, 1), (2, 5), (3, 9)] {
        house.say(Turn {
            session,
            at_ms: hour * HOUR,
            ..KEPT
        });
    }
    house.say(Turn {
        session: 4,
        person: "7",
        scope: PrivacyScope::Persistent,
        ..KEPT
    });
    assert_eq!(house.store.expire(6 * HOUR).unwrap(), 2);
    let left: Vec<_> = house
        .store
        .list(None, 9)
        .unwrap()
        .into_iter()
        .map(|it| it.id.0)
        .collect();
    assert_eq!(left, [3, 4]);
    // A hub that was killed after it had destroyed the key.
    house.keys.destroy_session(SessionId(3)).unwrap();
    let unreadable = house.store.timeline(SessionId(3)).unwrap_err();
    assert!(
        matches!(unreadable, EventStoreError::KeyGone(_)),
        "{unreadable}"
    );
    assert_eq!(house.store.list(None, 9).unwrap()[0].title, None);
    assert_eq!(house.store.expire(0).unwrap(), 0);
    assert_eq!(house.store.finish_erasing().unwrap(), 1);
    assert_eq!(house.verified().broken, []);
}

#[test]
fn nothing_that_is_kept_can_be_read_without_its_keys() {
    let house = House::new();
    house.say(Turn {
        text: "canary in the coalmine",
        ..KEPT
    });
    house.store.close();
    for file in fs::read_dir(house.data.path()).unwrap().flatten() {
        if file.file_type().unwrap().is_file() {
            let bytes = fs::read(file.path()).unwrap();
            assert!(
                memchr::memmem::find(&bytes, b"canary").is_none(),
                "{file:?}"
            );
        }
    }
}

#[test]
fn a_disk_that_refuses_costs_the_words_alone_and_that_is_said() {
    let house = House::new();
    fs::create_dir(house.data.path().join(FILE)).unwrap();
    let refused = house
        .store
        .append_acknowledged(KEPT.retained())
        .recv()
        .unwrap();
    assert!(refused.is_err());
    let trouble = house.store.trouble().unwrap();
    assert!(
        trouble.starts_with("conversations are not kept: ")
            && trouble.ends_with("(1 entries lost)"),
        "{trouble}"
    );
    fs::remove_dir(house.data.path().join(FILE)).unwrap();
    house.say(KEPT);
    assert_eq!(house.store.trouble(), None);
    assert_eq!(house.verified().entries, 1);
}

/// Everything somebody with the file, and without the key, could do to it.
#[test]
fn whatever_is_done_to_the_file_is_found_and_leaves_the_rest_readable() {
    let tampered = |sql: &str| {
        let mut house = House::new();
        for session in 1..=3 {
            for turn in 0..3 {
                house.say(Turn {
                    session,
                    at_ms: HOUR + turn,
                    ..KEPT
                });
            }
        }
        house.store.forget(SessionId(2)).unwrap();
        assert_eq!(house.verified().broken, []);
        house.store.close();
        let connection = Connection::open(house.data.path().join(FILE)).unwrap();
        connection.execute_batch(sql).unwrap();
        drop(connection);
        house.restarted();
        assert_eq!(
            house.store.timeline(SessionId(3)).unwrap().len(),
            3,
            "{sql}"
        );
        house
    };
    assert_eq!(tampered("").verified().broken, []);
    for sql in [
        "UPDATE event SET sealed = zeroblob(80) WHERE leaf = 1",
        "UPDATE event SET at_ms = 5 WHERE leaf = 2",
        "UPDATE event SET seq = 9 WHERE leaf = 2",
        "DELETE FROM event WHERE leaf = 2",
        "DELETE FROM event WHERE conversation = 1; DELETE FROM conversation WHERE number = 1",
        "UPDATE event SET sealed = (SELECT sealed FROM event WHERE leaf = 1) WHERE leaf = 2",
        "INSERT INTO event VALUES (1, 7, 0, 3, x'00')",
        "INSERT INTO event SELECT 1, 7, at_ms, leaf, sealed FROM event WHERE leaf = 1",
        "UPDATE leaf SET hash = zeroblob(32) WHERE n = 4",
        "DELETE FROM leaf WHERE n = 10",
        "DELETE FROM leaf WHERE n = 5",
        "DELETE FROM leaf; DELETE FROM head",
        "DELETE FROM head",
        "UPDATE head SET signature = zeroblob(64)",
        "UPDATE head SET at_ms = 1",
        "DELETE FROM deed",
        "UPDATE deed SET sealed = zeroblob(200)",
        "INSERT INTO deed VALUES (3, 0, x'00')",
        "UPDATE conversation SET person = 7 WHERE number = 1",
        "UPDATE conversation SET scope = 2 WHERE number = 1",
        "UPDATE conversation SET last_ms = 1 WHERE number = 1",
        "UPDATE conversation SET begun_ms = 1 WHERE number = 1",
        "UPDATE conversation SET events = 9 WHERE number = 1",
    ] {
        let house = tampered(sql);
        let broken = house.verified().broken;
        assert!(!broken.is_empty(), "{sql}");
    }
    let house = tampered("UPDATE event SET sealed = zeroblob(80) WHERE leaf = 1");
    assert_eq!(
        house.verified().broken[0].to_string(),
        format!("entry 1 of conversation {} was changed", SessionId(1))
    );
    let damaged = house.store.timeline(SessionId(1)).unwrap_err();
    assert!(
        matches!(damaged, EventStoreError::Damaged(_, 1)),
        "{damaged}"
    );
    let (readable, _) = house.store.readable(SessionId(1)).unwrap();
    assert_eq!(readable.len(), 2);
}

/// A bit of any value of any row, by chance; `bench faults` changes more of them.
#[test]
fn no_bit_of_any_row_can_be_changed_unseen() {
    let house = House::new();
    for turn in 0..4 {
        house.say(Turn {
            session: 1 + turn as u128 % 2,
            at_ms: HOUR + turn,
            ..KEPT
        });
    }
    house.store.forget(SessionId(2)).unwrap();
    house.store.close();
    let mut connection = Connection::open(house.data.path().join(FILE)).unwrap();
    let (seed, household) = (house.keys.signing().unwrap(), house.keys.household());
    // Of each table, what a bit may be flipped in; the title and how many turns there are, only the page shows.
    let columns = [
        (
            "event",
            "leaf",
            &["conversation", "seq", "at_ms", "leaf", "sealed"][..],
        ),
        ("leaf", "n", &["n", "hash"]),
        ("head", "n", &["n", "link", "at_ms", "signature"]),
        ("deed", "leaf", &["leaf", "at_ms", "sealed"]),
        (
            "conversation",
            "number",
            &[
                "number", "id", "person", "scope", "begun_ms", "last_ms", "events",
            ],
        ),
    ];
    use rand::RngExt;
    let mut chance = rand::rng();
    for _ in 0..2000 {
        let (table, key, of) = columns[chance.random_range(0..columns.len())];
        let column = of[chance.random_range(0..of.len())];
        let transaction = connection.transaction().unwrap();
        let row: i64 = transaction
            .query_row(
                &format!("SELECT {key} FROM {table} ORDER BY random() LIMIT 1"),
                [],
                |row| row.get(0),
            )
            .unwrap();
        let value: rusqlite::types::Value = transaction
            .query_row(
                &format!("SELECT {column} FROM {table} WHERE {key} = ?"),
                [row],
                |row| row.get(0),
            )
            .unwrap();
        use rusqlite::types::Value;
        let changed = match value.clone() {
            Value::Integer(number) => Value::Integer(number ^ (1 << chance.random_range(0..40))),
            Value::Blob(mut bytes) => {
                let at = chance.random_range(0..bytes.len());
                bytes[at] ^= 1 << chance.random_range(0..8);
                Value::Blob(bytes)
            }
            _ => Value::Integer(7),
        };
        let changing = transaction.execute(
            &format!("UPDATE {table} SET {column} = ?1 WHERE {key} = ?2"),
            rusqlite::params![changed, row],
        );
        // A number that is taken already cannot be given twice, and scope is known by two of its values.
        let scope = column == "scope" && !matches!(changed, Value::Integer(1 | 2));
        if changing.is_ok() && !scope {
            let verified = verify::verify(&transaction, &seed, household, None);
            let broken = verified.map(|verified| verified.broken.len());
            assert_ne!(
                broken.unwrap_or(1),
                0,
                "{table}.{column} of {row}: {value:?} → {changed:?}"
            );
        }
    }
}

const CHILD: &str = "LOQA_EVENT_STORE_TEST_CHILD";

/// Not a test by itself: the process that the next one kills.
#[test]
fn child_that_keeps_until_killed() {
    let Some(data) = std::env::var_os(CHILD) else {
        return;
    };
    let keys = Arc::new(Keys::open(Path::new(&data), false, true).unwrap());
    let store = EventStore::in_folder(Path::new(&data), keys);
    let first = store
        .list(None, 1)
        .unwrap()
        .first()
        .map_or(0, |it| it.events);
    for turn in first.. {
        let text = turn.to_string();
        let at_ms = HOUR + i64::try_from(turn).unwrap();
        let kept = store.append_acknowledged(
            Turn {
                text: &text,
                at_ms,
                ..KEPT
            }
            .retained(),
        );
        kept.recv().unwrap().unwrap();
        println!("ack {turn}");
    }
}

#[test]
fn kill_9_loses_no_word_that_was_acknowledged_and_doubles_none() {
    use std::io::BufRead;
    let data = tempfile::tempdir().unwrap();
    // `bench faults` does it more often.
    for round in 0..20 {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "--nocapture",
                "event_store::tests::child_that_keeps_until_killed",
            ])
            .env(CHILD, data.path())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        // Killed after an acknowledgement, while it works on the next.
        let stop_after = 1 + (round * 7) % 13;
        let acked = std::io::BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok)
            .filter_map(|line| line.rsplit_once("ack ")?.1.parse::<usize>().ok())
            .nth(stop_after)
            .unwrap();
        child.kill().unwrap();
        child.wait().unwrap();

        let keys = Arc::new(Keys::open(data.path(), false, false).unwrap());
        let store = EventStore::in_folder(data.path(), keys);
        let kept = texts(&store.timeline(SessionId(KEPT.session)).unwrap());
        let expected: Vec<String> = (0..kept.len()).map(|turn| turn.to_string()).collect();
        assert_eq!(kept, expected, "none lost, none doubled");
        assert!(
            kept.len() > acked,
            "acknowledged {acked}, kept {}",
            kept.len()
        );
        assert_eq!(store.verify(None).unwrap().unwrap().broken, []);
        store.close();
    }
}

#[test]
fn an_earlier_file_in_its_place_is_found_by_the_head_beside_it() {
    let mut house = House::new();
    house.say(KEPT);
    house.store.close();
    let path = house.data.path().join(FILE);
    let earlier = fs::read(&path).unwrap();
    house.restarted();
    house.say(Turn {
        at_ms: HOUR + 1,
        ..KEPT
    });
    let noted = house.verified().head;
    house.store.close();
    fs::write(&path, earlier).unwrap();
    house.restarted();
    let shortened = Broken::Shortened { n: 2, left: 1 };
    assert_eq!(house.verified().broken, std::slice::from_ref(&shortened));
    // Both files from earlier: what somebody has written down elsewhere still tells.
    fs::remove_file(house.data.path().join(ANCHOR)).unwrap();
    assert_eq!(house.verified().broken, []);
    let verified = house.store.verify(Some(&noted)).unwrap().unwrap();
    assert_eq!(verified.broken, [shortened]);
    house.store.close();
    fs::remove_file(&path).unwrap();
    chain::write_anchor(&house.data.path().join(ANCHOR), &noted).unwrap();
    house.restarted();
    assert_eq!(
        house.verified().broken,
        [Broken::Shortened { n: 2, left: 0 }]
    );
}
