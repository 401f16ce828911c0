//! A microphone and a speaker in a room.
//!
//! ```text
//! microphone ─► echo ─► wake ─► gate ─► hub      nothing of the room leaves this machine before somebody has called, or may have
//!                                        └─► speaker, lights
//! ```
//! What is gated is the core's to decide, as at the hub; this carries frames and shows what happens.

mod ears;
mod mouth;
mod panel;
mod recording;
mod said;
mod settings;

pub use ears::Heard;
pub use mouth::Mouth;
pub use panel::{Button, Light, Panel, Terminal};
pub use recording::Recording;

use crate::{config, link::Reached};
use anyhow::{Context, bail};
use loqa_core::{
    arbitration::Loudness,
    attention::{Admitted, Attention, Gate},
    seams::{AudioFrame, FRAME_SAMPLES, Microphone, Wake, WakeWord},
};
use loqa_inference::{capture::DeviceMicrophone, echo::Echo, playback::DeviceSpeaker, wake};
use loqa_link::wire::{Asker, Link, LinkError, Receiver, Talker};
use loqa_protocol::{Called, ClientFrame, Phase, ServerFrame};
use said::Said;
use settings::{Kept, Settings};
use std::{
    future,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::sync::{mpsc, watch};

/// What the hub says of itself answers this request, which nobody makes: they count from 1.
const UNASKED: u32 = 0;
/// How it is set answers this one.
const SETTINGS: u32 = u32::MAX;
/// Frames between two looks for a hub that went away in the middle of words: 500 ms.
const LOOKS: u64 = 25;
/// That what was said cannot be said again.
const LOST: &str = "the hub was gone, and what you said is lost: say it again";

/// What is heard and played in place of devices.
#[derive(Clone, Debug, Default)]
pub struct Sound {
    /// A recording to hear, once.
    pub wav: Option<PathBuf>,
    /// Where what is answered goes.
    pub out: Option<PathBuf>,
}

/// One.
pub struct Puck {
    heard: mpsc::Receiver<Heard>,
    muted: watch::Sender<bool>,
    mouth: Mouth,
    panel: Box<dyn Panel>,
    gate: Gate,
    chime: bool,
    /// It ends when a recording has.
    once: bool,
    hub: Option<Hub>,
    /// The last request; they count from 1.
    request: u32,
    phase: Phase,
    /// Loqa has asked something and waits for the answer.
    asking: bool,
    /// Sample up to which the room was heard.
    now: u64,
    loudness: Loudness,
    /// The request of which it is not known yet whether it is answered here: then it chimes.
    unsure: Option<u32>,
    /// Whether that was a call is for the hub to find out: until then nothing shows it.
    doubted: bool,
    /// What is being said, until it was answered.
    said: Option<Said>,
    kept: Kept,
}

/// The hub, as long as there is a link to it.
struct Hub {
    asker: Asker,
    answers: Receiver<ServerFrame>,
    /// While somebody is listened to.
    talker: Option<Talker>,
    /// A request that is not over.
    open: bool,
}

/// What hears the phrases that wake it.
pub fn detectors(config: &config::Puck) -> anyhow::Result<Vec<Box<dyn WakeWord>>> {
    if config.wake.is_empty() {
        bail!(
            "`wake` is empty: nobody could call this machine\n  help: write wake = [\"hey loqa\"] under [puck]"
        );
    }
    let models = config.wake_models.as_deref();
    let detectors = config.wake.iter();
    let detectors = detectors.map(|phrase| {
        wake::listen_for(phrase, config.wake_threshold, models)
            .with_context(|| format!("nobody hears `{phrase}` here"))
    });
    detectors.collect()
}

impl Puck {
    /// Opens microphone and speaker.
    pub fn open(config: &config::Puck, sound: &Sound, folder: &Path) -> anyhow::Result<Puck> {
        let detectors = detectors(config)?;
        let mut echo = None;
        let mouth = match &sound.out {
            Some(file) => Mouth::to_file(file.clone()),
            None => match DeviceSpeaker::open(&config.speaker, None) {
                Ok(speaker) => {
                    echo = Some(Echo::new(speaker.reference()));
                    Mouth::new(Arc::new(speaker))
                }
                Err(error) => {
                    tracing::warn!(%error, "nothing can be heard of what is answered");
                    Mouth::silent()
                }
            },
        };
        let echo = echo.and_then(|echo| {
            echo.inspect_err(|error| tracing::warn!(%error, "it hears its own voice"))
                .ok()
        });
        let microphone: Box<dyn Microphone> = match &sound.wav {
            Some(file) => Box::new(Recording::open(file)?),
            None => Box::new(DeviceMicrophone::new(config.microphone.clone())),
        };
        let mut puck = Puck::with(
            &*microphone,
            detectors,
            echo,
            mouth,
            Box::new(Terminal::new()),
        )?;
        puck.chime = config.chime && sound.out.is_none();
        puck.once = sound.wav.is_some();
        puck.kept = Kept::load(folder.to_owned());
        let Settings { volume, muted, .. } = puck.kept.get();
        puck.mouth.set_volume(volume);
        puck.muted.send_replace(muted);
        Ok(puck)
    }

    /// One of these parts.
    pub fn with(
        microphone: &dyn Microphone,
        detectors: Vec<Box<dyn WakeWord>>,
        echo: Option<Echo>,
        mouth: Mouth,
        panel: Box<dyn Panel>,
    ) -> anyhow::Result<Puck> {
        let muted = watch::Sender::new(false);
        let heard = ears::listen(microphone.listen(), detectors, echo, muted.subscribe())?;
        Ok(Puck {
            heard,
            muted,
            mouth,
            panel,
            gate: Gate::closed(),
            chime: false,
            once: false,
            hub: None,
            request: 0,
            phase: Phase::Idle,
            asking: false,
            now: 0,
            loudness: Loudness::default(),
            unsure: None,
            doubted: false,
            said: None,
            kept: Kept::default(),
        })
    }

    /// Hears, and talks with whichever hub there is.
    ///
    /// # Errors
    /// The microphone is no more, without which it is of no use.
    pub async fn run(mut self, mut link: Reached) -> anyhow::Result<()> {
        self.meet(&mut link).await;
        loop {
            self.show();
            tokio::select! {
                biased;
                changed = link.changed() => match changed {
                    Ok(()) => self.meet(&mut link).await,
                    Err(_) => return Ok(()),
                },
                () = self.mouth.quiet() => {}
                button = self.panel.pressed() => self.press(button).await,
                answer = answer(&mut self.hub) => match answer {
                    Ok(Some(answer)) => self.told(answer).await,
                    // The link may go on without its client: the next call opens another.
                    Ok(None) | Err(_) => self.leave(),
                },
                heard = self.heard.recv() => match heard {
                    Some(heard) => self.hear(heard, &link).await,
                    None if self.once => return Ok(()),
                    None => bail!("the microphone is not listened to any more, which is a defect"),
                },
            }
        }
    }

    /// A link came or went.
    async fn meet(&mut self, link: &mut Reached) {
        self.leave();
        let link = link.borrow_and_update().clone();
        if let Some(link) = link {
            self.join(&link).await;
        }
    }

    /// Asks how it is set, and says again what the hub before may not have heard.
    async fn join(&mut self, link: &Link) {
        self.hub = Hub::meet(link).await.ok();
        let Settings { muted, untold, .. } = self.kept.get();
        self.set(untold.then_some(muted)).await;
        let Some(said) = self.said.take() else {
            return;
        };
        if said.is_stale(self.now) {
            return self.lose();
        }
        let Some(hub) = &mut self.hub else {
            self.said = Some(said);
            return;
        };
        tracing::info!("says again what the hub may not have heard");
        self.request += 1;
        let called = said.called(self.now);
        let Ok(talker) = hub.asker.talk_again(self.request, called, true).await else {
            self.said = Some(said);
            return self.leave();
        };
        hub.talker = Some(talker);
        hub.open = true;
        for frame in said.frames() {
            self.tell_hub(&frame.samples).await;
        }
        match said.is_over() {
            true => self.end().await,
            false => drop(self.gate.wake(self.now)),
        }
        self.said = Some(said);
    }

    /// Asks the hub how it is set, and tells it what somebody has chosen here.
    async fn set(&mut self, muted: Option<bool>) {
        let ask = ClientFrame::Puck {
            id: SETTINGS,
            muted,
        };
        if let Some(hub) = &mut self.hub
            && hub.asker.send(&ask).await.is_err()
        {
            self.leave();
        }
    }

    /// What was being said is said again to the next hub, where that can be; nobody is listened to.
    fn leave(&mut self) {
        let spoken = self.hub.as_ref().is_some_and(|hub| hub.talker.is_some());
        if std::mem::take(&mut self.doubted) {
            self.said = None;
        }
        // A question of a hub that is no more, or more than is kept.
        if spoken && self.said.is_none() && self.phase == Phase::Hearing {
            self.lose();
        }
        // The hub had heard the end of it.
        if let Some(said) = self.said.as_mut().filter(|_| self.phase == Phase::Thinking) {
            said.finish();
        }
        self.unsure = None;
        self.hub = None;
        self.phase = Phase::Idle;
        self.asking = false;
        self.gate.answered();
    }

    /// It was said to nobody.
    fn lose(&mut self) {
        self.said = None;
        tracing::warn!("{LOST}");
        self.panel.show(&Light::Trouble(LOST.into()));
    }

    async fn hear(&mut self, heard: Heard, link: &Reached) {
        match heard {
            Heard::Frame(mut frame, wake) => {
                self.now = frame.offset + FRAME_SAMPLES as u64;
                self.loudness.hear(&frame);
                if self.hub.is_none() && self.said.is_some() {
                    self.wait_for_hub(&frame, link).await;
                }
                let attention = self.attention();
                match self.gate.hear(&mut frame, attention) {
                    Admitted::Nothing => {}
                    Admitted::Frame => self.say(&frame).await,
                    Admitted::Closed => {
                        self.end().await;
                        self.doubted &= self.hub.as_ref().is_some_and(|hub| hub.open);
                    }
                }
                if let Some(wake) = wake {
                    tracing::info!(score = wake.score, doubted = wake.doubted, "called");
                    self.wake(&wake, link).await;
                }
            }
            Heard::Found(name) => tracing::info!(name, "the microphone hears"),
            Heard::Lost(reason) => {
                tracing::warn!(reason, "the microphone hears nothing");
                self.end().await;
                self.gate.answered();
            }
            Heard::Over if self.once && self.is_idle() => {
                self.heard.close();
                while self.heard.try_recv().is_ok() {}
            }
            Heard::Over => {}
        }
    }

    /// Nobody says anything, and nothing is answered.
    fn is_idle(&self) -> bool {
        let open = self.hub.as_ref().is_some_and(|hub| hub.open);
        let silent = !self.gate.is_open() && !self.mouth.sounds();
        !open && silent && self.said.is_none()
    }

    fn attention(&self) -> Attention {
        // As long as it is doubted, the hub tells of nothing.
        let spoken = self.said.as_ref().is_some_and(Said::is_under_way);
        Attention {
            busy: self.phase != Phase::Idle || self.doubted && spoken,
            asking: self.asking,
            speaking: self.mouth.sounds(),
        }
    }

    /// Somebody was speaking when the hub went away.
    async fn wait_for_hub(&mut self, frame: &AudioFrame, link: &Reached) {
        if let Some(said) = &mut self.said {
            said.hear(frame);
            if said.is_stale(self.now) {
                return self.lose();
            }
        }
        let link = link.borrow().clone().filter(|link| !link.is_closed());
        // The link has gone on without its client.
        if let Some(link) = link
            && (self.now / FRAME_SAMPLES as u64).is_multiple_of(LOOKS)
        {
            self.join(&link).await;
        }
    }

    /// Somebody has called; what follows the phrase is for Loqa, if no other microphone has heard it better.
    async fn wake(&mut self, wake: &Wake, link: &Reached) {
        let end = wake.end;
        let doubted = self.gate.doubts(wake, self.attention(), self.doubted);
        if *self.muted.borrow() || doubted && self.hub.is_none() {
            return;
        }
        self.forget_doubted().await;
        self.mouth.silence();
        if self.hub.is_none() {
            self.said = None;
            let link = link.borrow().clone();
            if let Some(link) = link {
                self.join(&link).await;
            }
        }
        let Some(hub) = &self.hub else {
            tracing::warn!("called, but there is no hub");
            return;
        };
        let speaks = hub.talker.is_some();
        let since = self.gate.wake(end);
        if speaks {
            return;
        }
        let called = Called {
            phrase: wake.phrase.clone(),
            above_noise_db: self.loudness.above_noise_db(end),
            score: wake.score,
            detector: wake.detector.into(),
            doubted,
            ..Called::default()
        };
        if self.begin(called, end).await {
            self.unsure = Some(self.request);
            self.doubted = doubted;
            for frame in since {
                self.say(&frame).await;
            }
        }
    }

    /// What may have been a call was none.
    async fn forget_doubted(&mut self) {
        if std::mem::take(&mut self.doubted) {
            self.said = None;
            self.gate.answered();
            self.end().await;
        }
    }

    /// Opens a request for what follows sample `end`; false, where the hub has just gone.
    async fn begin(&mut self, called: Called, end: u64) -> bool {
        let utterance = rand::random();
        let called = Called {
            utterance,
            ..called
        };
        let said = Said::after(called, end, self.loudness.noise(end));
        let Some(hub) = &mut self.hub else {
            return false;
        };
        self.request += 1;
        match hub.asker.talk(self.request, said.called(self.now)).await {
            Ok(talker) => hub.talker = Some(talker),
            Err(_) => {
                self.leave();
                return false;
            }
        }
        hub.open = true;
        self.said = Some(said);
        self.phase = Phase::Idle;
        self.asking = false;
        true
    }

    async fn say(&mut self, frame: &AudioFrame) {
        let said = self.said.as_mut();
        if said.is_some_and(|said| !said.hear(frame)) {
            self.said = None;
        }
        self.tell_hub(&frame.samples).await;
    }

    async fn tell_hub(&mut self, samples: &[f32]) {
        let Some(hub) = &mut self.hub else { return };
        let (Some(talker), Ok(samples)) = (&mut hub.talker, samples.try_into()) else {
            return;
        };
        if hub.asker.say(talker, samples).await.is_err() {
            self.leave();
        }
    }

    /// Nothing more is said.
    async fn end(&mut self) {
        let Some(hub) = &mut self.hub else { return };
        if let Some(talker) = hub.talker.take()
            && hub.asker.end(talker).await.is_err()
        {
            self.leave();
        }
    }

    async fn told(&mut self, answer: ServerFrame) {
        match answer {
            // Nobody has asked: a timer rings, or somebody tells the house something.
            ServerFrame::Speech {
                id: UNASKED,
                format,
                samples,
            } => self.mouth.speak(format.sample_rate_hz, samples),
            ServerFrame::Done { id: UNASKED } => self.mouth.end(),
            ServerFrame::Puck { volume, muted, .. } => self.is_set(volume, muted).await,
            // Of a request before this one.
            answer if answer.id() != self.request => {}
            ServerFrame::Chosen { id } => {
                let called = self.unsure.take() == Some(id);
                // Whoever has just been understood needs no sign of it.
                let doubted = std::mem::take(&mut self.doubted);
                if called && self.chime && !doubted {
                    self.mouth.chime();
                }
            }
            ServerFrame::Event { envelope, .. } => {
                self.phase = self.phase.after(&envelope.event);
                self.asking &= self.phase != Phase::Hearing;
            }
            ServerFrame::Speech {
                format, samples, ..
            } => self.mouth.speak(format.sample_rate_hz, samples),
            ServerFrame::Turn { summary, .. } => {
                self.said = None;
                self.phase = Phase::Idle;
                self.asking = summary.asks();
                self.mouth.end();
                if !self.asking {
                    self.gate.answered();
                }
            }
            // The hub ends, and another will come.
            ServerFrame::Problem { problem, .. } if problem.code == "session_over" => self.leave(),
            ServerFrame::Problem { problem, .. } => {
                self.said = None;
                tracing::warn!(code = problem.code, "the hub cannot answer");
                self.panel.show(&Light::Trouble(problem.message));
                self.gate.answered();
            }
            ServerFrame::Done { .. } => {
                self.said = None;
                self.unsure = None;
                // Until that is closed, so that no light shows that it was open.
                self.doubted &= self.gate.is_open();
                self.phase = Phase::Idle;
                self.asking = false;
                self.mouth.end();
                self.gate.answered();
                if let Some(hub) = &mut self.hub {
                    hub.open = false;
                }
            }
            _ => {}
        }
    }

    async fn press(&mut self, button: Button) {
        match button {
            Button::Call if self.mouth.sounds() => self.mouth.silence(),
            Button::Call if *self.muted.borrow() => {}
            Button::Call if !self.gate.is_open() || self.doubted => {
                self.forget_doubted().await;
                let silent = self.hub.as_ref().is_some_and(|hub| hub.talker.is_none());
                // Nobody else has heard a key.
                if silent && self.begin(Called::default(), self.now).await {
                    self.gate.wake(self.now);
                }
            }
            // Whoever called by a key has finished.
            Button::Call => self.gate.finished(),
            Button::Mute => {
                let muted = !*self.muted.borrow();
                self.kept.set(Settings {
                    muted,
                    untold: true,
                    ..self.kept.get()
                });
                self.mute(muted).await;
                self.set(Some(muted)).await;
            }
        }
    }

    /// As the hub says, unless it does not know yet what was chosen here.
    async fn is_set(&mut self, volume: u8, muted: bool) {
        let before = self.kept.get();
        let untold = before.untold && before.muted != muted;
        let muted = if untold { before.muted } else { muted };
        self.kept.set(Settings {
            volume,
            muted,
            untold,
        });
        self.mouth.set_volume(volume);
        self.mute(muted).await;
    }

    /// Whether it hears nothing, from now on: then nothing leaves this machine any more.
    async fn mute(&mut self, muted: bool) {
        let before = self.muted.send_replace(muted);
        if muted && !before {
            self.said = None;
            self.gate = Gate::closed();
            self.end().await;
        }
    }

    fn show(&mut self) {
        let light = match (&self.hub, self.phase) {
            _ if *self.muted.borrow() => Light::Muted,
            (None, _) => Light::Offline,
            _ if self.mouth.sounds() => Light::Speaking,
            (_, Phase::Thinking) => Light::Thinking,
            _ if self.gate.is_open() && !self.doubted => Light::Listening,
            _ => Light::Asleep,
        };
        self.panel.show(&light);
    }
}

impl Hub {
    async fn meet(link: &Link) -> Result<Hub, LinkError> {
        let (asker, answers) = link.client().await?;
        Ok(Hub {
            asker,
            answers,
            talker: None,
            open: false,
        })
    }
}

/// What the hub says next; never, without one.
async fn answer(hub: &mut Option<Hub>) -> Result<Option<ServerFrame>, LinkError> {
    match hub {
        Some(hub) => hub.answers.next().await,
        None => future::pending().await,
    }
}
