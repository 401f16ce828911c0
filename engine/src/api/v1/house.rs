//! The house as it is now.

use super::{
    Refusal,
    guest::{Guest, Seen},
    shown::{Home, Now},
    turn::PastTurn,
};
use crate::api::Door;
use axum::{Json, extract};
use std::sync::Arc;

type State = extract::State<Arc<Door>>;
type Shown<T> = Result<Json<T>, Refusal>;

/// Timers, lists, and whether the room is listened to
#[utoipa::path(
    get,
    path = "/api/v1/now",
    tag = "the house",
    responses((status = 200, description = "As they are", body = Now)),
)]
pub async fn now(extract::State(door): State) -> Shown<Now> {
    Ok(Json(look(&door).await?.into()))
}

/// Rooms and devices, with their states
#[utoipa::path(
    get,
    path = "/api/v1/home",
    tag = "the house",
    responses((status = 200, description = "In the order of home.toml", body = Home)),
)]
pub async fn home(extract::State(door): State) -> Shown<Home> {
    Ok(Json(look(&door).await?.into()))
}

/// The turns of the last 15 minutes
///
/// They are kept in memory alone, 250 at most.
#[utoipa::path(
    get,
    path = "/api/v1/turns",
    tag = "the house",
    responses((status = 200, description = "Newest first", body = Vec<PastTurn>)),
)]
pub async fn turns(extract::State(door): State) -> Shown<Vec<PastTurn>> {
    Ok(Json(PastTurn::newest_first(look(&door).await?.turns)))
}

async fn look(door: &Arc<Door>) -> Result<Seen, Refusal> {
    Guest::of(door)?.look().await
}
