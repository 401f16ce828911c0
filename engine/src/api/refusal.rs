//! Why a request was not met: one shape for all routes.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What was wrong with a request, and what to do about it.
#[derive(Serialize, Deserialize, ToSchema, Debug)]
pub struct Problem {
    /// Stable, `snake_case`: for programs.
    pub code: String,
    /// What was wrong: for people.
    pub message: String,
    /// What to do about it; empty if nothing.
    pub help: String,
    /// The key of the body that cannot be so, if it is one key alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// The answer to such a request.
#[derive(Debug)]
pub struct Refusal {
    pub status: StatusCode,
    pub problem: Problem,
    /// When it is worth trying again.
    pub retry_after_s: Option<u64>,
}

/// Refuses a request.
pub fn refuse(
    status: StatusCode,
    code: &str,
    message: impl Into<String>,
    help: impl Into<String>,
) -> Refusal {
    Refusal {
        status,
        problem: Problem {
            code: code.into(),
            message: message.into(),
            help: help.into(),
            field: None,
        },
        retry_after_s: None,
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.problem)).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let way = HeaderValue::from_static("Bearer");
            headers.insert(header::WWW_AUTHENTICATE, way);
        }
        response
    }
}
