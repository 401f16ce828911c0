//! A job of hearing: audio in, words out.

use super::{BEAT, Job, failed};
use futures::{SinkExt, StreamExt, channel::mpsc};
use loqa_core::seams::{AudioFrame, FRAME_SAMPLES, SpeechToText, TranscribeOptions};
use loqa_link::wire::{LinkError, Receiver};
use loqa_protocol::JobFrame;
use tokio::time::{MissedTickBehavior, interval};

/// Frames between the link and the recogniser: half a second. When full, whoever asks waits.
const FRAMES: usize = 25;

pub async fn work(job: Job, stt: &dyn SpeechToText) {
    let Job {
        mut says,
        mut hears,
    } = job;
    let (audio, frames) = mpsc::channel(FRAMES);
    let options = TranscribeOptions {
        open: true,
        ..TranscribeOptions::default()
    };
    let mut words = stt.transcribe(frames.boxed(), options);
    let mut hearing = Box::pin(hear(&mut hears, audio));
    let mut heard = false;
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let frame = tokio::select! {
            ended = &mut hearing, if !heard => match ended {
                Ok(()) => {
                    heard = true;
                    continue;
                }
                // Whoever asked wants no answer any more; to drop the stream frees the recogniser.
                Err(_) => return,
            },
            hypothesis = words.next() => match hypothesis {
                Some(Ok(hypothesis)) => JobFrame::Hypothesis { hypothesis },
                Some(Err(error)) => return failed(says, error).await,
                None => break,
            },
            _ = beat.tick() => JobFrame::Alive,
        };
        if says.send(&frame).await.is_err() {
            return;
        }
    }
    if says.send(&JobFrame::Finish).await.is_ok() {
        says.finish();
    }
}

/// Hands on what is to be heard, until there is no more; then the recogniser says its last word.
async fn hear(
    hears: &mut Receiver<JobFrame>,
    mut audio: mpsc::Sender<AudioFrame>,
) -> Result<(), LinkError> {
    let (mut rest, mut at) = (Vec::new(), 0);
    while let Some(frame) = hears.next().await? {
        match frame {
            JobFrame::Audio { offset, samples } => {
                if rest.is_empty() {
                    at = offset;
                }
                let sound = |it: f32| {
                    if it.is_finite() {
                        it.clamp(-1.0, 1.0)
                    } else {
                        0.0
                    }
                };
                rest.extend(samples.into_iter().map(sound));
                while rest.len() >= FRAME_SAMPLES {
                    let after = rest.split_off(FRAME_SAMPLES);
                    let samples = std::mem::replace(&mut rest, after).into();
                    // The recogniser has heard enough.
                    let _ = audio
                        .send(AudioFrame {
                            offset: at,
                            samples,
                        })
                        .await;
                    at += FRAME_SAMPLES as u64;
                }
            }
            JobFrame::Finish => break,
            _ => {}
        }
    }
    if !rest.is_empty() {
        rest.resize(FRAME_SAMPLES, 0.0);
        let samples = rest.into();
        let _ = audio
            .send(AudioFrame {
                offset: at,
                samples,
            })
            .await;
    }
    Ok(())
}
