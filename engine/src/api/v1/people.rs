//! Who lives here, whom microphones, screens and rooms speak for, and who may do what.

use super::{
    Refusal,
    body::{Body, named},
    guest::{self, Guest},
    refuse,
};
use crate::api::{Door, refusal::Problem};
use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, StatusCode},
};
use loqa_protocol::{ClientFrame, PeopleEdit, PrivacyScope};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use utoipa::ToSchema;

type Named = Result<Path<String>, PathRejection>;
type Shown = Result<Json<People>, Refusal>;

/// The people of this household.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct People {
    people: Vec<Person>,
    /// Microphones, screens and rooms.
    places: Vec<Place>,
    /// The household's own, the one that counts first first.
    rules: Vec<Rule>,
    /// Those that count after them.
    given: Vec<Rule>,
    /// Changes need the PIN of an owner, in the header `Loqa-Pin`.
    locked: bool,
    /// The room the hub stands in, by its id.
    room: Option<String>,
}

/// Somebody of the household, or a guest.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Person {
    id: u64,
    name: String,
    /// `owner`, `adult`, `child` or `guest`.
    role: String,
    /// When they count no longer, Unix ms.
    expires_ms: Option<i64>,
    /// They do not any more.
    expired: bool,
    /// They have a PIN.
    pin: bool,
    /// How long what they say may be kept: `ephemeral`, `session` or `persistent`.
    keeps: String,
}

/// A microphone, a screen or a room.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Place {
    /// What to call it by in requests.
    place: String,
    /// `microphone`, `machine`, `programs`, `room` or `screen`.
    kind: String,
    /// As people call it; empty if nobody has called it anything.
    name: String,
    /// A role, or the id of a person, if anybody has chosen.
    speaks_for: Option<String>,
    /// It is what this was asked through.
    asks: bool,
}

/// What is done about wishes of a kind.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Rule {
    id: Option<u64>,
    /// Of these; of whoever, if there is none.
    roles: Vec<String>,
    /// `everyday`, `private`, `risky`, or whatever.
    risk: Option<String>,
    /// `anywhere`, `shared` (rooms of more than one person), `own` (of one person), or `room`.
    r#where: String,
    /// Which room, by its id.
    room: Option<String>,
    /// `HH:MM`, if it is not at any time.
    from: Option<String>,
    to: Option<String>,
    /// `allow`, `show` (not spoken), `confirm`, `pin` or `refuse`.
    ruling: String,
}

/// Who lives here, and who may do what
#[utoipa::path(
    get,
    path = "/api/v1/people",
    tag = "people",
    responses((status = 200, description = "Of PINs only whether there are any", body = People)),
)]
pub async fn people(State(door): State<Arc<Door>>) -> Shown {
    show(&mut Guest::of(&door)?).await
}

/// Somebody as they are to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "name": "Ada", "role": "guest", "expires_ms": 1_893_456_000_000_i64 })))]
pub struct NewPerson {
    #[schema(max_length = 100)]
    name: String,
    /// `owner`, `adult`, `child` or `guest`.
    role: String,
    /// When they count no longer, Unix ms; never, if it is left out.
    #[serde(default)]
    expires_ms: Option<i64>,
}

/// Adds somebody
#[utoipa::path(
    post,
    path = "/api/v1/people",
    tag = "people",
    params(("Loqa-Pin" = Option<String>, Header, description = "Of an owner, where one has a PIN")),
    request_body = NewPerson,
    responses(
        (status = 200, description = "All of them, as they are now", body = People),
        (status = 403, description = "The owner's PIN is missing or wrong", body = Problem),
        (status = 422, description = "What cannot be so", body = Problem),
    ),
)]
pub async fn add(
    State(door): State<Arc<Door>>,
    headers: HeaderMap,
    Body(person): Body<NewPerson>,
) -> Shown {
    edit(&door, &headers, of(0, person)).await
}

/// Changes somebody
#[utoipa::path(
    put,
    path = "/api/v1/people/{id}",
    tag = "people",
    params(
        ("id" = u64, Path, description = "Of the person"),
        ("Loqa-Pin" = Option<String>, Header, description = "Of an owner, where one has a PIN"),
    ),
    request_body = NewPerson,
    responses(
        (status = 200, description = "All of them, as they are now", body = People),
        (status = 403, description = "The owner's PIN is missing or wrong", body = Problem),
        (status = 404, description = "There is nobody of this id", body = Problem),
        (status = 422, description = "What cannot be so", body = Problem),
    ),
)]
pub async fn change(
    State(door): State<Arc<Door>>,
    id: Named,
    headers: HeaderMap,
    Body(person): Body<NewPerson>,
) -> Shown {
    edit(&door, &headers, of(numbered(id)?, person)).await
}

/// Takes somebody away
///
/// With what spoke for them: it speaks for the household again.
#[utoipa::path(
    delete,
    path = "/api/v1/people/{id}",
    tag = "people",
    params(
        ("id" = u64, Path, description = "Of the person"),
        ("Loqa-Pin" = Option<String>, Header, description = "Of an owner, where one has a PIN"),
    ),
    responses(
        (status = 200, description = "All who stay", body = People),
        (status = 403, description = "The owner's PIN is missing or wrong", body = Problem),
        (status = 404, description = "There is nobody of this id", body = Problem),
        (status = 409, description = "They are the last owner with a PIN", body = Problem),
    ),
)]
pub async fn remove(State(door): State<Arc<Door>>, id: Named, headers: HeaderMap) -> Shown {
    edit(&door, &headers, PeopleEdit::Remove(numbered(id)?)).await
}

/// A PIN.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPin {
    /// 4 to 12 digits; empty: none.
    #[schema(max_length = 12)]
    pin: String,
}

/// Gives somebody another PIN, or none
#[utoipa::path(
    put,
    path = "/api/v1/people/{id}/pin",
    tag = "people",
    params(
        ("id" = u64, Path, description = "Of the person"),
        ("Loqa-Pin" = Option<String>, Header, description = "Of an owner, where one has a PIN"),
    ),
    request_body = NewPin,
    responses(
        (status = 200, description = "All of them, as they are now", body = People),
        (status = 403, description = "The owner's PIN is missing or wrong", body = Problem),
        (status = 404, description = "There is nobody of this id", body = Problem),
        (status = 422, description = "It is no PIN", body = Problem),
    ),
)]
pub async fn pin(
    State(door): State<Arc<Door>>,
    id: Named,
    headers: HeaderMap,
    Body(NewPin { pin }): Body<NewPin>,
) -> Shown {
    let person = numbered(id)?;
    edit(&door, &headers, PeopleEdit::NewPin { person, pin }).await
}

/// What somebody agrees to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "scope": "session", "text": "Keep what I say for a day." })))]
pub struct NewKeeps {
    /// How long what they say may be kept: `ephemeral` (not at all), `session` or `persistent`.
    scope: KeptFor,
    /// What they have read and agree to; may be left out for `ephemeral`.
    #[serde(default)]
    #[schema(max_length = 4000)]
    text: String,
}

/// How long words live.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeptFor {
    Ephemeral,
    Session,
    Persistent,
}

/// Has what somebody says kept, as they agree to, or no longer
///
/// Less than before forgets what was kept of theirs.
#[utoipa::path(
    put,
    path = "/api/v1/people/{id}/keeps",
    tag = "people",
    params(
        ("id" = u64, Path, description = "Of the person"),
        ("Loqa-Pin" = Option<String>, Header, description = "Their own, if they have one; else of an owner, where one has a PIN"),
    ),
    request_body = NewKeeps,
    responses(
        (status = 200, description = "All of them, as they are now", body = People),
        (status = 403, description = "The PIN is missing or wrong", body = Problem),
        (status = 404, description = "There is nobody of this id", body = Problem),
        (status = 422, description = "There is no text that they agree to", body = Problem),
    ),
)]
pub async fn keeps(
    State(door): State<Arc<Door>>,
    id: Named,
    headers: HeaderMap,
    Body(NewKeeps { scope, text }): Body<NewKeeps>,
) -> Shown {
    let change = PeopleEdit::Keeps {
        person: numbered(id)?,
        scope: match scope {
            KeptFor::Ephemeral => PrivacyScope::Ephemeral,
            KeptFor::Session => PrivacyScope::Session,
            KeptFor::Persistent => PrivacyScope::Persistent,
        },
        text,
    };
    edit(&door, &headers, change).await
}

/// Whom something speaks for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "speaks_for": "child" })))]
pub struct Speaks {
    /// A role, or the id of a person; empty: as if nobody had chosen.
    speaks_for: String,
    /// What people call it.
    #[serde(default)]
    #[schema(max_length = 100)]
    name: String,
}

/// Chooses whom a microphone, a screen or a room speaks for
#[utoipa::path(
    put,
    path = "/api/v1/places/{place}",
    tag = "people",
    params(
        ("place" = String, Path, description = "As /api/v1/people calls it", example = "room:kitchen"),
        ("Loqa-Pin" = Option<String>, Header, description = "Of an owner, where one has a PIN"),
    ),
    request_body = Speaks,
    responses(
        (status = 200, description = "All of them, as they are now", body = People),
        (status = 403, description = "The owner's PIN is missing or wrong", body = Problem),
        (status = 422, description = "There is no such place, role or person", body = Problem),
    ),
)]
pub async fn place(
    State(door): State<Arc<Door>>,
    place: Named,
    headers: HeaderMap,
    Body(Speaks { speaks_for, name }): Body<Speaks>,
) -> Shown {
    let change = PeopleEdit::Place {
        place: named(place)?,
        name,
        speaks_for,
    };
    edit(&door, &headers, change).await
}

/// A rule as it is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "roles": ["guest"], "risk": "risky", "from": "22:00", "to": "06:00", "ruling": "refuse" })))]
pub struct NewRule {
    /// Of these; of whoever, if it is left out.
    #[serde(default)]
    roles: Vec<String>,
    /// `everyday`, `private`, `risky`; whatever, if it is left out.
    #[serde(default)]
    risk: String,
    /// `anywhere`, `shared`, `own`, or the id of a room.
    #[serde(default)]
    r#where: String,
    /// `HH:MM`; at any time, if it is left out with `to`.
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    /// `allow`, `show` (not spoken), `confirm`, `pin` or `refuse`.
    ruling: String,
}

/// Adds a rule, which counts before those there are
#[utoipa::path(
    post,
    path = "/api/v1/rules",
    tag = "people",
    params(("Loqa-Pin" = Option<String>, Header, description = "Of an owner, where one has a PIN")),
    request_body = NewRule,
    responses(
        (status = 200, description = "All of them, as they are now", body = People),
        (status = 403, description = "The owner's PIN is missing or wrong", body = Problem),
        (status = 422, description = "What cannot be so", body = Problem),
    ),
)]
pub async fn add_rule(
    State(door): State<Arc<Door>>,
    headers: HeaderMap,
    Body(rule): Body<NewRule>,
) -> Shown {
    let change = PeopleEdit::Rule {
        roles: rule.roles,
        risk: rule.risk,
        r#where: rule.r#where,
        from: rule.from,
        to: rule.to,
        ruling: rule.ruling,
    };
    edit(&door, &headers, change).await
}

/// Takes a rule away
#[utoipa::path(
    delete,
    path = "/api/v1/rules/{id}",
    tag = "people",
    params(
        ("id" = u64, Path, description = "Of the rule"),
        ("Loqa-Pin" = Option<String>, Header, description = "Of an owner, where one has a PIN"),
    ),
    responses(
        (status = 200, description = "All that stay", body = People),
        (status = 403, description = "The owner's PIN is missing or wrong", body = Problem),
        (status = 404, description = "There is no such rule", body = Problem),
    ),
)]
pub async fn remove_rule(State(door): State<Arc<Door>>, id: Named, headers: HeaderMap) -> Shown {
    edit(&door, &headers, PeopleEdit::RemoveRule(numbered(id)?)).await
}

fn of(id: u64, person: NewPerson) -> PeopleEdit {
    PeopleEdit::Person {
        id,
        name: person.name,
        role: person.role,
        expires_ms: person.expires_ms,
    }
}

/// An id that is none names nobody; 0 would make somebody.
fn numbered(id: Named) -> Result<u64, Refusal> {
    let id = named(id)?;
    id.parse().ok().filter(|id| *id > 0).ok_or_else(|| {
        refuse(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("there is nothing with the id `{id}`"),
            "/api/v1/people tells which there are",
        )
    })
}

async fn edit(door: &Arc<Door>, headers: &HeaderMap, edit: PeopleEdit) -> Shown {
    let pin = guest::pin(headers).unwrap_or_default();
    let mut guest = Guest::of(door)?;
    let change = |id| ClientFrame::EditPeople { id, pin, edit };
    guest.document::<Value>(change).await?;
    show(&mut guest).await
}

async fn show(guest: &mut Guest) -> Shown {
    let people = guest.document(|id| ClientFrame::People { id }).await?;
    Ok(Json(people))
}
