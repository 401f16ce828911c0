//! What clients ask about words that are kept.

use super::{DecodeError, FromWire, v1, wire_enum};
use crate::{Keep, KeepOf, KeptLook, PrivacyScope, Redaction};
use v1::{keep::Change, keep_scope::Of, kept::Look};

wire_enum!(Redaction, "redact.what", [Names, Numbers, Text]);

impl From<KeptLook> for v1::Kept {
    fn from(look: KeptLook) -> Self {
        let look = match look {
            KeptLook::List { before_ms, most } => Look::List(v1::ListKept { before_ms, most }),
            KeptLook::Search { query, most } => Look::Search(v1::SearchKept { query, most }),
            KeptLook::Show(name) => Look::Show(name),
            KeptLook::Forget(name) => Look::Forget(name),
        };
        v1::Kept { look: Some(look) }
    }
}

impl TryFrom<v1::Kept> for KeptLook {
    type Error = DecodeError;

    fn try_from(v1::Kept { look }: v1::Kept) -> Result<Self, DecodeError> {
        Ok(match look.ok_or(DecodeError::Missing("kept.look"))? {
            Look::List(v1::ListKept { before_ms, most }) => KeptLook::List { before_ms, most },
            Look::Search(v1::SearchKept { query, most }) => KeptLook::Search { query, most },
            Look::Show(name) => KeptLook::Show(name),
            Look::Forget(name) => KeptLook::Forget(name),
        })
    }
}

impl From<Keep> for v1::Keep {
    fn from(keep: Keep) -> Self {
        let change = match keep {
            Keep::Scope { of, scope } => Change::Scope(v1::KeepScope {
                of: Some(match of {
                    KeepOf::Household => Of::Household(true),
                    KeepOf::Room(room) => Of::Room(room),
                    KeepOf::Conversation => Of::Conversation(true),
                }),
                scope: scope.map(|scope| v1::PrivacyScope::from(scope).into()),
            }),
            Keep::Hours(hours) => Change::Hours(hours),
            Keep::Redact(what) => Change::Redact(v1::Redactions {
                what: what
                    .into_iter()
                    .map(|what| v1::Redaction::from(what).into())
                    .collect(),
            }),
        };
        v1::Keep {
            change: Some(change),
        }
    }
}

impl TryFrom<v1::Keep> for Keep {
    type Error = DecodeError;

    fn try_from(v1::Keep { change }: v1::Keep) -> Result<Self, DecodeError> {
        Ok(match change.ok_or(DecodeError::Missing("keep.change"))? {
            Change::Scope(v1::KeepScope { of, scope }) => Keep::Scope {
                of: match of.ok_or(DecodeError::Missing("keep.scope.of"))? {
                    Of::Household(_) => KeepOf::Household,
                    Of::Room(room) => KeepOf::Room(room),
                    Of::Conversation(_) => KeepOf::Conversation,
                },
                scope: scope.map(PrivacyScope::from_wire).transpose()?,
            },
            Change::Hours(hours) => Keep::Hours(hours),
            Change::Redact(v1::Redactions { what }) => Keep::Redact(
                what.into_iter()
                    .map(Redaction::from_wire)
                    .collect::<Result<_, _>>()?,
            ),
        })
    }
}
