//! What one datagram holds.
//!
//! ```text
//! 0   kind      0xA1; anything else is no audio
//! 1   flags     bit 0: the last frame of this request is among these
//! 2   stream    u32, index of the client's stream that the request was made on
//! 6   request   u32, its `AskAudio`
//! 10  sequence  u32, of the newest frame, from 0
//! 14  frames, the newest first, each one before the last: encoding u8, length u16, bytes
//! ```
//! All numbers are big-endian.

use std::fmt;

/// Says that a datagram is audio, of this layout.
pub const KIND: u8 = 0xA1;
/// Frames a packet may hold: the newest, and copies of those before.
pub const MOST_FRAMES: usize = 4;
/// Bytes a frame may have: PCM 16 of 20 ms, and nothing is longer.
pub const MOST_BYTES: usize = 2 * super::FRAME_SAMPLES;
const LAST: u8 = 1;
const HEADER: usize = 14;

/// Which request a packet belongs to: a stream of its link, and the request on that.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Route {
    /// Index of the stream.
    pub stream: u32,
    /// Of its `AskAudio`.
    pub request: u32,
}

/// How a frame's bytes are to be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    /// 16 bits a sample, little-endian.
    Pcm16,
    /// RFC 6716, SILK or hybrid or CELT.
    Opus,
    /// ITU-T G.711 µ-law: half of PCM, for copies.
    Mulaw,
}

impl Encoding {
    fn number(self) -> u8 {
        match self {
            Encoding::Pcm16 => 1,
            Encoding::Opus => 2,
            Encoding::Mulaw => 3,
        }
    }

    fn of_number(number: u8) -> Option<Encoding> {
        [Encoding::Pcm16, Encoding::Opus, Encoding::Mulaw]
            .into_iter()
            .find(|it| it.number() == number)
    }
}

/// 20 ms, encoded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Coded {
    /// How.
    pub encoding: Encoding,
    /// At most [`MOST_BYTES`].
    pub bytes: Vec<u8>,
}

/// One datagram.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Packet {
    /// Whose.
    pub route: Route,
    /// Of `frames[0]`.
    pub sequence: u32,
    /// Whether `frames[0]` is the last of its request.
    pub last: bool,
    /// The newest, the one before it, and so on; 1 to [`MOST_FRAMES`].
    pub frames: Vec<Coded>,
}

/// Why bytes are no packet of audio.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PacketError {
    /// Of another kind.
    Kind(u8),
    /// It ends too early.
    CutOff,
    /// A flag that only a later version knows.
    Flags(u8),
    /// More frames than [`MOST_FRAMES`], or none.
    Frames(usize),
    /// A frame of this number of bytes.
    Length(usize),
    /// An encoding that only a later version knows.
    Encoding(u8),
    /// More frames than there were by then.
    Early,
}

impl fmt::Display for PacketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PacketError::Kind(kind) => write!(f, "a datagram of kind {kind:#04x} is no audio"),
            PacketError::CutOff => write!(f, "a packet of audio ends too early"),
            PacketError::Flags(flags) => {
                write!(f, "a packet of audio has unknown flags {flags:#04x}")
            }
            PacketError::Frames(count) => write!(
                f,
                "a packet of audio has {count} frames, not 1 to {MOST_FRAMES}"
            ),
            PacketError::Length(bytes) => write!(
                f,
                "a frame of audio has {bytes} bytes, not 1 to {MOST_BYTES}"
            ),
            PacketError::Encoding(number) => {
                write!(f, "a frame of audio has the unknown encoding {number}")
            }
            PacketError::Early => write!(f, "a packet of audio has frames from before the first"),
        }
    }
}

impl std::error::Error for PacketError {}

impl Packet {
    /// As a datagram.
    pub fn to_bytes(&self) -> Vec<u8> {
        let frames: usize = self.frames.iter().map(|it| 3 + it.bytes.len()).sum();
        let mut bytes = Vec::with_capacity(HEADER + frames);
        bytes.push(KIND);
        bytes.push(if self.last { LAST } else { 0 });
        bytes.extend(self.route.stream.to_be_bytes());
        bytes.extend(self.route.request.to_be_bytes());
        bytes.extend(self.sequence.to_be_bytes());
        for frame in &self.frames {
            bytes.push(frame.encoding.number());
            // The constructors of frames keep to `MOST_BYTES`.
            bytes.extend((frame.bytes.len() as u16).to_be_bytes());
            bytes.extend(&frame.bytes);
        }
        bytes
    }

    /// From exactly one datagram.
    ///
    /// # Errors
    /// [`PacketError`], for whatever [`Packet::to_bytes`] cannot have written.
    pub fn from_bytes(bytes: &[u8]) -> Result<Packet, PacketError> {
        let (header, mut rest) =
            bytes
                .split_first_chunk::<HEADER>()
                .ok_or(match bytes.first() {
                    Some(&kind) if kind != KIND => PacketError::Kind(kind),
                    _ => PacketError::CutOff,
                })?;
        let number = |at: usize| {
            let bytes = [header[at], header[at + 1], header[at + 2], header[at + 3]];
            u32::from_be_bytes(bytes)
        };
        let (kind, flags) = (header[0], header[1]);
        if kind != KIND {
            return Err(PacketError::Kind(kind));
        }
        if flags & !LAST != 0 {
            return Err(PacketError::Flags(flags));
        }
        let mut frames = Vec::new();
        while !rest.is_empty() {
            let ([encoding, high, low], after) =
                rest.split_first_chunk().ok_or(PacketError::CutOff)?;
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            if length == 0 || length > MOST_BYTES {
                return Err(PacketError::Length(length));
            }
            let encoding =
                Encoding::of_number(*encoding).ok_or(PacketError::Encoding(*encoding))?;
            let (frame, after) = after.split_at_checked(length).ok_or(PacketError::CutOff)?;
            if frames.len() == MOST_FRAMES {
                return Err(PacketError::Frames(MOST_FRAMES + 1));
            }
            frames.push(Coded {
                encoding,
                bytes: frame.to_vec(),
            });
            rest = after;
        }
        let packet = Packet {
            route: Route {
                stream: number(2),
                request: number(6),
            },
            sequence: number(10),
            last: flags & LAST != 0,
            frames,
        };
        match packet.frames.len() {
            0 => Err(PacketError::Frames(0)),
            count if count as u64 > u64::from(packet.sequence) + 1 => Err(PacketError::Early),
            _ => Ok(packet),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_packet() -> impl Strategy<Value = Packet> {
        let encoding = prop::sample::select(vec![Encoding::Pcm16, Encoding::Opus, Encoding::Mulaw]);
        let frame = (encoding, prop::collection::vec(any::<u8>(), 1..=64))
            .prop_map(|(encoding, bytes)| Coded { encoding, bytes });
        let frames = prop::collection::vec(frame, 1..=MOST_FRAMES);
        (any::<(u32, u32, bool)>(), 3..=u32::MAX, frames).prop_map(
            |((stream, request, last), sequence, frames)| Packet {
                route: Route { stream, request },
                sequence,
                last,
                frames,
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(packet in any_packet()) {
            prop_assert_eq!(Packet::from_bytes(&packet.to_bytes()), Ok(packet));
        }

        #[test]
        fn any_bytes_are_a_packet_or_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..200), audio: bool) {
            if let (true, Some(kind)) = (audio, bytes.first_mut()) {
                *kind = KIND;
            }
            if let Ok(packet) = Packet::from_bytes(&bytes) {
                prop_assert_eq!(packet.to_bytes(), bytes);
            }
        }

        #[test]
        fn what_is_cut_off_is_no_packet_of_as_many_frames(packet in any_packet(), at in any::<prop::sample::Index>()) {
            let bytes = packet.to_bytes();
            if let Ok(cut) = Packet::from_bytes(&bytes[..at.index(bytes.len())]) {
                prop_assert!(cut.frames.len() < packet.frames.len());
            }
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let named = |bytes: &[u8]| Packet::from_bytes(bytes).unwrap_err().to_string();
        let packet =
            |rest: &[u8]| [&[KIND, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1][..], rest].concat();
        assert_eq!(named(&[0]), "a datagram of kind 0x00 is no audio");
        assert_eq!(named(&[KIND]), "a packet of audio ends too early");
        assert_eq!(
            named(&packet(&[])),
            "a packet of audio has 0 frames, not 1 to 4"
        );
        assert_eq!(
            named(&packet(&[1, 255, 255])),
            "a frame of audio has 65535 bytes, not 1 to 640"
        );
        assert_eq!(
            named(&packet(&[9, 0, 1, 0])),
            "a frame of audio has the unknown encoding 9"
        );
        assert_eq!(
            named(&packet(&[2, 0, 1, 0, 2, 0, 1, 0, 2, 0, 1, 0])),
            "a packet of audio has frames from before the first"
        );
    }
}
