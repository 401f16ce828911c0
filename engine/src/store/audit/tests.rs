use super::*;
use crate::chain::Broken;
use std::fs;

const LAST: &str = "UPDATE sqlite_sequence SET seq = 3; DELETE FROM audit WHERE id = 4; DELETE FROM leaf WHERE n = 4";

fn refused(skill: &str) -> Note<'_> {
    Note {
        deed: Deed::Effect,
        skill,
        version: "1.0.0",
        permission: Some("timer"),
        allowed: false,
    }
}

/// A data folder with keys.
fn data() -> (tempfile::TempDir, Audit) {
    let data = tempfile::tempdir().unwrap();
    Keys::open(data.path(), false, true).unwrap();
    let audit = Audit::in_folder(data.path());
    (data, audit)
}

fn verified(audit: &Audit) -> Verified {
    audit.verify(None).unwrap().unwrap()
}

#[test]
fn the_newest_rows_are_kept() {
    let (_data, audit) = data();
    assert_eq!(audit.latest(usize::MAX).unwrap(), []);
    assert_eq!(audit.verify(None).unwrap(), None);
    audit.write(&[refused("first")]).unwrap();
    let kept = usize::try_from(KEPT).unwrap();
    audit.write(&vec![refused("second"); kept]).unwrap();
    let entries = audit.latest(usize::MAX).unwrap();
    assert_eq!(entries.len(), kept);
    assert!(entries.iter().all(|entry| entry.skill == "second"));
    assert_eq!(entries[0].decision, "refused");
    audit.write(&[refused("third")]).unwrap();
    let latest = audit.latest(2).unwrap();
    let skills: Vec<_> = latest.iter().map(|entry| entry.skill.as_str()).collect();
    assert_eq!(skills, ["second", "third"]);
    let whole = verified(&audit);
    assert_eq!(
        (whole.entries, whole.erased, whole.broken),
        (KEPT.cast_unsigned(), 2, vec![])
    );
    // One that was not the oldest, and one that was.
    for gone in ["id = 5000", "id = (SELECT min(id) FROM audit)"] {
        let connection = audit.open().unwrap();
        let gone = format!("DELETE FROM audit WHERE {gone}");
        connection.execute(&gone, []).unwrap();
        assert_ne!(verified(&audit).broken, []);
    }
}

#[test]
fn whatever_is_changed_shows() {
    let tampered = |with: &str| {
        let (data, audit) = data();
        for skill in ["tea", "milk", "sugar", "salt"] {
            audit.write(&[refused(skill)]).unwrap();
        }
        audit.invoked("tea", "1.0.0", "timer");
        audit.flush();
        audit.open().unwrap().execute_batch(with).unwrap();
        // As another process finds it.
        Audit::in_folder(data.path()).verify(None).unwrap().unwrap()
    };
    let whole = tampered("");
    assert_eq!((whole.entries, whole.broken), (4, vec![]));
    let called_less = tampered("DELETE FROM audit WHERE what = 'invoke'");
    assert_eq!(called_less.broken, [], "calls are under no chain");
    for with in [
        "UPDATE audit SET decision = 'allowed' WHERE id = 2",
        "UPDATE audit SET at_ms = at_ms + 1 WHERE id = 2",
        "UPDATE audit SET permission = NULL WHERE id = 2",
        "UPDATE audit SET what = 'invoke' WHERE id = 2",
        "UPDATE audit SET leaf = NULL WHERE id = 2",
        "UPDATE audit SET skill = 'sug', version = 'ar1.0.0' WHERE id = 3",
        "DELETE FROM audit WHERE id = 1",
        "DELETE FROM audit WHERE id = 2",
        "DELETE FROM audit WHERE id = 4",
        "DELETE FROM audit",
        "INSERT INTO audit SELECT 9, at_ms, what, skill, version, permission, decision, leaf FROM audit WHERE id = 2",
        "UPDATE audit SET leaf = 5 - leaf",
        "UPDATE leaf SET hash = zeroblob(32) WHERE n = 3",
        "DELETE FROM leaf",
        "DELETE FROM head",
        "UPDATE head SET n = 3",
        "UPDATE head SET at_ms = at_ms - 1",
        LAST,
        &format!("{LAST}; DELETE FROM head"),
    ] {
        let found = tampered(with);
        assert_ne!(found.broken, [], "{with}");
    }
}

#[test]
fn a_file_that_is_gone_or_from_earlier_shows() {
    let (data, audit) = data();
    let file = data.path().join("audit.db");
    audit.write(&[refused("tea")]).unwrap();
    let earlier = fs::read(&file).unwrap();
    audit.write(&[refused("milk")]).unwrap();
    let noted = verified(&audit).head;
    fs::write(&file, &earlier).unwrap();
    let shortened = |left| vec![Broken::Shortened { n: 2, left }];
    assert_eq!(verified(&audit).broken, shortened(1));
    fs::remove_file(&file).unwrap();
    assert_eq!(verified(&audit).broken, shortened(0));
    // Also where what lay beside it went back with it.
    fs::write(&file, &earlier).unwrap();
    fs::remove_file(data.path().join("audit.head")).unwrap();
    assert_eq!(verified(&audit).broken, []);
    let found = audit.verify(Some(&noted)).unwrap().unwrap();
    assert_eq!(found.broken, shortened(1));
}

#[test]
fn what_was_written_before_there_were_keys_is_signed_with_the_next() {
    let data = tempfile::tempdir().unwrap();
    let audit = Audit::in_folder(data.path());
    audit.write(&[refused("tea"), refused("milk")]).unwrap();
    assert!(audit.verify(None).is_err());
    Keys::open(data.path(), false, true).unwrap();
    assert_eq!(verified(&audit).broken, [Broken::Unsigned { more: 2 }]);
    audit.sign().unwrap();
    assert_eq!(verified(&audit).broken, []);
}

#[test]
fn a_file_of_an_earlier_loqa_opens_and_is_kept() {
    let (data, audit) = data();
    let file = data.path().join("audit.db");
    let connection = Connection::open(&file).unwrap();
    connection
        .execute_batch(include_str!("../fixtures/audit-v1.sql"))
        .unwrap();
    drop(connection);
    let before = fs::read(&file).unwrap();
    assert_eq!(audit.latest(usize::MAX).unwrap().len(), 4);
    audit.sign().unwrap();
    audit.write(&[refused("tea")]).unwrap();
    let whole = verified(&audit);
    assert_eq!((whole.entries, whole.broken), (4, vec![]));
    assert_eq!(audit.changes().unwrap()[2].skill, "people");
    let copy = fs::read(data.path().join("backups/audit.db-format-1")).unwrap();
    assert!(copy == before);
}

#[test]
fn what_a_newer_loqa_wrote_is_left_alone() {
    let (_data, audit) = data();
    audit.write(&[refused("tea")]).unwrap();
    let connection = Connection::open(&audit.path).unwrap();
    connection.pragma_update(None, "user_version", 3).unwrap();
    let error = audit.write(&[refused("tea")]).unwrap_err().to_string();
    assert!(error.contains("a newer Loqa wrote it"), "{error}");
}
