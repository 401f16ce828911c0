//! One clause after another, with a speaker's pauses between them: what every voice shares.

use futures::{Stream, StreamExt, stream::BoxStream};
use loqa_core::seams::{ModelError, SpeechChunk, TextStream};
use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

/// Speech of one clause or reply.
pub type Speech = BoxStream<'static, Result<SpeechChunk, ModelError>>;

/// Letters of the longest piece given to a synthesiser at once: its analysis of a piece cannot
/// be interrupted, so the piece bounds how long a cancelled voice stays busy.
const MAX_PIECE: usize = 160;

/// Speaks `text` clause by clause with `speak`, which trims its own silence.
///
/// The pause after a clause follows its punctuation and is only made when another clause comes.
/// The stream ends after the first error. Clauses are taken from `text` when the one before has
/// been handed on, so a slow listener holds the synthesiser back.
pub fn speak_in_turn(
    text: TextStream,
    speak: impl FnMut(String) -> Speech + Send + 'static,
) -> Speech {
    InTurn {
        text: Some(text),
        pieces: VecDeque::new(),
        speak: Box::new(speak),
        current: None,
        pause: Duration::ZERO,
        held: None,
    }
    .boxed()
}

struct InTurn {
    text: Option<TextStream>,
    pieces: VecDeque<String>,
    speak: Box<dyn FnMut(String) -> Speech + Send>,
    /// The clause being spoken, and the pause it asks for afterwards.
    current: Option<(Speech, Duration)>,
    /// Owed before the next chunk.
    pause: Duration,
    /// A chunk that waits behind its pause.
    held: Option<SpeechChunk>,
}

impl Stream for InTurn {
    type Item = Result<SpeechChunk, ModelError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(chunk) = this.held.take() {
                return Poll::Ready(Some(Ok(chunk)));
            }
            if let Some((speech, pause)) = &mut this.current {
                match std::task::ready!(speech.poll_next_unpin(context)) {
                    Some(Ok(chunk)) => {
                        let owed = std::mem::take(&mut this.pause);
                        if owed.is_zero() {
                            return Poll::Ready(Some(Ok(chunk)));
                        }
                        let silence = silence(owed, chunk.sample_rate_hz);
                        this.held = Some(chunk);
                        return Poll::Ready(Some(Ok(silence)));
                    }
                    Some(Err(error)) => {
                        this.current = None;
                        this.text = None;
                        this.pieces.clear();
                        return Poll::Ready(Some(Err(error)));
                    }
                    None => {
                        this.pause = *pause;
                        this.current = None;
                    }
                }
            } else if let Some(piece) = this.pieces.pop_front() {
                let pause = pause_after(&piece);
                this.current = Some(((this.speak)(piece), pause));
            } else if let Some(text) = &mut this.text {
                match std::task::ready!(text.poll_next_unpin(context)) {
                    Some(clause) => this.pieces.extend(pieces(&clause)),
                    None => this.text = None,
                }
            } else {
                return Poll::Ready(None);
            }
        }
    }
}

fn silence(length: Duration, sample_rate_hz: u32) -> SpeechChunk {
    let samples = (length.as_secs_f64() * f64::from(sample_rate_hz)) as usize;
    SpeechChunk {
        sample_rate_hz,
        samples: vec![0.0; samples],
    }
}

/// How long a speaker pauses after a clause.
fn pause_after(clause: &str) -> Duration {
    Duration::from_millis(match clause.trim_end().chars().next_back() {
        Some('.' | '!' | '?') => 260,
        Some(',' | ';' | ':') => 130,
        _ => 20,
    })
}

/// A clause in pieces of at most [`MAX_PIECE`] characters, cut at white space where there is any.
fn pieces(clause: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    let mut length = 0;
    for word in clause.split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        if length > 0 && length + 1 + word.len() > MAX_PIECE {
            pieces.push(std::mem::take(&mut piece));
            length = 0;
        }
        while word.len() > MAX_PIECE {
            let rest = word.split_off(MAX_PIECE);
            pieces.push(word.into_iter().collect());
            word = rest;
        }
        if length > 0 {
            piece.push(' ');
            length += 1;
        }
        length += word.len();
        piece.extend(word);
    }
    if !piece.is_empty() {
        pieces.push(piece);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{executor::block_on, stream};

    /// Speaks a clause as one chunk with a sample of 1.0 per letter.
    fn letters(clause: String) -> Speech {
        stream::iter([Ok(SpeechChunk {
            sample_rate_hz: 1000,
            samples: vec![1.0; clause.len()],
        })])
        .boxed()
    }

    fn chunk_lengths(clauses: &[&str]) -> Vec<usize> {
        let clauses: Vec<String> = clauses.iter().map(ToString::to_string).collect();
        let speech = speak_in_turn(stream::iter(clauses).boxed(), letters);
        block_on(speech.map(|chunk| chunk.unwrap().samples.len()).collect())
    }

    #[test]
    fn pauses_follow_punctuation_and_none_is_last() {
        assert_eq!(
            chunk_lengths(&["Well,", "it is on.", "Good"]),
            [5, 130, 9, 260, 4]
        );
    }

    #[test]
    fn an_endless_word_is_cut() {
        assert_eq!(chunk_lengths(&[&"x".repeat(400)]), [160, 20, 160, 20, 80]);
        assert_eq!(chunk_lengths(&["", "  "]), [0; 0]);
    }

    #[test]
    fn an_error_ends_the_reply() {
        let mut first = true;
        let speech = speak_in_turn(
            stream::iter(["a".to_string(), "b".to_string()]).boxed(),
            move |clause| {
                if std::mem::take(&mut first) {
                    stream::iter([Err(ModelError::Backend("broken".into()))]).boxed()
                } else {
                    letters(clause)
                }
            },
        );
        let chunks: Vec<_> = block_on(speech.collect());
        assert_eq!(chunks, [Err(ModelError::Backend("broken".into()))]);
    }
}
