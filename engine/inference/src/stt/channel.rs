//! What room, microphone and noise do to every cepstrum, estimated from few words and undone.
//!
//! The model was trained on cepstra minus the mean of their whole utterance, which is known only
//! when the utterance has ended. A mean over its beginning is no substitute: it depends on which
//! sounds came first, and noise shifts soft sounds more than loud ones. So the offset and the noise
//! are those under which the cepstra look most like the model's own Gaussians, and each step is
//! replaced by what its sound was most likely before: compensation by vector Taylor series (Moreno,
//! Raj and Stern, ICASSP 1996; noise re-estimated as by Kim, Un and Kim, Speech Communication 24,
//! 1998). It settles within half a second, starts from the training data's average, and knows
//! nothing of earlier utterances.
//!
//! Orders of synthetic speakers understood without and with it, rejection aside: 94 and 97 % clean,
//! 90 and 93 % in pink noise at 20 dB, 42 and 68 % at 10 dB.

#![allow(
    clippy::needless_range_loop,
    reason = "several arrays of coefficients run in step"
)]

use super::features::{Bands, COEFFICIENTS, Cepstrum, transform, transformed};
use std::{fs, io, path::Path};

/// Average cepstrum of the model's training data (`-cmninit` of `feat.params`).
const TRAINING_MEAN: Cepstrum = [
    41.00, -5.29, -0.12, 5.09, 2.48, -4.07, -1.37, -1.78, -5.08, -2.05, -6.45, -1.42, 1.17,
];
/// Variance of a room's and a microphone's offset from that average: they differ much in level,
/// less in their colour, and little in the finer shape of their spectrum. What the first words
/// seem to say about that is mostly which sounds they were.
const OFFSET_VARIANCE: Cepstrum = [
    50.0, 12.0, 6.0, 6.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0,
];
/// Variance of the noise's own cepstra, and of what is known of their mean before any words.
const NOISE_VARIANCE: f32 = 4.0;
const NOISE_MEAN_VARIANCE: Cepstrum = [0.02; COEFFICIENTS];
/// How often the first steps are compared anew.
const ROUNDS: usize = 4;
/// Steps after which offset and noise are estimated anew: 100 ms.
const ANEW_AFTER: usize = 10;
/// Gaussians that are kept of each of the model's codebooks, which are one per phone.
const PER_CODEBOOK: usize = 24;
/// Sounds less likely than this against the best are left out, ln.
const UNLIKELY: f32 = -10.0;

/// How clean speech sounds: Gaussians of static cepstra.
pub(super) struct Gaussians {
    /// Mean and variance of each.
    shapes: Vec<(Cepstrum, Cepstrum)>,
    /// From ln of mel powers to cepstra, by coefficient.
    to_cepstra: Vec<Bands>,
    /// And back, smoothed, by band.
    to_logs: Vec<Cepstrum>,
    /// By band: what one coefficient becomes in each other, there and back through that band.
    through: Vec<Matrix>,
}

/// By coefficient of the result, then of the argument.
type Matrix = [Cepstrum; COEFFICIENTS];

impl Gaussians {
    /// Reads `means` and `variances` of a model in Sphinx-3 format whose first feature stream is
    /// the 13 static cepstra.
    pub(super) fn read(acoustic: &Path) -> io::Result<Self> {
        let means = first_stream(&fs::read(acoustic.join("means"))?)?;
        let variances = first_stream(&fs::read(acoustic.join("variances"))?)?;
        let sizes = |codebooks: &[Vec<Cepstrum>]| -> Vec<usize> {
            codebooks.iter().map(Vec::len).collect()
        };
        if sizes(&means) != sizes(&variances) || means.iter().all(Vec::is_empty) {
            return Err(malformed("means and variances do not belong together"));
        }
        let codebooks = means.into_iter().zip(variances);
        let shapes = codebooks.flat_map(|(means, variances)| {
            let variances = variances.into_iter().map(|each| each.map(|v| v.max(1e-3)));
            merged(&means.into_iter().zip(variances).collect::<Vec<_>>())
        });
        Ok(Self::of(shapes.collect()))
    }

    fn of(shapes: Vec<(Cepstrum, Cepstrum)>) -> Self {
        let to_cepstra = transform();
        // Its rows are orthogonal.
        let squares: Vec<f32> = to_cepstra
            .iter()
            .map(|row| row.iter().map(|weight| weight * weight).sum())
            .collect();
        let to_logs: Vec<Cepstrum> = (0..to_cepstra[0].len())
            .map(|band| std::array::from_fn(|i| to_cepstra[i][band] / squares[i]))
            .collect();
        let through = (to_logs.iter().enumerate())
            .map(|(band, to_logs)| {
                std::array::from_fn(|i| to_logs.map(|weight| to_cepstra[i][band] * weight))
            })
            .collect();
        Self {
            shapes,
            to_cepstra,
            to_logs,
            through,
        }
    }

    /// A single Gaussian, for tests of what lies in front of it.
    #[cfg(test)]
    pub(super) fn one() -> Self {
        Self::of(vec![([0.0; COEFFICIENTS], [1.0; COEFFICIENTS])])
    }
}

/// [`PER_CODEBOOK`] Gaussians in place of many, by k-means.
fn merged(all: &[(Cepstrum, Cepstrum)]) -> Vec<(Cepstrum, Cepstrum)> {
    const STEPS: usize = 8;
    let count = PER_CODEBOOK.min(all.len());
    let mut centres: Vec<Cepstrum> = (0..count).map(|i| all[i * all.len() / count].0).collect();
    let mut shapes = Vec::new();
    for _ in 0..STEPS {
        let mut members = vec![Vec::new(); count];
        for shape in all {
            let (mean, variance) = shape;
            let distance = |centre: &Cepstrum| -> f32 {
                (0..COEFFICIENTS)
                    .map(|d| (centre[d] - mean[d]).powi(2) / variance[d])
                    .sum()
            };
            let distances = centres.iter().map(distance).enumerate();
            if let Some((closest, _)) = distances.min_by(|a, b| a.1.total_cmp(&b.1)) {
                members[closest].push(shape);
            }
        }
        shapes.clear();
        for (centre, members) in centres.iter_mut().zip(&members) {
            if members.is_empty() {
                continue;
            }
            let average = |value: &dyn Fn(&(Cepstrum, Cepstrum)) -> f32| {
                members.iter().map(|shape| value(shape)).sum::<f32>() / members.len() as f32
            };
            *centre = std::array::from_fn(|d| average(&|shape| shape.0[d]));
            let variance = std::array::from_fn(|d| {
                average(&|shape| shape.1[d] + (shape.0[d] - centre[d]).powi(2))
            });
            shapes.push((*centre, variance));
        }
    }
    shapes
}

/// A Gaussian as it sounds through the channel and in the noise.
struct Sound {
    mean: Cepstrum,
    inverse: Cepstrum,
    /// Log likelihood at the mean.
    constant: f32,
    /// What the noise adds to the mean.
    masked: Cepstrum,
    /// How much of a change of the speech remains, 0 to 1; the rest is the noise's.
    remains: Cepstrum,
}

/// An estimate of something that is added, and what it rests on.
struct Estimate {
    value: Cepstrum,
    sum: Cepstrum,
    weight: Cepstrum,
}

impl Estimate {
    fn new(value: Cepstrum) -> Self {
        Self {
            value,
            sum: [0.0; COEFFICIENTS],
            weight: [0.0; COEFFICIENTS],
        }
    }

    fn forget(&mut self) {
        (self.sum, self.weight) = ([0.0; COEFFICIENTS], [0.0; COEFFICIENTS]);
    }

    /// Weighs what is known by now against what was expected.
    fn conclude(&mut self, expected: &Cepstrum, variance: &Cepstrum) {
        for d in 0..COEFFICIENTS {
            let certain = 1.0 / variance[d];
            self.value[d] = (self.sum[d] + expected[d] * certain) / (self.weight[d] + certain);
        }
    }
}

/// One utterance's channel and noise.
pub(super) struct Channel {
    offset: Estimate,
    noise: Estimate,
    sounds: Vec<Sound>,
    steps: usize,
}

impl Channel {
    /// Before anything was heard.
    pub(super) fn new() -> Self {
        Self {
            offset: Estimate::new(TRAINING_MEAN),
            noise: Estimate::new([0.0; COEFFICIENTS]),
            sounds: Vec::new(),
            steps: 0,
        }
    }

    /// Estimates from the first steps, and takes channel and noise out of them. `noise` is ln of
    /// the mel powers where nobody speaks.
    pub(super) fn begin(&mut self, gaussians: &Gaussians, noise: &Bands, first: &mut [Cepstrum]) {
        let noise = transformed(&gaussians.to_cepstra, noise);
        self.noise.value = noise;
        for _ in 0..ROUNDS {
            self.imagine(gaussians);
            self.offset.forget();
            self.noise.forget();
            for cepstrum in first.iter() {
                let sounds = self.likely(cepstrum);
                self.learn(cepstrum, &sounds);
            }
            self.conclude(&noise);
        }
        self.imagine(gaussians);
        for cepstrum in first {
            let sounds = self.likely(cepstrum);
            self.clean(cepstrum, &sounds);
        }
    }

    /// Takes channel and noise out of the next step, and learns from it.
    pub(super) fn next(&mut self, gaussians: &Gaussians, noise: &Bands, cepstrum: &mut Cepstrum) {
        let sounds = self.likely(cepstrum);
        self.learn(cepstrum, &sounds);
        self.steps += 1;
        if self.steps.is_multiple_of(ANEW_AFTER) {
            self.conclude(&transformed(&gaussians.to_cepstra, noise));
            self.imagine(gaussians);
        }
        self.clean(cepstrum, &sounds);
    }

    /// How each Gaussian would sound here.
    fn imagine(&mut self, gaussians: &Gaussians) {
        let (offset, noise) = (&self.offset.value, &self.noise.value);
        let to_logs = &gaussians.to_logs;
        let sound = |(mean, variance): &(Cepstrum, Cepstrum)| {
            // ln of the noise's power over the speech's, in each band.
            let over: Bands = std::array::from_fn(|band| {
                (0..COEFFICIENTS)
                    .map(|d| to_logs[band][d] * (noise[d] - mean[d] - offset[d]))
                    .sum()
            });
            let added = over.map(|over| over.max(0.0) + (-over.abs()).exp().ln_1p());
            let kept = over.map(|over| 1.0 / (1.0 + over.exp()));
            let masked = transformed(&gaussians.to_cepstra, &added);
            let mut remains: Matrix = [[0.0; COEFFICIENTS]; COEFFICIENTS];
            for (through, kept) in gaussians.through.iter().zip(&kept) {
                for (row, through) in remains.iter_mut().zip(through) {
                    for (value, through) in row.iter_mut().zip(through) {
                        *value += kept * through;
                    }
                }
            }
            let variance: Cepstrum = std::array::from_fn(|d| {
                let part = |(i, remains): (usize, &f32)| {
                    let noise = if i == d { 1.0 - remains } else { *remains };
                    remains * remains * variance[i] + noise * noise * NOISE_VARIANCE
                };
                remains[d].iter().enumerate().map(part).sum()
            });
            Sound {
                mean: std::array::from_fn(|d| mean[d] + offset[d] + masked[d]),
                inverse: variance.map(|v| 1.0 / v),
                constant: -0.5 * variance.iter().map(|v| v.ln()).sum::<f32>(),
                masked,
                remains: std::array::from_fn(|d| remains[d][d].clamp(0.0, 1.0)),
            }
        };
        self.sounds = gaussians.shapes.iter().map(sound).collect();
    }

    /// The sounds that this may be, and how likely each is.
    fn likely(&self, cepstrum: &Cepstrum) -> Vec<(usize, f32)> {
        let score = |sound: &Sound| {
            let mut distance = 0.0;
            for d in 0..COEFFICIENTS {
                distance += (cepstrum[d] - sound.mean[d]).powi(2) * sound.inverse[d];
            }
            sound.constant - 0.5 * distance
        };
        let scores: Vec<f32> = self.sounds.iter().map(score).collect();
        let best = scores.iter().copied().fold(f32::MIN, f32::max);
        let mut likely: Vec<(usize, f32)> = (scores.iter().enumerate())
            .filter(|(_, score)| **score > best + UNLIKELY)
            .map(|(sound, score)| (sound, (score - best).exp()))
            .collect();
        let sum: f32 = likely.iter().map(|(_, share)| share).sum();
        likely.iter_mut().for_each(|(_, share)| *share /= sum);
        likely
    }

    fn learn(&mut self, cepstrum: &Cepstrum, sounds: &[(usize, f32)]) {
        for (sound, share) in sounds {
            let sound = &self.sounds[*sound];
            for d in 0..COEFFICIENTS {
                let left_over = cepstrum[d] - sound.mean[d];
                let speech = sound.remains[d];
                for (part, estimate) in
                    [(speech, &mut self.offset), (1.0 - speech, &mut self.noise)]
                {
                    let weight = share * part * sound.inverse[d];
                    estimate.sum[d] += weight * (left_over + part * estimate.value[d]);
                    estimate.weight[d] += weight * part;
                }
            }
        }
    }

    fn conclude(&mut self, noise: &Cepstrum) {
        self.offset.conclude(&TRAINING_MEAN, &OFFSET_VARIANCE);
        self.noise.conclude(noise, &NOISE_MEAN_VARIANCE);
    }

    fn clean(&self, cepstrum: &mut Cepstrum, sounds: &[(usize, f32)]) {
        for d in 0..COEFFICIENTS {
            let masked: f32 = sounds
                .iter()
                .map(|(sound, share)| share * self.sounds[*sound].masked[d])
                .sum();
            cepstrum[d] -= self.offset.value[d] + masked;
        }
    }
}

/// Vectors, by codebook, of the first feature stream of a Sphinx-3 parameter file: a text header
/// that ends in `endhdr`, a byte-order mark, then counts (codebooks, streams, densities, vector
/// lengths, total) and that many floats.
fn first_stream(bytes: &[u8]) -> io::Result<Vec<Vec<Cepstrum>>> {
    const END: &[u8] = b"endhdr\n";
    const MARK: u32 = 0x1122_3344;
    let header = bytes
        .windows(END.len())
        .take(4096)
        .position(|window| window == END)
        .ok_or_else(|| malformed("no header"))?;
    let mut words = bytes[header + END.len()..].chunks_exact(4).map(|word| {
        let mut raw = [0; 4];
        raw.copy_from_slice(word);
        raw
    });
    let mut word = || words.next().ok_or_else(|| malformed("cut short"));
    let mark = word()?;
    let read = if u32::from_le_bytes(mark) == MARK {
        u32::from_le_bytes
    } else if u32::from_be_bytes(mark) == MARK {
        u32::from_be_bytes
    } else {
        return Err(malformed("no byte-order mark"));
    };
    let mut count = || word().map(|raw| read(raw) as usize);
    let (codebooks, streams, densities) = (count()?, count()?, count()?);
    if !(1..=16).contains(&streams) || codebooks > 65_536 || densities > 65_536 {
        return Err(malformed("counts out of range"));
    }
    let lengths: Vec<usize> = (0..streams).map(|_| count()).collect::<io::Result<_>>()?;
    if lengths[0] != COEFFICIENTS {
        return Err(malformed("the first stream is not 13 cepstra"));
    }
    let total = count()?;
    let floats: Vec<f32> = words
        .map(|raw| f32::from_bits(read(raw)))
        .take(total)
        .collect();
    let per_codebook = densities * lengths.iter().sum::<usize>();
    if floats.len() != total || codebooks * per_codebook != total {
        return Err(malformed("cut short"));
    }
    let vectors = |codebook: &[f32]| -> Vec<Cepstrum> {
        codebook[..densities * COEFFICIENTS]
            .chunks_exact(COEFFICIENTS)
            .map(|vector| std::array::from_fn(|i| vector[i]))
            .collect()
    };
    Ok(floats
        .chunks_exact(per_codebook.max(1))
        .map(vectors)
        .collect())
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::{super::features::FILTERS, *};

    const SILENCE: Bands = [0.0; FILTERS];

    /// Eight Gaussians on a circle in the first two dimensions.
    fn gaussians() -> Gaussians {
        let shapes: Vec<(Cepstrum, Cepstrum)> = (0..8)
            .map(|i| {
                let angle = std::f32::consts::FRAC_PI_4 * i as f32;
                let mut mean = [0.0; COEFFICIENTS];
                (mean[0], mean[1]) = (10.0 * angle.cos(), 10.0 * angle.sin());
                (mean, [1.0; COEFFICIENTS])
            })
            .collect();
        Gaussians::of(shapes)
    }

    #[test]
    fn the_channel_is_found_from_few_sounds() {
        let gaussians = gaussians();
        let mut shift = TRAINING_MEAN;
        shift[0] += 2.0;
        shift[5] -= 3.0;
        // Only two of the eight sounds: their plain mean would be far off.
        let mut heard: Vec<Cepstrum> = (0..200)
            .map(|i| {
                let (mean, _) = gaussians.shapes[i % 2];
                std::array::from_fn(|d| mean[d] + shift[d])
            })
            .collect();
        let mut channel = Channel::new();
        channel.begin(&gaussians, &SILENCE, &mut heard);
        for (found, shift) in channel.offset.value.iter().zip(&shift) {
            assert!((found - shift).abs() < 0.35, "{:?}", channel.offset.value);
        }
    }

    #[test]
    fn damaged_parameter_files_are_errors() {
        for bytes in [
            &b""[..],
            b"s3\nendhdr\n",
            b"s3\nendhdr\n\x44\x33\x22\x11\x01\0\0\0",
            b"s3\nendhdr\nabcd",
            b"s3\nendhdr\n\x44\x33\x22\x11\xff\xff\xff\xff\x01\0\0\0\x01\0\0\0\x0d\0\0\0\xff\xff\xff\xff",
        ] {
            assert!(first_stream(bytes).is_err());
        }
    }
}
