//! A node's speaker: what is said goes there as it comes, and takes here as long as it is heard there.

use crate::gateway::Answers;
use futures::{StreamExt, future::BoxFuture, stream::BoxStream};
use loqa_core::seams::{ArmedReply, ModelError, Speaker, SpeechChunk};
use loqa_inference::playback::{Pace, PacedSpeaker};
use loqa_protocol::{AudioFormat, ClientFrame, ServerFrame};
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

/// Nothing is heard here.
pub struct NodeSpeaker {
    pace: PacedSpeaker,
    answers: Answers,
    request: Arc<AtomicU32>,
}

impl NodeSpeaker {
    /// Over whatever takes `answers`, in answer to the `request` of the moment.
    pub fn new(answers: Answers, request: Arc<AtomicU32>) -> Self {
        NodeSpeaker {
            pace: PacedSpeaker::new(Pace::RealTime, None),
            answers,
            request,
        }
    }
}

impl Speaker for NodeSpeaker {
    fn arm(
        &self,
        audio: BoxStream<'static, Result<SpeechChunk, ModelError>>,
    ) -> Box<dyn ArmedReply> {
        let way = Arc::new(Way {
            answers: self.answers.clone(),
            request: self.request.clone(),
            armed: Mutex::new(Some(Vec::new())),
        });
        let tee = way.clone();
        let audio = audio.inspect(move |chunk| {
            if let Ok(chunk) = chunk {
                tee.take(chunk);
            }
        });
        Box::new(NodeReply {
            reply: self.pace.arm(audio.boxed()),
            way,
        })
    }
}

/// What has been made of one reply.
struct Way {
    answers: Answers,
    request: Arc<AtomicU32>,
    /// What waits; nothing waits once it is audible.
    armed: Mutex<Option<Vec<SpeechChunk>>>,
}

impl Way {
    fn lock(&self) -> MutexGuard<'_, Option<Vec<SpeechChunk>>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, chunk: &SpeechChunk) {
        match &mut *self.lock() {
            Some(waiting) => waiting.push(chunk.clone()),
            None => self.send(chunk),
        }
    }

    fn start(&self) {
        let mut armed = self.lock();
        for chunk in armed.take().unwrap_or_default() {
            self.send(&chunk);
        }
    }

    fn send(&self, chunk: &SpeechChunk) {
        let format = AudioFormat {
            sample_rate_hz: chunk.sample_rate_hz,
        };
        for piece in chunk.samples.chunks(ClientFrame::MAX_SAMPLES) {
            // A node that went away hears nothing.
            let _ = self.answers.send(ServerFrame::Speech {
                id: self.request.load(Ordering::Relaxed),
                format,
                samples: piece.to_vec(),
            });
        }
    }
}

struct NodeReply {
    reply: Box<dyn ArmedReply>,
    way: Arc<Way>,
}

impl ArmedReply for NodeReply {
    fn start(&self) -> BoxFuture<'static, Result<Instant, ModelError>> {
        self.way.start();
        self.reply.start()
    }

    fn finished(&self) -> BoxFuture<'static, Duration> {
        self.reply.finished()
    }

    fn heard(&self) -> Duration {
        self.reply.heard()
    }

    fn set_gain_db(&self, gain_db: f32) {
        self.reply.set_gain_db(gain_db);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway;
    use futures::{channel::mpsc, executor::block_on};

    #[test]
    fn what_is_armed_is_sent_when_it_starts_and_the_rest_as_it_comes() {
        let (answers, mut outbox) = gateway::answers();
        let request = Arc::new(AtomicU32::new(4));
        let speaker = NodeSpeaker::new(answers, request);
        let (mut made, audio) = mpsc::channel(4);
        let chunk = |loud: f32| {
            Ok(SpeechChunk {
                sample_rate_hz: 16_000,
                samples: vec![loud; 160],
            })
        };
        made.try_send(chunk(0.1)).unwrap();
        let reply = speaker.arm(audio.boxed());
        let mut sent = || match block_on(outbox.next()) {
            Ok(ServerFrame::Speech { id, samples, .. }) => (id, samples[0], samples.len()),
            other => panic!("{other:?}"),
        };
        let started = reply.start();
        assert_eq!(sent(), (4, 0.1, 160));
        made.try_send(chunk(0.2)).unwrap();
        assert_eq!(sent(), (4, 0.2, 160));
        drop(made);
        block_on(started).unwrap();
        assert_eq!(block_on(reply.finished()), Duration::from_millis(20));
    }
}
