//! Who has the word: everything Loqa says or rings, together, so that a person can interrupt it.

use futures::{FutureExt, future::BoxFuture, stream::BoxStream};
use loqa_core::{
    barge_in::DUCKED_DB,
    seams::{ArmedReply, ModelError, Speaker, SpeechChunk},
};
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// A speaker that knows what sounds on it, and can lower or silence all of it.
pub struct Floor {
    speaker: Arc<dyn Speaker>,
    volume: Volume,
    started: Arc<Started>,
}

/// How loud Loqa is, percent, whenever it begins to say something.
type Volume = Arc<dyn Fn() -> u8 + Send + Sync>;

/// Replies that have been started; those that have gone are forgotten as others start.
#[derive(Default)]
struct Started(Mutex<Vec<Weak<Held>>>);

/// One reply, until its owner drops it.
struct Held {
    /// How much of it was heard, once it was silenced.
    reply: Mutex<Result<Box<dyn ArmedReply>, Duration>>,
    sounds: Arc<AtomicBool>,
}

/// A reply as its owner has it.
struct Owned {
    held: Arc<Held>,
    volume: Volume,
    started: Arc<Started>,
}

impl Floor {
    /// Over this speaker, as loud as `volume` tells, percent.
    pub fn new(speaker: Arc<dyn Speaker>, volume: impl Fn() -> u8 + Send + Sync + 'static) -> Self {
        Floor {
            speaker,
            volume: Arc::new(volume),
            started: Arc::default(),
        }
    }

    /// Can anything be heard?
    pub fn sounds(&self) -> bool {
        self.audible().next().is_some()
    }

    /// Lowers what can be heard, or takes that back.
    pub fn duck(&self, ducked: bool) {
        let gain_db = gain_db((self.volume)()) + if ducked { DUCKED_DB } else { 0.0 };
        for held in self.audible() {
            if let Ok(reply) = &*held.reply() {
                reply.set_gain_db(gain_db);
            }
        }
    }

    /// Ends what can be heard, within 20 ms. Its owners are told how much was.
    pub fn silence(&self) {
        for held in self.audible() {
            let mut reply = held.reply();
            if let Ok(playing) = &*reply {
                let heard = playing.heard();
                *reply = Err(heard);
            }
        }
    }

    fn audible(&self) -> impl Iterator<Item = Arc<Held>> {
        let started = self.started.all().clone();
        let held = started.into_iter().filter_map(|held| held.upgrade());
        held.filter(|held| held.sounds.load(Ordering::Relaxed))
    }
}

impl Speaker for Floor {
    fn arm(
        &self,
        audio: BoxStream<'static, Result<SpeechChunk, ModelError>>,
    ) -> Box<dyn ArmedReply> {
        Box::new(Owned {
            held: Arc::new(Held {
                reply: Mutex::new(Ok(self.speaker.arm(audio))),
                sounds: Arc::default(),
            }),
            volume: self.volume.clone(),
            started: self.started.clone(),
        })
    }
}

impl Started {
    fn all(&self) -> MutexGuard<'_, Vec<Weak<Held>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn reply(&self) -> MutexGuard<'_, Result<Box<dyn ArmedReply>, Duration>> {
        self.reply.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ArmedReply for Owned {
    fn start(&self) -> BoxFuture<'static, Result<Instant, ModelError>> {
        let start = match &*self.held.reply() {
            Ok(reply) => {
                reply.set_gain_db(gain_db((self.volume)()));
                reply.start()
            }
            Err(_) => return async { Err(silenced()) }.boxed(),
        };
        let mut started = self.started.all();
        started.retain(|held| held.strong_count() > 0);
        started.push(Arc::downgrade(&self.held));
        let sounds = self.held.sounds.clone();
        async move {
            let at = start.await?;
            sounds.store(true, Ordering::Relaxed);
            Ok(at)
        }
        .boxed()
    }

    fn finished(&self) -> BoxFuture<'static, Duration> {
        let finished = match &*self.held.reply() {
            Ok(reply) => reply.finished(),
            Err(heard) => return futures::future::ready(*heard).boxed(),
        };
        let sounds = self.held.sounds.clone();
        async move {
            let heard = finished.await;
            sounds.store(false, Ordering::Relaxed);
            heard
        }
        .boxed()
    }

    fn heard(&self) -> Duration {
        match &*self.held.reply() {
            Ok(reply) => reply.heard(),
            Err(heard) => *heard,
        }
    }

    fn set_gain_db(&self, gain_db: f32) {
        if let Ok(reply) = &*self.held.reply() {
            reply.set_gain_db(gain_db);
        }
    }
}

/// Gain of a volume in percent.
fn gain_db(percent: u8) -> f32 {
    20.0 * (f32::from(percent.max(1)) / 100.0).log10()
}

fn silenced() -> ModelError {
    ModelError::Backend("the reply was silenced before it was heard".into())
}
