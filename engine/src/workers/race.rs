//! Two recognisers hear the same: one that knows the household's commands and answers at once, and one
//! that knows any words and takes its time.
//!
//! A command that the first is sure of is done without waiting. What it rejects, and what somebody may have
//! said freely within a command, the second decides, if what it hears is something the household says.

use futures::{
    StreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use loqa_core::{
    grammar::{Context, Grammar, SpeechGrammar},
    seams::{AudioFrame, AudioFrames, GuessedWord, ModelError, SpeechToText, TranscribeOptions},
};
use loqa_protocol::{Hypothesis, Verdict};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use tokio_stream::wrappers::ReceiverStream;

/// Frames that either may lag behind: 80 s, more than any utterance.
const MOST_BEHIND: usize = 4096;

/// Both, as one recogniser.
pub struct Race {
    commands: Arc<dyn SpeechToText>,
    any_words: Arc<dyn SpeechToText>,
    patience: Duration,
    is_there: Box<dyn Fn() -> bool + Send + Sync>,
}

impl Race {
    /// One that knows commands, and one that knows any words, where that `is_there`; the second may take so much longer.
    pub fn new(
        commands: Arc<dyn SpeechToText>,
        any_words: Arc<dyn SpeechToText>,
        patience: Duration,
        is_there: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Race {
        Race {
            commands,
            any_words,
            patience,
            is_there: Box::new(is_there),
        }
    }
}

impl SpeechToText for Race {
    fn transcribe(
        &self,
        audio: AudioFrames,
        options: TranscribeOptions,
    ) -> BoxStream<'static, Result<Hypothesis, ModelError>> {
        let household = options.household.clone();
        if household.is_none() && options.grammar.is_some() || !(self.is_there)() {
            // Only commands are of interest, or can be heard.
            return self.commands.transcribe(audio, options);
        }
        let (to_commands, commands) = mpsc::channel(MOST_BEHIND);
        let (to_any_words, any_words) = mpsc::channel(MOST_BEHIND);
        let context = options.context.clone();
        // Whatever else somebody says who was asked something is no answer.
        let open = options.open && context == Context::Commands;
        let heard = |frames| ReceiverStream::new(frames).boxed();
        let running = Running {
            audio: Some((audio, [to_commands, to_any_words])),
            commands: Lane::Hears(self.commands.transcribe(heard(commands), options.clone())),
            any_words: Lane::Hears(self.any_words.transcribe(heard(any_words), options)),
            household: household.map(|grammar| (grammar, context)),
            open,
            free: false,
            patience: self.patience,
            until: None,
            over: false,
        };
        stream::unfold(running, |mut running| async move {
            if running.over {
                return None;
            }
            let answer = running.next().await;
            running.over = answer.as_ref().map_or(true, |it| it.is_final);
            Some((answer, running))
        })
        .boxed()
    }

    fn load_grammar(
        &self,
        grammar: Arc<SpeechGrammar>,
    ) -> BoxFuture<'static, Result<Vec<GuessedWord>, ModelError>> {
        self.commands.load_grammar(grammar)
    }
}

type Heard = Result<Hypothesis, ModelError>;

/// How far one of the two is.
enum Lane {
    Hears(BoxStream<'static, Heard>),
    Done(Heard),
}

/// One utterance.
struct Running {
    /// Frames come at the pace of speech, and both are fed what there is: neither waits for the other.
    audio: Option<(AudioFrames, [mpsc::Sender<AudioFrame>; 2])>,
    commands: Lane,
    any_words: Lane,
    household: Option<(Arc<Grammar>, Context)>,
    /// Whether words that it does not say are of use too.
    open: bool,
    /// Whether the words so far hold some that no grammar knows.
    free: bool,
    /// How long the second is waited for once the first is done, and until when that is.
    patience: Duration,
    until: Option<Instant>,
    over: bool,
}

enum Came {
    Audio(Option<AudioFrame>),
    Commands(Option<Heard>),
    AnyWords(Option<Heard>),
    TooLate,
}

impl Running {
    /// The next words. What the second hears meanwhile is not told: the first's words are acted on.
    async fn next(&mut self) -> Heard {
        loop {
            if let Some(last) = self.decided() {
                return last;
            }
            match self.came().await {
                Came::Audio(Some(frame)) => {
                    if let Some((_, both)) = &self.audio {
                        for lane in both {
                            // One that has ended needs no more; one that is so far behind ends.
                            let _ = lane.try_send(frame.clone());
                        }
                    }
                }
                Came::Audio(None) => self.audio = None,
                Came::Commands(Some(Ok(words))) if !words.is_final => {
                    self.free = words
                        .text()
                        .split(' ')
                        .any(|word| word == Grammar::ANY_WORD);
                    return Ok(words);
                }
                Came::Commands(last) => {
                    self.commands = Lane::Done(last.unwrap_or_else(ended));
                    self.until = Some(Instant::now() + self.patience);
                }
                Came::AnyWords(Some(Ok(words))) if !words.is_final => {}
                Came::AnyWords(last) => {
                    let last = last.unwrap_or_else(ended);
                    if let Err(error) = &last {
                        tracing::warn!(%error, "what the commands do not cover is not understood");
                    }
                    self.any_words = Lane::Done(last);
                }
                Came::TooLate => {
                    self.any_words = Lane::Done(Err(ModelError::Deadline("whisper".into())));
                }
            }
        }
    }

    async fn came(&mut self) -> Came {
        let audio = &mut self.audio;
        let audio = async {
            match audio {
                Some((frames, _)) => frames.next().await,
                None => std::future::pending().await,
            }
        };
        let until = self.until;
        tokio::select! {
            biased;
            words = self.commands.next() => Came::Commands(words),
            words = self.any_words.next() => Came::AnyWords(words),
            frame = audio => Came::Audio(frame),
            () = sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => Came::TooLate,
        }
    }

    /// The last words, once nothing that is still to come could change them.
    fn decided(&self) -> Option<Heard> {
        let Lane::Done(commands) = &self.commands else {
            return None;
        };
        let sure = |last: &Hypothesis| last.verdict != Verdict::Rejected && !self.free;
        if self.household.is_some() && commands.as_ref().is_ok_and(sure) {
            return Some(commands.clone());
        }
        let Lane::Done(any_words) = &self.any_words else {
            return None;
        };
        let Ok(words) = any_words else {
            return Some(commands.clone());
        };
        let text = words.text();
        let understood = match &self.household {
            Some(_) if self.open && !text.is_empty() => true,
            Some((grammar, context)) => grammar.parse(context, &text).is_some(),
            // Nobody has said which words are wanted.
            None => !text.is_empty(),
        };
        if understood {
            return Some(Ok(Hypothesis {
                verdict: Verdict::Accepted,
                ..words.clone()
            }));
        }
        // A recogniser that has failed says less than one that has heard something.
        Some(commands.clone().or_else(|_| {
            Ok(Hypothesis {
                verdict: Verdict::Rejected,
                ..words.clone()
            })
        }))
    }
}

impl Lane {
    async fn next(&mut self) -> Option<Heard> {
        match self {
            Lane::Hears(words) => words.next().await,
            Lane::Done(_) => std::future::pending().await,
        }
    }
}

fn ended() -> Heard {
    Err(ModelError::Backend(
        "the recogniser stopped before the end".into(),
    ))
}
