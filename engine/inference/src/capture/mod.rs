//! The microphone: what a device hears, as frames of 20 ms without end or gap.
//!
//! The device's callback writes to a ring; a thread of its own cuts frames, fills what is missing
//! with silence, and looks for a device that has gone until it is back.

mod device;
#[cfg(target_os = "linux")]
mod drain;
mod ring;
mod timeline;

pub use self::ring::{Inlet, Outlet, ring};

use self::{device::Open, timeline::Timeline};
use futures::{StreamExt, channel::mpsc, stream::BoxStream};
use loqa_core::seams::{Microphone, MicrophoneEvent};
use std::{
    thread,
    time::{Duration, Instant},
};

/// Events that wait for the listener: 2 s of frames. When full, frames are lost.
const WAITING: usize = 100;
/// How often to look for a device that is not there.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// A device that gives nothing for this long is lost; some go without an error.
const STALLED: Duration = Duration::from_millis(1500);
/// How long the first sample may take: 0.7 s has been seen, and more on a machine that is starting.
const OPENING: Duration = Duration::from_secs(5);
/// How long to wait for samples at a time; they wake the thread earlier.
const WAIT: Duration = Duration::from_millis(20);

/// A microphone of this machine.
#[derive(Clone, Debug)]
pub struct DeviceMicrophone {
    name: String,
}

impl DeviceMicrophone {
    /// The one of this id or name; [`crate::sound::DEFAULT`] for the system's own choice. It need
    /// not be there yet.
    pub fn new(name: impl Into<String>) -> Self {
        DeviceMicrophone { name: name.into() }
    }
}

impl Microphone for DeviceMicrophone {
    fn listen(&self) -> BoxStream<'static, MicrophoneEvent> {
        let (events, stream) = mpsc::channel(WAITING);
        let capture = Capture {
            name: self.name.clone(),
            began: Instant::now(),
            timeline: Timeline::default(),
            events,
            untold: None,
            found: None,
        };
        match thread::Builder::new()
            .name("loqa-microphone".into())
            .spawn(move || capture.run())
        {
            Ok(_) => stream.boxed(),
            Err(error) => {
                let lost = MicrophoneEvent::Lost(format!("no thread: {error}"));
                futures::stream::iter([lost])
                    .chain(futures::stream::pending())
                    .boxed()
            }
        }
    }
}

/// The capture thread. Ends when nobody listens any more.
struct Capture {
    name: String,
    began: Instant,
    timeline: Timeline,
    events: mpsc::Sender<MicrophoneEvent>,
    /// What became of the device, while there is no room to tell it.
    untold: Option<MicrophoneEvent>,
    /// Is it there? `None` until that is known.
    found: Option<bool>,
}

impl Capture {
    fn run(mut self) {
        while !self.events.is_closed() {
            let lost = Open::new(&self.name).map_or_else(Some, |device| self.hear(device));
            // Told once; it is looked for all the same.
            if let Some(reason) = lost
                && self.found.replace(false) != Some(false)
            {
                self.untold = Some(MicrophoneEvent::Lost(reason));
            }
            let again = Instant::now() + LOOK_AGAIN;
            while Instant::now() < again && !self.events.is_closed() {
                thread::park_timeout(WAIT);
                self.timeline.wait(self.began.elapsed());
                self.tell();
            }
        }
    }

    /// Hears a device until it is lost, and tells why; `None` if nobody listens any more.
    fn hear(&mut self, mut device: Open) -> Option<String> {
        if let Err(error) = self.timeline.device(device.rate_hz) {
            return Some(error.to_string());
        }
        let mut heard_at = Instant::now();
        // One that was lost may open without being there; then it is closed soon and tried again.
        let mut patience = self.found.map_or(OPENING, |_| STALLED);
        let mut samples = Vec::new();
        while !self.events.is_closed() {
            thread::park_timeout(WAIT);
            samples.clear();
            let gap = device.read(&mut samples);
            let now = self.began.elapsed();
            if samples.is_empty() {
                self.timeline.wait(now);
            } else {
                heard_at = Instant::now();
                patience = STALLED;
                if self.found.replace(true) != Some(true) {
                    self.untold = Some(MicrophoneEvent::Found(device.name.clone()));
                }
                if let Err(error) = self.timeline.hear(&samples, gap, now) {
                    return Some(error.to_string());
                }
            }
            self.tell();
            if let Some(reason) = device.lost() {
                return Some(reason);
            }
            if heard_at.elapsed() >= patience {
                return Some("nothing comes from it".into());
            }
        }
        None
    }

    fn tell(&mut self) {
        if let Some(event) = self.untold.take()
            && let Err(full) = self.events.try_send(event)
        {
            self.untold = Some(full.into_inner());
        }
        let mut lost = 0;
        while let Some(frame) = self.timeline.frame() {
            lost += u32::from(self.events.try_send(MicrophoneEvent::Frame(frame)).is_err());
        }
        if lost > 0 && !self.events.is_closed() {
            tracing::warn!(frames = lost, "nobody took what the microphone heard");
        }
    }
}
