//! Listens for one phrase: the searches behind a wake word, to be fed with speech alone.
//!
//! The first is PocketSphinx's keyphrase search: it follows the phrase and a loop of all phones as
//! somebody speaks, and marks every place that could be the phrase, which talk does some twenty
//! times a minute. Such a place is then decoded once more, as "anything, the phrase, anything" and
//! as nothing but phones, which tells how well each word of the phrase fits and how long it took.
//! All know no words but those of the phrase, and are small for it.

use super::{
    decoder::{Decoder, Path},
    dictionary,
    ears::{Ears, Model, PHONES_ALONE},
    features::{Cepstrum, FrontEnd, STEP},
    free_text::PLACEHOLDER,
    verdict::{Evidence, weigh},
};
use loqa_core::{
    grammar::{Context, SpeechGrammar, WordAutomaton},
    seams::{GuessedWord, ModelError},
};
use std::{ops::Range, sync::Arc};

/// Version of the only grammar.
const THE_PHRASE: u64 = 1;

/// Where the phrase may have been said.
#[derive(Clone, Debug, PartialEq)]
pub struct Spotted {
    /// Samples since [`Spotter::start`]: first, and one past the last.
    pub samples: Range<u64>,
    /// Likelihood over that of any phones, as a power of ten.
    pub score: f32,
}

/// What a second look at such a place says.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// How well the words of the phrase fit.
    pub evidence: Evidence,
    /// Samples of the phrase within those that were looked at; empty where it cannot be.
    pub samples: Range<u64>,
    /// Steps of 10 ms that its words took, for each of their phones.
    pub steps_per_phone: f32,
}

/// Listens for a phrase.
pub struct Spotter {
    search: Hearing,
    /// One after the other: around the phrase, and phones.
    look: Hearing,
    guessed: Vec<GuessedWord>,
    phones: usize,
}

impl Spotter {
    /// Loads library and model (0.1 s, 6 MB).
    ///
    /// # Errors
    /// [`ModelError::NotLoaded`] says what is missing and what to type; [`ModelError::Backend`],
    /// which word of the phrase cannot be said.
    pub fn open(ears: &Ears, phrase: &str) -> Result<Self, ModelError> {
        let model = Model::find(ears)?;
        let words: Vec<String> = phrase
            .split(|c: char| c.is_whitespace() || matches!(c, ',' | '.' | '!' | '?' | '-'))
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        if words.is_empty() {
            return Err(ModelError::Backend(
                "the wake phrase is empty: give two or three words, such as `hey loqa`".into(),
            ));
        }
        let list: Vec<&str> = words.iter().map(String::as_str).collect();
        let known = dictionary::look_up(&model.dictionary, &list)?;
        let known = words.iter().filter_map(|word| known.get(word)?.first());
        let known = known.map(|entry| entry.phones.as_str());
        let mut settings = ears.search.settings();
        // Wide enough that the phrase is not lost where it fits badly for a while.
        settings.retain(|(name, _)| *name != "beam");
        settings.push(("beam", "1e-90".into()));
        settings.push(("kws_threshold", "1e-60".into()));
        // Nothing tells the search that somebody has finished.
        let mut streaming = ears.clone();
        streaming.front_end.endless = true;
        let mut search = Hearing::open(&model, &streaming, &settings)?;
        let guessed = search.decoder.spot(&words)?;
        let mut settings = ears.search.settings();
        settings.push((PHONES_ALONE.0, PHONES_ALONE.1.to_owned()));
        let mut look = Hearing::open(&model, ears, &settings)?;
        look.decoder.load(&Arc::new(around(&words)))?;
        look.decoder.add_phone_loop(&model, &ears.phone_loop)?;
        let made_up = guessed
            .iter()
            .filter_map(|word| word.pronunciation.as_deref());
        let phones = known.chain(made_up).map(|phones| phones.split(' ').count());
        Ok(Self {
            phones: phones.sum(),
            search,
            look,
            guessed,
        })
    }

    /// Words of the phrase that the dictionary lacks, and how Loqa thinks they are said.
    pub fn guessed(&self) -> &[GuessedWord] {
        &self.guessed
    }

    /// Phones in the phrase. The more, the harder to mistake.
    pub fn phones(&self) -> usize {
        self.phones
    }

    /// Begins to listen; what was heard before is forgotten.
    pub fn start(&mut self) -> Result<(), ModelError> {
        self.search.start()
    }

    /// Hears the next samples (16 kHz mono, any number); tells where the phrase was said last,
    /// 0.1 s after its end, however unlikely.
    pub fn feed(&mut self, samples: &[f32]) -> Result<Option<Spotted>, ModelError> {
        self.search.hear(samples, false)?;
        let search = &mut self.search;
        Ok(search.decoder.spotted().map(|(steps, score)| Spotted {
            samples: search.samples(steps),
            score,
        }))
    }

    /// A second look at a place: it ends with the phrase, and may begin with something else.
    pub fn look(&mut self, samples: &[f32]) -> Result<Look, ModelError> {
        self.look.decoder.choose(THE_PHRASE, &Context::Commands)?;
        let phrase = self.look.decode(samples)?;
        let words = phrase.iter().flat_map(|path| &path.words);
        let own: Vec<_> = words.filter(|word| !word.word.starts_with('_')).collect();
        let found = match own.as_slice() {
            [first, .., last] => self.look.samples(first.steps.start..last.steps.end),
            [only] => self.look.samples(only.steps.clone()),
            [] => 0..0,
        };
        self.look.decoder.choose_phones()?;
        let phones = self.look.decode(samples)?.unwrap_or_default();
        let whole = phrase.is_some();
        let evidence = weigh(&phrase.unwrap_or_default(), &phones, whole);
        Ok(Look {
            steps_per_phone: evidence.word_steps as f32 / self.phones.max(1) as f32,
            evidence,
            samples: found,
        })
    }
}

/// A front end and a decoder.
struct Hearing {
    front: FrontEnd,
    decoder: Decoder,
    cepstra: Vec<Cepstrum>,
    /// Step of 10 ms since `start` of every cepstrum that the decoder has heard.
    steps: Vec<u32>,
    dither: Dither,
}

impl Hearing {
    fn open(
        model: &Model,
        ears: &Ears,
        settings: &[(&'static str, String)],
    ) -> Result<Self, ModelError> {
        Ok(Self {
            front: FrontEnd::new(ears.front_end, model.gaussians.clone()),
            decoder: Decoder::open(model, settings)?,
            cepstra: Vec::new(),
            steps: Vec::new(),
            dither: Dither(1),
        })
    }

    fn start(&mut self) -> Result<(), ModelError> {
        self.decoder.start()?;
        self.front.reset();
        self.cepstra.clear();
        self.steps.clear();
        self.dither = Dither(1);
        Ok(())
    }

    fn hear(&mut self, samples: &[f32], last: bool) -> Result<(), ModelError> {
        let samples = self.dither.over(samples);
        self.front
            .push(&samples, &mut self.cepstra, &mut self.steps);
        if self.front.restarted() {
            self.decoder.end()?;
            self.decoder.start()?;
        }
        if last {
            self.front.finish(&mut self.cepstra, &mut self.steps);
        }
        self.decoder.hear(&mut self.cepstra)?;
        self.cepstra.clear();
        Ok(())
    }

    /// Hears all of it and nothing else.
    fn decode(&mut self, samples: &[f32]) -> Result<Option<Path>, ModelError> {
        self.start()?;
        self.hear(samples, true)?;
        self.decoder.end()?;
        Ok(self.decoder.path())
    }

    /// Where steps of the decoder lie among the samples.
    fn samples(&self, steps: Range<u32>) -> Range<u64> {
        let at = |step: u32| {
            let step = self.steps.get(step as usize).or(self.steps.last());
            step.map_or(0, |step| u64::from(*step) * STEP as u64)
        };
        if steps.is_empty() {
            return 0..0;
        }
        at(steps.start)..at(steps.end - 1) + STEP as u64
    }
}

/// The noise of a quiet room, 70 dB below full scale: what comes from a file or a virtual
/// microphone may be silent as no room is, and the front end then takes the first sound after that
/// silence for part of the noise.
struct Dither(u32);

impl Dither {
    /// Standard deviation 3e-4.
    const PEAK: f32 = 5.2e-5;

    fn over(&mut self, samples: &[f32]) -> Vec<f32> {
        let mut noise = || {
            self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (self.0 >> 8) as f32 / (1u32 << 23) as f32 - 1.0
        };
        let dithered = samples.iter().map(|sample| sample + Self::PEAK * noise());
        dithered.collect()
    }
}

/// Anything or nothing, the phrase, anything or nothing.
fn around(words: &[String]) -> SpeechGrammar {
    let mut vocabulary = words.to_vec();
    vocabulary.push(PLACEHOLDER.into());
    vocabulary.sort();
    vocabulary.dedup();
    let place = |word: &str| vocabulary.partition_point(|known| known.as_str() < word) as u32;
    let something = place(PLACEHOLDER);
    let last = words.len() as u32 + 1;
    let mut arcs = vec![(0, something, 1, 0), (last, something, last + 1, 0)];
    for (i, word) in (1..).zip(words) {
        arcs.push((i, place(word), i + 1, 0));
    }
    arcs.push((0, place(&words[0]), 2, 0));
    let automaton = WordAutomaton {
        states: last + 2,
        start: 0,
        ends: vec![last, last + 1],
        arcs,
        free: Vec::new(),
    };
    grammar(THE_PHRASE, automaton, vocabulary)
}

fn grammar(version: u64, automaton: WordAutomaton, words: Vec<String>) -> SpeechGrammar {
    SpeechGrammar {
        version,
        automata: vec![(Context::Commands, automaton)],
        words,
    }
}
