//! Kokoro where it can, the fast voice where it cannot: every clause is said by one of them.

use super::{
    clauses::{Speech, speak_in_turn},
    kokoro::{Kokoro, PREFIX, SAMPLE_RATE_HZ, State},
};
use crate::resample::Resampler;
use futures::{StreamExt, stream};
use loqa_core::seams::{ModelError, SpeakOptions, SpeechChunk, TextStream, TextToSpeech, Voice};
use loqa_protocol::PrivacyScope;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

/// Letters of a clause beyond which its beginning is said by itself where it comes first, so that something
/// is heard before all of it has been computed: about 3 s of speech.
const SHORT: usize = 48;
/// Letters of such a beginning, at least: fewer sound like a stumble.
const BEGINNING: usize = 16;
/// Input samples that the fast voice's sound waits for: 20 ms.
const CONVERTED: usize = 320;

/// Whether Kokoro's voices can be had: of this machine, or of whoever else has them.
pub trait Presence: Send + Sync {
    /// Tells whether there is such a voice.
    ///
    /// # Errors
    /// [`ModelError::Backend`] naming the nearest.
    fn knows(&self, voice: &str) -> Result<(), ModelError>;
    /// Whether words that are so private could be said by it now. Where they could be soon, that begins.
    fn is_ready(&self, voice: &str, scope: PrivacyScope) -> bool;
}

impl Presence for Kokoro {
    fn knows(&self, voice: &str) -> Result<(), ModelError> {
        Kokoro::knows(self, voice)
    }

    fn is_ready(&self, _: &str, _: PrivacyScope) -> bool {
        let state = self.state();
        if state == State::Loading {
            self.begin();
        }
        matches!(state, State::Ready(_))
    }
}

/// Says Kokoro's voices by Kokoro, as long as that is ready and does not fail; else by the voice beside
/// it. Other voices are said by whoever has them.
///
/// Whoever is gone or late in the middle of a reply is not asked for the rest of it. A reply has one sample
/// rate, Kokoro's, whoever says its clauses.
pub struct Expressive {
    kokoro: Arc<dyn Presence>,
    voices: Arc<dyn TextToSpeech>,
    fast: Voice,
}

impl Expressive {
    /// `voices` has all of them, Kokoro's too, as long as `kokoro` tells that it is there; `fast` is the one beside
    /// it.
    pub fn new(kokoro: Arc<dyn Presence>, voices: Arc<dyn TextToSpeech>, fast: Voice) -> Self {
        Self {
            kokoro,
            voices,
            fast,
        }
    }
}

impl TextToSpeech for Expressive {
    fn synthesize(&self, text: TextStream, options: SpeakOptions) -> Speech {
        let Some(name) = options.voice.0.strip_prefix(PREFIX) else {
            return self.voices.synthesize(text, options);
        };
        if let Err(error) = self.kokoro.knows(name) {
            return stream::iter([Err(error)]).boxed();
        }
        let (name, scope) = (name.to_owned(), options.scope);
        let (kokoro, voices) = (self.kokoro.clone(), self.voices.clone());
        let fast = SpeakOptions {
            voice: self.fast.clone(),
            scope,
            ..SpeakOptions::default()
        };
        let gone = Arc::new(AtomicBool::new(false));
        let mut first = true;
        let begins_small = text.flat_map(move |clause| {
            let clauses = match std::mem::take(&mut first) {
                true => beginning(&clause),
                false => vec![clause],
            };
            stream::iter(clauses)
        });
        speak_in_turn(begins_small.boxed(), move |clause| {
            let voices = voices.clone();
            let say = move |clause: String, options: &SpeakOptions| {
                voices.synthesize(stream::iter([clause]).boxed(), options.clone())
            };
            if gone.load(Relaxed) || !kokoro.is_ready(&name, scope) {
                return converted(say(clause, &fast));
            }
            let said = say(clause.clone(), &options);
            let (fast, gone) = (fast.clone(), gone.clone());
            or_else(said, move |error| {
                // Two voices that take turns are worse than one.
                let leaves = matches!(error, ModelError::NodeLost(_) | ModelError::Deadline(_));
                gone.fetch_or(leaves, Relaxed);
                converted(say(clause, &fast))
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
fn or_else(said: Speech, instead: impl FnOnce(&ModelError) -> Speech + Send + 'static) -> Speech {
    let sounds = (said, Some(instead));
    stream::unfold(Some(sounds), |sounds| async {
        let (mut said, instead) = sounds?;
        match (said.next().await?, instead) {
            (Err(error), Some(instead)) => {
                tracing::warn!("the fast voice says a clause: {error}");
                let mut said = instead(&error);
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
            let other = |_: &ModelError| speech(vec![chunk(24_000, 7)]);
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

    /// Cannot say "cannot", and is gone after "gone". What it says is 3 samples, what the fast voice says 7.
    struct Scripted;

    impl Presence for Scripted {
        fn knows(&self, _: &str) -> Result<(), ModelError> {
            Ok(())
        }

        fn is_ready(&self, _: &str, scope: PrivacyScope) -> bool {
            scope == PrivacyScope::Persistent
        }
    }

    impl TextToSpeech for Scripted {
        fn synthesize(&self, text: TextStream, options: SpeakOptions) -> Speech {
            let lively = options.voice.0.starts_with(PREFIX);
            text.map(move |clause| match clause.as_str() {
                "cannot" if lively => Err(ModelError::Backend(clause)),
                "gone" if lively => Err(ModelError::NodeLost(clause)),
                _ => chunk(SAMPLE_RATE_HZ, if lively { 3 } else { 7 }),
            })
            .boxed()
        }
    }

    #[test]
    fn whoever_is_gone_is_not_asked_for_the_rest_of_a_reply() {
        let tts = Expressive::new(Arc::new(Scripted), Arc::new(Scripted), Voice("slt".into()));
        let say = |scope| -> Vec<usize> {
            let clauses = ["one", "cannot", "two", "gone", "three"].map(String::from);
            let options = SpeakOptions {
                voice: Voice("kokoro:af_heart".into()),
                scope,
                ..SpeakOptions::default()
            };
            let said = tts.synthesize(stream::iter(clauses).boxed(), options);
            let chunks: Vec<_> = block_on(said.collect());
            // Without the pauses.
            let chunks = chunks.into_iter().map(|chunk| chunk.unwrap().samples);
            chunks
                .filter(|it| it[0] != 0.0)
                .map(|it| it.len())
                .collect()
        };
        assert_eq!(say(PrivacyScope::Persistent), [3, 7, 3, 7, 7]);
        assert_eq!(say(PrivacyScope::Ephemeral), [7; 5]);
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
