//! The microphone that somebody has chosen. After another choice the room is heard through that one,
//! on the same clock.

use futures::{
    StreamExt,
    future::{Either, select},
    stream::{self, BoxStream},
};
use loqa_core::seams::{Microphone, MicrophoneEvent};
use std::{pin::pin, sync::Arc};
use tokio::sync::watch;

/// Opens the microphone of an id or name.
type Open = dyn Fn(&str) -> BoxStream<'static, MicrophoneEvent> + Send + Sync;

/// Whichever is chosen.
pub struct Chosen {
    name: watch::Receiver<String>,
    open: Arc<Open>,
}

impl Chosen {
    /// The one of this name, now and later.
    pub fn new(
        name: watch::Receiver<String>,
        open: impl Fn(&str) -> BoxStream<'static, MicrophoneEvent> + Send + Sync + 'static,
    ) -> Chosen {
        Chosen {
            name,
            open: Arc::new(open),
        }
    }
}

impl Microphone for Chosen {
    fn listen(&self) -> BoxStream<'static, MicrophoneEvent> {
        let mut name = self.name.clone();
        let current = (self.open)(&name.borrow_and_update());
        let hearing = Hearing {
            name,
            open: self.open.clone(),
            current,
            began: 0,
            now: 0,
        };
        stream::unfold(hearing, |mut hearing| async move {
            Some((hearing.next().await?, hearing))
        })
        .boxed()
    }
}

struct Hearing {
    name: watch::Receiver<String>,
    open: Arc<Open>,
    current: BoxStream<'static, MicrophoneEvent>,
    /// When the current one was opened, samples since the first was.
    began: u64,
    /// Up to where the room was heard, likewise.
    now: u64,
}

impl Hearing {
    async fn next(&mut self) -> Option<MicrophoneEvent> {
        loop {
            let event = match select(pin!(self.name.changed()), self.current.next()).await {
                Either::Left((Ok(()), _)) => None,
                // Nobody chooses any more.
                Either::Left((Err(_), coming)) => Some(coming.await?),
                Either::Right((event, _)) => Some(event?),
            };
            match event {
                Some(MicrophoneEvent::Frame(mut frame)) => {
                    frame.offset += self.began;
                    self.now = frame.offset + frame.samples.len() as u64;
                    return Some(MicrophoneEvent::Frame(frame));
                }
                Some(event) => return Some(event),
                None => {
                    self.current = (self.open)(&self.name.borrow_and_update());
                    self.began = self.now;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;
    use loqa_core::seams::{AudioFrame, FRAME_SAMPLES};

    #[test]
    fn another_choice_is_heard_on_the_same_clock() {
        let frame = |number: usize| {
            MicrophoneEvent::Frame(AudioFrame {
                offset: (number * FRAME_SAMPLES) as u64,
                samples: Arc::new([0.0; FRAME_SAMPLES]),
            })
        };
        let name = watch::Sender::new("desk".to_owned());
        let chosen = Chosen::new(name.subscribe(), move |name| {
            let found = MicrophoneEvent::Found(name.into());
            let frames = [found, frame(0), frame(1)];
            stream::iter(frames).chain(stream::pending()).boxed()
        });
        let mut events = chosen.listen();
        let mut next = || match block_on(events.next()) {
            Some(MicrophoneEvent::Frame(frame)) => {
                (frame.offset / FRAME_SAMPLES as u64).to_string()
            }
            Some(MicrophoneEvent::Found(name)) => name,
            Some(MicrophoneEvent::Lost(why)) => why,
            None => "over".into(),
        };
        assert_eq!([next(), next(), next()], ["desk", "0", "1"]);
        name.send_replace("window".into());
        assert_eq!([next(), next(), next()], ["window", "2", "3"]);
    }
}
