//! Endpointing: when speech begins, pauses and is over. Decides on the sample clock, from the
//! voice activity score and the energy of each frame, and from what the words so far let one expect.
//!
//! The score alone is loose at word ends (it falls tens of milliseconds late), the energy alone
//! takes a slammed door for a word. So the score decides that somebody speaks, and the end is
//! where the level falls well below the utterance's own speech, or near the noise.

mod config;

pub use config::{Calm, EndpointConfig, Expectation, Hangover};

use crate::seams::{FRAME_SAMPLES, SAMPLE_RATE_HZ};
use std::{collections::VecDeque, time::Duration};

/// Samples of a block, the grain on which voiced and unvoiced are told apart: 5 ms.
const BLOCK_SAMPLES: usize = 80;
/// Quieter than any microphone; what digital silence counts as.
const SILENCE_DB: f32 = -90.0;
/// Frames the noise floor looks back on: 2 s.
const FLOOR_FRAMES: usize = 100;
/// Which part of those frames is taken for noise: people leave at least this much unvoiced
/// (Martin, "Noise power spectral density estimation based on minimum statistics", 2001, takes
/// the minimum; a low quantile survives drop-outs of digital silence).
const FLOOR_QUANTILE: f32 = 0.15;
/// However loud the rest, noise is taken to lie at least this far below the utterance's level.
const FLOOR_BELOW_SPEECH_DB: f32 = 18.0;

/// What happened, in offsets of the sample clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EndpointEvent {
    /// Somebody speaks. `at` is where the utterance's audio begins, pre-roll included.
    SpeechStarted {
        /// First sample.
        at: u64,
    },
    /// A pause; the utterance may be over.
    Paused {
        /// First sample after the last voiced one.
        at: u64,
    },
    /// It was not.
    Resumed {
        /// First voiced sample after the pause.
        at: u64,
    },
    /// The person has finished.
    Endpoint {
        /// First sample after the last voiced one.
        last_voiced: u64,
        /// Sample at which it was decided: the end of the newest frame.
        at: u64,
        /// Whose hangover had passed.
        expectation: Expectation,
    },
}

/// An utterance under way.
#[derive(Clone, Copy, Debug)]
struct Utterance {
    /// Where its audio begins.
    began: u64,
    /// Its first voiced sample.
    first_voiced: u64,
    /// First sample after the last voiced block.
    last_voiced: u64,
    /// First sample after the last block in which anything was left of the voice: words fade.
    last_sound: u64,
    /// The noise floor before it began, or lower: in a long sentence without a pause the floor of
    /// the last two seconds is made of its own closures.
    quiet_db: f32,
    /// Level of its speech, dBFS: rises at once, falls slowly.
    level_db: f32,
    /// Where speech came back, while it is not yet long enough to count.
    returned: Option<u64>,
    paused: bool,
}

/// Decides when an utterance begins and ends. Feed every frame once and in order.
#[derive(Clone, Debug)]
pub struct Endpointer {
    config: EndpointConfig,
    utterance: Option<Utterance>,
    /// The utterance that ended last, in case it goes on after all.
    ended: Option<Utterance>,
    expectation: Expectation,
    /// Levels of the latest frames, dBFS, for the noise floor.
    levels_db: VecDeque<f32>,
    floor_db: f32,
    score: f32,
    /// Voiced blocks in a row, or nearly so, before an onset: (first sample, samples voiced, samples missed since).
    onset: Option<(u64, u64, u64)>,
    now: u64,
}

impl Endpointer {
    /// Listens for a first utterance.
    pub fn new(config: EndpointConfig) -> Endpointer {
        Endpointer {
            config,
            utterance: None,
            ended: None,
            expectation: Expectation::default(),
            levels_db: VecDeque::with_capacity(FLOOR_FRAMES),
            floor_db: SILENCE_DB,
            score: 0.0,
            onset: None,
            now: 0,
        }
    }

    /// Silence ends utterances so from now on: somebody needs more time, or less.
    pub fn set_hangover(&mut self, hangover: Hangover) {
        self.config.hangover = hangover;
    }

    /// Is an utterance under way?
    pub fn in_speech(&self) -> bool {
        self.utterance.is_some()
    }

    /// Hears a frame: `samples` from `offset` on, and the scores of the voice activity windows
    /// that ended within it (none, if the window is longer than a frame).
    pub fn hear(
        &mut self,
        offset: u64,
        samples: &[f32],
        scores: &[f32],
        events: &mut Vec<EndpointEvent>,
    ) {
        if let Some(best) = scores.iter().copied().reduce(f32::max) {
            self.score = if best.is_finite() { best } else { 0.0 };
        }
        self.follow_noise(samples);
        for (index, block) in samples.chunks(BLOCK_SAMPLES).enumerate() {
            let at = offset + (index * BLOCK_SAMPLES) as u64;
            let level_db = level_db(block);
            match self.utterance {
                None => self.look_for_onset(at, block.len() as u64, level_db, events),
                Some(utterance) => {
                    self.follow_speech(utterance, at, block.len() as u64, level_db, events)
                }
            }
        }
        self.now = offset + samples.len() as u64;
        events.extend(self.decide());
    }

    /// Learns what the words so far let one expect. The silence already heard counts, so this
    /// may be the moment the utterance is over.
    pub fn expect(&mut self, expectation: Expectation) -> Option<EndpointEvent> {
        self.expectation = expectation;
        self.decide()
    }

    /// Takes the latest endpoint back: the utterance goes on as if it had not been decided.
    pub fn reopen(&mut self) {
        let Some(ended) = self.ended.take() else {
            return;
        };
        let now_speaking = self.utterance.take();
        self.utterance = Some(match now_speaking {
            Some(resumed) => Utterance {
                began: ended.began,
                first_voiced: ended.first_voiced,
                ..resumed
            },
            None => ended,
        });
    }

    fn follow_noise(&mut self, samples: &[f32]) {
        if self.levels_db.len() == FLOOR_FRAMES {
            self.levels_db.pop_front();
        }
        self.levels_db.push_back(level_db(samples));
        let mut sorted: Vec<f32> = self.levels_db.iter().copied().collect();
        let rank = ((sorted.len() - 1) as f32 * FLOOR_QUANTILE) as usize;
        self.floor_db = *sorted.select_nth_unstable_by(rank, f32::total_cmp).1;
    }

    fn look_for_onset(
        &mut self,
        at: u64,
        length: u64,
        level_db: f32,
        events: &mut Vec<EndpointEvent>,
    ) {
        let voiced = self.score >= self.config.onset_score
            && level_db >= self.floor_db.min(-30.0) + self.config.above_noise_db;
        let (first, heard, missed) = match (self.onset, voiced) {
            (None, false) => return,
            (None, true) => (at, length, 0),
            (Some((first, heard, _)), true) => (first, heard + length, 0),
            (Some((first, heard, missed)), false) => (first, heard, missed + length),
        };
        if missed > samples_of(self.config.onset) {
            self.onset = None;
            return;
        }
        self.onset = Some((first, heard, missed));
        if heard >= samples_of(self.config.onset) {
            self.onset = None;
            self.expectation = Expectation::default();
            let began = first.saturating_sub(samples_of(self.config.preroll));
            let last_voiced = at + length;
            self.utterance = Some(Utterance {
                began,
                first_voiced: first,
                last_voiced,
                last_sound: last_voiced,
                quiet_db: self.floor_db,
                level_db,
                returned: None,
                paused: false,
            });
            events.push(EndpointEvent::SpeechStarted { at: began });
        }
    }

    fn follow_speech(
        &mut self,
        mut utterance: Utterance,
        at: u64,
        length: u64,
        level_db: f32,
        events: &mut Vec<EndpointEvent>,
    ) {
        let floor_db = self
            .floor_db
            .min(utterance.level_db - FLOOR_BELOW_SPEECH_DB);
        let threshold_db = (floor_db + self.config.above_noise_db)
            .max(utterance.level_db - self.config.below_speech_db);
        utterance.quiet_db = utterance.quiet_db.min(floor_db);
        // The lowest of many floors: noise stands further above it than above the present one.
        let fading_db = (utterance.quiet_db + 2.0 * self.config.above_noise_db)
            .max(utterance.level_db - self.config.below_speech_db);
        if level_db >= fading_db && self.score >= self.config.offset_score {
            utterance.last_sound = at + length;
        }
        // After a pause the score is late: the level alone tells that speech is back.
        let voiced = level_db >= threshold_db
            && (utterance.paused || self.score >= self.config.offset_score);
        if voiced {
            // 3 ms up, 2 s down: the level is that of the vowels, not of the pauses between them.
            let share = if level_db > utterance.level_db {
                0.8
            } else {
                0.0025
            };
            utterance.level_db += share * (level_db - utterance.level_db);
            if !utterance.paused {
                utterance.last_voiced = at + length;
            } else {
                // Two blocks: a single one is a click of the lips.
                let first = *utterance.returned.get_or_insert(at);
                if at + length - first >= 2 * BLOCK_SAMPLES as u64 {
                    utterance.returned = None;
                    utterance.paused = false;
                    utterance.last_voiced = at + length;
                    events.push(EndpointEvent::Resumed { at: first });
                }
            }
        } else {
            utterance.returned = None;
            if !utterance.paused
                && at + length - utterance.last_voiced >= samples_of(self.config.pause)
            {
                utterance.paused = true;
                events.push(EndpointEvent::Paused {
                    at: utterance.last_voiced,
                });
            }
        }
        self.utterance = Some(utterance);
    }

    fn decide(&mut self) -> Option<EndpointEvent> {
        let utterance = self.utterance?;
        // What nothing could follow is over when the voice is; what may go on, when all is quiet.
        let last = match self.expectation {
            Expectation::Closed => utterance.last_voiced,
            _ => utterance.last_voiced.max(utterance.last_sound),
        };
        let silence = self.now.saturating_sub(last);
        let mut hangover = self.config.hangover.of(self.expectation);
        if utterance.last_voiced - utterance.first_voiced <= samples_of(self.config.brief) {
            hangover = hangover.max(self.config.brief_hangover);
        }
        let calm = match self.expectation {
            Expectation::Closed => self.config.calm,
            _ => self.config.calm_unsure,
        };
        let believed = self.score < calm.score || silence >= samples_of(hangover + calm.doubt);
        let quiet = utterance.paused && utterance.returned.is_none();
        let over = quiet && believed && silence >= samples_of(hangover);
        let too_long =
            self.now.saturating_sub(utterance.began) >= samples_of(self.config.max_utterance);
        if !over && !too_long {
            return None;
        }
        self.ended = self.utterance.take();
        Some(EndpointEvent::Endpoint {
            last_voiced: utterance.last_voiced,
            at: self.now,
            expectation: self.expectation,
        })
    }
}

/// Root mean square level of mono PCM, dB relative to full scale, at least [`SILENCE_DB`].
/// Samples that are not numbers count as silence.
fn level_db(samples: &[f32]) -> f32 {
    let energy: f32 =
        samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len().max(1) as f32;
    if energy.is_finite() {
        (10.0 * energy.max(1e-12).log10()).max(SILENCE_DB)
    } else {
        SILENCE_DB
    }
}

/// Samples in a span of time.
fn samples_of(time: Duration) -> u64 {
    (time.as_micros() as u64 * u64::from(SAMPLE_RATE_HZ)) / 1_000_000
}

const _: () = assert!(FRAME_SAMPLES.is_multiple_of(BLOCK_SAMPLES));

#[cfg(test)]
mod tests;
