//! Reads WAV files of any rate, width and number of channels as 16 kHz mono, and cuts samples
//! into frames.

use crate::resample::{RATES_HZ, Resampler};
use hound::{SampleFormat, WavReader};
use loqa_core::seams::{AudioFrame, FRAME_SAMPLES, SAMPLE_RATE_HZ};
use std::{
    fs::File,
    io::{BufReader, ErrorKind, Read},
    path::{Path, PathBuf},
};

/// Longest recording that is read, s. At 16 kHz mono f32 that is 115 MB, whatever the file holds.
pub const MAX_SECONDS: u32 = 30 * 60;

/// Why a WAV file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum WavError {
    /// Missing, forbidden, or the disk failed.
    #[error("{}: {source}\n  help: check the path and its permissions", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The path names a folder or device.
    #[error("{}: not a file\n  help: name a WAV file in it", file.display())]
    NotAFile {
        /// The path.
        file: PathBuf,
    },
    /// No bytes at all.
    #[error("{}: the file is empty\n  help: record it again", file.display())]
    EmptyFile {
        /// The file.
        file: PathBuf,
    },
    /// Another format under this name.
    #[error("{}: not a WAV file ({what})\n  help: convert it, for example with `sox {} out.wav`", file.display(), file.display())]
    NotWav {
        /// The file.
        file: PathBuf,
        /// What is wrong with its header.
        what: String,
    },
    /// A WAV file whose samples are not plain PCM.
    #[error("{}: {what}\n  help: convert it to 16-bit PCM, for example with `sox {} -b 16 -e signed out.wav`", file.display(), file.display())]
    Unsupported {
        /// The file.
        file: PathBuf,
        /// Which encoding, rate or width.
        what: String,
    },
    /// The header promises more than the file holds.
    #[error("{}: cut short after {got_s:.2} of {promised_s:.2} s\n  help: copy or record it again", file.display())]
    Truncated {
        /// The file.
        file: PathBuf,
        /// Seconds that are there.
        got_s: f64,
        /// Seconds that the header promises.
        promised_s: f64,
    },
    /// A header without a single sample.
    #[error("{}: holds no samples\n  help: record it again", file.display())]
    NoSamples {
        /// The file.
        file: PathBuf,
    },
    /// Not a number, or infinite.
    #[error("{}: sample {sample} (at {at_s:.3} s) is not a finite number\n  help: export it again as 16-bit PCM", file.display())]
    NotFinite {
        /// The file.
        file: PathBuf,
        /// Its index, counted per channel.
        sample: u64,
        /// When it is heard.
        at_s: f64,
    },
    /// Longer than [`MAX_SECONDS`].
    #[error("{}: {seconds:.0} s long; at most {MAX_SECONDS} s are read\n  help: cut it into pieces, for example with `sox {} piece.wav trim 0 600 : newfile : restart`", file.display(), file.display())]
    TooLong {
        /// The file.
        file: PathBuf,
        /// How long it is.
        seconds: f64,
    },
}

/// Reads a file as 16 kHz mono: samples in [-1, 1], channels averaged.
///
/// Understands PCM of 8, 16, 24 and 32 bits and 32-bit floats, plain or as
/// `WAVE_FORMAT_EXTENSIBLE`, with up to 64 channels at 4 to 768 kHz. Floats beyond ±1 are clipped.
pub fn read(path: impl AsRef<Path>) -> Result<Vec<f32>, WavError> {
    let file = path.as_ref().to_path_buf();
    let unreadable = |source| WavError::Unreadable {
        file: file.clone(),
        source,
    };
    let handle = File::open(&file).map_err(unreadable)?;
    let about = handle.metadata().map_err(unreadable)?;
    if !about.is_file() {
        return Err(WavError::NotAFile { file });
    }
    if about.len() == 0 {
        return Err(WavError::EmptyFile { file });
    }
    decode(&file, BufReader::new(handle))
}

/// Reads a recording from any source of bytes; `name` is used in errors only.
pub fn decode(name: &Path, bytes: impl Read) -> Result<Vec<f32>, WavError> {
    let file = name.to_path_buf();
    let reader = WavReader::new(bytes).map_err(|error| match error {
        hound::Error::IoError(source) if source.kind() == ErrorKind::UnexpectedEof => {
            WavError::NotWav {
                file: file.clone(),
                what: "its header is incomplete".into(),
            }
        }
        // hound reports a short read of its own header fields this way.
        hound::Error::IoError(source) if source.kind() == ErrorKind::Other => WavError::NotWav {
            file: file.clone(),
            what: "its header is incomplete".into(),
        },
        hound::Error::IoError(source) => WavError::Unreadable {
            file: file.clone(),
            source,
        },
        hound::Error::FormatError(what) => WavError::NotWav {
            file: file.clone(),
            what: what.into(),
        },
        _ => WavError::Unsupported {
            file: file.clone(),
            what: "holds compressed or unusual samples".into(),
        },
    })?;
    let spec = reader.spec();
    let unsupported = |what: String| WavError::Unsupported {
        file: file.clone(),
        what,
    };
    if !RATES_HZ.contains(&spec.sample_rate) {
        return Err(unsupported(format!(
            "{} samples per second are outside {} to {}",
            spec.sample_rate,
            RATES_HZ.start(),
            RATES_HZ.end()
        )));
    }
    if !(1..=64).contains(&spec.channels) {
        return Err(unsupported(format!(
            "{} channels are outside 1 to 64",
            spec.channels
        )));
    }
    let frames = u64::from(reader.duration());
    let seconds = frames as f64 / f64::from(spec.sample_rate);
    if frames == 0 {
        return Err(WavError::NoSamples { file });
    }
    if seconds > f64::from(MAX_SECONDS) {
        return Err(WavError::TooLong { file, seconds });
    }
    match (spec.sample_format, spec.bits_per_sample) {
        (SampleFormat::Float, 32) => mono(&file, reader.into_samples::<f32>(), spec, frames, 1.0),
        (SampleFormat::Int, bits @ (8 | 16 | 24 | 32)) => {
            let scale = 1.0 / (1u64 << (bits - 1)) as f32;
            let samples = reader
                .into_samples::<i32>()
                .map(|sample| sample.map(|sample| sample as f32));
            mono(&file, samples, spec, frames, scale)
        }
        (format, bits) => Err(unsupported(format!("{bits}-bit {format:?} samples"))),
    }
}

fn mono(
    file: &Path,
    mut samples: impl Iterator<Item = hound::Result<f32>>,
    spec: hound::WavSpec,
    frames: u64,
    scale: f32,
) -> Result<Vec<f32>, WavError> {
    let rate = f64::from(spec.sample_rate);
    let unsupported = |error: crate::resample::ResampleError| WavError::Unsupported {
        file: file.to_path_buf(),
        what: error.to_string(),
    };
    let mut resampler = Resampler::new(spec.sample_rate, SAMPLE_RATE_HZ).map_err(unsupported)?;
    let mut output = Vec::new();
    let mut block = Vec::with_capacity(4096);
    let gain = scale / f32::from(spec.channels);
    for frame in 0..frames {
        let mut sum = 0.0;
        for _ in 0..spec.channels {
            // A data chunk shorter than its header says: hound calls it an error or just stops.
            let Some(Ok(sample)) = samples.next() else {
                return Err(WavError::Truncated {
                    file: file.to_path_buf(),
                    got_s: frame as f64 / rate,
                    promised_s: frames as f64 / rate,
                });
            };
            if !sample.is_finite() {
                return Err(WavError::NotFinite {
                    file: file.to_path_buf(),
                    sample: frame,
                    at_s: frame as f64 / rate,
                });
            }
            sum += (sample * scale).clamp(-1.0, 1.0) / scale;
        }
        block.push(sum * gain);
        if block.len() == block.capacity() {
            resampler.push(&block, &mut output).map_err(unsupported)?;
            block.clear();
        }
    }
    resampler.push(&block, &mut output).map_err(unsupported)?;
    resampler.finish(&mut output).map_err(unsupported)?;
    if output.is_empty() {
        return Err(WavError::NoSamples {
            file: file.to_path_buf(),
        });
    }
    for sample in &mut output {
        *sample = sample.clamp(-1.0, 1.0);
    }
    Ok(output)
}

/// Cuts 16 kHz samples into 20 ms frames whose offsets count from 0; the last one is filled up
/// with silence.
pub fn frames(samples: &[f32]) -> impl Iterator<Item = AudioFrame> + '_ {
    samples.chunks(FRAME_SAMPLES).enumerate().map(|(i, chunk)| {
        let mut samples = [0.0; FRAME_SAMPLES];
        samples[..chunk.len()].copy_from_slice(chunk);
        AudioFrame {
            offset: (i * FRAME_SAMPLES) as u64,
            samples: samples.into(),
        }
    })
}

#[cfg(test)]
mod tests;
