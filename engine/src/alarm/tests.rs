//! Ringing, on paused time.

mod alarms;

use super::*;
use crate::{skills::tests::FakeClock, store::Store};
use futures::{StreamExt, stream};
use loqa_core::seams::{ArmedReply, ModelError};
use loqa_core::seams::{SpeakOptions, Speaker, SpeechChunk, TextToSpeech, Voice};
use std::{path::Path, sync::Mutex};

const MINUTE: Duration = Duration::from_secs(60);

/// A speaker that notes when something sounds: each reply lasts as long as its samples.
#[derive(Default)]
struct Ear(Arc<Mutex<Heard>>);

#[derive(Default)]
struct Heard {
    replies: usize,
    sounding: usize,
}

struct Sound {
    heard: Arc<Mutex<Heard>>,
    length: Duration,
}

impl Speaker for Ear {
    fn arm(
        &self,
        audio: stream::BoxStream<'static, Result<SpeechChunk, ModelError>>,
    ) -> Box<dyn ArmedReply> {
        let chunks: Vec<SpeechChunk> =
            futures::executor::block_on(audio.filter_map(|chunk| async { chunk.ok() }).collect());
        let seconds = chunks
            .iter()
            .map(|chunk| chunk.samples.len() as f64 / f64::from(chunk.sample_rate_hz))
            .sum();
        let mut heard = self.0.lock().unwrap();
        heard.replies += 1;
        heard.sounding += 1;
        Box::new(Sound {
            heard: self.0.clone(),
            length: Duration::from_secs_f64(seconds),
        })
    }
}

impl Drop for Sound {
    fn drop(&mut self) {
        self.heard.lock().unwrap().sounding -= 1;
    }
}

impl ArmedReply for Sound {
    fn start(&self) -> BoxFuture<'static, Result<std::time::Instant, ModelError>> {
        future::ready(Ok(std::time::Instant::now())).boxed()
    }

    fn finished(&self) -> BoxFuture<'static, Duration> {
        let length = self.length;
        async move {
            sleep(length).await;
            length
        }
        .boxed()
    }

    fn heard(&self) -> Duration {
        Duration::ZERO
    }

    fn set_gain_db(&self, _gain_db: f32) {}
}

/// What a ringing timer says, in its own time.
struct Says(Arc<Mutex<Vec<String>>>);

impl TextToSpeech for Says {
    fn synthesize(
        &self,
        text: stream::BoxStream<'static, String>,
        _: SpeakOptions,
    ) -> stream::BoxStream<'static, Result<SpeechChunk, ModelError>> {
        let said = self.0.clone();
        text.map(move |clause| {
            said.lock().unwrap().push(clause);
            Ok(SpeechChunk {
                sample_rate_hz: 16_000,
                samples: vec![0.1; 16_000],
            })
        })
        .boxed()
    }
}

struct Scene {
    household: Arc<LiveHousehold>,
    clock: Arc<FakeClock>,
    events: Arc<Mutex<Vec<String>>>,
    heard: Arc<Mutex<Heard>>,
    said: Arc<Mutex<Vec<String>>>,
    cancel: CancellationToken,
}

impl Scene {
    fn begin(folder: &Path) -> Scene {
        Scene::with_clock(folder, FakeClock::new())
    }

    fn with_clock(folder: &Path, clock: Arc<FakeClock>) -> Scene {
        let household = Arc::new(LiveHousehold::new(
            Arc::new(Store::open(folder).unwrap()),
            clock.clone(),
        ));
        Scene {
            household,
            clock,
            events: Arc::default(),
            heard: Arc::default(),
            said: Arc::default(),
            cancel: CancellationToken::new(),
        }
    }

    fn run(&self) {
        let (events, done) = (self.events.clone(), self.events.clone());
        let alarm = Alarm {
            household: self.household.clone(),
            voice: Some(RingVoice {
                speaker: Arc::new(Ear(self.heard.clone())),
                tts: Some(Arc::new(Says(self.said.clone()))),
                voice: Voice::default(),
            }),
            ring_for: 10 * MINUTE,
            zone: TimeZone::UTC,
            announce: Arc::new(move |event| {
                events.lock().unwrap().push(match event {
                    Event::TimerRang { id, late_s, .. } => format!("rang {id} late {late_s}"),
                    Event::TimerSilenced { id } => format!("silenced {id}"),
                    Event::AlarmRang { id, late_s, .. } => format!("alarm {id} late {late_s}"),
                    Event::AlarmSilenced { id } => format!("alarm silenced {id}"),
                    other => other.subject().into(),
                });
            }),
            does: Arc::new(move |sentence| done.lock().unwrap().push(format!("does {sentence}"))),
        };
        tokio::spawn(run(alarm, self.cancel.clone()));
    }

    fn start(&self, name: Option<&str>, seconds: i64) -> u64 {
        let start = |household: &mut Household, moment: &Moment| {
            let id = household.take_timer_id();
            let state = TimerPhase::Running {
                ends_at_ms: moment.now_ms + seconds * 1000,
            };
            household.timers.insert(
                id,
                TimerRecord {
                    id,
                    name: name.map(str::to_owned),
                    total_s: seconds as u64,
                    state,
                },
            );
            Ok((id, Vec::new()))
        };
        self.household.commit(None, start).unwrap().value
    }

    fn remove(&self, id: u64) {
        let remove = |household: &mut Household, _: &Moment| {
            household.timers.remove(&id);
            Ok(((), Vec::new()))
        };
        self.household.commit(None, remove).unwrap();
    }

    async fn pass(&self, time: Duration) {
        sleep(time).await;
    }

    fn events(&self) -> Vec<String> {
        std::mem::take(&mut self.events.lock().unwrap())
    }

    fn sounding(&self) -> bool {
        self.heard.lock().unwrap().sounding > 0
    }
}

#[tokio::test(start_paused = true)]
async fn a_timer_rings_until_it_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene::begin(folder.path());
    scene.run();
    let pasta = scene.start(Some("pasta"), 480);
    scene.pass(Duration::from_secs(479)).await;
    assert_eq!(scene.events(), [""; 0]);
    scene.pass(Duration::from_secs(2)).await;
    assert_eq!(scene.events(), ["rang 1 late 0"]);
    assert!(scene.sounding());
    scene.pass(Duration::from_secs(10)).await;
    assert_eq!(
        scene.said.lock().unwrap().concat(),
        "Your pasta timer is done."
    );
    scene.remove(pasta);
    scene.pass(Duration::from_millis(50)).await;
    assert_eq!(scene.events(), ["silenced 1"]);
    assert!(!scene.sounding());
}

#[tokio::test(start_paused = true)]
async fn it_gives_up_after_ten_minutes() {
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene::begin(folder.path());
    scene.run();
    scene.start(None, 60);
    scene.pass(Duration::from_secs(65)).await;
    scene.start(None, 60);
    scene.pass(9 * MINUTE).await;
    assert_eq!(scene.events(), ["rang 1 late 0", "rang 2 late 0"]);
    assert!(scene.sounding());
    scene.pass(3 * MINUTE).await;
    assert_eq!(scene.events(), ["silenced 1", "silenced 2"]);
    assert!(!scene.sounding() && scene.household.read().household.timers.is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_that_ended_while_the_hub_was_off_rings_at_once_and_says_when() {
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene::begin(folder.path());
    scene.start(Some("pasta"), 300);
    drop(scene);
    let clock = FakeClock::new();
    clock.set_by(17 * 60_000);
    let later = Scene::with_clock(folder.path(), clock);
    later.run();
    later.pass(Duration::from_secs(10)).await;
    assert_eq!(later.events(), ["rang 1 late 720"]);
    assert_eq!(
        later.said.lock().unwrap().join(" "),
        "Your pasta timer ended twelve minutes ago, at seven ten p m."
    );
}

#[tokio::test(start_paused = true)]
async fn setting_the_clock_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene::begin(folder.path());
    scene.run();
    scene.start(None, 600);
    scene.pass(MINUTE).await;
    scene.clock.set_by(5 * 3_600_000);
    scene.pass(5 * MINUTE).await;
    scene.clock.set_by(-9 * 3_600_000);
    scene.pass(Duration::from_secs(239)).await;
    assert_eq!(scene.events(), [""; 0]);
    scene.pass(Duration::from_secs(2)).await;
    assert_eq!(scene.events(), ["rang 1 late 0"]);
    scene.cancel.cancel();
    scene.pass(Duration::from_millis(50)).await;
    assert!(!scene.sounding());
}
