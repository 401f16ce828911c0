//! What is kept, and how long.

use loqa_protocol::{ClientFrame, Keep, KeepOf, KeptLook, PrivacyScope, Redaction};

pub fn frames() -> Vec<(&'static str, ClientFrame)> {
    let id = 3;
    vec![
        (
            "kept_list",
            kept(KeptLook::List {
                before_ms: Some(1_900_000_000_000),
                most: 50,
            }),
        ),
        (
            "kept_search",
            kept(KeptLook::Search {
                query: "pasta".into(),
                most: 50,
            }),
        ),
        ("kept_show", kept(KeptLook::Show("0badcafe".into()))),
        ("kept_forget", kept(KeptLook::Forget("0badcafe".into()))),
        (
            "keep_household",
            keep(Keep::Scope {
                of: KeepOf::Household,
                scope: Some(PrivacyScope::Session),
            }),
        ),
        (
            "keep_room",
            keep(Keep::Scope {
                of: KeepOf::Room("kitchen".into()),
                scope: None,
            }),
        ),
        (
            "keep_conversation",
            keep(Keep::Scope {
                of: KeepOf::Conversation,
                scope: Some(PrivacyScope::Ephemeral),
            }),
        ),
        ("keep_hours", keep(Keep::Hours(24))),
        (
            "keep_redact",
            keep(Keep::Redact(vec![
                Redaction::Names,
                Redaction::Numbers,
                Redaction::Text,
            ])),
        ),
        (
            "audit",
            ClientFrame::Audit {
                id,
                noted: Some("12:0badcafe".into()),
            },
        ),
        (
            "back_up",
            ClientFrame::BackUp {
                id,
                recipient: "age1".into(),
            },
        ),
        (
            "wipe",
            ClientFrame::Wipe {
                id,
                word: ClientFrame::WIPE.into(),
            },
        ),
    ]
}

fn kept(look: KeptLook) -> ClientFrame {
    ClientFrame::Kept { id: 3, look }
}

fn keep(keep: Keep) -> ClientFrame {
    ClientFrame::Keep { id: 3, keep }
}
