//! Nodes that are linked with the hub now: each is let in, is a client in a room of its own, and is seen.

use super::{Shared, models::Lent, service::Client};
use crate::{
    api::Visitor,
    gateway::{Answers, Connection, Overflow, answers},
    nodes,
    people::NODE,
    store::Store,
    tasks::TaskKind,
    workers::{Done, Known, Sites},
};
use futures::{FutureExt, future::BoxFuture};
use loqa_link::{
    discovery::{Announcement, Discovery, Household},
    pairing::{Role, Roles, Seen},
    wire::{self, Incoming, Link, Listener, Me, Page, Reason, Settings},
};
use loqa_protocol::{
    Capability, ClientFrame, NodeId, NodeRole, Problem, ServerFrame, link::AudioCodec,
};
use serde_json::{Value, json};
use std::{
    future,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::{
    sync::{
        mpsc::{self, error::TrySendError},
        watch,
    },
    time::{sleep, timeout},
};
use tokio_rustls::rustls::pki_types::UnixTime;

/// How long whoever opens pairing waits for the port.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two certificates of the hub's own.
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Clients of one node at a time.
const CLIENTS: usize = 4;

/// The machines of a household that could do its work.
pub(super) fn sites(store: &Arc<Store>) -> Arc<Sites> {
    let store = store.clone();
    Sites::new(move |node| {
        let household = store.snapshot();
        let paired = household.nodes.get(&node.to_string())?;
        Some(Known {
            name: paired.name.clone(),
            hears: paired.hears.scope(),
        })
    })
}

/// Those that are there now.
pub(super) struct Linked {
    /// They, and what they do.
    sites: Arc<Sites>,
    /// Models that they are given.
    lent: Lent,
    /// Somebody wants nodes to be let in, though none is paired yet.
    wanted: watch::Sender<bool>,
    /// Where nodes come, once they are let in.
    port: watch::Sender<Option<Result<u16, String>>>,
    /// Goes up with whatever a person could see.
    changed: watch::Sender<u64>,
    /// Where browsers at displays are shown the page.
    visitors: OnceLock<mpsc::Sender<Visitor>>,
}

impl Linked {
    /// None yet; what they do goes to `sites`.
    pub fn of(sites: Arc<Sites>) -> Linked {
        Linked {
            sites,
            lent: Lent::default(),
            wanted: watch::Sender::default(),
            port: watch::Sender::default(),
            changed: watch::Sender::default(),
            visitors: OnceLock::new(),
        }
    }

    /// Who does which work, and how well.
    pub fn sites(&self) -> &Arc<Sites> {
        &self.sites
    }

    /// Which models they are given.
    pub fn lent(&self) -> &Lent {
        &self.lent
    }

    /// Whenever one comes, goes or tells something else of itself.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Whether it is there, and answers.
    pub fn is_here(&self, node: NodeId) -> bool {
        let link = self.sites.link(node);
        link.is_some_and(|link| !link.health().borrow().silent)
    }

    /// Whoever comes from a display goes there.
    pub fn show_to(&self, visitors: mpsc::Sender<Visitor>) {
        // A hub opens its dashboard once.
        let _ = self.visitors.set(visitors);
    }

    /// What is known of a node besides that it is paired.
    pub fn shown(&self, node: NodeId) -> Value {
        let work: Vec<_> = self.sites.done(node).into_iter().map(work).collect();
        let Some(link) = self.sites.link(node) else {
            return json!({ "linked": false, "work": work });
        };
        let health = link.health();
        let health = health.borrow();
        let offers = health.offers.iter();
        let offers: Vec<_> = offers.map(|it| it.capability.to_string()).collect();
        let running: u32 = health.offers.iter().map(|it| it.running).sum();
        json!({
            "linked": true,
            "silent": health.silent,
            "rtt_ms": link.round_trip().as_secs_f64() * 1e3,
            "load": f64::from(health.load_permille) / 1000.0,
            "offers": offers,
            "running": running,
            "work": work,
            "models": self.lent.shown(node),
            "address": link.address().ip().to_canonical().to_string(),
            "software": link.hello().software,
        })
    }

    /// Whether it says that it can do this.
    pub fn offers(&self, node: NodeId, capability: &Capability) -> bool {
        self.sites.link(node).is_some_and(|link| {
            let health = link.health();
            let offers = &health.borrow().offers;
            offers.iter().any(|it| it.capability == *capability)
        })
    }

    /// There are other models to give than before: whoever wants one asks again.
    pub fn models_changed(&self) {
        for link in self.sites.links() {
            link.models_changed();
        }
    }

    /// Those that hear a room.
    pub fn pucks(&self) -> Vec<NodeId> {
        let links = self.sites.links().into_iter();
        let pucks = links.filter(|link| link.hello().roles.contains(&NodeRole::Puck));
        pucks.map(|link| link.peer()).collect()
    }

    /// Has nodes be let in from now on, and tells at which port. Blocks, within the runtime.
    ///
    /// # Errors
    /// There is no port to be had.
    pub fn let_in(&self) -> Result<u16, Problem> {
        self.wanted.send_replace(true);
        let mut port = self.port.subscribe();
        let opened = async move {
            let port = timeout(PATIENCE, port.wait_for(Option::is_some)).await;
            port.ok()?.ok()?.clone()
        };
        let opened = tokio::runtime::Handle::current().block_on(opened);
        let opened = opened.unwrap_or_else(|| Err("the hub is busy".into()));
        opened.map_err(|reason| Problem {
            code: "nodes".into(),
            message: format!("no node can be let in: {reason}"),
            help: "see what else runs on this machine, and start the hub again".into(),
        })
    }

    /// Something is to be shown.
    pub fn tell(&self) {
        self.changed.send_modify(|it| *it += 1);
    }
}

impl Shared {
    /// Lets nodes in, for as long as the hub runs; opens no port before one is paired or to be.
    pub(super) fn link_nodes(self: &Arc<Self>) {
        let (hub, cancel) = (self.clone(), self.tasks.cancelled());
        self.tasks.spawn(TaskKind::BACKGROUND, "link", async move {
            let linking = hub.link();
            cancel.run_until_cancelled(linking).await;
        });
    }

    async fn link(self: &Arc<Self>) {
        let mut wanted = self.linked.wanted.subscribe();
        if self.store.snapshot().nodes.is_empty()
            && wanted.wait_for(|wanted| *wanted).await.is_err()
        {
            return;
        }
        let listener = match self.listen().await {
            Ok(listener) => listener,
            Err(reason) => {
                tracing::warn!(%reason, "no node can be let in");
                self.linked.port.send_replace(Some(Err(reason)));
                return;
            }
        };
        let port = listener.address().map_or(0, |address| address.port());
        self.linked.port.send_replace(Some(Ok(port)));
        tracing::info!(port, "nodes are let in");
        let accepting = async {
            while let Some(link) = listener.accept().await {
                let (hub, cancel) = (self.clone(), self.tasks.cancelled());
                self.tasks.spawn(TaskKind::CLIENT, "node", async move {
                    tokio::select! {
                        biased;
                        () = cancel.cancelled() => link.close(Reason::Stopping, ""),
                        () = hub.serve_node(&link) => {}
                    }
                });
            }
        };
        let renewing = async {
            loop {
                sleep(DAY).await;
                let renewed = self.nodes.hub().map(|hub| hub.rotate(UnixTime::now()));
                if let Ok(Err(error)) = renewed {
                    tracing::warn!(%error, "the hub's certificate for nodes is not renewed");
                }
            }
        };
        // Each goes on where another has ended.
        tokio::join!(accepting, self.announce_hub(port), renewing);
    }

    async fn listen(&self) -> Result<Listener, String> {
        let hub = self.nodes.hub().map_err(|problem| problem.message)?;
        let me = Me {
            name: self.name_for_nodes(),
            software: format!("loqa {}", env!("CARGO_PKG_VERSION")),
            codecs: vec![AudioCodec::Opus, AudioCodec::Pcm16],
            ..Me::default()
        };
        let any: [IpAddr; 2] = [Ipv6Addr::UNSPECIFIED.into(), Ipv4Addr::UNSPECIFIED.into()];
        let mut reason = String::new();
        for (port, ip) in [self.config.nodes.port, 0]
            .into_iter()
            .flat_map(|port| any.map(|ip| (port, ip)))
        {
            let at = SocketAddr::new(ip, port);
            match Listener::bind(at, hub.clone(), me.clone(), Settings::default()) {
                Ok(listener) => return Ok(listener),
                Err(error) => reason = error.to_string(),
            }
        }
        Err(reason)
    }

    /// Says in the network where the hub is, and whether a node can be paired. Where multicast does not work,
    /// people type the hub's address.
    async fn announce_hub(&self, port: u16) {
        let mut pairing = self.nodes.desk.watch();
        let Ok(hub) = self.nodes.hub() else { return };
        let mut discovery = match Discovery::new() {
            Ok(discovery) => discovery,
            Err(error) => {
                tracing::warn!(%error, "nodes must be told this hub's address");
                return;
            }
        };
        let mut announced = None;
        loop {
            let state = self.nodes.desk.state();
            let open = !matches!(state.seen, Seen::Closed(_));
            let pairing_port = self.nodes.desk.port().filter(|_| open);
            if announced != Some(pairing_port) {
                let household = self.name_for_nodes();
                let announcement = Announcement {
                    node: hub.node(),
                    versions: (*wire::VERSIONS.start() as u8, *wire::VERSIONS.end() as u8),
                    role: Role::Hub,
                    household: Some((Household::of(hub.authority()), household.clone())),
                    name: household,
                    port,
                    pairing: pairing_port,
                };
                if let Err(error) = discovery.announce(&announcement) {
                    tracing::warn!(%error, "nodes must be told this hub's address");
                }
                announced = Some(pairing_port);
            }
            if pairing.changed().await.is_err() {
                return;
            }
        }
    }

    /// As long as it is linked.
    async fn serve_node(self: &Arc<Self>, link: &Link) {
        let node = link.peer();
        tracing::info!(node = %node.short(), "a node is here");
        // One that comes again before it was missed is the same.
        if let Some(before) = self.linked.sites.came(link) {
            before.close(Reason::Replaced, "");
        }
        self.linked.tell();
        let mut health = link.health();
        let mut clients = tokio::task::JoinSet::new();
        // One is given at a time, and one more may be asked for.
        let (mut lending, turn) = (
            tokio::task::JoinSet::new(),
            Arc::<tokio::sync::Mutex<()>>::default(),
        );
        loop {
            tokio::select! {
                incoming = link.accept() => match incoming {
                    Ok(Incoming::Client(client)) if clients.len() < CLIENTS => {
                        clients.spawn(serve(self.clone(), node, client));
                    }
                    Ok(Incoming::Model(request)) if lending.len() < 2 => {
                        let (hub, turn) = (self.clone(), turn.clone());
                        lending.spawn(async move {
                            let _turn = turn.lock().await;
                            hub.lend(node, request).await;
                        });
                    }
                    Ok(Incoming::Model(request)) => request.too_many(),
                    Ok(Incoming::Job(says, _)) => says.cancel(Reason::UnknownKind),
                    Ok(Incoming::Page(page)) => self.show_page(node, page),
                    // It has as many as it may, and is told so by that.
                    Ok(Incoming::Client(_)) => {}
                    Err(error) => {
                        tracing::info!(node = %node.short(), reason = %error, "a node has gone");
                        break;
                    }
                },
                changed = health.changed() => if changed.is_ok() { self.linked.tell() },
                Some(_) = clients.join_next() => {}
                Some(_) = lending.join_next() => {}
            }
        }
        self.linked.sites.went(node);
        drop(lending);
        self.linked.lent.went(node);
        self.linked.tell();
    }

    /// To a display, which is what a person has paired it as, whatever it says of itself.
    fn show_page(&self, node: NodeId, page: Page) {
        let household = self.store.snapshot();
        if !nodes::that_are(&household, Roles::DISPLAY).any(|it| it == node) {
            return page.refuse(Reason::NotForThat);
        }
        let Some(visitors) = self.linked.visitors.get() else {
            return page.refuse(Reason::NoPage);
        };
        match visitors.try_send(Visitor { node, page }) {
            Ok(()) => {}
            Err(TrySendError::Full(it)) => it.page.refuse(Reason::TooMany),
            Err(TrySendError::Closed(it)) => it.page.refuse(Reason::NoPage),
        }
    }

    /// Whether this machine or one of the household's nodes answers what no command covers. One that is away may.
    pub(super) fn answers_questions(&self) -> bool {
        let llama = &self.models.llama;
        let household = self.store.snapshot();
        let mut away = nodes::that_are(&household, Roles::INFERENCE).filter(|_| llama.is_wanted());
        llama.is_there() || away.any(|node| !self.linked.is_here(node))
    }

    /// What nodes are told that the household is called.
    pub(super) fn name_for_nodes(&self) -> String {
        let name = self.about.borrow().name.clone();
        match loqa_link::pairing::plain_name(&name) {
            true => name,
            false => nodes::NAMELESS.to_owned(),
        }
    }
}

/// How a node does a kind of work, as clients are told of it.
fn work(done: Done) -> Value {
    json!({
        "capability": done.capability,
        "p95_ms": done.p95.map(|p95| p95.as_secs_f64() * 1e3),
        "rests_s": done.rests.map(|rests| rests.as_secs_f64()),
        "reason": done.reason,
    })
}

/// A client of the hub who is at `place`.
pub(super) fn client(hub: Arc<Shared>, answers: Answers, place: &str) -> Box<dyn Connection> {
    let served = Client::new(hub, answers.clone(), place);
    match place.starts_with(NODE) {
        true => Box::new(AtNode { served, answers }),
        false => Box::new(served),
    }
}

/// A client at a node, which may not ask for everything.
struct AtNode {
    served: Client,
    answers: Answers,
}

impl Connection for AtNode {
    fn handle(&mut self, frame: ClientFrame) -> BoxFuture<'_, ()> {
        if may(&frame) {
            return self.served.handle(frame);
        }
        let id = frame.id();
        let problem = Problem {
            code: "not_for_nodes".into(),
            message: "a node may ask no such thing".into(),
            help: "do it on the dashboard".into(),
        };
        let _ = self.answers.send(ServerFrame::Problem { id, problem });
        let _ = self.answers.send(ServerFrame::Done { id });
        future::ready(()).boxed()
    }
}

/// A client at a node, until it goes.
async fn serve(hub: Arc<Shared>, node: NodeId, client: wire::Client) {
    let wire::Client {
        answers: mut says,
        mut requests,
    } = client;
    let (answers, mut outbox) = answers();
    let mut served = self::client(hub, answers, &format!("{NODE}{node}"));
    let reading = async {
        loop {
            match requests.next().await {
                Ok(Some(frame)) => served.handle(frame).await,
                // What it has asked is still answered.
                Ok(None) => future::pending().await,
                Err(_) => return,
            }
        }
    };
    let writing = async {
        loop {
            match outbox.next().await {
                Ok(frame) if says.send(&frame).await.is_ok() => {}
                Ok(_) | Err(Overflow { .. }) => return,
            }
        }
    };
    tokio::select! {
        () = reading => {}
        () = writing => {}
    }
}

/// Whether a node may ask this: to be heard and answered, as whoever stands before it. A puck can be stolen.
fn may(frame: &ClientFrame) -> bool {
    matches!(
        frame,
        ClientFrame::Ask { .. }
            | ClientFrame::AskAudio { .. }
            | ClientFrame::Audio { .. }
            | ClientFrame::AudioEnd { .. }
            | ClientFrame::Pin { .. }
            | ClientFrame::Timers { .. }
            | ClientFrame::Watch { .. }
            | ClientFrame::Puck { .. }
    )
}
