//! A recogniser of any words, in a process of its own.

use super::process::{Health, Job, Process};
use futures::{
    FutureExt, StreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use loqa_core::{
    grammar::{SpeechGrammar, normalize},
    seams::{AudioFrame, AudioFrames, GuessedWord, ModelError, SpeechToText, TranscribeOptions},
};
use loqa_link::jobs::BEAT;
use loqa_protocol::{
    Capability, Hypothesis, JobError, JobErrorKind, JobFrame, JobOptions, MAX_LIKELY, SessionId,
    TurnId, UtteranceId,
    wire::{FrameReader, write_frame},
};
use std::{io, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Instant, timeout},
};

/// A process that has not been heard of for so long hangs: it tells that it is alive every 200 ms, and
/// yields to whoever is busy.
const SILENCE: Duration = Duration::from_millis(BEAT.as_millis() as u64 * 10);
/// The same while it loads its model, when it does not say anything yet.
const LOADING: Duration = Duration::from_secs(60);

/// Whisper, as a recogniser.
pub struct Whisper {
    process: Arc<Process>,
    capability: Capability,
    language: Option<String>,
}

impl Whisper {
    /// The recogniser that a process runs, for this language (ISO 639-1), or for whichever is spoken.
    pub fn new(process: Arc<Process>, capability: Capability, language: Option<String>) -> Whisper {
        Whisper {
            process,
            capability,
            language,
        }
    }
}

impl SpeechToText for Whisper {
    fn transcribe(
        &self,
        audio: AudioFrames,
        options: TranscribeOptions,
    ) -> BoxStream<'static, Result<Hypothesis, ModelError>> {
        // What a person says to somebody who knows commands is acted on once it is over.
        let interim = options.grammar.is_none();
        let names = options.household.as_ref().map(|grammar| grammar.names());
        let likely = names.unwrap_or_default().iter().take(MAX_LIKELY);
        let open = JobFrame::Open {
            capability: self.capability.clone(),
            // Nobody but this process will ever see it.
            utterance: UtteranceId {
                session: SessionId(0),
                turn: TurnId(0),
            },
            options: JobOptions::Transcribe {
                jsgf: None,
                likely: likely.cloned().collect(),
                language: self.language.clone(),
                interim,
            },
        };
        let transcription = Transcription {
            process: self.process.clone(),
            open,
            audio: Some(audio),
            heard: Vec::new(),
            link: None,
            tries: 0,
            over: false,
        };
        stream::unfold(transcription, |mut transcription| async move {
            if transcription.over {
                return None;
            }
            let answer = transcription.next().await;
            transcription.over = answer.as_ref().map_or(true, |it| it.is_final);
            Some((answer, transcription))
        })
        .boxed()
    }

    /// It knows any words.
    fn load_grammar(
        &self,
        _: Arc<SpeechGrammar>,
    ) -> BoxFuture<'static, Result<Vec<GuessedWord>, ModelError>> {
        async { Ok(Vec::new()) }.boxed()
    }
}

/// One utterance. Dropping it ends the job.
struct Transcription {
    process: Arc<Process>,
    open: JobFrame,
    /// `None` once it has ended.
    audio: Option<AudioFrames>,
    /// All that was heard, for another process, should this one end.
    heard: Vec<AudioFrame>,
    link: Option<Link>,
    /// Processes that were asked.
    tries: usize,
    over: bool,
}

/// A job under way.
struct Link {
    job: Job,
    frames: FrameReader,
    /// When it was last heard of; `None` before the first time.
    alive: Option<Instant>,
    since: Instant,
}

/// What came of waiting.
enum Came {
    Frame(JobFrame),
    Audio(Option<AudioFrame>),
}

impl Transcription {
    /// The next words. A process that ends or hangs costs a retry, once, with all that was heard.
    async fn next(&mut self) -> Result<Hypothesis, ModelError> {
        loop {
            let process = self.link.as_ref().map(|link| link.job.process);
            match self.step().await {
                Ok(Some(hypothesis)) => return Ok(hypothesis),
                Ok(None) => {}
                Err(Lost::Refused(error)) => return Err(error),
                Err(Lost::Process(why)) => {
                    tracing::warn!(worker = self.process.name(), %why, "a process is given up");
                    self.link = None;
                    if let Some(process) = process {
                        self.process.give_up(process);
                    }
                    if self.tries > 1 {
                        return Err(ModelError::NodeLost(self.process.name().to_owned()));
                    }
                }
            }
        }
    }

    async fn step(&mut self) -> Result<Option<Hypothesis>, Lost> {
        if self.link.is_none() {
            self.connect().await?;
        }
        let Some(link) = &mut self.link else {
            return Ok(None);
        };
        let audio = &mut self.audio;
        let heard = async {
            match audio {
                Some(audio) => audio.next().await,
                None => std::future::pending().await,
            }
        };
        let came = tokio::select! {
            biased;
            frame = link.read() => Came::Frame(frame?),
            frame = heard => Came::Audio(frame),
        };
        match came {
            Came::Frame(JobFrame::Hypothesis { hypothesis }) => Ok(Some(said(hypothesis))),
            Came::Frame(JobFrame::Error { error }) => Err(Lost::Refused(refused(error))),
            Came::Frame(_) => Ok(None),
            Came::Audio(Some(frame)) => {
                self.heard.push(frame.clone());
                link.write(&audio_frame(&frame)).await?;
                Ok(None)
            }
            Came::Audio(None) => {
                self.audio = None;
                link.write(&JobFrame::Finish).await?;
                Ok(None)
            }
        }
    }

    async fn connect(&mut self) -> Result<(), Lost> {
        self.tries += 1;
        let job = self.process.job().map_err(Lost::Refused)?;
        let link = self.link.insert(Link {
            job,
            frames: FrameReader::default(),
            alive: None,
            since: Instant::now(),
        });
        link.write(&self.open).await?;
        for frame in &self.heard {
            link.write(&audio_frame(frame)).await?;
        }
        if self.audio.is_none() {
            link.write(&JobFrame::Finish).await?;
        }
        Ok(())
    }
}

/// Why a job does not go on.
enum Lost {
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
    fn patience(&self) -> Duration {
        match *self.job.health.borrow() {
            Health::Ready(_) => SILENCE,
            _ => LOADING,
        }
    }

    /// The next frame. Cancel-safe.
    async fn read(&mut self) -> io::Result<JobFrame> {
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
            let read = tokio::time::timeout_at(until, self.job.stream.read(&mut buffer));
            let hangs = |_| io::Error::new(io::ErrorKind::TimedOut, "it hangs");
            let read = read.await.map_err(hangs)??;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.alive = Some(Instant::now());
            self.frames.push(&buffer[..read]);
        }
    }

    async fn write(&mut self, frame: &JobFrame) -> io::Result<()> {
        let mut bytes = Vec::new();
        write_frame(frame, &mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
        let hangs = |_| io::Error::new(io::ErrorKind::TimedOut, "it does not listen");
        timeout(self.patience(), self.job.stream.write_all(&bytes))
            .await
            .map_err(hangs)?
    }
}

fn audio_frame(frame: &AudioFrame) -> JobFrame {
    JobFrame::Audio {
        offset: frame.offset,
        samples: frame.samples.to_vec(),
    }
}

/// Words as the rest of Loqa has them.
fn said(hypothesis: Hypothesis) -> Hypothesis {
    Hypothesis {
        committed: normalize(&hypothesis.committed).join(" "),
        tentative: normalize(&hypothesis.tentative).join(" "),
        ..hypothesis
    }
}

fn refused(error: JobError) -> ModelError {
    match error.kind {
        JobErrorKind::NotLoaded => ModelError::NotLoaded {
            what: error.message,
            help: error.help,
        },
        JobErrorKind::Deadline => ModelError::Deadline(error.message),
        JobErrorKind::Backend => ModelError::Backend(error.message),
    }
}
