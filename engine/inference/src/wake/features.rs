//! The features microWakeWord models were trained on: TensorFlow's "micro frontend".
//!
//! 40 mel bands of 30 ms windows every 10 ms, from 125 to 7500 Hz; per band, a slowly adapting
//! estimate of the noise is subtracted, then divided out (per-channel amplitude normalisation;
//! Wang et al., ICASSP 2017), then the logarithm taken. Microcontrollers do this in whole
//! numbers, and the models know the steps of those numbers: so the same roundings are made here,
//! except within the Fourier transform.

use realfft::{RealFftPlanner, RealToComplex, num_complex::Complex32};
use std::sync::Arc;

/// Bands of one step of 10 ms.
pub const BANDS: usize = 40;

const WINDOW: usize = 480;
const STEP: usize = 160;
const FFT: usize = 512;
const LOWEST_HZ: f64 = 125.0;
const HIGHEST_HZ: f64 = 7500.0;
/// Fractional bits of window and filter weights.
const WEIGHT_BITS: u32 = 12;
/// Fractional bits of the noise estimate, and of its coefficients.
const NOISE_BITS: u32 = 10;
const COEFFICIENT_BITS: u32 = 14;
/// How fast the estimate follows in even and odd bands, and the least share of a signal that is
/// left: 0.025, 0.06, 0.05.
const FOLLOW: [u64; 2] = [409, 983];
const LEAST_LEFT: u64 = 819;
/// Normalisation: gain 2²¹ · (noise + 80)^-0.95.
const GAIN_BITS: i32 = 21;
const NOISE_OFFSET: f64 = 80.0;
const STRENGTH: f64 = 0.95;
/// Bits by which a band's magnitude lacks the transform's scale.
const SCALE_BITS: u32 = 3;
const RATIO_BITS: u32 = 12;
const OUTPUT_BITS: u32 = 6;
/// Of the logarithm, in 1/64, to what the models take.
const OUTPUT_SCALE: f32 = 10.0 / 256.0;

/// Turns samples into features, in a stream.
pub struct MicroFeatures {
    window: Vec<i32>,
    /// Of each bin: the band that it rises in (one past the last: none), and its weight in it; the
    /// rest of it falls in the band below.
    bins: Vec<(usize, u64)>,
    fft: Arc<dyn RealToComplex<f32>>,
    input: Vec<f32>,
    spectrum: Vec<Complex32>,
    scratch: Vec<Complex32>,
    noise: [u64; BANDS],
    /// Samples of windows to come.
    pending: Vec<i32>,
}

impl Default for MicroFeatures {
    fn default() -> Self {
        let window = (0..WINDOW).map(|i| {
            let angle = std::f64::consts::TAU * (i as f64 + 0.5) / WINDOW as f64;
            fixed(0.5 - 0.5 * angle.cos()) as i32
        });
        let fft = RealFftPlanner::new().plan_fft_forward(FFT);
        Self {
            window: window.collect(),
            bins: bins(),
            input: fft.make_input_vec(),
            spectrum: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            fft,
            noise: [0; BANDS],
            pending: Vec::new(),
        }
    }
}

/// Bins that belong to bands, by frequency; of the first band below which nothing falls.
fn bins() -> Vec<(usize, u64)> {
    let mel = |hz: f64| 1127.0 * (hz / 700.0).ln_1p();
    let spacing_hz = 16_000.0 / FFT as f64;
    let width = (mel(HIGHEST_HZ) - mel(LOWEST_HZ)) / (BANDS + 1) as f64;
    let first = (1.5 + LOWEST_HZ / spacing_hz) as usize;
    (0..=FFT / 2)
        .map(|bin| {
            let place = (mel(bin as f64 * spacing_hz) - mel(LOWEST_HZ)) / width;
            if bin < first || place > (BANDS + 1) as f64 {
                return (usize::MAX, 0);
            }
            // A bin on a corner still belongs below it.
            let band = (place.ceil() as usize).max(1) - 1;
            (band, fixed((band + 1) as f64 - place))
        })
        .collect()
}

fn fixed(weight: f64) -> u64 {
    (weight * f64::from(1u32 << WEIGHT_BITS) + 0.5).floor() as u64
}

impl MicroFeatures {
    /// Forgets everything heard.
    pub fn reset(&mut self) {
        self.noise = [0; BANDS];
        self.pending.clear();
    }

    /// Takes samples in [-1, 1] (16 kHz mono; not finite ones count as silence) and appends the
    /// features of every step that is complete.
    pub fn push(&mut self, samples: &[f32], features: &mut Vec<[f32; BANDS]>) {
        self.pending.extend(samples.iter().map(|sample| {
            let finite = if sample.is_finite() { *sample } else { 0.0 };
            (finite * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i32
        }));
        while self.pending.len() >= WINDOW {
            let magnitudes = self.magnitudes();
            self.pending.drain(..STEP);
            features.push(std::array::from_fn(|band| {
                self.feature(band, magnitudes[band])
            }));
        }
    }

    /// Magnitude of every band in the first pending window.
    fn magnitudes(&mut self) -> [u64; BANDS] {
        let windowed = self.pending.iter().zip(&self.window);
        let mut loudest = 0;
        for (out, (sample, weight)) in self.input.iter_mut().zip(windowed) {
            let sample = (sample * weight) >> WEIGHT_BITS;
            loudest = loudest.max(sample.unsigned_abs());
            *out = sample as f32;
        }
        self.input[WINDOW..].fill(0.0);
        // The transform has 16 bits, of which as many as possible are used.
        let shift = loudest.leading_zeros().saturating_sub(17);
        // The plan's own buffers always have the right sizes.
        let _ =
            self.fft
                .process_with_scratch(&mut self.input, &mut self.spectrum, &mut self.scratch);
        let scale = (1u32 << shift) as f32 / FFT as f32;
        // One more at both ends, for what falls below the first band and rises above the last.
        let mut sums = [0u64; BANDS + 2];
        for (bin, (band, weight)) in self.spectrum.iter().zip(&self.bins) {
            if *band > BANDS {
                continue;
            }
            let part = |value: f32| {
                let rounded = (value * scale).round() as i64;
                (rounded * rounded) as u64
            };
            let power = part(bin.re) + part(bin.im);
            sums[*band] += power * weight;
            sums[*band + 1] += power * ((1 << WEIGHT_BITS) - weight);
        }
        std::array::from_fn(|band| (sums[band + 1] as f64).sqrt().round() as u64 >> shift)
    }

    fn feature(&mut self, band: usize, magnitude: u64) -> f32 {
        let signal = magnitude << NOISE_BITS;
        let follow = FOLLOW[band % 2];
        let noise = &mut self.noise[band];
        *noise =
            (signal * follow + *noise * ((1 << COEFFICIENT_BITS) - follow)) >> COEFFICIENT_BITS;
        let cleaned = (signal - signal.min(*noise)) >> NOISE_BITS;
        let cleaned = cleaned.max((magnitude * LEAST_LEFT) >> COEFFICIENT_BITS);
        let noise = *noise as f64 / f64::from(1u32 << (NOISE_BITS - SCALE_BITS));
        let gain = 2f64.powi(GAIN_BITS) * (noise + NOISE_OFFSET).powf(-STRENGTH);
        let ratio = (cleaned * (gain + 0.5) as u64) >> (GAIN_BITS as u32 - SCALE_BITS - RATIO_BITS);
        let shrunk = if ratio < 2 << RATIO_BITS {
            (ratio * ratio) >> (2 + 2 * RATIO_BITS - OUTPUT_BITS)
        } else {
            (ratio >> (RATIO_BITS - OUTPUT_BITS)) - (1 << OUTPUT_BITS)
        };
        let value = shrunk << SCALE_BITS;
        if value <= 1 {
            return 0.0;
        }
        let log = (value as f64).ln() * f64::from(1u32 << OUTPUT_BITS);
        log.round().min(65_535.0) as f32 * OUTPUT_SCALE
    }
}
