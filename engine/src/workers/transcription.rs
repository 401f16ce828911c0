//! A recogniser of any words, in a process of its own or on a node.

use super::{
    errand::{Errand, Told},
    sites::{Wish, Work},
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
    Hypothesis, JobFrame, JobOptions, MAX_LIKELY, QosTier, SessionId, TurnId, UtteranceId,
};
use std::sync::Arc;

/// Whisper, as a recogniser.
pub struct Whisper {
    work: Arc<Work>,
    language: Option<String>,
}

impl Whisper {
    /// Whoever does this work, for this language (ISO 639-1), or for whichever is spoken.
    pub fn new(work: Arc<Work>, language: Option<String>) -> Whisper {
        Whisper { work, language }
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
        let likely: Vec<_> = likely.cloned().collect();
        // Wherever it is done, and however often it is begun, it is the same utterance.
        let utterance = UtteranceId {
            session: SessionId(rand::random()),
            turn: TurnId(0),
        };
        let open = |capability| JobFrame::Open {
            capability,
            utterance,
            options: JobOptions::Transcribe {
                jsgf: None,
                likely: likely.clone(),
                language: self.language.clone(),
                interim,
            },
        };
        // Whoever speaks waits for it.
        let wish = Wish {
            scope: options.scope,
            tier: QosTier::Fast,
            variant: None,
        };
        let transcription = Transcription {
            job: self.work.begin(&wish, open),
            audio: Some(audio),
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
    job: Errand,
    /// `None` once it has ended.
    audio: Option<AudioFrames>,
    over: bool,
}

impl Transcription {
    /// The next words.
    async fn next(&mut self) -> Result<Hypothesis, ModelError> {
        loop {
            let audio = &mut self.audio;
            let heard = async {
                match audio {
                    Some(audio) => audio.next().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                told = self.job.next() => {
                    if let Told::Frame(JobFrame::Hypothesis { hypothesis }) = told? {
                        return Ok(said(hypothesis));
                    }
                }
                frame = heard => match frame {
                    Some(frame) => self.job.say(audio_frame(&frame)),
                    None => {
                        self.audio = None;
                        self.job.say(JobFrame::Finish);
                    }
                },
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
