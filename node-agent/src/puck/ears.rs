//! What the microphone hears, and whether it was a call. Detectors are native and block, so they have a thread.

use anyhow::Context;
use futures::{StreamExt, executor::block_on, stream::BoxStream};
use loqa_core::seams::{AudioFrame, FRAME_SAMPLES, MicrophoneEvent, Wake, WakeWord};
use loqa_inference::echo::Echo;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// Frames that may wait: 2 s. When full, the microphone loses some.
const FRAMES: usize = 100;

/// What was heard.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// The next 20 ms, and whether a wake phrase ended.
    Frame(AudioFrame, Option<Wake>),
    /// The microphone of this name hears.
    Found(String),
    /// Nothing is heard, and why.
    Lost(String),
    /// A recording is over; silence follows.
    Over,
}

/// What a microphone that is a recording calls itself when it is over.
pub const OVER: &str = "\u{0}over";

/// Hears until nobody takes it any more.
pub fn listen(
    mut events: BoxStream<'static, MicrophoneEvent>,
    mut detectors: Vec<Box<dyn WakeWord>>,
    mut echo: Option<Echo>,
    muted: watch::Receiver<bool>,
) -> anyhow::Result<mpsc::Receiver<Heard>> {
    let (heard, coming) = mpsc::channel(FRAMES);
    let watch = move || {
        while let Some(event) = block_on(events.next()) {
            let next = match event {
                MicrophoneEvent::Found(name) if name == OVER => Heard::Over,
                MicrophoneEvent::Found(name) => Heard::Found(name),
                MicrophoneEvent::Lost(reason) => {
                    detectors.iter_mut().for_each(|detector| detector.reset());
                    Heard::Lost(reason)
                }
                MicrophoneEvent::Frame(mut frame) => {
                    if let Some(echo) = &mut echo {
                        echo.clean(&mut frame);
                    }
                    if *muted.borrow() {
                        frame.samples = Arc::new([0.0; FRAME_SAMPLES]);
                    }
                    // Every detector hears every frame; the first phrase to have ended counts.
                    let mut wake: Option<Wake> = None;
                    if let Ok(samples) = (&*frame.samples).try_into() {
                        for detector in &mut detectors {
                            let found = detector.detect(frame.offset, samples);
                            wake = wake.into_iter().chain(found).min_by_key(|wake| wake.end);
                        }
                    }
                    Heard::Frame(frame, wake)
                }
            };
            if heard.blocking_send(next).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new()
        .name("loqa-wake".into())
        .spawn(watch)
        .context("the microphone cannot be listened to")?;
    Ok(coming)
}
