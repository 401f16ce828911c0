use super::*;
use crate::{
    config::Codec,
    puck::{Button, Light, Mouth, Panel, Puck},
};
use futures::{SinkExt, StreamExt, channel::mpsc, future::BoxFuture, stream::BoxStream};
use loqa_core::seams::{AudioFrame, FRAME_SAMPLES, Microphone, MicrophoneEvent, Wake, WakeWord};
use loqa_inference::playback::{HeardReply, Pace, PacedSpeaker};
use loqa_link::wire::{Client, Incoming};
use loqa_protocol::{
    AudioFormat, ClientFrame, Envelope, Event, PrivacyScope, QosTier, ServerFrame, SessionId,
    TurnSummary,
};
use std::sync::Mutex;
use tokio::{sync::watch, time::timeout};

/// Hears what the test says.
struct Scripted(Mutex<Option<mpsc::Receiver<MicrophoneEvent>>>);

impl Microphone for Scripted {
    fn listen(&self) -> BoxStream<'static, MicrophoneEvent> {
        self.0.lock().unwrap().take().unwrap().boxed()
    }
}

/// Is called by the frame that holds 1, and perhaps by one that holds 0.99; the phrase ended 5 frames before.
struct Loud;

impl WakeWord for Loud {
    fn detect(&mut self, offset: u64, frame: &[f32; FRAME_SAMPLES]) -> Option<Wake> {
        (frame[0] >= 0.99).then(|| Wake {
            phrase: "hey loqa".into(),
            end: offset - 5 * FRAME_SAMPLES as u64,
            score: 1.0,
            doubted: frame[0] < 1.0,
            detector: "loud",
        })
    }

    fn reset(&mut self) {}
}

/// Tells what it shows.
struct Lights(Option<Light>, tokio::sync::mpsc::Sender<Light>);

impl Panel for Lights {
    fn show(&mut self, light: &Light) {
        if self.0.as_ref() != Some(light) {
            self.0 = Some(light.clone());
            self.1.try_send(light.clone()).unwrap();
        }
    }

    fn pressed(&mut self) -> BoxFuture<'_, Button> {
        Box::pin(std::future::pending())
    }
}

/// What it is asked how it is set with.
const SETTINGS: u32 = u32::MAX;

/// A room with a puck in it, linked to a hub.
struct Room {
    _house: House,
    client: Client,
    says: mpsc::Sender<MicrophoneEvent>,
    at: u64,
    lights: tokio::sync::mpsc::Receiver<Light>,
    heard: Arc<Mutex<Vec<HeardReply>>>,
    _reached: watch::Sender<Option<Link>>,
}

async fn room() -> Room {
    let mut config = Config::default();
    config.puck.codec = Codec::Pcm16;
    let house = house(&config).await;
    let (says, hears) = mpsc::channel(1);
    let heard = Arc::<Mutex<Vec<HeardReply>>>::default();
    let tee = heard.clone();
    let tee = Arc::new(move |reply| tee.lock().unwrap().push(reply));
    let speaker = PacedSpeaker::new(Pace::AsTheyCome, Some(tee));
    let (shows, lights) = tokio::sync::mpsc::channel(100);
    let puck = Puck::with(
        &Scripted(Mutex::new(Some(hears))),
        vec![Box::new(Loud)],
        None,
        Mouth::new(Arc::new(speaker)),
        Box::new(Lights(None, shows)),
    );
    let (reached, link) = watch::channel(Some(house.at_node.clone()));
    tokio::spawn(puck.unwrap().run(link));
    let client = comes(&house).await;
    Room {
        _house: house,
        client,
        says,
        at: 0,
        lights,
        heard,
        _reached: reached,
    }
}

/// The puck, as the hub sees it; it has asked how it is set.
async fn comes(house: &House) -> Client {
    let Incoming::Client(mut client) = house.at_hub.accept().await.unwrap() else {
        panic!("it is a client")
    };
    let asked = client.requests.next().await.unwrap();
    let settings = ClientFrame::Puck {
        id: SETTINGS,
        muted: None,
    };
    assert_eq!(asked, Some(settings));
    client
}

impl Room {
    /// So many frames, each of this loudness.
    async fn say(&mut self, frames: usize, loud: f32) {
        for _ in 0..frames {
            let frame = AudioFrame {
                offset: self.at,
                samples: [loud; FRAME_SAMPLES].into(),
            };
            self.at += FRAME_SAMPLES as u64;
            let event = MicrophoneEvent::Frame(frame);
            self.says.send(event).await.unwrap();
        }
    }

    async fn asked(&mut self) -> ClientFrame {
        let asked = timeout(PATIENCE, self.client.requests.next()).await;
        asked.unwrap().unwrap().unwrap()
    }

    /// What is heard at the hub, until there are so many frames: the first sample of each, in tenths.
    async fn heard(&mut self, frames: usize) -> String {
        let mut text = String::new();
        while text.len() < frames {
            match self.asked().await {
                ClientFrame::Audio { samples, .. } => {
                    for frame in samples.chunks(FRAME_SAMPLES) {
                        let tenths = (frame[FRAME_SAMPLES - 1] * 10.0).round() as u32;
                        text.push(char::from_digit(tenths, 16).unwrap());
                    }
                }
                other => panic!("{other:?}"),
            }
        }
        text
    }

    async fn answer(&mut self, frame: ServerFrame) {
        self.client.answers.send(&frame).await.unwrap();
    }

    async fn event(&mut self, id: u32, event: Event) {
        let envelope = Envelope {
            trace_id: 1,
            session_id: SessionId(1),
            turn: None,
            actor_id: String::new(),
            origin: "hub".into(),
            seq: 1,
            at_ms: 0,
            capability_tier: QosTier::Fast,
            privacy_scope: PrivacyScope::Ephemeral,
            event,
        };
        self.answer(ServerFrame::Event { id, envelope }).await;
    }

    async fn turn(&mut self, id: u32, reply: &str) {
        let summary = TurnSummary {
            reply: reply.into(),
            ..TurnSummary::default()
        };
        self.answer(ServerFrame::Turn { id, summary }).await;
    }

    /// Silence, until it does not listen any more.
    async fn sleeps(&mut self) {
        let silence = async {
            while self.lights.try_recv() != Ok(Light::Asleep) {
                self.say(1, 0.0).await;
            }
        };
        timeout(PATIENCE, silence).await.unwrap();
    }

    async fn shows(&mut self, light: Light) {
        let shown = async { while self.lights.recv().await.unwrap() != light {} };
        timeout(PATIENCE, shown).await.unwrap();
    }
}

#[tokio::test]
async fn nothing_is_said_before_the_call_and_what_followed_the_phrase_is_not_lost() {
    let mut room = room().await;
    room.say(200, 0.3).await;
    // The phrase has ended 5 frames before it is noticed.
    room.say(5, 0.5).await;
    room.say(1, 1.0).await;
    room.say(4, 0.6).await;
    let ClientFrame::AskAudio { id, fast, .. } = room.asked().await else {
        panic!("the first that is said is a request")
    };
    assert_eq!((id, fast), (1, false));
    assert_eq!(room.heard(10).await, "55555a6666");
    room.shows(Light::Listening).await;

    room.event(1, Event::SpeechStarted).await;
    room.event(
        1,
        Event::SpeechEnded {
            endpoint_delay_ms: 200.0,
            state: "closed".into(),
        },
    )
    .await;
    room.shows(Light::Thinking).await;
    let format = AudioFormat {
        sample_rate_hz: 16_000,
    };
    for loud in [0.25, 0.75] {
        let samples = vec![loud; 1600];
        room.answer(ServerFrame::Speech {
            id: 1,
            format,
            samples,
        })
        .await;
    }
    room.turn(1, "The kitchen lights are off.").await;
    // It was said, and the gate closes with the next frame.
    room.shows(Light::Listening).await;
    let reply = room.heard.lock().unwrap().clone();
    assert_eq!(reply.len(), 1, "one reply, however many pieces");
    assert_eq!(reply[0].samples.len(), 3200);
    // It was answered: what follows is nobody's business.
    room.say(3, 0.7).await;
    assert_eq!(room.asked().await, ClientFrame::AudioEnd { id: 1 });
    room.answer(ServerFrame::Done { id: 1 }).await;
    room.say(100, 0.8).await;
    room.say(1, 1.0).await;
    assert!(matches!(
        room.asked().await,
        ClientFrame::AskAudio { id: 2, .. }
    ));
    assert_eq!(room.heard(6).await, "88888a");
}

#[tokio::test]
async fn what_may_have_been_a_call_is_seen_by_nobody_before_the_hub_has_found_a_command() {
    let mut room = room().await;
    let doubted = async |room: &mut Room, wanted: u32| {
        let ClientFrame::AskAudio { id, called, .. } = room.asked().await else {
            panic!("it is a request")
        };
        assert_eq!((id, called.unwrap().doubted), (wanted, true));
    };
    room.say(200, 0.001).await;
    room.say(1, 0.99).await;
    doubted(&mut room, 1).await;
    // Talk goes on for longer than anybody waits for a command to begin, and was none.
    room.say(300, 0.3).await;
    room.answer(ServerFrame::Done { id: 1 }).await;
    while room.asked().await != (ClientFrame::AudioEnd { id: 1 }) {
        room.say(1, 0.3).await;
    }
    room.say(1, 0.99).await;
    doubted(&mut room, 2).await;
    // A call that is one comes before that is known.
    room.say(20, 0.3).await;
    assert_eq!(room.lights.try_recv(), Ok(Light::Asleep));
    let seen = room.lights.try_recv();
    assert!(seen.is_err(), "{seen:?}");
    room.say(1, 1.0).await;
    while room.asked().await != (ClientFrame::AudioEnd { id: 2 }) {}
    let asked = room.asked().await;
    assert!(
        matches!(asked, ClientFrame::AskAudio { id: 3, called: Some(called), .. } if !called.doubted)
    );
    room.shows(Light::Listening).await;
    room.answer(ServerFrame::Done { id: 2 }).await;
    room.answer(ServerFrame::Done { id: 3 }).await;
    room.sleeps().await;
    room.say(1, 0.99).await;
    while !matches!(room.asked().await, ClientFrame::AskAudio { id: 4, .. }) {}
    room.answer(ServerFrame::Chosen { id: 4 }).await;
    room.shows(Light::Listening).await;
}

#[tokio::test]
async fn what_the_hub_tells_the_house_is_said_though_nobody_has_asked() {
    let mut room = room().await;
    let format = AudioFormat {
        sample_rate_hz: 16_000,
    };
    let samples = vec![0.5; 1600];
    let told = ServerFrame::Speech {
        id: 0,
        format,
        samples,
    };
    room.answer(told).await;
    room.answer(ServerFrame::Done { id: 0 }).await;
    room.shows(Light::Speaking).await;
    room.shows(Light::Asleep).await;
    let reply = room.heard.lock().unwrap().clone();
    assert_eq!((reply.len(), reply[0].samples.len()), (1, 1600));
}

#[tokio::test]
async fn whoever_is_asked_may_answer_without_a_call_and_a_hub_that_is_gone_hears_nothing() {
    let mut room = room().await;
    room.say(30, 0.3).await;
    room.say(1, 1.0).await;
    assert!(matches!(
        room.asked().await,
        ClientFrame::AskAudio { id: 1, .. }
    ));
    assert_eq!(room.heard(6).await, "33333a");
    room.event(1, Event::SpeechStarted).await;
    room.turn(1, "Which lights?").await;
    room.shows(Light::Listening).await;
    // 2 s later it still listens.
    room.say(100, 0.0).await;
    room.say(10, 0.4).await;
    let heard = room.heard(110).await;
    assert!(heard.ends_with("04444444444"), "{heard}");
    room.turn(1, "They are off.").await;
    room.answer(ServerFrame::Done { id: 1 }).await;
    room.sleeps().await;
    room._reached.send_replace(None);
    room.shows(Light::Offline).await;
    room.say(5, 1.0).await;
    room.say(100, 0.3).await;
    // The client is gone, and nothing came before that but that nobody speaks.
    let rest = async {
        while let Ok(Some(frame)) = room.client.requests.next().await {
            let nothing = match &frame {
                ClientFrame::Audio { samples, .. } => samples.iter().all(|it| *it == 0.0),
                frame => *frame == ClientFrame::AudioEnd { id: 1 },
            };
            assert!(nothing, "{frame:?}");
        }
    };
    timeout(PATIENCE, rest).await.unwrap();
}

#[tokio::test]
async fn a_call_is_told_with_how_well_it_was_heard_and_who_loses_it_is_silent() {
    let mut room = room().await;
    room.say(200, 0.001).await;
    room.say(40, 0.3).await;
    room.say(1, 1.0).await;
    let ClientFrame::AskAudio { called, .. } = room.asked().await else {
        panic!("the first that is said is a request")
    };
    let called = called.unwrap();
    assert_eq!((&*called.phrase, &*called.detector), ("hey loqa", "loud"));
    assert_eq!((called.above_noise_db.round(), called.ago_ms), (50.0, 120));
    assert_ne!(called.utterance, 0);
    room.answer(ServerFrame::Done { id: 1 }).await;
    room.shows(Light::Listening).await;
    room.sleeps().await;
    while let ClientFrame::Audio { id: 1, .. } = room.asked().await {}
    assert!(room.heard.lock().unwrap().is_empty());
    // The next call is another.
    room.say(100, 0.001).await;
    room.say(1, 1.0).await;
    assert!(matches!(
        room.asked().await,
        ClientFrame::AskAudio { id: 2, .. }
    ));
}

#[tokio::test]
async fn a_muted_puck_sends_nothing_and_shows_it() {
    let mut room = room().await;
    room.say(30, 0.3).await;
    room.say(1, 1.0).await;
    assert!(matches!(
        room.asked().await,
        ClientFrame::AskAudio { id: 1, .. }
    ));
    let set = |muted| ServerFrame::Puck {
        id: SETTINGS,
        volume: 40,
        muted,
    };
    room.answer(set(true)).await;
    room.shows(Light::Muted).await;
    // In the middle of words: they end there.
    while room.asked().await != (ClientFrame::AudioEnd { id: 1 }) {}
    room.say(50, 0.7).await;
    room.say(1, 1.0).await;
    room.say(50, 0.7).await;
    room.answer(set(false)).await;
    room.shows(Light::Asleep).await;
    room.say(10, 0.5).await;
    room.say(1, 1.0).await;
    assert!(matches!(
        room.asked().await,
        ClientFrame::AskAudio { id: 2, .. }
    ));
    assert_eq!(room.heard(6).await, "55555a");
}

#[tokio::test]
async fn what_was_said_while_the_hub_died_is_said_again_to_the_next_and_named_alike() {
    let mut room = room().await;
    room.say(100, 0.001).await;
    room.say(1, 1.0).await;
    let ClientFrame::AskAudio { called, .. } = room.asked().await else {
        panic!("the first that is said is a request")
    };
    let first = called.unwrap();
    room.say(20, 0.2).await;
    room.heard(26).await;
    room._reached.send_replace(None);
    room.shows(Light::Offline).await;
    // They finish their sentence, and then talk to somebody else.
    room.say(10, 0.4).await;
    room.say(70, 0.0).await;
    room.say(10, 0.7).await;
    let mut config = Config::default();
    config.puck.codec = Codec::Pcm16;
    let next = house(&config).await;
    room._reached.send_replace(Some(next.at_node.clone()));
    room.client = comes(&next).await;
    let ClientFrame::AskAudio { id, called, .. } = room.asked().await else {
        panic!("it says again what was said")
    };
    let again = called.unwrap();
    assert_eq!((id, again.utterance), (2, first.utterance));
    assert!(again.ago_ms > first.ago_ms, "{} ms", again.ago_ms);
    let said = room.heard(96).await;
    assert_eq!(
        said,
        format!("00000a{}4444444444{}", "2".repeat(20), "0".repeat(60))
    );
    assert_eq!(room.asked().await, ClientFrame::AudioEnd { id: 2 });
    // It was answered: nothing is said a third time.
    room.answer(ServerFrame::Speech {
        id: 2,
        format: AudioFormat {
            sample_rate_hz: 16_000,
        },
        samples: vec![0.5; 1600],
    })
    .await;
    room.turn(2, "The kitchen lights are off.").await;
    room.shows(Light::Speaking).await;
    room.shows(Light::Asleep).await;
    room._reached.send_replace(None);
    room.shows(Light::Offline).await;
    let last = house(&config).await;
    room._reached.send_replace(Some(last.at_node.clone()));
    room.client = comes(&last).await;
    room.say(100, 0.001).await;
    room.say(1, 1.0).await;
    let ClientFrame::AskAudio { id, called, .. } = room.asked().await else {
        panic!("it is a new call")
    };
    assert!(id == 3 && called.unwrap().utterance != first.utterance);
}
