//! A PocketSphinx decoder with named grammars: words in, words out, no pointers.

use super::{
    ears::Model,
    features::{Cepstrum, STEP},
    ffi::{RawDecoder, SphinxError},
    free_text, fsg,
    pronunciation::Speller,
};
use loqa_core::{
    grammar::{Context, SpeechGrammar},
    seams::{GuessedWord, ModelError},
};
use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

/// Weight of the grammar against the audio: PocketSphinx's default.
const LANGUAGE_WEIGHT: f32 = 6.5;

/// PocketSphinx's unit of log likelihood: base 1.0001, times 1024.
const LOG_UNIT: f64 = 1024.0 * 0.000_099_995;

/// What the library takes from the certainty of a phrase, so that it is below 0.
const CERTAINTY_BELOW: i32 = 1500;

/// Name of the search for a phrase; those of grammars have a slash.
const SPOTTING: &str = "phrase";

/// A recognised word and where it was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Lower case, without the dictionary's `(2)` for an alternative pronunciation.
    pub word: String,
    /// Steps of 10 ms that the decoder has heard: first, and one past the last.
    pub(super) steps: Range<u32>,
    /// Samples from the start of the utterance: first, and one past the last.
    pub samples: Range<u64>,
}

/// A stretch of an utterance and how well it was explained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stretch {
    /// First step of 10 ms, and one past the last.
    pub steps: (u32, u32),
    /// Log likelihood of the audio in it, relative to the best state of each step.
    pub acoustic: f64,
    /// Whether it is a word (a phone, in a phone loop) rather than silence or noise.
    pub spoken: bool,
}

/// What one utterance was decoded to, as far as it was heard.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Path {
    /// Words in order, without silence and noise markers.
    pub words: Vec<Segment>,
    /// All of it in order, silence and noise included.
    pub stretches: Vec<Stretch>,
}

impl Path {
    /// Tells when the words were said, given the step in the utterance of each step that the
    /// decoder has heard (silence is kept from it).
    pub(super) fn place(&mut self, steps: &[u32]) {
        let at = |step: u32| {
            let in_utterance = steps.get(step as usize).or(steps.last());
            in_utterance.map_or(0, |step| u64::from(*step) * STEP as u64)
        };
        for word in &mut self.words {
            let last = word.steps.end.saturating_sub(1);
            word.samples = at(word.steps.start)..at(last) + STEP as u64;
        }
    }

    /// The words, separated by single spaces.
    pub(super) fn text(&self) -> String {
        free_text::readable(self.words.iter().map(|segment| segment.word.as_str()))
    }
}

/// One of PocketSphinx's decoders.
pub(super) struct Decoder {
    raw: RawDecoder,
    speller: Speller,
    /// Words of this decoder's dictionary that were made up by rule, or cannot be said at all.
    guessed: HashMap<String, Option<String>>,
    /// Searches by grammar version, oldest first.
    loaded: Vec<(u64, Vec<Context>)>,
    active: Option<u64>,
}

impl Decoder {
    /// Loads acoustic model and dictionary (0.2 s). `settings` add to or replace the common ones.
    pub(super) fn open(
        model: &Model,
        settings: &[(&'static str, String)],
    ) -> Result<Self, ModelError> {
        let mut all = vec![
            ("hmm", model.acoustic.display().to_string()),
            ("dict", model.dictionary.display().to_string()),
            // The model's own parameter file would bring back the library's normalisation, which
            // carries the mean of one utterance into the next. What else it says is said here.
            ("featparams", "/dev/null".to_owned()),
            ("feat", "1s_c_d_dd".to_owned()),
            ("svspec", "0-12/13-25/26-38".to_owned()),
            ("agc", "none".to_owned()),
            ("varnorm", "no".to_owned()),
            ("cmn", "none".to_owned()),
            // The last passes would only begin when the audio has ended.
            ("fwdflat", "no".to_owned()),
            ("bestpath", "no".to_owned()),
        ];
        for (name, value) in settings {
            all.retain(|(known, _)| known != name);
            all.push((name, value.clone()));
        }
        let raw =
            RawDecoder::new(model.sphinx.clone(), &all).map_err(|error| ModelError::NotLoaded {
                what: format!("PocketSphinx's model in {}", model.folder().display()),
                help: format!(
                    "{error}: install it again (apt-get install --reinstall pocketsphinx-en-us)"
                ),
            })?;
        Ok(Self {
            raw,
            speller: Speller::new(),
            guessed: HashMap::new(),
            loaded: Vec::new(),
            active: None,
        })
    }

    /// Adds the phone loop as the only search, and makes it active.
    pub(super) fn with_phone_loop(mut self, model: &Model) -> Result<Self, ModelError> {
        self.raw
            .add_phone_loop("phones", &model.phones)
            .and_then(|()| self.raw.activate("phones"))
            .map_err(backend)?;
        Ok(self)
    }

    /// Listens for a phrase from now on. Returns its words that are not in the dictionary.
    pub(super) fn spot(&mut self, words: &[String]) -> Result<Vec<GuessedWord>, ModelError> {
        let guessed = self.learn(words);
        if let Some(mute) = guessed.iter().find(|word| word.pronunciation.is_none()) {
            return Err(ModelError::Backend(format!(
                "`{}` in the wake phrase cannot be pronounced: spell it in Latin letters, and numbers as words",
                mute.word
            )));
        }
        self.raw
            .add_keyphrase(SPOTTING, &words.join(" "))
            .and_then(|()| self.raw.activate(SPOTTING))
            .map_err(backend)?;
        Ok(guessed)
    }

    /// Where the phrase was heard last, in steps, and its likelihood over that of any phones, as
    /// a power of ten.
    pub(super) fn spotted(&mut self) -> Option<(Range<u32>, f32)> {
        // The library lists the newest first.
        let last = self.raw.segments().into_iter().next()?;
        let ratio = f64::from(last.certainty + CERTAINTY_BELOW);
        let certainty = ratio * LOG_UNIT / std::f64::consts::LN_10;
        Some((last.steps.0..last.steps.1 + 1, certainty as f32))
    }

    /// Versions that `load` has been done for, oldest first.
    pub(super) fn versions(&self) -> Vec<u64> {
        self.loaded.iter().map(|(version, _)| *version).collect()
    }

    /// Whether `load` has been done for this version.
    pub(super) fn has(&self, version: u64) -> bool {
        self.loaded.iter().any(|(known, _)| *known == version)
    }

    /// Compiles all contexts of a grammar, if that has not been done. Returns its words that are
    /// not in the dictionary. Of older grammars only the newest two are kept.
    pub(super) fn load(&mut self, grammar: &SpeechGrammar) -> Result<Vec<GuessedWord>, ModelError> {
        let guessed = self.learn(&grammar.words);
        if self.has(grammar.version) {
            return Ok(guessed);
        }
        let mute: HashSet<&str> = guessed
            .iter()
            .filter(|word| word.pronunciation.is_none())
            .map(|word| word.word.as_str())
            .collect();
        if grammar
            .words
            .iter()
            .any(|word| word == free_text::PLACEHOLDER)
            && !self.raw.knows(free_text::PHONE_WORDS[0].0)
        {
            for (word, phone) in free_text::PHONE_WORDS {
                self.raw.add_word(word, phone).map_err(backend)?;
            }
        }
        // Alternative pronunciations are arcs of their own: PocketSphinx can add them itself, but
        // looks through all arcs for each, which took seconds.
        let spellings: Vec<Vec<String>> = grammar
            .words
            .iter()
            .map(|word| {
                let others = (2..10)
                    .map(|n| format!("{word}({n})"))
                    .take_while(|entry| self.raw.knows(entry));
                let first = (!mute.contains(word.as_str())).then(|| word.clone());
                first.into_iter().chain(others).collect()
            })
            .collect();
        let mut contexts = Vec::new();
        for (i, (context, automaton)) in grammar.automata.iter().enumerate() {
            fsg::write(automaton, &grammar.words, &spellings)
                .map_err(|error| SphinxError::File(error.to_string()))
                .and_then(|file| self.raw.add_grammar(&search_name(grammar.version, i), file.path(), LANGUAGE_WEIGHT))
                .map_err(|error| {
                    ModelError::Backend(format!(
                        "{error} for {context:?}: its sentences cannot be heard, only typed; see `loqa doctor`"
                    ))
                })?;
            contexts.push(context.clone());
        }
        self.loaded.push((grammar.version, contexts));
        while self.loaded.len() > 3 {
            let Some(oldest) = self
                .loaded
                .iter()
                .position(|(version, _)| Some(*version) != self.active)
            else {
                break;
            };
            let (version, contexts) = self.loaded.remove(oldest);
            for i in 0..contexts.len() {
                // The search exists, and forgetting it can only free memory.
                let _ = self.raw.remove(&search_name(version, i));
            }
        }
        Ok(guessed)
    }

    /// Gives every unknown word a pronunciation; returns those that have been unknown.
    fn learn(&mut self, words: &[String]) -> Vec<GuessedWord> {
        let mut unknown = Vec::new();
        for word in words {
            if !self.guessed.contains_key(word) {
                if self.raw.knows(word) {
                    continue;
                }
                let pronunciation = self
                    .speller
                    .pronounce(word)
                    .filter(|phones| self.raw.add_word(word, phones).is_ok());
                self.guessed.insert(word.clone(), pronunciation);
            }
            unknown.push(GuessedWord {
                word: word.clone(),
                pronunciation: self.guessed[word].clone(),
            });
        }
        unknown
    }

    /// Chooses what the next utterance may say; falls back to [`Context::Commands`] where the
    /// grammar has nothing for `context`.
    pub(super) fn choose(&mut self, version: u64, context: &Context) -> Result<(), ModelError> {
        let contexts = self
            .loaded
            .iter()
            .find(|(known, _)| *known == version)
            .map(|(_, contexts)| contexts);
        let position = contexts.and_then(|contexts| {
            contexts
                .iter()
                .position(|known| known == context)
                .or_else(|| {
                    contexts
                        .iter()
                        .position(|known| *known == Context::Commands)
                })
        });
        let Some(position) = position else {
            return Err(ModelError::NotLoaded {
                what: format!("version {version} of the grammar"),
                help: "load it first".into(),
            });
        };
        self.raw
            .activate(&search_name(version, position))
            .map_err(backend)?;
        self.active = Some(version);
        Ok(())
    }

    /// Begins an utterance. One that was left open ends first.
    pub(super) fn start(&mut self) -> Result<(), ModelError> {
        self.raw
            .end()
            .and_then(|()| self.raw.start())
            .map_err(backend)
    }

    /// Hears more of it.
    pub(super) fn hear(&mut self, cepstra: &mut [Cepstrum]) -> Result<(), ModelError> {
        self.raw.hear(cepstra).map_err(backend)
    }

    /// Ends the utterance.
    pub(super) fn end(&mut self) -> Result<(), ModelError> {
        self.raw.end().map_err(backend)
    }

    /// The words of the best path so far; empty if there is none.
    pub(super) fn text(&mut self) -> String {
        let words = self
            .raw
            .hypothesis()
            .map(|(text, _)| text)
            .unwrap_or_default();
        free_text::readable(words.split_whitespace().filter_map(spoken))
    }

    /// The best path so far with times and scores; `None` if no path has come to an end of a
    /// word, or, once the utterance has ended, to an end of a sentence.
    pub(super) fn path(&mut self) -> Option<Path> {
        self.raw.hypothesis()?;
        let mut path = Path::default();
        for segment in self.raw.segments() {
            let (first, end) = (segment.steps.0, segment.steps.1 + 1);
            let word = spoken(&segment.word);
            path.stretches.push(Stretch {
                steps: (first, end),
                acoustic: f64::from(segment.acoustic),
                spoken: word.is_some() && segment.word != "SIL",
            });
            if let Some(word) = word {
                path.words.push(Segment {
                    word: word.to_owned(),
                    steps: first..end,
                    samples: 0..0,
                });
            }
        }
        Some(path)
    }
}

fn backend(error: SphinxError) -> ModelError {
    ModelError::Backend(format!("PocketSphinx: {error}"))
}

fn search_name(version: u64, context: usize) -> String {
    format!("{version}/{context}")
}

/// The word behind a dictionary entry: `read(2)` is "read"; `<sil>`, `[NOISE]`, `++UM++` and
/// empty transitions are none.
fn spoken(entry: &str) -> Option<&str> {
    if entry.is_empty() || entry.starts_with(['<', '[', '+', '(']) {
        return None;
    }
    match entry.split_once('(') {
        Some((word, number)) if number.trim_end_matches(')').parse::<u8>().is_ok() => Some(word),
        _ => Some(entry),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_and_alternative_pronunciations_are_no_words() {
        let words: Vec<_> = "<s> turn(2) [NOISE] off <sil> ++UM++ o'clock (NULL) </s>"
            .split(' ')
            .filter_map(spoken)
            .collect();
        assert_eq!(words, ["turn", "off", "o'clock"]);
    }
}
