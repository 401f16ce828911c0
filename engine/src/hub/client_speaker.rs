//! One client's speaker: what was heard also goes to the client, which may play or keep it.

use crate::gateway::Answers;
use futures::{FutureExt, StreamExt, future::BoxFuture, stream::BoxStream};
use loqa_core::seams::{ArmedReply, ModelError, Speaker, SpeechChunk};
use loqa_protocol::{AudioFormat, ClientFrame, ServerFrame};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

/// Plays on another speaker and sends what left it to one client.
pub struct ClientSpeaker {
    speaker: Arc<dyn Speaker>,
    answers: Answers,
    request: Arc<AtomicU32>,
}

impl ClientSpeaker {
    /// What is heard answers the `request` of the moment.
    pub fn new(speaker: Arc<dyn Speaker>, answers: Answers, request: Arc<AtomicU32>) -> Self {
        ClientSpeaker {
            speaker,
            answers,
            request,
        }
    }
}

impl Speaker for ClientSpeaker {
    fn arm(
        &self,
        audio: BoxStream<'static, Result<SpeechChunk, ModelError>>,
    ) -> Box<dyn ArmedReply> {
        let speech = Arc::new(Mutex::new(Speech::default()));
        let copy = speech.clone();
        let audio = audio.inspect(move |chunk| {
            if let Ok(chunk) = chunk {
                let mut speech = copy.lock().unwrap_or_else(PoisonError::into_inner);
                speech.sample_rate_hz = chunk.sample_rate_hz;
                speech.samples.extend(&chunk.samples);
            }
        });
        Box::new(ClientReply {
            reply: self.speaker.arm(audio.boxed()),
            speech,
            answers: self.answers.clone(),
            request: self.request.clone(),
        })
    }
}

#[derive(Default)]
struct Speech {
    sample_rate_hz: u32,
    samples: Vec<f32>,
}

impl Speech {
    /// What was heard of it, once: later calls give nothing.
    fn take(&mut self, heard: Duration) -> Vec<f32> {
        let length = (heard.as_secs_f64() * f64::from(self.sample_rate_hz)).round() as usize;
        let mut samples = std::mem::take(&mut self.samples);
        samples.truncate(length);
        samples
    }
}

struct ClientReply {
    reply: Box<dyn ArmedReply>,
    speech: Arc<Mutex<Speech>>,
    answers: Answers,
    request: Arc<AtomicU32>,
}

impl ArmedReply for ClientReply {
    fn start(&self) -> BoxFuture<'static, Result<Instant, ModelError>> {
        self.reply.start()
    }

    fn finished(&self) -> BoxFuture<'static, Duration> {
        let finished = self.reply.finished();
        let (speech, answers, request) = (
            self.speech.clone(),
            self.answers.clone(),
            self.request.clone(),
        );
        async move {
            let heard = finished.await;
            let mut speech = speech.lock().unwrap_or_else(PoisonError::into_inner);
            let format = AudioFormat {
                sample_rate_hz: speech.sample_rate_hz,
            };
            let samples = speech.take(heard);
            for piece in samples.chunks(ClientFrame::MAX_SAMPLES) {
                // A client that went away needs no copy.
                let _ = answers.send(ServerFrame::Speech {
                    id: request.load(Ordering::Relaxed),
                    format,
                    samples: piece.to_vec(),
                });
            }
            heard
        }
        .boxed()
    }

    fn heard(&self) -> Duration {
        self.reply.heard()
    }

    fn set_gain_db(&self, gain_db: f32) {
        self.reply.set_gain_db(gain_db);
    }
}
