//! Spoken commands whose words, meaning and end are known.

use anyhow::{Result, ensure};
use loqa_core::grammar::{Context, Grammar, Match, State, normalize};
use loqa_engine::hub;
use loqa_protocol::LatencyClass;
use loqa_tests::voices::{Clip, Noise, Random, SPEAKERS, Speaker, Studio};
use std::sync::Arc;

/// Silence before the words (the hub has been listening for a while) and after them, ms.
const LEAD_MS: usize = 400;
const TAIL_MS: usize = 1500;
/// Level of noise below speech.
const SNR_DB: f32 = 20.0;

/// One spoken command.
pub struct Command {
    /// As it was spoken.
    pub words: String,
    /// What it means.
    pub meaning: Match,
    /// How soon it may be answered.
    pub class: LatencyClass,
    /// The sound; `end` is the end of the last word.
    pub clip: Clip,
}

/// Sentences of the demo household, and voices to speak them.
pub struct Corpus {
    grammar: Arc<Grammar>,
    studio: Studio,
    seed: u64,
}

/// How a sentence is spoken.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Plain,
    /// A hesitation where the sentence is not complete.
    Hesitating,
    /// A short gap where it could have ended.
    Continued,
    /// In noise.
    Noisy,
}

impl Corpus {
    /// Sentences are drawn from the grammar with this seed.
    pub fn new(seed: u64) -> Result<Corpus> {
        let grammar =
            hub::demonstration_grammar().map_err(|problem| anyhow::anyhow!("{problem}"))?;
        Ok(Corpus {
            grammar,
            studio: Studio::open()?,
            seed,
        })
    }

    /// Three of class A for one of class B, as people use them.
    pub fn mixed(&self, count: usize) -> Result<Vec<Command>> {
        let mut a = self
            .draw(LatencyClass::A, count - count / 4, self.seed)?
            .into_iter();
        let mut b = self
            .draw(LatencyClass::B, count / 4, self.seed)?
            .into_iter();
        let mut mixed = Vec::with_capacity(count);
        for number in 0..count {
            let (first, second) = if number % 4 == 3 {
                (&mut b, &mut a)
            } else {
                (&mut a, &mut b)
            };
            mixed.extend(first.next().or_else(|| second.next()));
        }
        Ok(mixed)
    }

    /// Commands of one class.
    pub fn of_class(&self, class: LatencyClass, count: usize) -> Result<Vec<Command>> {
        self.draw(class, count, self.seed.wrapping_add(1))
    }

    fn draw(&self, class: LatencyClass, count: usize, seed: u64) -> Result<Vec<Command>> {
        let mut random = Random::new(seed);
        let mut sentences: Vec<(String, Match)> = Vec::new();
        // Sentences that are asked back, or end the conversation, have no answer to time.
        let plain = |meaning: &Match| {
            meaning.steps.len() == 1 && meaning.steps.iter().all(|step| step.skill != "loqa")
        };
        let mut batch = seed;
        while sentences.len() < 400 && batch < seed + 60 {
            for words in self.grammar.sample(batch, 500) {
                match self.grammar.parse(&Context::Commands, &words) {
                    Some(meaning) if meaning.class == class && plain(&meaning) => {
                        sentences.push((words, meaning))
                    }
                    _ => {}
                }
            }
            batch += 1;
        }
        ensure!(
            !sentences.is_empty(),
            "the demo household has no sentence of class {class:?}"
        );
        let babble = self.babble()?;
        let mut commands = Vec::with_capacity(count);
        for number in 0..count {
            let (words, meaning) = sentences[random.below(sentences.len())].clone();
            let speaker = SPEAKERS[random.below(SPEAKERS.len())];
            let manner = match number % 8 {
                0 | 1 => Manner::Noisy,
                2 => Manner::Hesitating,
                3 | 4 if class == LatencyClass::B => Manner::Continued,
                _ => Manner::Plain,
            };
            let clip = self.speak(&words, speaker, manner, &mut random, &babble)?;
            commands.push(Command {
                words,
                meaning,
                class,
                clip,
            });
        }
        Ok(commands)
    }

    fn speak(
        &self,
        words: &str,
        speaker: Speaker,
        manner: Manner,
        random: &mut Random,
        babble: &[Clip],
    ) -> Result<Clip> {
        let gap = match manner {
            Manner::Hesitating => self
                .gap(words, State::Incomplete, random)
                .map(|at| (at, 150 + random.below(200))),
            Manner::Continued => self
                .gap(words, State::Extendable, random)
                .map(|at| (at, 60 + random.below(60))),
            Manner::Plain | Manner::Noisy => None,
        };
        let clip = match gap {
            Some((at, pause_ms)) => {
                let (head, tail) = words.split_at(at);
                self.studio
                    .speak(speaker, head.trim())?
                    .then(pause_ms, &self.studio.speak(speaker, tail.trim())?)
            }
            None => self.studio.speak(speaker, words)?,
        };
        let clip = clip.framed(LEAD_MS, TAIL_MS);
        Ok(match (manner, random.below(3)) {
            (Manner::Noisy, 0) => clip.with_noise(Noise::Pink, SNR_DB, random.bits()),
            (Manner::Noisy, 1) => clip.with_noise(Noise::White, SNR_DB, random.bits()),
            (Manner::Noisy, _) => clip.with_noise(Noise::Babble(babble), SNR_DB, random.bits()),
            _ => clip,
        })
    }

    /// Byte offset of a gap between two words after which the sentence stands like this.
    fn gap(&self, words: &str, state: State, random: &mut Random) -> Option<usize> {
        let gaps: Vec<usize> = words
            .match_indices(' ')
            .map(|(at, _)| at)
            .filter(|at| {
                let mut parse = self.grammar.start(&Context::Commands);
                normalize(&words[..*at])
                    .iter()
                    .for_each(|word| parse.feed(word));
                parse.state() == state
            })
            .collect();
        gaps.get(random.below(gaps.len())).copied()
    }

    fn babble(&self) -> Result<Vec<Clip>> {
        let sentences = loqa_tests::voices::OPEN_SENTENCES.lines().take(12);
        sentences
            .zip(SPEAKERS)
            .map(|(sentence, speaker)| self.studio.speak(speaker, sentence))
            .collect()
    }
}
