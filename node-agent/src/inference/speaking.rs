//! A job of speaking: clauses in, speech out.

use super::{BEAT, Job, failed};
use futures::{SinkExt, StreamExt, channel::mpsc};
use loqa_core::seams::{SpeakOptions, TextToSpeech};
use loqa_link::wire::{LinkError, Receiver};
use loqa_protocol::{AudioFormat, ClientFrame, JobFrame};
use tokio::time::{MissedTickBehavior, interval};

/// Clauses that wait to be spoken. When full, whoever asks waits.
const CLAUSES: usize = 16;

pub async fn work(job: Job, tts: &dyn TextToSpeech, options: SpeakOptions) {
    let Job {
        mut says,
        mut hears,
    } = job;
    let (clauses, text) = mpsc::channel(CLAUSES);
    let mut speech = tts.synthesize(text.boxed(), options);
    let mut reading = Box::pin(read(&mut hears, clauses));
    let mut read = false;
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let chunk = tokio::select! {
            // Nobody listens any more; to drop the speech ends it.
            () = says.unwanted() => return,
            ended = &mut reading, if !read => match ended {
                Ok(()) => {
                    read = true;
                    continue;
                }
                Err(_) => return,
            },
            chunk = speech.next() => match chunk {
                Some(Ok(chunk)) => chunk,
                Some(Err(error)) => return failed(says, error).await,
                None => break,
            },
            _ = beat.tick() => match says.send(&JobFrame::Alive).await {
                Ok(()) => continue,
                Err(_) => return,
            },
        };
        let format = AudioFormat {
            sample_rate_hz: chunk.sample_rate_hz,
        };
        for samples in chunk.samples.chunks(ClientFrame::MAX_SAMPLES) {
            let samples = samples.to_vec();
            if says
                .send(&JobFrame::Speech { format, samples })
                .await
                .is_err()
            {
                return;
            }
        }
    }
    if says.send(&JobFrame::Finish).await.is_ok() {
        says.finish();
    }
}

async fn read(
    hears: &mut Receiver<JobFrame>,
    mut clauses: mpsc::Sender<String>,
) -> Result<(), LinkError> {
    while let Some(frame) = hears.next().await? {
        match frame {
            JobFrame::Text { text } => drop(clauses.send(text).await),
            JobFrame::Finish => break,
            _ => {}
        }
    }
    Ok(())
}
