//! The hub's Unix socket: one task per client.

use super::{
    Answers, Connection, GatewayError, MACHINE, Service,
    address::{address, socket_path},
    answers::{Outbox, Overflow, answers},
};
use crate::{
    store::DataFolder,
    tasks::{TaskKind, Tasks},
};
use loqa_protocol::{
    Problem, ServerFrame,
    wire::{FrameReader, StreamError, write_frame},
};
use std::{
    fs, io,
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        UnixListener, UnixSocket,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::Semaphore,
    time::{sleep, timeout},
};

/// More clients than this at once is a client that leaks connections; they wait to be accepted.
const MAX_CLIENTS: usize = 256;

/// How long a client may take for the last words before it is hung up on.
const GOODBYE: Duration = Duration::from_secs(1);

/// An open socket that nobody is served on yet.
pub struct Server {
    listener: UnixListener,
    socket: SocketFile,
}

/// Removes the socket when the hub ends, and keeps the data folder held until then: the file is
/// always ours to remove.
struct SocketFile {
    path: PathBuf,
    _folder: Arc<DataFolder>,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

impl Server {
    /// Opens `loqa.sock` (0600) in a data folder this process holds. A socket that a killed hub
    /// left behind is replaced. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub fn bind(folder: &Arc<DataFolder>) -> Result<Server, GatewayError> {
        let path = socket_path(folder.path());
        let error = |source| GatewayError::Socket {
            path: path.clone(),
            source,
        };
        match fs::symlink_metadata(&path) {
            Ok(found) if found.file_type().is_socket() => fs::remove_file(&path).map_err(error)?,
            Ok(_) => return Err(GatewayError::InTheWay(path)),
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => {}
            Err(other) => return Err(error(other)),
        }
        let address = address(folder.path())?;
        let socket = UnixSocket::new_stream().map_err(error)?;
        socket.bind(&address.path).map_err(error)?;
        // Nobody can connect before `listen`, so nobody does under other permissions.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(error)?;
        let listener = socket.listen(128).map_err(error)?;
        Ok(Server {
            listener,
            socket: SocketFile {
                path,
                _folder: folder.clone(),
            },
        })
    }

    /// Serves every client that comes, until `tasks` shut down; then the socket is removed.
    /// The engine stops if the socket fails.
    pub fn serve(self, service: Arc<dyn Service>, tasks: &Tasks) {
        let cancel = tasks.cancelled();
        let clients = tasks.clone();
        tasks.spawn(TaskKind::ESSENTIAL, "gateway", async move {
            let accepting = self.accept(service, &clients);
            cancel
                .run_until_cancelled(accepting)
                .await
                .unwrap_or(Ok(()))
        });
    }

    async fn accept(self, service: Arc<dyn Service>, tasks: &Tasks) -> io::Result<()> {
        let Server {
            listener,
            socket: _socket,
        } = self;
        let places = Arc::new(Semaphore::new(MAX_CLIENTS));
        for number in 1_u64.. {
            let place = places
                .clone()
                .acquire_owned()
                .await
                .map_err(io::Error::other)?;
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) if is_passing(&error) => {
                    tracing::warn!(%error, "a client could not be accepted");
                    sleep(Duration::from_millis(100)).await;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let (service, cancel) = (service.clone(), tasks.cancelled());
            tasks.spawn(TaskKind::CLIENT, format!("client {number}"), async move {
                let _place = place;
                let (answers, outbox) = answers();
                let connection = service.connect(answers.clone(), MACHINE);
                let (read, write) = stream.into_split();
                let mut writer = Writer { socket: write, outbox, bytes: Vec::new(), sent: 0 };
                tokio::select! {
                    biased;
                    () = cancel.cancelled() => {
                        let _ = answers.send(problem(CONNECTION, "hub_stopping", "the hub is stopping".into(), ""));
                    }
                    () = read_frames(read, connection, &answers) => {}
                    () = writer.run() => {}
                }
                writer.say_goodbye().await;
            });
        }
        Ok(())
    }
}

/// Out of file handles, or a client that hung up at once: the socket itself is well.
fn is_passing(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, Interrupted, OutOfMemory};
    // EMFILE and ENFILE have no kind of their own; they are 24 and 23 on Linux and macOS.
    matches!(error.kind(), ConnectionAborted | Interrupted | OutOfMemory)
        || matches!(error.raw_os_error(), Some(23 | 24))
}

/// Until the client hangs up, or sends what is no frame.
async fn read_frames(
    mut socket: OwnedReadHalf,
    mut connection: Box<dyn Connection>,
    answers: &Answers,
) {
    let mut reader = FrameReader::default();
    let mut piece = vec![0; 64 * 1024];
    loop {
        match socket.read(&mut piece).await {
            Ok(0) | Err(_) => return,
            Ok(length) => reader.push(&piece[..length]),
        }
        loop {
            match reader.next_frame() {
                Ok(Some(frame)) => connection.handle(frame).await,
                Ok(None) => break,
                Err(error) => {
                    let code = match error {
                        StreamError::TooLong { .. } => "frame_too_long",
                        StreamError::Frame(_) => "malformed_frame",
                    };
                    let _ = answers.send(problem(
                        CONNECTION,
                        code,
                        error.to_string(),
                        "client and hub must be of the same version of Loqa",
                    ));
                    return;
                }
            }
        }
    }
}

/// The id of problems of the connection as a whole.
const CONNECTION: u32 = 0;

fn problem(id: u32, code: &str, message: String, help: &str) -> ServerFrame {
    ServerFrame::Problem {
        id,
        problem: Problem {
            code: code.into(),
            message,
            help: help.into(),
        },
    }
}

/// Writes queued frames; remembers how far it came, so that it may be stopped anywhere.
struct Writer {
    socket: OwnedWriteHalf,
    outbox: Outbox,
    bytes: Vec<u8>,
    sent: usize,
}

impl Writer {
    /// Until the client is gone or reads too slowly.
    async fn run(&mut self) {
        loop {
            match self.outbox.next().await {
                Ok(frame) => self.put(&frame),
                Err(Overflow { .. }) => return,
            }
            let Writer {
                socket,
                outbox,
                bytes,
                sent,
            } = self;
            tokio::select! {
                biased;
                written = write_rest(socket, bytes, sent) => {
                    if written.is_err() {
                        return;
                    }
                }
                () = outbox.overflow() => return,
            }
        }
    }

    /// Writes what is still queued, and why the connection ends, if the client still reads.
    async fn say_goodbye(mut self) {
        while let Some(next) = self.outbox.take() {
            match next {
                Ok(frame) => self.put(&frame),
                Err(Overflow { shed }) => {
                    let message = format!(
                        "this client reads too slowly: {shed} events were left out and answers piled up"
                    );
                    self.put(&problem(
                        CONNECTION,
                        "slow_client",
                        message,
                        "read answers as they come",
                    ));
                    break;
                }
            }
        }
        let goodbye = async {
            write_rest(&mut self.socket, &mut self.bytes, &mut self.sent).await?;
            self.socket.shutdown().await
        };
        let _ = timeout(GOODBYE, goodbye).await;
    }

    fn put(&mut self, frame: &ServerFrame) {
        if let Err(error) = write_frame(frame, &mut self.bytes) {
            let instead = problem(
                frame.id(),
                "answer_too_long",
                error.to_string(),
                "ask for less at once",
            );
            // A few hundred bytes always fit.
            let _ = write_frame(&instead, &mut self.bytes);
        }
    }
}

/// Cancel-safe: `sent` tells how far it came.
async fn write_rest(
    socket: &mut OwnedWriteHalf,
    bytes: &mut Vec<u8>,
    sent: &mut usize,
) -> io::Result<()> {
    while *sent < bytes.len() {
        match socket.write(&bytes[*sent..]).await? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            written => *sent += written,
        }
    }
    bytes.clear();
    *sent = 0;
    Ok(())
}
