//! A recording in place of a microphone: as fast as somebody speaks, and silence after it.

use super::ears::OVER;
use futures::{StreamExt, channel::mpsc, executor::block_on, sink::SinkExt, stream::BoxStream};
use loqa_core::seams::{AudioFrame, FRAME_SAMPLES, Microphone, MicrophoneEvent};
use loqa_inference::wav;
use std::{
    io,
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

const FRAME: Duration = Duration::from_millis(20);
/// How often it is told that it is over, in frames: what was said last may still be answered.
const TELLING: u64 = 25;

/// One.
pub struct Recording {
    frames: Arc<[AudioFrame]>,
}

impl Recording {
    /// Reads a WAV file of any kind; `-`: from standard input, to its end.
    pub fn open(file: &Path) -> anyhow::Result<Recording> {
        let samples = match file.as_os_str() == "-" {
            true => wav::decode(Path::new("standard input"), io::stdin().lock())?,
            false => wav::read(file)?,
        };
        Ok(Recording {
            frames: wav::frames(&samples).collect(),
        })
    }
}

impl Microphone for Recording {
    fn listen(&self) -> BoxStream<'static, MicrophoneEvent> {
        // One frame ahead; whoever is late is waited for, so nothing is lost.
        let (mut events, stream) = mpsc::channel(1);
        let frames = self.frames.clone();
        let play = move || {
            let began = Instant::now();
            for at in 0_u64.. {
                let due = began + FRAME * u32::try_from(at).unwrap_or(u32::MAX);
                thread::sleep(due.saturating_duration_since(Instant::now()));
                let silence = || AudioFrame {
                    offset: at * FRAME_SAMPLES as u64,
                    samples: Arc::new([0.0; FRAME_SAMPLES]),
                };
                let after = at.checked_sub(frames.len() as u64);
                let frame = frames.get(at as usize).cloned().unwrap_or_else(silence);
                let mut all = vec![MicrophoneEvent::Frame(frame)];
                if after.is_some_and(|after| after % TELLING == TELLING - 1) {
                    all.push(MicrophoneEvent::Found(OVER.into()));
                }
                for event in all {
                    if block_on(events.send(event)).is_err() {
                        return;
                    }
                }
            }
        };
        match thread::Builder::new()
            .name("loqa-recording".into())
            .spawn(play)
        {
            Ok(_) => stream.boxed(),
            Err(error) => {
                let lost = MicrophoneEvent::Lost(format!("no thread: {error}"));
                futures::stream::iter([lost]).boxed()
            }
        }
    }
}
