//! Frames over a stream of QUIC, each with its length before it, as everywhere else.

use super::{
    beat::Busy,
    reason::{LinkError, Reason},
    transport,
};
use loqa_protocol::wire::{
    DecodeError, FrameReader, MAX_FRAME_BYTES, StreamError, Wire, write_frame,
};
use quinn::{Connection, RecvStream, SendStream};
use std::{fmt, marker::PhantomData};

/// How much is read at once.
const READ_BYTES: usize = 16 << 10;

/// The way there. Dropping it before [`Sender::finish`] cancels.
pub struct Sender<F> {
    out: Out,
    /// As long as this is there, the other side hears often that this one lives.
    busy: Option<Busy>,
    frames: PhantomData<fn(F)>,
}

struct Out {
    stream: SendStream,
    finished: bool,
}

impl<F> fmt::Debug for Sender<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sender({})", self.out.stream.id())
    }
}

impl<F> Sender<F> {
    pub(super) fn new(stream: SendStream) -> Self {
        let finished = false;
        Sender {
            out: Out { stream, finished },
            busy: None,
            frames: PhantomData,
        }
    }

    /// The same stream, for what comes after its first frame.
    pub(super) fn followed_by<G>(self, busy: Option<Busy>) -> Sender<G> {
        Sender {
            out: self.out,
            busy: busy.or(self.busy),
            frames: PhantomData,
        }
    }

    /// The same stream, which waits for those of a higher priority; that of the others is 0.
    pub(super) fn behind(self, priority: i32) -> Self {
        // It is closed already where the other side wants no more.
        let _ = self.out.stream.set_priority(priority);
        self
    }

    /// Sends a frame; waits while the other side reads too slowly.
    ///
    /// # Errors
    /// The other side is gone or wants no more; or the frame is too long, which is [`LinkError::Here`].
    pub async fn send(&mut self, frame: &F) -> Result<(), LinkError>
    where
        F: Wire,
    {
        let mut bytes = Vec::new();
        write_frame(frame, &mut bytes).map_err(|error| LinkError::Here(error.to_string()))?;
        Ok(self.out.stream.write_all(&bytes).await?)
    }

    /// All was said; what was sent still arrives.
    pub fn finish(mut self) {
        self.end();
    }

    /// All was said. Resolves once the other side has it, or wants no more.
    pub async fn finished(mut self) {
        self.end();
        // An error is that it has closed.
        let _ = self.out.stream.stopped().await;
    }

    /// For whoever sends what are no frames.
    pub(super) fn bytes(&mut self) -> &mut SendStream {
        &mut self.out.stream
    }

    pub(super) fn end(&mut self) {
        self.out.finished = true;
        // It is closed already where the other side wants no more.
        let _ = self.out.stream.finish();
    }

    /// Nothing more comes, for this reason; what was sent may be lost.
    pub fn cancel(mut self, reason: Reason) {
        self.out.finished = true;
        let _ = self.out.stream.reset(reason.code());
    }

    /// Resolves once the other side wants no more, or has gone.
    pub async fn unwanted(&self) {
        let _ = self.out.stream.stopped().await;
    }
}

impl Drop for Out {
    fn drop(&mut self) {
        if !self.finished {
            // A stream that is dropped would count as finished.
            let _ = self.stream.reset(Reason::Cancelled.code());
        }
    }
}

/// The way back. Dropping it before the end tells the other side that nobody listens.
pub struct Receiver<F> {
    stream: RecvStream,
    reader: FrameReader,
    /// Whoever sends what is no frame has it closed.
    connection: Connection,
    over: bool,
    frames: PhantomData<fn() -> F>,
}

impl<F> fmt::Debug for Receiver<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Receiver({})", self.stream.id())
    }
}

impl<F> Receiver<F> {
    pub(super) fn new(stream: RecvStream, reader: FrameReader, connection: Connection) -> Self {
        Receiver {
            stream,
            reader,
            connection,
            over: false,
            frames: PhantomData,
        }
    }

    /// The same stream, for what comes after its first frame, as long as frames may be.
    pub(super) fn followed_by<G>(mut self) -> Receiver<G> {
        self.reader.allow(MAX_FRAME_BYTES);
        Receiver {
            stream: self.stream,
            reader: self.reader,
            connection: self.connection,
            over: self.over,
            frames: PhantomData,
        }
    }

    /// The same stream, for what comes after its first frame and is no frame: what has come of it, and where the rest comes.
    pub(super) fn into_bytes(mut self) -> (Vec<u8>, RecvStream) {
        (self.reader.rest(), self.stream)
    }

    /// The next frame; `None` once the other side has said all. May be dropped and called again: nothing is lost.
    ///
    /// # Errors
    /// [`LinkError::Reset`]: the other side has cancelled; [`LinkError::Garbage`]: what came is no frame, and the link was
    /// closed for that, or is of another version, and the stream was; or the link is gone.
    pub async fn next(&mut self) -> Result<Option<F>, LinkError>
    where
        F: Wire,
    {
        loop {
            if self.over {
                return Ok(None);
            }
            match self.reader.next_frame() {
                Ok(Some(frame)) => return Ok(Some(frame)),
                Ok(None) => {}
                Err(error) => return Err(self.refuse(&error)),
            }
            match self.stream.read_chunk(READ_BYTES, true).await? {
                Some(chunk) => self.reader.push(&chunk.bytes),
                None if self.reader.is_cut_off() => {
                    let cut = DecodeError::Malformed("the stream ends within a frame".into());
                    return Err(self.refuse(&StreamError::Frame(cut)));
                }
                None => self.over = true,
            }
        }
    }

    /// Whoever speaks a later version does not know that this one does not; anybody else is not let go on.
    fn refuse(&mut self, error: &StreamError) -> LinkError {
        self.over = true;
        let later = match error {
            StreamError::Frame(DecodeError::Missing(_) | DecodeError::UnknownValue { .. }) => true,
            StreamError::Frame(_) | StreamError::TooLong { .. } => false,
        };
        let words = error.to_string();
        if later {
            // It may be closed already.
            let _ = self.stream.stop(Reason::UnknownKind.code());
        } else {
            transport::close(&self.connection, Reason::Garbage, &words);
        }
        LinkError::Garbage(words)
    }

    /// Nothing more of it is wanted, for this reason.
    pub fn stop(mut self, reason: Reason) {
        let _ = self.stream.stop(reason.code());
    }
}
