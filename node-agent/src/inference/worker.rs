//! A model in a process of its own: its jobs are handed on as they are.

use super::{Engine, Job, Wanted, failed};
use loqa_core::{
    errand::is_last,
    seams::{FRAME_SAMPLES, SAMPLE_RATE_HZ},
};
use loqa_jobs::{JobStream, ModelFile, Process, Program};
use loqa_protocol::{
    Capability, JobErrorKind, JobFrame, JobOptions, SessionId, TurnId, UtteranceId,
};
use std::{
    io,
    path::{self, Path},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;

/// What a language model is tried with.
const QUESTION: &str = "Say yes.";

/// Jobs besides those that are worked on: the process has them take turns, and whoever only listens to somebody who
/// speaks keeps nobody from being answered. Half of what it takes.
const WAITING: usize = 8;

/// The model.
pub struct Worker {
    pub process: Arc<Process>,
    pub capability: Capability,
    /// All that it does at a time; with more, others are asked first.
    pub slots: u32,
    pub free: Arc<Semaphore>,
}

impl Worker {
    /// What runs the model of this file.
    ///
    /// # Errors
    /// It is no such file.
    pub fn of(wanted: &Wanted, file: &Path) -> Result<Worker, String> {
        let path = path::absolute(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let program = match wanted.engine {
            Engine::Whisper => Program::whisper(&path, ModelFile::whisper(file)?.memory),
            Engine::Llama { context } => {
                Program::llama(&path, ModelFile::llama(file)?.memory, context)
            }
        };
        Ok(Worker {
            capability: wanted.capability(),
            process: Arc::new(Process::of(program)),
            slots: wanted.slots,
            free: Arc::new(Semaphore::new(wanted.slots as usize + WAITING)),
        })
    }

    /// How many of its slots are in use.
    pub fn running(&self) -> u32 {
        let here = self.slots as usize + WAITING;
        let taken = here.saturating_sub(self.free.available_permits());
        self.slots.min(taken as u32)
    }

    /// Tries it, with what was said (at 16 kHz): compute time over audio time in thousandths (0 where no time is heard),
    /// ms from the last that was said to the first of the answer. Loads it.
    pub async fn measure(&self, said: &[f32]) -> Option<(u32, u32)> {
        self.process.loaded().await.ok()?;
        let mut job = JobStream::to(&self.process).ok()?;
        let hears = self.capability.kind == "stt";
        let options = match hears {
            true => JobOptions::Transcribe {
                jsgf: None,
                likely: Vec::new(),
                language: None,
                interim: false,
            },
            false => JobOptions::Generate {
                system: String::new(),
                history: Vec::new(),
                tools: Vec::new(),
                max_tokens: 1,
                temperature_milli: 0,
                seed: 0,
            },
        };
        let open = JobFrame::Open {
            capability: self.capability.clone(),
            utterance: UtteranceId {
                session: SessionId(0),
                turn: TurnId(0),
            },
            options,
        };
        let began = Instant::now();
        job.write(&open).await.ok()?;
        if hears {
            for (ordinal, samples) in said.chunks(FRAME_SAMPLES).enumerate() {
                let frame = JobFrame::Audio {
                    offset: (ordinal * FRAME_SAMPLES) as u64,
                    samples: samples.to_vec(),
                };
                job.write(&frame).await.ok()?;
            }
            job.write(&JobFrame::Finish).await.ok()?;
        } else {
            let question = JobFrame::Said {
                text: QUESTION.into(),
                is_final: true,
            };
            job.write(&question).await.ok()?;
        }
        let complete = Instant::now();
        loop {
            match job.read().await.ok()? {
                JobFrame::Hypothesis { hypothesis } if hypothesis.is_final => break,
                JobFrame::Delta { .. } | JobFrame::Finish => break,
                JobFrame::Error { .. } => return None,
                _ => {}
            }
        }
        let lasts = Duration::from_secs_f64(said.len() as f64 / f64::from(SAMPLE_RATE_HZ));
        let rtf = match hears {
            true => began.elapsed().as_secs_f64() / lasts.as_secs_f64().max(0.02),
            false => 0.0,
        };
        let first_ms = complete.elapsed().as_millis().max(1) as u32;
        Some(((rtf * 1000.0).ceil() as u32, first_ms))
    }
}

/// Hands a job on, until one of the two sides has ended it.
pub async fn work(job: Job, process: &Process, open: &JobFrame) {
    let Job {
        mut says,
        mut hears,
    } = job;
    let mut stream = match JobStream::to(process) {
        Ok(stream) => stream,
        Err(error) => return failed(says, error).await,
    };
    let lost: Result<(), io::Error> = async {
        stream.write(open).await?;
        loop {
            tokio::select! {
                biased;
                frame = stream.read() => {
                    let frame = frame?;
                    if says.send(&frame).await.is_err() || is_last(&frame) {
                        return Ok(());
                    }
                }
                frame = hears.next() => match frame {
                    Ok(Some(frame)) => stream.write(&frame).await?,
                    // Whoever asked wants no answer any more: closing the stream frees the model.
                    Ok(None) | Err(_) => return Ok(()),
                },
            }
        }
    }
    .await;
    match lost {
        Ok(()) => says.finish(),
        Err(why) => {
            process.give_up(stream.process());
            let words = format!("the model of this node has ended: {why}");
            super::fail(says, JobErrorKind::Backend, &words, "").await;
        }
    }
}
