use super::*;
use loqa_protocol::{SessionId, TurnId};
use loqa_skill_sdk::{AlarmEvery, DeviceState};
use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    process::{Command, Stdio},
};

mod people;
mod sealing;

fn temp() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn utterance(session: u128, turn: u32) -> Option<UtteranceId> {
    Some(UtteranceId {
        session: SessionId(session),
        turn: TurnId(turn),
    })
}

/// Adds one item to the shopping list.
fn add(
    store: &Store,
    utterance: Option<UtteranceId>,
    item: &str,
) -> Result<CommitOutcome<usize>, CommitError> {
    store.commit(utterance, |household| {
        let items = household.lists.entry("shopping".into()).or_default();
        items.push(item.into());
        Ok((items.len(), vec![EffectKind::List]))
    })
}

fn start_timer(store: &Store, name: &str) -> u64 {
    let outcome = store.commit(None, |household| {
        let id = household.take_timer_id();
        let state = TimerPhase::Running {
            ends_at_ms: 1_900_000_000_000,
        };
        household.timers.insert(
            id,
            TimerRecord {
                id,
                name: Some(name.into()),
                total_s: 600,
                state,
            },
        );
        Ok((id, vec![EffectKind::Timer]))
    });
    outcome.unwrap().value
}

#[test]
fn everything_survives_a_restart() {
    let dir = temp();
    let before = {
        let store = Store::open(dir.path()).unwrap();
        let id = start_timer(&store, "pasta");
        start_timer(&store, "tea");
        store
            .commit(utterance(1, 0), |household| {
                let light = DeviceState {
                    power: Some(true),
                    brightness: Some(30),
                    ..DeviceState::default()
                };
                household.devices.insert("kitchen_light".into(), light);
                household.timers.get_mut(&id).unwrap().state =
                    TimerPhase::Paused { remaining_ms: 5 };
                household.timers.remove(&(id + 1));
                household.lists.insert("todo".into(), Vec::new());
                let alarm = AlarmRecord {
                    id: 9,
                    text: Some("call mom".into()),
                    does: Some("turn on the radio".into()),
                    every: Some(AlarmEvery {
                        days: 96,
                        hour: 9,
                        minute: 5,
                    }),
                    due_ms: 1_900_000_000_000,
                    phase: AlarmPhase::Missed { since_ms: 3 },
                };
                household.alarms.insert(alarm.id, alarm);
                Ok(((), vec![EffectKind::Device, EffectKind::Timer]))
            })
            .unwrap();
        add(&store, utterance(1, 1), "milk").unwrap();
        store.snapshot()
    };
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(*store.snapshot(), *before);
    assert_eq!((before.epoch, before.timers.len()), (4, 1));
    assert_eq!(start_timer(&store, "rice"), 3, "ids are never used again");
}

#[test]
fn an_utterance_is_carried_out_once_even_after_a_restart() {
    let dir = temp();
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(
        add(&store, utterance(1, 0), "milk").unwrap().durable,
        Ok(())
    );
    let again = add(&store, utterance(1, 0), "milk").unwrap_err();
    assert_eq!(
        again.to_string(),
        "utterance 00000000000000000000000000000001#0 was already carried out"
    );
    drop(store);
    let store = Store::open(dir.path()).unwrap();
    assert!(matches!(
        add(&store, utterance(1, 0), "milk"),
        Err(CommitError::AlreadyCommitted(_))
    ));
    assert_eq!(store.snapshot().lists["shopping"], ["milk"]);
}

#[test]
fn a_refusal_changes_nothing_and_may_be_tried_again() {
    let dir = temp();
    let store = Store::open(dir.path()).unwrap();
    let refused = store.commit(utterance(1, 0), |household| {
        household.lists.insert("half".into(), vec!["done".into()]);
        Err::<((), _), _>(EffectError("the garage door did not answer".into()))
    });
    assert_eq!(
        refused.unwrap_err().to_string(),
        "the garage door did not answer"
    );
    assert_eq!(
        *store.snapshot(),
        Household {
            next_timer_id: 1,
            ..Household::default()
        }
    );
    add(&store, utterance(1, 0), "milk").unwrap();
}

#[test]
fn a_panicking_change_leaves_the_store_working() {
    let dir = temp();
    let store = Store::open(dir.path()).unwrap();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _ = store.commit(
            None,
            |household| -> Result<((), Vec<EffectKind>), EffectError> {
                household.epoch = 99;
                panic!("a bug in a skill")
            },
        );
    }));
    assert!(panicked.is_err());
    assert_eq!(add(&store, None, "milk").unwrap().durable, Ok(()));
    assert_eq!(store.snapshot().epoch, 1);
}

#[test]
fn only_one_hub_has_a_folder_and_others_cannot_read_it() {
    let dir = temp();
    let path = dir.path().join("new/folder");
    let store = Store::open(&path).unwrap();
    let message = Store::open(&path).err().unwrap().to_string();
    assert!(
        message.contains(&format!("(process {})", std::process::id()))
            && message.contains("--data DIR"),
        "{message}"
    );
    add(&store, None, "milk").unwrap();
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o700
    );
    for file in fs::read_dir(&path).unwrap() {
        let file = file.unwrap();
        let metadata = file.metadata().unwrap();
        let mode = if metadata.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(
            metadata.permissions().mode() & 0o777,
            mode,
            "{:?}",
            file.path()
        );
    }
    drop(store);
    // A process that another test has just started may hold the lock until it runs its own program.
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while let Err(error) = Store::open(&path) {
        assert!(std::time::Instant::now() < until, "{error}");
        std::thread::yield_now();
    }
}

/// Lets the database grow by this many more pages of 4 KiB.
fn limit_disk(store: &Store, pages: i64) {
    let writer = store.writer();
    let connection = &writer.database.as_ref().unwrap().connection;
    let used: i64 = connection
        .query_row("PRAGMA page_count", [], |row| row.get(0))
        .unwrap();
    connection
        .query_row(
            &format!("PRAGMA max_page_count = {}", used + pages),
            [],
            |_| Ok(()),
        )
        .unwrap();
}

#[test]
fn a_full_disk_costs_durability_not_state() {
    let dir = temp();
    let store = Store::open(dir.path()).unwrap();
    limit_disk(&store, 0);
    let long = "m".repeat(20_000);
    let outcome = add(&store, utterance(1, 0), &long).unwrap();
    assert_eq!(outcome.durable, Err("database or disk is full".into()));
    let id = start_timer(&store, "pasta");
    assert_eq!(store.snapshot().timers[&id].name.as_deref(), Some("pasta"));
    assert!(
        matches!(
            add(&store, utterance(1, 0), &long),
            Err(CommitError::AlreadyCommitted(_))
        ),
        "not even unsaved ones twice"
    );
    assert_eq!(
        store.unsaved().unwrap().to_string(),
        "could not be kept on disk: 1 timer, 1 list (database or disk is full)"
    );
    assert!(store.flush().is_err());

    limit_disk(&store, 1_000);
    assert_eq!(store.flush(), Ok(()));
    assert_eq!(store.unsaved(), None);
    let kept = store.snapshot();
    drop(store);
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(*store.snapshot(), *kept);
    assert!(matches!(
        add(&store, utterance(1, 0), "x"),
        Err(CommitError::AlreadyCommitted(_))
    ));
}

#[test]
fn unsaved_changes_go_with_the_next_commit_that_fits() {
    let dir = temp();
    let store = Store::open(dir.path()).unwrap();
    limit_disk(&store, 0);
    assert!(
        add(&store, utterance(1, 0), &"m".repeat(20_000))
            .unwrap()
            .durable
            .is_err()
    );
    limit_disk(&store, 1_000);
    assert_eq!(
        add(&store, utterance(1, 1), "eggs").unwrap().durable,
        Ok(())
    );
    drop(store);
    assert_eq!(
        Store::open(dir.path()).unwrap().snapshot().lists["shopping"].len(),
        2
    );
}

#[test]
fn a_damaged_database_is_named_and_left_alone() {
    let check = |damage: &dyn Fn(&Path), expected: &str| {
        let dir = temp();
        let store = Store::open(dir.path()).unwrap();
        (0..200).for_each(|n| {
            drop(add(&store, utterance(1, n), "something to fill pages with").unwrap())
        });
        drop(store);
        let path = dir.path().join("loqa.db");
        damage(&path);
        let before = fs::read(&path).unwrap();
        let message = Store::open(dir.path())
            .err()
            .expect("is damaged")
            .to_string();
        assert!(
            message.contains(&path.display().to_string()) && message.contains(expected),
            "{message}"
        );
        assert_eq!(fs::read(&path).unwrap(), before, "{message}");
    };
    check(
        &|path| {
            fs::write(
                path,
                "this is my diary, not a database, and it is long enough to be read".repeat(20),
            )
            .unwrap()
        },
        "start afresh",
    );
    check(
        &|path| {
            let mut bytes = fs::read(path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle..].fill(0xa5);
            fs::write(path, bytes).unwrap();
        },
        "start afresh",
    );
    check(
        &|path| {
            let bytes = fs::read(path).unwrap();
            fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
        },
        "start afresh",
    );
    let sql = |sql: &'static str| {
        move |path: &Path| Connection::open(path).unwrap().execute_batch(sql).unwrap()
    };
    check(
        &sql("UPDATE entry SET sealed = x'00'"),
        "an entry of kind 4: it was changed",
    );
    check(
        &sql("UPDATE entry SET kind = 5"),
        "an entry of kind 5: it was changed",
    );
    check(&sql("DELETE FROM household"), "household");
    check(&sql("DROP TABLE entry"), "no such table: entry");
    check(&sql("PRAGMA user_version = 99"), "newer Loqa");
}

#[test]
fn a_folder_that_cannot_be_one_is_named() {
    let dir = temp();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let message = Store::open(&file).err().unwrap().to_string();
    assert!(
        message.contains("cannot use the data folder")
            && message.contains(&file.display().to_string()),
        "{message}"
    );
}

/// Every format ever released opens, with everything in it.
#[test]
fn older_databases_still_open() {
    let fixtures = [
        include_str!("fixtures/v1.sql"),
        include_str!("fixtures/v2.sql"),
        include_str!("fixtures/v3.sql"),
        include_str!("fixtures/v4.sql"),
    ];
    assert_eq!(fixtures.len(), plain::LAST, "every format has a fixture");
    for (version, fixture) in fixtures.iter().enumerate() {
        let dir = temp();
        Connection::open(dir.path().join("loqa.db"))
            .unwrap()
            .execute_batch(fixture)
            .unwrap();
        let store = Store::open(dir.path()).unwrap();
        let household = store.snapshot();
        let phases: Vec<_> = household
            .timers
            .values()
            .map(|timer| (timer.name.as_deref(), timer.state))
            .collect();
        assert_eq!(
            phases,
            [
                (
                    Some("pasta"),
                    TimerPhase::Running {
                        ends_at_ms: 1_900_000_000_000
                    }
                ),
                (
                    None,
                    TimerPhase::Paused {
                        remaining_ms: 30_000
                    }
                ),
                (
                    Some("tea"),
                    TimerPhase::Ringing {
                        ended_at_ms: 1_800_000_000_000
                    }
                ),
            ],
            "format {}",
            version + 1
        );
        assert_eq!(household.lists["shopping"], ["milk", "eggs"]);
        assert_eq!(household.devices["kitchen_light"].brightness, Some(30));
        let alarms: Vec<_> = household
            .alarms
            .values()
            .map(|alarm| {
                let text = alarm.text.as_deref().or(alarm.does.as_deref());
                (text, alarm.every, alarm.phase)
            })
            .collect();
        let since_ms = 1_800_000_000_000;
        let every = |days, hour, minute| Some(AlarmEvery { days, hour, minute });
        let kept = [
            (None, every(31, 7, 30), AlarmPhase::Waiting),
            (
                Some("call mom"),
                None,
                AlarmPhase::Snoozed {
                    until_ms: since_ms + 600_000,
                },
            ),
            (None, None, AlarmPhase::Ringing { since_ms }),
            (
                Some("water the plants"),
                every(127, 18, 0),
                AlarmPhase::Missed { since_ms },
            ),
            (
                Some("turn on the radio"),
                every(127, 8, 0),
                AlarmPhase::Waiting,
            ),
        ];
        let (kept, next_id) = match version {
            0 | 1 => (&[][..], 4),
            2 => (&kept[..4], 8),
            _ => (&kept[..], 9),
        };
        assert_eq!(alarms, kept);
        assert_eq!((household.epoch, household.next_timer_id), (7, next_id));
        let kept = household.storage.get(&("diary".into(), "count".into()));
        assert_eq!(kept.map(String::as_str), (version >= 1).then_some("3"));
        assert!(matches!(
            add(&store, utterance(1, 5), "milk"),
            Err(CommitError::AlreadyCommitted(_))
        ));
    }
}

fn copy_keys(from: &Path, to: &Path) {
    fs::create_dir_all(to.join("keys")).unwrap();
    for file in ["hub.key", "household.key"] {
        fs::copy(from.join("keys").join(file), to.join("keys").join(file)).unwrap();
    }
}

#[test]
fn the_ledger_forgets_after_a_month() {
    let dir = temp();
    let store = Store::open(dir.path()).unwrap();
    add(&store, utterance(1, 0), "milk").unwrap();
    let day = 24 * 3600 * 1000;
    let writer = store.writer();
    let connection = &writer.database.as_ref().unwrap().connection;
    assert_eq!(
        schema::prune_ledger(connection, Timestamp::now().as_millisecond() + 29 * day).unwrap(),
        0
    );
    assert_eq!(
        schema::prune_ledger(connection, Timestamp::now().as_millisecond() + 31 * day).unwrap(),
        1
    );
}

const CHILD: &str = "LOQA_STORE_TEST_CHILD";

/// Not a test by itself: the process that `kill_9_loses_nothing_acknowledged` kills.
#[test]
fn child_that_commits_until_killed() {
    let Some(dir) = std::env::var_os(CHILD) else {
        return;
    };
    let store = Store::open(Path::new(&dir)).unwrap();
    let first = store.snapshot().lists.get("shopping").map_or(0, Vec::len) as u32;
    for turn in first.. {
        add(&store, utterance(9, turn), &turn.to_string()).unwrap();
        println!("ack {turn}");
    }
}

#[test]
fn kill_9_loses_nothing_acknowledged_and_doubles_nothing() {
    let dir = temp();
    for round in 0..20 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "--nocapture",
                "store::tests::child_that_commits_until_killed",
            ])
            .env(CHILD, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // Killed after an acknowledgement, while it works on the next commit.
        let stop_after = 1 + (round * 7) % 13;
        let acked = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok)
            .filter_map(|line| line.rsplit_once("ack ")?.1.parse::<u32>().ok())
            .nth(stop_after)
            .unwrap();
        child.kill().unwrap();
        child.wait().unwrap();

        let store = Store::open(dir.path()).unwrap();
        let items = store.snapshot().lists["shopping"].clone();
        let expected: Vec<String> = (0..items.len()).map(|turn| turn.to_string()).collect();
        assert_eq!(items, expected, "none lost, none doubled");
        assert!(
            items.len() > acked as usize,
            "acknowledged {acked}, kept {}",
            items.len()
        );
        for turn in 0..items.len() as u32 {
            assert!(matches!(
                add(&store, utterance(9, turn), "again"),
                Err(CommitError::AlreadyCommitted(_))
            ));
        }
    }
}

/// A real disk of 256 KiB where this test may mount one (as root on Linux); nothing elsewhere.
struct TinyDisk(tempfile::TempDir);

impl TinyDisk {
    fn mount() -> Option<TinyDisk> {
        let dir = temp();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"])
            .arg(dir.path())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        mounted.then_some(TinyDisk(dir))
    }
}

impl Drop for TinyDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_hub_starts_on_a_disk_that_is_full_already() {
    let Some(disk) = TinyDisk::mount() else {
        eprintln!("not run: no right to mount a disk");
        return;
    };
    for free_pages in 0..16 {
        let filler = disk.0.path().join("filler");
        fs::write(&filler, vec![1; (64 - free_pages) * 4096]).unwrap();
        let data = disk.0.path().join("data");
        let store =
            Store::open(&data).unwrap_or_else(|error| panic!("{free_pages} pages free: {error}"));
        let id = start_timer(&store, "pasta");
        let saved = store.unsaved().is_none();
        drop(store);

        let store = Store::open(&data)
            .unwrap_or_else(|error| panic!("{free_pages} pages free, again: {error}"));
        assert_eq!(
            store.snapshot().timers.contains_key(&id),
            saved,
            "{free_pages} pages free"
        );
        start_timer(&store, "tea");
        fs::remove_file(&filler).unwrap();
        assert_eq!(store.flush(), Ok(()), "{free_pages} pages free, then all");
        drop(store);
        assert!(
            Store::open(&data)
                .unwrap()
                .snapshot()
                .timers
                .values()
                .any(|timer| timer.name.as_deref() == Some("tea"))
        );
        fs::remove_dir_all(&data).unwrap();
    }
}

/// Power loss at any moment: the journal ends anywhere, also in the middle of a write.
#[test]
fn a_torn_journal_holds_a_prefix_of_what_happened() {
    let dir = temp();
    let store = Store::open(dir.path()).unwrap();
    (0..6).for_each(|turn| drop(add(&store, utterance(1, turn), &turn.to_string()).unwrap()));
    let read = |name: &str| fs::read(dir.path().join(name)).unwrap();
    let (database, journal) = (read("loqa.db"), read("loqa.db-wal"));
    let mut kept_before = 0;
    for cut in (0..=journal.len()).step_by(509).chain([journal.len()]) {
        let crashed = temp();
        fs::write(crashed.path().join("loqa.db"), &database).unwrap();
        fs::write(crashed.path().join("loqa.db-wal"), &journal[..cut]).unwrap();
        copy_keys(dir.path(), crashed.path());
        let household = Store::open(crashed.path()).unwrap().snapshot();
        let items = household.lists.get("shopping").cloned().unwrap_or_default();
        let expected: Vec<String> = (0..items.len()).map(|turn| turn.to_string()).collect();
        assert_eq!(
            (items.len() as u64, &items),
            (household.epoch, &expected),
            "journal cut at {cut}"
        );
        assert!(items.len() >= kept_before, "journal cut at {cut}");
        kept_before = items.len();
    }
    assert_eq!(kept_before, 6);
}
