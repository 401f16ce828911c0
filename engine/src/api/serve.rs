//! Connections of browsers: how many, and how long one may be silent.

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use std::{
    collections::HashMap,
    io,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig, server::TlsStream};
use tokio_util::sync::CancellationToken;

use crate::tasks::{TaskKind, Tasks};

/// Connections at a time that are no WebSocket yet; one more is closed.
const MAX_CONNECTIONS: usize = 512;
/// Of these, those of one other machine. A browser keeps six.
const MAX_OF_ONE: usize = 32;
/// How long a browser may take to agree on encryption,
const HANDSHAKE: Duration = Duration::from_secs(10);
/// and to say what it wants, the first time and the next.
const SILENCE: Duration = Duration::from_secs(30);
/// How long a connection lasts in any case, for those that speak and listen too slowly. One that
/// has become a WebSocket is none of these.
const LIFETIME: Duration = Duration::from_secs(120);
/// How long nothing is accepted after that failed, as when too many files are open.
const PAUSE: Duration = Duration::from_millis(100);

/// The first byte of whoever speaks TLS.
const TLS: u8 = 0x16;
/// For whoever does not.
const PLAIN: &str = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n\
    This address is encrypted: begin it with https://\n";

/// Who sent a request.
#[derive(Clone, Copy)]
pub struct Peer(pub IpAddr);

/// How a listener is encrypted, for each new connection; not at all without.
pub type Encryption = Option<watch::Receiver<Arc<ServerConfig>>>;

/// Answers whoever connects, each in a task of its own, until `tasks` shut down.
pub async fn serve(listener: TcpListener, encryption: Encryption, routes: Router, tasks: Tasks) {
    let cancel = tasks.cancelled();
    let places = Places::default();
    loop {
        let accepted = tokio::select! {
            biased;
            () = cancel.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, peer)) = accepted else {
            sleep(PAUSE).await;
            continue;
        };
        // An address of IPv4 that came to a socket of both is what it is.
        let peer = peer.ip().to_canonical();
        let Some(place) = places.take(peer) else {
            continue;
        };
        let routes = routes.clone().layer(Extension(Peer(peer)));
        let encryption = encryption.as_ref().map(|now| now.borrow().clone());
        let cancel = tasks.cancelled();
        tasks.spawn(TaskKind::CLIENT, "browser", async move {
            // What a browser says before it is hung up on is of no interest to others.
            let _ = welcome(stream, encryption, routes, cancel).await;
            drop(place);
        });
    }
}

async fn welcome(
    stream: TcpStream,
    encryption: Option<Arc<ServerConfig>>,
    routes: Router,
    cancel: CancellationToken,
) -> io::Result<()> {
    // A frame is small and awaited.
    stream.set_nodelay(true)?;
    let Some(config) = encryption else {
        return answer(stream, routes, cancel).await;
    };
    let stream = tokio::select! {
        biased;
        () = cancel.cancelled() => return Ok(()),
        stream = timeout(HANDSHAKE, agree(stream, config)) => stream??,
    };
    answer(stream, routes, cancel).await
}

/// Agrees on encryption, or tells that it is needed.
async fn agree(
    mut stream: TcpStream,
    config: Arc<ServerConfig>,
) -> io::Result<TlsStream<TcpStream>> {
    let mut first = [0];
    if stream.peek(&mut first).await? == 1 && first != [TLS] {
        // What was sent and never read would take the answer with it.
        let _ = stream.read(&mut [0; 4096]).await?;
        stream.write_all(PLAIN.as_bytes()).await?;
        stream.shutdown().await?;
        return Err(io::ErrorKind::InvalidData.into());
    }
    TlsAcceptor::from(config).accept(stream).await
}

/// Answers requests until there are no more, or becomes a WebSocket.
pub(super) async fn answer(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    routes: Router,
    cancel: CancellationToken,
) -> io::Result<()> {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(SILENCE)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes))
        .with_upgrades();
    tokio::pin!(connection);
    tokio::select! {
        biased;
        () = cancel.cancelled() => {}
        ended = &mut connection => return ended.map_err(io::Error::other),
        () = sleep(LIFETIME) => {}
    }
    // What is being answered still is, if that does not take long.
    connection.as_mut().graceful_shutdown();
    timeout(SILENCE, connection)
        .await?
        .map_err(io::Error::other)
}

/// Who is connected, and how often.
#[derive(Clone, Default)]
struct Places(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One of them; given back when it is dropped.
struct Place(Places, IpAddr);

impl Places {
    /// A place for `peer`, unless it, or everybody together, has too many.
    fn take(&self, peer: IpAddr) -> Option<Place> {
        let mut taken = self.taken();
        let all: usize = taken.values().sum();
        let own = taken.get(&peer).copied().unwrap_or_default();
        // Programs of this machine are not strangers, and many are one browser each.
        let free = all < MAX_CONNECTIONS && (own < MAX_OF_ONE || peer.is_loopback());
        free.then(|| {
            taken.insert(peer, own + 1);
            Place(self.clone(), peer)
        })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.0.taken();
        if let Some(own) = taken.get_mut(&self.1) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_machine_cannot_take_the_places_of_all() {
        let places = Places::default();
        let [own, guest, tablet] =
            ["127.0.0.1", "192.168.1.66", "192.168.1.7"].map(|address| address.parse().unwrap());
        let taken: Vec<Place> = (0..100).filter_map(|_| places.take(guest)).collect();
        assert_eq!(taken.len(), MAX_OF_ONE);
        assert!(places.take(tablet).is_some());
        let more: Vec<Place> = (0..600).filter_map(|_| places.take(own)).collect();
        assert_eq!(more.len(), MAX_CONNECTIONS - MAX_OF_ONE);
        assert!(places.take(tablet).is_none());
        drop((taken, more));
        assert!(places.taken().is_empty());
    }
}
