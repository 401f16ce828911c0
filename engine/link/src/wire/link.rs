//! One link, from either side, once both have said who they are.

use super::{
    audio::packet::{Packet, Route},
    beat::{Health, Pulse, Work},
    client::{Asker, Client},
    hello::{self, MOST_BYTES},
    model,
    page::Page,
    reason::{LinkError, Reason},
    stream::{Receiver, Sender},
    transport::{MOST_STREAMS, close},
};
use loqa_protocol::{
    JobFrame, NodeId, ServerFrame,
    link::{Beat, Hello, LinkFrame, Offer, StreamKind, Welcome},
    model::{ModelFrame, ModelWanted},
    wire::FrameReader,
};
use quinn::{Connection, RecvStream, SendStream};
use std::{
    collections::{HashMap, VecDeque},
    fmt,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Notify, mpsc, watch},
    task::JoinSet,
    time::{Instant, sleep_until, timeout},
};

/// What a stream is for is said at once; whoever opens one and says nothing loses it.
const OPENING: Duration = Duration::from_secs(5);
/// Between two beats, however often something changes.
const MOST_OFTEN: Duration = Duration::from_millis(20);
/// Packets that may wait for whoever hears a client; further ones are dropped, as if the net had lost them.
const MOST_PACKETS: usize = 256;
/// Packets that have overtaken the opening of their stream.
const MOST_EARLY: usize = 64;

/// A link. Clones are the same; with the last one it is closed.
#[derive(Clone)]
pub struct Link {
    inner: Arc<Inner>,
}

struct Inner {
    connection: Connection,
    peer: NodeId,
    hello: Hello,
    welcome: Welcome,
    health: watch::Receiver<Health>,
    report: watch::Sender<Report>,
    work: Arc<Work>,
    /// In boxes: a channel keeps room for 32 at a time, however few there are.
    incoming: tokio::sync::Mutex<mpsc::Receiver<Box<Incoming>>>,
    /// What goes on for as long as there is the link.
    tasks: Mutex<JoinSet<()>>,
}

/// A stream that the other side has opened.
#[derive(Debug)]
pub enum Incoming {
    /// A job, whose first frame is a `JobFrame::Open`.
    Job(Sender<JobFrame>, Receiver<JobFrame>),
    /// A client of this hub.
    Client(Client),
    /// A browser at a node, which wants this hub's page.
    Page(Page),
    /// A node that wants a model.
    Model(model::Request),
}

/// What this side tells of itself with its beats.
#[derive(Clone, PartialEq, Debug)]
struct Report {
    /// How much of this machine is in use, in thousandths.
    load_permille: u32,
    /// What it can do now.
    offers: Vec<Offer>,
    /// How often the models that it gives have changed.
    models: u64,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({:?})", self.inner.hello.name)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        close(&self.connection, Reason::Done, "");
    }
}

/// What a link begins with.
pub(super) struct Beginning {
    pub connection: Connection,
    pub peer: NodeId,
    pub hello: Hello,
    pub welcome: Welcome,
    pub says: Sender<LinkFrame>,
    pub hears: Receiver<LinkFrame>,
    /// What to do with a new certificate: nothing, at the hub.
    pub renew: Option<Box<dyn Fn(Vec<u8>) + Send + Sync>>,
}

impl Link {
    pub(super) fn begin(beginning: Beginning) -> Link {
        let Beginning {
            connection,
            peer,
            hello,
            welcome,
            says,
            hears,
            renew,
        } = beginning;
        let work = Arc::<Work>::default();
        let audio = Arc::<Routes>::default();
        let first = Report {
            load_permille: 0,
            offers: hello.offers.clone(),
            models: 0,
        };
        let (report, reports) = watch::channel(first);
        let (tells, health) = watch::channel(Health {
            offers: hello.offers.clone(),
            ..Health::default()
        });
        // As many as may be open at a time: whoever opens them waits.
        let (came, incoming) = mpsc::channel(MOST_STREAMS as usize);
        let mut tasks = JoinSet::new();
        let beats = Beats {
            connection: connection.clone(),
            says,
            hears,
            renew,
            work: work.clone(),
            reports,
            health: tells,
        };
        tasks.spawn(beats.run());
        tasks.spawn(streams(
            connection.clone(),
            audio.clone(),
            work.clone(),
            came,
        ));
        tasks.spawn(datagrams(connection.clone(), audio));
        Link {
            inner: Arc::new(Inner {
                connection,
                peer,
                hello,
                welcome,
                health,
                report,
                work,
                incoming: incoming.into(),
                tasks: tasks.into(),
            }),
        }
    }

    /// Goes on for as long as the link does.
    pub(super) fn also(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.inner.tasks.lock();
        tasks
            .as_mut()
            .unwrap_or_else(|broken| broken.get_mut())
            .spawn(task);
    }

    /// Who is at the other end.
    pub fn peer(&self) -> NodeId {
        self.inner.peer
    }

    /// What the node has said of itself.
    pub fn hello(&self) -> &Hello {
        &self.inner.hello
    }

    /// What the hub has answered.
    pub fn welcome(&self) -> &Welcome {
        &self.inner.welcome
    }

    /// Where the other side is now; it may move.
    pub fn address(&self) -> SocketAddr {
        self.inner.connection.remote_address()
    }

    /// How long it takes to there and back, lately.
    pub fn round_trip(&self) -> Duration {
        self.inner.connection.rtt()
    }

    /// How the other side is, and whenever that changes.
    pub fn health(&self) -> watch::Receiver<Health> {
        self.inner.health.clone()
    }

    /// What this side tells of itself, from its next beat on: how busy it is, and what it can do.
    pub fn report(&self, load_permille: u32, offers: Vec<Offer>) {
        self.inner.report.send_if_modified(|report| {
            let now = Report {
                load_permille,
                offers,
                ..*report
            };
            let changed = *report != now;
            *report = now;
            changed
        });
    }

    /// Tells a node that this hub has other models to give than before.
    pub fn models_changed(&self) {
        self.inner.report.send_modify(|report| report.models += 1);
    }

    /// Begins a job with its first frame, which is a `JobFrame::Open`.
    ///
    /// # Errors
    /// The link is gone. While the other side has as many jobs as it takes, this waits.
    pub async fn job(
        &self,
        open: &JobFrame,
    ) -> Result<(Sender<JobFrame>, Receiver<JobFrame>), LinkError> {
        let (says, hears, _) = self.open(StreamKind::Job).await?;
        let mut says = says.followed_by(Some(self.inner.work.begin()));
        self.inner.work.ask();
        says.send(open).await?;
        Ok((says, hears.followed_by()))
    }

    /// Becomes a client of the hub.
    ///
    /// # Errors
    /// The link is gone.
    pub async fn client(&self) -> Result<(Asker, Receiver<ServerFrame>), LinkError> {
        let (says, hears, stream) = self.open(StreamKind::Client).await?;
        let inner = &self.inner;
        let asker = Asker::new(
            says.followed_by(None),
            inner.connection.clone(),
            stream,
            inner.welcome.codec,
            inner.work.clone(),
        );
        Ok((asker, hears.followed_by()))
    }

    /// Connects a browser of this machine with the hub's page.
    ///
    /// # Errors
    /// The link is gone.
    pub async fn page(&self) -> Result<Page, LinkError> {
        let (says, hears, _) = self.open(StreamKind::Page).await?;
        Ok(Page::new(says, hears))
    }

    /// Asks the hub for a model.
    pub(super) async fn model(
        &self,
        wanted: &ModelWanted,
    ) -> Result<(Sender<ModelFrame>, Receiver<ModelFrame>), LinkError> {
        let (says, hears, _) = self.open(StreamKind::Model).await?;
        let mut says = says.followed_by(None);
        says.send(&ModelFrame::Wanted(wanted.clone())).await?;
        Ok((says, hears.followed_by()))
    }

    async fn open(
        &self,
        stream: StreamKind,
    ) -> Result<(Sender<LinkFrame>, Receiver<LinkFrame>, u32), LinkError> {
        let (send, receive) = self.inner.connection.open_bi().await?;
        let index = send.id().index() as u32;
        let (mut says, hears) = framed(send, receive, &self.inner.connection);
        says.send(&LinkFrame::Open { stream }).await?;
        Ok((says, hears, index))
    }

    /// The next stream that the other side has opened, and said what for.
    ///
    /// # Errors
    /// The link is gone.
    pub async fn accept(&self) -> Result<Incoming, LinkError> {
        match self.inner.incoming.lock().await.recv().await {
            Some(incoming) => Ok(*incoming),
            None => Err(self.closed().await),
        }
    }

    /// Ends it, for this reason and with these words; empty: those of the reason.
    pub fn close(&self, reason: Reason, words: &str) {
        close(&self.inner.connection, reason, words);
    }

    /// Resolves once it has ended, to why.
    pub async fn closed(&self) -> LinkError {
        self.inner.connection.closed().await.into()
    }

    /// Whether it has.
    pub fn is_closed(&self) -> bool {
        self.inner.connection.close_reason().is_some()
    }

    /// For what no program of ours would say.
    #[cfg(test)]
    pub(super) fn connection(&self) -> &Connection {
        &self.inner.connection
    }
}

pub(super) fn framed(
    send: SendStream,
    receive: RecvStream,
    connection: &Connection,
) -> (Sender<LinkFrame>, Receiver<LinkFrame>) {
    let reader = FrameReader::with_most(MOST_BYTES);
    (
        Sender::new(send),
        Receiver::new(receive, reader, connection.clone()),
    )
}

/// Sends beats and listens for theirs.
struct Beats {
    connection: Connection,
    says: Sender<LinkFrame>,
    hears: Receiver<LinkFrame>,
    renew: Option<Box<dyn Fn(Vec<u8>) + Send + Sync>>,
    work: Arc<Work>,
    reports: watch::Receiver<Report>,
    health: watch::Sender<Health>,
}

impl Beats {
    async fn run(mut self) {
        let began = Instant::now();
        let mut pulse = Pulse::new(Duration::ZERO);
        let mut told: Option<Vec<Offer>> = None;
        let mut next = began;
        loop {
            let silent = self.health.borrow().silent;
            let missed = began + pulse.silent_at(self.connection.rtt());
            tokio::select! {
                biased;
                frame = self.hears.next() => match frame {
                    Ok(Some(LinkFrame::Beat(beat))) => {
                        if let Some(Err(words)) = beat.offers.as_deref().map(hello::well) {
                            return close(&self.connection, Reason::Garbage, &words);
                        }
                        pulse.came(&beat, began.elapsed());
                        self.tell(beat);
                    }
                    Ok(Some(LinkFrame::Certificate { der })) if self.renew.is_some() => {
                        if let Some(renew) = &self.renew {
                            renew(der);
                        }
                    }
                    Ok(Some(_)) => {
                        let words = "a frame that does not belong on the control stream";
                        return close(&self.connection, Reason::Garbage, words);
                    }
                    // Without it nobody could tell that the other side lives.
                    Ok(None) | Err(_) => {
                        return close(&self.connection, Reason::Done, "");
                    }
                },
                () = sleep_until(missed), if !silent => {
                    if pulse.is_silent(began.elapsed(), self.connection.rtt()) {
                        self.health.send_modify(|it| it.silent = true);
                    }
                }
                () = sleep_until(next) => {
                    let now = Instant::now();
                    let pace = self.work.pace();
                    let report = self.reports.borrow_and_update().clone();
                    let mut beat = pulse.next(pace);
                    beat.load_permille = report.load_permille;
                    beat.models = report.models;
                    if told.as_ref() != Some(&report.offers) {
                        beat.offers = Some(report.offers.clone());
                        told = Some(report.offers);
                    }
                    if self.says.send(&LinkFrame::Beat(beat)).await.is_err() {
                        return close(&self.connection, Reason::Done, "");
                    }
                    next = now + pace;
                }
                // What changes and what begins is told at once, but not more often than that.
                changed = self.reports.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    next = next.min(Instant::now() + MOST_OFTEN);
                }
                () = self.work.asked() => pulse.asked(began.elapsed()),
                () = self.work.began() => next = next.min(Instant::now() + MOST_OFTEN),
            }
        }
    }

    fn tell(&self, beat: Beat) {
        self.health.send_if_modified(|health| {
            let before = (health.silent, health.load_permille, health.models);
            let now = (false, beat.load_permille, beat.models);
            (health.silent, health.load_permille, health.models) = now;
            let offers = beat.offers.filter(|offers| *offers != health.offers);
            let changed = offers.is_some() || before != now;
            if let Some(offers) = offers {
                health.offers = offers;
            }
            changed
        });
    }
}

/// Takes what the other side opens, and asks of each what it is for; none waits for another.
async fn streams(
    connection: Connection,
    audio: Arc<Routes>,
    work: Arc<Work>,
    came: mpsc::Sender<Box<Incoming>>,
) {
    // There are no more than QUIC lets the other side open.
    let mut opening = JoinSet::new();
    loop {
        tokio::select! {
            stream = connection.accept_bi() => match stream {
                Ok((send, receive)) => {
                    let (connection, audio) = (connection.clone(), audio.clone());
                    let (work, came) = (work.clone(), came.clone());
                    opening.spawn(async move {
                        let index = send.id().index() as u32;
                        let (says, mut hears) = framed(send, receive, &connection);
                        match timeout(OPENING, hears.next()).await {
                            Ok(Ok(Some(LinkFrame::Open { stream }))) => {
                                let incoming = match stream {
                                    StreamKind::Job => {
                                        let says = says.followed_by(Some(work.begin()));
                                        Incoming::Job(says, hears.followed_by())
                                    }
                                    StreamKind::Client => Incoming::Client(Client::new(
                                        says.followed_by(None),
                                        hears.followed_by(),
                                        Routed::new(audio, index),
                                        work,
                                    )),
                                    StreamKind::Page => Incoming::Page(Page::new(says, hears)),
                                    StreamKind::Model => Incoming::Model(model::Request::new(
                                        says.behind(model::PRIORITY).followed_by(None),
                                        hears.followed_by(),
                                    )),
                                };
                                // Nobody takes them any more: the link is gone.
                                let _ = came.send(Box::new(incoming)).await;
                            }
                            Ok(Ok(Some(_))) => {
                                let words = "a stream begins with what it is for";
                                close(&connection, Reason::Garbage, words);
                            }
                            // What is of another version was refused as it was read.
                            Ok(Err(_)) => says.cancel(Reason::UnknownKind),
                            Ok(Ok(None)) | Err(_) => {
                                says.cancel(Reason::Late);
                                hears.stop(Reason::Late);
                            }
                        }
                    });
                }
                Err(_) => return,
            },
            Some(_) = opening.join_next() => {}
        }
    }
}

/// Takes audio to whoever hears it.
async fn datagrams(connection: Connection, audio: Arc<Routes>) {
    let mut refused = 0;
    while let Ok(bytes) = connection.read_datagram().await {
        match Packet::from_bytes(&bytes) {
            Ok(packet) => audio.deliver(packet),
            // They are lost, as datagrams may be; who sends many speaks another language.
            Err(error) => {
                refused += 1;
                if refused > MOST_EARLY {
                    close(&connection, Reason::Garbage, &error.to_string());
                }
            }
        }
    }
}

/// Which client hears which audio.
#[derive(Default)]
pub(super) struct Routes {
    state: Mutex<RouteState>,
}

#[derive(Default)]
struct RouteState {
    listeners: HashMap<u32, Arc<Queue>>,
    /// For streams that nobody has opened, as far as is known here.
    early: VecDeque<(Packet, Instant)>,
}

impl Routes {
    fn deliver(&self, packet: Packet) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Route { stream, .. } = packet.route;
        let now = Instant::now();
        match state.listeners.get(&stream) {
            Some(listener) => listener.push(packet, now),
            None => {
                if state.early.len() == MOST_EARLY {
                    state.early.pop_front();
                }
                state.early.push_back((packet, now));
            }
        }
    }
}

/// What waits for one listener, with when it came. It takes room when somebody talks: a channel would keep 2 KiB for each of
/// many clients that are silent.
#[derive(Default)]
struct Queue {
    packets: Mutex<VecDeque<(Packet, Instant)>>,
    came: Notify,
}

impl Queue {
    /// Whoever is so far behind does not hear it any more.
    fn push(&self, packet: Packet, at: Instant) {
        let mut packets = self.lock();
        if packets.len() < MOST_PACKETS {
            packets.push_back((packet, at));
            self.came.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(Packet, Instant)>> {
        self.packets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The audio of one stream; nobody hears it once this is gone.
pub(super) struct Routed {
    routes: Arc<Routes>,
    stream: u32,
    queue: Arc<Queue>,
}

impl Routed {
    fn new(routes: Arc<Routes>, stream: u32) -> Routed {
        let queue = Arc::<Queue>::default();
        let mut state = routes.state.lock().unwrap_or_else(PoisonError::into_inner);
        let early = std::mem::take(&mut state.early);
        for (packet, at) in early {
            if packet.route.stream == stream {
                queue.push(packet, at);
            } else {
                state.early.push_back((packet, at));
            }
        }
        state.listeners.insert(stream, queue.clone());
        drop(state);
        Routed {
            routes,
            stream,
            queue,
        }
    }

    /// The next packet, and when it came. May be dropped and called again: nothing is lost.
    pub async fn next(&mut self) -> (Packet, Instant) {
        loop {
            let next = self.queue.lock().pop_front();
            match next {
                Some(packet) => return packet,
                None => self.queue.came.notified().await,
            }
        }
    }
}

impl Drop for Routed {
    fn drop(&mut self) {
        let mut state = self
            .routes
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        state.listeners.remove(&self.stream);
    }
}
