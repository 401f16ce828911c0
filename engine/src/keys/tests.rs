use super::*;

const TALK: SessionId = SessionId(7);

fn opened(data: &Path) -> Keys {
    Keys::open(data, false, true).unwrap()
}

#[test]
fn keys_outlive_the_hub_and_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let data = tempfile::tempdir().unwrap();
    let keys = opened(data.path());
    let file = data.path().join("keys/hub.key");
    assert_eq!(place_of(data.path()), Some(KeyPlace::File(file)));
    let household = *keys.household().bytes();
    let talk = *keys.session(Owner::Person(1), TALK).unwrap().bytes();
    let signing = *keys.signing().unwrap().bytes();
    drop(keys);
    let keys = Keys::open(data.path(), false, false).unwrap();
    assert_eq!(*keys.household().bytes(), household);
    assert_eq!(*keys.signing().unwrap().bytes(), signing);
    let again = keys.kept_session(Owner::Person(1), TALK).unwrap();
    assert_eq!(*again.unwrap().bytes(), talk);
    for file in files(&data.path().join(FOLDER)) {
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
}

#[test]
fn a_key_that_was_destroyed_is_gone_and_takes_what_it_wraps_with_it() {
    let data = tempfile::tempdir().unwrap();
    let keys = opened(data.path());
    for (person, session) in [(1, 1), (1, 2), (2, 3)] {
        let made = keys.session(Owner::Person(person), SessionId(session));
        made.unwrap();
    }
    let kept = |person, session| {
        let kept = keys.kept_session(Owner::Person(person), SessionId(session));
        kept.unwrap().is_some()
    };
    keys.destroy_session(SessionId(1)).unwrap();
    assert!(!kept(1, 1) && kept(1, 2) && kept(2, 3));
    keys.destroy_session(SessionId(1)).unwrap();
    keys.destroy_person(1).unwrap();
    assert!(!kept(1, 2) && kept(2, 3));
    destroy_all(data.path()).unwrap();
    assert!(!data.path().join(FOLDER).exists());
    let gone = Keys::open(data.path(), false, false).unwrap_err();
    assert!(matches!(gone, KeysError::Missing { .. }), "{gone}");
    destroy_all(data.path()).unwrap();
}

#[test]
fn a_key_of_another_place_or_another_hub_is_refused_and_left_alone() {
    let (data, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let keys = opened(data.path());
    keys.session(Owner::Household, SessionId(1)).unwrap();
    keys.session(Owner::Household, SessionId(2)).unwrap();
    let path = |session| keys.session_path(SessionId(session));
    fs::copy(path(1), path(2)).unwrap();
    let swapped = keys.kept_session(Owner::Household, SessionId(2));
    assert!(matches!(swapped, Err(KeysError::Damaged { path: at }) if at == path(2)));

    opened(other.path());
    let foreign = data.path().join("keys/household.key");
    fs::copy(other.path().join("keys/household.key"), &foreign).unwrap();
    let before = fs::read(&foreign).unwrap();
    let refused = Keys::open(data.path(), false, true)
        .unwrap_err()
        .to_string();
    assert!(refused.contains("household.key is damaged, or another hub's"));
    assert_eq!(fs::read(&foreign).unwrap(), before);

    fs::remove_file(data.path().join("keys/hub.key")).unwrap();
    let lost = Keys::open(data.path(), false, true).unwrap_err();
    assert!(matches!(lost, KeysError::Missing { .. }), "{lost}");
    fs::write(data.path().join("keys/hub.key"), "file 12").unwrap();
    let damaged = Keys::open(data.path(), false, true).unwrap_err();
    assert!(matches!(damaged, KeysError::Damaged { .. }), "{damaged}");
}
