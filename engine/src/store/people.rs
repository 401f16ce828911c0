//! Who lives here: people, whom microphones, screens and rooms speak for, and what people have consented to.

use loqa_core::policy::Role;
use loqa_protocol::PrivacyScope;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Somebody of the household, or a guest.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Their key in [`Household::people`](super::Household::people); never given to anybody else.
    pub id: u64,
    /// As people call them.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// When they count no longer, Unix ms.
    #[serde(default)]
    pub expires_ms: Option<i64>,
    /// A slow hash of their PIN.
    #[serde(default)]
    pub pin: Option<String>,
    /// How long what they say may be kept.
    #[serde(default)]
    pub keeps: PrivacyScope,
    /// What they have agreed to, the oldest first, withdrawn or not.
    #[serde(default)]
    pub consents: Vec<Consent>,
}

/// That somebody has agreed to have their words kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Consent {
    /// How long.
    pub scope: PrivacyScope,
    /// Unix ms.
    pub given_at_ms: i64,
    /// What they were shown when they agreed.
    pub text: String,
    /// Unix ms, if it was.
    #[serde(default)]
    pub withdrawn_at_ms: Option<i64>,
}

/// Whom a microphone, a screen or a room speaks for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Place {
    /// As its owner calls it; empty: as it is called by itself.
    #[serde(default)]
    pub name: String,
    /// Whom.
    pub speaks_for: SpeaksFor,
}

/// A role, or one person.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpeaksFor {
    /// Anybody of this role.
    Role(Role),
    /// This person.
    Person(u64),
}

impl Person {
    /// Whether they count at a moment, Unix ms.
    pub fn counts(&self, now_ms: i64) -> bool {
        self.expires_ms.is_none_or(|expires_ms| now_ms < expires_ms)
    }

    /// They agree to have their words kept so long, having read `text`. A consent to as long that stands is
    /// withdrawn: what counts is what they have read last.
    pub fn give_consent(&mut self, scope: PrivacyScope, text: &str, at_ms: i64) {
        self.withdraw(scope, at_ms);
        self.consents.push(Consent {
            scope,
            given_at_ms: at_ms,
            text: text.to_owned(),
            withdrawn_at_ms: None,
        });
    }

    /// They no longer agree to that, and nothing of theirs is kept longer than they still agree to. False if
    /// they had not.
    pub fn withdraw(&mut self, scope: PrivacyScope, at_ms: i64) -> bool {
        let standing = |it: &&mut Consent| it.scope == scope && it.withdrawn_at_ms.is_none();
        let mut withdrawn = false;
        for consent in self.consents.iter_mut().filter(standing) {
            consent.withdrawn_at_ms = Some(at_ms);
            withdrawn = true;
        }
        if scope != PrivacyScope::Ephemeral && self.keeps >= scope {
            self.keeps = self.agreed();
        }
        withdrawn
    }

    /// How long they have agreed to have their words kept, at most.
    pub fn agreed(&self) -> PrivacyScope {
        let standing = self.consents.iter();
        let standing = standing.filter(|consent| consent.withdrawn_at_ms.is_none());
        standing
            .map(|consent| consent.scope)
            .max()
            .unwrap_or_default()
    }
}

/// Neither the hash of a PIN nor a name goes into a log.
impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person")
            .field("id", &self.id)
            .field("role", &self.role)
            .field("expires_ms", &self.expires_ms)
            .field("pin", &self.pin.is_some())
            .field("keeps", &self.keeps)
            .field("consents", &self.consents.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ada() -> Person {
        Person {
            id: 1,
            name: "Ada".into(),
            role: Role::Adult,
            expires_ms: None,
            pin: Some("$argon2id$…".into()),
            keeps: PrivacyScope::Ephemeral,
            consents: Vec::new(),
        }
    }

    #[test]
    fn consent_is_dated_and_withdrawing_it_ends_what_it_allowed() {
        let mut ada = ada();
        assert_eq!(ada.agreed(), PrivacyScope::Ephemeral);
        ada.give_consent(PrivacyScope::Session, "a day", 10);
        ada.give_consent(PrivacyScope::Persistent, "until I say so", 20);
        ada.keeps = PrivacyScope::Persistent;
        assert_eq!(ada.agreed(), PrivacyScope::Persistent);
        assert!(ada.withdraw(PrivacyScope::Persistent, 30));
        assert_eq!(ada.keeps, PrivacyScope::Session);
        assert!(!ada.withdraw(PrivacyScope::Persistent, 40));
        ada.give_consent(PrivacyScope::Session, "two days", 50);
        let dates = ada.consents.iter();
        let dates: Vec<_> = dates
            .map(|it| (it.given_at_ms, it.withdrawn_at_ms))
            .collect();
        assert_eq!(dates, [(10, Some(50)), (20, Some(30)), (50, None)]);
    }

    #[test]
    fn a_person_is_kept_as_they_are_and_shown_to_no_log() {
        let ada = ada();
        let text = serde_json::to_string(&ada).unwrap();
        assert_eq!(serde_json::from_str::<Person>(&text).unwrap(), ada);
        let shown = format!("{ada:?}");
        assert!(
            !shown.contains("Ada") && !shown.contains("argon2"),
            "{shown}"
        );
        let least = r#"{"id":2,"name":"Bo","role":"guest","expires_ms":5}"#;
        let bo: Person = serde_json::from_str(least).unwrap();
        assert!(bo.counts(4) && !bo.counts(5));
    }
}
