//! How loud the microphone hears, for whoever looks; nothing is measured while nobody does.

use super::Shared;
use crate::{
    gateway::Answers,
    sounds::{METER_FRAMES, loudness},
    tasks::TaskKind,
};
use loqa_core::seams::FRAME_SAMPLES;
use loqa_protocol::ServerFrame;
use std::sync::Arc;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Level, dB of full scale, and peak, in [0, 1].
pub type Loudness = (f32, f32);

/// Measures a stream of samples every 100 ms.
pub struct Meter {
    told: watch::Sender<Loudness>,
    heard: Vec<f32>,
}

impl Meter {
    /// Tells it here.
    pub fn new(told: watch::Sender<Loudness>) -> Meter {
        Meter {
            told,
            heard: Vec::new(),
        }
    }

    /// Takes the next samples.
    pub fn hear(&mut self, samples: &[f32]) {
        if self.told.receiver_count() == 0 {
            return self.heard.clear();
        }
        self.heard.extend_from_slice(samples);
        if self.heard.len() >= METER_FRAMES * FRAME_SAMPLES {
            self.told.send_replace(loudness(&self.heard));
            self.heard.clear();
        }
    }
}

/// Shows a client how loud it is, until it is gone or the guard is dropped.
pub(super) fn show(hub: &Arc<Shared>, id: u32, answers: Answers) -> DropGuard {
    let over = CancellationToken::new();
    let guard = over.clone().drop_guard();
    let mut level = hub.level.subscribe();
    let showing = async move {
        while level.changed().await.is_ok() {
            let (level_db, peak) = *level.borrow_and_update();
            let loudness = ServerFrame::Loudness { id, level_db, peak };
            if answers.send(loudness).is_err() {
                return;
            }
        }
    };
    hub.tasks.spawn(TaskKind::BACKGROUND, "level", async move {
        over.run_until_cancelled(showing).await;
    });
    guard
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_measured_while_somebody_looks_and_no_longer() {
        let told = watch::Sender::new((0.0, 0.0));
        let mut meter = Meter::new(told.clone());
        let frame = [0.5; FRAME_SAMPLES];
        (0..20).for_each(|_| meter.hear(&frame));
        assert!(meter.heard.is_empty());
        let level = told.subscribe();
        (0..METER_FRAMES).for_each(|_| meter.hear(&frame));
        let (level_db, peak) = *level.borrow();
        assert!((level_db + 6.0).abs() < 0.1 && peak == 0.5, "{level_db} dB");
    }
}
