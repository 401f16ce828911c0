//! Phrases said before start at once: "Okay", "Done", "The kitchen light is off".

use super::clauses::{Speech, speak_in_turn};
use futures::{Stream, StreamExt, stream};
use loqa_core::seams::{ModelError, SpeakOptions, SpeechChunk, TextStream, TextToSpeech, Voice};
use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

/// Keeps what a voice has said, clause by clause, in memory only: a phrase may hold what the
/// person said. The phrase used longest ago goes first when it is full.
pub struct PhraseCache {
    voice: Arc<dyn TextToSpeech>,
    phrases: Arc<Mutex<Phrases>>,
}

/// How well the cache does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheStats {
    /// Clauses found.
    pub hits: u64,
    /// Clauses synthesised.
    pub misses: u64,
    /// Phrases held.
    pub phrases: usize,
    /// Bytes their samples take.
    pub bytes: usize,
}

type Key = (Voice, String);

struct Phrases {
    held: HashMap<Key, Phrase>,
    capacity_bytes: usize,
    stats: CacheStats,
    /// Counts look-ups: the clock of "longest ago".
    now: u64,
}

struct Phrase {
    chunks: Arc<[SpeechChunk]>,
    bytes: usize,
    used: u64,
}

impl PhraseCache {
    /// Puts a cache of at most `capacity_bytes` of samples before `voice`. A second of `slt`
    /// takes 64 kB.
    pub fn new(voice: Arc<dyn TextToSpeech>, capacity_bytes: usize) -> Self {
        Self {
            voice,
            phrases: Arc::new(Mutex::new(Phrases {
                held: HashMap::new(),
                capacity_bytes,
                stats: CacheStats::default(),
                now: 0,
            })),
        }
    }

    /// Tells how well it does.
    pub fn stats(&self) -> CacheStats {
        lock(&self.phrases).stats
    }

    /// Forgets every phrase.
    pub fn forget(&self) {
        let mut phrases = lock(&self.phrases);
        phrases.held.clear();
        phrases.stats.phrases = 0;
        phrases.stats.bytes = 0;
    }
}

impl TextToSpeech for PhraseCache {
    fn synthesize(&self, text: TextStream, options: SpeakOptions) -> Speech {
        let (phrases, inner) = (self.phrases.clone(), self.voice.clone());
        speak_in_turn(text, move |clause| {
            let key = (options.voice.clone(), clause);
            if let Some(chunks) = lock(&phrases).find(&key) {
                let chunks: Vec<_> = chunks.iter().cloned().map(Ok).collect();
                return stream::iter(chunks).boxed();
            }
            let clause = stream::iter([key.1.clone()]).boxed();
            Recording {
                speech: inner.synthesize(clause, options.clone()),
                key: Some(key),
                chunks: Vec::new(),
                phrases: phrases.clone(),
            }
            .boxed()
        })
    }
}

fn lock(phrases: &Mutex<Phrases>) -> MutexGuard<'_, Phrases> {
    // Every change below leaves the map and its sums in step, even if one panicked half-way.
    phrases.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Phrases {
    fn find(&mut self, key: &Key) -> Option<Arc<[SpeechChunk]>> {
        self.now += 1;
        let Some(phrase) = self.held.get_mut(key) else {
            self.stats.misses += 1;
            return None;
        };
        phrase.used = self.now;
        self.stats.hits += 1;
        Some(phrase.chunks.clone())
    }

    fn keep(&mut self, key: Key, chunks: Vec<SpeechChunk>) {
        let bytes = chunks
            .iter()
            .map(|chunk| chunk.samples.len() * size_of::<f32>())
            .sum();
        if bytes == 0 || bytes > self.capacity_bytes {
            return;
        }
        self.now += 1;
        let phrase = Phrase {
            chunks: chunks.into(),
            bytes,
            used: self.now,
        };
        self.stats.bytes += bytes;
        if let Some(same) = self.held.insert(key, phrase) {
            self.stats.bytes -= same.bytes;
        }
        while self.stats.bytes > self.capacity_bytes {
            let oldest = self.held.iter().min_by_key(|(_, phrase)| phrase.used);
            let Some(key) = oldest.map(|(key, _)| key.clone()) else {
                break;
            };
            if let Some(phrase) = self.held.remove(&key) {
                self.stats.bytes -= phrase.bytes;
            }
        }
        self.stats.phrases = self.held.len();
    }
}

/// Passes a clause on and keeps it once it has ended well; dropped or failed before, it is not.
struct Recording {
    speech: Speech,
    /// Taken at the end, or at an error.
    key: Option<Key>,
    chunks: Vec<SpeechChunk>,
    phrases: Arc<Mutex<Phrases>>,
}

impl Stream for Recording {
    type Item = Result<SpeechChunk, ModelError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = std::task::ready!(self.speech.poll_next_unpin(context));
        match &next {
            Some(Ok(chunk)) => self.chunks.push(chunk.clone()),
            Some(Err(_)) => self.key = None,
            None => {
                if let Some(key) = self.key.take() {
                    let chunks = std::mem::take(&mut self.chunks);
                    lock(&self.phrases).keep(key, chunks);
                }
            }
        }
        Poll::Ready(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;

    /// Says two chunks per clause, as long as the clause, and fails on "broken".
    struct Scripted;

    impl TextToSpeech for Scripted {
        fn synthesize(&self, text: TextStream, _: SpeakOptions) -> Speech {
            speak_in_turn(text, |clause| {
                let chunk = SpeechChunk {
                    sample_rate_hz: 1000,
                    samples: vec![0.5; clause.len()],
                };
                let second = if clause == "broken" {
                    Err(ModelError::Backend(clause))
                } else {
                    Ok(chunk.clone())
                };
                stream::iter([Ok(chunk), second]).boxed()
            })
        }
    }

    fn say(cache: &PhraseCache, clause: &str) -> Vec<Result<SpeechChunk, ModelError>> {
        block_on(start(cache, clause).collect())
    }

    fn start(cache: &PhraseCache, clause: &str) -> Speech {
        let clause = stream::iter([clause.to_string()]).boxed();
        cache.synthesize(clause, Voice("slt".into()).into())
    }

    fn hits(cache: &PhraseCache) -> (u64, u64) {
        (cache.stats().hits, cache.stats().misses)
    }

    #[test]
    fn a_phrase_said_before_is_found() {
        let cache = PhraseCache::new(Arc::new(Scripted), 1000);
        assert_eq!(say(&cache, "okay"), say(&cache, "okay"));
        assert_eq!(hits(&cache), (1, 1));
        cache.forget();
        say(&cache, "okay");
        assert_eq!(hits(&cache), (1, 2));
    }

    #[test]
    fn half_a_phrase_is_not_kept() {
        let cache = PhraseCache::new(Arc::new(Scripted), 1000);
        let mut dropped = start(&cache, "okay");
        assert!(block_on(dropped.next()).is_some());
        drop(dropped);
        say(&cache, "broken");
        say(&cache, "broken");
        say(&cache, "okay");
        assert_eq!(hits(&cache), (0, 4));
        assert_eq!(cache.stats().phrases, 1);
    }

    #[test]
    fn the_phrase_used_longest_ago_goes_first() {
        // "aa" takes 2 × 2 × 4 = 16 bytes: two phrases fit.
        let cache = PhraseCache::new(Arc::new(Scripted), 32);
        for clause in ["aa", "bb", "aa", "cc", "aa", "bb"] {
            say(&cache, clause);
        }
        assert_eq!(hits(&cache), (2, 4));
        assert_eq!(cache.stats().bytes, 32);
        say(&cache, "much too long to keep");
        assert_eq!(cache.stats().phrases, 2);
    }
}
