//! A node reaches out to the hub that it is to be paired with.

use super::{About, Joined, Joining, Opening, Reason, Step, channel};
use crate::{Identity, KeyError, trust, trust::Refusal};
use loqa_protocol::NodeId;
use rustls::pki_types::ServerName;
use std::{io, net::SocketAddr, sync::Arc, time::Instant};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout_at,
};
use tokio_rustls::TlsConnector;

/// Why a node was not paired.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    /// One of the two has ended it.
    #[error(transparent)]
    Ended(#[from] Reason),
    /// It is not that hub, or none at all.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Nobody answers there, or not as a hub does.
    #[error(
        "{address} cannot be reached: {source}\n  help: see that the hub runs, that pairing is open, and that both are in one network"
    )]
    Unreachable {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// This machine cannot use its key.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Pairs with the hub at `address`; ends when the person there has decided, or the time of `opening` is
/// over. `hub`: the key that its QR code named. `words` is called once, with what to show.
///
/// # Errors
/// [`PairError`].
pub async fn pair(
    identity: &Identity,
    address: SocketAddr,
    hub: Option<NodeId>,
    opening: &mut Opening,
    about: About,
    words: impl FnOnce([&'static str; 3]),
) -> Result<Joined, PairError> {
    let config = Arc::new(channel::client_config(identity, hub)?);
    let until = opening.until().into();
    let unreachable = |source| PairError::Unreachable { address, source };
    let name = ServerName::try_from(trust::HUB_NAME).map_err(|_| Reason::Failed)?;
    let connected = async {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        TlsConnector::from(config).connect(name, stream).await
    };
    let connected = timeout_at(until, connected).await;
    let stream = connected
        .map_err(|_| Reason::Expired)?
        .map_err(unreachable)?;
    let (_, tls) = stream.get_ref();
    if !trust::speaks(tls.alpn_protocol(), channel::ALPN) {
        return Err(PairError::Ended(Reason::Malformed));
    }
    let peer = channel::peer(tls.peer_certificates().unwrap_or_default())?;
    let own = identity.public();
    let (mut joining, hello) = Joining::start(opening, own, peer, about, Instant::now())?;
    talk(stream, &mut joining, hello, opening, words)
        .await
        .map_err(unreachable)?
        .map_err(PairError::Ended)
}

async fn talk(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    joining: &mut Joining,
    hello: Vec<u8>,
    opening: &mut Opening,
    words: impl FnOnce([&'static str; 3]),
) -> io::Result<Result<Joined, Reason>> {
    stream.write_all(&hello).await?;
    stream.flush().await?;
    let mut words = Some(words);
    let mut buffer = [0; 1024];
    loop {
        let read = timeout_at(joining.until().into(), stream.read(&mut buffer)).await;
        let steps = match read {
            Ok(Ok(0) | Err(_)) => joining.gone(),
            Ok(Ok(read)) => joining.receive(&buffer[..read], opening, Instant::now()),
            Err(_) => joining.receive(&[], opening, Instant::now()),
        };
        for step in steps {
            match step {
                Step::Send(bytes) => {
                    stream.write_all(&bytes).await?;
                    stream.flush().await?;
                }
                Step::Words(shown) => {
                    if let Some(words) = words.take() {
                        words(shown);
                    }
                }
                Step::Joined(joined) => return Ok(Ok(joined)),
                Step::Failed(reason) => return Ok(Err(reason)),
            }
        }
    }
}
