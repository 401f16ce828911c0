//! Frames about people and what they may do.

use loqa_protocol::{ClientFrame, PeopleEdit, PrivacyScope, SessionId};

pub fn client() -> Vec<(&'static str, ClientFrame)> {
    let id = 3;
    vec![
        (
            "pin",
            ClientFrame::Pin {
                id,
                session: SessionId(7),
                pin: "1815".into(),
            },
        ),
        ("people", ClientFrame::People { id }),
        (
            "person",
            edit(PeopleEdit::Person {
                id: 4,
                name: "Ada".into(),
                role: "guest".into(),
                expires_ms: Some(-1),
            }),
        ),
        ("person_gone", edit(PeopleEdit::Remove(4))),
        (
            "person_pin",
            edit(PeopleEdit::NewPin {
                person: 4,
                pin: "1843".into(),
            }),
        ),
        (
            "place",
            edit(PeopleEdit::Place {
                place: "room:kitchen".into(),
                name: String::new(),
                speaks_for: "4".into(),
            }),
        ),
        (
            "rule",
            edit(PeopleEdit::Rule {
                roles: vec!["child".into(), "guest".into()],
                risk: "risky".into(),
                r#where: "shared".into(),
                from: "22:00".into(),
                to: "06:00".into(),
                ruling: "refuse".into(),
            }),
        ),
        ("rule_gone", edit(PeopleEdit::RemoveRule(5))),
        (
            "person_keeps",
            edit(PeopleEdit::Keeps {
                person: 4,
                scope: PrivacyScope::Persistent,
                text: "Keep what I say.".into(),
            }),
        ),
        (
            "unlock",
            ClientFrame::Unlock {
                id,
                pin: "1815".into(),
            },
        ),
    ]
}

fn edit(edit: PeopleEdit) -> ClientFrame {
    ClientFrame::EditPeople {
        id: 3,
        pin: "1815".into(),
        edit,
    }
}
