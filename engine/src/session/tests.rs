//! Conversations with scripted models on paused time: what is said when, and what comes of it.

use super::*;
use futures::{
    FutureExt, StreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use loqa_core::{
    home::Home,
    manifest::{Intent, Manifest},
    policy::{Pin, Risk},
    seams::{
        ArmedReply, AudioFrame, Committed, Draft, DraftId, FRAME_SAMPLES, GuessedWord, HostError,
        ModelError, PrepareRequest, Proof, SpeakOptions, SpeechChunk, TextStream,
        TranscribeOptions, Unproved,
    },
};
use loqa_protocol::{EffectKind, Event, Hypothesis, Placement, UtteranceId, Verdict};
use std::{
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// Speech is whatever is loud.
struct Loudness;

impl VoiceActivity for Loudness {
    fn window(&self) -> usize {
        256
    }
    fn score(&mut self, window: &[f32]) -> f32 {
        if window.iter().any(|sample| sample.abs() > 0.01) {
            1.0
        } else {
            0.0
        }
    }
    fn reset(&mut self) {}
}

/// Hears each word at a given time (ms); fails if it has no words.
struct Script(Vec<(u64, &'static str)>);

impl SpeechToText for Script {
    fn transcribe(
        &self,
        audio: AudioFrames,
        _: TranscribeOptions,
    ) -> BoxStream<'static, Result<Hypothesis, ModelError>> {
        if self.0.is_empty() {
            return stream::iter([Err(ModelError::Backend("the recogniser is gone".into()))])
                .boxed();
        }
        let script = self.0.clone();
        let heard = move |from: u64, through: u64, is_final| {
            let words: Vec<_> = script
                .iter()
                .filter(|(ms, _)| (from..=through).contains(&(ms * 16)))
                .map(|(_, word)| *word)
                .collect();
            let verdict = if is_final {
                Verdict::Accepted
            } else {
                Verdict::Unknown
            };
            Hypothesis {
                committed: words.join(" "),
                through,
                is_final,
                verdict,
                ..Hypothesis::default()
            }
        };
        stream::unfold(
            (audio, None, heard, false),
            |(mut audio, span, heard, done)| async move {
                if done {
                    return None;
                }
                let frame = audio.next().await;
                let (from, through) = match (&frame, span) {
                    (Some(frame), None) => (frame.offset, frame.offset + 320),
                    (Some(frame), Some((from, _))) => (from, frame.offset + 320),
                    (None, span) => span.unwrap_or((0, 0)),
                };
                let hypothesis = heard(from, through, frame.is_none());
                Some((
                    Ok(hypothesis),
                    (audio, Some((from, through)), heard, frame.is_none()),
                ))
            },
        )
        .boxed()
    }
    fn load_grammar(
        &self,
        _: Arc<loqa_core::grammar::SpeechGrammar>,
    ) -> BoxFuture<'static, Result<Vec<GuessedWord>, ModelError>> {
        async { Ok(Vec::new()) }.boxed()
    }
}

/// Remembers what it was asked to say.
#[derive(Default)]
struct Voicebox(Mutex<Vec<String>>);

impl TextToSpeech for Voicebox {
    fn synthesize(
        &self,
        text: TextStream,
        _: SpeakOptions,
    ) -> BoxStream<'static, Result<SpeechChunk, ModelError>> {
        text.map(|_| {
            Ok(SpeechChunk {
                sample_rate_hz: 16_000,
                samples: vec![0.1; 320],
            })
        })
        .boxed()
    }
}

impl Speaker for Voicebox {
    fn arm(
        &self,
        mut audio: BoxStream<'static, Result<SpeechChunk, ModelError>>,
    ) -> Box<dyn ArmedReply> {
        // Whoever counts the first chunk must see it.
        audio.next().now_or_never();
        self.0.lock().unwrap().push("armed".into());
        Box::new(Playing)
    }
}

/// Starts at once, lasts 300 ms.
struct Playing;

impl ArmedReply for Playing {
    fn start(&self) -> BoxFuture<'static, Result<std::time::Instant, ModelError>> {
        async { Ok(Instant::now().into_std()) }.boxed()
    }
    fn finished(&self) -> BoxFuture<'static, Duration> {
        async {
            sleep(Duration::from_millis(300)).await;
            Duration::from_millis(300)
        }
        .boxed()
    }
    fn heard(&self) -> Duration {
        Duration::ZERO
    }
    fn set_gain_db(&self, _: f32) {}
}

/// Does everything, after a while.
#[derive(Default)]
struct Host {
    takes: Duration,
    next: AtomicU64,
    done: Arc<Mutex<Vec<String>>>,
    plans: Mutex<Vec<(DraftId, PrepareRequest)>>,
    /// What the household is asked to wait longer, ms: all there is of its state.
    longer_ms: AtomicU64,
}

impl SkillHost for Host {
    fn prepare(&self, request: &PrepareRequest) -> Result<Draft, HostError> {
        let id = DraftId(self.next.fetch_add(1, SeqCst));
        self.plans.lock().unwrap().push((id, request.clone()));
        Ok(Draft {
            id,
            reply: "Done.".into(),
            effects: true,
            confirm: None,
            pin: false,
            hushed: false,
            ask: None,
            epoch: 0,
        })
    }
    fn commit(
        &self,
        _: UtteranceId,
        draft: DraftId,
    ) -> BoxFuture<'static, Result<Committed, HostError>> {
        let mut plans = self.plans.lock().unwrap();
        let Some(index) = plans.iter().position(|(id, _)| *id == draft) else {
            return async { Err(HostError::Stale) }.boxed();
        };
        let (_, request) = plans.remove(index);
        let (takes, done) = (self.takes, self.done.clone());
        async move {
            sleep(takes).await;
            done.lock()
                .unwrap()
                .extend(request.steps.into_iter().map(|step| step.intent));
            Ok(Committed {
                reply: "Done.".into(),
                effects: vec![EffectKind::Device],
                cards: Vec::new(),
                told: Vec::new(),
                ok: true,
            })
        }
        .boxed()
    }
    fn prove(&self, pin: Pin) -> BoxFuture<'static, Result<Proof, Unproved>> {
        let right = pin.digits() == "1815";
        async move { right.then_some(Proof(1)).ok_or(Unproved::Wrong) }.boxed()
    }
    fn barred(&self, _: &str, _: Option<&str>) -> Vec<Risk> {
        Vec::new()
    }
    fn discard(&self, draft: DraftId) {
        self.plans.lock().unwrap().retain(|(id, _)| *id != draft);
    }
    fn epoch(&self) -> u64 {
        self.longer_ms.load(SeqCst)
    }
}

struct Room {
    session: Option<SessionHandle>,
    host: Arc<Host>,
    events: mpsc::Receiver<Envelope>,
    tasks: Tasks,
}

const WORDS: [(u64, &str); 4] = [(500, "turn"), (700, "off"), (900, "the"), (1200, "lights")];

fn room(stt: Option<Script>, takes: Duration) -> Room {
    let intent = |name: &str, sentence: &str| Intent {
        name: name.into(),
        sentences: vec![sentence.into()],
        ..Intent::default()
    };
    let home = Manifest {
        name: "home".into(),
        intents: vec![
            intent("lights_off", "turn off the lights"),
            intent("fan_on", "turn on the fan"),
        ],
        ..Manifest::default()
    };
    let grammar =
        Grammar::compile(&[home], &Home::default()).unwrap_or_else(|errors| panic!("{errors:?}"));
    // The sender may go: the grammar stays.
    let (_, grammar) = watch::channel(Arc::new(grammar));
    let (sink, events) = mpsc::channel(1024);
    let host = Arc::new(Host {
        takes,
        ..Host::default()
    });
    let voice = Arc::new(Voicebox::default());
    let patient = host.clone();
    let parts = SessionParts {
        id: SessionId(7),
        stt: stt.map(|script| Arc::new(script) as Arc<dyn SpeechToText>),
        llm: None,
        tts: Some(voice.clone()),
        speaker: Some(voice),
        vad: Arc::new(|| Box::new(Loudness)),
        host: host.clone(),
        grammar,
        events: sink,
        voice: Voice("slt".into()),
        placements: ["stt.script:words", "tts.tone:a"]
            .map(|capability| Placement {
                capability: capability.into(),
                reason: String::new(),
            })
            .into(),
        room: None,
        place: String::new(),
        origin: "hub".into(),
        tier: QosTier::Fast,
        keeps: Arc::new(Keeps::default),
        zone: TimeZone::UTC,
        endpoint: Arc::new(move || {
            let mut config = EndpointConfig::default();
            config.hangover.closed += Duration::from_millis(patient.longer_ms.load(SeqCst));
            config
        }),
        turn: TurnConfig::default(),
    };
    let tasks = Tasks::new();
    Room {
        session: Some(Session::spawn(parts, &tasks)),
        host,
        events,
        tasks,
    }
}

impl Room {
    /// Plays audio that is loud in `voiced` (ms) and lasts `length_ms`.
    async fn play(
        &self,
        voiced: &[(u64, u64)],
        length_ms: u64,
        stimulus: Stimulus,
    ) -> mpsc::Receiver<TurnSummary> {
        let voiced = voiced.to_vec();
        let began = Instant::now();
        let fast = stimulus.fast;
        let frames = stream::iter(0..length_ms / 20).then(move |k| {
            let loud = voiced
                .iter()
                .any(|(from, to)| (*from..*to).contains(&(k * 20)));
            // A tone, not a constant: real speech has no direct current.
            let samples = (0..FRAME_SAMPLES)
                .map(|i| {
                    if loud {
                        0.2 * (i as f32 * 0.3).sin()
                    } else {
                        0.0001 * (i as f32).sin()
                    }
                })
                .collect();
            async move {
                if !fast {
                    sleep_until(began + Duration::from_millis((k + 1) * 20)).await;
                }
                AudioFrame {
                    offset: k * FRAME_SAMPLES as u64,
                    samples,
                }
            }
        });
        self.session
            .as_ref()
            .unwrap()
            .listen(frames.boxed(), stimulus)
            .await
            .unwrap()
    }

    async fn hear(
        &self,
        voiced: &[(u64, u64)],
        length_ms: u64,
        stimulus: Stimulus,
    ) -> Vec<TurnSummary> {
        let mut summaries = self.play(voiced, length_ms, stimulus).await;
        let mut all = Vec::new();
        while let Some(summary) = timeout(Duration::from_secs(60), summaries.recv())
            .await
            .expect("every turn ends")
        {
            all.push(summary);
        }
        all
    }

    fn done(&self) -> Vec<String> {
        self.host.done.lock().unwrap().clone()
    }

    fn subjects(&mut self) -> Vec<&'static str> {
        let mut subjects = Vec::new();
        while let Ok(envelope) = self.events.try_recv() {
            if !matches!(envelope.event, Event::SttPartial { .. }) {
                subjects.push(envelope.event.subject());
            }
        }
        subjects
    }
}

fn stimulus(speech_end_ms: u64, fast: bool) -> Stimulus {
    Stimulus {
        file: Some("lights.wav".into()),
        speech_end: Some(speech_end_ms * 16),
        fast,
        doubted: false,
    }
}

#[tokio::test(start_paused = true)]
async fn a_spoken_command_is_answered_within_its_hangover() {
    let mut room = room(Some(Script(WORDS.into())), Duration::ZERO);
    let summaries = room.hear(&[(300, 1300)], 3000, stimulus(1300, false)).await;
    let [summary] = summaries.as_slice() else {
        panic!("one turn, not {summaries:?}")
    };
    assert_eq!(
        (summary.text.as_str(), summary.reply.as_str()),
        ("turn off the lights", "Done.")
    );
    assert_eq!(
        (summary.file.as_deref(), summary.intent.as_deref()),
        (Some("lights.wav"), Some("home.lights_off"))
    );
    assert_eq!((summary.cut_off, summary.early), (Some(false), Some(false)));
    assert_eq!(summary.speculation, loqa_protocol::Speculation::Hit);
    let ttfa_ms = summary.ttfa_ms.unwrap();
    assert!(
        (40.0..=60.5).contains(&ttfa_ms),
        "{ttfa_ms} ms on a machine that takes no time"
    );
    assert_eq!(room.done(), ["lights_off"]);
    let partials = summary.partials.iter();
    let partials: Vec<_> = partials
        .map(|partial| format!("{:.0} {}", partial.at_ms, partial.text))
        .collect();
    let expected = [
        "-800 turn",
        "-600 turn off",
        "-400 turn off the",
        "-100 turn off the lights",
    ];
    assert_eq!(partials, expected, "before the last word had ended");
    assert_eq!(summary.placements.len(), 2);
    let expected = [
        "audio.speech.started",
        "nlu.response",
        "audio.speech.ended",
        "stt.text.final",
        "skill.invoke",
        "skill.result",
        "tts.request",
        "tts.reply.started",
        "tts.reply.ended",
        "turn.summary",
    ];
    assert_eq!(room.subjects(), expected);
}

#[tokio::test(start_paused = true)]
async fn the_sample_clock_decides_the_same_without_waiting() {
    let real = room(Some(Script(WORDS.into())), Duration::ZERO)
        .hear(&[(300, 1300)], 3000, stimulus(1300, false))
        .await;
    let began = Instant::now();
    let fast = room(Some(Script(WORDS.into())), Duration::ZERO)
        .hear(&[(300, 1300)], 3000, stimulus(1300, true))
        .await;
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "{:?} of waiting",
        began.elapsed()
    );
    let told = |summaries: &[TurnSummary]| -> Vec<_> {
        summaries
            .iter()
            .map(|turn| {
                (
                    turn.text.clone(),
                    turn.endpoint_delay_ms.map(f64::round),
                    turn.cut_off,
                    turn.early,
                )
            })
            .collect()
    };
    assert_eq!(told(&fast), told(&real));
}

#[tokio::test(start_paused = true)]
async fn speech_up_to_the_last_sample_is_followed_by_silence() {
    let room = room(Some(Script(WORDS.into())), Duration::ZERO);
    let summaries = room.hear(&[(300, 1300)], 1300, Stimulus::default()).await;
    assert_eq!(
        summaries
            .iter()
            .map(|summary| summary.text.as_str())
            .collect::<Vec<_>>(),
        ["turn off the lights"]
    );
    assert_eq!(
        summaries[0].cut_off, None,
        "not known without the end of the last word"
    );
}

#[tokio::test(start_paused = true)]
async fn patience_holds_from_the_next_frame_on() {
    let mut delays_ms = Vec::new();
    for longer_ms in [0, 500] {
        let room = room(Some(Script(WORDS.into())), Duration::ZERO);
        let mut summaries = room.play(&[(300, 1300)], 3000, Stimulus::default()).await;
        sleep(Duration::from_millis(800)).await;
        room.host.longer_ms.store(longer_ms, SeqCst);
        let turn = summaries.recv().await.unwrap();
        delays_ms.extend(turn.endpoint_delay_ms.map(f64::round));
    }
    assert_eq!(delays_ms[1] - delays_ms[0], 500.0, "{delays_ms:?}");
}

#[tokio::test(start_paused = true)]
async fn silence_is_one_rejected_turn() {
    let room = room(Some(Script(WORDS.into())), Duration::ZERO);
    let summaries = room.hear(&[], 2000, Stimulus::default()).await;
    assert_eq!(
        summaries
            .iter()
            .map(|summary| (summary.rejected, summary.reply.as_str()))
            .collect::<Vec<_>>(),
        [(true, "")]
    );
    assert!(room.done().is_empty());
}

#[tokio::test(start_paused = true)]
async fn and_after_a_pause_is_a_step_of_the_same_turn() {
    let words = [
        &WORDS[..],
        &[
            (2000, "and"),
            (2100, "turn"),
            (2200, "on"),
            (2300, "the"),
            (2400, "fan"),
        ],
    ]
    .concat();
    for fast in [false, true] {
        let room = room(Some(Script(words.clone())), Duration::ZERO);
        let summaries = room
            .hear(&[(300, 1300), (1900, 2500)], 5000, stimulus(2500, fast))
            .await;
        let [summary] = summaries.as_slice() else {
            panic!("one turn, not {summaries:?}")
        };
        assert_eq!(
            (summary.text.as_str(), summary.reply.as_str()),
            ("turn off the lights and turn on the fan", "Done. Done.")
        );
        assert_eq!((summary.steps.len(), summary.cut_off), (2, Some(false)));
        assert_eq!(room.done(), ["lights_off", "fan_on"]);
    }
}

#[tokio::test(start_paused = true)]
async fn words_after_the_commit_that_fit_nowhere_are_counted_as_cut_off() {
    let words = [&WORDS[..], &[(2000, "in"), (2100, "the"), (2200, "attic")]].concat();
    for fast in [false, true] {
        let room = room(Some(Script(words.clone())), Duration::ZERO);
        let summaries = room
            .hear(&[(300, 1300), (1900, 2500)], 5000, stimulus(2500, fast))
            .await;
        assert_eq!(
            summaries.first().and_then(|first| first.cut_off),
            Some(true),
            "{summaries:?}"
        );
        assert_eq!(room.done(), ["lights_off"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_host_is_bridged_and_both_times_are_kept() {
    let mut room = room(Some(Script(WORDS.into())), Duration::from_millis(500));
    let summaries = room.hear(&[(300, 1300)], 4000, stimulus(1300, false)).await;
    let summary = &summaries[0];
    let (ttfa_ms, result_ms) = (summary.ttfa_ms.unwrap(), summary.result_ms.unwrap());
    assert!(
        result_ms > 500.0 && ttfa_ms >= result_ms,
        "the neutral phrase is not the answer: {ttfa_ms} ms, {result_ms} ms"
    );
    assert_eq!(summary.reply, "Done.");
    assert_eq!(room.subjects().last(), Some(&"turn.summary"));
}

#[tokio::test(start_paused = true)]
async fn without_ears_typing_works_and_speech_is_told_why_not() {
    let mut room = room(None, Duration::ZERO);
    let typed = room
        .session
        .as_ref()
        .unwrap()
        .ask("Turn off the lights!")
        .await
        .unwrap();
    assert_eq!((typed.reply.as_str(), typed.ttfa_ms), ("Done.", None));
    let spoken = room.hear(&[(300, 1300)], 2000, Stimulus::default()).await;
    assert!(!spoken.is_empty() && spoken.iter().all(|turn| turn.intent.is_none()));
    assert!(room.subjects().contains(&"ctrl.node.health"));
    assert_eq!(room.done(), ["lights_off"]);
}

#[tokio::test(start_paused = true)]
async fn a_recogniser_that_fails_is_named_and_the_next_typed_turn_works() {
    let mut room = room(Some(Script(Vec::new())), Duration::ZERO);
    let spoken = room.hear(&[(300, 1300)], 2000, Stimulus::default()).await;
    assert!(spoken.iter().all(|turn| turn.intent.is_none()));
    assert!(room.subjects().contains(&"ctrl.node.health"));
    assert_eq!(
        room.session
            .as_ref()
            .unwrap()
            .ask("turn on the fan")
            .await
            .unwrap()
            .reply,
        "Done."
    );
}

#[tokio::test(start_paused = true)]
async fn cancel_ends_what_is_under_way_without_an_effect() {
    let room = room(Some(Script(WORDS.into())), Duration::ZERO);
    let mut summaries = room.play(&[(300, 1300)], 3000, Stimulus::default()).await;
    sleep(Duration::from_millis(1000)).await;
    room.session.as_ref().unwrap().cancel().await.unwrap();
    assert_eq!(
        summaries.recv().await.map(|turn| turn.reply),
        Some(String::new())
    );
    assert_eq!(
        summaries.recv().await.map(|turn| turn.text),
        None,
        "listening has ended"
    );
    assert!(room.done().is_empty() && room.host.plans.lock().unwrap().is_empty());
    assert_eq!(
        room.session
            .as_ref()
            .unwrap()
            .ask("turn on the fan")
            .await
            .unwrap()
            .reply,
        "Done."
    );
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_with_its_last_handle() {
    let mut room = room(Some(Script(WORDS.into())), Duration::ZERO);
    let _listening = room.play(&[(300, 1300)], 3000, Stimulus::default()).await;
    sleep(Duration::from_millis(1000)).await;
    room.session = None;
    let began = Instant::now();
    while !room.tasks.names().is_empty() {
        sleep(Duration::from_millis(1)).await;
    }
    assert!(began.elapsed() <= Duration::from_millis(50));
    assert!(room.done().is_empty() && room.host.plans.lock().unwrap().is_empty());
}
