//! Connections to elsewhere: nothing else in Loqa opens one. Each has a purpose, a place that the
//! settings name, and an entry in a record that is kept in memory.

mod address;
mod download;
mod exchange;
mod http;
mod reach;
mod record;
mod wire;

pub use address::{Address, AddressError};
pub use download::Download;
pub use http::{Question, Response};
pub use record::{Entry, Outcome};
pub use tokio_tungstenite::tungstenite::{Error as WebSocketError, Message};
pub use wire::Wire;

use loqa_protocol::PrivacyScope;
use reach::Reach;
use record::Record;
use serde::Serialize;
use std::{io, sync::Arc, time::Duration};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::WebSocketStream;

/// How long a connection may take to be made, with all that is said before it can be used.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// What a connection is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
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
    /// Where to.
    pub to: &'a Address,
    /// Scope of the conversation whose words go out; `None` where no words of a person do.
    pub scope: Option<PrivacyScope>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
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

/// The one way out. Clones are the same.
#[derive(Clone)]
pub struct Egress(Arc<Inner>);

struct Inner {
    reach: Reach,
    record: Record,
    encryption: wire::Encryption,
}

/// A WebSocket to elsewhere.
pub type WebSocket = WebSocketStream<Wire>;

impl Egress {
    /// A way to these places and to no other.
    pub fn to(permitted: impl IntoIterator<Item = Address>) -> Egress {
        Egress::within(Reach::Named(permitted.into_iter().collect()))
    }

    /// A way to the internet, encrypted, and to these places in the house.
    pub fn to_internet(house: impl IntoIterator<Item = Address>) -> Egress {
        Egress::within(Reach::Internet {
            house: house.into_iter().collect(),
        })
    }

    fn within(reach: Reach) -> Egress {
        Egress(Arc::new(Inner {
            reach,
            record: Record::default(),
            encryption: wire::Encryption::default(),
        }))
    }

    /// Every connection of late, refused ones too, oldest first.
    pub fn record(&self) -> Vec<Entry> {
        self.0.record.entries()
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// [`EgressError`]: it is not permitted, or nobody answers there within [`PATIENCE`].
    pub async fn open(&self, request: Request<'_>) -> Result<Wire, EgressError> {
        let Inner {
            reach,
            record,
            encryption,
        } = &*self.0;
        let open = record.begin(&request);
        let to = request.to;
        let host = || to.place();
        let unreachable = |source| EgressError::Unreachable {
            host: host(),
            source,
        };
        let connecting = async {
            let found = reach.resolve(to).await?;
            let stream = TcpStream::connect(&found[..]).await;
            let stream = stream.map_err(unreachable)?;
            stream.set_nodelay(true).map_err(unreachable)?;
            if !to.is_encrypted() {
                return Ok(Wire::plain(stream, open.clone()));
            }
            let stream = encryption.begin(to.host(), stream).await;
            let stream = stream.map_err(|source| EgressError::Untrusted {
                host: host(),
                source,
            })?;
            Ok(Wire::encrypted(stream, open.clone()))
        };
        let late = |_| Err(unreachable(io::ErrorKind::TimedOut.into()));
        let connected = timeout(PATIENCE, connecting).await;
        let connected = connected.unwrap_or_else(late);
        connected.inspect_err(|error| {
            open.end(match error {
                EgressError::NotPermitted(_) | EgressError::InTheHouse(_) => Outcome::Refused,
                _ => Outcome::Failed,
            });
        })
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
            Ok(Err(error)) => Err(unexpected(error.to_string())),
            Err(_) => Err(unexpected("it is silent".into())),
        }
    }
}

#[cfg(test)]
mod tests;
