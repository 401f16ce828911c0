//! How long words live here, what people have agreed to, and the red button.

use super::{Edited, Model};
use loqa_protocol::{ClientFrame, Keep, KeepOf, PrivacyScope, Redaction, ServerFrame};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What a change of what is kept of this page's own conversation is about.
const OWN: &str = "conversation";

/// What the household has chosen.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Keeping {
    /// Everybody's words; nothing if nobody has chosen.
    pub household: Option<PrivacyScope>,
    /// Those of rooms, by their ids.
    pub rooms: BTreeMap<String, PrivacyScope>,
    /// Hours that a conversation is kept that is kept for a while.
    pub hours: u32,
    /// What is made unreadable before it is kept.
    pub redact: Vec<Redaction>,
    /// Where nobody has chosen.
    pub otherwise: PrivacyScope,
}

/// What somebody has agreed to.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Agreed {
    /// Who.
    pub name: String,
    /// What they were shown.
    pub text: String,
    /// Unix ms.
    pub given_at_ms: i64,
    /// Unix ms, if it was.
    pub withdrawn_at_ms: Option<i64>,
}

/// What becomes of changes.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Changes {
    /// What the last was about: `household`, `room:kitchen`, `conversation`, `hours` or `redact`.
    pub at: String,
    /// What became of it.
    pub outcome: Edited,
    /// What became of the red button.
    pub wiped: Edited,
    /// How long what is said through this page is kept, if somebody has chosen that for it.
    pub own: Option<PrivacyScope>,
    /// What was chosen for it, and waits for the hub.
    wanted: Option<PrivacyScope>,
}

impl Keeping {
    /// What was chosen for a room, or for the whole house.
    pub fn chosen(&self, room: Option<&str>) -> Option<PrivacyScope> {
        match room {
            Some(room) => self.rooms.get(room).copied(),
            None => self.household,
        }
    }
}

impl Changes {
    /// Takes the hub's answer, if the frame is one to this.
    pub(super) fn hear(&mut self, frame: &ServerFrame) -> bool {
        if self.outcome.hear(frame) {
            if self.at == OWN && self.outcome == Edited::Done {
                self.own = self.wanted;
            }
            return true;
        }
        self.wiped.hear(frame)
    }

    /// The connection is gone: nobody knows what became of what was under way.
    pub(super) fn close(&mut self) {
        self.outcome = Edited::Nothing;
        // The next connection is another conversation.
        self.own = None;
        if matches!(self.wiped, Edited::Waiting(_)) {
            self.wiped = Edited::Nothing;
        }
    }
}

impl Model {
    /// Changes how long words live, in a room or in the whole house; `None`: as if nobody had chosen.
    pub fn keep_for(&mut self, room: Option<&str>, scope: Option<PrivacyScope>) -> ClientFrame {
        let (at, of) = match room {
            Some(room) => (format!("room:{room}"), KeepOf::Room(room.into())),
            None => ("household".into(), KeepOf::Household),
        };
        self.keep(at, Keep::Scope { of, scope })
    }

    /// Changes how long what is said through this page is kept, until it is closed; `None`: as chosen elsewhere.
    pub fn keep_own(&mut self, scope: Option<PrivacyScope>) -> ClientFrame {
        self.keeps.wanted = scope;
        let of = KeepOf::Conversation;
        self.keep(OWN.into(), Keep::Scope { of, scope })
    }

    /// Changes for how many hours a conversation is kept.
    pub fn keep_hours(&mut self, hours: u32) -> ClientFrame {
        self.keep("hours".into(), Keep::Hours(hours))
    }

    /// Has something be made unreadable before it is kept, or no longer.
    pub fn redact(&mut self, what: Redaction, on: bool) -> ClientFrame {
        let shown = self.privacy.shown.iter().flat_map(|it| &it.keeping);
        let mut all: Vec<_> = shown.flat_map(|it| it.redact.clone()).collect();
        all.retain(|it| *it != what);
        all.extend(on.then_some(what));
        self.keep("redact".into(), Keep::Redact(all))
    }

    fn keep(&mut self, at: String, keep: Keep) -> ClientFrame {
        let id = self.next_id();
        self.keeps.at = at;
        self.keeps.outcome = Edited::Waiting(id);
        ClientFrame::Keep { id, keep }
    }

    /// Presses the red button.
    pub fn wipe(&mut self, word: &str) -> ClientFrame {
        let id = self.next_id();
        self.keeps.wiped = Edited::Waiting(id);
        ClientFrame::Wipe {
            id,
            word: word.into(),
        }
    }

    /// Everything is gone, also from this page.
    pub(super) fn forget_all(&mut self) {
        *self = Model {
            connected: self.connected,
            keeps: std::mem::take(&mut self.keeps),
            last_id: self.last_id,
            ..Model::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loqa_protocol::Problem;
    use serde_json::json;

    #[test]
    fn what_is_unreadable_is_added_to_what_was_and_taken_away_again() {
        let mut model = Model::default();
        let id = model.watch_privacy(true).id();
        let keeping = json!({ "household": "session", "rooms": { "bath": "ephemeral" }, "hours": 24,
            "redact": ["names"], "otherwise": "ephemeral" });
        let shown = json!({ "sealed": false, "since_ms": 1, "allowed": [], "places": [],
            "keeping": keeping, "consents": [] });
        let json = shown.to_string();
        model.apply(ServerFrame::Json { id, json }, 0.0);
        let keeping = model.privacy.shown.clone().unwrap().keeping.unwrap();
        assert_eq!(keeping.chosen(None), Some(PrivacyScope::Session));
        assert_eq!(keeping.chosen(Some("bath")), Some(PrivacyScope::Ephemeral));
        assert_eq!(keeping.chosen(Some("attic")), None);
        let redacts = |frame| match frame {
            ClientFrame::Keep {
                keep: Keep::Redact(what),
                ..
            } => what,
            frame => panic!("{frame:?}"),
        };
        let both = [Redaction::Names, Redaction::Text];
        assert_eq!(redacts(model.redact(Redaction::Text, true)), both);
        assert_eq!(redacts(model.redact(Redaction::Names, false)), []);
    }

    #[test]
    fn what_is_said_through_a_page_is_kept_as_chosen_until_it_is_closed() {
        let mut model = Model::default();
        let id = model.keep_own(Some(PrivacyScope::Ephemeral)).id();
        assert_eq!(
            model.keeps.own, None,
            "it is as the hub says, and not before"
        );
        model.apply(ServerFrame::Done { id }, 0.0);
        assert_eq!(model.keeps.own, Some(PrivacyScope::Ephemeral));
        let id = model.keep_hours(9).id();
        model.apply(ServerFrame::Done { id }, 0.0);
        assert_eq!(model.keeps.own, Some(PrivacyScope::Ephemeral));
        model.close();
        assert_eq!(model.keeps.own, None);
    }

    #[test]
    fn after_the_red_button_the_page_knows_nothing_and_only_then() {
        let mut model = Model::default();
        model.house.name = "Ada's".into();
        let id = model.wipe("wip").id();
        let problem = Problem {
            code: "not_meant".into(),
            message: "a wipe was asked for without its word".into(),
            help: String::new(),
        };
        model.apply(ServerFrame::Problem { id, problem }, 0.0);
        assert_eq!(model.house.name, "Ada's");
        model.wipe("wipe");
        model.close();
        assert_eq!(model.keeps.wiped, Edited::Nothing, "nobody knows");
        let id = model.wipe("wipe").id();
        assert_eq!(model.apply(ServerFrame::Done { id }, 0.0), None);
        assert_eq!(model.house.name, "");
        model.close();
        assert_eq!(model.keeps.wiped, Edited::Done);
    }
}
