//! Fake models, and audio that carries words: each frame of speech says which word it is of, in a way that survives every
//! codec, so that what was heard can be compared with what was said.

use super::world::MS;
use loqa_link::wire::audio::{FRAME_SAMPLES, codec::Samples};
use loqa_protocol::{AudioFormat, Hypothesis, JobFrame, JobOptions, Verdict};
use std::{collections::BTreeMap, time::Duration};

/// Frames of one word.
const WORD_FRAMES: usize = 7;
/// Stands for silence between words.
const PAUSE: &str = "…";
const WORD_BITS: usize = 12;
const ORDINAL_BITS: usize = 12;
const LOUD: f32 = 0.5;

/// What a frame says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Token {
    /// Which word of [`Words`].
    pub word: usize,
    /// Which frame of its stream, from 0.
    pub ordinal: usize,
}

/// All words there are.
#[derive(Clone, Debug, Default)]
pub struct Words(Vec<String>);

impl Words {
    pub fn of<'a>(sentences: impl Iterator<Item = &'a str>) -> Words {
        let words = sentences
            .flat_map(str::split_whitespace)
            .filter(|it| *it != PAUSE);
        let all: std::collections::BTreeSet<_> = words.map(str::to_owned).collect();
        Words(all.into_iter().collect())
    }

    /// Somebody says this: as frames, `…` being a pause of that many frames.
    pub fn said(&self, text: &str, pause: usize, tail: usize) -> Vec<Samples> {
        let mut frames = vec![None; 5];
        for word in text.split_whitespace() {
            match self.0.iter().position(|it| it == word) {
                Some(word) => frames.extend([Some(word); WORD_FRAMES]),
                None => frames.extend(vec![None; pause]),
            }
        }
        frames.extend(vec![None; tail]);
        let frames = frames.into_iter().enumerate();
        frames
            .map(|(ordinal, word)| {
                word.map_or([0.0; FRAME_SAMPLES], |word| loud(Token { word, ordinal }))
            })
            .collect()
    }

    /// What is heard in frames, in their order.
    pub fn heard(&self, tokens: &[Token]) -> String {
        let mut words: Vec<usize> = tokens.iter().map(|token| token.word).collect();
        words.dedup();
        let words = words.into_iter().filter_map(|word| self.0.get(word));
        words.map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}

fn loud(token: Token) -> Samples {
    let mut samples = [LOUD; FRAME_SAMPLES];
    for (at, sample) in samples.iter_mut().enumerate() {
        let bit = match at {
            _ if at < WORD_BITS => token.word >> at & 1,
            _ if at < WORD_BITS + ORDINAL_BITS => token.ordinal >> (at - WORD_BITS) & 1,
            _ => at & 1,
        };
        if bit == 1 {
            *sample = -LOUD;
        }
    }
    samples
}

/// What a frame says; nothing if it is silent.
pub fn token(samples: &[f32]) -> Option<Token> {
    if samples.len() < FRAME_SAMPLES || samples[0].abs() < 0.05 {
        return None;
    }
    let number = |bits: std::ops::Range<usize>| {
        let bits = samples[bits].iter().enumerate();
        bits.map(|(at, sample)| usize::from(*sample < 0.0) << at)
            .sum()
    };
    Some(Token {
        word: number(0..WORD_BITS),
        ordinal: number(WORD_BITS..WORD_BITS + ORDINAL_BITS),
    })
}

/// Words as speech, and back.
pub fn spoken(text: &str) -> Vec<f32> {
    text.bytes().map(|byte| f32::from(byte) / 256.0).collect()
}

/// See [`spoken`].
pub fn understood(samples: &[f32]) -> String {
    let bytes = samples.iter().map(|sample| (sample * 256.0).round() as u8);
    String::from_utf8(bytes.collect()).unwrap_or_default()
}

/// How fast a machine is: from the last input to the first output.
#[derive(Clone, Copy, Debug)]
pub struct Speed(pub Duration);

/// One job of a fake model. What it answers comes so much later.
#[derive(Debug, Default)]
pub struct Model {
    options: Option<JobOptions>,
    tokens: Vec<Token>,
    through: u64,
    frames: usize,
    over: bool,
}

impl Model {
    /// Works on a frame at a machine of this name and speed.
    pub fn hear(
        &mut self,
        frame: JobFrame,
        words: &Words,
        name: &str,
        speed: Speed,
    ) -> Vec<(Duration, JobFrame)> {
        let Speed(first) = speed;
        if self.over {
            return Vec::new();
        }
        match (frame, &self.options) {
            (JobFrame::Open { options, .. }, _) => {
                self.options = Some(options);
                Vec::new()
            }
            (JobFrame::Audio { offset, samples }, _) => {
                self.tokens.extend(token(&samples));
                self.through = offset + samples.len() as u64;
                self.frames += 1;
                match self.frames.is_multiple_of(3) {
                    true => vec![(first / 8, self.hypothesis(words, false))],
                    false => Vec::new(),
                }
            }
            (JobFrame::Finish, Some(JobOptions::Transcribe { .. })) => {
                self.over = true;
                vec![
                    (first, self.hypothesis(words, true)),
                    (first, JobFrame::Finish),
                ]
            }
            (JobFrame::Said { is_final: true, .. }, _) => {
                self.over = true;
                let delta = |text: &str| JobFrame::Delta { text: text.into() };
                vec![
                    (first, delta(&format!("Says {name}. "))),
                    (first + 60 * MS, delta("The sky scatters blue. ")),
                    (first + 120 * MS, delta("That is why.")),
                    (first + 125 * MS, JobFrame::Finish),
                ]
            }
            (JobFrame::Text { text }, _) => {
                let speech = JobFrame::Speech {
                    format: AudioFormat {
                        sample_rate_hz: 16_000,
                    },
                    samples: spoken(&text),
                };
                vec![(first / 4, speech)]
            }
            (JobFrame::Finish, Some(JobOptions::Synthesize { .. })) => {
                self.over = true;
                vec![(first / 4, JobFrame::Finish)]
            }
            _ => Vec::new(),
        }
    }

    fn hypothesis(&self, words: &Words, is_final: bool) -> JobFrame {
        let text = words.heard(&self.tokens);
        JobFrame::Hypothesis {
            hypothesis: Hypothesis {
                verdict: match is_final {
                    true => Verdict::Accepted,
                    false => Verdict::Unknown,
                },
                committed: text,
                tentative: String::new(),
                through: self.through,
                is_final,
            },
        }
    }
}

/// Things that happen later on one machine, in their order.
#[derive(Debug)]
pub struct Later<T> {
    things: BTreeMap<(Duration, u64), T>,
    count: u64,
}

impl<T> Default for Later<T> {
    fn default() -> Self {
        Later {
            things: BTreeMap::new(),
            count: 0,
        }
    }
}

impl<T> Later<T> {
    pub fn put(&mut self, at: Duration, thing: T) {
        self.count += 1;
        self.things.insert((at, self.count), thing);
    }

    /// What is due.
    pub fn due(&mut self, now: Duration) -> Option<T> {
        let entry = self.things.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }

    pub fn next(&self) -> Option<Duration> {
        self.things.keys().next().map(|(at, _)| *at)
    }

    pub fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.things.retain(|_, thing| keep(thing));
    }
}
