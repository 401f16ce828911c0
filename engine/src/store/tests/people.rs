//! People, places and rules are kept as everything else of the household is.

use super::*;
use crate::store::{Person, Place, SpeaksFor};
use loqa_core::policy::{Risk, Role, Rule, Ruling, Where};
use loqa_protocol::PrivacyScope;

#[test]
fn who_lives_here_survives_a_restart_and_is_not_readable_on_the_disk() {
    let dir = temp();
    let store = Store::open(dir.path()).unwrap();
    let outcome = store.commit(None, |household| {
        let id = household.take_timer_id();
        let mut person = Person {
            id,
            name: "Countess Lovelace".into(),
            role: Role::Owner,
            expires_ms: None,
            pin: Some("$argon2id$v=19$".into()),
            keeps: PrivacyScope::Ephemeral,
            consents: Vec::new(),
        };
        person.give_consent(PrivacyScope::Session, "a day", 7);
        household.people.insert(id, person);
        let study = Place {
            name: String::new(),
            speaks_for: SpeaksFor::Person(id),
        };
        household.places.insert("room:study".into(), study);
        let rule = Rule {
            roles: vec![Role::Guest].into(),
            risk: Some(Risk::Risky),
            place: Where::Room("study".into()),
            hours: None,
            ruling: Ruling::Refuse,
        };
        household.rules.insert(household.next_timer_id, rule);
        Ok(((), Vec::new()))
    });
    assert_eq!(outcome.unwrap().durable, Ok(()));
    let before = store.snapshot();
    drop(store);
    for entry in fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap_or_default();
        for words in ["Lovelace", "argon2id", "room:study"] {
            let found = bytes.windows(words.len()).any(|it| it == words.as_bytes());
            assert!(!found, "{words} in {}", path.display());
        }
    }
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(*store.snapshot(), *before);
    let gone = store.commit(None, |household| {
        household.people.clear();
        household.places.clear();
        household.rules.clear();
        Ok(((), Vec::new()))
    });
    gone.unwrap();
    drop(store);
    let store = Store::open(dir.path()).unwrap();
    assert!(store.snapshot().people.is_empty() && store.snapshot().rules.is_empty());
}
