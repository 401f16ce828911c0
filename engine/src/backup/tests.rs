use super::*;
use crate::event_store::{self, EventStore};
use std::sync::Arc;

/// A household with a list, a kept conversation and a skill.
fn household(data: &Path) -> (Store, Arc<Keys>) {
    let store = Store::open(data).unwrap();
    let added = store.commit(None, |household| {
        household
            .lists
            .insert("shopping".into(), vec!["canary seed".into()]);
        Ok(((), Vec::new()))
    });
    added.unwrap();
    let keys = store.keys().unwrap();
    let events = EventStore::in_folder(data, keys.clone());
    event_store::keep_for_tests(&events, "sing like a canary");
    events.close();
    fs::create_dir_all(data.join("skills/tea/1.0.0")).unwrap();
    fs::write(data.join("skills/tea/1.0.0/skill.yaml"), "tea").unwrap();
    fs::create_dir_all(data.join("models")).unwrap();
    fs::write(data.join("models/big.bin"), "weights").unwrap();
    (store, keys)
}

fn places() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (backup, data) = (
        folder.path().join("house.age"),
        folder.path().join("new/data"),
    );
    (folder, backup, data)
}

#[test]
fn a_household_comes_back_on_another_machine_with_a_hub_key_of_its_own() {
    let (folder, backup, restored) = places();
    let data = folder.path().join("old");
    let kit = Kit::new();
    let (store, keys) = household(&data);
    write(&store, &keys, &kit.recipient(), &backup).unwrap();
    assert_eq!(recipient_of(&data), Some(kit.recipient()));
    let bytes = fs::read(&backup).unwrap();
    assert!(bytes.starts_with(b"age-encryption.org/v1"));
    assert!(memchr::memmem::find(&bytes, b"canary").is_none());

    let page = folder.path().join("kit.txt");
    fs::write(&page, kit.text()).unwrap();
    let kit = Kit::read(&page).unwrap();
    restore(&backup, &kit, &restored, false).unwrap();
    let hub_key = |data: &Path| fs::read(data.join("keys/hub.key")).unwrap();
    assert_ne!(hub_key(&data), hub_key(&restored));
    let again = Store::open(&restored).unwrap();
    assert_eq!(again.snapshot().lists["shopping"], ["canary seed"]);
    let events = EventStore::in_folder(&restored, again.keys().unwrap());
    assert_eq!(events.search("canary", 9).unwrap().len(), 1);
    assert_eq!(events.verify(None).unwrap().unwrap().broken, []);
    assert!(restored.join("skills/tea/1.0.0/skill.yaml").exists());
    assert!(!restored.join("models").exists());
    assert!(!restored.join(SECRETS).exists());
    let occupied = restore(&backup, &kit, &restored, false).unwrap_err();
    assert!(
        matches!(occupied, BackupError::Occupied { .. }),
        "{occupied}"
    );
}

#[test]
fn what_cannot_be_opened_changes_nothing() {
    let (folder, backup, restored) = places();
    let kit = Kit::new();
    let (store, keys) = household(&folder.path().join("old"));
    let nobody = write(&store, &keys, "age1nobody", &backup).unwrap_err();
    assert!(
        nobody.to_string().contains("`age1nobody` is nobody"),
        "{nobody}"
    );
    write(&store, &keys, &kit.recipient(), &backup).unwrap();
    let whole = fs::read(&backup).unwrap();
    let refused = |bytes: &[u8], kit: &Kit| {
        fs::write(&backup, bytes).unwrap();
        let error = restore(&backup, kit, &restored, false).unwrap_err();
        assert!(!restored.exists(), "{error}");
        let left = fs::read_dir(restored.parent().unwrap()).map(Iterator::count);
        assert_eq!(left.unwrap_or_default(), 0, "{error}");
        error.to_string()
    };
    assert!(refused(&whole, &Kit::new()).contains("another recovery kit"));
    assert!(refused(b"this is my diary", &kit).contains("cannot be opened"));
    for cut in [0, 100, whole.len() / 2, whole.len() - 1] {
        refused(&whole[..cut], &kit);
    }
    for at in [300, whole.len() / 2, whole.len() - 20] {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        refused(&flipped, &kit);
    }
    let page = folder.path().join("kit.txt");
    fs::write(&page, "my diary").unwrap();
    let no_kit = Kit::read(&page).err().unwrap().to_string();
    assert!(no_kit.contains("is no recovery kit"), "{no_kit}");
}
