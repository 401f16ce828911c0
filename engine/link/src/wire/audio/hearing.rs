//! Both ends of a request's live audio: samples to datagrams, and datagrams to samples. Pure.

use super::{
    codec::{CodecError, Decoder, Encoder, Samples},
    fec::Copies,
    jitter::{Counts, Jitter, Next},
    packet::{Coded, Packet, Route},
};
use loqa_protocol::AudioCodec;
use std::time::Duration;

/// Makes datagrams of what somebody says.
#[derive(Debug)]
pub struct Talking {
    route: Route,
    encoder: Encoder,
    copies: Copies,
    /// Frames so far.
    sequence: u32,
    /// What was last sent, to be sent again with the end.
    before: Vec<Coded>,
}

impl Talking {
    /// Of a request, in this codec, or in PCM where it cannot be set up.
    ///
    /// # Errors
    /// None with [`AudioCodec::Pcm16`].
    pub fn new(route: Route, codec: AudioCodec) -> Result<Talking, CodecError> {
        let encoder = Encoder::new(codec)?;
        Ok(Talking {
            route,
            copies: Copies::new(encoder.copies()),
            encoder,
            sequence: 0,
            before: Vec::new(),
        })
    }

    /// The next 20 ms.
    pub fn frame(&mut self, samples: &Samples) -> Vec<u8> {
        let (frame, copy) = self.encoder.encode(samples);
        self.before = self.copies.packet(frame, copy);
        let packet = self.packet(false);
        self.sequence += 1;
        packet.to_bytes()
    }

    /// What was said last, once more, and nothing from before it; `None` if there was nothing.
    pub fn again(&self) -> Option<Vec<u8>> {
        let packet = Packet {
            route: self.route,
            sequence: self.sequence.checked_sub(1)?,
            last: false,
            frames: vec![self.copies.last()?.clone()],
        };
        Some(packet.to_bytes())
    }

    /// That there was no more; `None` if there was nothing.
    pub fn end(&mut self) -> Option<Vec<u8>> {
        self.sequence = self.sequence.checked_sub(1)?;
        Some(self.packet(true).to_bytes())
    }

    fn packet(&self, last: bool) -> Packet {
        Packet {
            route: self.route,
            sequence: self.sequence,
            last,
            frames: self.before.clone(),
        }
    }
}

/// Makes samples of datagrams, in order.
#[derive(Debug, Default)]
pub struct Hearing {
    jitter: Jitter,
    decoder: Decoder,
}

/// 20 ms, as they came or as they may have been.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// In [-1, 1].
    pub samples: Samples,
    /// Whether they did not come.
    pub lost: bool,
}

impl Hearing {
    /// Takes a packet that came at `now`, on any clock that does not jump.
    pub fn push(&mut self, packet: Packet, now: Duration) {
        self.jitter.push(packet, now);
    }

    /// There are no frames but those that were sent by now.
    pub fn end(&mut self) {
        self.jitter.end();
    }

    /// The next frame; `None`: it is still waited for, or there is none.
    pub fn pop(&mut self, now: Duration) -> Option<Heard> {
        let decoded = match self.jitter.pop(now)? {
            Next::Frame(frame) => self.decoder.decode(&frame),
            Next::Lost => None,
        };
        Some(Heard {
            lost: decoded.is_none(),
            samples: decoded.unwrap_or_else(|| self.decoder.conceal()),
        })
    }

    /// When to ask again though nothing has come.
    pub fn deadline(&self) -> Option<Duration> {
        self.jitter.deadline()
    }

    /// Whether it is known how many there are.
    pub fn is_ended(&self) -> bool {
        self.jitter.is_ended()
    }

    /// Whether that was all.
    pub fn is_over(&self) -> bool {
        self.jitter.is_over()
    }

    /// What became of the frames so far.
    pub fn counts(&self) -> Counts {
        self.jitter.counts()
    }
}
