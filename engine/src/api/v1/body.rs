//! What a request may bring.

use super::{Refusal, refuse};
use crate::hub::LONGEST_SENTENCE;
use axum::{
    Json,
    extract::{FromRequest, Request, rejection::JsonRejection},
    http::StatusCode,
};
use serde::de::DeserializeOwned;

/// A sentence, every letter of it escaped, and little else; bytes.
pub const MAX_BODY: usize = 16 * 1024;

/// A JSON document that was asked for.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        match Json::from_request(request, state).await {
            Ok(Json(document)) => Ok(Body(document)),
            Err(rejection) => Err(because(&rejection)),
        }
    }
}

fn because(rejection: &JsonRejection) -> Refusal {
    let status = rejection.status();
    let (code, help) = match status {
        StatusCode::PAYLOAD_TOO_LARGE => ("too_long", "send at most 16 KiB"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            ("not_json", "send it with `Content-Type: application/json`")
        }
        _ => ("malformed", "/api/v1/docs shows what this address takes"),
    };
    refuse(status, code, rejection.body_text(), help)
}

/// A sentence without what surrounds it.
///
/// # Errors
/// There is none, or more than one says.
pub fn sentence(text: &str) -> Result<&str, Refusal> {
    let no = |code, message, help| {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Err(refuse(status, code, message, help))
    };
    let length = text.chars().count();
    let text = text.trim();
    if text.is_empty() {
        let help = "send the words that somebody would say";
        return no("no_words", "`text` has no words".into(), help);
    }
    if length > LONGEST_SENTENCE {
        let message =
            format!("`text` has {length} characters, and a sentence at most {LONGEST_SENTENCE}");
        return no("too_long", message, "send one sentence at a time");
    }
    Ok(text)
}
