//! The link to the hub, for as long as this program runs: found, reached, lost and reached again.

use crate::{
    config::{Config, Role},
    display::{self, Display},
    inference::{self, Models},
    membership::Membership,
    puck::{Puck, Sound},
};
use anyhow::{Context, bail};
use loqa_link::{
    discovery::{Browsing, Change, Discovery},
    wire::{Dialer, Link, LinkError, Renewed},
};
use loqa_protocol::NodeId;
use std::{
    future, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    signal,
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

/// Where the hub was, that are remembered.
const MOST_ADDRESSES: usize = 4;
/// After a person has to do something: it may have been done.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// How long the network is asked where the hub is before what is known is tried.
const ASKING: Duration = Duration::from_millis(200);

/// Works for the hub until Ctrl-C, or until a recording was answered.
pub async fn run(config: &Config, folder: &Path, sound: Sound) -> anyhow::Result<()> {
    let Some(membership) = Membership::load(folder)? else {
        bail!("this machine belongs to no household yet\n  help: pair it with `loqa-node pair`");
    };
    let member = membership.member(folder)?;
    let membership = Arc::new(Mutex::new(membership));
    let renewed = keeper(membership.clone(), folder.to_owned());
    let mut me = config.me();
    let mut models = match config.has(Role::Inference) {
        true => Models::load(&config.inference, folder),
        false => Models::default(),
    };
    if config.has(Role::Display) {
        models.besides.push(display::offer(&config.display));
    }
    let models = Arc::new(models);
    for missing in &models.missing {
        tracing::warn!("{missing}");
    }
    me.offers = inference::measure(&models).await;
    if let Some(trouble) = models.trouble() {
        tracing::warn!("{trouble}");
    }
    me.offers.extend(models.besides.iter().cloned());
    let dialer = Dialer::new(member, me, renewed)?;
    // The hub, while there is a link to it: the puck hears and waits for its phrase in any case.
    let (reached, hub) = watch::channel(None);
    let mut working = JoinSet::new();
    if config.has(Role::Puck) {
        let puck = Puck::open(&config.puck, &sound, folder)?;
        working.spawn(puck.run(hub.clone()));
    }
    if config.has(Role::Display) {
        let display = Display::open(&config.display, folder).await?;
        working.spawn(display.run(hub));
    }
    if config.has(Role::Inference) {
        let (models, hub) = (models.clone(), reached.subscribe());
        working.spawn(async {
            inference::fetch(models, hub).await;
            future::pending().await
        });
    }
    let mut whereabouts = Whereabouts::new(&config.hub, &membership);
    let work = async {
        loop {
            let link = match dialer.reach(async || whereabouts.known().await).await {
                Ok(link) => link,
                Err(error) => {
                    // The hub may be mended, and this machine may be paired again.
                    tracing::error!(%error, "the hub lets this machine not in");
                    eprintln!("error: {error}");
                    sleep(LOOK_AGAIN).await;
                    continue;
                }
            };
            eprintln!("Linked to {}.", link.welcome().name);
            remember(&membership, folder, link.address());
            reached.send_replace(Some(link.clone()));
            let ended = tokio::select! {
                ended = link.closed() => ended,
                ended = inference::serve(&link, &models) => ended,
            };
            reached.send_replace(None);
            tell(&ended);
        }
    };
    let done = async {
        match working.join_next().await {
            Some(done) => done.context("the puck or the display failed, which is a defect"),
            None => future::pending().await,
        }
    };
    tokio::select! {
        () = work => {}
        done = done => done??,
        stopped = stopped() => stopped?,
    }
    dialer.close().await;
    Ok(())
}

fn tell(ended: &LinkError) {
    eprintln!("The link has ended: {ended}.");
}

/// Resolves when somebody, or the system, wants this program to end.
async fn stopped() -> io::Result<()> {
    #[cfg(unix)]
    {
        let mut ended = signal::unix::signal(signal::unix::SignalKind::terminate())?;
        tokio::select! {
            stopped = signal::ctrl_c() => stopped,
            _ = ended.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    signal::ctrl_c().await
}

/// Keeps a new certificate.
fn keeper(membership: Arc<Mutex<Membership>>, folder: PathBuf) -> Renewed {
    Arc::new(move |certificate| {
        let mut membership = membership.lock().unwrap_or_else(PoisonError::into_inner);
        membership.certificate = certificate.clone();
        // What is shown is the new one in any case; the next start shows the old one, and is given another.
        if let Err(error) = membership.keep(&folder) {
            tracing::warn!("the new certificate cannot be kept: {error:#}");
        }
    })
}

fn remember(membership: &Mutex<Membership>, folder: &Path, address: SocketAddr) {
    let address = SocketAddr::new(address.ip().to_canonical(), address.port());
    let mut membership = membership.lock().unwrap_or_else(PoisonError::into_inner);
    if membership.addresses.first() == Some(&address) {
        return;
    }
    membership.addresses.retain(|it| *it != address);
    membership.addresses.insert(0, address);
    membership.addresses.truncate(MOST_ADDRESSES);
    if let Err(error) = membership.keep(folder) {
        tracing::warn!("where the hub is cannot be kept: {error:#}");
    }
}

/// Where the hub may be.
struct Whereabouts<'a> {
    hub: NodeId,
    told: &'a [SocketAddr],
    membership: &'a Mutex<Membership>,
    found: Vec<SocketAddr>,
    /// `None` where the network cannot be searched.
    search: Option<(Browsing, Discovery)>,
}

impl<'a> Whereabouts<'a> {
    fn new(told: &'a [SocketAddr], membership: &'a Mutex<Membership>) -> Self {
        let search = Discovery::new().and_then(|discovery| Ok((discovery.browse()?, discovery)));
        if let Err(error) = &search {
            tracing::warn!(%error, "the network cannot be searched for the hub");
        }
        let hub = membership
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .hub;
        Whereabouts {
            hub,
            told,
            membership,
            found: Vec::new(),
            search: search.ok(),
        }
    }

    /// All that is known now: what somebody said, where it announces itself, where it was.
    async fn known(&mut self) -> Vec<SocketAddr> {
        if let Some((browsing, _)) = &mut self.search {
            while let Ok(Some(change)) = timeout(ASKING, browsing.next()).await {
                match change {
                    Change::Found(found) | Change::Changed(found)
                        if found.announcement.node == self.hub =>
                    {
                        self.found = found.addresses;
                    }
                    Change::Gone(node) if node == self.hub => self.found.clear(),
                    _ => {}
                }
            }
        }
        let membership = self
            .membership
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut known = Vec::new();
        for address in self
            .told
            .iter()
            .chain(&self.found)
            .chain(&membership.addresses)
        {
            if !known.contains(address) {
                known.push(*address);
            }
        }
        known
    }
}

/// What a puck is told of the link.
pub type Reached = watch::Receiver<Option<Link>>;
