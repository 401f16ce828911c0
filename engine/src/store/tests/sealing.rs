//! What the data folder says to who has no key.

use super::*;

/// Every byte of every file in the folder.
fn bytes_of(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        all.extend(if path.is_dir() {
            bytes_of(&path)
        } else {
            fs::read(&path).unwrap()
        });
    }
    all
}

const WORDS: [&str; 7] = [
    "pasta",
    "milk",
    "kitchen_light",
    "call mom",
    "radio",
    "diary",
    "shopping",
];

fn says(folder: &Path, word: &str) -> bool {
    memchr::memmem::find(&bytes_of(folder), word.as_bytes()).is_some()
}

#[test]
fn an_older_database_is_written_anew_and_says_nothing_any_more() {
    let dir = temp();
    let path = dir.path().join("loqa.db");
    let old = Connection::open(&path).unwrap();
    old.pragma_update(None, "journal_mode", "WAL").unwrap();
    old.execute_batch(include_str!("../fixtures/v4.sql"))
        .unwrap();
    // As a hub that was killed leaves it: the words in the journal, the rest of them in free pages.
    old.execute_batch("INSERT INTO list VALUES ('secret', hex(zeroblob(9000)) || 'gone'); DELETE FROM list WHERE id = 'secret'").unwrap();
    let killed = temp();
    for file in ["loqa.db", "loqa.db-wal"] {
        fs::copy(dir.path().join(file), killed.path().join(file)).unwrap();
    }
    assert!(WORDS.iter().all(|word| says(killed.path(), word)));
    let blocks = fs::File::open(killed.path().join("loqa.db")).unwrap();
    let journal = fs::File::open(killed.path().join("loqa.db-wal")).unwrap();
    let store = Store::open(killed.path()).unwrap();
    assert_eq!(store.snapshot().alarms.len(), 5);
    for word in WORDS {
        assert!(!says(killed.path(), word), "{word}");
    }
    // Where the words were on the disk, there are zeros.
    for mut was in [blocks, journal] {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut was, &mut bytes).unwrap();
        assert!(bytes.iter().all(|byte| *byte == 0));
    }
    // What it was is still to be had, for whoever has the key.
    let backup = fs::read(killed.path().join("backups/loqa.db-format-4")).unwrap();
    let keys = store.keys().unwrap();
    let backup = keys.household().open(rewrite::PLACE, &backup).unwrap();
    assert!(backup.starts_with(b"SQLite format 3"));

    // A kill between the new one and the end of the old one.
    drop(store);
    fs::write(killed.path().join("loqa.db.old"), "pasta").unwrap();
    Store::open(killed.path()).unwrap();
    assert!(!killed.path().join("loqa.db.old").exists());
}

#[test]
fn a_household_says_nothing_without_its_keys() {
    let dir = temp();
    let store = Store::open(dir.path()).unwrap();
    start_timer(&store, "pasta");
    add(&store, utterance(1, 0), "milk").unwrap();
    drop(store);
    assert!(
        ["pasta", "milk", "shopping"]
            .iter()
            .all(|word| !says(dir.path(), word))
    );
    let database = fs::read(dir.path().join("loqa.db")).unwrap();

    fs::rename(dir.path().join("keys"), dir.path().join("elsewhere")).unwrap();
    let refused = Store::open(dir.path()).err().unwrap().to_string();
    assert!(
        refused.contains("the keys to what") && refused.contains("loqa restore"),
        "{refused}"
    );
    let other = temp();
    drop(Store::open(other.path()).unwrap());
    fs::rename(other.path().join("keys"), dir.path().join("keys")).unwrap();
    let refused = Store::open(dir.path()).err().unwrap();
    assert!(matches!(
        refused,
        StoreError::Keys(KeysError::Missing { .. })
    ));
    assert_eq!(fs::read(dir.path().join("loqa.db")).unwrap(), database);

    fs::remove_dir_all(dir.path().join("keys")).unwrap();
    fs::rename(dir.path().join("elsewhere"), dir.path().join("keys")).unwrap();
    assert_eq!(Store::open(dir.path()).unwrap().snapshot().timers.len(), 1);
}
