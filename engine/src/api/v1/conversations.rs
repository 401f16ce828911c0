//! Conversations that are kept, where somebody wants that.

use super::{
    Refusal,
    body::{asked, at_most, named},
    guest::Guest,
};
use crate::api::{Door, refusal::Problem};
use axum::{
    Json,
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode},
};
use loqa_protocol::{ClientFrame, KeptLook, ServerFrame};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// So many are told at once, at most.
const MOST: u32 = 500;

/// A conversation that is kept.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Conversation {
    /// 32 hexadecimal digits.
    id: String,
    /// Whose it is, by id; nobody's in particular if none.
    person: Option<u64>,
    /// How long it is kept: `session` or `persistent`.
    scope: String,
    /// When it began, Unix ms.
    begun_ms: i64,
    /// When it ended, Unix ms.
    last_ms: i64,
    turns: u64,
    /// Entries, of all kinds.
    events: u64,
    /// Its first words; none if they cannot be read.
    title: Option<String>,
}

/// A turn with the words that were looked for.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Found {
    /// The conversation it is in, by id.
    conversation: String,
    /// Which entry of it.
    seq: u64,
    /// When, Unix ms.
    at_ms: i64,
    /// What was said and answered, in small letters, a line each.
    text: String,
}

/// Conversations, or turns where words are looked for.
#[derive(Default, Serialize, ToSchema)]
pub struct Listed {
    /// Where no words are looked for.
    conversations: Vec<Conversation>,
    /// Where some are.
    found: Vec<Found>,
}

/// Everything that is kept of a conversation.
#[derive(Serialize, ToSchema)]
pub struct Whole {
    conversation: Conversation,
    /// Entries that cannot be read.
    damaged: u64,
    /// What happened, in order: each has a `subject`, such as `turn.summary`, and fields of its own.
    events: Vec<Value>,
}

/// What the hub's own document says.
#[derive(Deserialize)]
struct Shown {
    conversation: Conversation,
    damaged: u64,
}

/// Which of them.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// So many at most.
    #[serde(default = "most")]
    #[param(minimum = 1, maximum = 500)]
    most: i64,
    /// Those that ended before, Unix ms; counts where no words are looked for.
    before_ms: Option<i64>,
    /// Beginnings of words, all of which are in a turn.
    query: Option<String>,
}

fn most() -> i64 {
    50
}

/// Conversations that are kept, or turns in them
#[utoipa::path(
    get,
    path = "/api/v1/conversations",
    tag = "privacy",
    params(Which, ("Loqa-Pin" = Option<String>, Header, description = "Of an owner, where one has a PIN")),
    responses(
        (status = 200, description = "Newest first; nothing, where nothing is kept", body = Listed),
        (status = 403, description = "The owner's PIN is missing or wrong", body = Problem),
        (status = 400, description = "`most` is no number from 1 to 500, or `before_ms` none", body = Problem),
    ),
)]
pub async fn conversations(
    State(door): State<Arc<Door>>,
    headers: HeaderMap,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Json<Listed>, Refusal> {
    let Which {
        most,
        before_ms,
        query,
    } = asked(which)?;
    let most = at_most(most, MOST)?;
    let mut guest = Guest::of_owner(&door, &headers).await?;
    let query = query.filter(|query| !query.trim().is_empty());
    Ok(Json(match query {
        Some(query) => {
            let look = KeptLook::Search { query, most };
            let found = guest.document(|id| ClientFrame::Kept { id, look });
            Listed {
                found: found.await?,
                ..Listed::default()
            }
        }
        None => {
            let look = KeptLook::List { before_ms, most };
            let list = guest.document(|id| ClientFrame::Kept { id, look });
            Listed {
                conversations: list.await?,
                ..Listed::default()
            }
        }
    }))
}

/// Everything that is kept of a conversation
#[utoipa::path(
    get,
    path = "/api/v1/conversations/{id}",
    tag = "privacy",
    params(
        ("id" = String, Path, description = "Of the conversation, or its beginning"),
        ("Loqa-Pin" = Option<String>, Header, description = "Of an owner, where one has a PIN"),
    ),
    responses(
        (status = 200, description = "What was said, understood, done and answered", body = Whole),
        (status = 403, description = "The owner's PIN is missing or wrong", body = Problem),
        (status = 404, description = "No such conversation is kept", body = Problem),
        (status = 410, description = "It cannot be read: its key is gone", body = Problem),
    ),
)]
pub async fn conversation(
    State(door): State<Arc<Door>>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Json<Whole>, Refusal> {
    let look = KeptLook::Show(named(id)?);
    let mut guest = Guest::of_owner(&door, &headers).await?;
    let mut events = Vec::new();
    let shown = guest.request(
        |id| ClientFrame::Kept { id, look },
        |frame| match frame {
            ServerFrame::Event { envelope, .. } => {
                events.push(envelope.document());
                None
            }
            // What tells of it as a whole comes last.
            ServerFrame::Json { json, .. } => serde_json::from_str::<Shown>(&json).ok(),
            _ => None,
        },
    );
    let Shown {
        conversation,
        damaged,
    } = shown.await?;
    Ok(Json(Whole {
        conversation,
        damaged,
        events,
    }))
}

/// Makes a conversation unreadable for good
#[utoipa::path(
    delete,
    path = "/api/v1/conversations/{id}",
    tag = "privacy",
    params(
        ("id" = String, Path, description = "Of the conversation, all 32 digits"),
        ("Loqa-Pin" = Option<String>, Header, description = "Of an owner, where one has a PIN"),
    ),
    responses(
        (status = 204, description = "Its key is destroyed, and it is gone"),
        (status = 403, description = "The owner's PIN is missing or wrong", body = Problem),
        (status = 404, description = "No such conversation is kept", body = Problem),
    ),
)]
pub async fn forget(
    State(door): State<Arc<Door>>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<StatusCode, Refusal> {
    let look = KeptLook::Forget(named(id)?);
    let mut guest = Guest::of_owner(&door, &headers).await?;
    guest.order(|id| ClientFrame::Kept { id, look }).await?;
    Ok(StatusCode::NO_CONTENT)
}
