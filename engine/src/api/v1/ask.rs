//! Saying something to Loqa, and asking what it would understand.

use super::{
    Refusal,
    body::{Body, sentence},
    guest::Guest,
    refuse,
    turn::{Meaning, Turn, Understood},
};
use crate::{api::Door, gateway::Client, hub::LONGEST_SENTENCE};
use axum::{Json, extract::State, http::StatusCode};
use loqa_protocol::{ClientFrame, ServerFrame};
use serde::{Deserialize, Serialize};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;
use utoipa::ToSchema;

/// Conversations that can be gone on with; the longest ago is over first.
const MOST: usize = 16;
/// How long one waits for its next turn.
const PATIENCE: Duration = Duration::from_secs(120);

/// A sentence for Loqa.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "text": "turn on the kitchen lights" })))]
pub struct Ask {
    /// What somebody would say.
    #[schema(
        min_length = 1,
        max_length = 1000,
        pattern = r"\S",
        examples("turn on the kitchen lights")
    )]
    text: String,
    /// The conversation that it goes on with, such as to answer a question: for 2 minutes after its
    /// last turn. A new one without.
    #[serde(default)]
    #[schema(pattern = "^[0-9a-f]{32}$")]
    conversation: Option<String>,
}

/// What came of it.
#[derive(Serialize, ToSchema)]
pub struct Answer {
    /// Names the conversation, for a next turn.
    #[schema(pattern = "^[0-9a-f]{32}$")]
    conversation: String,
    /// Loqa has asked something, and waits for the answer in this conversation.
    asks: bool,
    /// What was understood, done and said.
    turn: Turn,
}

/// Says something to Loqa
///
/// It is done, and answered aloud where the hub has a speaker, as if it had been said in the room.
#[utoipa::path(
    post,
    path = "/api/v1/ask",
    tag = "sentences",
    request_body = Ask,
    responses(
        (status = 200, description = "What was understood, done and said", body = Answer),
        (status = 404, description = "That conversation is over", body = crate::api::refusal::Problem),
    ),
)]
pub async fn ask(
    State(door): State<Arc<Door>>,
    Body(ask): Body<Ask>,
) -> Result<Json<Answer>, Refusal> {
    let text = sentence(&ask.text)?.to_owned();
    let mut guest = Guest::of(&door)?;
    let conversation = match ask.conversation {
        None => format!("{:032x}", rand::random::<u128>()),
        Some(name) => {
            guest.client = door.conversations.take(&name).ok_or_else(over)?;
            name
        }
    };
    let turn = guest.request(
        |id| ClientFrame::Ask { id, text },
        |frame| match frame {
            ServerFrame::Turn { summary, .. } => Some(summary),
            _ => None,
        },
    );
    let turn = turn.await?;
    door.conversations.keep(conversation.clone(), guest.client);
    Ok(Json(Answer {
        conversation,
        asks: turn.asks(),
        turn: turn.into(),
    }))
}

fn over() -> Refusal {
    refuse(
        StatusCode::NOT_FOUND,
        "conversation_over",
        "there is no such conversation, or it is over",
        "leave `conversation` out to begin a new one",
    )
}

/// A sentence to think about.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Try {
    /// What somebody might say.
    #[schema(
        min_length = 1,
        max_length = 1000,
        pattern = r"\S",
        examples("set a timer for ten minutes")
    )]
    text: String,
}

/// Tells what a sentence means, without doing it
#[utoipa::path(
    post,
    path = "/api/v1/intent",
    tag = "sentences",
    request_body = Try,
    responses((status = 200, description = "What it means; no steps if nothing", body = Meaning)),
)]
pub async fn meaning(
    State(door): State<Arc<Door>>,
    Body(Try { text }): Body<Try>,
) -> Result<Json<Meaning>, Refusal> {
    let text = sentence(&text)?.to_owned();
    let mut guest = Guest::of(&door)?;
    let understood: Understood = guest
        .document(|id| ClientFrame::Intent { id, text })
        .await?;
    Ok(Json(understood.into()))
}

/// Those that wait for their next turn, the longest ago first.
#[derive(Default)]
pub struct Conversations(Mutex<VecDeque<Waiting>>);

struct Waiting {
    name: String,
    client: Client,
    since: Instant,
}

impl Conversations {
    /// Goes on with one, unless it is over or somebody else does.
    fn take(&self, name: &str) -> Option<Client> {
        let mut waiting = self.waiting();
        let at = waiting.iter().position(|one| one.name == name)?;
        waiting.remove(at).map(|one| one.client)
    }

    fn keep(&self, name: String, client: Client) {
        let mut waiting = self.waiting();
        if waiting.len() == MOST {
            waiting.pop_front();
        }
        waiting.push_back(Waiting {
            name,
            client,
            since: Instant::now(),
        });
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|one| one.since.elapsed() < PATIENCE);
        waiting
    }
}

const _: () = assert!(LONGEST_SENTENCE == 1000, "as the schemas say");
