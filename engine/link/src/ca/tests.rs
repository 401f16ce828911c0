use super::*;
use std::os::unix::fs::PermissionsExt;

/// The first of June 2026.
const NOW: u64 = 1_780_272_000;

fn at(days: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(NOW + days * 24 * 3600))
}

fn names(names: &[&'static str]) -> Vec<ServerName<'static>> {
    let parsed = names.iter().map(|name| ServerName::try_from(*name));
    parsed.collect::<Result<_, _>>().unwrap()
}

fn open(folder: &Path, own: &[&'static str]) -> Ca {
    Ca::open(folder, &names(own)).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn it_is_made_once_and_its_key_is_for_the_hub_alone() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path(), &["hub"]);
    first.server(&names(&["hub.local"]), at(0)).unwrap();
    assert_eq!(mode(&dir.path().join(CERTIFICATE)), 0o644);
    assert_eq!(mode(&dir.path().join(KEY)), 0o600);
    assert_eq!(mode(&dir.path().join(SERVER)), 0o600);
    let again = open(dir.path(), &["renamed"]);
    assert_eq!(again.certificate_pem(), first.certificate_pem());
    let fingerprint = again.fingerprint();
    assert_eq!(fingerprint, first.fingerprint());
    assert!(fingerprint.len() == 95 && fingerprint.split(':').count() == 32);
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        3,
        "nothing else lies about"
    );
}

#[test]
fn a_server_is_renewed_for_a_new_address_and_before_it_ends() {
    let dir = tempfile::tempdir().unwrap();
    let ca = open(dir.path(), &["hub"]);
    let own = names(&["hub", "hub.local", "192.168.1.7"]);
    let certificate = |names: &[ServerName<'_>], now| ca.server(names, now).unwrap().certificate;
    let first = certificate(&own, at(0));
    assert!(ca.vouches(&first, &own, at(0)));
    assert_eq!(certificate(&own, at(1)), first, "it is kept");
    assert_eq!(certificate(&own[..2], at(1)), first, "an address that went");
    assert_eq!(certificate(&own, at(364)), first);
    assert_ne!(certificate(&own, at(366)), first, "29 days are left");
    let more = names(&["hub", "hub.local", "192.168.1.7", "fd00::7"]);
    let second = certificate(&more, at(1));
    assert!(second != first && ca.vouches(&second, &more, at(1)));
    fs::write(dir.path().join(SERVER), "no certificate").unwrap();
    assert_ne!(certificate(&more, at(1)), second);
}

#[test]
fn it_vouches_for_nothing_outside_of_homes_and_for_no_longer_than_browsers_want() {
    let dir = tempfile::tempdir().unwrap();
    let ca = open(dir.path(), &["hub", "198.51.100.7", "2001:db8::7"]);
    let asked = names(&[
        "hub",
        "bank.example",
        "10.0.0.7",
        "198.51.100.7",
        "203.0.113.7",
        "2001:db8::7",
    ]);
    let server = ca.server(&asked, at(0)).unwrap();
    let vouched = |name, day| ca.vouches(&server.certificate, &names(&[name]), at(day));
    assert!(vouched("hub", 0) && vouched("10.0.0.7", 0) && vouched("hub", 394));
    assert!(vouched("198.51.100.7", 0), "its own when it was made");
    assert!(!vouched("hub", 396), "no longer than 397 days");
    assert!(!vouched("bank.example", 0) && !vouched("203.0.113.7", 0));
    assert!(!vouched("2001:db8::7", 0));
    // Even somebody who has the key cannot make one that is believed.
    let key = KeyPair::generate().unwrap();
    let bank = names(&["bank.example"]);
    let forged = ca.certify(&key, &bank, at(0)).unwrap();
    assert!(!ca.vouches(forged.der(), &bank, at(0)));
}

#[test]
fn what_is_damaged_or_half_there_is_told_and_left_as_it_is() {
    let refused = |spoil: &dyn Fn(&Path)| {
        let dir = tempfile::tempdir().unwrap();
        open(dir.path(), &["hub"]);
        spoil(dir.path());
        let before = read(&dir.path().join(KEY)).unwrap();
        let error = Ca::open(dir.path(), &[]).err().unwrap().to_string();
        assert_eq!(read(&dir.path().join(KEY)).unwrap(), before);
        assert!(
            error.contains("\n  help: ") && error.contains("remove"),
            "{error}"
        );
        error
    };
    let cut = |name: &'static str| {
        refused(&move |folder| {
            let text = fs::read_to_string(folder.join(name)).unwrap();
            fs::write(folder.join(name), &text[..text.len() / 2]).unwrap();
        })
    };
    assert!(cut(CERTIFICATE).contains("household.crt holds no certificate"));
    assert!(cut(KEY).contains("household.key holds no key"));
    let without =
        |name: &'static str| refused(&move |folder| fs::remove_file(folder.join(name)).unwrap());
    assert!(without(CERTIFICATE).contains("household.key is there, but not"));
    assert!(without(KEY).contains("household.crt is there, but not"));
    let foreign = refused(&|folder| {
        let key = KeyPair::generate().unwrap();
        fs::write(folder.join(KEY), key.serialize_pem()).unwrap();
    });
    assert!(foreign.contains("is not the key of the certificate"));
}
