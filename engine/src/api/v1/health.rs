//! What works, what does not, and what to do about it.

use super::{Refusal, guest::Guest};
use crate::api::Door;
use axum::{Json, extract::State};
use loqa_protocol::ClientFrame;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// What works and what does not.
#[derive(Serialize, ToSchema)]
pub struct Health {
    state: Wellness,
    checks: Vec<Check>,
}

/// How well the hub is.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Wellness {
    /// Everything works.
    Well,
    /// Something does not, and Loqa does without.
    Degraded,
    /// Something does not that Loqa needs.
    Broken,
}

/// One thing that was looked at.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Check {
    what: String,
    /// It works.
    ok: bool,
    /// Loqa cannot do its job without.
    needed: bool,
    /// How it is.
    message: String,
    /// What to do about it; empty if nothing.
    help: String,
}

impl From<Vec<Check>> for Health {
    fn from(checks: Vec<Check>) -> Health {
        let of = |check: &Check| match (check.ok, check.needed) {
            (true, _) => Wellness::Well,
            (false, false) => Wellness::Degraded,
            (false, true) => Wellness::Broken,
        };
        let worst = checks.iter().map(of).max_by_key(|state| *state as u8);
        Health {
            state: worst.unwrap_or(Wellness::Well),
            checks,
        }
    }
}

/// What works, what does not, and what to do about it
#[utoipa::path(
    get,
    path = "/api/v1/health",
    tag = "the house",
    responses((status = 200, description = "As `loqa doctor` tells it", body = Health)),
)]
pub async fn health(State(door): State<Arc<Door>>) -> Result<Json<Health>, Refusal> {
    let mut guest = Guest::of(&door)?;
    let checks: Vec<Check> = guest.document(|id| ClientFrame::Doctor { id }).await?;
    Ok(Json(checks.into()))
}
