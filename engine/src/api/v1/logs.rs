//! What the hub has logged. Words of a person are not in it.

use super::{Refusal, body::asked, guest::Guest, refuse};
use crate::api::Door;
use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::StatusCode,
};
use loqa_protocol::ClientFrame;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// One line.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct LogLine {
    /// From 1, without gaps.
    seq: u64,
    /// Unix time, ms.
    at_ms: u64,
    /// `ERROR` to `TRACE`.
    level: String,
    /// The message, then its fields.
    text: String,
}

/// Where to go on.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct From {
    /// `seq` of the last line that is known.
    #[serde(default)]
    #[param(minimum = 0)]
    after: i64,
}

/// The last lines of the hub's log
///
/// 500 at most; all of them if the hub has started anew meanwhile.
#[utoipa::path(
    get,
    path = "/api/v1/logs",
    tag = "the house",
    params(From),
    responses(
        (status = 200, description = "Oldest first", body = Vec<LogLine>),
        (status = 400, description = "`after` is no number", body = crate::api::refusal::Problem),
    ),
)]
pub async fn logs(
    State(door): State<Arc<Door>>,
    from: Result<Query<From>, QueryRejection>,
) -> Result<Json<Vec<LogLine>>, Refusal> {
    let after = u64::try_from(asked(from)?.after).map_err(|_| {
        let help = "send the `seq` of a line, or leave `after` out";
        refuse(
            StatusCode::BAD_REQUEST,
            "malformed",
            "`after` is below 0",
            help,
        )
    })?;
    let mut guest = Guest::of(&door)?;
    let lines = guest.document(|id| ClientFrame::Logs { id, after });
    Ok(Json(lines.await?))
}
