//! One reply on its way to a speaker: collected by a thread of its own into the playback ring,
//! handed to the output once it is both started and begun.

use super::{HeardReply, ReplySource, Tee, source::Progress};
use futures::{
    FutureExt, StreamExt,
    channel::oneshot,
    executor::block_on,
    future::{BoxFuture, Shared},
    stream::{AbortHandle, BoxStream, abortable},
};
use loqa_core::seams::{ArmedReply, ModelError, SpeechChunk};
use std::{
    num::NonZero,
    ops::ControlFlow,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// Where sources are played.
pub(super) trait Output: Send + Sync {
    /// Begins to pull `source` at its rate, and calls [`Progress::make_audible`] when it is in
    /// place. Returns at once.
    fn play(&self, source: ReplySource) -> Result<(), ModelError>;
}

/// Speech the ring holds, in seconds. When full the collecting thread waits, and through it the
/// synthesiser. Pages of it that are never filled take no memory.
const RING_S: usize = 30;
/// How often a waiting collector looks for room in the ring.
const ROOM_POLL: Duration = Duration::from_millis(10);

/// Collects `audio` for `output`; see [`loqa_core::seams::Speaker::arm`].
pub(super) fn arm(
    output: Arc<dyn Output>,
    tee: Option<Tee>,
    audio: BoxStream<'static, Result<SpeechChunk, ModelError>>,
) -> Box<dyn ArmedReply> {
    let progress = Arc::new(Progress::new());
    let stage = Arc::new(Stage {
        output,
        wings: Mutex::default(),
        progress: progress.clone(),
    });
    let (audio, abort) = abortable(audio);
    let (first_sender, first) = oneshot::channel();
    let (ended_sender, ended) = oneshot::channel();
    let (finished_sender, finished) = oneshot::channel();
    let collector = Collector {
        stage: stage.clone(),
        recording: tee.is_some().then(Vec::new),
        listeners: Some((first_sender, ended_sender)),
        ring: None,
    };
    let spawned = thread::Builder::new()
        .name("loqa-reply".into())
        .spawn(move || {
            let collected = collector.collect(audio.boxed());
            // Resolves, as cancelled, when the source has ended or never came to be.
            let _ = block_on(ended);
            if let (Some(tee), Some(heard)) = (tee, collected.and_then(Recording::heard)) {
                tee(heard);
            }
            let _ = finished_sender.send(());
        });
    if let Err(error) = spawned {
        progress.fail(ModelError::Backend(format!(
            "no thread for a reply: {error}"
        )));
    }
    let result = progress.clone();
    let started = async move { first.await.map_err(|_| result.unheard()) };
    let heard = progress.clone();
    let finished = finished.map(move |_| heard.heard());
    Box::new(Reply {
        stage,
        progress,
        abort,
        started: started.boxed().shared(),
        finished: finished.boxed().shared(),
    })
}

/// A reply as its owner holds it; dropping it silences it.
struct Reply {
    stage: Arc<Stage>,
    progress: Arc<Progress>,
    abort: AbortHandle,
    started: Shared<BoxFuture<'static, Result<Instant, ModelError>>>,
    finished: Shared<BoxFuture<'static, Duration>>,
}

impl ArmedReply for Reply {
    fn start(&self) -> BoxFuture<'static, Result<Instant, ModelError>> {
        self.stage.start();
        self.started.clone().boxed()
    }

    fn finished(&self) -> BoxFuture<'static, Duration> {
        self.finished.clone().boxed()
    }

    fn heard(&self) -> Duration {
        self.progress.heard()
    }

    fn set_gain_db(&self, gain_db: f32) {
        self.progress.set_gain_db(gain_db);
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.progress.silence();
        self.abort.abort();
        self.stage.clear();
    }
}

/// Brings together the two things that must have happened before a reply is played.
struct Stage {
    output: Arc<dyn Output>,
    wings: Mutex<Wings>,
    progress: Arc<Progress>,
}

#[derive(Default)]
struct Wings {
    started: bool,
    /// Waits here from the first chunk until the start.
    source: Option<ReplySource>,
}

impl Stage {
    fn start(&self) {
        let mut wings = self.wings();
        wings.started = true;
        if let Some(source) = wings.source.take() {
            self.play(source);
        }
    }

    fn begun(&self, source: ReplySource) {
        let mut wings = self.wings();
        if wings.started {
            self.play(source);
        } else if !self.progress.is_silenced() {
            wings.source = Some(source);
        }
    }

    fn clear(&self) {
        self.wings().source = None;
    }

    fn play(&self, source: ReplySource) {
        if let Err(error) = self.output.play(source) {
            self.progress.fail(error);
        }
    }

    fn wings(&self) -> MutexGuard<'_, Wings> {
        self.wings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Moves chunks into the ring.
struct Collector {
    stage: Arc<Stage>,
    /// Everything so far, if somebody wants it.
    recording: Option<Vec<f32>>,
    /// Go to the source when it is made.
    listeners: Option<(oneshot::Sender<Instant>, oneshot::Sender<()>)>,
    ring: Option<(u32, rtrb::Producer<f32>)>,
}

impl Collector {
    /// Collects to the end, the first error or the reply's drop; returns what there is to record.
    fn collect(
        mut self,
        mut audio: BoxStream<'static, Result<SpeechChunk, ModelError>>,
    ) -> Option<Recording> {
        let progress = self.stage.progress.clone();
        while let Some(chunk) = block_on(audio.next()) {
            match chunk.and_then(|chunk| self.push(&chunk)) {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => break,
                Err(error) => {
                    progress.fail(error);
                    break;
                }
            }
        }
        // Frees the synthesiser before the reply has been heard.
        drop(audio);
        progress.complete();
        Some(Recording {
            sample_rate_hz: self.ring.as_ref()?.0,
            samples: self.recording.take()?,
            progress,
        })
    }

    /// Waits for room; breaks off when nobody takes samples any more.
    fn push(&mut self, chunk: &SpeechChunk) -> Result<ControlFlow<()>, ModelError> {
        if chunk.samples.is_empty() {
            return Ok(ControlFlow::Continue(()));
        }
        if self.ring.is_none() {
            self.ring = Some(self.begin(chunk.sample_rate_hz)?);
        }
        let Some((sample_rate_hz, ring)) = &mut self.ring else {
            return Ok(ControlFlow::Break(()));
        };
        if *sample_rate_hz != chunk.sample_rate_hz {
            return Err(ModelError::Backend(format!(
                "a reply changed from {sample_rate_hz} to {} samples per second",
                chunk.sample_rate_hz
            )));
        }
        if let Some(recording) = &mut self.recording {
            recording.extend_from_slice(&chunk.samples);
        }
        if ring.is_abandoned() {
            return Ok(ControlFlow::Break(()));
        }
        let progress = &self.stage.progress;
        for sample in &chunk.samples {
            // A model's NaN would never leave a resampler again.
            let mut sample = if sample.is_finite() { *sample } else { 0.0 };
            while let Err(rtrb::PushError::Full(back)) = ring.push(sample) {
                if progress.is_silenced() || ring.is_abandoned() {
                    return Ok(ControlFlow::Break(()));
                }
                sample = back;
                thread::sleep(ROOM_POLL);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Makes the ring and puts its source on stage.
    fn begin(&mut self, sample_rate_hz: u32) -> Result<(u32, rtrb::Producer<f32>), ModelError> {
        let rate =
            NonZero::new(sample_rate_hz).filter(|rate| (4_000..=192_000).contains(&rate.get()));
        let (Some(rate), Some((first, ended))) = (rate, self.listeners.take()) else {
            return Err(ModelError::Backend(format!(
                "speech cannot have {sample_rate_hz} samples per second"
            )));
        };
        let (ring, samples) = rtrb::RingBuffer::new(RING_S * sample_rate_hz as usize);
        let progress = self.stage.progress.clone();
        progress.set_sample_rate(sample_rate_hz);
        self.stage
            .begun(ReplySource::new(samples, progress, rate, first, ended));
        Ok((sample_rate_hz, ring))
    }
}

/// All that was collected, to be cut to what was heard.
struct Recording {
    sample_rate_hz: u32,
    samples: Vec<f32>,
    progress: Arc<Progress>,
}

impl Recording {
    /// `None` if nothing left the speaker.
    fn heard(mut self) -> Option<HeardReply> {
        let heard = usize::try_from(self.progress.heard_samples()).unwrap_or(usize::MAX);
        self.samples.truncate(heard);
        (heard > 0).then_some(HeardReply {
            sample_rate_hz: self.sample_rate_hz,
            samples: self.samples,
        })
    }
}
