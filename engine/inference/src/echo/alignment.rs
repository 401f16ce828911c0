//! How late the echo comes, once more: a speaker that was opened anew has another delay than before, and the same room. What
//! the filter has learned of the room says what the echo should sound like, and the correlation with what is heard by how
//! much that comes too early.

use super::{SILENCE, mean_square};
use loqa_core::seams::FRAME_SAMPLES;
use realfft::{RealFftPlanner, num_complex::Complex32};

/// Samples by which delays may differ: 100 ms.
const REACH: usize = 5 * FRAME_SAMPLES;
/// Frames with a sound that are listened to: 400 ms, the longest word or two.
pub(super) const SOUNDED: usize = 20;
/// Frames after which there was none to go by: 3 s.
const MOST: usize = 150;
/// Least correlation with what was expected. Speech that comes a pitch period off has less than its own, and so has somebody
/// who speaks as loud as the echo.
const ALIKE: f32 = 0.5;

/// Looks for the delay while the speaker sounds.
pub(super) struct Alignment {
    /// Impulse response of the room, at any scale.
    response: Vec<f32>,
    heard: Vec<f32>,
    played: Vec<f32>,
    sounded: usize,
}

/// What came of it.
pub(super) enum Aligned {
    /// More has to be heard.
    Soon,
    /// The echo comes so many samples later than it did; or earlier.
    Later(isize),
    /// It sounds like another room.
    Unknown,
}

impl Alignment {
    /// For an echo that has sounded like this.
    pub fn new(response: Vec<f32>) -> Alignment {
        Alignment {
            response,
            heard: Vec::new(),
            played: Vec::new(),
            sounded: 0,
        }
    }

    /// The next frame; silence before the first sound is left out.
    pub fn hear(&mut self, heard: &[f32; FRAME_SAMPLES], played: &[f32; FRAME_SAMPLES]) -> Aligned {
        let sounds = mean_square(played) > SILENCE;
        if !sounds && self.sounded == 0 {
            return Aligned::Soon;
        }
        self.sounded += usize::from(sounds);
        self.heard.extend_from_slice(heard);
        self.played.extend_from_slice(played);
        if self.sounded < SOUNDED {
            return match self.heard.len() < MOST * FRAME_SAMPLES {
                true => Aligned::Soon,
                false => Aligned::Unknown,
            };
        }
        self.delay().map_or(Aligned::Unknown, Aligned::Later)
    }

    /// What it was made of.
    pub fn response(self) -> Vec<f32> {
        self.response
    }

    /// What was heard and played meanwhile.
    pub fn into_samples(self) -> (Vec<f32>, Vec<f32>) {
        (self.heard, self.played)
    }

    /// By how many samples what is heard comes later than expected. By Fourier transforms, as sums would take a second.
    fn delay(&self) -> Option<isize> {
        let length = self.heard.len();
        let size = (length + self.response.len()).next_power_of_two();
        let mut planner = RealFftPlanner::<f32>::new();
        let (forward, back) = (
            planner.plan_fft_forward(size),
            planner.plan_fft_inverse(size),
        );
        let spectrum = |samples: &[f32]| {
            let mut padded = samples.to_vec();
            padded.resize(size, 0.0);
            let mut spectrum = forward.make_output_vec();
            forward.process(&mut padded, &mut spectrum).ok()?;
            Some(spectrum)
        };
        let signal = |mut spectrum: Vec<Complex32>| {
            // Of a real signal these two are real; rounding has left a rest.
            for end in [0, size / 2] {
                spectrum[end].im = 0.0;
            }
            let mut signal = back.make_output_vec();
            back.process(&mut spectrum, &mut signal).ok()?;
            signal.iter_mut().for_each(|sample| *sample /= size as f32);
            Some(signal)
        };
        let product = |one: &[Complex32], other: &[Complex32]| -> Vec<Complex32> {
            one.iter()
                .zip(other)
                .map(|(one, other)| one * other)
                .collect()
        };
        let mut expected = signal(product(
            &spectrum(&self.played)?,
            &spectrum(&self.response)?,
        ))?;
        expected.truncate(length);
        // As long a stretch of what was expected as of what was heard, whatever the delay.
        let inner = REACH..length.checked_sub(REACH)?;
        let mut heard = vec![0.0; length];
        heard[inner.clone()].copy_from_slice(&self.heard[inner.clone()]);
        let turned: Vec<_> = spectrum(&expected)?.iter().map(Complex32::conj).collect();
        let alike = signal(product(&spectrum(&heard)?, &turned))?;
        let mut sum = 0.0;
        let energy: Vec<f64> = std::iter::once(0.0)
            .chain(expected.iter().map(|sample| {
                sum += f64::from(sample * sample);
                sum
            }))
            .collect();
        let own: f32 = heard.iter().map(|sample| sample * sample).sum();
        let reach = REACH as isize;
        let likeness = |later: isize| {
            let shifted = |at: usize| at.saturating_add_signed(-later);
            let energy = energy[shifted(inner.end)] - energy[shifted(inner.start)];
            let alike = alike[later.rem_euclid(size as isize) as usize];
            alike / (own * energy as f32).sqrt().max(f32::MIN_POSITIVE)
        };
        (-reach..=reach)
            .map(|later| (later, likeness(later)))
            .max_by(|(_, one), (_, other)| one.total_cmp(other))
            .filter(|(_, alike)| *alike >= ALIKE)
            .map(|(later, _)| later)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noise of a few hundred hertz, as voices are, and every third stretch of it silent.
    fn voice(samples: usize, mut seed: u64) -> Vec<f32> {
        let mut smooth = 0.0;
        let sample = |at: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            smooth += 0.3 * ((seed >> 40) as f32 / 16_777_216.0 - 0.5 - smooth);
            if at / 1_600 % 3 == 2 { 0.0 } else { smooth }
        };
        (0..samples).map(sample).collect()
    }

    /// What is found of an echo that is heard through `room`, so much later than `known` has it, beside somebody else.
    fn found(room: &[f32], known: &[f32], later: isize, beside: f32) -> Option<isize> {
        let played = voice(40 * FRAME_SAMPLES, 1);
        let other = voice(40 * FRAME_SAMPLES, 2);
        let heard: Vec<f32> = (0..played.len())
            .map(|at| {
                let echo = room.iter().enumerate().map(|(delay, tap)| {
                    let at = at.checked_add_signed(-later - delay as isize);
                    tap * at
                        .and_then(|at| played.get(at))
                        .copied()
                        .unwrap_or_default()
                });
                echo.sum::<f32>() + beside * other[at]
            })
            .collect();
        let mut alignment = Alignment::new(known.iter().map(|tap| 1e5 * tap).collect());
        for (heard, played) in heard
            .chunks_exact(FRAME_SAMPLES)
            .zip(played.chunks_exact(FRAME_SAMPLES))
        {
            let frame = |samples: &[f32]| std::array::from_fn(|i| samples[i]);
            match alignment.hear(&frame(heard), &frame(played)) {
                Aligned::Soon => {}
                Aligned::Later(later) => return Some(later),
                Aligned::Unknown => return None,
            }
        }
        panic!("it was heard in vain")
    }

    #[test]
    fn the_delay_is_found_by_what_is_known_of_the_room() {
        let room = |seed| -> Vec<f32> {
            let noise = voice(1_200, seed).into_iter().enumerate();
            let fading = noise.map(|(at, tap)| 0.9f32.powi(at as i32 / 20) * tap);
            std::iter::repeat_n(0.0, 640).chain(fading).collect()
        };
        let known = room(3);
        for later in [-640, -321, 0, 7, 1_000] {
            assert_eq!(found(&known, &known, later, 0.0), Some(later));
            assert_eq!(found(&known, &known, later, 0.05), Some(later));
        }
        assert_eq!(found(&room(4), &known, 100, 0.0), None, "another room");
    }
}
