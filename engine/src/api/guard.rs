//! What keeps pages of other people away: they run in the same browser, and reach the same addresses.

use super::{Door, refuse, token};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::sync::Arc;

/// Nothing but the dashboard's own files, and no page around it. WebAssembly must be compiled,
/// which `'wasm-unsafe-eval'` allows without allowing to evaluate text.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
     img-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// What every answer says to the browser.
pub async fn headers(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        let headers = response.headers_mut();
        // A page that needs another policy brings it.
        let header = headers.entry(name);
        header.or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Lets in only who asks for this hub by its own name, from a page of this hub: a name that was
/// made to lead here (DNS rebinding) and a page from elsewhere are refused.
pub async fn origin(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let host = text(headers, header::HOST).unwrap_or_default();
    let Some(own) = door.entrance.origin(host) else {
        return refuse(
            StatusCode::FORBIDDEN,
            "wrong_host",
            "this hub has another address",
            "`loqa dashboard` shows it",
        )
        .into_response();
    };
    // Absent: not a browser, or one that fetches from its own page.
    let foreign =
        headers.contains_key(header::ORIGIN) && text(headers, header::ORIGIN) != Some(&own);
    if foreign {
        return refuse(
            StatusCode::FORBIDDEN,
            "wrong_origin",
            "a page of another site may not talk to this hub",
            "open the hub's own page",
        )
        .into_response();
    }
    next.run(request).await
}

/// Lets in only who has signed in, or shows the hub's token.
pub async fn session(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    if door.knows(request.headers()) {
        return next.run(request).await;
    }
    let (code, message, help) = match token::shown(request.headers()) {
        Some(_) => (
            "wrong_token",
            "this is not the hub's token",
            "`loqa dashboard token` makes another",
        ),
        None => (
            "not_signed_in",
            "the hub does not know who asks",
            "`loqa dashboard` shows the code for a browser, `loqa dashboard token` makes one for a program",
        ),
    };
    refuse(StatusCode::UNAUTHORIZED, code, message, help).into_response()
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}
