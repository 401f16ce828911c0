//! A microphone and a speaker in a room.
//!
//! ```text
//! microphone ─► echo ─► wake ─► gate ─► hub      nothing of the room leaves this machine before somebody has called
//!                                        └─► speaker, lights
//! ```
//! What is gated is the core's to decide, as at the hub; this carries frames and shows what happens.

mod ears;
mod mouth;
mod panel;
mod recording;

pub use ears::Heard;
pub use mouth::Mouth;
pub use panel::{Button, Light, Panel, Terminal};
pub use recording::Recording;

use crate::{config, link::Reached};
use anyhow::{Context, bail};
use loqa_core::{
    attention::{Admitted, Attention, Gate},
    seams::{FRAME_SAMPLES, Microphone, WakeWord},
};
use loqa_inference::{capture::DeviceMicrophone, echo::Echo, playback::DeviceSpeaker, wake};
use loqa_link::wire::{Asker, Link, LinkError, Receiver, Talker};
use loqa_protocol::{Phase, ServerFrame};
use std::{future, path::PathBuf, sync::Arc};
use tokio::sync::{mpsc, watch};

/// What the hub says of itself answers this request, which nobody makes: they count from 1.
const UNASKED: u32 = 0;

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
    pub fn open(config: &config::Puck, sound: &Sound) -> anyhow::Result<Puck> {
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
                    Ok(Some(answer)) => self.told(answer),
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
            self.hub = Hub::meet(&link).await.ok();
        }
    }

    /// What was being said is lost, and nobody is listened to.
    fn leave(&mut self) {
        self.hub = None;
        self.phase = Phase::Idle;
        self.asking = false;
        self.gate.answered();
    }

    async fn hear(&mut self, heard: Heard, link: &Reached) {
        match heard {
            Heard::Frame(mut frame, wake) => {
                self.now = frame.offset + FRAME_SAMPLES as u64;
                let attention = self.attention();
                match self.gate.hear(&mut frame, attention) {
                    Admitted::Nothing => {}
                    Admitted::Frame => self.say(&frame.samples).await,
                    Admitted::Closed => self.end().await,
                }
                if let Some(wake) = wake {
                    tracing::info!(score = wake.score, "called");
                    self.wake(wake.end, link).await;
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
        !open && !self.gate.is_open() && !self.mouth.sounds()
    }

    fn attention(&self) -> Attention {
        Attention {
            busy: self.phase != Phase::Idle,
            asking: self.asking,
            speaking: self.mouth.sounds(),
        }
    }

    /// Somebody has called; what follows sample `end` is for Loqa.
    async fn wake(&mut self, end: u64, link: &Reached) {
        if *self.muted.borrow() {
            return;
        }
        self.mouth.silence();
        if self.hub.is_none() {
            let link = link.borrow().clone();
            self.hub = match link {
                Some(link) => Hub::meet(&link).await.ok(),
                None => None,
            };
        }
        let Some(hub) = &mut self.hub else {
            tracing::warn!("called, but there is no hub");
            return;
        };
        let since = self.gate.wake(end);
        if self.chime {
            self.mouth.chime();
        }
        if hub.talker.is_none() {
            self.request += 1;
            match hub.asker.talk(self.request).await {
                Ok(talker) => hub.talker = Some(talker),
                Err(_) => return self.leave(),
            }
            hub.open = true;
            self.phase = Phase::Idle;
            self.asking = false;
            for frame in since {
                self.say(&frame.samples).await;
            }
        }
    }

    async fn say(&mut self, samples: &[f32]) {
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

    fn told(&mut self, answer: ServerFrame) {
        match answer {
            // Nobody has asked: a timer rings, or somebody tells the house something.
            ServerFrame::Speech {
                id: UNASKED,
                format,
                samples,
            } => self.mouth.speak(format.sample_rate_hz, samples),
            ServerFrame::Done { id: UNASKED } => self.mouth.end(),
            // Of a request before this one.
            answer if answer.id() != self.request => {}
            ServerFrame::Event { envelope, .. } => {
                self.phase = self.phase.after(&envelope.event);
                self.asking &= self.phase != Phase::Hearing;
            }
            ServerFrame::Speech {
                format, samples, ..
            } => self.mouth.speak(format.sample_rate_hz, samples),
            ServerFrame::Turn { summary, .. } => {
                self.phase = Phase::Idle;
                self.asking = summary.asks();
                self.mouth.end();
                if !self.asking {
                    self.gate.answered();
                }
            }
            ServerFrame::Problem { problem, .. } => {
                tracing::warn!(code = problem.code, "the hub cannot answer");
                self.panel.show(&Light::Trouble(problem.message));
                self.gate.answered();
            }
            ServerFrame::Done { .. } => {
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
            Button::Call if !self.gate.is_open() => {
                if let Some(hub) = &mut self.hub
                    && hub.talker.is_none()
                {
                    self.request += 1;
                    match hub.asker.talk(self.request).await {
                        Ok(talker) => hub.talker = Some(talker),
                        Err(_) => return self.leave(),
                    }
                    hub.open = true;
                    self.gate.wake(self.now);
                }
            }
            // Whoever called by a key has finished.
            Button::Call => self.gate.finished(),
            Button::Mute => {
                self.muted.send_modify(|muted| *muted = !*muted);
                self.gate.answered();
            }
        }
    }

    fn show(&mut self) {
        let light = match (&self.hub, self.phase) {
            _ if *self.muted.borrow() => Light::Muted,
            (None, _) => Light::Offline,
            _ if self.mouth.sounds() => Light::Speaking,
            (_, Phase::Thinking) => Light::Thinking,
            _ if self.gate.is_open() => Light::Listening,
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
