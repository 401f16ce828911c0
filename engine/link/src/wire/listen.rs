//! The hub's end: whoever comes is asked who they are, so many at a time and not for long.

use super::{
    hello::Me,
    link::{Beginning, Link, framed},
    reason::{LinkError, Reason},
    stream::Sender,
    transport,
};
use crate::trust::{self, Admission, Standing};
use loqa_protocol::{Problem, link::LinkFrame};
use quinn::{
    AsyncUdpSocket, Connection, Endpoint, Incoming, ServerConfig, TokioRuntime,
    crypto::rustls::QuicServerConfig,
};
use rustls::{pki_types::CertificateDer, time_provider::TimeProvider};
use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc},
    task::JoinSet,
    time::timeout,
};

/// From the first packet to the hello.
const GREETING: Duration = Duration::from_secs(5);
/// Greetings at a time; whoever comes besides has to come again, which is for QUIC to do.
const MOST_GREETINGS: usize = 64;
/// Greetings at a time before whoever comes has to prove first that the address is theirs, which costs the hub no memory.
const MOST_UNPROVED: usize = 16;
/// Links that nobody has taken: greetings wait then.
const MOST_WAITING: usize = 16;

/// What a hub allows.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Nodes at a time.
    pub most_nodes: usize,
    /// What certificates are measured by.
    pub clock: Arc<dyn TimeProvider>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            most_nodes: 1024,
            clock: Arc::new(rustls::time_provider::DefaultTimeProvider),
        }
    }
}

/// Waits for nodes. Dropping it closes all of their links.
pub struct Listener {
    endpoint: Endpoint,
    came: Mutex<mpsc::Receiver<Link>>,
    _accepting: JoinSet<()>,
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Listener({:?})", self.endpoint.local_addr())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.close();
    }
}

impl Listener {
    /// Listens at `address`; one of `[::]` is reached over IPv4 as well. Within a runtime of tokio.
    ///
    /// # Errors
    /// [`LinkError::Here`].
    pub fn bind(
        address: SocketAddr,
        hub: trust::Hub,
        me: Me,
        settings: Settings,
    ) -> Result<Listener, LinkError> {
        let socket = transport::socket(address)?;
        let runtime = Arc::new(TokioRuntime);
        let socket = quinn::Runtime::wrap_udp_socket(&*runtime, socket.into())?;
        Listener::over(socket, hub, me, settings)
    }

    /// The same over another net, such as a simulated one.
    ///
    /// # Errors
    /// [`LinkError::Here`].
    pub fn over(
        socket: Arc<dyn AsyncUdpSocket>,
        hub: trust::Hub,
        me: Me,
        settings: Settings,
    ) -> Result<Listener, LinkError> {
        let here = |error: &dyn fmt::Display| LinkError::Here(error.to_string());
        let mut tls = hub.server_config().map_err(|error| here(&error))?;
        tls.time_provider = settings.clock.clone();
        let tls = QuicServerConfig::try_from(tls).map_err(|error| here(&error))?;
        let mut server = ServerConfig::with_crypto(Arc::new(tls));
        server
            .transport_config(transport::config())
            .migration(true)
            .max_incoming(MOST_GREETINGS)
            .incoming_buffer_size(16 << 10)
            .incoming_buffer_size_total(1 << 20);
        let config = transport::endpoint(hub.identity());
        let runtime = Arc::new(TokioRuntime);
        let endpoint = Endpoint::new_with_abstract_socket(config, Some(server), socket, runtime)?;
        let (comes, came) = mpsc::channel(MOST_WAITING);
        let door = Door {
            hub,
            me,
            nodes: Arc::new(Semaphore::new(settings.most_nodes)),
            clock: settings.clock,
            comes,
        };
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(endpoint.clone(), Arc::new(door)));
        Ok(Listener {
            endpoint,
            came: came.into(),
            _accepting: accepting,
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// [`LinkError::Here`].
    pub fn address(&self) -> Result<SocketAddr, LinkError> {
        Ok(self.endpoint.local_addr()?)
    }

    /// The next node that has come and said who it is; `None` once this is closed.
    pub async fn accept(&self) -> Option<Link> {
        self.came.lock().await.recv().await
    }

    /// Ends all links, and tells their nodes that the hub is stopping.
    pub fn close(&self) {
        let reason = Reason::Stopping;
        let words = reason.to_string();
        self.endpoint.close(reason.code(), words.as_bytes());
    }

    /// Resolves once all nodes know that it is closed, or do not answer.
    pub async fn closed(&self) {
        self.endpoint.wait_idle().await;
    }
}

/// What is decided about whoever comes.
struct Door {
    hub: trust::Hub,
    me: Me,
    nodes: Arc<Semaphore>,
    clock: Arc<dyn TimeProvider>,
    comes: mpsc::Sender<Link>,
}

async fn accept(endpoint: Endpoint, door: Arc<Door>) {
    let mut greetings = JoinSet::new();
    loop {
        tokio::select! {
            incoming = endpoint.accept() => {
                let Some(incoming) = incoming else { return };
                if greetings.len() >= MOST_GREETINGS {
                    incoming.ignore();
                } else if greetings.len() >= MOST_UNPROVED && incoming.may_retry() && !incoming.remote_address_validated() {
                    // It may retry, so it can.
                    let _ = incoming.retry();
                } else {
                    let door = door.clone();
                    greetings.spawn(async move {
                        match timeout(GREETING, door.greet(incoming)).await {
                            Ok(Ok(())) => {}
                            Ok(Err(error)) => tracing::debug!(%error, "a node was not let in"),
                            Err(_) => tracing::debug!("a node did not say who it is"),
                        }
                    });
                }
            }
            Some(_) = greetings.join_next() => {}
        }
    }
}

impl Door {
    async fn greet(&self, incoming: Incoming) -> Result<(), LinkError> {
        let connection = incoming.accept()?.await?;
        let guard = Unwanted(Some(connection.clone()));
        let admission = self.admit(&connection)?;
        let (send, receive) = connection.accept_bi().await?;
        let (mut says, mut hears) = framed(send, receive, &connection);
        let Some(LinkFrame::Hello(hello)) = hears.next().await? else {
            let words = "the first thing said is no hello";
            transport::close(&connection, Reason::Garbage, words);
            return Err(LinkError::Garbage(words.into()));
        };
        if admission.standing == Standing::Renew {
            self.renew(&admission, &mut says).await?;
            says.finished().await;
            transport::close(&connection, Reason::Renewed, "");
            return Ok(());
        }
        let room = self.nodes.clone().try_acquire_owned();
        let welcome = room
            .map_err(|_| Problem {
                code: "too_many_nodes".into(),
                message: "the hub has as many nodes as it takes".into(),
                help: "remove nodes that are not used any more".into(),
            })
            .and_then(|room| Ok((room, self.me.welcome(&hello)?)));
        let (room, welcome) = match welcome {
            Ok(welcome) => welcome,
            Err(problem) => {
                return self.refuse(&connection, says, problem).await;
            }
        };
        says.send(&LinkFrame::Welcome(welcome.clone())).await?;
        if admission.due {
            self.renew(&admission, &mut says).await?;
        }
        let node = admission.node();
        let link = Link::begin(Beginning {
            connection: guard.wanted(),
            peer: node,
            hello,
            welcome,
            says,
            hears,
            renew: None,
        });
        link.also(watch(connection, room, self.hub.roster().clone(), node));
        // Nobody takes it if the hub is closing.
        let _ = self.comes.send(link).await;
        Ok(())
    }

    fn admit(&self, connection: &Connection) -> Result<Admission, LinkError> {
        let shown = connection
            .peer_identity()
            .and_then(|it| it.downcast::<Vec<CertificateDer<'static>>>().ok())
            .unwrap_or_default();
        let now = self.clock.current_time();
        let now = now.ok_or_else(|| LinkError::Here("the clock cannot be read".into()))?;
        self.hub.admit(&shown, now).map_err(|refusal| {
            let words = refusal.to_string();
            transport::close(connection, Reason::Revoked, &words);
            LinkError::NotTrusted(words)
        })
    }

    /// Hands the node a new certificate for the key that it has proved to have.
    async fn renew(
        &self,
        admission: &Admission,
        says: &mut Sender<LinkFrame>,
    ) -> Result<(), LinkError> {
        let here = |error: &dyn fmt::Display| LinkError::Here(error.to_string());
        let now = self.clock.current_time();
        let now = now.ok_or_else(|| here(&"the clock cannot be read"))?;
        let certificate = self.hub.issue(&admission.key, now);
        let der = certificate.map_err(|error| here(&error))?.to_vec();
        says.send(&LinkFrame::Certificate { der }).await
    }

    /// Tells it why, and closes once that has arrived.
    async fn refuse(
        &self,
        connection: &Connection,
        mut says: Sender<LinkFrame>,
        problem: Problem,
    ) -> Result<(), LinkError> {
        let refused = LinkError::Refused(problem.clone());
        let words = problem.message.clone();
        says.send(&LinkFrame::Refusal { problem }).await?;
        says.finished().await;
        transport::close(connection, Reason::Refused, &words);
        Err(refused)
    }
}

/// Ends a link whose node was removed, and gives its place back when it ends.
async fn watch(
    connection: Connection,
    _room: OwnedSemaphorePermit,
    roster: crate::Roster,
    node: loqa_protocol::NodeId,
) {
    tokio::select! {
        () = roster.revoked(node) => {
            let reason = Reason::Revoked;
            transport::close(&connection, reason, &reason.to_string());
        }
        _ = connection.closed() => {}
    }
}

/// A connection that is closed unless it was wanted.
struct Unwanted(Option<Connection>);

impl Unwanted {
    fn wanted(mut self) -> Connection {
        self.0.take().expect("it is asked once")
    }
}

impl Drop for Unwanted {
    fn drop(&mut self) {
        if let Some(connection) = &self.0 {
            transport::close(connection, Reason::Late, "");
        }
    }
}
