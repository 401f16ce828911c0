//! A PocketSphinx decoder with named grammars: words in, words out, no pointers.

use super::{
    dictionary,
    ears::{Model, PhoneLoop},
    features::{Cepstrum, STEP},
    ffi::{RawDecoder, SphinxError},
    free_text, fsg,
    pronunciation::Speller,
};
use loqa_core::{
    grammar::{Context, SpeechGrammar},
    seams::{GuessedWord, ModelError},
};
use std::{collections::HashMap, ops::Range, path::PathBuf, sync::Arc};

/// Weight of the grammar against the audio: PocketSphinx's default.
const LANGUAGE_WEIGHT: f32 = 6.5;

/// PocketSphinx's unit of log likelihood: base 1.0001, times 1024.
const LOG_UNIT: f64 = 1024.0 * 0.000_099_995;

/// What the library takes from the certainty of a phrase, so that it is below 0.
const CERTAINTY_BELOW: i32 = 1500;

/// Name of the search for a phrase; those of grammars have a slash.
const SPOTTING: &str = "phrase";
/// Likewise of the loop of all phones.
const PHONES: &str = "phones";

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
    dictionary: PathBuf,
    speller: Speller,
    /// Entries that the decoder has been given, by word; none for a word that cannot be said.
    spellings: HashMap<String, Vec<String>>,
    /// Words whose pronunciation was made up by rule, or that cannot be said at all.
    guessed: HashMap<String, Option<String>>,
    /// Oldest first.
    loaded: Vec<Loaded>,
    active: Option<u64>,
}

struct Loaded {
    grammar: Arc<SpeechGrammar>,
    /// By context of the grammar: whether there is a search for it. Each takes 60 MB for a
    /// household, and most are for answers to questions that are rarely asked.
    compiled: Vec<bool>,
}

impl Decoder {
    /// Loads the acoustic model (30 ms); words come with the grammars. `settings` add to or replace
    /// the common ones.
    pub(super) fn open(
        model: &Model,
        settings: &[(&'static str, String)],
    ) -> Result<Self, ModelError> {
        let mut all = vec![
            ("hmm", model.acoustic.display().to_string()),
            ("dict", "/dev/null".to_owned()),
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
            dictionary: model.dictionary.clone(),
            speller: Speller::new(),
            spellings: HashMap::new(),
            guessed: HashMap::new(),
            loaded: Vec::new(),
            active: None,
        })
    }

    /// Adds the phone loop as the only search, and makes it active.
    pub(super) fn with_phone_loop(mut self, model: &Model) -> Result<Self, ModelError> {
        self.raw
            .add_phone_loop(PHONES, &model.phones)
            .and_then(|()| self.raw.activate(PHONES))
            .map_err(backend)?;
        Ok(self)
    }

    /// Adds it beside the grammars that have been loaded: none may be loaded after it. A decoder for itself would take
    /// 5 MB more.
    pub(super) fn add_phone_loop(
        &mut self,
        model: &Model,
        phone_loop: &PhoneLoop,
    ) -> Result<(), ModelError> {
        // What a search is made with stays as it was when it was.
        for (name, value) in phone_loop.numbers() {
            self.raw.set(name, value).map_err(backend)?;
        }
        let added = self.raw.add_phone_loop(PHONES, &model.phones);
        added.map_err(backend)
    }

    /// Hears nothing but phones from the next utterance on.
    pub(super) fn choose_phones(&mut self) -> Result<(), ModelError> {
        self.raw.activate(PHONES).map_err(backend)
    }

    /// Listens for a phrase from now on. Returns its words that are not in the dictionary.
    pub(super) fn spot(&mut self, words: &[String]) -> Result<Vec<GuessedWord>, ModelError> {
        let guessed = self.learn(words)?;
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
        let versions = self.loaded.iter().map(|loaded| loaded.grammar.version);
        versions.collect()
    }

    /// Whether `load` has been done for this version.
    pub(super) fn has(&self, version: u64) -> bool {
        self.versions().contains(&version)
    }

    /// Takes a grammar, if that has not been done, and compiles what may be said without being
    /// asked. Returns its words that are not in the dictionary. Of older grammars only the newest
    /// two are kept.
    pub(super) fn load(
        &mut self,
        grammar: &Arc<SpeechGrammar>,
    ) -> Result<Vec<GuessedWord>, ModelError> {
        let guessed = self.learn(&grammar.words)?;
        if self.has(grammar.version) {
            return Ok(guessed);
        }
        let mut loaded = Loaded {
            grammar: grammar.clone(),
            compiled: vec![false; grammar.automata.len()],
        };
        if let Some(context) = loaded.context(&Context::Commands) {
            self.compile(&mut loaded, context)?;
        }
        self.loaded.push(loaded);
        while self.loaded.len() > 3 {
            let mut loaded = self.loaded.iter();
            let Some(oldest) = loaded.position(|old| Some(old.grammar.version) != self.active)
            else {
                break;
            };
            let old = self.loaded.remove(oldest);
            for context in (0..)
                .zip(&old.compiled)
                .filter_map(|(i, done)| done.then_some(i))
            {
                // The search exists, and forgetting it can only free memory.
                let _ = self.raw.remove(&search_name(old.grammar.version, context));
            }
        }
        Ok(guessed)
    }

    /// Makes the search for a context, if there is none.
    fn compile(&mut self, loaded: &mut Loaded, context: usize) -> Result<(), ModelError> {
        let SpeechGrammar {
            version,
            automata,
            words,
        } = &*loaded.grammar;
        if loaded.compiled[context] {
            return Ok(());
        }
        // Alternative pronunciations are arcs of their own: PocketSphinx can add them itself, but
        // looks through all arcs for each, which took seconds.
        let spellings: Vec<Vec<String>> = words
            .iter()
            .map(|word| self.spellings.get(word).cloned().unwrap_or_default())
            .collect();
        let name = &automata[context].0;
        fsg::write(&loaded.grammar.automaton(context), words, &spellings)
            .map_err(|error| SphinxError::File(error.to_string()))
            .and_then(|file| {
                let search = search_name(*version, context);
                self.raw.add_grammar(&search, file.path(), LANGUAGE_WEIGHT)
            })
            .map_err(|error| {
                ModelError::Backend(format!(
                    "{error} for {name:?}: its sentences cannot be heard, only typed; see `loqa doctor`"
                ))
            })?;
        loaded.compiled[context] = true;
        Ok(())
    }

    /// Gives the decoder every word that it lacks; returns those that are not in the dictionary.
    fn learn(&mut self, words: &[String]) -> Result<Vec<GuessedWord>, ModelError> {
        let mut new: Vec<&str> = words.iter().map(String::as_str).collect();
        new.retain(|word| !self.spellings.contains_key(*word));
        new.sort_unstable();
        new.dedup();
        let mut entries = match new.is_empty() {
            true => HashMap::new(),
            false => dictionary::look_up(&self.dictionary, &new)?,
        };
        for word in new {
            let mut spellings = Vec::new();
            for entry in entries.remove(word).unwrap_or_default() {
                self.raw
                    .add_word(&entry.name, &entry.phones)
                    .map_err(backend)?;
                spellings.push(entry.name);
            }
            if spellings.is_empty() {
                let pronunciation = self
                    .speller
                    .pronounce(word)
                    .filter(|phones| self.raw.add_word(word, phones).is_ok());
                spellings.extend(pronunciation.as_ref().map(|_| word.to_owned()));
                self.guessed.insert(word.to_owned(), pronunciation);
            }
            if word == free_text::PLACEHOLDER {
                for (word, phone) in free_text::PHONE_WORDS {
                    self.raw.add_word(word, phone).map_err(backend)?;
                }
            }
            self.spellings.insert(word.to_owned(), spellings);
        }
        let guessed = words.iter().filter_map(|word| {
            Some(GuessedWord {
                word: word.clone(),
                pronunciation: self.guessed.get(word)?.clone(),
            })
        });
        Ok(guessed.collect())
    }

    /// Chooses what the next utterance may say; falls back to [`Context::Commands`] where the
    /// grammar has nothing for `context`. What is asked for the first time is compiled now (80 ms).
    pub(super) fn choose(&mut self, version: u64, context: &Context) -> Result<(), ModelError> {
        let mut loaded = self.loaded.iter();
        let chosen = loaded
            .position(|loaded| loaded.grammar.version == version)
            .and_then(|place| {
                let loaded = &self.loaded[place];
                let context = loaded.context(context);
                Some((
                    place,
                    context.or_else(|| loaded.context(&Context::Commands))?,
                ))
            });
        let Some((place, context)) = chosen else {
            return Err(ModelError::NotLoaded {
                what: format!("version {version} of the grammar"),
                help: "load it first".into(),
            });
        };
        let mut loaded = self.loaded.remove(place);
        let compiled = self.compile(&mut loaded, context);
        self.loaded.insert(place, loaded);
        compiled?;
        self.raw
            .activate(&search_name(version, context))
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

impl Loaded {
    /// The place of a context in the grammar.
    fn context(&self, context: &Context) -> Option<usize> {
        let mut automata = self.grammar.automata.iter();
        automata.position(|(known, _)| known == context)
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
