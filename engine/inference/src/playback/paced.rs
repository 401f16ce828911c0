//! A speaker without a device: for hubs without sound, for tests and for benches.

use super::{
    ReplySource, Tee,
    reply::{Output, arm},
};
use futures::stream::BoxStream;
use loqa_core::seams::{ArmedReply, ModelError, Speaker, SpeechChunk};
use rodio::Source;
use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

/// Blocks that are pulled per second: 10 ms each, as a sound device would.
const BLOCKS_PER_S: u32 = 100;

/// How fast a [`PacedSpeaker`] takes samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Pace {
    /// As a device would: a second of speech takes a second.
    #[default]
    RealTime,
    /// As they come: for benches on the sample clock.
    AsTheyCome,
}

/// Takes each started reply's samples on a thread of their own, at absolute deadlines, and lets
/// them go.
#[derive(Clone)]
pub struct PacedSpeaker {
    pace: Pace,
    tee: Option<Tee>,
}

impl PacedSpeaker {
    /// Makes a speaker nobody hears; what it "played" goes to `tee`.
    pub fn new(pace: Pace, tee: Option<Tee>) -> Self {
        Self { pace, tee }
    }
}

impl Speaker for PacedSpeaker {
    fn arm(
        &self,
        audio: BoxStream<'static, Result<SpeechChunk, ModelError>>,
    ) -> Box<dyn ArmedReply> {
        arm(Arc::new(self.pace), self.tee.clone(), audio)
    }
}

impl Output for Pace {
    fn play(&self, source: ReplySource) -> Result<(), ModelError> {
        source.progress().make_audible();
        let pull = match self {
            Self::RealTime => in_real_time,
            Self::AsTheyCome => as_they_come,
        };
        thread::Builder::new()
            .name("loqa-pacer".into())
            .spawn(move || pull(source))
            .map(|_| ())
            .map_err(|error| ModelError::Backend(format!("no thread to pace a reply: {error}")))
    }
}

fn in_real_time(mut source: ReplySource) {
    let rate = source.sample_rate().get();
    let block = (rate / BLOCKS_PER_S).max(1);
    let begun = Instant::now();
    for blocks in 1u64.. {
        if source.by_ref().take(block as usize).count() < block as usize {
            return;
        }
        let samples = (blocks * u64::from(block)) as f64;
        let due = begun + Duration::from_secs_f64(samples / f64::from(rate));
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

fn as_they_come(mut source: ReplySource) {
    loop {
        if source.is_starved() {
            // Nothing wakes this thread: a millisecond is far below what a bench resolves.
            thread::sleep(Duration::from_millis(1));
        } else if source.next().is_none() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::HeardReply;
    use super::*;
    use futures::{StreamExt, channel::mpsc, executor::block_on, stream};
    use std::sync::Mutex;

    type Audio = BoxStream<'static, Result<SpeechChunk, ModelError>>;

    fn chunk(samples: usize) -> Result<SpeechChunk, ModelError> {
        Ok(SpeechChunk {
            sample_rate_hz: 16_000,
            samples: vec![0.5; samples],
        })
    }

    fn recording_speaker(pace: Pace) -> (PacedSpeaker, Arc<Mutex<Vec<HeardReply>>>) {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let kept = heard.clone();
        let tee: Tee = Arc::new(move |reply| kept.lock().expect("lock").push(reply));
        (PacedSpeaker::new(pace, Some(tee)), heard)
    }

    fn play(pace: Pace, audio: Audio) -> (Result<Instant, ModelError>, Duration) {
        let reply = PacedSpeaker::new(pace, None).arm(audio);
        let started = block_on(reply.start());
        (started, block_on(reply.finished()))
    }

    #[test]
    fn real_time_takes_its_time_and_hears_everything() {
        let before = Instant::now();
        let (started, heard) = play(
            Pace::RealTime,
            stream::iter([chunk(1600), chunk(3200)]).boxed(),
        );
        let started = started.expect("heard");
        assert!(started >= before);
        assert_eq!(heard, Duration::from_millis(300));
        assert!(
            started.elapsed() >= Duration::from_millis(290),
            "not faster than a device"
        );
    }

    #[test]
    fn a_reply_is_silent_until_started_and_recorded_as_heard() {
        let (speaker, recorded) = recording_speaker(Pace::AsTheyCome);
        let staged = speaker.arm(stream::iter([chunk(1600)]).boxed());
        let reply = speaker.arm(stream::iter([chunk(800), chunk(800)]).boxed());
        assert_eq!(reply.heard(), Duration::ZERO);
        block_on(reply.start()).expect("heard");
        assert_eq!(block_on(reply.finished()), Duration::from_millis(100));
        drop(staged);
        let recorded = recorded.lock().expect("lock");
        assert_eq!(recorded.len(), 1);
        assert_eq!(recorded[0].samples, vec![0.5; 1600]);
    }

    #[test]
    fn a_slow_synthesiser_does_not_end_the_reply() {
        let (mut chunks, audio) = mpsc::channel(4);
        let reply = PacedSpeaker::new(Pace::RealTime, None).arm(audio.boxed());
        chunks.try_send(chunk(160)).expect("room");
        block_on(reply.start()).expect("heard");
        // By now the first chunk may have run dry, or not: the reply goes on either way.
        while reply.heard() < Duration::from_millis(10) {
            thread::yield_now();
        }
        chunks.try_send(chunk(160)).expect("room");
        drop(chunks);
        assert_eq!(block_on(reply.finished()), Duration::from_millis(20));
    }

    #[test]
    fn a_reply_started_before_its_first_chunk_begins_with_it() {
        let (mut chunks, audio) = mpsc::channel(4);
        let reply = PacedSpeaker::new(Pace::AsTheyCome, None).arm(audio.boxed());
        let started = reply.start();
        chunks.try_send(chunk(160)).expect("room");
        assert!(block_on(started).is_ok());
    }

    #[test]
    fn a_dropped_reply_cancels_its_synthesis() {
        let (chunks, audio) = mpsc::channel(4);
        let reply = PacedSpeaker::new(Pace::RealTime, None).arm(audio.boxed());
        let (started, finished) = (reply.start(), reply.finished());
        drop(reply);
        assert!(block_on(started).is_err());
        assert_eq!(block_on(finished), Duration::ZERO);
        assert!(chunks.is_closed());
    }

    #[test]
    fn an_error_is_told_if_nothing_was_heard() {
        let broken = ModelError::Backend("broken".into());
        let audio = || stream::iter([Err(broken.clone())]);
        let (started, heard) = play(Pace::AsTheyCome, audio().boxed());
        assert_eq!((started, heard), (Err(broken.clone()), Duration::ZERO));
        let (started, heard) = play(
            Pace::AsTheyCome,
            stream::iter([chunk(160)]).chain(audio()).boxed(),
        );
        assert!(started.is_ok());
        assert_eq!(heard, Duration::from_millis(10));
        let (started, _) = play(Pace::AsTheyCome, stream::empty().boxed());
        assert!(started.is_err());
    }
}
