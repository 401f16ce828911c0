//! How QUIC is set up: what a connection may take, and how soon it is noticed that it is gone.
//!
//! A connection that says nothing takes no buffers: those of quinn grow with what is under way. What follows bounds what
//! somebody can make grow.

use super::{
    congestion::Household,
    reason::{LinkError, Reason},
};
use crate::Identity;
use quinn::{Connection, EndpointConfig, IdleTimeout, TransportConfig, VarInt};
use quinn_proto::HashedConnectionIdGenerator;
use socket2::{Domain, Protocol, Socket, Type};
use std::{net::SocketAddr, sync::Arc, time::Duration};

/// Streams at a time from one side: as many jobs as a process works on, the control stream, and clients.
pub const MOST_STREAMS: u32 = 24;
/// What of one stream may be under way unread. In a LAN (1 ms) that is 128 MB/s; over a slow way (50 ms) 2.5 MB/s, and
/// what is sent again of the longest utterance, 30 s, has 2 MB.
const STREAM_WINDOW: u32 = 128 << 10;
/// Likewise of all streams of a connection together.
const CONNECTION_WINDOW: u32 = 512 << 10;
/// What may wait to be sent or to be acknowledged; whoever writes more waits.
const SEND_WINDOW: u64 = 512 << 10;
/// Datagrams that nobody has read, and that could not be sent yet: the oldest are dropped. 500 ms from before the wake, as
/// PCM, and half a second more.
const DATAGRAMS: usize = 48 << 10;
/// Quiet for so long, and the connection is no more; whoever comes back comes with a new one, which takes one round trip,
/// while the old one would wait for its next try, up to as long again as the quiet was.
pub const IDLE: Duration = Duration::from_secs(10);
/// Beats are what counts; this keeps a way through a router open when the program is busy.
const KEEP_ALIVE: Duration = Duration::from_secs(3);
/// Before it was measured. In a house it is far less, and what is lost of a first packet is sent again so much later.
const FIRST_ROUND_TRIP: Duration = Duration::from_millis(100);

/// Packets that overtake one before it counts as lost: on the air many do.
const OVERTAKING: u32 = 12;

/// Ends a connection, unless it has ended: then why it did stays.
pub fn close(connection: &Connection, reason: Reason, words: &str) {
    if connection.close_reason().is_none() {
        connection.close(reason.code(), words.as_bytes());
    }
}

/// Of both sides.
pub fn config() -> Arc<TransportConfig> {
    let mut config = TransportConfig::default();
    config
        .max_concurrent_bidi_streams(MOST_STREAMS.into())
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .stream_receive_window(STREAM_WINDOW.into())
        .receive_window(CONNECTION_WINDOW.into())
        .send_window(SEND_WINDOW)
        .datagram_receive_buffer_size(Some(DATAGRAMS))
        .datagram_send_buffer_size(DATAGRAMS)
        .crypto_buffer_size(16 << 10)
        .max_idle_timeout(IdleTimeout::try_from(IDLE).ok())
        .keep_alive_interval(Some(KEEP_ALIVE))
        .initial_rtt(FIRST_ROUND_TRIP)
        .congestion_controller_factory(Arc::new(Household::default()))
        .packet_threshold(OVERTAKING);
    Arc::new(config)
}

/// So that a hub that starts anew tells nodes of before at once that it knows nothing of their connections: what such a
/// telling is known by follows from its key.
pub fn endpoint(identity: &Identity) -> EndpointConfig {
    let secret = |purpose| identity.secret_for(purpose);
    let reset = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &secret("quic reset"));
    let mut config = EndpointConfig::new(Arc::new(reset));
    let [a, b, c, d, e, f, g, h, ..] = secret("quic connection ids");
    let key = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
    config.cid_generator(move || Box::new(HashedConnectionIdGenerator::from_key(key)));
    config
}

/// A socket of this machine. One of `[::]` is also reached over IPv4.
pub fn socket(address: SocketAddr) -> Result<Socket, LinkError> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}
