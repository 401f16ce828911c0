//! Where clients reach the hub: frames in, frames out, in process or over `<data>/loqa.sock`.
//!
//! The hub implements [`Service`]; its [`Connection`]s decide what frames mean. A [`Client`] has
//! the same two methods either way, so a command need not know which it got:
//!
//! ```ignore
//! // The hub:                                        // A command:
//! let store = Store::open(&data)?;                   let mut client = match Client::connect(&data).await {
//! let server = Server::bind(store.folder())?;            Some(client) => client,
//! let hub: Arc<dyn Service> = Hub::start(store, …);      None => Client::embedded(&*Hub::start(…)),
//! server.serve(hub, &tasks);                         };
//! tokio::signal::ctrl_c().await;                     client.send(ClientFrame::Ask { id: 1, text }).await?;
//! tasks.shutdown().await;                            while let frame = client.recv().await? { … Done … }
//! ```

mod address;
mod answers;
mod client;
mod server;
#[cfg(test)]
mod tests;

/// Whom a client speaks for is chosen by how it comes.
pub use crate::people::{MACHINE, PROGRAMS, SCREEN};
pub use answers::{Answers, ClientGone};
pub use client::{Client, ClientReceiver, ClientSender};
pub use server::Server;

pub(crate) use answers::{Overflow, answers};

use futures::future::BoxFuture;
use loqa_protocol::{ClientFrame, Problem};
use std::{io, path::PathBuf};

/// What the hub is to its clients.
pub trait Service: Send + Sync + 'static {
    /// A client came, through `place`: [`MACHINE`], [`PROGRAMS`], or a [`SCREEN`] and its id. Everything it is told goes through `answers`, from any task, for as long as
    /// one is kept; the connection ends when the client does, not when `answers` is dropped.
    fn connect(&self, answers: Answers, place: &str) -> Box<dyn Connection>;
}

/// One client, as the hub sees it. Dropping it means that the client went away (or the hub is
/// stopping): everything it alone asked for is cancelled.
pub trait Connection: Send {
    /// Takes the next frame of the client, in order. The next one is read when the future is done:
    /// start long work elsewhere and return, and wait only for room (audio that is fed faster
    /// than it is heard). A frame that makes no sense is answered with a `Problem`.
    fn handle(&mut self, frame: ClientFrame) -> BoxFuture<'_, ()>;
}

/// Why the gateway cannot open.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The path of the socket does not fit the operating system's limit.
    #[error("the path {} is too long for a socket (at most {max} bytes)\n  help: choose a shorter data folder with --data DIR", .path.display())]
    PathTooLong {
        /// The socket.
        path: PathBuf,
        /// The limit.
        max: usize,
    },
    /// Something that is not a socket has its name.
    #[error("{} is in the way and is not a socket; it was left as it is\n  help: move it out of the data folder", .0.display())]
    InTheWay(PathBuf),
    /// The operating system refused.
    #[error("cannot open the socket {}: {source}", .path.display())]
    Socket {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl From<GatewayError> for Problem {
    fn from(error: GatewayError) -> Self {
        problem("gateway", &error)
    }
}

/// An error as a client is shown it: its help, if it has one, in the place for help.
pub(crate) fn problem(code: &str, error: &dyn std::error::Error) -> Problem {
    let text = error.to_string();
    // Several mistakes in a file keep each help beside its mistake.
    let (message, help) = match text.split_once("\n  help: ") {
        Some((message, help)) if !help.contains("\n  help: ") => {
            (message.to_owned(), help.to_owned())
        }
        _ => (text, String::new()),
    };
    Problem {
        code: code.into(),
        message,
        help,
    }
}

/// The connection is of no more use.
fn gone(message: impl Into<String>) -> Problem {
    Problem {
        code: "hub_gone".into(),
        message: message.into(),
        help: "is the hub still running? try again".into(),
    }
}
