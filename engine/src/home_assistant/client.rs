//! One connection to Home Assistant's WebSocket API, from signing in to its end.

use super::{Trouble, entity::Change, entity::Entity};
use crate::egress::{Address, Consent, Egress, EgressError, Message, Purpose, Request, WebSocket};
use futures::{SinkExt, StreamExt};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};
use tokio::time::timeout;

/// How long an answer may take that the import needs.
const PATIENCE: Duration = Duration::from_secs(10);
/// The first version that tells what it exposes to voice assistants: year, month.
const OLDEST: (u32, u32) = (2023, 5);

/// A connection that is signed in.
pub struct Client {
    socket: WebSocket,
    last_id: u64,
    /// What came while an answer was waited for.
    waiting: VecDeque<Incoming>,
    /// Home Assistant's version, such as `2024.3.3`.
    pub version: String,
}

/// What Home Assistant says.
#[derive(Debug)]
pub enum Incoming {
    /// The answer to the message of this number, or its refusal.
    Answer(u64, Result<Value, Refusal>),
    /// States, of the subscription of this number.
    States(u64, States),
    /// Something else of a subscription has happened.
    Event,
    /// It is there.
    Pong,
}

/// Why Home Assistant does not do something.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
pub struct Refusal {
    /// Such as `unknown_command`.
    #[serde(default)]
    pub code: String,
    /// In words.
    #[serde(default)]
    pub message: String,
}

/// A message of `subscribe_entities`.
#[derive(Debug, Default, Deserialize)]
pub struct States {
    /// Entities that are new.
    #[serde(rename = "a", default)]
    pub added: HashMap<String, Entity>,
    /// Those that have changed.
    #[serde(rename = "c", default)]
    pub changed: HashMap<String, Change>,
    /// Those that are gone.
    #[serde(rename = "r", default)]
    pub removed: Vec<String>,
}

/// Any message, as it comes.
#[derive(Deserialize)]
struct Raw {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    id: u64,
    #[serde(default)]
    success: bool,
    #[serde(default)]
    result: Value,
    #[serde(default)]
    error: Refusal,
    #[serde(default)]
    event: Value,
    #[serde(default)]
    ha_version: String,
}

/// Asks over REST whether Home Assistant is there and knows the token; its version.
///
/// # Errors
/// [`Trouble`]
pub async fn check(egress: &Egress, address: &Address, token: &str) -> Result<String, Trouble> {
    let answer = egress.get(request(address), "/api/config", token).await;
    let answer = answer.map_err(trouble)?;
    match answer.status {
        200 => {}
        401 => return Err(Trouble::WrongToken),
        // It has seen too many wrong ones.
        403 => return Err(Trouble::Banned),
        status => {
            return Err(Trouble::NotHomeAssistant(format!(
                "it answers with HTTP {status}"
            )));
        }
    }
    let config: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let version = config["version"]
        .as_str()
        .filter(|_| config["unit_system"].is_object());
    let version = version.ok_or_else(|| Trouble::NotHomeAssistant("it tells no version".into()))?;
    new_enough(version)?;
    Ok(version.to_owned())
}

fn new_enough(version: &str) -> Result<(), Trouble> {
    let mut numbers = version
        .split('.')
        .map_while(|part| part.parse::<u32>().ok());
    match (numbers.next(), numbers.next()) {
        (Some(year), Some(month)) if (year, month) >= OLDEST => Ok(()),
        _ => Err(Trouble::TooOld(version.to_owned())),
    }
}

fn request(to: &Address) -> Request<'_> {
    Request {
        purpose: Purpose::HomeAssistant,
        who: "",
        to,
        scope: None,
        consent: Consent::Setting("home_assistant.url"),
    }
}

fn trouble(error: EgressError) -> Trouble {
    match error {
        EgressError::Sealed(_) => Trouble::Sealed,
        EgressError::Unexpected { reason, .. } => Trouble::NotHomeAssistant(reason),
        error @ EgressError::Untrusted { .. } => Trouble::Untrusted(error.to_string()),
        error => Trouble::Unreachable(error.to_string()),
    }
}

impl Client {
    /// Connects and signs in.
    ///
    /// # Errors
    /// [`Trouble`]
    pub async fn connect(
        egress: &Egress,
        address: &Address,
        token: &str,
    ) -> Result<Client, Trouble> {
        let socket = egress.web_socket(request(address), "/api/websocket").await;
        let mut client = Client {
            socket: socket.map_err(trouble)?,
            last_id: 0,
            waiting: VecDeque::new(),
            version: String::new(),
        };
        let greeting = client.read_soon().await?;
        if greeting.kind != "auth_required" {
            return Err(Trouble::NotHomeAssistant(
                "it does not ask who we are".into(),
            ));
        }
        let sign_in = json!({ "type": "auth", "access_token": token });
        client.write(sign_in).await?;
        let answer = client.read_soon().await?;
        match answer.kind.as_str() {
            "auth_ok" => new_enough(&answer.ha_version)?,
            "auth_invalid" => return Err(Trouble::WrongToken),
            _ => return Err(Trouble::NotHomeAssistant("it does not sign us in".into())),
        }
        client.version = answer.ha_version;
        Ok(client)
    }

    /// Sends a message; the number its answer will have.
    ///
    /// # Errors
    /// The connection is gone.
    pub async fn send(&mut self, kind: &str, data: Value) -> Result<u64, Trouble> {
        self.last_id += 1;
        let mut message = Map::new();
        message.insert("id".into(), self.last_id.into());
        message.insert("type".into(), kind.into());
        if let Value::Object(data) = data {
            message.extend(data);
        }
        self.write(message.into()).await?;
        Ok(self.last_id)
    }

    /// Asks, and waits for the answer; what else comes is kept for [`Client::next`].
    ///
    /// # Errors
    /// The connection is gone, or the answer does not come or is none.
    pub async fn ask<R: DeserializeOwned>(
        &mut self,
        kind: &str,
        data: Value,
    ) -> Result<Result<R, Refusal>, Trouble> {
        let id = self.send(kind, data).await?;
        let answer = async {
            loop {
                match self.read_next().await? {
                    Incoming::Answer(of, answer) if of == id => return Ok(answer),
                    other => self.waiting.push_back(other),
                }
            }
        };
        let answer = timeout(PATIENCE, answer).await;
        match answer.unwrap_or_else(|_| Err(silent()))? {
            Ok(answer) => match serde_json::from_value(answer) {
                Ok(answer) => Ok(Ok(answer)),
                Err(error) => Err(Trouble::NotHomeAssistant(format!(
                    "its answer to {kind} cannot be read: {error}"
                ))),
            },
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// The next that Home Assistant says.
    ///
    /// # Errors
    /// The connection is gone.
    pub async fn next(&mut self) -> Result<Incoming, Trouble> {
        match self.waiting.pop_front() {
            Some(incoming) => Ok(incoming),
            None => self.read_next().await,
        }
    }

    /// The same, which is not long in coming.
    ///
    /// # Errors
    /// The connection is gone, or silent.
    pub async fn next_soon(&mut self) -> Result<Incoming, Trouble> {
        let next = timeout(PATIENCE, self.next()).await;
        next.unwrap_or_else(|_| Err(silent()))
    }

    async fn read_next(&mut self) -> Result<Incoming, Trouble> {
        loop {
            let raw = self.read().await?;
            return Ok(match raw.kind.as_str() {
                "result" if raw.success => Incoming::Answer(raw.id, Ok(raw.result)),
                "result" => Incoming::Answer(raw.id, Err(raw.error)),
                "pong" => Incoming::Pong,
                "event" => match raw.event.get("event_type") {
                    Some(_) => Incoming::Event,
                    None => {
                        let states = serde_json::from_value(raw.event);
                        Incoming::States(raw.id, states.map_err(|error| unreadable(&error))?)
                    }
                },
                _ => continue,
            });
        }
    }

    async fn read_soon(&mut self) -> Result<Raw, Trouble> {
        let read = timeout(PATIENCE, self.read()).await;
        read.unwrap_or_else(|_| Err(silent()))
    }

    async fn read(&mut self) -> Result<Raw, Trouble> {
        loop {
            return match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    serde_json::from_str(&text).map_err(|error| unreadable(&error))
                }
                Some(Ok(Message::Close(_))) | None => {
                    Err(Trouble::Unreachable("it has ended the connection".into()))
                }
                Some(Ok(_)) => continue,
                Some(Err(error)) => Err(Trouble::Unreachable(error.to_string())),
            };
        }
    }

    async fn write(&mut self, message: Value) -> Result<(), Trouble> {
        let message = Message::text(message.to_string());
        let sent = self.socket.send(message).await;
        sent.map_err(|error| Trouble::Unreachable(error.to_string()))
    }
}

fn silent() -> Trouble {
    Trouble::Unreachable("it is silent".into())
}

fn unreadable(error: &serde_json::Error) -> Trouble {
    Trouble::NotHomeAssistant(format!("what it says cannot be read: {error}"))
}
