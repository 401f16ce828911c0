//! What leaves the house: where it may connect to, what went there, and whether it is sealed.

use super::{
    Refusal,
    body::{Body, asked},
    guest::Guest,
    refuse,
};
use crate::{
    api::{Door, refusal::Problem},
    egress::LATEST,
};
use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::StatusCode,
};
use loqa_protocol::ClientFrame;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// What leaves the house.
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

/// What is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "sealed": true })))]
pub struct Seal {
    /// Nothing is connected to from now on, and when the hub starts again; what is open ends.
    sealed: bool,
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

/// What leaves the house: what may, what did, and whether it is sealed
#[utoipa::path(
    get,
    path = "/api/v1/privacy",
    tag = "privacy",
    responses((status = 200, description = "As it is now", body = Privacy)),
)]
pub async fn privacy(State(door): State<Arc<Door>>) -> Result<Json<Privacy>, Refusal> {
    look(&mut Guest::of(&door)?).await
}

/// Seals the house, or opens it again
#[utoipa::path(
    patch,
    path = "/api/v1/privacy",
    tag = "privacy",
    request_body = Seal,
    responses((status = 200, description = "As it is now", body = Privacy)),
)]
pub async fn seal(
    State(door): State<Arc<Door>>,
    Body(Seal { sealed }): Body<Seal>,
) -> Result<Json<Privacy>, Refusal> {
    let mut guest = Guest::of(&door)?;
    guest.order(|id| ClientFrame::Seal { id, sealed }).await?;
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
    let most = u32::try_from(asked(latest)?.most).ok();
    let most = most.filter(|most| (1..=MOST).contains(most));
    let most = most.ok_or_else(|| {
        let help = "send a number from 1 to 512, or leave it out";
        let message = "`most` is not from 1 to 512";
        refuse(StatusCode::BAD_REQUEST, "malformed", message, help)
    })?;
    let mut guest = Guest::of(&door)?;
    let connections = guest.document(|id| ClientFrame::Egress { id, most });
    Ok(Json(connections.await?))
}

async fn look(guest: &mut Guest) -> Result<Json<Privacy>, Refusal> {
    let privacy = guest.document(|id| ClientFrame::Privacy { id, on: true });
    Ok(Json(privacy.await?))
}
