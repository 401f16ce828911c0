//! A client's end: the same whether the hub is a process of its own or embedded in this one.

use super::{
    Connection, MACHINE, Service,
    address::address,
    answers::{Outbox, answers},
    gone,
};
use loqa_protocol::{
    ClientFrame, Problem, ServerFrame,
    wire::{FrameReader, write_frame},
};
use std::path::Path;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
};

/// A connection to a hub. Dropping it cancels what was asked for.
pub struct Client {
    sender: ClientSender,
    receiver: ClientReceiver,
}

/// The half that asks.
pub struct ClientSender(Asking);

enum Asking {
    Socket(OwnedWriteHalf),
    Embedded(Box<dyn Connection>),
}

/// The half that is answered.
pub struct ClientReceiver(Answered);

enum Answered {
    Socket {
        socket: OwnedReadHalf,
        reader: FrameReader,
    },
    Embedded(Outbox),
}

impl Client {
    /// Connects to the hub that runs on a data folder; `None` if none does, or none that this
    /// user may talk to.
    pub async fn connect(data: &Path) -> Option<Client> {
        let address = address(data).ok()?;
        let (read, write) = UnixStream::connect(&address.path).await.ok()?.into_split();
        Some(Client {
            sender: ClientSender(Asking::Socket(write)),
            receiver: ClientReceiver(Answered::Socket {
                socket: read,
                reader: FrameReader::default(),
            }),
        })
    }

    /// Connects to a hub in this process, as whoever sits at this machine.
    pub fn embedded(service: &dyn Service) -> Client {
        Client::through(service, MACHINE)
    }

    /// Connects to a hub in this process, through a place.
    pub fn through(service: &dyn Service, place: &str) -> Client {
        let (answers, outbox) = answers();
        Client {
            sender: ClientSender(Asking::Embedded(service.connect(answers, place))),
            receiver: ClientReceiver(Answered::Embedded(outbox)),
        }
    }

    /// See [`ClientSender::send`].
    ///
    /// # Errors
    /// `hub_gone`.
    pub async fn send(&mut self, frame: ClientFrame) -> Result<(), Problem> {
        self.sender.send(frame).await
    }

    /// See [`ClientReceiver::recv`].
    ///
    /// # Errors
    /// `hub_gone`.
    pub async fn recv(&mut self) -> Result<ServerFrame, Problem> {
        self.receiver.recv().await
    }

    /// Two halves that may live in different tasks. Both are needed: the hub forgets a client
    /// one of whose halves was dropped.
    pub fn split(self) -> (ClientSender, ClientReceiver) {
        (self.sender, self.receiver)
    }
}

impl ClientSender {
    /// Sends a frame; waits while the hub has no room for it. Not cancel-safe: a frame that was
    /// sent in part is lost with everything after it.
    ///
    /// # Errors
    /// `hub_gone`, or `frame_too_long` (nothing was sent).
    pub async fn send(&mut self, frame: ClientFrame) -> Result<(), Problem> {
        match &mut self.0 {
            Asking::Embedded(connection) => {
                connection.handle(frame).await;
                Ok(())
            }
            Asking::Socket(socket) => {
                let mut bytes = Vec::new();
                write_frame(&frame, &mut bytes).map_err(|error| Problem {
                    code: "frame_too_long".into(),
                    message: error.to_string(),
                    help: "send less at once".into(),
                })?;
                socket
                    .write_all(&bytes)
                    .await
                    .map_err(|error| gone(format!("the hub hung up: {error}")))
            }
        }
    }
}

impl ClientReceiver {
    /// The next answer. Cancel-safe.
    ///
    /// # Errors
    /// `hub_gone`: nothing more will come.
    pub async fn recv(&mut self) -> Result<ServerFrame, Problem> {
        match &mut self.0 {
            Answered::Embedded(outbox) => outbox
                .next()
                .await
                .map_err(|_| gone("answers piled up unread")),
            Answered::Socket { socket, reader } => {
                let mut piece = vec![0; 64 * 1024];
                loop {
                    match reader.next_frame() {
                        Ok(Some(frame)) => return Ok(frame),
                        Ok(None) => {}
                        Err(error) => {
                            return Err(gone(format!(
                                "the hub sent what this client cannot read: {error}"
                            )));
                        }
                    }
                    match socket.read(&mut piece).await {
                        Ok(0) if reader.is_cut_off() => {
                            return Err(gone("the hub hung up in the middle of an answer"));
                        }
                        Ok(0) => return Err(gone("the hub hung up")),
                        Ok(length) => reader.push(&piece[..length]),
                        Err(error) => return Err(gone(format!("the hub hung up: {error}"))),
                    }
                }
            }
        }
    }
}
