//! Kokoro where it can, the fast voice where it cannot: every clause is said by one of them.

use super::{
    KOKORO,
    clauses::{Speech, speak_in_turn},
    kokoro::{Kokoro, SAMPLE_RATE_HZ, State},
};
use crate::resample::Resampler;
use futures::{StreamExt, stream};
use loqa_core::seams::{ModelError, SpeechChunk, TextStream, TextToSpeech, Voice};
use std::sync::Arc;

/// Letters of a clause beyond which its beginning is said by itself where it comes first, so that something
/// is heard before all of it has been computed: about 3 s of speech.
const SHORT: usize = 48;
/// Letters of such a beginning, at least: fewer sound like a stumble.
const BEGINNING: usize = 16;
/// Input samples that the fast voice's sound waits for: 20 ms.
const CONVERTED: usize = 320;

/// Says Kokoro's voices by Kokoro, as long as that is ready and does not fail; else by the voice beside
/// it. Other voices are said by whoever has them.
///
/// A reply has one sample rate, Kokoro's, whoever says its clauses.
pub struct Expressive {
    kokoro: Arc<Kokoro>,
    voices: Arc<dyn TextToSpeech>,
    fast: Voice,
}

impl Expressive {
    /// `voices` has all of them, Kokoro's too; `fast` is the one beside it.
    pub fn new(kokoro: Arc<Kokoro>, voices: Arc<dyn TextToSpeech>, fast: Voice) -> Self {
        Self {
            kokoro,
            voices,
            fast,
        }
    }
}

impl TextToSpeech for Expressive {
    fn synthesize(&self, text: TextStream, voice: Voice) -> Speech {
        let Some(name) = voice.0.strip_prefix(KOKORO) else {
            return self.voices.synthesize(text, voice);
        };
        if let Err(error) = self.kokoro.knows(name) {
            return stream::iter([Err(error)]).boxed();
        }
        let (kokoro, voices, fast) = (self.kokoro.clone(), self.voices.clone(), self.fast.clone());
        let mut first = true;
        let begins_small = text.flat_map(move |clause| {
            let clauses = match std::mem::take(&mut first) {
                true => beginning(&clause),
                false => vec![clause],
            };
            stream::iter(clauses)
        });
        speak_in_turn(begins_small.boxed(), move |clause| {
            let say = |voice: &Voice| {
                let clause = stream::iter([clause.clone()]).boxed();
                voices.synthesize(clause, voice.clone())
            };
            let state = kokoro.state();
            if state == State::Loading {
                kokoro.begin();
            }
            if !matches!(state, State::Ready(_)) {
                return converted(say(&fast));
            }
            let (said, instead) = (say(&voice), (voices.clone(), fast.clone(), clause.clone()));
            or_else(said, move || {
                let (voices, fast, clause) = instead;
                converted(voices.synthesize(stream::iter([clause]).boxed(), fast))
            })
        })
    }
}

/// A long clause in two, the first of them short: after its first pause, else before a word that begins a
/// phrase, else between words.
fn beginning(clause: &str) -> Vec<String> {
    const PHRASES: [&str; 12] = [
        "and", "but", "or", "in", "at", "on", "for", "from", "with", "to", "which", "because",
    ];
    let whole = || vec![clause.to_owned()];
    if clause.chars().count() <= SHORT {
        return whole();
    }
    let gaps = clause.char_indices().filter(|(_, letter)| *letter == ' ');
    let early = |(at, _): &(usize, char)| (BEGINNING..=SHORT).contains(at);
    let gaps: Vec<usize> = gaps.filter(early).map(|(at, _)| at).collect();
    let pause = |at: &&usize| clause[..**at].ends_with([',', ';', ':', '.', '!', '?']);
    let phrase = |at: &&usize| {
        let next = clause[**at..].split_whitespace().next();
        next.is_some_and(|next| PHRASES.contains(&next))
    };
    let middle = gaps.iter().find(|at| **at >= SHORT / 2);
    let cut = gaps.iter().find(pause).or_else(|| gaps.iter().find(phrase));
    match cut.or(middle) {
        Some(at) => vec![
            clause[..*at].to_owned(),
            clause[*at..].trim_start().to_owned(),
        ],
        None => whole(),
    }
}

/// A clause, or what stands in for it if it fails before its first sound.
fn or_else(said: Speech, instead: impl FnOnce() -> Speech + Send + 'static) -> Speech {
    let sounds = (said, Some(instead));
    stream::unfold(Some(sounds), |sounds| async {
        let (mut said, instead) = sounds?;
        match (said.next().await?, instead) {
            (Err(error), Some(instead)) => {
                tracing::warn!("the fast voice says a clause: {error}");
                let mut said = instead();
                let next = said.next().await?;
                Some((next, Some((said, None))))
            }
            (next, _) => Some((next, Some((said, None)))),
        }
    })
    .boxed()
}

/// Speech at Kokoro's rate.
fn converted(said: Speech) -> Speech {
    stream::unfold(Some((said, None)), |state| async {
        let (mut said, mut resampler): (Speech, Option<Resampler>) = state?;
        loop {
            let chunk = match said.next().await {
                Some(Ok(chunk)) => chunk,
                Some(Err(error)) => return Some((Err(error), None)),
                None => {
                    let mut samples = Vec::new();
                    resampler?.finish(&mut samples).ok()?;
                    return Some((Ok(at_rate(samples)), None));
                }
            };
            if chunk.sample_rate_hz == SAMPLE_RATE_HZ {
                return Some((Ok(chunk), Some((said, resampler))));
            }
            let mut samples = Vec::new();
            let converted = match &mut resampler {
                Some(resampler) => resampler.push(&chunk.samples, &mut samples),
                none => Resampler::with_chunk(chunk.sample_rate_hz, SAMPLE_RATE_HZ, CONVERTED)
                    .and_then(|made| none.insert(made).push(&chunk.samples, &mut samples)),
            };
            if let Err(error) = converted {
                return Some((Err(ModelError::Backend(error.to_string())), None));
            }
            if !samples.is_empty() {
                return Some((Ok(at_rate(samples)), Some((said, resampler))));
            }
        }
    })
    .boxed()
}

fn at_rate(samples: Vec<f32>) -> SpeechChunk {
    SpeechChunk {
        sample_rate_hz: SAMPLE_RATE_HZ,
        samples,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;

    #[test]
    fn a_long_reply_begins_with_a_short_clause() {
        let cut = |clause: &str| beginning(clause).join(" | ");
        assert_eq!(
            cut("The kitchen lights are off."),
            "The kitchen lights are off."
        );
        assert_eq!(
            cut("The kitchen lights are off, and the door of the garage is locked."),
            "The kitchen lights are off, | and the door of the garage is locked."
        );
        assert_eq!(
            cut("The temperature outside is fourteen degrees with a light wind"),
            "The temperature outside is fourteen degrees | with a light wind"
        );
        assert_eq!(
            cut("Seven hundred thousand two hundred thirteen point five six"),
            "Seven hundred thousand two | hundred thirteen point five six"
        );
        assert_eq!(beginning(&"ä".repeat(100)).len(), 1);
    }

    fn speech(chunks: Vec<Result<SpeechChunk, ModelError>>) -> Speech {
        stream::iter(chunks).boxed()
    }

    fn chunk(sample_rate_hz: u32, samples: usize) -> Result<SpeechChunk, ModelError> {
        Ok(SpeechChunk {
            sample_rate_hz,
            samples: vec![0.1; samples],
        })
    }

    #[test]
    fn a_clause_that_fails_at_once_is_said_by_the_other() {
        let broken = || Err(ModelError::Backend("broken".into()));
        let say = |said| -> Vec<_> {
            let other = || speech(vec![chunk(24_000, 7)]);
            block_on(or_else(speech(said), other).collect())
        };
        assert_eq!(say(vec![broken()]), [chunk(24_000, 7)]);
        assert_eq!(say(vec![chunk(24_000, 3)]), [chunk(24_000, 3)]);
        // What has begun is not said twice.
        assert_eq!(
            say(vec![chunk(24_000, 3), broken()]),
            [chunk(24_000, 3), broken()]
        );
    }

    #[test]
    fn a_reply_has_one_rate() {
        let said = converted(speech(vec![chunk(16_000, 320); 50]));
        let chunks: Vec<SpeechChunk> = block_on(said.map(|it| it.unwrap()).collect());
        assert!(chunks.iter().all(|chunk| chunk.sample_rate_hz == 24_000));
        let samples: usize = chunks.iter().map(|chunk| chunk.samples.len()).sum();
        assert!(samples.abs_diff(24_000) < 10, "{samples}");
    }
}
