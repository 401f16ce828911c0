//! One utterance at a time, from samples to words, in step with the speaker.

use super::{
    decoder::{Decoder, Path, Segment},
    ears::{Ears, Model},
    features::{Cepstrum, FrontEnd},
    free_text,
    open_vocabulary::OpenVocabulary,
    verdict::Judge,
};
use loqa_core::{
    grammar::{Context, SpeechGrammar},
    seams::{GuessedWord, ModelError},
};
use loqa_protocol::{Hypothesis, Verdict};
use std::sync::Arc;

/// Audio kept on both sides of a span of free text that is decoded again, samples: 100 ms.
const MARGIN: u64 = 1_600;

/// Recognises what a grammar allows and judges whether it was said at all.
///
/// Synchronous: [`start`](Self::start), [`feed`](Self::feed) as samples come,
/// [`finish`](Self::finish). The streaming [`PocketSphinx`](super::PocketSphinx) runs one per
/// worker thread.
pub struct Recogniser {
    front: FrontEnd,
    words: Decoder,
    /// Open vocabulary needs no judge: whatever was said is what it hears.
    judge: Option<Judge>,
    free_text: Option<FreeText>,
    cepstra: Vec<Cepstrum>,
    /// Step of 10 ms in the utterance of every cepstrum that the decoders have heard.
    steps: Vec<u32>,
    through: u64,
    text: String,
    path: Option<Path>,
}

/// Decodes spans of free text once more.
struct FreeText {
    open_vocabulary: Arc<OpenVocabulary>,
    /// The utterance so far.
    samples: Vec<f32>,
}

impl Recogniser {
    /// Loads library, model and dictionary (about 0.5 s).
    pub fn open(ears: &Ears) -> Result<Self, ModelError> {
        Self::with_model(&Model::find(ears)?, ears)
    }

    /// Loads the model for open vocabulary instead (about 1 s): any of 20 000 English words,
    /// far less surely. Its utterances begin with [`start_open`](Self::start_open).
    pub fn open_vocabulary(ears: &Ears) -> Result<Self, ModelError> {
        Self::open_vocabulary_with(&Model::find(ears)?, ears)
    }

    pub(super) fn with_model(model: &Model, ears: &Ears) -> Result<Self, ModelError> {
        let words = Decoder::open(model, &ears.search.settings())?;
        Ok(Self::new(
            model,
            ears,
            words,
            Some(Judge::open(model, ears)?),
        ))
    }

    pub(super) fn open_vocabulary_with(model: &Model, ears: &Ears) -> Result<Self, ModelError> {
        let words = Decoder::open(model, &model.open_vocabulary_settings()?)?;
        Ok(Self::new(model, ears, words, None))
    }

    fn new(model: &Model, ears: &Ears, words: Decoder, judge: Option<Judge>) -> Self {
        Self {
            front: FrontEnd::new(ears.front_end, model.gaussians.clone()),
            words,
            judge,
            free_text: None,
            cepstra: Vec::new(),
            steps: Vec::new(),
            through: 0,
            text: String::new(),
            path: None,
        }
    }

    /// Lets free text be decoded by `open_vocabulary`. Without it such a span stays
    /// [`PLACEHOLDER`](free_text::PLACEHOLDER), and is never trusted.
    pub(super) fn with_free_text(mut self, open_vocabulary: Arc<OpenVocabulary>) -> Self {
        self.free_text = Some(FreeText {
            open_vocabulary,
            samples: Vec::new(),
        });
        self
    }

    /// Makes a grammar ready for `start`. Not during an utterance.
    pub fn load(&mut self, grammar: &Arc<SpeechGrammar>) -> Result<Vec<GuessedWord>, ModelError> {
        self.words.load(grammar)
    }

    /// Whether `start` with this version would succeed.
    pub fn has(&self, version: u64) -> bool {
        self.words.has(version)
    }

    /// Versions of the grammars that are ready.
    pub(super) fn versions(&self) -> Vec<u64> {
        self.words.versions()
    }

    /// Begins an utterance; one that was left open is dropped.
    pub fn start(&mut self, version: u64, context: &Context) -> Result<(), ModelError> {
        // A decoder that is still within an utterance would refuse another grammar.
        self.words.end()?;
        self.words.choose(version, context)?;
        self.start_open()
    }

    /// Begins an utterance of open vocabulary; one that was left open is dropped.
    pub fn start_open(&mut self) -> Result<(), ModelError> {
        self.words.start()?;
        if let Some(judge) = &mut self.judge {
            judge.start()?;
        }
        self.front.reset();
        self.cepstra.clear();
        self.steps.clear();
        if let Some(free_text) = &mut self.free_text {
            free_text.samples.clear();
        }
        self.through = 0;
        self.text.clear();
        self.path = None;
        Ok(())
    }

    /// Hears the next samples (16 kHz mono, any number) and tells the words so far.
    pub fn feed(&mut self, samples: &[f32]) -> Result<Hypothesis, ModelError> {
        self.through += samples.len() as u64;
        if let Some(free_text) = &mut self.free_text {
            free_text.samples.extend_from_slice(samples);
        }
        self.listen(samples)?;
        let before = std::mem::replace(&mut self.text, self.words.text());
        let expected = |text: &str| text.contains(free_text::PLACEHOLDER);
        if let Some(free_text) = &self.free_text
            && expected(&self.text)
            && !expected(&before)
        {
            // Loads while somebody speaks, so that they need not wait for it.
            free_text.open_vocabulary.prepare()?;
        }
        Ok(self.hypothesis(Verdict::Unknown))
    }

    /// Ends the utterance: its words, final, and whether to trust them.
    pub fn finish(&mut self) -> Result<Hypothesis, ModelError> {
        self.front.finish(&mut self.cepstra, &mut self.steps);
        self.hear()?;
        // Where no path ends a sentence, the beginning of one is still worth telling.
        let beginning = self.words.path();
        self.words.end()?;
        let whole = self.words.path();
        let ends_a_sentence = whole.is_some();
        let mut path = whole.or(beginning).unwrap_or_default();
        path.place(&self.steps);
        let mut verdict = match &mut self.judge {
            Some(judge) => judge.finish(&path, ends_a_sentence)?,
            // Whatever was said is what it hears; nobody said anything.
            None if path.words.is_empty() => Verdict::Rejected,
            None => Verdict::Unknown,
        };
        if verdict != Verdict::Rejected && !self.hear_free_text(&mut path)? {
            verdict = Verdict::Rejected;
        }
        self.text = path.text();
        self.path = Some(path);
        let mut hypothesis = self.hypothesis(verdict);
        hypothesis.committed = std::mem::take(&mut hypothesis.tentative);
        hypothesis.is_final = true;
        Ok(hypothesis)
    }

    /// The words of the utterance that was finished last, and where they were heard.
    pub fn segments(&self) -> &[Segment] {
        self.path.as_ref().map_or(&[], |path| &path.words)
    }

    /// Scores behind the last verdict, for tuning and reports.
    pub fn evidence(&self) -> super::verdict::Evidence {
        self.judge.as_ref().map(Judge::evidence).unwrap_or_default()
    }

    /// Replaces spans of free text by the words in them; false if one could not be understood.
    fn hear_free_text(&mut self, path: &mut Path) -> Result<bool, ModelError> {
        for span in free_text::spans(&path.words).into_iter().rev() {
            let (first, last) = (&path.words[span.start], &path.words[span.end - 1]);
            let (steps, samples) = (
                first.steps.start..last.steps.end,
                first.samples.start..last.samples.end,
            );
            let Some(free_text) = &self.free_text else {
                return Ok(false);
            };
            let first = samples.start.saturating_sub(MARGIN) as usize;
            let end = ((samples.end + MARGIN) as usize).min(free_text.samples.len());
            let Some(audio) = free_text.samples.get(first..end) else {
                return Ok(false);
            };
            let words = free_text.open_vocabulary.decode(audio)?;
            if words.is_empty() {
                return Ok(false);
            }
            let heard = words.split(' ').map(|word| Segment {
                word: word.to_owned(),
                steps: steps.clone(),
                samples: samples.clone(),
            });
            path.words.splice(span, heard);
        }
        Ok(true)
    }

    fn listen(&mut self, samples: &[f32]) -> Result<(), ModelError> {
        self.front.push(samples, &mut self.cepstra, &mut self.steps);
        if self.front.restarted() {
            self.words.end()?;
            self.words.start()?;
            if let Some(judge) = &mut self.judge {
                judge.start()?;
            }
        }
        self.hear()
    }

    fn hear(&mut self) -> Result<(), ModelError> {
        self.words.hear(&mut self.cepstra)?;
        if let Some(judge) = &mut self.judge {
            judge.hear(&mut self.cepstra)?;
        }
        self.cepstra.clear();
        Ok(())
    }

    fn hypothesis(&self, verdict: Verdict) -> Hypothesis {
        Hypothesis {
            committed: String::new(),
            tentative: self.text.clone(),
            through: self.through,
            is_final: false,
            verdict,
        }
    }
}
