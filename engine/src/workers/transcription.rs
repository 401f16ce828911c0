//! A recogniser of any words, in a process of its own.

use super::{
    link::{Lost, Retried, refused},
    process::Process,
};
use futures::{
    FutureExt, StreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use loqa_core::{
    grammar::{SpeechGrammar, normalize},
    seams::{AudioFrame, AudioFrames, GuessedWord, ModelError, SpeechToText, TranscribeOptions},
};
use loqa_protocol::{
    Capability, Hypothesis, JobFrame, JobOptions, MAX_LIKELY, SessionId, TurnId, UtteranceId,
};
use std::sync::Arc;

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
            job: Retried::new(self.process.clone(), open),
            audio: Some(audio),
            heard: Vec::new(),
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
    job: Retried,
    /// `None` once it has ended.
    audio: Option<AudioFrames>,
    /// All that was heard, for another process, should this one end.
    heard: Vec<AudioFrame>,
    over: bool,
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
            match self.step().await {
                Ok(Some(hypothesis)) => return Ok(hypothesis),
                Ok(None) => {}
                Err(lost) => self.job.lost(lost, true)?,
            }
        }
    }

    async fn step(&mut self) -> Result<Option<Hypothesis>, Lost> {
        let heard = self.heard.iter().map(audio_frame);
        let over = self.audio.is_none().then_some(JobFrame::Finish);
        let link = self.job.link(heard.chain(over)).await?;
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
