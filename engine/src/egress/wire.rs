//! An open connection, whose bytes are counted.

use super::ledger::{Open, Outcome};
use loqa_link::ca;
use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::OnceCell,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{ClientConfig, RootCertStore, pki_types::ServerName},
};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// A connection to elsewhere. Dropping it closes it; once the house is sealed, nothing can be read from
/// or written to it.
pub struct Wire {
    stream: Stream,
    open: Arc<Open>,
    sealed: Pin<Box<WaitForCancellationFutureOwned>>,
}

enum Stream {
    Plain(TcpStream),
    Encrypted(Box<TlsStream<TcpStream>>),
}

impl Wire {
    pub(super) fn plain(stream: TcpStream, open: Arc<Open>, sealed: CancellationToken) -> Wire {
        Wire::of(Stream::Plain(stream), open, sealed)
    }

    pub(super) fn encrypted(
        stream: TlsStream<TcpStream>,
        open: Arc<Open>,
        sealed: CancellationToken,
    ) -> Wire {
        Wire::of(Stream::Encrypted(Box::new(stream)), open, sealed)
    }

    fn of(stream: Stream, open: Arc<Open>, sealed: CancellationToken) -> Wire {
        Wire {
            stream,
            open,
            sealed: Box::pin(sealed.cancelled_owned()),
        }
    }

    /// Whether nothing goes any more; whoever waits on it is woken when that is so.
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if self.sealed.as_mut().poll(context).is_pending() {
            return Ok(());
        }
        self.open.end(Outcome::Sealed);
        Err(io::Error::new(
            io::ErrorKind::ConnectionAborted,
            "the house is sealed",
        ))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.open.end(Outcome::Closed);
    }
}

/// TLS that trusts whom the system trusts, so that a household's own authority can be added there.
#[derive(Default)]
pub(super) struct Encryption(OnceCell<TlsConnector>);

impl Encryption {
    /// One that trusts these alone.
    #[cfg(test)]
    pub fn trusting(roots: RootCertStore) -> io::Result<Encryption> {
        Ok(Encryption(OnceCell::new_with(Some(connector(roots)?))))
    }

    pub async fn begin(&self, host: &str, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let made = self.0.get_or_try_init(|| async {
            // It reads files.
            let read = tokio::task::spawn_blocking(rustls_native_certs::load_native_certs);
            let mut roots = RootCertStore::empty();
            // One that cannot be read vouches for nobody.
            roots.add_parsable_certificates(read.await?.certs);
            connector(roots)
        });
        made.await?.connect(name, stream).await
    }
}

fn connector(roots: RootCertStore) -> io::Result<TlsConnector> {
    let config = ClientConfig::builder_with_provider(ca::provider())
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        let before = buffer.filled().len();
        let read = match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Encrypted(stream) => Pin::new(stream).poll_read(context, buffer),
        };
        let received = buffer.filled().len() - before;
        self.open.received(received);
        read
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        let written = match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Encrypted(stream) => Pin::new(stream).poll_write(context, bytes),
        };
        let sent = ready!(written)?;
        self.open.sent(sent);
        Poll::Ready(Ok(sent))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::Encrypted(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Encrypted(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
