//! What a request may bring.

use super::{Refusal, refuse};
use crate::hub::LONGEST_SENTENCE;
use axum::{
    Json,
    extract::{
        FromRequest, Path, Query, Request,
        rejection::{JsonRejection, PathRejection, QueryRejection},
    },
    http::StatusCode,
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, Visitor, value::MapAccessDeserializer},
};
use std::{fmt, marker::PhantomData};

/// A sentence, every letter of it escaped, and little else; bytes.
pub const MAX_BODY: usize = 16 * 1024;

/// A JSON document that was asked for.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        match Json::from_request(request, state).await {
            Ok(Json(Object(document))) => Ok(Body(document)),
            Err(rejection) => Err(because(&rejection)),
        }
    }
}

/// A document with keys: a list of its values in their order is none.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Keys(PhantomData))
    }
}

struct Keys<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Keys<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Object<T>, M::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

/// How many somebody wants, from 1 to `all`.
///
/// # Errors
/// They want none, or more than there can be.
pub fn at_most(most: i64, all: u32) -> Result<u32, Refusal> {
    let number = u32::try_from(most).ok();
    let number = number.filter(|most| (1..=all).contains(most));
    number.ok_or_else(|| {
        let help = format!("send a number from 1 to {all}, or leave it out");
        let message = format!("`most` is not from 1 to {all}");
        refuse(StatusCode::BAD_REQUEST, "malformed", message, &help)
    })
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

/// What an address names.
///
/// # Errors
/// A name that is no text names nothing.
pub fn named(id: Result<Path<String>, PathRejection>) -> Result<String, Refusal> {
    id.map(|Path(id)| id).map_err(|_| {
        refuse(
            StatusCode::NOT_FOUND,
            "not_found",
            "there is nothing at this address",
            "/api/v1/home tells what there is",
        )
    })
}

/// What follows the question mark.
///
/// # Errors
/// It is not what this address takes.
pub fn asked<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, Refusal> {
    query.map(|Query(asked)| asked).map_err(|rejection| {
        refuse(
            StatusCode::BAD_REQUEST,
            "malformed",
            rejection.body_text(),
            "/api/v1/docs shows what this address takes",
        )
    })
}

/// A revision of the home as it is written: 16 hexadecimal digits, as a number of JSON would lose
/// some of its 64 bits in many programs.
///
/// # Errors
/// It is none.
pub fn revision(text: &str) -> Result<u64, Refusal> {
    let is_digit = |c: u8| matches!(c, b'0'..=b'9' | b'a'..=b'f');
    let none = || {
        unfit(
            "revision",
            "a revision has 16 hexadecimal digits",
            "send the `revision` of the home that you have seen: /api/v1/home",
        )
    };
    if text.len() != 16 || !text.bytes().all(is_digit) {
        return Err(none());
    }
    u64::from_str_radix(text, 16).map_err(|_| none())
}

/// A key of what was sent cannot be so.
pub fn unfit(field: &str, message: impl Into<String>, help: &str) -> Refusal {
    let mut refusal = refuse(StatusCode::UNPROCESSABLE_ENTITY, field, message, help);
    refusal.problem.field = Some(field.into());
    refusal
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
