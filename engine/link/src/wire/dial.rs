//! A node's end: reaches the hub, says who it is, and comes again when the link is lost.

use super::{
    hello::Me,
    link::{Beginning, Link, framed},
    reason::{LinkError, Reason},
    transport,
};
use crate::trust::{HUB_NAME, Member};
use backon::{BackoffBuilder, ExponentialBuilder};
use loqa_protocol::link::LinkFrame;
use quinn::{
    AsyncUdpSocket, ClientConfig, Endpoint, TokioRuntime, crypto::rustls::QuicClientConfig,
};
use rustls::pki_types::CertificateDer;
use std::{
    fmt,
    net::{Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::time::{sleep, timeout};

/// From the first packet to the welcome.
const DIALLING: Duration = Duration::from_secs(3);
/// Between two tries: at first, and at most. A hub that was away for long has its nodes back within 2 s.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// What is done with a new certificate besides showing it: it is kept on the disk.
pub type Renewed = Arc<dyn Fn(&CertificateDer<'static>) + Send + Sync>;

/// Reaches the hub that this node is paired with.
pub struct Dialer {
    endpoint: Endpoint,
    member: Member,
    me: Me,
    renewed: Renewed,
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dialer({:?})", self.me.name)
    }
}

impl Dialer {
    /// One for this node. Within a runtime of tokio.
    ///
    /// # Errors
    /// [`LinkError::Here`].
    pub fn new(member: Member, me: Me, renewed: Renewed) -> Result<Dialer, LinkError> {
        // A machine may have no IPv6 at all.
        let socket = transport::socket((Ipv6Addr::UNSPECIFIED, 0).into())
            .or_else(|_| transport::socket(([0, 0, 0, 0], 0).into()))?;
        let runtime = TokioRuntime;
        let socket = quinn::Runtime::wrap_udp_socket(&runtime, socket.into())?;
        Dialer::over(socket, member, me, renewed)
    }

    /// The same over another net, such as a simulated one.
    ///
    /// # Errors
    /// [`LinkError::Here`].
    pub fn over(
        socket: Arc<dyn AsyncUdpSocket>,
        member: Member,
        me: Me,
        renewed: Renewed,
    ) -> Result<Dialer, LinkError> {
        let config = quinn::EndpointConfig::default();
        let runtime = Arc::new(TokioRuntime);
        let endpoint = Endpoint::new_with_abstract_socket(config, None, socket, runtime)?;
        Ok(Dialer {
            endpoint,
            member,
            me,
            renewed,
        })
    }

    /// What is said of this node from the next link on.
    pub fn introduce(&mut self, me: Me) {
        self.me = me;
    }

    /// Reaches the hub at `address`. If it hands out a new certificate first, goes there again with that.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn dial(&self, address: SocketAddr) -> Result<Link, LinkError> {
        for _ in 0..2 {
            let dialled = timeout(DIALLING, self.once(address)).await;
            match dialled.unwrap_or_else(|_| Err(LinkError::Unreachable(address.to_string())))? {
                Some(link) => return Ok(link),
                None => continue,
            }
        }
        let words = "the hub hands out one certificate after the other".into();
        Err(LinkError::NotTrusted(words))
    }

    /// Reaches the hub at any of the addresses that `known` says at the time, and tries until it has: ever less often, at
    /// most once a second.
    ///
    /// # Errors
    /// Only what [needs somebody](LinkError::needs_somebody).
    pub async fn reach(
        &self,
        mut known: impl AsyncFnMut() -> Vec<SocketAddr>,
    ) -> Result<Link, LinkError> {
        let mut waits = ExponentialBuilder::new()
            .with_min_delay(FIRST_WAIT)
            .with_max_delay(LONGEST_WAIT)
            .without_max_times()
            .with_jitter()
            .build();
        loop {
            for address in known().await {
                match self.dial(address).await {
                    Ok(link) => return Ok(link),
                    Err(error) if error.needs_somebody() => return Err(error),
                    Err(error) => tracing::debug!(%address, %error, "the hub was not reached"),
                }
            }
            sleep(waits.next().unwrap_or(LONGEST_WAIT)).await;
        }
    }

    /// The addresses of this machine have changed: links go on from the new one.
    ///
    /// # Errors
    /// [`LinkError::Here`].
    pub fn moved(&self, socket: Arc<dyn AsyncUdpSocket>) -> Result<(), LinkError> {
        Ok(self.endpoint.rebind_abstract(socket)?)
    }

    /// Ends all links.
    pub async fn close(&self) {
        let reason = Reason::Stopping;
        self.endpoint
            .close(reason.code(), reason.to_string().as_bytes());
        self.endpoint.wait_idle().await;
    }

    /// `None`: with the new certificate it may work.
    async fn once(&self, address: SocketAddr) -> Result<Option<Link>, LinkError> {
        let here = |error: &dyn fmt::Display| LinkError::Here(error.to_string());
        let tls = self.member.client_config().map_err(|error| here(&error))?;
        let tls = QuicClientConfig::try_from(tls).map_err(|error| here(&error))?;
        let mut config = ClientConfig::new(Arc::new(tls));
        config.transport_config(transport::config());
        let connecting = self
            .endpoint
            .connect_with(config, self.mapped(address), HUB_NAME);
        let connection = connecting.map_err(|error| here(&error))?.await?;
        let (send, receive) = connection.open_bi().await?;
        let (mut says, mut hears) = framed(send, receive, &connection);
        let hello = self.me.hello();
        says.send(&LinkFrame::Hello(hello.clone())).await?;
        match hears.next().await? {
            Some(LinkFrame::Welcome(welcome)) => {
                let (member, renewed) = (self.member.clone(), self.renewed.clone());
                Ok(Some(Link::begin(Beginning {
                    connection,
                    peer: self.member.hub(),
                    hello,
                    welcome,
                    says,
                    hears,
                    renew: Some(Box::new(move |der| renew(&member, &renewed, der))),
                })))
            }
            Some(LinkFrame::Refusal { problem }) => {
                transport::close(&connection, Reason::Refused, "");
                Err(LinkError::Refused(problem))
            }
            Some(LinkFrame::Certificate { der }) => {
                renew(&self.member, &self.renewed, der);
                transport::close(&connection, Reason::Renewed, "");
                Ok(None)
            }
            _ => {
                let words = "the hub answers a hello with something else";
                transport::close(&connection, Reason::Garbage, words);
                Err(LinkError::Garbage(words.into()))
            }
        }
    }

    /// A socket for both reaches IPv4 by addresses of IPv6 that stand for it.
    fn mapped(&self, address: SocketAddr) -> SocketAddr {
        match (self.endpoint.local_addr(), address) {
            (Ok(SocketAddr::V6(_)), SocketAddr::V4(address)) => {
                (address.ip().to_ipv6_mapped(), address.port()).into()
            }
            _ => address,
        }
    }
}

/// One that is not for this node's key changes nothing.
fn renew(member: &Member, renewed: &Renewed, der: Vec<u8>) {
    let certificate = CertificateDer::from(der);
    match member.renew(certificate.clone()) {
        Ok(()) => renewed(&certificate),
        Err(error) => tracing::warn!(%error, "the hub handed out a certificate that is of no use"),
    }
}
