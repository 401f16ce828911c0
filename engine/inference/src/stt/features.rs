//! From samples to the mel cepstra that the acoustic model was trained on.
//!
//! The front end is Loqa's own rather than the recogniser's for three reasons: one computation
//! serves every decoder that listens; room and microphone are estimated afresh in each utterance,
//! so the same clip gives the same words whatever was heard before; and every version of the
//! library hears the same thing.
//!
//! Parameters are those of CMU Sphinx's en-us 5.2 model (`feat.params`): 25.625 ms Hamming
//! windows every 10 ms, pre-emphasis 0.97, 512-point spectrum, 25 mel filters of equal area from
//! 130 to 6800 Hz, 13 DCT-II coefficients, lifter 22. Before noise and channel are taken
//! out, the result equals the library's own to 1e-4.

use super::{
    channel::{Channel, Gaussians},
    gate::{CLOSES_AFTER, ENOUGH_SILENCE, Gate},
    noise::NoiseTracker,
};
use realfft::{RealFftPlanner, RealToComplex, num_complex::Complex32};
use std::{collections::VecDeque, f64::consts::PI, sync::Arc};

/// Cepstral coefficients of one step of 10 ms.
pub type Cepstrum = [f32; COEFFICIENTS];

/// Coefficients per step.
pub const COEFFICIENTS: usize = 13;
/// Samples between steps: 10 ms.
pub const STEP: usize = 160;

/// Steps by which features (slopes and curvatures of cepstra) lag behind cepstra.
const LOOK_AHEAD: usize = 3;
/// Samples of one window.
const WINDOW: usize = 410;
const FFT: usize = 512;
const BINS: usize = FFT / 2 + 1;
/// Mel bands.
pub(super) const FILTERS: usize = 25;
/// A value for each of them.
pub(super) type Bands = [f32; FILTERS];
const LOWEST_HZ: f64 = 130.0;
const HIGHEST_HZ: f64 = 6800.0;
const PRE_EMPHASIS: f32 = 0.97;
const LIFTER: f64 = 22.0;

/// Windows from which the noise is learned before any of them is heard: 250 ms, less than lies
/// before the words as they come from the session.
pub(super) const BEGINNING: usize = 25;
/// Steps that are kept back until the channel can be estimated from them. "Yes" is as long, with
/// what the gate lets through from before it and the silence that ends it: no final has to wait.
const FIRST_STEPS: usize = 50;

/// The same where they begin with other people or the room: more are kept back, but no more than
/// these.
const MOST_STEPS: usize = 90;

/// How much lower the level is where nobody speaks who is near, ln of powers: 9 dB.
///
/// Orders of synthetic speakers with 0.3 to 2.3 s of babble before and after them, at 20 dB: 36 %
/// were understood when all of it was heard, 96 % since others are left out before and after.
const QUIETER_BY: f32 = 2.0;
/// What is this much louder than the noise is spoken by who is near, however soft it is: 15 dB.
const ABOVE_NOISE: f32 = 3.5;
/// Steps over which a level is taken.
const SMOOTH: usize = 5;
/// Steps for which somebody has to be louder than everybody before, to be nearer.
const NEARER_FOR: usize = 10;
/// Steps from which they may have begun.
const RECENT: usize = 40;
/// Steps before those that it takes to tell how loud the others are: the soft beginning of a word
/// is none of them.
const OLDER: usize = 30;
/// Steps before the first loud one that may belong to its word.
const BEFORE_LOUD: usize = 12;

/// A window as it sounds, with channel and noise.
#[derive(Clone, Copy)]
struct Step {
    /// Which of the utterance's.
    at: u32,
    /// ln of the power of all bands together. The first cepstral coefficient, which counts each
    /// band alike, took the sharp sounds of a word for a nearer voice.
    level: f32,
    cepstrum: Cepstrum,
}

/// Turns one utterance's samples into normalised cepstra, in a stream.
pub struct FrontEnd {
    tables: Arc<Tables>,
    config: FrontEndConfig,
    gaussians: Arc<Gaussians>,
    noise: NoiseTracker,
    gate: Gate<Step>,
    channel: Channel,
    /// Whether the channel has been estimated from the first steps.
    settled: bool,
    /// What has passed the gate and still holds the channel.
    passed: Vec<Step>,
    /// The last of what was let go, as it passed the gate.
    recent: VecDeque<Step>,
    /// The loudest of what left `recent`, and how many steps did.
    before: f32,
    older: usize,
    /// Whether all that was let go is to be forgotten.
    restarted: bool,
    /// Windows so far.
    windows: u32,
    /// Samples (int16 scale) not yet covered by a window, preceded by `previous`.
    pending: Vec<f32>,
    /// Last sample before `pending`.
    previous: f32,
    /// Powers of the first windows, while the noise is not known.
    beginning: Vec<Bands>,
    /// Loudest mel power heard so far.
    peak: f32,
    last: Option<Cepstrum>,
    scratch: Vec<f32>,
    spectrum: Vec<Complex32>,
    work: Vec<Complex32>,
}

/// How the front end treats level and noise. The defaults are what Loqa ships.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrontEndConfig {
    /// Noise added to every mel band, relative to the loudest band heard so far, dB. It hides
    /// silences that are cleaner than any the model was trained on. At -40 it hides consonants
    /// of a dull room as well.
    pub floor_db: f32,
    /// Keep silence from the decoder.
    pub gate: bool,
    /// The stream never ends: the channel is estimated as soon as a pause follows the first words,
    /// from however few they are, and more of the pause is heard.
    pub endless: bool,
}

impl Default for FrontEndConfig {
    fn default() -> Self {
        Self {
            floor_db: -50.0,
            gate: true,
            endless: false,
        }
    }
}

struct Tables {
    hamming: Vec<f32>,
    /// Per mel filter: first bin and weights.
    filters: Vec<(usize, Vec<f32>)>,
    transform: Vec<Bands>,
    fft: Arc<dyn RealToComplex<f32>>,
}

impl Tables {
    fn new() -> Self {
        let hamming = (0..WINDOW)
            .map(|i| (0.54 - 0.46 * (2.0 * PI * i as f64 / (WINDOW - 1) as f64).cos()) as f32)
            .collect();
        let mel = |hz: f64| 2595.0 * (1.0 + hz / 700.0).log10();
        let hz = |mel: f64| 700.0 * (10f64.powf(mel / 2595.0) - 1.0);
        let spacing = 16_000.0 / FFT as f64;
        let width = (mel(HIGHEST_HZ) - mel(LOWEST_HZ)) / (FILTERS + 1) as f64;
        // Corner frequencies lie on bins of the spectrum, as in training.
        let corner =
            |i: usize| (hz(mel(LOWEST_HZ) + i as f64 * width) / spacing + 0.5).floor() * spacing;
        let filters = (0..FILTERS)
            .map(|i| {
                let (low, mid, high) = (corner(i), corner(i + 1), corner(i + 2));
                let first = (low / spacing).round() as usize;
                let last = ((high / spacing).round() as usize).min(BINS - 1);
                let weights = (first..=last)
                    .map(|bin| {
                        let at = bin as f64 * spacing;
                        let slope = ((at - low) / (mid - low)).min((high - at) / (high - mid));
                        (slope.max(0.0) * 2.0 / (high - low)) as f32
                    })
                    .collect();
                (first, weights)
            })
            .collect();
        Self {
            hamming,
            filters,
            transform: transform(),
            fft: RealFftPlanner::new().plan_fft_forward(FFT),
        }
    }
}

/// From ln of mel powers to cepstra, by coefficient: DCT-II with the lifter applied.
pub(super) fn transform() -> Vec<Bands> {
    (0..COEFFICIENTS)
        .map(|i| {
            let scale = if i == 0 { 1.0 } else { 2.0 } / FILTERS as f64;
            let lift = 1.0 + LIFTER / 2.0 * (i as f64 * PI / LIFTER).sin();
            std::array::from_fn(|j| {
                let angle = PI / FILTERS as f64 * i as f64 * (j as f64 + 0.5);
                (scale.sqrt() * lift * angle.cos()) as f32
            })
        })
        .collect()
}

/// ln of mel powers as a cepstrum.
pub(super) fn transformed(transform: &[Bands], logs: &Bands) -> Cepstrum {
    std::array::from_fn(|i| {
        let weights = transform[i].iter();
        weights.zip(logs).map(|(weight, log)| weight * log).sum()
    })
}

impl FrontEnd {
    /// Ready for the first utterance.
    pub fn new(config: FrontEndConfig, gaussians: Arc<Gaussians>) -> Self {
        let tables = Arc::new(Tables::new());
        Self {
            scratch: tables.fft.make_input_vec(),
            spectrum: tables.fft.make_output_vec(),
            work: tables.fft.make_scratch_vec(),
            tables,
            config,
            gaussians,
            noise: NoiseTracker::default(),
            gate: Gate::new(if config.endless {
                CLOSES_AFTER
            } else {
                ENOUGH_SILENCE
            }),
            channel: Channel::new(),
            settled: false,
            passed: Vec::new(),
            recent: VecDeque::new(),
            before: f32::MIN,
            older: 0,
            restarted: false,
            windows: 0,
            pending: Vec::new(),
            previous: 0.0,
            beginning: Vec::new(),
            peak: 0.0,
            last: None,
        }
    }

    /// Forgets everything: the next sample is the first of an utterance.
    pub fn reset(&mut self) {
        self.pending.clear();
        self.beginning.clear();
        self.previous = 0.0;
        self.peak = 0.0;
        self.last = None;
        self.noise.reset();
        self.gate.reset();
        self.passed.clear();
        self.forget_voice();
        self.restarted = false;
        self.windows = 0;
    }

    /// Forgets who has spoken, and through what: whoever is heard next is another.
    fn forget_voice(&mut self) {
        self.channel = Channel::new();
        self.settled = false;
        self.recent.clear();
        (self.before, self.older) = (f32::MIN, 0);
    }

    /// Whether somebody much nearer has begun to speak, so that what was let go before belongs to
    /// others and is to be forgotten. Asked after every `push`; true once.
    pub fn restarted(&mut self) -> bool {
        std::mem::take(&mut self.restarted)
    }

    /// Takes samples in [-1, 1] (16 kHz mono; not finite ones count as silence) and appends the
    /// cepstra that are ready, and the steps of 10 ms that they belong to.
    pub fn push(&mut self, samples: &[f32], cepstra: &mut Vec<Cepstrum>, steps: &mut Vec<u32>) {
        self.pending.extend(samples.iter().map(|sample| {
            let finite = if sample.is_finite() { *sample } else { 0.0 };
            (finite * 32_768.0).clamp(-32_768.0, 32_767.0)
        }));
        let mut start = 0;
        while self.pending.len() - start >= WINDOW {
            self.window(start, WINDOW);
            self.previous = self.pending[start + STEP - 1];
            start += STEP;
        }
        self.pending.drain(..start);
        if self.settled && self.is_much_nearer() {
            self.passed.splice(..0, self.recent.drain(..));
            self.forget_voice();
            self.restarted = true;
            cepstra.clear();
            steps.clear();
        }
        let pauses = self.config.endless && !self.gate.is_passing();
        if self.settled || pauses || enough(&self.passed, self.noise.level()) {
            self.release(cepstra, steps);
        }
    }

    /// Appends what is left: the last window, filled up with silence, if more than the overlap is
    /// left; then the last step again for as long as the decoder looks ahead.
    pub fn finish(&mut self, cepstra: &mut Vec<Cepstrum>, steps: &mut Vec<u32>) {
        if self.pending.len() > WINDOW - STEP {
            self.window(0, self.pending.len());
        }
        self.pending.clear();
        self.begin();
        self.release(cepstra, steps);
        if let Some(last) = self.last {
            cepstra.extend([last; LOOK_AHEAD]);
            steps.extend([self.windows.saturating_sub(1); LOOK_AHEAD]);
        }
    }

    /// Hears a window, once the noise is known.
    fn window(&mut self, start: usize, length: usize) {
        let powers = self.powers(start, length);
        if self.windows == 0 && self.beginning.len() < BEGINNING {
            self.beginning.push(powers);
        } else {
            self.begin();
            self.step(powers);
        }
    }

    /// Learns the noise from the first windows, and hears them; later it does nothing.
    fn begin(&mut self) {
        let beginning = std::mem::take(&mut self.beginning);
        self.noise.begin(&beginning);
        for powers in beginning {
            self.step(powers);
        }
    }

    /// Shows the cepstrum of the next window's powers to the gate.
    fn step(&mut self, powers: Bands) {
        let (cepstrum, speech) = self.cepstrum(powers);
        let step = Step {
            at: self.windows,
            level: powers.iter().sum::<f32>().max(1.0).ln(),
            cepstrum,
        };
        self.windows += 1;
        if self.config.gate {
            self.gate.push(step, speech, &mut self.passed);
        } else {
            self.passed.push(step);
        }
    }

    /// Takes the channel out of what has passed, and lets it go.
    fn release(&mut self, cepstra: &mut Vec<Cepstrum>, steps: &mut Vec<u32>) {
        if !self.settled {
            let quiet = quiet_beginning(&self.passed, self.noise.level());
            self.passed.drain(..quiet);
        }
        self.remember();
        let ready = cepstra.len();
        steps.extend(self.passed.iter().map(|step| step.at));
        cepstra.extend(self.passed.drain(..).map(|step| step.cepstrum));
        let ready = &mut cepstra[ready..];
        let floor = self.floor();
        let noise = self.noise.mean().map(|log| (log.exp() + floor).ln());
        if self.settled {
            for cepstrum in ready.iter_mut() {
                self.channel.next(&self.gaussians, &noise, cepstrum);
            }
        } else if !ready.is_empty() {
            self.channel.begin(&self.gaussians, &noise, ready);
            self.settled = true;
        }
        self.last = ready.last().copied().or(self.last);
    }

    /// Whether what has just passed is much louder than anything before.
    fn is_much_nearer(&self) -> bool {
        let latest = self.passed.iter().rev().chain(self.recent.iter().rev());
        let now = mean_level(latest.take(NEARER_FOR));
        !self.passed.is_empty() && self.older >= OLDER && now >= self.before + QUIETER_BY
    }

    /// Keeps what is let go for as long as it may turn out to be the beginning of a nearer voice.
    fn remember(&mut self) {
        self.recent.extend(self.passed.iter().copied());
        while self.recent.len() > RECENT {
            let level = mean_level(self.recent.iter().take(SMOOTH));
            self.before = self.before.max(level);
            self.older += 1;
            self.recent.pop_front();
        }
    }

    /// Mel powers of a window.
    fn powers(&mut self, start: usize, length: usize) -> Bands {
        let samples = &self.pending[start..start + length];
        let mut previous = self.previous;
        self.scratch.fill(0.0);
        for ((out, sample), window) in self
            .scratch
            .iter_mut()
            .zip(samples)
            .zip(&self.tables.hamming)
        {
            *out = (sample - PRE_EMPHASIS * previous) * window;
            previous = *sample;
        }
        // The plan's own buffers always have the right sizes.
        let _ = self.tables.fft.process_with_scratch(
            &mut self.scratch,
            &mut self.spectrum,
            &mut self.work,
        );
        let mut powers: Bands = [0.0; FILTERS];
        for (power, (first, weights)) in powers.iter_mut().zip(&self.tables.filters) {
            *power = self.spectrum[*first..]
                .iter()
                .zip(weights)
                .map(|(bin, weight)| bin.norm_sqr() * weight)
                .sum();
        }
        powers
    }

    /// The cepstrum of these powers, channel and noise included, and whether it sounds like speech.
    fn cepstrum(&mut self, powers: Bands) -> (Cepstrum, bool) {
        self.peak = powers.iter().copied().fold(self.peak, f32::max);
        let speech = self.noise.is_speech(&powers);
        let floor = self.floor();
        let logs = powers.map(|power| (power + floor).ln());
        (transformed(&self.tables.transform, &logs), speech)
    }

    /// Power that is added to every band.
    fn floor(&self) -> f32 {
        self.peak * 10f32.powf(self.config.floor_db / 10.0) + 1e-4
    }
}

/// Mean level of some steps; 0 of none.
fn mean_level<'a>(steps: impl IntoIterator<Item = &'a Step>) -> f32 {
    let (mut sum, mut count) = (0.0, 0);
    for step in steps {
        sum += step.level;
        count += 1;
    }
    sum / count.max(1) as f32
}

/// Can the channel be estimated from these?
fn enough(passed: &[Step], noise: f32) -> bool {
    let loud = |passed: &[_]| passed.len() - quiet_beginning(passed, noise);
    passed.len() >= FIRST_STEPS && (passed.len() >= MOST_STEPS || loud(passed) >= FIRST_STEPS)
}

/// Steps at the beginning that are much quieter than what follows: other people, the room. Words
/// would be heard in them.
fn quiet_beginning(passed: &[Step], noise: f32) -> usize {
    let levels: Vec<f32> = passed.windows(SMOOTH).map(mean_level).collect();
    let loudest = levels.iter().copied().fold(f32::MIN, f32::max);
    let loud = levels
        .iter()
        .position(|level| *level >= loudest - QUIETER_BY || *level >= noise + ABOVE_NOISE);
    loud.unwrap_or_default().saturating_sub(BEFORE_LOUD)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(length: usize) -> Vec<f32> {
        let mut state = 1u32;
        (0..length)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / (1 << 24) as f32 - 0.5
            })
            .collect()
    }

    fn front() -> FrontEnd {
        let config = FrontEndConfig {
            gate: false,
            ..FrontEndConfig::default()
        };
        FrontEnd::new(config, Arc::new(Gaussians::one()))
    }

    fn cepstra(front: &mut FrontEnd, pieces: &[&[f32]]) -> (Vec<Cepstrum>, Vec<u32>) {
        let (mut out, mut steps) = (Vec::new(), Vec::new());
        front.reset();
        for piece in pieces {
            front.push(piece, &mut out, &mut steps);
        }
        front.finish(&mut out, &mut steps);
        assert_eq!(out.len(), steps.len());
        (out, steps)
    }

    #[test]
    fn history_changes_nothing_and_no_step_is_lost() {
        let samples = noise(20_000);
        let mut front = front();
        let pieces: Vec<&[f32]> = samples.chunks(320).collect();
        let (first, steps) = cepstra(&mut front, &pieces);
        let windows = (20_000 - WINDOW) / STEP + 2;
        assert_eq!(first.len(), windows + LOOK_AHEAD);
        assert_eq!(steps[..windows], (0..windows as u32).collect::<Vec<_>>());
        cepstra(&mut front, &[&noise(3_000)[500..]]);
        assert_eq!(cepstra(&mut front, &pieces).0, first);
    }

    #[test]
    fn a_nearer_voice_begins_anew() {
        let mut front = front();
        let (mut cepstra, mut steps) = (Vec::new(), Vec::new());
        let quiet: Vec<f32> = noise(40_000).iter().map(|sample| sample * 0.05).collect();
        front.push(&quiet, &mut cepstra, &mut steps);
        assert!(cepstra.len() > 200 && !front.restarted());
        front.push(&noise(6_000), &mut cepstra, &mut steps);
        assert!(front.restarted() && !front.restarted());
        front.push(&noise(16_000), &mut cepstra, &mut steps);
        front.finish(&mut cepstra, &mut steps);
        assert!(!front.restarted() && steps.len() == cepstra.len());
        // The voice began at step 250.
        assert!((230..250).contains(&steps[0]), "begins at {}", steps[0]);
    }

    #[test]
    fn a_quiet_beginning_is_left_out_and_a_soft_first_sound_is_not() {
        let step = |level: f32| Step {
            at: 0,
            level,
            cepstrum: [0.0; COEFFICIENTS],
        };
        let steps = |levels: &[(usize, f32)]| -> Vec<Step> {
            let levels = levels.iter();
            levels
                .flat_map(|(count, level)| vec![step(*level); *count])
                .collect()
        };
        assert_eq!(quiet_beginning(&steps(&[(30, 14.0), (20, 20.0)]), 14.0), 16);
        assert_eq!(quiet_beginning(&steps(&[(10, 14.0), (40, 20.0)]), 14.0), 0);
        assert_eq!(quiet_beginning(&steps(&[(30, 18.4), (20, 20.0)]), 14.0), 0);
        assert_eq!(quiet_beginning(&steps(&[(30, 14.0), (20, 20.0)]), 5.0), 0);
        assert_eq!(quiet_beginning(&[], 0.0), 0);
    }

    #[test]
    fn too_short_and_not_finite_input_is_survived() {
        assert!(cepstra(&mut front(), &[&[0.1; 100]]).0.is_empty());
        let odd = [f32::NAN, f32::INFINITY, -9.0, 9.0].repeat(200);
        let (out, _) = cepstra(&mut front(), &[&odd]);
        assert!(out.iter().flatten().all(|value| value.is_finite()));
    }

    #[test]
    fn a_pure_tone_lands_in_the_band_it_should() {
        let tone: Vec<f32> = (0..WINDOW)
            .map(|i| (std::f32::consts::TAU * 1_000.0 * i as f32 / 16_000.0).sin() * 0.5)
            .collect();
        let mut front = front();
        front.pending = tone.iter().map(|sample| sample * 32_768.0).collect();
        let powers = front.powers(0, WINDOW);
        let (cepstrum, _) = front.cepstrum(powers);
        // A single raised band has a positive first cosine below the middle of the bands.
        let middle = front
            .tables
            .filters
            .iter()
            .position(|(bin, _)| bin * 16_000 / FFT > 1_000);
        assert!(middle.is_some_and(|band| band < FILTERS / 2));
        assert!(cepstrum[1] > 0.0, "{cepstrum:?}");
    }
}
