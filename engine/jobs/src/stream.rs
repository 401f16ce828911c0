//! The stream of a job in a process of this machine, and whether that still works on it.

use crate::{
    BEAT,
    process::{Health, Job, Process},
};
use loqa_core::seams::ModelError;
use loqa_protocol::{
    JobFrame,
    wire::{FrameReader, write_frame},
};
use std::{io, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Instant, timeout, timeout_at},
};

/// A process that has not been heard of for so long hangs: it tells that it is alive every 200 ms, and
/// yields to whoever is busy.
const SILENCE: Duration = Duration::from_millis(BEAT.as_millis() as u64 * 10);
/// The same while it loads its model, when it does not say anything yet.
const LOADING: Duration = Duration::from_secs(60);

/// A job under way. Dropping it ends the job.
pub struct JobStream {
    job: Job,
    frames: FrameReader,
    /// When it was last heard of; `None` before the first time.
    alive: Option<Instant>,
    since: Instant,
}

impl JobStream {
    /// A job for a process, which is started if it must be. Needs a runtime.
    ///
    /// # Errors
    /// It cannot be.
    pub fn to(process: &Process) -> Result<JobStream, ModelError> {
        Ok(JobStream {
            job: process.job()?,
            frames: FrameReader::default(),
            alive: None,
            since: Instant::now(),
        })
    }

    /// Which of the processes works on it.
    pub fn process(&self) -> u64 {
        self.job.process
    }

    fn patience(&self) -> Duration {
        match *self.job.health.borrow() {
            Health::Ready(_) => SILENCE,
            _ => LOADING,
        }
    }

    /// The next frame. Cancel-safe.
    ///
    /// # Errors
    /// It has ended, hangs, or says what is no frame.
    pub async fn read(&mut self) -> io::Result<JobFrame> {
        let invalid = |error: &dyn std::fmt::Display| {
            io::Error::new(io::ErrorKind::InvalidData, error.to_string())
        };
        loop {
            if let Some(frame) = self.frames.next_frame().map_err(|error| invalid(&error))? {
                return Ok(frame);
            }
            let until = match self.alive {
                Some(alive) => alive + SILENCE,
                None => self.since + self.patience(),
            };
            let mut buffer = [0; 4096];
            let read = timeout_at(until, self.job.stream.read(&mut buffer));
            let hangs = |_| io::Error::new(io::ErrorKind::TimedOut, "it hangs");
            let read = read.await.map_err(hangs)??;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.alive = Some(Instant::now());
            self.frames.push(&buffer[..read]);
        }
    }

    /// Says something to it.
    ///
    /// # Errors
    /// It has ended or hangs, or the frame is too long.
    pub async fn write(&mut self, frame: &JobFrame) -> io::Result<()> {
        let mut bytes = Vec::new();
        write_frame(frame, &mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
        let hangs = |_| io::Error::new(io::ErrorKind::TimedOut, "it does not listen");
        timeout(self.patience(), self.job.stream.write_all(&bytes))
            .await
            .map_err(hangs)?
    }
}
