//! One transcription as a stream: pulls frames, hands them to a worker, yields its hypotheses.

use super::worker::{Heard, IN_FLIGHT, Utterance, Worker, stopped};
use futures::{Stream, StreamExt, channel::mpsc as hypotheses, ready};
use loqa_core::seams::{AudioFrames, ModelError, TranscribeOptions};
use loqa_protocol::Hypothesis;
use std::{
    pin::Pin,
    sync::mpsc::{self, SyncSender},
    task::{Context, Poll},
};

/// Dropping it hangs up, and the worker goes on to its next job within one frame.
pub(super) struct Transcription {
    /// `None` once it has ended.
    audio: Option<AudioFrames>,
    worker: SyncSender<Heard>,
    answers: hypotheses::Receiver<Result<Hypothesis, ModelError>>,
    /// Sent and not yet answered.
    in_flight: usize,
    done: bool,
}

impl Transcription {
    pub(super) fn start(worker: &Worker, audio: AudioFrames, options: TranscribeOptions) -> Self {
        let (send, frames) = mpsc::sync_channel(IN_FLIGHT + 1);
        let (mut answers, receive) = hypotheses::channel(IN_FLIGHT + 1);
        let utterance = Utterance {
            grammar: options.grammar,
            context: options.context,
            audio: frames,
            answers: answers.clone(),
        };
        if let Err(error) = worker.hear(utterance) {
            // There is room for this one answer.
            let _ = answers.try_send(Err(error));
        }
        Self {
            audio: Some(audio),
            worker: send,
            answers: receive,
            in_flight: 0,
            done: false,
        }
    }
}

impl Stream for Transcription {
    type Item = Result<Hypothesis, ModelError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if self.done {
                return Poll::Ready(None);
            }
            match self.answers.poll_next_unpin(context) {
                Poll::Ready(Some(answer)) => {
                    self.in_flight = self.in_flight.saturating_sub(1);
                    self.done = answer
                        .as_ref()
                        .map_or(true, |hypothesis| hypothesis.is_final);
                    return Poll::Ready(Some(answer));
                }
                Poll::Ready(None) => {
                    self.done = true;
                    return Poll::Ready(Some(Err(stopped())));
                }
                Poll::Pending => {}
            }
            if self.in_flight >= IN_FLIGHT {
                return Poll::Pending;
            }
            let Some(audio) = &mut self.audio else {
                return Poll::Pending;
            };
            let heard = match ready!(audio.poll_next_unpin(context)) {
                Some(frame) => Heard::Frame(frame),
                None => {
                    self.audio = None;
                    Heard::End
                }
            };
            self.in_flight += 1;
            // A worker that hung up has sent its error, which the next turn of the loop yields.
            let _ = self.worker.try_send(heard);
        }
    }
}
