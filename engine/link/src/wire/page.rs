//! A connection that a browser at a node has with its hub: bytes, both ways.

use super::{
    reason::{LinkError, Reason},
    stream::{Receiver, Sender},
};
use loqa_protocol::link::LinkFrame;
use quinn::RecvStream;
use std::{
    io::{self, Cursor, Read as _},
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Behind what is said and jobs: a page that is loaded keeps nobody from being heard.
const PRIORITY: i32 = -1;

/// Both ways. Dropping it before it was shut down cancels: the browser does not take a part for the whole.
#[derive(Debug)]
pub struct Page {
    says: Sender<LinkFrame>,
    /// What came together with the opening.
    first: Cursor<Vec<u8>>,
    hears: RecvStream,
    answered: bool,
    ended: Option<LinkError>,
}

impl Page {
    /// What follows the opening of its stream.
    pub(super) fn new(says: Sender<LinkFrame>, hears: Receiver<LinkFrame>) -> Page {
        let (first, hears) = hears.into_bytes();
        Page {
            says: says.behind(PRIORITY),
            first: Cursor::new(first),
            hears,
            answered: false,
            ended: None,
        }
    }

    /// There is nothing for that browser, for this reason.
    pub fn refuse(mut self, reason: Reason) {
        let _ = self.hears.stop(reason.code());
        self.says.cancel(reason);
    }

    /// Whether anything came of it.
    pub fn has_answered(&self) -> bool {
        self.answered
    }

    /// Why the other side has ended it, where it has.
    pub fn ended(&self) -> Option<&LinkError> {
        self.ended.as_ref()
    }
}

impl AsyncRead for Page {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let read = this.first.read(buffer.initialize_unfilled())?;
        if read > 0 {
            buffer.advance(read);
            return Poll::Ready(Ok(()));
        }
        let read = ready!(this.hears.poll_read(context, buffer.initialize_unfilled()));
        match read {
            Ok(read) => {
                buffer.advance(read);
                this.answered |= read > 0;
                Poll::Ready(Ok(()))
            }
            Err(error) => {
                let error: LinkError = error.into();
                this.ended = Some(error.clone());
                Poll::Ready(Err(io::Error::other(error)))
            }
        }
    }
}

impl AsyncWrite for Page {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let stream = self.get_mut().says.bytes();
        AsyncWrite::poll_write(Pin::new(stream), context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        AsyncWrite::poll_flush(Pin::new(self.get_mut().says.bytes()), context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().says.end();
        Poll::Ready(Ok(()))
    }
}
