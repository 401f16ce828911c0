//! Speech to text by CMU PocketSphinx, loaded at run time.
//!
//! [`PocketSphinx`] is the streaming backend behind [`SpeechToText`]; [`Recogniser`] is the same
//! thing one utterance at a time, without threads. Samples become cepstra in Loqa's own front
//! end, two decoders hear them in step (the grammar's words, and free phones to compare with),
//! and the words come out after every frame.
//!
//! Free-text slots: the span that was heard as none of the phrases a grammar expects (`something`
//! in its automaton, [`SpeechGrammar`]) is `something` in partial
//! hypotheses and is decoded again, with open vocabulary, when the audio has ended. The final
//! hypothesis holds the words.

mod channel;
mod decoder;
mod dictionary;
mod ears;
mod features;
mod ffi;
mod free_text;
mod fsg;
mod gate;
mod noise;
mod open_vocabulary;
mod pronunciation;
mod recogniser;
mod spotter;
mod transcription;
mod verdict;
mod worker;

pub use decoder::Segment;
pub use ears::{Ears, PhoneLoop, SearchWidth};
pub use features::FrontEndConfig;
pub(crate) use pronunciation::Speller;
pub use recogniser::Recogniser;
pub use spotter::{Look, Spotted, Spotter};
pub use verdict::{Evidence, Thresholds};

use ears::Model;
use futures::{
    FutureExt, StreamExt,
    channel::oneshot,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use loqa_core::{
    grammar::SpeechGrammar,
    seams::{AudioFrames, GuessedWord, ModelError, SpeechToText, TranscribeOptions},
};
use loqa_protocol::Hypothesis;
use open_vocabulary::OpenVocabulary;
use std::{sync::Arc, thread, time::Duration};
use transcription::Transcription;
use worker::Worker;

/// How often a grammar that is to be loaded looks for an idle worker.
const UNTIL_IDLE: Duration = Duration::from_millis(10);

/// PocketSphinx on worker threads: one per utterance that may be heard at the same time, and one
/// for open vocabulary. Their recognisers are in memory while they are needed.
pub struct PocketSphinx {
    workers: Arc<[Worker]>,
    open_vocabulary: Arc<OpenVocabulary>,
}

impl PocketSphinx {
    /// Loads library and model on `utterances` threads at once (0.1 s; 10 MB each, and 60 MB with
    /// a household's grammar). A further utterance waits until one of them is free.
    ///
    /// [`ModelError::NotLoaded`] says what is missing and what to type.
    pub fn open(ears: Ears, utterances: usize) -> Result<Self, ModelError> {
        let model = Model::find(&ears)?;
        let open_vocabulary = OpenVocabulary::new(model.clone(), ears.clone());
        let starting: Vec<_> = (0..utterances.max(1))
            .map(|i| {
                let (model, ears) = (model.clone(), ears.clone());
                let open_vocabulary = open_vocabulary.clone();
                Worker::spawn(format!("stt-{i}"), move || {
                    let recogniser = Recogniser::with_model(&model, &ears)?;
                    Ok(recogniser.with_free_text(open_vocabulary.clone()))
                })
            })
            .collect::<Result<_, _>>()?;
        let workers = starting
            .into_iter()
            .map(worker::Starting::wait)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            workers: workers.into(),
            open_vocabulary,
        })
    }
}

impl SpeechToText for PocketSphinx {
    fn transcribe(
        &self,
        audio: AudioFrames,
        options: TranscribeOptions,
    ) -> BoxStream<'static, Result<Hypothesis, ModelError>> {
        let worker = match &options.grammar {
            // The one with the least to do; of those, one that has the grammar already.
            Some(grammar) => self
                .workers
                .iter()
                .min_by_key(|worker| (worker.load(), !worker.has(grammar.version)))
                .cloned()
                .ok_or_else(|| ModelError::Backend("PocketSphinx has no worker".into())),
            None => self.open_vocabulary.worker(),
        };
        match worker {
            Ok(worker) => Transcription::start(&worker, audio, options).boxed(),
            Err(error) => stream::iter([Err(error)]).boxed(),
        }
    }

    /// Compiles the grammar on one idle worker after the other, so that there is always one that
    /// listens; resolves when the first of them is ready.
    fn load_grammar(
        &self,
        grammar: Arc<SpeechGrammar>,
    ) -> BoxFuture<'static, Result<Vec<GuessedWord>, ModelError>> {
        let workers = self.workers.clone();
        let (ready, first) = oneshot::channel();
        let loading = thread::Builder::new()
            .name("stt-grammar".into())
            .spawn(move || {
                let mut ready = Some(ready);
                let mut waiting: Vec<&Worker> = workers.iter().collect();
                while !waiting.is_empty() {
                    // Behind an utterance it would wait for as long as somebody speaks.
                    let idle = |worker: &&Worker| worker.load() == 0 || !worker.is_alive();
                    let Some(place) = waiting.iter().position(idle) else {
                        thread::sleep(UNTIL_IDLE);
                        continue;
                    };
                    let worker = waiting.remove(place);
                    let loaded = worker.load_grammar(grammar.clone());
                    if let Some(ready) = ready.take() {
                        // Nobody waiting is fine: the grammar is loaded all the same.
                        let _ = ready.send(loaded);
                    }
                }
            });
        async move {
            loading.map_err(|error| {
                ModelError::Backend(format!("no thread to load the grammar: {error}"))
            })?;
            first
                .await
                .unwrap_or_else(|_| Err(ModelError::Backend("the recogniser has stopped".into())))
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests;
