//! Whoever asks over HTTP: a client of the hub for the length of one request.

use super::{Refusal, refuse};
use crate::{
    api::Door,
    gateway::{Client, PROGRAMS},
};
use axum::http::{HeaderMap, StatusCode};
use loqa_protocol::{
    ClientFrame, Envelope, Problem, ServerFrame, ViewPart,
    view::{House, Listening, State},
};
use serde::de::DeserializeOwned;
use std::{sync::Arc, time::Duration};
use tokio::{sync::OwnedSemaphorePermit, time::timeout};

/// How long an answer may take. The hub answers within milliseconds, unless many ask at once.
const PATIENCE: Duration = Duration::from_secs(20);

/// One request's client.
pub struct Guest {
    pub client: Client,
    door: Arc<Door>,
    _place: OwnedSemaphorePermit,
}

/// The house as it is.
pub struct Seen {
    pub house: House,
    pub state: State,
    pub listening: Listening,
    /// The ends of turns, oldest first.
    pub turns: Vec<Envelope>,
}

impl Guest {
    /// A new client.
    ///
    /// # Errors
    /// Too many are served.
    pub fn of(door: &Arc<Door>) -> Result<Guest, Refusal> {
        let Ok(place) = door.requests.clone().try_acquire_owned() else {
            return Err(unavailable("busy", "too many requests are being answered"));
        };
        Ok(Guest {
            client: Client::through(&*door.service, PROGRAMS),
            door: door.clone(),
            _place: place,
        })
    }

    /// A new client that may do what only an owner may, if the request brings the PIN of one.
    ///
    /// # Errors
    /// As [`Guest::of`]; it is not the PIN of one.
    pub async fn of_owner(door: &Arc<Door>, headers: &HeaderMap) -> Result<Guest, Refusal> {
        let mut guest = Guest::of(door)?;
        if let Some(pin) = pin(headers) {
            guest.order(|id| ClientFrame::Unlock { id, pin }).await?;
        }
        Ok(guest)
    }

    /// What `take` makes of the hub's answers to a request, the first that it makes something of.
    /// The last of them is `Done`.
    ///
    /// # Errors
    /// What the hub says against it; that it does not answer in time, or stops.
    pub async fn request<T>(
        &mut self,
        request: impl FnOnce(u32) -> ClientFrame,
        take: impl FnMut(ServerFrame) -> Option<T>,
    ) -> Result<T, Refusal> {
        self.in_parts(|id| vec![request(id)], take).await
    }

    /// Likewise of a request that is sent in parts.
    async fn in_parts<T>(
        &mut self,
        parts: impl FnOnce(u32) -> Vec<ClientFrame>,
        mut take: impl FnMut(ServerFrame) -> Option<T>,
    ) -> Result<T, Refusal> {
        // What still comes of a request before is not taken for an answer to this one.
        let id = rand::random();
        let client = &mut self.client;
        let answered = async {
            for part in parts(id) {
                client.send(part).await?;
            }
            loop {
                let frame = client.recv().await?;
                if frame.id() != id {
                    continue;
                }
                let over = matches!(frame, ServerFrame::Done { .. });
                match frame {
                    ServerFrame::Problem { problem, .. } => return Err(problem),
                    frame => match take(frame) {
                        Some(answer) => return Ok(answer),
                        None if over => return Err(silent()),
                        None => {}
                    },
                }
            }
        };
        let cancel = self.door.tasks.cancelled();
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(unavailable("hub_stopping", "the hub is stopping")),
            answered = timeout(PATIENCE, answered) => match answered {
                Ok(answered) => answered.map_err(refused),
                Err(_) => Err(unavailable("too_slow", "the hub does not answer in time")),
            },
        }
    }

    /// What the hub answers as a document.
    ///
    /// # Errors
    /// As [`Guest::request`].
    pub async fn document<T: DeserializeOwned>(
        &mut self,
        request: impl FnOnce(u32) -> ClientFrame,
    ) -> Result<T, Refusal> {
        self.document_of(|id| vec![request(id)]).await
    }

    /// Likewise of a request that is sent in parts.
    ///
    /// # Errors
    /// As [`Guest::request`].
    pub async fn document_of<T: DeserializeOwned>(
        &mut self,
        parts: impl FnOnce(u32) -> Vec<ClientFrame>,
    ) -> Result<T, Refusal> {
        let json = self.in_parts(parts, |frame| match frame {
            ServerFrame::Json { json, .. } => Some(json),
            _ => None,
        });
        serde_json::from_str(&json.await?).map_err(|_| refused(silent()))
    }

    /// Has something done that has no answer.
    ///
    /// # Errors
    /// As [`Guest::request`].
    pub async fn order(&mut self, request: impl FnOnce(u32) -> ClientFrame) -> Result<(), Refusal> {
        self.request(request, |frame| {
            matches!(frame, ServerFrame::Done { .. }).then_some(())
        })
        .await
    }

    /// Looks at the house.
    ///
    /// # Errors
    /// As [`Guest::request`].
    pub async fn look(&mut self) -> Result<Seen, Refusal> {
        let (mut house, mut state, mut turns) = (House::default(), State::default(), Vec::new());
        let listening = self.request(
            |id| ClientFrame::Watch { id },
            |frame| {
                let ServerFrame::View { view, .. } = frame else {
                    return None;
                };
                match view.part {
                    // The last of what is shown at first.
                    ViewPart::Listening(listening) => return Some(listening),
                    ViewPart::House(shown) => house = shown,
                    ViewPart::State(shown) => state = shown,
                    ViewPart::Event(turn) => turns.push(turn),
                }
                None
            },
        );
        let listening = listening.await?;
        Ok(Seen {
            house,
            state,
            listening,
            turns,
        })
    }
}

/// The PIN that a request brings, in the header `Loqa-Pin`.
pub fn pin(headers: &HeaderMap) -> Option<String> {
    let pin = headers.get("loqa-pin")?.to_str().ok()?;
    Some(pin.to_owned())
}

fn unavailable(code: &str, message: &str) -> Refusal {
    let help = "try again in a moment";
    let mut refusal = refuse(StatusCode::SERVICE_UNAVAILABLE, code, message, help);
    refusal.retry_after_s = Some(1);
    refusal
}

fn silent() -> Problem {
    Problem {
        code: "no_answer".into(),
        message: "the hub gave no answer that can be shown".into(),
        help: "`loqa doctor` tells what is missing".into(),
    }
}

/// What the hub says against a request.
fn refused(problem: Problem) -> Refusal {
    let of_field = |prefix| problem.code.strip_prefix(prefix);
    let of_node = of_field("node_").filter(|field| ["name", "room"].contains(field));
    let field = of_field("home_")
        .or_else(|| of_field("people_"))
        .or(of_node);
    let status =
        match problem.code.as_str() {
            "not_listening" | "home_changed" => StatusCode::CONFLICT,
            "busy" | "skills_changed" | "fixed_skills" | "not_installed" | "built_in"
            | "disabled" => StatusCode::CONFLICT,
            "model_busy" | "model_used" | "last_owner" | "sealed" => StatusCode::CONFLICT,
            "owner_pin" | "wrong_pin" | "pin_locked" => StatusCode::FORBIDDEN,
            "no_person" | "no_rule" | "no_such_conversation" | "no_node" => StatusCode::NOT_FOUND,
            "no_node_waits" | "node_no_puck" | "node_no_inference" => StatusCode::CONFLICT,
            "pairing_code" => StatusCode::UNPROCESSABLE_ENTITY,
            "key_gone" => StatusCode::GONE,
            "no_skill" | "no_offer" | "no_version" | "no_model" => StatusCode::NOT_FOUND,
            "package" | "skill" | "version" | "code" => StatusCode::UNPROCESSABLE_ENTITY,
            "choice" | "same_name" | "same_version" | "earlier" | "takes" | "setting"
            | "settings" => StatusCode::UNPROCESSABLE_ENTITY,
            "home" | "no_such_room" | "bad_hours" => StatusCode::UNPROCESSABLE_ENTITY,
            _ if field.is_some() => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        };
    let mut refusal = refuse(status, &problem.code, &problem.message, &problem.help);
    if field.is_some() {
        refusal.problem.field = field.map(str::to_owned);
    }
    refusal
}
