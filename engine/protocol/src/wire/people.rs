//! Changes of who lives here and what they may do.

use super::{DecodeError, FromWire, v1};
use crate::{PeopleEdit, PrivacyScope};
use v1::edit_people::Edit;

impl From<PeopleEdit> for Edit {
    fn from(edit: PeopleEdit) -> Self {
        match edit {
            PeopleEdit::Person {
                id,
                name,
                role,
                expires_ms,
            } => Edit::Person(v1::PersonEdit {
                id,
                name,
                role,
                expires_ms,
            }),
            PeopleEdit::Remove(id) => Edit::Remove(id),
            PeopleEdit::NewPin { person, pin } => Edit::NewPin(v1::NewPin { person, pin }),
            PeopleEdit::Place {
                place,
                name,
                speaks_for,
            } => Edit::Place(v1::PlaceEdit {
                place,
                name,
                speaks_for,
            }),
            PeopleEdit::Rule {
                roles,
                risk,
                r#where,
                from,
                to,
                ruling,
            } => Edit::Rule(v1::RuleEdit {
                roles,
                risk,
                r#where,
                from,
                to,
                ruling,
            }),
            PeopleEdit::RemoveRule(id) => Edit::RemoveRule(id),
            PeopleEdit::Keeps {
                person,
                scope,
                text,
            } => Edit::Keeps(v1::KeepsEdit {
                person,
                scope: v1::PrivacyScope::from(scope).into(),
                text,
            }),
        }
    }
}

impl TryFrom<Option<Edit>> for PeopleEdit {
    type Error = DecodeError;

    fn try_from(edit: Option<Edit>) -> Result<Self, DecodeError> {
        Ok(
            match edit.ok_or(DecodeError::Missing("edit_people.edit"))? {
                Edit::Person(v1::PersonEdit {
                    id,
                    name,
                    role,
                    expires_ms,
                }) => PeopleEdit::Person {
                    id,
                    name,
                    role,
                    expires_ms,
                },
                Edit::Remove(id) => PeopleEdit::Remove(id),
                Edit::NewPin(v1::NewPin { person, pin }) => PeopleEdit::NewPin { person, pin },
                Edit::Place(v1::PlaceEdit {
                    place,
                    name,
                    speaks_for,
                }) => PeopleEdit::Place {
                    place,
                    name,
                    speaks_for,
                },
                Edit::Rule(v1::RuleEdit {
                    roles,
                    risk,
                    r#where,
                    from,
                    to,
                    ruling,
                }) => PeopleEdit::Rule {
                    roles,
                    risk,
                    r#where,
                    from,
                    to,
                    ruling,
                },
                Edit::RemoveRule(id) => PeopleEdit::RemoveRule(id),
                Edit::Keeps(v1::KeepsEdit {
                    person,
                    scope,
                    text,
                }) => PeopleEdit::Keeps {
                    person,
                    scope: PrivacyScope::from_wire(scope)?,
                    text,
                },
            },
        )
    }
}
