//! Replies: synthesised ahead, made audible, silenced.

use futures::{
    StreamExt,
    future::BoxFuture,
    stream::{self, FuturesUnordered},
};
use loqa_core::{
    seams::{ArmedReply, ModelError, Speaker, TextToSpeech, Voice},
    speech,
    turn::ReplyId,
};
use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

/// What became of a reply.
pub(super) enum Voiced {
    Started {
        reply: ReplyId,
        audio_ready: Option<Instant>,
        at: Instant,
    },
    Failed(ReplyId, ModelError),
    Ended {
        reply: ReplyId,
        heard: Duration,
    },
}

/// Speaks one reply at a time, and prepares others.
pub(super) struct Mouth {
    voice: Option<(Arc<dyn TextToSpeech>, Arc<dyn Speaker>)>,
    name: Voice,
    replies: HashMap<ReplyId, Reply>,
    coming: FuturesUnordered<BoxFuture<'static, Voiced>>,
}

struct Reply {
    armed: Arc<dyn ArmedReply>,
    first_chunk: Arc<OnceLock<Instant>>,
}

impl Mouth {
    /// A mouth without a synthesiser or a speaker ends every reply at once.
    pub fn new(
        tts: Option<Arc<dyn TextToSpeech>>,
        speaker: Option<Arc<dyn Speaker>>,
        name: Voice,
    ) -> Mouth {
        Mouth {
            voice: tts.zip(speaker),
            name,
            replies: HashMap::new(),
            coming: FuturesUnordered::new(),
        }
    }

    /// Synthesises without a sound.
    pub fn stage(&mut self, reply: ReplyId, text: &str) {
        let Some((tts, speaker)) = &self.voice else {
            return;
        };
        let clauses = speech::clauses(&speech::speakable(text));
        let first_chunk = Arc::new(OnceLock::new());
        let seen = first_chunk.clone();
        let audio = tts
            .synthesize(stream::iter(clauses).boxed(), self.name.clone())
            .inspect(move |_| {
                seen.get_or_init(Instant::now);
            });
        self.replies.insert(
            reply,
            Reply {
                armed: Arc::from(speaker.arm(audio.boxed())),
                first_chunk,
            },
        );
    }

    /// Makes a reply audible.
    pub fn speak(&mut self, reply: ReplyId, text: &str) {
        if !self.replies.contains_key(&reply) {
            self.stage(reply, text);
        }
        let Some(staged) = self.replies.get(&reply) else {
            self.coming.push(Box::pin(async move {
                Voiced::Ended {
                    reply,
                    heard: Duration::ZERO,
                }
            }));
            return;
        };
        let (start, first_chunk) = (staged.armed.start(), staged.first_chunk.clone());
        self.coming.push(Box::pin(async move {
            match start.await {
                Ok(at) => Voiced::Started {
                    reply,
                    audio_ready: first_chunk.get().copied(),
                    at,
                },
                Err(error) => Voiced::Failed(reply, error),
            }
        }));
        let finished = staged.armed.finished();
        self.coming.push(Box::pin(async move {
            Voiced::Ended {
                reply,
                heard: finished.await,
            }
        }));
    }

    /// Is it staged, or being said?
    pub fn holds(&self, reply: ReplyId) -> bool {
        self.replies.contains_key(&reply)
    }

    /// Silences a reply, or forgets a staged one.
    pub fn silence(&mut self, reply: ReplyId) {
        self.replies.remove(&reply);
    }

    /// What happens next; never, if nothing is being said. Cancel-safe.
    pub async fn next(&mut self) -> Voiced {
        match self.coming.next().await {
            Some(voiced) => {
                if let Voiced::Ended { reply, .. } | Voiced::Failed(reply, _) = &voiced {
                    self.replies.remove(reply);
                }
                voiced
            }
            None => std::future::pending().await,
        }
    }
}
