//! The room: what the microphone hears, whom Loqa listens to, and the conversation with them.

use super::{
    Shared,
    calls::{Claim, Standing, WithWord, Word},
    conversation::{decided, is_doubted},
    interruption::Interruption,
    meter::Meter,
};
use crate::{
    people::MICROPHONE,
    session::{SessionHandle, Stimulus},
    tasks::TaskKind,
};
use futures::{
    StreamExt,
    executor::block_on,
    stream::{self, BoxStream},
};
use loqa_core::{
    arbitration::Loudness,
    attention::{Admitted, Attention, Gate},
    barge_in::{Act, Sounding},
    seams::{
        AudioFrame, FRAME_SAMPLES, Microphone, MicrophoneEvent, SAMPLE_RATE_HZ, Speaker, Wake,
        WakeWord,
    },
};
use loqa_inference::{
    echo::Echo,
    playback::{Reference, attentive},
};
use loqa_protocol::{Called, Envelope, Event, SessionId};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;

/// Frames between the microphone and its conversation: 2 s. When full, frames are lost.
const FRAMES: usize = 100;
/// Events of the conversation that wait to be told; the session sheds more.
const EVENTS: usize = 256;
/// Samples without a word after which a conversation is over, and the next one a new one: 2 min.
const IDLE: u64 = 120 * SAMPLE_RATE_HZ as u64;

/// Whether the room is listened to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Listening {
    /// It is not, and why.
    Off(String),
    /// The microphone is being opened, or the recogniser made ready.
    Opening,
    /// The microphone of this name hears, and waits for a wake phrase.
    Asleep(String),
    /// What it hears is for Loqa.
    Awake(String),
    /// The microphone of this name works, and what it hears is thrown away.
    Muted(String),
    /// There is no microphone, and why; it is looked for.
    Lost(String),
}

/// What a key does, rather than a wake phrase.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Call {
    /// What follows is for Loqa.
    Begins,
    /// That was all.
    Ends,
}

/// What the thread of the wake phrases hands on.
enum Heard {
    /// The next 20 ms, how far they stand above what may be left of Loqa's own voice (dB), and
    /// whether a wake phrase ended.
    Frame(AudioFrame, f32, Option<Wake>),
    Found(String),
    Lost(String),
}

/// Listens to a microphone until the hub stops. Without detectors it is woken by `called` alone,
/// or, if `always`, need not be woken.
pub(super) fn listen(
    hub: &Arc<Shared>,
    microphone: Arc<dyn Microphone>,
    detectors: Vec<Box<dyn WakeWord>>,
    always: bool,
    called: mpsc::Receiver<Call>,
) -> Result<(), String> {
    let (heard, coming) = mpsc::channel(FRAMES);
    let own_voice = OwnVoice::of(hub.speaker.as_ref().map(|speaker| speaker.reference()));
    hub.rouse_speaker();
    let muted = hub.muted.subscribe();
    let meter = Meter::new(hub.level.clone());
    // Detectors are native and block. It ends with the first frame that nobody takes.
    std::thread::Builder::new()
        .name("loqa-wake".into())
        .spawn(move || {
            watch_out(
                microphone.listen(),
                own_voice,
                detectors,
                meter,
                &muted,
                &heard,
            )
        })
        .map_err(|error| format!("no thread: {error}"))?;
    let (events, told) = mpsc::channel(EVENTS);
    let room = Room {
        hub: hub.clone(),
        gate: if always { Gate::open() } else { Gate::closed() },
        always,
        device: String::new(),
        session: None,
        audio: None,
        interruption: Interruption::new(hub.models.stt.clone()),
        events,
        now: 0,
        busy_at: 0,
        spoken: false,
        ready: false,
        loudness: Loudness::default(),
        word: Word::default(),
        claim: None,
        unsure: Vec::new(),
        session_id: None,
        silenced: None,
    };
    hub.tasks
        .spawn(TaskKind::CLIENT, "room", room.run(coming, told, called));
    Ok(())
}

/// Loqa's own voice in the microphone.
enum OwnVoice {
    /// Nothing can be heard of it.
    Unheard,
    /// It is taken out.
    Cancelled(Box<Echo>),
    /// It cannot be told from others.
    Mixed,
}

impl OwnVoice {
    fn of(speaker: Option<Reference>) -> OwnVoice {
        match speaker.map(Echo::new) {
            None => OwnVoice::Unheard,
            Some(Ok(echo)) => OwnVoice::Cancelled(Box::new(echo)),
            Some(Err(error)) => {
                tracing::warn!(%error, "Loqa can be interrupted by a call only");
                OwnVoice::Mixed
            }
        }
    }

    /// Takes it out of a frame; returns how far that stands above what may be left of it, dB.
    fn take_from(&mut self, frame: &mut AudioFrame) -> f32 {
        match self {
            OwnVoice::Unheard => f32::INFINITY,
            OwnVoice::Cancelled(echo) => echo.clean(frame),
            OwnVoice::Mixed => f32::NEG_INFINITY,
        }
    }
}

/// Hears wake phrases in everything.
fn watch_out(
    mut events: BoxStream<'static, MicrophoneEvent>,
    mut own_voice: OwnVoice,
    mut detectors: Vec<Box<dyn WakeWord>>,
    mut meter: Meter,
    muted: &watch::Receiver<bool>,
    heard: &mpsc::Sender<Heard>,
) {
    while let Some(event) = block_on(events.next()) {
        let next = match event {
            MicrophoneEvent::Found(name) => Heard::Found(name),
            MicrophoneEvent::Lost(reason) => {
                detectors.iter_mut().for_each(|detector| detector.reset());
                Heard::Lost(reason)
            }
            MicrophoneEvent::Frame(mut frame) => {
                let above_echo_db = own_voice.take_from(&mut frame);
                if *muted.borrow() {
                    // Silence, whatever was said: time goes on, and nothing else does.
                    frame.samples = Arc::new([0.0; FRAME_SAMPLES]);
                }
                meter.hear(&frame.samples);
                let samples: Option<&[f32; FRAME_SAMPLES]> = (&*frame.samples).try_into().ok();
                let wakes = detectors
                    .iter_mut()
                    .filter_map(|detector| detector.detect(frame.offset, samples?));
                // Every detector hears every frame; the first phrase to have ended counts.
                let wake = wakes
                    .collect::<Vec<_>>()
                    .into_iter()
                    .min_by_key(|wake| wake.end);
                Heard::Frame(frame, above_echo_db, wake)
            }
        };
        if heard.blocking_send(next).is_err() {
            return;
        }
    }
}

struct Room {
    hub: Arc<Shared>,
    gate: Gate,
    always: bool,
    /// The microphone's name; empty while there is none.
    device: String,
    /// The conversation under way.
    session: Option<SessionHandle>,
    /// Its ears, while it listens.
    audio: Option<mpsc::Sender<AudioFrame>>,
    /// Hears "stop" without a call.
    interruption: Interruption,
    events: mpsc::Sender<Envelope>,
    /// Sample up to which the room was heard.
    now: u64,
    /// When somebody last spoke or was answered.
    busy_at: u64,
    /// Has anybody spoken since it was called?
    spoken: bool,
    /// Can what is said be understood?
    ready: bool,
    loudness: Loudness,
    /// Whether the conversation may do what it is asked.
    word: Word,
    /// To answer the last call, until that is sure.
    claim: Option<Arc<Claim>>,
    /// What was told of the conversation while it was not sure that it answers.
    unsure: Vec<Envelope>,
    /// Of the conversation under way.
    session_id: Option<SessionId>,
    /// A conversation that has lost the word: nothing is left of it.
    silenced: Option<SessionId>,
}

impl Room {
    async fn run(
        mut self,
        mut coming: mpsc::Receiver<Heard>,
        mut told: mpsc::Receiver<Envelope>,
        mut called: mpsc::Receiver<Call>,
    ) {
        let cancelled = self.hub.tasks.cancelled();
        let mut muted = self.hub.muted.subscribe();
        loop {
            let grammar = self.hub.understanding.grammar();
            tokio::select! {
                biased;
                () = cancelled.cancelled() => return,
                words = self.interruption.stopped(&grammar) => self.stop(words),
                Some(envelope) = told.recv() => self.tell(envelope).await,
                () = decided(&self.claim) => self.decided().await,
                Ok(()) = muted.changed() => self.mute().await,
                Some(call) = called.recv() => match call {
                    Call::Begins => self.wake(self.now, None).await,
                    Call::Ends => self.gate.finished(),
                },
                heard = coming.recv() => match heard {
                    Some(heard) => self.hear(heard).await,
                    None => return,
                },
            }
        }
    }

    async fn hear(&mut self, heard: Heard) {
        match heard {
            Heard::Frame(frame, above_echo_db, wake) => {
                self.loudness.hear(&frame);
                self.frame(frame, above_echo_db).await;
                if let Some(wake) = wake {
                    tracing::info!(score = wake.score, doubted = wake.doubted, "called");
                    let end = wake.end;
                    self.wake(end, Some(wake)).await;
                }
            }
            Heard::Found(name) => {
                tracing::debug!(name, "microphone found");
                self.device = name;
                self.show();
            }
            Heard::Lost(reason) => {
                tracing::debug!(reason, "microphone lost");
                self.device.clear();
                self.hub.listening.send_replace(Listening::Lost(reason));
            }
        }
    }

    /// What the conversation under way is at.
    fn attention(&self) -> Attention {
        let session = self.session.as_ref();
        session.map(SessionHandle::attention).unwrap_or_default()
    }

    async fn frame(&mut self, mut frame: AudioFrame, above_echo_db: f32) {
        self.now = frame.offset + FRAME_SAMPLES as u64;
        if !self.ready {
            self.ready = *self.hub.learned.borrow();
            self.show();
            return;
        }
        let attention = self.attention();
        if attention.busy || attention.asking {
            self.busy_at = self.now;
        } else if self.now.saturating_sub(self.busy_at) >= IDLE {
            // The next word begins another conversation.
            self.busy_at = self.now;
            self.audio = None;
            self.session = None;
        }
        let heard = frame.clone();
        let admitted = self.gate.hear(&mut frame, attention);
        match admitted {
            Admitted::Nothing => {}
            Admitted::Closed if is_doubted(&self.claim) => self.dismiss().await,
            Admitted::Closed => {
                self.audio = None;
                self.show();
            }
            Admitted::Frame => {
                if self.audio.is_none() {
                    self.begin(Vec::new()).await;
                }
                // Full: the conversation is more than 2 s behind, and misses this.
                if let Some(audio) = &self.audio {
                    let _ = audio.try_send(frame);
                }
            }
        }
        self.interrupted(&heard, above_echo_db, attention).await;
    }

    /// Listens to whoever speaks over Loqa.
    async fn interrupted(&mut self, frame: &AudioFrame, above_echo_db: f32, attention: Attention) {
        let sounding = if attention.speaking {
            Sounding::Reply
        } else if self.hub.floor.sounds() && !self.gate.is_open() {
            Sounding::Ring
        } else {
            Sounding::Nothing
        };
        let acts = self.interruption.hear(frame, above_echo_db, sounding);
        // It may be to be answered.
        if self.interruption.hears_voice() {
            self.hub.rouse_speaker();
        }
        for act in acts {
            match act {
                Act::Duck => self.hub.floor.duck(true),
                Act::Restore => self.hub.floor.duck(false),
                Act::Listen { from } => {
                    let since = self.gate.since(from);
                    let grammar = self.hub.understanding.grammar();
                    self.interruption.listen(since, &grammar);
                }
                Act::Finish => self.interruption.finish(),
                Act::Yield { from } => self.give_way(from, attention.asking).await,
            }
        }
    }

    /// Somebody has the word since sample `from`. They may answer a question before it has been
    /// said; anything else needs a call.
    async fn give_way(&mut self, from: u64, asking: bool) {
        self.hub.floor.silence();
        let Some(session) = &self.session else { return };
        let _ = session.interrupt().await;
        self.audio = None;
        self.gate.interrupted();
        if asking || self.always {
            self.begin(self.gate.since(from)).await;
        }
    }

    /// Somebody has said "stop", in these words, and not to a conversation that would hear it.
    fn stop(&mut self, words: String) {
        self.hub.floor.silence();
        let session = self.session();
        self.hub.tasks.spawn(TaskKind::CLIENT, "stop", async move {
            // The summary comes as an event too.
            let _ = session.ask(words).await;
        });
    }

    /// The conversation under way, or a new one.
    fn session(&mut self) -> SessionHandle {
        let session = self.session.get_or_insert_with(|| {
            let mut parts =
                self.hub
                    .session_parts(self.hub.floor.clone(), self.events.clone(), MICROPHONE);
            // Who listens to everything is asked little of it.
            parts.turn.open_questions &= !self.always;
            self.session_id = Some(parts.id);
            let speaker = parts.speaker.take();
            let speaker = speaker.map(|it| WithWord::new(it, self.word.clone()));
            parts.speaker = speaker.map(|it| Arc::new(it) as Arc<dyn Speaker>);
            parts.host = Arc::new(WithWord::new(parts.host, self.word.clone()));
            self.hub.converse(parts)
        });
        session.clone()
    }

    /// Somebody has called Loqa, by this phrase or a key; what follows sample `end` is for it, unless another microphone
    /// has heard the phrase better.
    async fn wake(&mut self, end: u64, wake: Option<Wake>) {
        if self.always || !self.ready || *self.hub.muted.borrow() {
            return;
        }
        let (attention, doubting) = (self.attention(), is_doubted(&self.claim));
        let doubts = |wake| self.gate.doubts(wake, attention, doubting);
        let doubted = wake.as_ref().is_some_and(doubts);
        if doubting {
            self.dismiss().await;
        }
        let called = wake.map(|wake| Called {
            phrase: wake.phrase,
            ago_ms: ms(self.now.saturating_sub(end)),
            above_noise_db: self.loudness.above_noise_db(end),
            score: wake.score,
            detector: wake.detector.into(),
            doubted,
            ..Called::default()
        });
        let Ok(claim) = self.hub.claim(MICROPHONE, called.as_ref()) else {
            return;
        };
        self.tell_unsure();
        self.word.take(claim.clone(), None);
        self.claim = claim.filter(|it| it.standing() == Standing::Leads);
        self.busy_at = self.now;
        self.spoken = false;
        let since = self.gate.wake(end);
        // What Loqa was saying or hearing is over: it may have taken the phrase for an answer. A
        // question stays open for what follows.
        if let Some(session) = &self.session {
            let _ = if attention.asking {
                session.interrupt().await
            } else {
                session.cancel().await
            };
        }
        if self.hub.config.listen.chime && self.claim.is_none() {
            self.chime();
        }
        self.begin(since).await;
        self.show();
    }

    /// It is sure now who answers the call.
    async fn decided(&mut self) {
        let Some(claim) = self.claim.take() else {
            return;
        };
        if claim.standing() == Standing::Lost {
            return self.dismiss().await;
        }
        // Whoever has just been understood needs no sign of it.
        if self.hub.config.listen.chime && !claim.was_doubted() {
            self.chime();
        }
        self.tell_unsure();
        self.show();
    }

    /// What is said is not for this microphone: nothing is left of it.
    async fn dismiss(&mut self) {
        self.claim = None;
        self.unsure.clear();
        if let Some(session) = self.session.take() {
            let _ = session.cancel().await;
        }
        self.silenced = self.session_id.take();
        self.audio = None;
        self.gate.answered();
        self.show();
    }

    /// Lets the conversation listen, to these frames first.
    async fn begin(&mut self, since: Vec<AudioFrame>) {
        let session = self.session();
        let (audio, frames) = mpsc::channel(FRAMES);
        for frame in since {
            let _ = audio.try_send(frame);
        }
        let frames = ReceiverStream::new(frames).boxed();
        // The summaries come as events too.
        let stimulus = Stimulus {
            doubted: is_doubted(&self.claim),
            ..Stimulus::default()
        };
        match session.listen(frames, stimulus).await {
            Ok(_) => self.audio = Some(audio),
            Err(_) => self.session = None,
        }
    }

    /// Somebody has muted Loqa, or lets it hear again: what it was hearing is over.
    async fn mute(&mut self) {
        if is_doubted(&self.claim) {
            return self.dismiss().await;
        }
        if let Some(session) = &self.session {
            let _ = session.cancel().await;
        }
        self.show();
    }

    /// A sign that it was called.
    fn chime(&self) {
        let reply = self.hub.floor.arm(stream::iter([Ok(attentive())]).boxed());
        self.hub
            .tasks
            .spawn(TaskKind::BACKGROUND, "chime", async move {
                if reply.start().await.is_ok() {
                    reply.finished().await;
                }
            });
    }

    async fn tell(&mut self, envelope: Envelope) {
        if self.silenced == Some(envelope.session_id) {
            return;
        }
        match &envelope.event {
            Event::SpeechStarted => self.spoken = true,
            // Not the turn that the call has ended.
            Event::TurnSummary(summary) if self.spoken && !summary.rejected => {
                self.gate.answered();
                // Something has come of it, be it in silence.
                if let Some(claim) = &self.claim {
                    claim.settle();
                }
            }
            Event::TurnSummary(_) if self.spoken && is_doubted(&self.claim) => {
                return self.dismiss().await;
            }
            _ => {}
        }
        match self.claim {
            Some(_) => self.unsure.push(envelope),
            None => self.hub.announce(envelope),
        }
    }

    fn tell_unsure(&mut self) {
        for envelope in std::mem::take(&mut self.unsure) {
            self.hub.announce(envelope);
        }
    }

    fn show(&self) {
        let device = self.device.clone();
        if device.is_empty() || !self.ready {
            return;
        }
        let state = if *self.hub.muted.borrow() {
            Listening::Muted(device)
        } else if self.gate.is_open() && !is_doubted(&self.claim) {
            Listening::Awake(device)
        } else {
            Listening::Asleep(device)
        };
        self.hub
            .listening
            .send_if_modified(|before| std::mem::replace(before, state.clone()) != state);
    }
}

/// Samples as time.
fn ms(samples: u64) -> u32 {
    u32::try_from(samples * 1000 / u64::from(SAMPLE_RATE_HZ)).unwrap_or(u32::MAX)
}

/// Where it is told whether the room is listened to.
pub(super) fn state() -> watch::Sender<Listening> {
    watch::Sender::new(Listening::Off("this command does not listen".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_while_muted_leaves_the_thread_as_silence() {
        let frame = |number: usize| {
            MicrophoneEvent::Frame(AudioFrame {
                offset: (number * FRAME_SAMPLES) as u64,
                samples: Arc::new([0.5; FRAME_SAMPLES]),
            })
        };
        let loudest = |muted: bool| {
            let muted = watch::Sender::new(muted).subscribe();
            let (heard, mut coming) = mpsc::channel(FRAMES);
            let events = stream::iter((0..3).map(frame)).boxed();
            let meter = Meter::new(watch::Sender::default());
            watch_out(events, OwnVoice::Unheard, Vec::new(), meter, &muted, &heard);
            let frames = std::iter::from_fn(|| coming.try_recv().ok());
            let loudness = frames.map(|heard| match heard {
                Heard::Frame(frame, ..) => frame.samples.iter().copied().fold(0.0, f32::max),
                _ => 1.0,
            });
            loudness.collect::<Vec<_>>()
        };
        assert_eq!(loudest(false), [0.5; 3]);
        assert_eq!(loudest(true), [0.0; 3]);
    }
}
