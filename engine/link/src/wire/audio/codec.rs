//! 20 ms as bytes, and back; and what is put where they are lost.
//!
//! Opus is libopus itself (the crate `opus`, built from its own sources by `opusic-sys`, BSD): what is written anew in
//! Rust is young, and this reads bytes that others send. At 32 kbit/s a frame has 80 bytes instead of 640, and PocketSphinx
//! makes no more mistakes. Everybody can do without: PCM at 16 bits.

use super::{
    FRAME_SAMPLES,
    packet::{Coded, Encoding},
};
use loqa_protocol::AudioCodec;
use opus::{Application, Bitrate, Channels};
use std::fmt;

/// One frame.
pub type Samples = [f32; FRAME_SAMPLES];

const SAMPLE_RATE_HZ: u32 = 16_000;
const BITS_PER_SECOND: i32 = 32_000;
/// Of 0 to 10: what a Pi Zero does in a fiftieth of its time.
const COMPLEXITY: i32 = 5;
/// So that three fit in a packet, whatever the encoder makes of a noise.
const MOST_OPUS_BYTES: usize = 320;
/// Of the sound of the last frame that came, each one that is lost has half as much, …
const FADE: f32 = 0.5;
/// … and after so many there is silence.
const FADED: u32 = 5;

/// Encodes a request's frames, in order.
pub struct Encoder(Kind);

enum Kind {
    Pcm,
    Opus(opus::Encoder),
}

/// The codec cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("Opus cannot be set up: {0}\n  help: audio goes as PCM")]
pub struct CodecError(#[from] opus::Error);

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Pcm => "Encoder(pcm16)",
            Kind::Opus(_) => "Encoder(opus)",
        })
    }
}

impl Encoder {
    /// One for live speech.
    ///
    /// # Errors
    /// [`CodecError`]; PCM never fails.
    pub fn new(codec: AudioCodec) -> Result<Encoder, CodecError> {
        Ok(Encoder(match codec {
            AudioCodec::Pcm16 => Kind::Pcm,
            AudioCodec::Opus => {
                let mut encoder =
                    opus::Encoder::new(SAMPLE_RATE_HZ, Channels::Mono, Application::Voip)?;
                encoder.set_bitrate(Bitrate::Bits(BITS_PER_SECOND))?;
                encoder.set_complexity(COMPLEXITY)?;
                // Whole copies follow (`super::fec`).
                encoder.set_inband_fec(false)?;
                Kind::Opus(encoder)
            }
        }))
    }

    /// How many copies of a frame later packets have room for.
    pub fn copies(&self) -> usize {
        match self.0 {
            Kind::Pcm => 1,
            Kind::Opus(_) => 2,
        }
    }

    /// The next frame, and what is sent again of it.
    pub fn encode(&mut self, samples: &Samples) -> (Coded, Coded) {
        if let Kind::Opus(encoder) = &mut self.0 {
            let mut bytes = vec![0; MOST_OPUS_BYTES];
            if let Ok(length @ 1..) = encoder.encode_float(samples, &mut bytes) {
                bytes.truncate(length);
                let coded = Coded {
                    encoding: Encoding::Opus,
                    bytes,
                };
                return (coded.clone(), coded);
            }
        }
        let pcm = samples.map(to_16_bits);
        let coded = |encoding, bytes| Coded { encoding, bytes };
        (
            coded(
                Encoding::Pcm16,
                pcm.iter().flat_map(|it| it.to_le_bytes()).collect(),
            ),
            coded(Encoding::Mulaw, pcm.map(to_mulaw).to_vec()),
        )
    }
}

/// Decodes a request's frames, in order.
pub struct Decoder {
    /// Made when the first frame wants it.
    opus: Option<opus::Decoder>,
    /// What was last put out.
    before: Samples,
    /// Frames lost since one came.
    lost: u32,
}

impl Default for Decoder {
    fn default() -> Self {
        Decoder {
            opus: None,
            before: [0.0; FRAME_SAMPLES],
            lost: 0,
        }
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("lost", &self.lost)
            .finish_non_exhaustive()
    }
}

impl Decoder {
    /// What a frame says; `None` if it says nothing: conceal it then.
    pub fn decode(&mut self, frame: &Coded) -> Option<Samples> {
        let samples = match frame.encoding {
            Encoding::Pcm16 => {
                let pairs = frame.bytes.chunks_exact(2);
                let samples = pairs.map(|it| from_16_bits(i16::from_le_bytes([it[0], it[1]])));
                exactly(samples)?
            }
            Encoding::Mulaw => exactly(frame.bytes.iter().map(|it| from_16_bits(from_mulaw(*it))))?,
            Encoding::Opus => self.opus(&frame.bytes)?,
        };
        self.before = samples;
        self.lost = 0;
        Some(samples)
    }

    /// What is put in the place of the next frame.
    pub fn conceal(&mut self) -> Samples {
        self.lost += 1;
        if self.lost > FADED {
            self.before = [0.0; FRAME_SAMPLES];
        } else if self.opus.is_none() {
            self.before = self.before.map(|it| it * FADE);
        } else if let Some(samples) = self.opus(&[]) {
            self.before = samples;
        }
        self.before
    }

    /// No bytes: what libopus puts where some are lost.
    fn opus(&mut self, bytes: &[u8]) -> Option<Samples> {
        let decoder = match &mut self.opus {
            Some(decoder) => decoder,
            none => none.insert(opus::Decoder::new(SAMPLE_RATE_HZ, Channels::Mono).ok()?),
        };
        let mut samples = [0.0; FRAME_SAMPLES];
        // Whatever is no 20 ms was not sent by us.
        let decoded = decoder.decode_float(bytes, &mut samples, false);
        (decoded.ok()? == FRAME_SAMPLES).then(|| samples.map(|it| it.clamp(-1.0, 1.0)))
    }
}

fn exactly(samples: impl Iterator<Item = f32>) -> Option<Samples> {
    let samples: Vec<f32> = samples.collect();
    samples.try_into().ok()
}

fn to_16_bits(sample: f32) -> i16 {
    (sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)).round() as i16
}

fn from_16_bits(sample: i16) -> f32 {
    (f32::from(sample) / f32::from(i16::MAX)).max(-1.0)
}

/// What is added before the logarithm is taken, of 14 bits shifted to 16.
const BIAS: i32 = 0x84;
const CLIP: i32 = 32_635;

fn to_mulaw(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = i32::from(sample).abs().min(CLIP) + BIAS;
    let exponent = 31 - magnitude.leading_zeros() as i32 - 7;
    let mantissa = (magnitude >> (exponent + 3)) & 0x0f;
    !(sign | (exponent << 4) as u8 | mantissa as u8)
}

fn from_mulaw(byte: u8) -> i16 {
    let byte = !byte;
    let (exponent, mantissa) = (i32::from(byte >> 4 & 7), i32::from(byte & 0x0f));
    let magnitude = (((mantissa << 3) + BIAS) << exponent) - BIAS;
    (if byte & 0x80 == 0 {
        magnitude
    } else {
        -magnitude
    }) as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Two seconds of a tone that swells, and how much of it comes back, dB.
    fn signal_to_noise(codec: AudioCodec, copies: bool, lost: impl Fn(usize) -> bool) -> f64 {
        let (mut encoder, mut decoder) = (Encoder::new(codec).unwrap(), Decoder::default());
        let tone = |at: usize| {
            let at = at as f32 / 16_000.0;
            (at * 440.0 * std::f32::consts::TAU).sin() * (0.1 + 0.2 * at)
        };
        let (mut sent, mut came) = (Vec::new(), Vec::new());
        for frame in 0..100 {
            let samples = std::array::from_fn(|it| tone(frame * FRAME_SAMPLES + it));
            let (whole, copy) = encoder.encode(&samples);
            sent.extend(samples);
            came.extend(match lost(frame) {
                true => decoder.conceal(),
                false => decoder.decode(if copies { &copy } else { &whole }).unwrap(),
            });
        }
        // What Opus delays, found as the shift that fits best.
        let of_shift = |shift: usize| {
            let pairs = sent.iter().zip(&came[shift..]).skip(8000).take(20_000);
            let (power, noise) = pairs.fold((0.0, 0.0), |(power, noise), (sent, came)| {
                let (sent, came) = (f64::from(*sent), f64::from(*came));
                (power + sent * sent, noise + (sent - came) * (sent - came))
            });
            10.0 * (power / noise).log10()
        };
        (0..400).map(of_shift).fold(f64::MIN, f64::max)
    }

    #[test]
    fn what_is_said_comes_back() {
        let none = |_| false;
        assert!(signal_to_noise(AudioCodec::Pcm16, false, none) > 60.0);
        assert!(signal_to_noise(AudioCodec::Pcm16, true, none) > 30.0);
        assert!(signal_to_noise(AudioCodec::Opus, false, none) > 12.0);
        // A frame of twenty is made up.
        let some = |frame: usize| frame % 20 == 10;
        assert!(signal_to_noise(AudioCodec::Opus, false, some) > 6.0);
        assert!(signal_to_noise(AudioCodec::Pcm16, false, some) > 6.0);
    }

    #[test]
    fn what_stays_away_fades() {
        for codec in [AudioCodec::Pcm16, AudioCodec::Opus] {
            let (mut encoder, mut decoder) = (Encoder::new(codec).unwrap(), Decoder::default());
            let (frame, _) = encoder.encode(&[0.5; FRAME_SAMPLES]);
            decoder.decode(&frame).unwrap();
            for _ in 0..FADED {
                decoder.conceal();
            }
            assert_eq!(decoder.conceal(), [0.0; FRAME_SAMPLES]);
            assert!(decoder.decode(&frame).is_some(), "and it goes on");
        }
    }

    #[test]
    fn mulaw_is_as_the_standard_has_it() {
        for (sample, byte) in [
            (0, 0xff),
            (-1, 0x7f),
            (8, 0xfe),
            (i16::MAX, 0x80),
            (i16::MIN, 0),
        ] {
            assert_eq!(to_mulaw(sample), byte, "{sample}");
        }
        for byte in 0..=255 {
            // There are two zeros.
            assert!(to_mulaw(from_mulaw(byte)) == byte || byte == 0x7f, "{byte}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_samples_or_refused(
            frames in prop::collection::vec((0usize..3, prop::collection::vec(any::<u8>(), 1..=640)), 1..20),
        ) {
            let mut decoder = Decoder::default();
            for (encoding, bytes) in frames {
                let encoding = [Encoding::Pcm16, Encoding::Opus, Encoding::Mulaw][encoding];
                let samples = decoder.decode(&Coded { encoding, bytes });
                let samples = samples.unwrap_or_else(|| decoder.conceal());
                prop_assert!(samples.iter().all(|it| (-1.0..=1.0).contains(it)));
            }
        }
    }
}
