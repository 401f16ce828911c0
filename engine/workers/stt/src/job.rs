//! A job: audio in, words out.

use crate::{
    decoder::{Ask, DecodeError, Decoded, Decoder},
    listener::Listener,
};
use loqa_jobs::{Asked, Took};
use loqa_protocol::{JobErrorKind, JobFrame, JobOptions, MAX_LIKELY};
use std::{
    sync::{Mutex, PoisonError, TryLockError},
    time::{Duration, Instant},
};

/// How often it looks whether something is due while nothing comes.
const LOOK: Duration = Duration::from_millis(50);
/// Frames that wait behind the end of speech and are more than the silence that told it: what is being
/// read then lacks the last words, and is not waited for.
const BEHIND: usize = 25;

/// Does a job with whichever decoder there is.
pub fn work(decoder: &Mutex<Box<dyn Decoder>>, asked: Asked) {
    let answers = asked.answers.clone();
    match transcribe(decoder, asked) {
        Ok(()) | Err(Ended::Unwanted) => {}
        Err(Ended::Failed(kind, why)) => answers.fail(kind, &why),
    }
}

/// Why a job ended before its last words.
enum Ended {
    /// Nobody waits for them.
    Unwanted,
    Failed(JobErrorKind, String),
}

impl From<std::io::Error> for Ended {
    fn from(_: std::io::Error) -> Ended {
        Ended::Unwanted
    }
}

impl From<DecodeError> for Ended {
    fn from(error: DecodeError) -> Ended {
        match error {
            DecodeError::Stopped => Ended::Unwanted,
            DecodeError::Failed(why) => Ended::Failed(JobErrorKind::Backend, why),
        }
    }
}

fn transcribe(decoder: &Mutex<Box<dyn Decoder>>, asked: Asked) -> Result<(), Ended> {
    let JobOptions::Transcribe {
        mut likely,
        language,
        interim,
        ..
    } = asked.options
    else {
        let why = "it only transcribes".into();
        return Err(Ended::Failed(JobErrorKind::Backend, why));
    };
    likely.truncate(MAX_LIKELY);
    let (inbox, answers) = (&asked.inbox, &asked.answers);
    let mut listener = Listener::default();
    let began = Instant::now();
    let mut patience = LOOK;
    loop {
        match inbox.wait(patience) {
            // All that is there, before anything is read.
            Took::Frame(JobFrame::Audio { offset, samples }) => {
                listener.hear(offset, &samples);
                patience = Duration::ZERO;
                continue;
            }
            Took::Frame(_) => {
                let why = "only audio can be transcribed".into();
                return Err(Ended::Failed(JobErrorKind::Backend, why));
            }
            Took::Finished => break,
            Took::Cancelled => return Err(Ended::Unwanted),
            Took::Nothing => patience = LOOK,
        }
        if !listener.is_due(interim, began.elapsed()) {
            continue;
        }
        // Whoever else is being read for has the model; there is no hurry yet.
        let mut decoder = match decoder.try_lock() {
            Ok(decoder) => decoder,
            Err(TryLockError::Poisoned(decoder)) => decoder.into_inner(),
            Err(TryLockError::WouldBlock) => continue,
        };
        let stop = || inbox.is_cancelled() || (inbox.is_finished() && inbox.waiting() > BEHIND);
        let started = began.elapsed();
        let through = listener.part().len();
        match read(
            &listener,
            &mut **decoder,
            &likely,
            language.as_deref(),
            &stop,
        ) {
            Ok(decoded) => {
                listener.read(decoded, through, started, began.elapsed());
                answers.send(&JobFrame::Hypothesis {
                    hypothesis: listener.hypothesis(),
                })?;
            }
            Err(DecodeError::Stopped) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let decided = if listener.is_silent() || listener.is_settled() {
        None
    } else {
        let mut decoder = decoder.lock().unwrap_or_else(PoisonError::into_inner);
        let stop = || inbox.is_cancelled();
        loop {
            let decoded = read(
                &listener,
                &mut **decoder,
                &likely,
                language.as_deref(),
                &stop,
            )?;
            if !listener.is_too_long() {
                break Some(decoded);
            }
            listener.conclude_part(decoded);
        }
    };
    answers.send(&JobFrame::Hypothesis {
        hypothesis: listener.conclude(decided),
    })?;
    answers.send(&JobFrame::Finish)?;
    Ok(())
}

fn read(
    listener: &Listener,
    decoder: &mut dyn Decoder,
    likely: &[String],
    language: Option<&str>,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Decoded, DecodeError> {
    let ask = Ask {
        likely,
        language: language.or(listener.language()),
        times: listener.wants_times(),
    };
    decoder.decode(listener.part(), &ask, stop)
}
