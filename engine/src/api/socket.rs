//! The gateway's protocol over a WebSocket: each binary message is one frame.

use super::{
    Door,
    refusal::{self, Refusal, refuse},
};
use crate::gateway::{Answers, Connection, Overflow, answers};
use axum::{
    extract::{
        State, WebSocketUpgrade,
        ws::{CloseFrame, Message, WebSocket, close_code, rejection::WebSocketUpgradeRejection},
    },
    http::{HeaderMap, StatusCode},
    response::Response,
};
use futures::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use loqa_protocol::{
    ClientFrame, Problem, ServerFrame,
    wire::{MAX_FRAME_BYTES, Wire},
};
use std::{sync::Arc, time::Duration};
use tokio::{sync::OwnedSemaphorePermit, time::timeout};

/// How long a browser may take for the last words before it is hung up on.
const GOODBYE: Duration = Duration::from_secs(1);

/// How often is looked whether whoever opened it would still be let in.
const LOOK: Duration = Duration::from_secs(2);

/// The id of problems of the connection as a whole.
const CONNECTION: u32 = 0;

/// Opens a WebSocket
///
/// Each binary message is one frame of the gateway's protocol, as on the hub's own socket:
/// `proto/loqa/v1/client.proto`.
#[utoipa::path(
    get,
    path = "/api/v1/events",
    tag = "the house",
    responses(
        (status = 101, description = "From now on this is a WebSocket"),
        (status = 400, description = "No WebSocket was asked for", body = refusal::Problem),
    ),
)]
pub async fn events(
    State(door): State<Arc<Door>>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    let upgrade = upgrade.map_err(|rejection| {
        let help = "connect to this address with `ws:` or `wss:`";
        let status = StatusCode::BAD_REQUEST;
        refuse(status, "no_websocket", rejection.body_text(), help)
    })?;
    match door.places.clone().try_acquire_owned() {
        Ok(place) => Ok(serve(door, headers, place, upgrade)),
        Err(_) => Err(refuse(
            StatusCode::SERVICE_UNAVAILABLE,
            "too_many_clients",
            "too many dashboards are open",
            "close one",
        )),
    }
}

/// Becomes a WebSocket that holds its place until it closes.
fn serve(
    door: Arc<Door>,
    headers: HeaderMap,
    place: OwnedSemaphorePermit,
    upgrade: WebSocketUpgrade,
) -> Response {
    upgrade
        .max_message_size(MAX_FRAME_BYTES)
        .max_frame_size(MAX_FRAME_BYTES)
        .on_upgrade(async move |socket| {
            talk(&door, &headers, socket).await;
            drop(place);
        })
}

/// Until the browser goes, reads too slowly, sends what is no frame, its token or session ends, or the
/// hub stops.
async fn talk(door: &Door, headers: &HeaderMap, socket: WebSocket) {
    let (mut sink, stream) = socket.split();
    let (answers, mut outbox) = answers();
    let connection = door.service.connect(answers.clone(), &door.place(headers));
    let writing = async {
        loop {
            let frame = match outbox.next().await {
                Ok(frame) => Message::Binary(frame.to_bytes().into()),
                Err(Overflow { shed }) => return Some(too_slow(shed)),
            };
            tokio::select! {
                biased;
                sent = sink.send(frame) => if sent.is_err() {
                    return None;
                },
                () = outbox.overflow() => return Some(too_slow(0)),
            }
        }
    };
    let cancel = door.tasks.cancelled();
    let last = tokio::select! {
        biased;
        () = cancel.cancelled() => Some(problem("hub_stopping", "the hub is stopping".into(), "")),
        () = until_unknown(door, headers) => {
            let message = "the token or session that opened this is over".into();
            Some(problem("signed_out", message, "sign in again, or show the hub's token"))
        }
        last = read(stream, connection, &answers) => last,
        last = writing => last,
    };
    if let Some(last) = last {
        // Whoever does not read in time is hung up on without it.
        let _ = timeout(GOODBYE, say_goodbye(&mut sink, last)).await;
    }
}

/// Takes frames until there are no more; why, if the browser must be told.
async fn read(
    mut stream: SplitStream<WebSocket>,
    mut connection: Box<dyn Connection>,
    answers: &Answers,
) -> Option<Problem> {
    while let Some(Ok(message)) = stream.next().await {
        let wrong = match message {
            Message::Binary(bytes) => match ClientFrame::from_bytes(&bytes) {
                Ok(frame) => {
                    connection.handle(frame).await;
                    continue;
                }
                Err(error) => error.to_string(),
            },
            Message::Text(_) => "a message of text instead of one of bytes".into(),
            Message::Ping(_) | Message::Pong(_) => continue,
            Message::Close(_) => return None,
        };
        if answers.is_closed() {
            return None;
        }
        let help = "reload the page: it must be of the same version as the hub";
        return Some(problem("malformed_frame", wrong, help));
    }
    None
}

/// Until the hub no longer knows who shows these.
async fn until_unknown(door: &Door, headers: &HeaderMap) {
    while door.knows(headers) {
        tokio::time::sleep(LOOK).await;
    }
}

fn too_slow(shed: u64) -> Problem {
    let message =
        format!("this browser reads too slowly: {shed} events were left out and answers piled up");
    problem("slow_client", message, "reload the page")
}

fn problem(code: &str, message: String, help: &str) -> Problem {
    Problem {
        code: code.into(),
        message,
        help: help.into(),
    }
}

async fn say_goodbye(sink: &mut SplitSink<WebSocket, Message>, last: Problem) {
    let reason = last.code.clone();
    let frame = ServerFrame::Problem {
        id: CONNECTION,
        problem: last,
    };
    let _ = sink.send(Message::Binary(frame.to_bytes().into())).await;
    let close = CloseFrame {
        code: close_code::POLICY,
        reason: reason.into(),
    };
    let _ = sink.send(Message::Close(Some(close))).await;
}
