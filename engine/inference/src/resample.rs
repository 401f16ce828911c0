//! Any sample rate to another, by windowed-sinc interpolation, in a stream.

use rubato::{
    Async, FixedAsync, Indexing, Resampler as _, SincInterpolationParameters, WindowFunction,
    audioadapter_buffers::direct::SequentialSlice,
};

/// Lowest and highest input rate, samples per second.
pub const RATES_HZ: std::ops::RangeInclusive<u32> = 4_000..=768_000;

/// Input samples handed to the interpolator at a time, where nobody waits for them.
const CHUNK: usize = 1024;

/// The rates cannot be converted into one another.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot convert {from_hz} Hz to {to_hz} Hz (rates from {} to {} Hz are understood)", RATES_HZ.start(), RATES_HZ.end())]
pub struct ResampleError {
    /// Input rate.
    pub from_hz: u32,
    /// Output rate.
    pub to_hz: u32,
}

/// Converts one channel from one rate to another; the output starts with the first input sample
/// (the filter's delay is cut off, to the sample) and lasts as long as the input.
pub struct Resampler {
    /// `None`: the rates are the same.
    sinc: Option<Async<f32>>,
    chunk: usize,
    ratio: f64,
    pending: Vec<f32>,
    /// Output samples of the filter's start-up that are still to be dropped.
    delay: usize,
    heard: u64,
    given: u64,
    error: ResampleError,
}

impl Resampler {
    /// Rates in samples per second, both within [`RATES_HZ`].
    pub fn new(from_hz: u32, to_hz: u32) -> Result<Self, ResampleError> {
        Self::with_chunk(from_hz, to_hz, CHUNK)
    }

    /// One that waits for no more than `chunk` input samples, for sound that is listened to
    /// while it comes; smaller ones cost more.
    pub fn with_chunk(from_hz: u32, to_hz: u32, chunk: usize) -> Result<Self, ResampleError> {
        let error = ResampleError { from_hz, to_hz };
        if !RATES_HZ.contains(&from_hz) || !RATES_HZ.contains(&to_hz) {
            return Err(error);
        }
        let ratio = f64::from(to_hz) / f64::from(from_hz);
        let sinc = if from_hz == to_hz {
            None
        } else {
            // 128 taps on the slower side: flat to 7.2 kHz at 16 kHz out, aliases below -90 dB.
            let taps = (128.0 / ratio.min(1.0)).ceil() as usize;
            let parameters =
                SincInterpolationParameters::new(taps.min(4096), WindowFunction::BlackmanHarris2);
            let sinc = Async::new_sinc(ratio, 1.0, &parameters, chunk, 1, FixedAsync::Input)
                .map_err(|_| error.clone())?;
            Some(sinc)
        };
        let delay = sinc.as_ref().map_or(0, |sinc| sinc.output_delay());
        Ok(Self {
            sinc,
            chunk,
            ratio,
            pending: Vec::new(),
            delay,
            heard: 0,
            given: 0,
            error,
        })
    }

    /// Takes more input and appends what comes out of it to `output`.
    pub fn push(&mut self, input: &[f32], output: &mut Vec<f32>) -> Result<(), ResampleError> {
        self.heard += input.len() as u64;
        if self.sinc.is_none() {
            output.extend_from_slice(input);
            self.given += input.len() as u64;
            return Ok(());
        }
        self.pending.extend_from_slice(input);
        let mut used = 0;
        while self.pending.len() - used >= self.chunk {
            let chunk: Vec<f32> = self.pending[used..used + self.chunk].to_vec();
            self.convert(&chunk, self.chunk, output)?;
            used += self.chunk;
        }
        self.pending.drain(..used);
        Ok(())
    }

    /// Appends what the filter still holds. The resampler is then spent.
    pub fn finish(mut self, output: &mut Vec<f32>) -> Result<(), ResampleError> {
        if self.sinc.is_none() {
            return Ok(());
        }
        let wanted = (self.heard as f64 * self.ratio).round() as u64;
        let mut rest = std::mem::take(&mut self.pending);
        let mut partial = rest.len();
        rest.resize(self.chunk, 0.0);
        while self.given < wanted {
            self.convert(&rest, partial, output)?;
            partial = 0;
        }
        output.truncate(output.len() - (self.given - wanted) as usize);
        Ok(())
    }

    fn convert(
        &mut self,
        chunk: &[f32],
        partial: usize,
        output: &mut Vec<f32>,
    ) -> Result<(), ResampleError> {
        let Some(sinc) = &mut self.sinc else {
            return Ok(());
        };
        let input = SequentialSlice::new(chunk, 1, chunk.len()).map_err(|_| self.error.clone())?;
        let indexing = Indexing::new().partial_len(partial);
        let converted = sinc
            .process(&input, Some(&indexing))
            .map_err(|_| self.error.clone())?
            .take_data();
        let skip = self.delay.min(converted.len());
        self.delay -= skip;
        output.extend_from_slice(&converted[skip..]);
        self.given += (converted.len() - skip) as u64;
        Ok(())
    }
}

/// Converts a whole clip.
pub fn resample(samples: &[f32], from_hz: u32, to_hz: u32) -> Result<Vec<f32>, ResampleError> {
    let mut resampler = Resampler::new(from_hz, to_hz)?;
    let mut output = Vec::new();
    resampler.push(samples, &mut output)?;
    resampler.finish(&mut output)?;
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f32, rate_hz: u32, seconds: f32) -> Vec<f32> {
        (0..(seconds * rate_hz as f32) as usize)
            .map(|i| (std::f32::consts::TAU * hz * i as f32 / rate_hz as f32).sin())
            .collect()
    }

    #[test]
    fn a_tone_keeps_its_level_length_and_place_to_a_sample_at_every_rate() {
        for rate_hz in [8_000, 11_025, 22_050, 44_100, 48_000, 96_000] {
            let out = resample(&tone(100.0, rate_hz, 0.48), rate_hz, 16_000).unwrap();
            assert_eq!(out.len(), 7_680, "{rate_hz}");
            let expected = tone(100.0, 16_000, 0.48);
            let worst = out[800..6_800]
                .iter()
                .zip(&expected[800..6_800])
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f32::max);
            // One sample of 16 kHz is 0.04 rad of 100 Hz.
            assert!(worst < 0.05, "{rate_hz} Hz: off by {worst}");
        }
    }

    #[test]
    fn tones_above_half_the_new_rate_vanish() {
        let out = resample(&tone(11_000.0, 48_000, 0.5), 48_000, 16_000).unwrap();
        let loudest = out[800..7_200].iter().fold(0.0f32, |m, s| m.max(s.abs()));
        assert!(loudest < 2e-3, "{loudest}");
    }

    #[test]
    fn pieces_of_any_size_give_the_same_as_the_whole() {
        let whole = tone(700.0, 44_100, 0.3);
        let expected = resample(&whole, 44_100, 16_000).unwrap();
        let (mut resampler, mut out) = (Resampler::new(44_100, 16_000).unwrap(), Vec::new());
        for piece in whole.chunks(37) {
            resampler.push(piece, &mut out).unwrap();
        }
        resampler.finish(&mut out).unwrap();
        assert_eq!(out, expected);
    }
}
