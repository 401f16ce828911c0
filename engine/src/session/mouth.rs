//! Replies: synthesised ahead, made audible, silenced.

use futures::{
    StreamExt,
    future::BoxFuture,
    stream::{self, FuturesUnordered},
};
use loqa_core::{
    seams::{ArmedReply, ModelError, SpeakOptions, Speaker, TextStream, TextToSpeech, Voice},
    speech,
    turn::ReplyId,
};
use loqa_protocol::PrivacyScope;
use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// Clauses of a reply that wait for the voice: more than it says in a minute.
const MOST_CLAUSES: usize = 64;

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
    /// How private it is what is said now.
    scope: Box<dyn Fn() -> PrivacyScope + Send>,
    replies: HashMap<ReplyId, Reply>,
    /// Where the clauses of a reply go that is still being made.
    growing: Option<(ReplyId, mpsc::Sender<String>)>,
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
        scope: impl Fn() -> PrivacyScope + Send + 'static,
    ) -> Mouth {
        Mouth {
            voice: tts.zip(speaker),
            name,
            scope: Box::new(scope),
            replies: HashMap::new(),
            growing: None,
            coming: FuturesUnordered::new(),
        }
    }

    /// Synthesises without a sound.
    pub fn stage(&mut self, reply: ReplyId, text: &str) {
        let clauses = speech::clauses(&speech::speakable(text));
        self.arm(reply, stream::iter(clauses).boxed());
    }

    fn arm(&mut self, reply: ReplyId, clauses: TextStream) {
        let Some((tts, speaker)) = &self.voice else {
            return;
        };
        let first_chunk = Arc::new(OnceLock::new());
        let seen = first_chunk.clone();
        let options = SpeakOptions {
            voice: self.name.clone(),
            scope: (self.scope)(),
            ..SpeakOptions::default()
        };
        let audio = tts.synthesize(clauses, options).inspect(move |_| {
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
            self.end(reply);
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

    /// Makes the beginning of a reply audible, as soon as it is synthesised.
    pub fn begin(&mut self, reply: ReplyId, text: &str) {
        let (clauses, coming) = mpsc::channel(MOST_CLAUSES);
        self.growing = Some((reply, clauses));
        self.go_on(reply, text);
        if self.voice.is_some() {
            self.arm(reply, ReceiverStream::new(coming).boxed());
            self.speak(reply, text);
        }
    }

    /// What follows in it.
    pub fn go_on(&mut self, reply: ReplyId, text: &str) {
        if let Some((_, clauses)) = self.growing.as_ref().filter(|(id, _)| *id == reply) {
            for clause in speech::clauses(&speech::speakable(text)) {
                if clauses.try_send(clause).is_err() {
                    // Silenced, or longer than anybody listens to.
                    tracing::debug!("a clause is left out");
                }
            }
        }
    }

    /// Nothing follows in it.
    pub fn complete(&mut self, reply: ReplyId) {
        let grew = self.growing.take_if(|(id, _)| *id == reply).is_some();
        if grew && self.voice.is_none() {
            self.end(reply);
        }
    }

    /// A reply without a sound is over at once.
    fn end(&mut self, reply: ReplyId) {
        self.coming.push(Box::pin(async move {
            Voiced::Ended {
                reply,
                heard: Duration::ZERO,
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
        self.complete(reply);
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
