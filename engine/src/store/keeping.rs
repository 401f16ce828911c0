//! How long words live: what the household has chosen. Nobody's words are kept before somebody says so.

use loqa_protocol::{PrivacyScope, Redaction};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What the household has chosen.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Keeping {
    /// Everybody's words; `None`: as the settings say.
    pub household: Option<PrivacyScope>,
    /// Those of a room, by its id.
    pub rooms: BTreeMap<String, PrivacyScope>,
    /// Hours that a conversation is kept that is kept for a while.
    pub hours: u32,
    /// What is made unreadable before it is kept.
    pub redact: BTreeSet<Redaction>,
}

impl Default for Keeping {
    fn default() -> Self {
        Keeping {
            household: None,
            rooms: BTreeMap::new(),
            hours: 24,
            redact: BTreeSet::new(),
        }
    }
}

/// Whose words, and where.
#[derive(Clone, Copy, Debug, Default)]
pub struct Whereabouts<'w> {
    /// The room they are said in.
    pub room: Option<&'w str>,
    /// How long the person who speaks has agreed to; `None`: nobody knows who speaks.
    pub person: Option<PrivacyScope>,
    /// What was chosen for this conversation alone.
    pub conversation: Option<PrivacyScope>,
}

impl Keeping {
    /// How long words live that are said there. What was chosen for the conversation counts before what
    /// the person has agreed to, that before the room, that before the household, that before
    /// `otherwise`. Nothing is persistent but by that person's consent.
    pub fn scope(&self, who: Whereabouts<'_>, otherwise: PrivacyScope) -> PrivacyScope {
        let room = who.room.and_then(|room| self.rooms.get(room).copied());
        let chosen = who.conversation.or(who.person).or(room).or(self.household);
        let most = match who.person {
            Some(PrivacyScope::Persistent) => PrivacyScope::Persistent,
            _ => PrivacyScope::Session,
        };
        chosen.unwrap_or(otherwise).min(most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use PrivacyScope::{Ephemeral, Persistent, Session};

    #[test]
    fn the_nearest_choice_counts_and_nothing_lasts_without_consent() {
        let keeping = Keeping {
            rooms: [
                ("kitchen".to_owned(), Session),
                ("bath".to_owned(), Ephemeral),
            ]
            .into(),
            ..Keeping::default()
        };
        let scope = |room, person, conversation, otherwise| {
            let who = Whereabouts {
                room,
                person,
                conversation,
            };
            keeping.scope(who, otherwise)
        };
        for (room, person, conversation, otherwise, expected) in [
            (None, None, None, Ephemeral, Ephemeral),
            (None, None, None, Session, Session),
            (None, None, None, Persistent, Session),
            (Some("kitchen"), None, None, Ephemeral, Session),
            (Some("bath"), None, None, Session, Ephemeral),
            (Some("attic"), None, None, Session, Session),
            (Some("bath"), Some(Persistent), None, Ephemeral, Persistent),
            (Some("kitchen"), Some(Ephemeral), None, Session, Ephemeral),
            (
                Some("kitchen"),
                Some(Persistent),
                Some(Ephemeral),
                Session,
                Ephemeral,
            ),
            (None, Some(Session), Some(Persistent), Ephemeral, Session),
        ] {
            assert_eq!(
                scope(room, person, conversation, otherwise),
                expected,
                "{room:?} {person:?} {conversation:?} {otherwise:?}"
            );
        }
        let household = Keeping {
            household: Some(Ephemeral),
            ..Keeping::default()
        };
        assert_eq!(
            household.scope(Whereabouts::default(), Persistent),
            Ephemeral
        );
    }
}
