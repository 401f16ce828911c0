//! What the room sounds like where nobody speaks who is near, and who is.

use super::features::{BEGINNING, Bands, FILTERS};

/// Share of the previous power in the smoothed power.
const SMOOTHING: f32 = 0.7;
/// How slowly an envelope rises, and how fast it falls.
const RISE: f32 = 0.995;
const FALL: f32 = 0.5;
/// First guess of the noise below the first power.
const BELOW_FIRST: f32 = 20.0;
/// Speech is this much above the noise in some band, ln of powers, and at most this much below
/// the loudest speech.
const SPEECH_ABOVE_NOISE: f32 = 2.0;
const SPEECH_RANGE: f32 = 8.0;
/// Where others are heard as well, it is this much above them, and at most this much below the
/// loudest.
const ABOVE_OTHERS: f32 = 2.0;
const BELOW_LOUDEST: f32 = 2.5;
/// How fast their level follows, and the mean of the noise.
const OTHERS_FOLLOW: f32 = 0.02;
const MEAN_FOLLOWS: f32 = 0.03;
/// How fast the mean falls in a step that is quieter than it by this much, ln of powers: what was
/// taken for noise was somebody who spoke from the first moment.
const MEAN_FALLS: f32 = 0.3;
const QUIETER_STEP: f32 = 0.7;
/// Share of the first powers that are taken for noise.
const QUIETEST: f32 = 0.4;
/// How slowly the loudest speech follows louder and quieter steps.
const LOUDER: f32 = 0.9;
const QUIETER: f32 = 0.9995;

/// What is known of the noise of one utterance.
#[derive(Default)]
pub(super) struct NoiseTracker {
    state: Option<State>,
}

struct State {
    /// Slowly falling level of the loudest speech, ln of the summed signal.
    loudest: f32,
    /// Level of all that is not speech of who is near, ln of the summed signal.
    others: f32,
    /// Steps so far.
    steps: usize,
    /// Smoothed.
    power: Bands,
    /// Lower envelope of the power.
    envelope: Bands,
    /// Mean of ln of the power where nobody speaks who is near.
    mean: Bands,
}

impl State {
    fn new(power: &Bands, envelope: Bands, mean: Bands) -> Self {
        Self {
            loudest: 0.0,
            others: 0.0,
            steps: 0,
            power: *power,
            envelope,
            mean,
        }
    }
}

impl NoiseTracker {
    /// Forgets the utterance.
    pub(super) fn reset(&mut self) {
        self.state = None;
    }

    /// Begins with the noise under these first powers: in each band the quietest of them, since
    /// somebody may be speaking already. Without any, with a guess at the first power.
    ///
    /// The envelope alone rises so slowly that noise passed for speech for half a second.
    pub(super) fn begin(&mut self, first: &[Bands]) {
        let Some(power) = first.first() else { return };
        let count = ((first.len() as f32 * QUIETEST) as usize).max(1);
        let envelope = std::array::from_fn(|band| {
            let mut powers: Vec<f32> = first.iter().map(|bands| bands[band]).collect();
            powers.sort_unstable_by(f32::total_cmp);
            powers[..count].iter().sum::<f32>() / count as f32
        });
        let mut steps: Vec<&Bands> = first.iter().collect();
        steps.sort_unstable_by(|a, b| a.iter().sum::<f32>().total_cmp(&b.iter().sum()));
        let quietest = &steps[..count];
        let mean = std::array::from_fn(|band| {
            quietest.iter().map(|bands| ln(bands[band])).sum::<f32>() / count as f32
        });
        self.state = Some(State::new(power, envelope, mean));
    }

    /// Mean of ln of the power in each band where nobody speaks who is near.
    pub(super) fn mean(&self) -> Bands {
        let state = self.state.as_ref();
        state.map_or([0.0; FILTERS], |state| state.mean)
    }

    /// ln of the power of all bands together there.
    pub(super) fn level(&self) -> f32 {
        self.mean()
            .iter()
            .map(|log| log.exp())
            .sum::<f32>()
            .max(1.0)
            .ln()
    }

    /// Hears the next step, and tells whether it sounds like speech of who is near: some band well
    /// above its noise, all of it above what others say, and not much quieter than the utterance
    /// has been.
    pub(super) fn is_speech(&mut self, powers: &Bands) -> bool {
        let state = self.state.get_or_insert_with(|| {
            let envelope = powers.map(|power| power / BELOW_FIRST);
            State::new(powers, envelope, powers.map(ln))
        });
        let (mut above_noise, mut sum) = (0.0f32, 0.0);
        let bands = state.power.iter_mut().zip(&mut state.envelope);
        for ((smooth, envelope), power) in bands.zip(powers) {
            *smooth = SMOOTHING * *smooth + (1.0 - SMOOTHING) * power;
            let keep = if *smooth >= *envelope { RISE } else { FALL };
            *envelope = keep * *envelope + (1.0 - keep) * *smooth;
            above_noise = above_noise.max(*smooth / envelope.max(f32::MIN_POSITIVE));
            sum += (*smooth - *envelope).max(1.0);
        }
        let level = sum.ln();
        let keep = if level > state.loudest {
            LOUDER
        } else {
            QUIETER
        };
        state.loudest = keep * state.loudest + (1.0 - keep) * level;
        let least = (state.others + ABOVE_OTHERS).min(state.loudest - BELOW_LOUDEST);
        let near = level >= least.max(state.loudest - SPEECH_RANGE);
        let speech = near && above_noise.ln() >= SPEECH_ABOVE_NOISE;
        state.steps += 1;
        if state.steps <= BEGINNING {
            state.others += (level - state.others) / state.steps as f32;
        } else if !near {
            state.others += OTHERS_FOLLOW * (level - state.others);
        }
        let logs = powers.map(ln);
        let follow = if average(&logs) < average(&state.mean) - QUIETER_STEP {
            MEAN_FALLS
        } else if speech {
            0.0
        } else {
            MEAN_FOLLOWS
        };
        for (mean, log) in state.mean.iter_mut().zip(&logs) {
            *mean += follow * (log - *mean);
        }
        speech
    }
}

fn average(logs: &Bands) -> f32 {
    logs.iter().sum::<f32>() / FILTERS as f32
}

fn ln(power: f32) -> f32 {
    (power + 1.0).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_that_was_there_first_is_no_speech() {
        let uneven = |step: usize| [1e6 * (1 + step % 3) as f32; FILTERS];
        let mut tracker = NoiseTracker::default();
        tracker.begin(&(0..25).map(uneven).collect::<Vec<_>>());
        assert!((0..100).all(|step| !tracker.is_speech(&uneven(step))));
        let mean = tracker.mean()[12];
        assert!((mean - 2e6f32.ln()).abs() < 0.5, "{mean}");
    }

    #[test]
    fn who_speaks_from_the_first_moment_is_no_noise() {
        let mut tracker = NoiseTracker::default();
        tracker.begin(&[[1e9; FILTERS]; 25]);
        (0..25).for_each(|_| _ = tracker.is_speech(&[1e9; FILTERS]));
        (0..20).for_each(|_| _ = tracker.is_speech(&[1e5; FILTERS]));
        assert!(tracker.mean()[12] < 2e5f32.ln());
    }

    #[test]
    fn others_are_no_speech_beside_who_is_near() {
        let others = |step: usize| [1e8 * (1 + step % 3) as f32; FILTERS];
        // Twelve steps are spoken, and in the pauses the others are heard.
        let near = |step: usize| {
            if step % 20 < 12 {
                [1e10; FILTERS]
            } else {
                others(step)
            }
        };
        let mut tracker = NoiseTracker::default();
        tracker.begin(&(0..25).map(others).collect::<Vec<_>>());
        let mut share = |talk: &dyn Fn(usize) -> Bands| {
            let spoken = |step: &usize| tracker.is_speech(&talk(*step));
            (0..100).filter(spoken).count()
        };
        let shares = [share(&others), share(&near), share(&others)];
        assert!(
            shares[0] == 0 && shares[1] >= 40 && shares[2] < 10,
            "{shares:?}"
        );
    }
}
