//! Frames on a byte stream: four bytes of length, big-endian, then the frame.

use super::{DecodeError, Wire};
use alloc::vec::Vec;
use core::fmt;

/// No frame is longer; a peer that announces one is not speaking this protocol.
pub const MAX_FRAME_BYTES: usize = 4 * 1024 * 1024;

/// Why a stream cannot go on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StreamError {
    /// A frame longer than [`MAX_FRAME_BYTES`].
    TooLong(usize),
    /// A frame that cannot be understood. The stream itself is intact.
    Frame(DecodeError),
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StreamError::TooLong(length) => {
                write!(
                    f,
                    "a frame of {length} bytes is longer than the {MAX_FRAME_BYTES} allowed"
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
        return Err(StreamError::TooLong(bytes.len()));
    }
    out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    out.extend_from_slice(&bytes);
    Ok(())
}

/// Cuts frames out of bytes as they arrive, in pieces of any size.
#[derive(Debug, Default)]
pub struct FrameReader {
    buffer: Vec<u8>,
    /// Bytes of `buffer` that were frames already.
    read: usize,
}

impl FrameReader {
    /// Takes the next piece.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.read);
        self.read = 0;
        self.buffer.extend_from_slice(bytes);
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
        if length > MAX_FRAME_BYTES {
            return Err(StreamError::TooLong(length));
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
