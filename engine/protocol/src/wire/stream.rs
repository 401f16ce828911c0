//! Frames on a byte stream: four bytes of length, big-endian, then the frame.

use super::{DecodeError, Wire};
use alloc::vec::Vec;
use core::fmt;

/// No frame is longer; a peer that announces one is not speaking this protocol.
pub const MAX_FRAME_BYTES: usize = 4 * 1024 * 1024;

/// What a reader keeps for what comes next, of what earlier frames took.
const KEPT_BYTES: usize = 16 * 1024;

/// Why a stream cannot go on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StreamError {
    /// A frame longer than allowed.
    TooLong {
        /// What was announced.
        bytes: usize,
        /// What is allowed: [`MAX_FRAME_BYTES`] or less.
        most: usize,
    },
    /// A frame that cannot be understood. The stream itself is intact.
    Frame(DecodeError),
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StreamError::TooLong { bytes, most } => {
                write!(
                    f,
                    "a frame of {bytes} bytes is longer than the {most} allowed"
                )
            }
            StreamError::Frame(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for StreamError {}

/// Appends a frame with its length to `out`.
///
/// # Errors
/// [`StreamError::TooLong`]; `out` is unchanged then.
pub fn write_frame(frame: &impl Wire, out: &mut Vec<u8>) -> Result<(), StreamError> {
    let bytes = frame.to_bytes();
    if bytes.len() > MAX_FRAME_BYTES {
        return Err(StreamError::TooLong {
            bytes: bytes.len(),
            most: MAX_FRAME_BYTES,
        });
    }
    out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    out.extend_from_slice(&bytes);
    Ok(())
}

/// Cuts frames out of bytes as they arrive, in pieces of any size.
#[derive(Debug)]
pub struct FrameReader {
    buffer: Vec<u8>,
    /// Bytes of `buffer` that were frames already.
    read: usize,
    /// The longest frame.
    most: usize,
}

impl Default for FrameReader {
    fn default() -> Self {
        FrameReader::with_most(MAX_FRAME_BYTES)
    }
}

impl FrameReader {
    /// One for frames of at most so many bytes, where less than [`MAX_FRAME_BYTES`] is ever said.
    pub fn with_most(most: usize) -> Self {
        FrameReader {
            buffer: Vec::new(),
            read: 0,
            most: most.min(MAX_FRAME_BYTES),
        }
    }

    /// From now on frames of other lengths follow.
    pub fn allow(&mut self, most: usize) {
        self.most = most.min(MAX_FRAME_BYTES);
    }

    /// Takes the next piece.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.read);
        self.read = 0;
        // What one long frame took is given back once it was read.
        if self.buffer.is_empty() && self.buffer.capacity() > KEPT_BYTES {
            self.buffer = Vec::new();
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// What has come and was no frame yet.
    pub fn rest(&mut self) -> Vec<u8> {
        let rest = self.buffer.split_off(self.read);
        (self.buffer, self.read) = (Vec::new(), 0);
        rest
    }

    /// The next whole frame; `None` until more arrives. After [`StreamError::TooLong`] the stream
    /// must be closed.
    ///
    /// # Errors
    /// [`StreamError`].
    pub fn next_frame<F: Wire>(&mut self) -> Result<Option<F>, StreamError> {
        let Some((length, rest)) = self.buffer[self.read..].split_first_chunk::<4>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*length) as usize;
        if length > self.most {
            return Err(StreamError::TooLong {
                bytes: length,
                most: self.most,
            });
        }
        let Some(frame) = rest.get(..length) else {
            return Ok(None);
        };
        let frame = F::from_bytes(frame);
        self.read += 4 + length;
        frame.map(Some).map_err(StreamError::Frame)
    }

    /// Whether the stream ended within a frame, if it ended now.
    pub fn is_cut_off(&self) -> bool {
        self.read < self.buffer.len()
    }
}
