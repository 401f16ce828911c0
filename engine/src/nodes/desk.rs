//! Where nodes come to be paired: a port of its own, which is open while a person has opened pairing.

use crate::{
    gateway::problem,
    tasks::{TaskKind, Tasks},
};
use loqa_link::{
    Hub,
    discovery::{Announcement, Discovery, Household},
    pairing::{
        Desk, DeskError, Guest, MOST_GUESTS, Opening, Paired, Reason, Role, Seen, Sent, channel,
    },
    trust,
};
use loqa_protocol::{NodeId, Problem};
use std::{
    collections::BTreeMap,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc, watch},
    time::{sleep, sleep_until, timeout},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::CertificateDer},
    server::TlsStream,
};

/// Where nodes are paired, unless something else is there: a firewall may be told of it.
const PORT: u16 = 7613;
/// Connections at a time; more are not accepted until one ends.
const CONNECTIONS: usize = 2 * MOST_GUESTS;
/// How long a node may take to agree on encryption.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// How long a connection may last beyond what one opening does.
const LIFETIME: Duration = Duration::from_secs(5 * 60);
/// How long nothing is accepted after that failed, as when too many files are open.
const PAUSE: Duration = Duration::from_millis(100);
/// What one side says in all of a pairing are four frames; a guest for whom more wait is hung up on.
const WAITING: usize = 8;

/// Shared by whoever opens pairing, looks on, and comes.
#[derive(Default)]
pub(crate) struct PairingDesk(Arc<Shared>);

#[derive(Default)]
struct Shared {
    inner: Mutex<Inner>,
    /// Goes up with whatever a person could see.
    changed: watch::Sender<u64>,
}

#[derive(Default)]
struct Inner {
    desk: Option<Desk>,
    /// Unix ms.
    until_ms: i64,
    port: Option<u16>,
    guests: BTreeMap<Guest, mpsc::Sender<Note>>,
    last: Guest,
    discovery: Option<Discovery>,
}

enum Note {
    Bytes(Vec<u8>),
    Close,
}

/// What a person sees of it.
pub(crate) struct State {
    pub seen: Seen,
    /// Unix ms; of no meaning while it is closed.
    pub until_ms: i64,
}

impl PairingDesk {
    /// Opens it, in place of whatever was open, and `announce`s it in the network; tells at which port
    /// nodes come. Blocks, within the runtime.
    ///
    /// # Errors
    /// There is no port to be had.
    pub fn open(
        &self,
        hub: &Hub,
        household: &str,
        opening: Opening,
        now_ms: i64,
        announce: bool,
        tasks: &Tasks,
    ) -> Result<u16, Problem> {
        let mut inner = self.0.lock();
        let port = match inner.port {
            Some(port) => port,
            None => {
                let listener = listen().map_err(|error| Problem {
                    code: "pairing".into(),
                    message: format!(
                        "no node can be paired: no port of this machine can be used: {error}"
                    ),
                    help: "see what else runs here, and try again".into(),
                })?;
                let port = listener
                    .local_addr()
                    .map_err(|it| problem("pairing", &it))?
                    .port();
                let config = channel::server_config(hub.identity());
                let config = Arc::new(config.map_err(|it| problem("pairing", &it))?);
                let (shared, own) = (self.0.clone(), tasks.clone());
                tasks.spawn(TaskKind::CLIENT, "pairing", async move {
                    shared.run(listener, config, own).await;
                });
                inner.port = Some(port);
                port
            }
        };
        inner.until_ms = now_ms
            + opening
                .until()
                .saturating_duration_since(Instant::now())
                .as_millis() as i64;
        let desk = inner
            .desk
            .get_or_insert_with(|| Desk::new(hub.identity().public(), household.to_owned()));
        let sent = desk.open(opening);
        inner.dispatch(sent);
        if announce && inner.discovery.is_none() {
            inner.discovery = announced(hub, household, port);
        }
        drop(inner);
        self.0.tell();
        Ok(port)
    }

    /// What a person sees now.
    pub fn state(&self) -> State {
        let inner = self.0.lock();
        let seen = match &inner.desk {
            Some(desk) => desk.seen(Instant::now()),
            None => Seen::Closed(Reason::Closed),
        };
        State {
            seen,
            until_ms: inner.until_ms,
        }
    }

    /// Whenever what a person sees has changed.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }

    /// A person says that the words of `node` match. `issue`: as [`Desk::accept`] has it.
    ///
    /// # Errors
    /// No such node waits; or why none can be issued.
    pub fn accept(
        &self,
        node: NodeId,
        issue: impl FnOnce(
            &Paired,
        )
            -> Result<(CertificateDer<'static>, CertificateDer<'static>), Problem>,
    ) -> Result<Paired, Problem> {
        let nobody = |reason: Reason| Problem {
            code: "no_node_waits".into(),
            message: format!("no such node waits to be paired: {reason}"),
            help: "open pairing anew, and begin again at the node".into(),
        };
        let mut inner = self.0.lock();
        let desk = inner.desk.as_mut().ok_or_else(|| nobody(Reason::Closed))?;
        let accepted = desk.accept(node, Instant::now(), issue);
        let (paired, sent) = accepted.map_err(|error| match error {
            DeskError::Nobody(reason) => nobody(reason),
            DeskError::Issue(problem) => problem,
        })?;
        inner.dispatch(sent);
        drop(inner);
        self.0.tell();
        Ok(paired)
    }

    /// A person has changed their mind, or says that the words do not match.
    pub fn close(&self) {
        let mut inner = self.0.lock();
        let sent = inner
            .desk
            .as_mut()
            .map(|desk| match desk.seen(Instant::now()) {
                Seen::Compare { .. } => desk.reject(),
                _ => desk.close(Reason::Closed),
            });
        inner.dispatch(sent.unwrap_or_default());
        drop(inner);
        self.0.tell();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        self.changed.send_modify(|it| *it += 1);
    }

    /// Until pairing is closed and everybody has gone, or the hub ends.
    async fn run(
        self: Arc<Self>,
        listener: std::net::TcpListener,
        config: Arc<ServerConfig>,
        tasks: Tasks,
    ) {
        let cancel = tasks.cancelled();
        let Ok(listener) = TcpListener::from_std(listener) else {
            return;
        };
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let mut changed = self.changed.subscribe();
        loop {
            let Some(deadline) = self.tick() else {
                return;
            };
            tokio::select! {
                biased;
                () = cancel.cancelled() => return,
                _ = changed.changed() => {}
                () = sleep_until(deadline.into()) => {}
                place = places.clone().acquire_owned() => {
                    let (Ok(place), accepted) = (place, listener.accept()) else {
                        return;
                    };
                    let accepted = tokio::select! {
                        biased;
                        () = cancel.cancelled() => return,
                        _ = changed.changed() => continue,
                        () = sleep_until(deadline.into()) => continue,
                        accepted = accepted => accepted,
                    };
                    let Ok((stream, _)) = accepted else {
                        sleep(PAUSE).await;
                        continue;
                    };
                    let (shared, config) = (self.clone(), config.clone());
                    let cancel = cancel.clone();
                    tasks.spawn(TaskKind::CLIENT, "node to pair", async move {
                        let talk = timeout(LIFETIME, shared.welcome(stream, config));
                        // What a stranger says before it goes is of no interest to others.
                        let _ = cancel.run_until_cancelled(talk).await;
                        drop(place);
                    });
                }
            }
        }
    }

    /// Ends what has taken too long; when to look again. `None`: all is over, and the port is given
    /// back.
    fn tick(&self) -> Option<Instant> {
        let now = Instant::now();
        let mut inner = self.lock();
        let before = inner.desk.as_ref().map(|desk| desk.seen(now));
        let sent = inner.desk.as_mut().map(|desk| desk.tick(now));
        inner.dispatch(sent.unwrap_or_default());
        let after = inner.desk.as_ref().map(|desk| desk.seen(now));
        let deadline = inner.desk.as_ref().and_then(Desk::deadline);
        if deadline.is_none() {
            inner.port = None;
            inner.discovery = None;
        }
        drop(inner);
        if deadline.is_none() || before != after {
            self.tell();
        }
        deadline
    }

    async fn welcome(&self, stream: TcpStream, config: Arc<ServerConfig>) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let accepting = TlsAcceptor::from(config).accept(stream);
        let stream = timeout(HANDSHAKE, accepting).await??;
        let (guest, mut notes) = {
            let mut inner = self.lock();
            inner.last += 1;
            let guest = inner.last;
            let (sender, notes) = mpsc::channel(WAITING);
            inner.guests.insert(guest, sender);
            (guest, notes)
        };
        let talked = self.talk(stream, guest, &mut notes).await;
        let mut inner = self.lock();
        inner.guests.remove(&guest);
        let sent = inner.desk.as_mut().map(|desk| desk.gone(guest));
        inner.dispatch(sent.unwrap_or_default());
        drop(inner);
        self.tell();
        talked
    }

    async fn talk(
        &self,
        mut stream: TlsStream<TcpStream>,
        guest: Guest,
        notes: &mut mpsc::Receiver<Note>,
    ) -> io::Result<()> {
        let (_, tls) = stream.get_ref();
        let refused = |_| io::Error::from(io::ErrorKind::InvalidData);
        if !trust::speaks(tls.alpn_protocol(), channel::ALPN) {
            return Err(refused(()));
        }
        let key = channel::peer(tls.peer_certificates().unwrap_or_default());
        let key = key.map_err(|_| refused(()))?;
        let mut buffer = [0; 1024];
        loop {
            tokio::select! {
                biased;
                note = notes.recv() => match note {
                    Some(Note::Bytes(bytes)) => {
                        stream.write_all(&bytes).await?;
                        stream.flush().await?;
                    }
                    Some(Note::Close) | None => return stream.shutdown().await,
                },
                read = stream.read(&mut buffer) => {
                    let read = read?;
                    if read == 0 {
                        return Ok(());
                    }
                    let mut inner = self.lock();
                    let desk = inner.desk.as_mut();
                    let sent = desk.map(|it| it.receive(guest, key, &buffer[..read], Instant::now()));
                    inner.dispatch(sent.unwrap_or_default());
                    drop(inner);
                    self.tell();
                }
            }
        }
    }
}

impl Inner {
    fn dispatch(&mut self, sent: Vec<Sent>) {
        for sent in sent {
            let (guest, note) = match sent {
                Sent::Bytes(guest, bytes) => (guest, Note::Bytes(bytes)),
                Sent::Close(guest) => (guest, Note::Close),
            };
            let over = matches!(note, Note::Close);
            let full = match self.guests.get(&guest) {
                Some(notes) => notes.try_send(note).is_err(),
                None => false,
            };
            if over || full {
                self.guests.remove(&guest);
            }
        }
    }
}

/// One socket for both kinds of addresses, where there are both.
fn listen() -> io::Result<std::net::TcpListener> {
    let any: [IpAddr; 2] = [Ipv6Addr::UNSPECIFIED.into(), Ipv4Addr::UNSPECIFIED.into()];
    let places: Vec<SocketAddr> = [PORT, 0]
        .into_iter()
        .flat_map(|port| any.map(|ip| SocketAddr::new(ip, port)))
        .collect();
    let listener = std::net::TcpListener::bind(&places[..])?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Where multicast does not work, people type the hub's address.
fn announced(hub: &Hub, household: &str, port: u16) -> Option<Discovery> {
    let announcement = Announcement {
        node: hub.node(),
        versions: (1, 1),
        role: Role::Hub,
        household: Some((Household::of(hub.authority()), household.to_owned())),
        name: household.to_owned(),
        port,
        pairing: Some(port),
    };
    let announced = Discovery::new().and_then(|mut discovery| {
        discovery.announce(&announcement)?;
        Ok(discovery)
    });
    announced
        .inspect_err(|error| tracing::warn!(%error, "nodes must be told this hub's address"))
        .ok()
}
