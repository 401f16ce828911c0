//! Spoken commands whose words, meaning and end are known.

use anyhow::{Result, ensure};
use loqa_core::grammar::{Context, Grammar, Match, State, normalize, numbers::is_number_word};
use loqa_engine::hub;
use loqa_protocol::LatencyClass;
use loqa_tests::voices::{Clip, Noise, OPEN_SENTENCES, Random, SPEAKERS, Speaker, Studio};
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
    /// Who spoke.
    pub speaker: Speaker,
    /// How.
    pub manner: Manner,
    /// The sound; `end` is the end of the last word.
    pub clip: Clip,
}

/// Where commands and talk are heard, and by whom they are spoken.
#[derive(Clone, Copy, PartialEq)]
pub enum Room {
    /// Nothing but a recorded voice.
    Clean,
    /// The same with pink noise, white noise or babble at 20 dB, in turn.
    Noisy,
    /// Nothing but a formant voice.
    Formant,
}

impl Room {
    fn speaker(self, turn: usize) -> Speaker {
        let fits = |speaker: &&Speaker| speaker.is_recorded() == (self != Room::Formant);
        let speakers: Vec<&Speaker> = SPEAKERS.iter().filter(fits).collect();
        *speakers[turn % speakers.len()]
    }
}

impl std::fmt::Display for Room {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Room::Clean => "clean",
            Room::Noisy => "noisy",
            Room::Formant => "formant_voices",
        })
    }
}

/// Sentences of the demo household, and voices to speak them.
pub struct Corpus {
    grammar: Arc<Grammar>,
    /// What people say, by the skills' own account.
    examples: Vec<String>,
    studio: Studio,
    seed: u64,
}

/// How a sentence is spoken.
#[derive(Clone, Copy, PartialEq)]
pub enum Manner {
    /// In one breath.
    Plain,
    /// A hesitation where the sentence is not complete.
    Hesitating,
    /// A short gap where it could have ended.
    Continued,
    /// In noise.
    Noisy,
}

impl std::fmt::Display for Manner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Manner::Plain => "plain",
            Manner::Hesitating => "hesitating",
            Manner::Continued => "continued",
            Manner::Noisy => "noisy",
        })
    }
}

impl Corpus {
    /// Sentences are drawn with this seed, half of them from the skills' examples and half from
    /// all that the grammar allows.
    pub fn new(seed: u64) -> Result<Corpus> {
        let grammar =
            hub::demonstration_grammar().map_err(|problem| anyhow::anyhow!("{problem}"))?;
        let examples =
            hub::demonstration_examples().map_err(|problem| anyhow::anyhow!("{problem}"))?;
        Ok(Corpus {
            grammar,
            examples,
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

    /// Commands of one class in a silent room, spoken without a pause.
    pub fn plain(&self, class: LatencyClass, count: usize) -> Result<Vec<Command>> {
        // Half of them are.
        let mut commands = self.of_class(class, 2 * count)?;
        commands.retain(|command| command.manner == Manner::Plain);
        Ok(commands)
    }

    /// Commands with a number, in the middle of which the speaker thinks for up to a second.
    pub fn thinking(&self, count: usize) -> Result<Vec<Command>> {
        let mut random = Random::new(self.seed ^ 0x7468_696e);
        let in_number = |words: &str| -> Vec<usize> {
            let mut gaps = self.gaps(words, State::Incomplete);
            gaps.retain(|at| words[..*at].rsplit(' ').next().is_some_and(is_number_word));
            gaps
        };
        let mut sentences = self.sentences(self.seed + 2000, 1000);
        sentences
            .retain(|(words, meaning)| meaning.steps.len() == 1 && !in_number(words).is_empty());
        ensure!(!sentences.is_empty(), "no sentence has a number");
        let command = |_| {
            let (words, meaning) = sentences[random.below(sentences.len())].clone();
            let speaker = Room::Clean.speaker(random.below(SPEAKERS.len()));
            let gaps = in_number(&words);
            let gap = (gaps[random.below(gaps.len())], 300 + random.below(700));
            Ok(Command {
                class: meaning.class,
                clip: self
                    .with_gap(&words, speaker, gap)?
                    .framed(LEAD_MS, TAIL_MS),
                words,
                meaning,
                speaker,
                manner: Manner::Hesitating,
            })
        };
        (0..count).map(command).collect()
    }

    /// The grammar that sentences are drawn from.
    pub fn grammar(&self) -> &Grammar {
        &self.grammar
    }

    /// Commands of any class without free text, spoken without hesitation.
    pub fn commands(&self, room: Room, count: usize) -> Result<Vec<Command>> {
        let mut random = Random::new(self.seed ^ 0x68656172);
        let babble = self.babble()?;
        let mut commands = Vec::with_capacity(count);
        let mut drawn = self.sentences(self.seed + 1000, count).into_iter();
        while commands.len() < count {
            let Some((words, meaning)) = drawn.next() else {
                break;
            };
            if meaning.class == LatencyClass::C {
                continue;
            }
            let speaker = room.speaker(random.below(SPEAKERS.len()));
            let clip = self.studio.speak(speaker, &words)?;
            commands.push(Command {
                class: meaning.class,
                clip: self.heard_in(room, clip, &mut random, &babble),
                words,
                meaning,
                speaker,
                manner: match room {
                    Room::Noisy => Manner::Noisy,
                    Room::Clean | Room::Formant => Manner::Plain,
                },
            });
        }
        ensure!(commands.len() == count, "the grammar has too few sentences");
        Ok(commands)
    }

    /// Sentences that are no commands, with their speakers.
    pub fn talk(&self, room: Room, count: usize) -> Result<Vec<(Speaker, &'static str, Clip)>> {
        let mut random = Random::new(self.seed ^ 0x74616c6b);
        let babble = self.babble()?;
        let sentences: Vec<&'static str> = OPEN_SENTENCES.lines().collect();
        (0..count)
            .map(|number| {
                // Every sentence, and each time by the next voice.
                let sentence = sentences[number % sentences.len()];
                let speaker = room.speaker(number + number / sentences.len());
                let clip = self.studio.speak(speaker, sentence)?;
                let clip = self.heard_in(room, clip, &mut random, &babble);
                Ok((speaker, sentence, clip))
            })
            .collect()
    }

    fn heard_in(&self, room: Room, clip: Clip, random: &mut Random, babble: &[Clip]) -> Clip {
        let clip = clip.framed(LEAD_MS, LEAD_MS);
        match room {
            Room::Clean | Room::Formant => clip,
            Room::Noisy => noisy(clip, random, babble),
        }
    }

    /// At least `count` sentences that mean something, examples and others in turn.
    fn sentences(&self, seed: u64, count: usize) -> Vec<(String, Match)> {
        let mut random = Random::new(seed);
        let drawn = (0..20).flat_map(|batch| self.grammar.sample(seed + batch, count.max(50)));
        drawn
            .enumerate()
            .map(|(number, drawn)| match number % 2 {
                0 => self.examples[random.below(self.examples.len())].clone(),
                _ => drawn,
            })
            .filter_map(|words| {
                Some((
                    words.clone(),
                    self.grammar.parse(&Context::Commands, &words)?,
                ))
            })
            .collect()
    }

    fn draw(&self, class: LatencyClass, count: usize, seed: u64) -> Result<Vec<Command>> {
        let mut random = Random::new(seed);
        // Sentences that are asked back, or end the conversation, have no answer to time.
        let plain = |meaning: &Match| {
            meaning.steps.len() == 1 && meaning.steps.iter().all(|step| step.skill != "loqa")
        };
        let mut sentences = self.sentences(seed, 1000);
        sentences.retain(|(_, meaning)| meaning.class == class && plain(meaning));
        ensure!(
            !sentences.is_empty(),
            "the demo household has no sentence of class {class:?}"
        );
        let babble = self.babble()?;
        let mut commands = Vec::with_capacity(count);
        for number in 0..count {
            let (words, meaning) = sentences[random.below(sentences.len())].clone();
            let speaker = Room::Clean.speaker(random.below(SPEAKERS.len()));
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
                speaker,
                manner,
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
            Some(gap) => self.with_gap(words, speaker, gap)?,
            None => self.studio.speak(speaker, words)?,
        };
        let clip = clip.framed(LEAD_MS, TAIL_MS);
        Ok(match manner {
            Manner::Noisy => noisy(clip, random, babble),
            _ => clip,
        })
    }

    /// The words with a silence of so many ms at this byte offset.
    fn with_gap(
        &self,
        words: &str,
        speaker: Speaker,
        (at, pause_ms): (usize, usize),
    ) -> Result<Clip> {
        let (head, tail) = words.split_at(at);
        let head = self.studio.speak(speaker, head.trim())?;
        Ok(head.then(pause_ms, &self.studio.speak(speaker, tail.trim())?))
    }

    fn gap(&self, words: &str, state: State, random: &mut Random) -> Option<usize> {
        let gaps = self.gaps(words, state);
        gaps.get(random.below(gaps.len())).copied()
    }

    /// Byte offsets of gaps between two words after which the sentence stands like this.
    fn gaps(&self, words: &str, state: State) -> Vec<usize> {
        words
            .match_indices(' ')
            .map(|(at, _)| at)
            .filter(|at| {
                let mut parse = self.grammar.start(&Context::Commands);
                normalize(&words[..*at])
                    .iter()
                    .for_each(|word| parse.feed(word));
                parse.state() == state
            })
            .collect()
    }

    fn babble(&self) -> Result<Vec<Clip>> {
        self.studio.talk(&SPEAKERS).take(12).collect()
    }
}

fn noisy(clip: Clip, random: &mut Random, babble: &[Clip]) -> Clip {
    let noise = match random.below(3) {
        0 => Noise::Pink,
        1 => Noise::White,
        _ => Noise::Babble(babble),
    };
    clip.with_noise(noise, SNR_DB, random.bits())
}
