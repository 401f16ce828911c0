//! The hub's own microphone.

use super::{Refusal, body::Body, guest::Guest};
use crate::api::{Door, refusal::Problem};
use axum::{extract::State, http::StatusCode};
use loqa_protocol::ClientFrame;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Whether the room is heard.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Mute {
    /// What the microphone hears is thrown away from now on, until this is said again or the hub
    /// starts anew.
    muted: bool,
}

/// Mutes the microphone, or lets it hear again
#[utoipa::path(
    post,
    path = "/api/v1/mute",
    tag = "the microphone",
    request_body = Mute,
    responses((status = 204, description = "From now on")),
)]
pub async fn mute(
    State(door): State<Arc<Door>>,
    Body(Mute { muted }): Body<Mute>,
) -> Result<StatusCode, Refusal> {
    let mut guest = Guest::of(&door)?;
    guest.order(|id| ClientFrame::Mute { id, muted }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets Loqa listen, as after a wake phrase
#[utoipa::path(
    post,
    path = "/api/v1/call",
    tag = "the microphone",
    responses(
        (status = 204, description = "What is said next is for Loqa"),
        (status = 409, description = "The room is not listened to", body = Problem),
    ),
)]
pub async fn call(State(door): State<Arc<Door>>) -> Result<StatusCode, Refusal> {
    let mut guest = Guest::of(&door)?;
    guest.order(|id| ClientFrame::Call { id }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends the call: what was said since is all
#[utoipa::path(
    post,
    path = "/api/v1/call/end",
    tag = "the microphone",
    responses((status = 204, description = "Nothing more is for Loqa")),
)]
pub async fn end_call(State(door): State<Arc<Door>>) -> Result<StatusCode, Refusal> {
    let mut guest = Guest::of(&door)?;
    guest.order(|id| ClientFrame::CallEnd { id }).await?;
    Ok(StatusCode::NO_CONTENT)
}
