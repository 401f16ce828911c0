//! Audio as a client sends it, cut into frames.

use loqa_core::seams::{AudioFrame, FRAME_SAMPLES};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// Frames between a client and the session: half a second. When full, the client waits.
const FRAMES: usize = 25;

/// The end that receives samples.
pub struct Recording {
    frames: mpsc::Sender<AudioFrame>,
    rest: Vec<f32>,
    offset: u64,
}

/// The end that is heard: ends when the recording does.
pub type Frames = ReceiverStream<AudioFrame>;

impl Recording {
    /// Both ends.
    pub fn open() -> (Recording, Frames) {
        let (frames, receiver) = mpsc::channel(FRAMES);
        (
            Recording {
                frames,
                rest: Vec::with_capacity(FRAME_SAMPLES),
                offset: 0,
            },
            ReceiverStream::new(receiver),
        )
    }

    /// Adds samples; waits for room. Samples nobody listens to any more are dropped.
    pub async fn push(&mut self, samples: &[f32]) {
        self.rest.extend(samples.iter().map(|sample| {
            if sample.is_finite() {
                sample.clamp(-1.0, 1.0)
            } else {
                0.0
            }
        }));
        let whole = self.rest.len() - self.rest.len() % FRAME_SAMPLES;
        let rest = self.rest.split_off(whole);
        let ready = std::mem::replace(&mut self.rest, rest);
        for samples in ready.chunks_exact(FRAME_SAMPLES) {
            let frame = AudioFrame {
                offset: self.offset,
                samples: samples.into(),
            };
            self.offset += FRAME_SAMPLES as u64;
            if self.frames.send(frame).await.is_err() {
                return;
            }
        }
    }

    /// Ends it; the last frame is filled with silence.
    pub async fn end(mut self) {
        if !self.rest.is_empty() {
            let missing = FRAME_SAMPLES - self.rest.len();
            self.push(&vec![0.0; missing]).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::StreamExt;

    #[tokio::test]
    async fn odd_pieces_become_whole_frames_in_order() {
        let (mut recording, frames) = Recording::open();
        recording.push(&[0.5; 500]).await;
        recording.push(&[f32::NAN, 2.0]).await;
        recording.end().await;
        let frames: Vec<AudioFrame> = frames.collect().await;
        assert_eq!(
            frames
                .iter()
                .map(|frame| (frame.offset, frame.samples.len()))
                .collect::<Vec<_>>(),
            [(0, 320), (320, 320)]
        );
        assert_eq!(frames[1].samples[178..184], [0.5, 0.5, 0.0, 1.0, 0.0, 0.0]);
    }
}
