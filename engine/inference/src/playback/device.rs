//! A speaker one can hear: an output of this machine, through rodio.

use super::{
    Reference, ReplySource, Tee,
    reply::{Output, arm},
};
use crate::sound::{self, Direction, quiet};
use cpal::{BufferSize, ErrorKind};
use futures::stream::BoxStream;
use loqa_core::seams::{ArmedReply, ModelError, Speaker, SpeechChunk};
use rodio::{
    ChannelCount, DeviceSinkBuilder, DeviceSinkError, MixerDeviceSink, SampleRate, Source,
    mixer::{Mixer, mixer},
};
use std::{
    num::NonZero,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// Frames the device takes at once: 10 ms at 48 kHz, so that a dropped reply falls silent within
/// 20 ms. Devices that cannot have their own size instead.
const BUFFER_FRAMES: u32 = 480;
/// How often the device is looked after: one that has taken no sample since is lost, and a lost
/// one is looked for.
const WATCH: Duration = Duration::from_secs(2);
/// After so long a device that nobody needs is let go: open, it costs an idle hub as much as all else.
const REST: Duration = Duration::from_secs(10);
/// How long a sound waits for a device that has rested; sound servers take a tenth of it.
const OPENING: Duration = Duration::from_secs(1);

/// Why nothing can be heard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaybackError {
    /// There is no output device, or no permission for it.
    #[error(
        "no sound can be played: {0}; connect a speaker or start the sound server, and check `loqa doctor`"
    )]
    NoDevice(String),
    /// It went away; it is looked for every 2 s.
    #[error("the speaker went away: {0}; replies are heard again once it is back")]
    Lost(String),
}

impl From<PlaybackError> for ModelError {
    fn from(error: PlaybackError) -> Self {
        Self::Backend(error.to_string())
    }
}

/// Plays replies on an output device, held by a thread of its own until this is dropped.
///
/// The device's buffer ([`DeviceSpeaker::buffer`]) comes after the instant that
/// [`ArmedReply::start`] reports. A device that is lost fails the replies it was playing, and is
/// opened again when it returns. One that is [roused](DeviceSpeaker::rouse) rests when it is not.
pub struct DeviceSpeaker {
    device: Arc<Device>,
    tee: Option<Tee>,
    keeper: Option<JoinHandle<()>>,
}

struct Device {
    /// Id or name; [`sound::DEFAULT`] for the system's own choice.
    name: Mutex<String>,
    state: Mutex<State>,
    changed: Condvar,
    reference: Reference,
    orders: SyncSender<Order>,
    /// When somebody last needed it; `None`: it never rests.
    roused: Mutex<Option<Instant>>,
    /// Held by whatever sounds.
    sounding: Arc<()>,
}

enum State {
    Open(Open),
    /// Nobody needs it: it is opened for the next sound.
    Resting,
    Failed(PlaybackError),
}

impl State {
    fn open(&self) -> Option<&Open> {
        match self {
            State::Open(open) => Some(open),
            State::Resting | State::Failed(_) => None,
        }
    }
}

struct Open {
    mixer: Mixer,
    buffer: Option<Duration>,
    pulse: Arc<AtomicU64>,
}

enum Order {
    Lost(String),
    /// Something is to be heard.
    Open,
    /// Another device, and who wants to know whether it could be opened.
    Choose(String, SyncSender<Result<(), PlaybackError>>),
    Close,
}

impl DeviceSpeaker {
    /// Opens the output device of this id or name; [`sound::DEFAULT`] for the system's own choice.
    ///
    /// # Errors
    /// [`PlaybackError::NoDevice`] if there is none; use a [`super::PacedSpeaker`] then.
    pub fn open(name: &str, tee: Option<Tee>) -> Result<Self, PlaybackError> {
        // One order is enough: what comes after `Lost` is `Lost` again (shed), or `Close`, which
        // waits. A device that was lost does not rest, so `Open` meets nothing but `Open`.
        let (orders, inbox) = sync_channel(1);
        let device = Arc::new(Device {
            name: Mutex::new(name.to_owned()),
            state: Mutex::new(State::Failed(PlaybackError::NoDevice(
                "not opened yet".into(),
            ))),
            changed: Condvar::new(),
            reference: Reference::new(),
            orders,
            roused: Mutex::default(),
            sounding: Arc::default(),
        });
        let (opened, outcome) = sync_channel(1);
        let kept = device.clone();
        let keeper = thread::Builder::new()
            .name("loqa-speaker".into())
            .spawn(move || {
                let sink = kept.open();
                let outcome = kept.outcome();
                let usable = outcome.is_ok();
                let _ = opened.send(outcome);
                if usable {
                    kept.keep(sink, &inbox);
                }
            })
            .map_err(|error| PlaybackError::NoDevice(format!("no thread: {error}")))?;
        outcome
            .recv()
            .unwrap_or_else(|_| Err(PlaybackError::NoDevice("its driver failed".into())))?;
        Ok(Self {
            device,
            tee,
            keeper: Some(keeper),
        })
    }

    /// Plays on the output device of this id or name from now on. Replies that sound end; those that
    /// are armed begin on the new one. Blocks until it is open.
    ///
    /// # Errors
    /// It cannot be opened: the one before plays on.
    pub fn choose(&self, name: &str) -> Result<(), PlaybackError> {
        let (opened, outcome) = sync_channel(1);
        let gone = || PlaybackError::NoDevice("its driver failed".into());
        self.device
            .orders
            .send(Order::Choose(name.to_owned(), opened))
            .map_err(|_| gone())?;
        outcome.recv().unwrap_or_else(|_| Err(gone()))
    }

    /// The id or name that it was opened by.
    pub fn name(&self) -> String {
        self.device.name().clone()
    }

    /// What it plays, just before the device has it.
    pub fn reference(&self) -> Reference {
        self.device.reference.clone()
    }

    /// The part of a second that the device holds back; `None` if it does not tell, or rests.
    pub fn buffer(&self) -> Option<Duration> {
        self.device.state().open()?.buffer
    }

    /// Something may soon be to be heard. From the first call on, a device of which nobody has said so for a while, and that
    /// plays nothing, is let go, and opened again by this or by the next sound. Returns at once.
    pub fn rouse(&self) {
        *self.device.roused() = Some(Instant::now());
        if matches!(*self.device.state(), State::Resting) {
            self.device.order_open();
        }
    }
}

impl Speaker for DeviceSpeaker {
    fn arm(
        &self,
        audio: BoxStream<'static, Result<SpeechChunk, ModelError>>,
    ) -> Box<dyn ArmedReply> {
        // It may take as long to open as the first words take to be made.
        let rests = self.device.roused().is_some();
        if rests {
            self.rouse();
        }
        arm(self.device.clone(), self.tee.clone(), audio)
    }
}

impl Drop for DeviceSpeaker {
    fn drop(&mut self) {
        let _ = self.device.orders.send(Order::Close);
        if let Some(keeper) = self.keeper.take() {
            let _ = keeper.join();
        }
    }
}

impl Output for Device {
    fn play(&self, source: ReplySource) -> Result<(), ModelError> {
        let mut state = self.state();
        if matches!(*state, State::Resting) {
            self.order_open();
            let rests = |state: &mut State| matches!(state, State::Resting);
            let woken = self.changed.wait_timeout_while(state, OPENING, rests);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        let open = match &*state {
            State::Open(open) => open,
            State::Resting => return Err(ModelError::Backend("the speaker does not open".into())),
            State::Failed(error) => return Err(error.clone().into()),
        };
        let source = source.held_by(self.sounding.clone());
        let progress = source.progress();
        // Adding it reads ahead for the resampler, on this thread: those two samples are silence
        // because the reply becomes audible only now.
        open.mixer.add(source);
        progress.make_audible();
        Ok(())
    }
}

impl Device {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, state: State) {
        *self.state() = state;
        self.changed.notify_all();
    }

    fn roused(&self) -> MutexGuard<'_, Option<Instant>> {
        self.roused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Full means that it has been ordered, or is being closed.
    fn order_open(&self) {
        let _ = self.orders.try_send(Order::Open);
    }

    fn name(&self) -> MutexGuard<'_, String> {
        self.name.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is open, else why not.
    fn outcome(&self) -> Result<(), PlaybackError> {
        match &*self.state() {
            State::Open(_) | State::Resting => Ok(()),
            State::Failed(error) => Err(error.clone()),
        }
    }

    fn open(&self) -> Option<MixerDeviceSink> {
        let name = self.name().clone();
        let (state, sink) = match open_sink(&name, &self.orders) {
            Ok(sink) => {
                let config = sink.config();
                let rate = f64::from(config.sample_rate().get());
                let buffer = match config.buffer_size() {
                    // cpal keeps two periods in flight.
                    BufferSize::Fixed(frames) => {
                        Some(Duration::from_secs_f64(2.0 * f64::from(*frames) / rate))
                    }
                    BufferSize::Default => None,
                };
                let sample_rate_hz =
                    NonZero::new(Reference::RATE_HZ).unwrap_or(config.sample_rate());
                let (mixer, mixed) = mixer(NonZero::<u16>::MIN, sample_rate_hz);
                let pulse = Arc::<AtomicU64>::default();
                mixer.add(Heart {
                    pulse: pulse.clone(),
                    sample_rate_hz,
                });
                sink.mixer().add(self.reference.follow(mixed));
                let open = Open {
                    mixer,
                    buffer,
                    pulse,
                };
                (State::Open(open), Some(sink))
            }
            Err(error) => (State::Failed(PlaybackError::NoDevice(error)), None),
        };
        self.set(state);
        sink
    }

    /// Holds the device, and finds it again when it is lost, until told to close.
    fn keep(&self, mut sink: Option<MixerDeviceSink>, orders: &Receiver<Order>) {
        let mut beats = 0;
        loop {
            let lost = match orders.recv_timeout(WATCH) {
                Ok(Order::Lost(reason)) => Some(reason),
                Ok(Order::Choose(name, opened)) => {
                    let before = std::mem::replace(&mut *self.name(), name);
                    // First: it may be the same device by another name, which nobody can have twice.
                    drop(sink.take());
                    sink = self.open();
                    let outcome = self.outcome();
                    if outcome.is_err() {
                        *self.name() = before;
                        sink = self.open();
                    }
                    let _ = opened.send(outcome);
                    None
                }
                Ok(Order::Close) | Err(RecvTimeoutError::Disconnected) => {
                    // What is played after this would never be pulled.
                    let closing = PlaybackError::NoDevice("Loqa is shutting down".into());
                    self.set(State::Failed(closing));
                    return;
                }
                Ok(Order::Open) => {
                    if sink.is_none() {
                        sink = self.open();
                    }
                    None
                }
                Err(RecvTimeoutError::Timeout) if sink.is_none() => {
                    if !matches!(*self.state(), State::Resting) {
                        sink = self.reopen();
                    }
                    None
                }
                Err(RecvTimeoutError::Timeout) if self.rests() => {
                    sink = None;
                    None
                }
                Err(RecvTimeoutError::Timeout) => {
                    let before = beats;
                    let state = self.state();
                    let pulse = state.open().map(|open| &open.pulse);
                    beats = pulse.map_or(0, |pulse| pulse.load(Ordering::Relaxed));
                    (beats == before).then(|| "it takes no more samples".into())
                }
            };
            if let Some(reason) = lost.filter(|_| sink.is_some()) {
                tracing::warn!(reason, "speaker lost");
                self.set(State::Failed(PlaybackError::Lost(reason)));
                // Its sources go with it, so the replies it was playing end.
                sink = None;
            }
        }
    }

    /// Whether it may be let go, as nobody needs it; then nothing is played on it any more.
    fn rests(&self) -> bool {
        let needed = self.roused().is_none_or(|at| at.elapsed() < REST);
        let mut state = self.state();
        // Sources are added while the state is held.
        let rests = !needed && Arc::strong_count(&self.sounding) == 1;
        if rests {
            *state = State::Resting;
        }
        rests
    }

    /// Opens the device again if it has come back; why it is lost stays known if not.
    fn reopen(&self) -> Option<MixerDeviceSink> {
        let lost = self.outcome();
        let sink = self.open();
        match (&sink, lost) {
            (Some(_), _) => tracing::info!("speaker found again"),
            (None, Err(lost)) => self.set(State::Failed(lost)),
            (None, Ok(())) => {}
        }
        sink
    }
}

/// Silence without end that tells whether the device still takes samples: some devices go
/// without an error.
struct Heart {
    pulse: Arc<AtomicU64>,
    sample_rate_hz: SampleRate,
}

impl Iterator for Heart {
    type Item = f32;

    fn next(&mut self) -> Option<f32> {
        self.pulse.fetch_add(1, Ordering::Relaxed);
        Some(0.0)
    }
}

impl Source for Heart {
    fn current_span_len(&self) -> Option<usize> {
        None
    }

    fn channels(&self) -> ChannelCount {
        NonZero::<u16>::MIN
    }

    fn sample_rate(&self) -> SampleRate {
        self.sample_rate_hz
    }

    fn total_duration(&self) -> Option<Duration> {
        None
    }
}

fn open_sink(name: &str, errors: &SyncSender<Order>) -> Result<MixerDeviceSink, String> {
    let _quiet = quiet();
    let device = sound::find(&cpal::default_host(), Direction::Output, name)
        .map_err(|error| error.to_string())?;
    let try_with = |size: BufferSize| {
        let errors = errors.clone();
        let mut sink = DeviceSinkBuilder::from_device(device.clone())?
            .with_buffer_size(size)
            .with_error_callback(move |error| match error.kind() {
                ErrorKind::DeviceNotAvailable
                | ErrorKind::HostUnavailable
                | ErrorKind::StreamInvalidated => {
                    // Full means that the keeper knows already.
                    let _ = errors.try_send(Order::Lost(error.to_string()));
                }
                // Underruns, and errors that some devices make once when they begin; if they
                // last, the heart stands still.
                _ => tracing::debug!(%error, "speaker"),
            })
            .open_stream()?;
        sink.log_on_drop(false);
        Ok(sink)
    };
    try_with(BufferSize::Fixed(BUFFER_FRAMES))
        .or_else(|first| try_with(BufferSize::Default).map_err(|_: DeviceSinkError| first))
        .map_err(|error| reason(&error))
}

/// An error with what caused it.
fn reason(error: &dyn std::error::Error) -> String {
    let mut reason = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        reason.push_str(": ");
        reason.push_str(&error.to_string());
        cause = error.source();
    }
    reason
}
