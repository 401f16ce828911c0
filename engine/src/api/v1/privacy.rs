//! What leaves the house, and what is kept in it: where it may connect to, what went there, whether it is
//! sealed, and how long words live.

use super::{
    Refusal,
    body::{Body, asked, at_most, unfit},
    guest::Guest,
};
use crate::{
    api::{Door, refusal::Problem},
    egress::LATEST,
};
use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::HeaderMap,
};
use loqa_protocol::{ClientFrame, Keep, KeepOf, PrivacyScope, Redaction};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};
use utoipa::{IntoParams, ToSchema};

/// What leaves the house, and what is kept in it.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Privacy {
    /// Nothing is connected to, whatever is permitted.
    sealed: bool,
    /// Since when all this is counted, Unix ms: the hub's start.
    since_ms: u64,
    /// Where connections are permitted, whether there were any or not.
    allowed: Vec<Allowed>,
    /// Where somebody wanted to connect to.
    places: Vec<Place>,
    keeping: Keeping,
    /// What people have agreed to, withdrawn or not.
    consents: Vec<Agreed>,
}

/// How long words live.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Keeping {
    /// Everybody's: `ephemeral` (not kept) or `session` (kept for a while); none if nobody has chosen.
    household: Option<String>,
    /// Those of a room, by its id, where somebody has chosen.
    rooms: BTreeMap<String, String>,
    /// Hours that a conversation is kept that is kept for a while.
    hours: u32,
    /// What is made unreadable before it is kept: `names`, `numbers`, `text`.
    redact: Vec<String>,
    /// Where nobody has chosen: `privacy` under `[conversation]` of the settings.
    otherwise: String,
}

/// What somebody has agreed to.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Agreed {
    /// Who, by id.
    person: u64,
    name: String,
    /// How long their words may be kept: `session` or `persistent`.
    scope: String,
    /// What they were shown.
    text: String,
    /// Unix ms.
    given_at_ms: i64,
    /// Unix ms, if it was.
    withdrawn_at_ms: Option<i64>,
}

/// A place that the household permits.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Allowed {
    /// What for: `home_assistant`, `skill` or `model`.
    purpose: String,
    /// The skill that may ask there; empty where the purpose says it all.
    who: String,
    /// Host and port; empty: wherever the publishers of models have them.
    host: String,
    consent: Consent,
}

/// What permits connections.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Consent {
    /// `setting`; `permission`, which a skill was given; `order`: somebody wanted this very thing.
    by: String,
    /// Of the setting, the permission or the thing.
    name: String,
    /// When it was given, Unix ms, where that was written down.
    at_ms: Option<i64>,
}

/// What went to one place.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Place {
    /// As of what is allowed.
    purpose: String,
    /// Host and port; empty for all that came after 256 others.
    host: String,
    /// Over TLS, each time.
    encrypted: bool,
    /// The skills or models it was for.
    who: Vec<String>,
    /// Connections that were made, or are being made.
    opened: u64,
    /// Those that were wanted and not made: not permitted, or the house was sealed.
    refused: u64,
    /// Those that nobody answered.
    failed: u64,
    /// Bytes, before encryption.
    sent: u64,
    /// Bytes, after decryption.
    received: u64,
    /// When the last was wanted, Unix ms.
    last_ms: u64,
}

/// One connection.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Connection {
    /// When it was wanted, Unix ms.
    at_ms: u64,
    /// As of what is allowed.
    purpose: String,
    /// The skill or model it was for; empty where the purpose says it all.
    who: String,
    /// Host and port.
    host: String,
    /// Over TLS?
    encrypted: bool,
    /// `ephemeral`, `session` or `persistent`: of the conversation whose words went out; none where no
    /// words of a person did.
    scope: Option<String>,
    /// None where nothing permitted it.
    consent: Option<Consent>,
    /// `open`; `closed`; `failed`: nobody answered; `refused`: it is not permitted; `sealed`: the house
    /// is, or was while it was open.
    outcome: String,
    /// When it was over, Unix ms.
    ended_ms: Option<u64>,
    /// Bytes, before encryption.
    sent: u64,
    /// Bytes, after decryption.
    received: u64,
}

/// What is to be; what is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "sealed": true }), json!({ "keep": { "household": "session", "hours": 48 } })))]
pub struct Change {
    /// Nothing is connected to from now on, and when the hub starts again; what is open ends.
    sealed: Option<bool>,
    /// What is kept of what is said from now on.
    keep: Option<NewKeeping>,
}

/// How long words are to live.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKeeping {
    /// Everybody's.
    household: Option<Scope>,
    /// Those of rooms, by their ids.
    #[serde(default)]
    rooms: BTreeMap<String, Scope>,
    /// Hours that a conversation is kept that is kept for a while.
    #[schema(minimum = 1, maximum = 87_600)]
    hours: Option<u32>,
    /// All of what is to be made unreadable before it is kept.
    redact: Option<Vec<Unreadable>>,
}

/// How long.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Not at all.
    Ephemeral,
    /// For a while.
    Session,
    /// As if nobody had chosen.
    Default,
}

/// What can be made unreadable.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unreadable {
    /// Of the household's people.
    Names,
    /// In digits and in words.
    Numbers,
    /// Words that no command of the household has.
    Text,
}

impl NewKeeping {
    /// As the hub is asked, one after the other.
    fn changes(self) -> Vec<Keep> {
        let scope = |of, scope: Scope| Keep::Scope {
            of,
            scope: match scope {
                Scope::Ephemeral => Some(PrivacyScope::Ephemeral),
                Scope::Session => Some(PrivacyScope::Session),
                Scope::Default => None,
            },
        };
        let household = self.household.map(|it| scope(KeepOf::Household, it));
        let rooms = self.rooms.into_iter();
        let rooms = rooms.map(|(id, it)| scope(KeepOf::Room(id), it));
        let redact = self.redact.map(|what| {
            let what = what.into_iter().map(|what| match what {
                Unreadable::Names => Redaction::Names,
                Unreadable::Numbers => Redaction::Numbers,
                Unreadable::Text => Redaction::Text,
            });
            Keep::Redact(what.collect())
        });
        let hours = self.hours.map(Keep::Hours);
        // What is to be hidden is, before anything is kept.
        let mut changes: Vec<Keep> = redact.into_iter().chain(hours).collect();
        changes.extend(rooms.chain(household));
        changes
    }
}

/// How far back.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Latest {
    /// So many at most.
    #[serde(default = "all")]
    #[param(minimum = 1, maximum = 512)]
    most: i64,
}

fn all() -> i64 {
    MOST.into()
}

/// What the hub remembers.
const MOST: u32 = 512;
const _: () = assert!(MOST as usize == LATEST, "as the schema says");

/// What leaves the house, whether it is sealed, and how long words live in it
#[utoipa::path(
    get,
    path = "/api/v1/privacy",
    tag = "privacy",
    responses((status = 200, description = "As it is now", body = Privacy)),
)]
pub async fn privacy(State(door): State<Arc<Door>>) -> Result<Json<Privacy>, Refusal> {
    look(&mut Guest::of(&door)?).await
}

/// Seals the house or opens it again, and changes what is kept
#[utoipa::path(
    patch,
    path = "/api/v1/privacy",
    tag = "privacy",
    params(("Loqa-Pin" = Option<String>, Header, description = "Of an owner, where one has a PIN")),
    request_body = Change,
    responses(
        (status = 200, description = "As it is now", body = Privacy),
        (status = 403, description = "The owner's PIN is missing or wrong", body = Problem),
    ),
)]
pub async fn change(
    State(door): State<Arc<Door>>,
    headers: HeaderMap,
    Body(Change { sealed, keep }): Body<Change>,
) -> Result<Json<Privacy>, Refusal> {
    let keep = keep.map(NewKeeping::changes).unwrap_or_default();
    if sealed.is_none() && keep.is_empty() {
        let help = "send `sealed`, or something in `keep`: /api/v1/docs shows what there is";
        return Err(unfit("keep", "there is nothing to change", help));
    }
    let mut guest = Guest::of_owner(&door, &headers).await?;
    if let Some(sealed) = sealed {
        guest.order(|id| ClientFrame::Seal { id, sealed }).await?;
    }
    for keep in keep {
        guest.order(|id| ClientFrame::Keep { id, keep }).await?;
    }
    look(&mut guest).await
}

/// The latest connections to elsewhere, refused ones too
#[utoipa::path(
    get,
    path = "/api/v1/egress",
    tag = "privacy",
    params(Latest),
    responses(
        (status = 200, description = "Oldest first", body = Vec<Connection>),
        (status = 400, description = "`most` is no number from 1 to 512", body = Problem),
    ),
)]
pub async fn egress(
    State(door): State<Arc<Door>>,
    latest: Result<Query<Latest>, QueryRejection>,
) -> Result<Json<Vec<Connection>>, Refusal> {
    let most = at_most(asked(latest)?.most, MOST)?;
    let mut guest = Guest::of(&door)?;
    let connections = guest.document(|id| ClientFrame::Egress { id, most });
    Ok(Json(connections.await?))
}

async fn look(guest: &mut Guest) -> Result<Json<Privacy>, Refusal> {
    let privacy = guest.document(|id| ClientFrame::Privacy { id, on: true });
    Ok(Json(privacy.await?))
}
