//! The one recogniser for words outside of the grammar: loaded when it is needed.

use super::{
    ears::{Ears, Model},
    recogniser::Recogniser,
    worker::{Heard, Utterance, Worker, stopped},
};
use crate::wav::frames;
use futures::{StreamExt, channel::mpsc as hypotheses, executor};
use loqa_core::{grammar::Context, seams::ModelError};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

/// Shared by all who may need it.
pub(super) struct OpenVocabulary {
    model: Model,
    ears: Ears,
    worker: Mutex<Option<Worker>>,
}

impl OpenVocabulary {
    pub(super) fn new(model: Model, ears: Ears) -> Arc<Self> {
        Arc::new(Self {
            model,
            ears,
            worker: Mutex::new(None),
        })
    }

    /// The worker, which begins to load if it has not (1 s; jobs wait for it, the caller does
    /// not).
    pub(super) fn worker(&self) -> Result<Worker, ModelError> {
        let mut worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(worker) = worker.as_ref().filter(|worker| worker.is_alive()) {
            return Ok(worker.clone());
        }
        let (model, ears) = (self.model.clone(), self.ears.clone());
        let started = Worker::spawn("stt-open".into(), move || {
            Recogniser::open_vocabulary_with(&model, &ears)
        })?
        .now();
        Ok(worker.insert(started).clone())
    }

    /// Begins to load it, if that has not been done.
    pub(super) fn prepare(&self) -> Result<(), ModelError> {
        self.worker()?.prepare()
    }

    /// Decodes a span of an utterance and waits for its words.
    pub(super) fn decode(&self, samples: &[f32]) -> Result<String, ModelError> {
        let count = samples.len() / loqa_core::seams::FRAME_SAMPLES + 2;
        let (send, audio) = mpsc::sync_channel(count);
        let (answers, heard) = hypotheses::channel(count);
        self.worker()?.hear(Utterance {
            grammar: None,
            context: Context::Commands,
            audio,
            answers,
        })?;
        for frame in frames(samples) {
            send.send(Heard::Frame(frame)).map_err(|_| stopped())?;
        }
        send.send(Heard::End).map_err(|_| stopped())?;
        let mut heard = executor::block_on_stream(heard.boxed());
        heard
            .find_map(|answer| match answer {
                Ok(hypothesis) if hypothesis.is_final => Some(Ok(hypothesis.text())),
                Ok(_) => None,
                Err(error) => Some(Err(error)),
            })
            .unwrap_or_else(|| Err(stopped()))
    }
}
