//! What is answered, made audible as it comes.

use futures::{StreamExt, channel::mpsc, stream};
use loqa_core::seams::{ArmedReply, ModelError, Speaker, SpeechChunk};
use loqa_inference::playback::{HeardReply, Pace, PacedSpeaker, attentive};
use std::{future, path::PathBuf, sync::Arc};
use tokio::task::JoinHandle;

/// Pieces of a reply that may wait for the speaker, of at most 4 s each; what comes besides is lost.
const PIECES: usize = 64;

/// A speaker, and what sounds.
pub struct Mouth {
    speaker: Arc<dyn Speaker>,
    /// Percent.
    volume: u8,
    reply: Option<Reply>,
}

struct Reply {
    sample_rate_hz: u32,
    /// `None`: there is no more.
    pieces: Option<mpsc::Sender<Result<SpeechChunk, ModelError>>>,
    armed: Arc<dyn ArmedReply>,
    /// Has it too; it is silenced when this is ended.
    sounding: JoinHandle<()>,
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.sounding.abort();
    }
}

impl Mouth {
    /// Over this speaker.
    pub fn new(speaker: Arc<dyn Speaker>) -> Mouth {
        Mouth {
            speaker,
            volume: 100,
            reply: None,
        }
    }

    /// Nobody hears anything; it takes its time all the same.
    pub fn silent() -> Mouth {
        Mouth::new(Arc::new(PacedSpeaker::new(Pace::RealTime, None)))
    }

    /// What was heard of each reply goes to this file, one after the other.
    pub fn to_file(file: PathBuf) -> Mouth {
        let all = std::sync::Mutex::new(Vec::<HeardReply>::new());
        let write = move |reply: HeardReply| {
            let mut all = all
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            all.push(reply);
            if let Err(error) = write(&file, &all) {
                tracing::error!(%error, "{} cannot be written", file.display());
            }
        };
        Mouth::new(Arc::new(PacedSpeaker::new(
            Pace::RealTime,
            Some(Arc::new(write)),
        )))
    }

    /// How loud it is from now on, percent.
    pub fn set_volume(&mut self, percent: u8) {
        self.volume = percent;
        if let Some(reply) = &self.reply {
            reply.armed.set_gain_db(gain_db(percent));
        }
    }

    /// Something can be heard.
    pub fn sounds(&self) -> bool {
        let reply = self.reply.as_ref();
        reply.is_some_and(|reply| !reply.sounding.is_finished())
    }

    /// Resolves when nothing sounds any more; never, if nothing does. May be dropped and called again.
    pub async fn quiet(&mut self) {
        match &mut self.reply {
            Some(reply) => drop((&mut reply.sounding).await),
            None => future::pending().await,
        }
        self.reply = None;
    }

    /// Says this, after what is being said.
    pub fn speak(&mut self, sample_rate_hz: u32, samples: Vec<f32>) {
        let goes_on = self
            .reply
            .as_ref()
            .is_some_and(|reply| reply.pieces.is_some() && reply.sample_rate_hz == sample_rate_hz);
        if !goes_on {
            self.begin(sample_rate_hz);
        }
        let pieces = self.reply.as_mut().and_then(|reply| reply.pieces.as_mut());
        let chunk = SpeechChunk {
            sample_rate_hz,
            samples,
        };
        if let Some(Err(_)) = pieces.map(|pieces| pieces.try_send(Ok(chunk))) {
            tracing::warn!("more was answered than can be said");
        }
    }

    fn begin(&mut self, sample_rate_hz: u32) {
        let (pieces, audio) = mpsc::channel(PIECES);
        let armed: Arc<dyn ArmedReply> = self.speaker.arm(audio.boxed()).into();
        armed.set_gain_db(gain_db(self.volume));
        let reply = armed.clone();
        let before = self.reply.take();
        let sounding = tokio::spawn(async move {
            // What was being said is said to its end.
            if let Some(mut before) = before {
                before.pieces = None;
                let _ = (&mut before.sounding).await;
            }
            match reply.start().await {
                Ok(_) => drop(reply.finished().await),
                Err(error) => tracing::warn!(%error, "a reply was not heard"),
            }
        });
        self.reply = Some(Reply {
            sample_rate_hz,
            pieces: Some(pieces),
            armed,
            sounding,
        });
    }

    /// There is no more of this reply; what there is, is said.
    pub fn end(&mut self) {
        if let Some(reply) = &mut self.reply {
            reply.pieces = None;
        }
    }

    /// Says nothing more, from now on.
    pub fn silence(&mut self) {
        self.reply = None;
    }

    /// A sign that it was called.
    pub fn chime(&self) {
        let chime = self.speaker.arm(stream::iter([Ok(attentive())]).boxed());
        chime.set_gain_db(gain_db(self.volume));
        tokio::spawn(async move {
            if chime.start().await.is_ok() {
                chime.finished().await;
            }
        });
    }
}

/// Gain of a volume in percent; at 0 nothing is heard.
fn gain_db(percent: u8) -> f32 {
    match percent {
        0 => -120.0,
        percent => 20.0 * (f32::from(percent) / 100.0).log10(),
    }
}

fn write(file: &std::path::Path, replies: &[HeardReply]) -> Result<(), hound::Error> {
    let Some(first) = replies.first() else {
        return Ok(());
    };
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: first.sample_rate_hz,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(file, spec)?;
    let same = |reply: &&HeardReply| reply.sample_rate_hz == first.sample_rate_hz;
    for reply in replies.iter().filter(same) {
        for sample in &reply.samples {
            let sample = sample.clamp(-1.0, 1.0) * f32::from(i16::MAX);
            writer.write_sample(sample.round() as i16)?;
        }
    }
    writer.finalize()
}
