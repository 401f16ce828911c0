//! The stream of a job, and whether whoever works on it still does.

use super::process::{Health, Job, Process};
use loqa_core::seams::ModelError;
use loqa_link::jobs::BEAT;
use loqa_protocol::{
    JobError, JobErrorKind, JobFrame,
    wire::{FrameReader, write_frame},
};
use std::{io, sync::Arc, time::Duration};
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
pub(super) struct Link {
    job: Job,
    frames: FrameReader,
    /// When it was last heard of; `None` before the first time.
    alive: Option<Instant>,
    since: Instant,
}

/// A job that another process does, should the first end or hang: once.
pub(super) struct Retried {
    process: Arc<Process>,
    open: JobFrame,
    link: Option<Link>,
    /// Processes that were asked.
    tries: usize,
}

impl Retried {
    /// A job that is opened like this, for a process.
    pub fn new(process: Arc<Process>, open: JobFrame) -> Retried {
        Retried {
            process,
            open,
            link: None,
            tries: 0,
        }
    }

    /// The job; opened, if it is not, and then told `so_far`, which is all that was said in it.
    ///
    /// # Errors
    /// [`Lost`], to be handed to [`lost`](Self::lost).
    pub async fn link(
        &mut self,
        so_far: impl IntoIterator<Item = JobFrame>,
    ) -> Result<&mut Link, Lost> {
        if self.link.is_none() {
            self.tries += 1;
            let link = self.link.insert(Link::to(&self.process)?);
            link.write(&self.open).await?;
            for frame in so_far {
                link.write(&frame).await?;
            }
        }
        // It was made above.
        self.link
            .as_mut()
            .ok_or_else(|| Lost::Process(io::ErrorKind::NotConnected.into()))
    }

    /// It does not go on. `once_more`: whether another process could still do it.
    ///
    /// # Errors
    /// Nobody else is asked.
    pub fn lost(&mut self, lost: Lost, once_more: bool) -> Result<(), ModelError> {
        let why = match lost {
            Lost::Refused(error) => return Err(error),
            Lost::Process(why) => why,
        };
        tracing::warn!(worker = self.process.name(), %why, "a process is given up");
        if let Some(link) = self.link.take() {
            self.process.give_up(link.job.process);
        }
        match once_more && self.tries < 2 {
            true => Ok(()),
            false => Err(ModelError::NodeLost(self.process.name().to_owned())),
        }
    }
}

/// Why a job does not go on.
pub(super) enum Lost {
    /// The process ended or hangs; why.
    Process(io::Error),
    /// Another would not do it either.
    Refused(ModelError),
}

impl From<io::Error> for Lost {
    fn from(error: io::Error) -> Lost {
        Lost::Process(error)
    }
}

impl Link {
    /// A job for a process, which is started if it must be.
    ///
    /// # Errors
    /// [`Lost::Refused`]: it cannot be.
    fn to(process: &Process) -> Result<Link, Lost> {
        Ok(Link {
            job: process.job().map_err(Lost::Refused)?,
            frames: FrameReader::default(),
            alive: None,
            since: Instant::now(),
        })
    }

    fn patience(&self) -> Duration {
        match *self.job.health.borrow() {
            Health::Ready(_) => SILENCE,
            _ => LOADING,
        }
    }

    /// The next frame. Cancel-safe.
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
    pub async fn write(&mut self, frame: &JobFrame) -> io::Result<()> {
        let mut bytes = Vec::new();
        write_frame(frame, &mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
        let hangs = |_| io::Error::new(io::ErrorKind::TimedOut, "it does not listen");
        timeout(self.patience(), self.job.stream.write_all(&bytes))
            .await
            .map_err(hangs)?
    }
}

/// What a process says of a job that it does not do.
pub(super) fn refused(error: JobError) -> ModelError {
    match error.kind {
        JobErrorKind::NotLoaded => ModelError::NotLoaded {
            what: error.message,
            help: error.help,
        },
        JobErrorKind::Deadline => ModelError::Deadline(error.message),
        JobErrorKind::Backend => ModelError::Backend(error.message),
    }
}
