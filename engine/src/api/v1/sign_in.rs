//! How a browser signs in and out.

use super::{Refusal, refuse};
use crate::api::{Door, pairing::Refused, refusal::Problem, serve::Peer};
use axum::{
    Extension, Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Who answers.
#[derive(Serialize, ToSchema)]
pub struct Hello {
    /// Of the hub.
    version: &'static str,
    /// Whether it knows who asks.
    signed_in: bool,
    /// Whether it shows the page for the wall, and nothing else: the display of a node.
    display: bool,
}

/// Whether this is a hub, and whether it knows who asks
#[utoipa::path(
    get,
    path = "/api/v1/hello",
    tag = "signing in",
    responses((status = 200, description = "It is", body = Hello)),
)]
pub async fn hello(State(door): State<Arc<Door>>, headers: HeaderMap) -> Json<Hello> {
    Json(Hello {
        version: env!("CARGO_PKG_VERSION"),
        signed_in: door.knows(&headers),
        display: door.entrance.node().is_some(),
    })
}

/// What proves who asks.
#[derive(Deserialize, ToSchema)]
pub struct Login {
    /// The code that `loqa dashboard` shows, or the household's password.
    code: String,
}

/// Signs a browser in
///
/// Ten wrong codes in a row lock the door for a minute, for who sent them.
#[utoipa::path(
    post,
    path = "/api/v1/login",
    tag = "signing in",
    request_body = Login,
    responses(
        (status = 204, description = "Signed in, for 90 days", headers(("Set-Cookie" = String))),
        (status = 401, description = "The wrong code", body = Problem),
        (status = 429, description = "Too many wrong codes", body = Problem, headers(("Retry-After" = u64))),
    ),
)]
pub async fn login(
    State(door): State<Arc<Door>>,
    Extension(Peer(peer)): Extension<Peer>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let body = body.map_err(|rejection| {
        let help = "send the pairing code and nothing else";
        refuse(rejection.status(), "too_long", rejection.body_text(), help)
    })?;
    let Ok(Login { code }) = serde_json::from_slice(&body) else {
        return Err(refuse(
            StatusCode::BAD_REQUEST,
            "malformed",
            "this is not {\"code\": \"…\"}",
            "send the pairing code as JSON",
        ));
    };
    match door.pairing.sign_in(&code, peer, &door.entrance).await {
        Ok(cookie) => Ok(with_cookie(cookie)),
        Err(Refused::Wrong) => Err(refuse(
            StatusCode::UNAUTHORIZED,
            "wrong_code",
            "this is not the code that the hub shows, nor the password",
            "`loqa dashboard` shows it",
        )),
        Err(Refused::Locked { seconds }) => Err(Refusal {
            retry_after_s: Some(seconds),
            ..refuse(
                StatusCode::TOO_MANY_REQUESTS,
                "locked",
                "too many wrong codes",
                format!("wait {} min, then try again", seconds.div_ceil(60)),
            )
        }),
    }
}

/// Signs a browser out
#[utoipa::path(
    post,
    path = "/api/v1/logout",
    tag = "signing in",
    responses((status = 204, description = "Signed out", headers(("Set-Cookie" = String)))),
)]
pub async fn logout(State(door): State<Arc<Door>>) -> Response {
    with_cookie(door.entrance.set_cookie("", 0))
}

fn with_cookie(cookie: String) -> Response {
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response()
}
