//! Connections to elsewhere: nothing else in Loqa opens one. Each has a purpose, a place that the
//! settings name, something that permits it, and an entry in a ledger that is kept in memory. A sealed
//! house has none.

mod address;
mod border;
mod download;
mod exchange;
mod http;
mod ledger;
mod reach;
mod wire;

pub use address::{Address, AddressError};
pub use border::Border;
pub use download::Download;
pub use http::{Question, Response};
pub use ledger::{By, Entry, Given, LATEST, Outcome, Place};
pub use tokio_tungstenite::tungstenite::{Error as WebSocketError, Message};
pub use wire::Wire;

use loqa_protocol::PrivacyScope;
use reach::Reach;
use serde::{Deserialize, Serialize};
use std::{io, sync::Arc, time::Duration};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::WebSocketStream;

/// How long a connection may take to be made, with all that is said before it can be used.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// What a connection is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Devices that Home Assistant reaches.
    HomeAssistant,
    /// What a skill asks over HTTP.
    Skill,
    /// A model that somebody fetches.
    Model,
}

/// A connection that somebody wants.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// What it is for.
    pub purpose: Purpose,
    /// The skill or model it is for; empty where the purpose says it all.
    pub who: &'a str,
    /// Where to.
    pub to: &'a Address,
    /// Scope of the conversation whose words go out; `None` where no words of a person do.
    pub scope: Option<PrivacyScope>,
    /// What permits it, if it is permitted.
    pub consent: Consent<'a>,
}

/// What permits a connection, by name: something that somebody of the household has said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Consent<'a> {
    /// A setting, such as `home_assistant.url`.
    Setting(&'a str),
    /// A permission that a skill was given.
    Permission(&'a str),
    /// Somebody wants this very thing.
    Order(&'a str),
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// Nobody goes anywhere.
    #[error("the house is sealed: nothing goes out, to {0} either")]
    Sealed(String),
    /// The settings name no such place.
    #[error("connections to {0} are not permitted: no setting names it")]
    NotPermitted(String),
    /// It is not on the internet, and nobody has allowed it.
    #[error("{0} is in the house, where no skill goes unless the settings name it")]
    InTheHouse(String),
    /// No answer, or a refusal.
    #[error("{host} cannot be reached: {source}")]
    Unreachable {
        /// The place.
        host: String,
        /// Why.
        source: io::Error,
    },
    /// Whoever answers cannot show who it is.
    #[error("{host} cannot be trusted: {source}")]
    Untrusted {
        /// The place.
        host: String,
        /// Why.
        source: io::Error,
    },
    /// It answers, but not as it should.
    #[error("{host} does not answer as it should: {reason}")]
    Unexpected {
        /// The place.
        host: String,
        /// In what way.
        reason: String,
    },
}

/// A way out. Clones are the same.
#[derive(Clone)]
pub struct Egress {
    reach: Arc<Reach>,
    border: Border,
}

/// A WebSocket to elsewhere.
pub type WebSocket = WebSocketStream<Wire>;

impl Egress {
    fn within(border: &Border, reach: Reach) -> Egress {
        Egress {
            reach: Arc::new(reach),
            border: border.clone(),
        }
    }

    /// What it leads over.
    pub fn border(&self) -> &Border {
        &self.border
    }

    /// Opens a connection. It ends when the house is sealed.
    ///
    /// # Errors
    /// [`EgressError`]: it is not permitted, or nobody answers there within [`PATIENCE`].
    pub async fn open(&self, request: Request<'_>) -> Result<Wire, EgressError> {
        let open = self.border.begin(&request);
        let sealed = self.border.until_sealed().clone();
        let to = request.to;
        let host = || to.place();
        let unreachable = |source| EgressError::Unreachable {
            host: host(),
            source,
        };
        let connecting = async {
            let found = self.reach.resolve(to).await?;
            let stream = TcpStream::connect(&found[..]).await;
            let stream = stream.map_err(unreachable)?;
            stream.set_nodelay(true).map_err(unreachable)?;
            if !to.is_encrypted() {
                return Ok(Wire::plain(stream, open.clone(), sealed.clone()));
            }
            let stream = self.border.encryption().begin(to.host(), stream).await;
            let stream = stream.map_err(|source| EgressError::Untrusted {
                host: host(),
                source,
            })?;
            Ok(Wire::encrypted(stream, open.clone(), sealed.clone()))
        };
        let late = |_| Err(unreachable(io::ErrorKind::TimedOut.into()));
        let connected = sealed.run_until_cancelled(timeout(PATIENCE, connecting));
        let connected = match connected.await {
            Some(connected) => connected.unwrap_or_else(late),
            None => Err(EgressError::Sealed(host())),
        };
        connected.inspect_err(|error| {
            open.never(match error {
                EgressError::Sealed(_) => Outcome::Sealed,
                EgressError::NotPermitted(_) | EgressError::InTheHouse(_) => Outcome::Refused,
                _ => Outcome::Failed,
            });
        })
    }

    /// What an error really was: a sealed house ends what is open.
    fn or_sealed(&self, to: &Address, error: EgressError) -> EgressError {
        match self.border.is_sealed() {
            true => EgressError::Sealed(to.place()),
            false => error,
        }
    }

    /// Opens a WebSocket at `path` of the place.
    ///
    /// # Errors
    /// As [`Egress::open`]; or there is no WebSocket.
    pub async fn web_socket(
        &self,
        request: Request<'_>,
        path: &str,
    ) -> Result<WebSocket, EgressError> {
        let wire = self.open(request).await?;
        let url = request.to.url("ws", path);
        let opening = tokio_tungstenite::client_async(url, wire);
        let unexpected = |reason: String| EgressError::Unexpected {
            host: request.to.place(),
            reason,
        };
        match timeout(PATIENCE, opening).await {
            Ok(Ok((socket, _))) => Ok(socket),
            Ok(Err(error)) => Err(self.or_sealed(request.to, unexpected(error.to_string()))),
            Err(_) => Err(unexpected("it is silent".into())),
        }
    }
}

#[cfg(test)]
mod tests;
