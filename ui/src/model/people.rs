//! Who lives here, whom microphones, screens and rooms speak for, and who may do what.

use super::{Edited, Model, owner::Owner};
use loqa_protocol::{ClientFrame, PeopleEdit, PrivacyScope, ServerFrame, SessionId};
use serde::Deserialize;

/// What is known of people, and what becomes of a change.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct People {
    /// As the hub told last.
    pub shown: Option<Shown>,
    /// What became of the last change.
    pub outcome: Edited,
    /// What it was about: `person:4`, `keeps:4`, `place:microphone`, `rule` … .
    pub changed: String,
    /// Whether the PIN of an owner was given.
    pub owner: Owner,
    /// The conversation that wants a PIN.
    pub wanted: Option<SessionId>,
    /// What became of the PIN that was typed for it.
    pub given: Edited,
    /// While the page is open.
    looks: bool,
    asked: Option<u32>,
}

/// What the hub tells.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
pub struct Shown {
    /// The oldest first.
    pub people: Vec<Person>,
    /// Microphones, screens and rooms.
    pub places: Vec<Place>,
    /// The household's own, the one that counts first first.
    pub rules: Vec<Rule>,
    /// Those that count after them.
    pub given: Vec<Rule>,
    /// Changes need the PIN of an owner.
    pub locked: bool,
}

/// Somebody of the household, or a guest.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Person {
    /// For changes.
    pub id: u64,
    /// As people call them.
    pub name: String,
    /// `owner` …
    pub role: String,
    /// When they count no longer, Unix ms.
    pub expires_ms: Option<i64>,
    /// They do not any more.
    pub expired: bool,
    /// They have a PIN.
    pub pin: bool,
    /// How long what they say may be kept.
    #[serde(default)]
    pub keeps: PrivacyScope,
}

/// A microphone, a screen or a room.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Place {
    /// For changes.
    pub place: String,
    /// `microphone`, `machine`, `programs`, `room` or `screen`.
    pub kind: String,
    /// As people call it; empty if nobody has called it anything.
    pub name: String,
    /// A role, or the id of a person, if anybody has chosen.
    pub speaks_for: Option<String>,
    /// It is this very screen.
    pub asks: bool,
}

/// What is done about wishes of a kind.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Rule {
    /// For changes; the household's own have one.
    pub id: Option<u64>,
    /// None: whoever.
    pub roles: Vec<String>,
    /// Or whatever.
    pub risk: Option<String>,
    /// `anywhere`, `shared`, `own` or `room`.
    pub r#where: String,
    /// Which room, by its id.
    pub room: Option<String>,
    /// `HH:MM`, if it is not at any time.
    pub from: Option<String>,
    /// Likewise.
    pub to: Option<String>,
    /// `allow`, `show`, `confirm`, `pin` or `refuse`.
    pub ruling: String,
}

impl People {
    /// Takes the hub's answer, if the frame is one to this; whether something has changed.
    pub(super) fn hear(&mut self, frame: &ServerFrame) -> Option<bool> {
        match frame {
            ServerFrame::Json { id, json } if Some(*id) == self.asked => {
                self.shown = serde_json::from_str(json).ok();
                return Some(false);
            }
            // Which person or rule it was about is seen in what is shown next.
            ServerFrame::Json { id, .. } if self.outcome == Edited::Waiting(*id) => {
                return Some(false);
            }
            _ => {}
        }
        if self.given.hear(frame) || self.owner.hear(frame) {
            return Some(false);
        }
        if !self.outcome.hear(frame) {
            return None;
        }
        let done = self.outcome == Edited::Done;
        if done && !self.changed.starts_with("keeps:") {
            // Who may change this has given it, or is the first who has one.
            self.owner.given();
        }
        Some(done)
    }

    /// The connection is gone.
    pub(super) fn close(&mut self) {
        self.outcome = Edited::Nothing;
        self.given = Edited::Nothing;
        self.wanted = None;
        self.owner = Owner::default();
    }

    /// A conversation wants a PIN, or no longer.
    pub(super) fn want(&mut self, session: SessionId, wanted: bool) {
        if wanted {
            self.wanted = Some(session);
        } else if self.wanted == Some(session) {
            self.wanted = None;
        }
    }

    /// What may be shown of what somebody types as a command: a PIN that is wanted is one.
    pub(super) fn shown_of<'t>(&self, typed: &'t str) -> &'t str {
        let pin = typed.chars().all(|c| c.is_ascii_digit() || c == ' ');
        match pin && self.wanted.is_some() {
            true => "",
            false => typed,
        }
    }

    /// Whether an owner's PIN is to be typed before anything is changed.
    pub fn is_locked(&self) -> bool {
        self.shown.as_ref().is_some_and(|it| it.locked) && !self.owner.unlocked
    }

    /// The person of this id.
    pub fn person(&self, id: u64) -> Option<&Person> {
        let people = &self.shown.as_ref()?.people;
        people.iter().find(|person| person.id == id)
    }
}

impl Model {
    /// Opens the page of people, or leaves it.
    pub fn look_at_people(&mut self, looks: bool) -> Option<ClientFrame> {
        self.people.looks = looks;
        self.people.outcome = Edited::Nothing;
        looks.then(|| self.ask_people())
    }

    /// Asks for people as they are now.
    pub fn ask_people(&mut self) -> ClientFrame {
        let id = self.next_id();
        self.people.asked = Some(id);
        ClientFrame::People { id }
    }

    /// Asks again, while somebody looks.
    pub(super) fn people_may_differ(&mut self) -> Option<ClientFrame> {
        self.people.looks.then(|| self.ask_people())
    }

    /// Changes something about people; what becomes of it is told where `at` is shown.
    pub fn edit_people(&mut self, at: &str, edit: PeopleEdit) -> ClientFrame {
        self.agree(at, "", edit)
    }

    /// Likewise, with the PIN of the person who agrees to it, if they have one.
    pub fn agree(&mut self, at: &str, pin: &str, edit: PeopleEdit) -> ClientFrame {
        let id = self.next_id();
        self.people.changed = at.into();
        self.people.outcome = Edited::Waiting(id);
        ClientFrame::EditPeople {
            id,
            pin: pin.into(),
            edit,
        }
    }

    /// Types the PIN that a conversation wants.
    pub fn give_pin(&mut self, pin: &str) -> Option<ClientFrame> {
        let session = self.people.wanted?;
        let id = self.next_id();
        self.people.given = Edited::Waiting(id);
        Some(ClientFrame::Pin {
            id,
            session,
            pin: pin.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loqa_protocol::Problem;
    use serde_json::json;

    fn shown(model: &mut Model, locked: bool) {
        let Some(ClientFrame::People { id }) = model.look_at_people(true) else {
            panic!("it looks");
        };
        let ada = json!({ "id": 4, "name": "Ada", "role": "owner", "expires_ms": null, "expired": false, "pin": locked });
        let json =
            json!({ "people": [ada], "places": [], "rules": [], "given": [], "locked": locked });
        let json = json.to_string();
        assert_eq!(model.apply(ServerFrame::Json { id, json }, 0.0), None);
    }

    #[test]
    fn what_has_changed_is_asked_for_and_a_wrong_pin_is_forgotten() {
        let mut model = Model::default();
        shown(&mut model, true);
        assert!(model.people.is_locked());
        let refused = |id, code: &str| {
            let problem = Problem {
                code: code.into(),
                message: "this is not the PIN".into(),
                help: String::new(),
            };
            ServerFrame::Problem { id, problem }
        };
        let id = model.unlock("1816").id();
        assert_eq!(model.apply(refused(id, "wrong_pin"), 0.0), None);
        assert!(model.people.is_locked() && model.trouble.is_none());
        let id = model.unlock("1815").id();
        assert_eq!(model.apply(ServerFrame::Done { id }, 0.0), None);
        assert!(!model.people.is_locked());
        // It counts for some minutes only.
        let id = model.edit_people("person:4", PeopleEdit::Remove(4)).id();
        assert_eq!(model.apply(refused(id, "owner_pin"), 0.0), None);
        assert!(model.people.is_locked() && model.people.owner.wanted);
        let id = model
            .edit_people("person:4", PeopleEdit::RemoveRule(1))
            .id();
        let json = "{\"id\":\"1\"}".into();
        assert_eq!(model.apply(ServerFrame::Json { id, json }, 0.0), None);
        let next = model.apply(ServerFrame::Done { id }, 0.0);
        assert!(matches!(next, Some(ClientFrame::People { .. })), "{next:?}");
        assert_eq!(
            model.people.person(4).map(|it| it.name.as_str()),
            Some("Ada")
        );
    }

    #[test]
    fn a_pin_is_typed_for_the_conversation_that_wants_one() {
        let mut model = Model::default();
        assert_eq!(model.give_pin("1815"), None);
        model.people.want(SessionId(7), true);
        model.people.want(SessionId(8), false);
        let given = model.give_pin("1815");
        assert!(
            matches!(given, Some(ClientFrame::Pin { session, .. }) if session == SessionId(7)),
            "{given:?}"
        );
        model.ask("18 15");
        assert_eq!(model.live.heard, "");
        model.people.want(SessionId(7), false);
        assert_eq!(model.give_pin("1815"), None);
        model.ask("18 15");
        assert_eq!(model.live.heard, "18 15");
    }
}
