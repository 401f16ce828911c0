//! One stretch of listening: frames in, voice activity and endpoints out, the utterance's audio
//! retained, and the transcription under way.

use super::{Stimulus, clock::SampleClock};
use futures::{StreamExt, stream::BoxStream};
use loqa_core::{
    endpoint::{EndpointConfig, EndpointEvent, Endpointer},
    seams::{
        AudioFrame, AudioFrames, FRAME_SAMPLES, ModelError, SAMPLE_RATE_HZ, SpeechToText,
        TranscribeOptions, VoiceActivity,
    },
    turn::Take,
};
use loqa_protocol::{Hypothesis, TurnSummary};
use std::{collections::VecDeque, time::Duration};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

/// Frames a recogniser may lag behind: 80 s, more than any utterance. One that is further behind
/// has failed.
const MAX_LAG_FRAMES: usize = 4096;
/// Audio kept in case speech turns out to have begun in it: pre-roll and onset, with room.
const KEPT_SAMPLES: u64 = SAMPLE_RATE_HZ as u64;
/// Time a frame lasts.
const FRAME: Duration = Duration::from_millis(20);

/// What comes to the ears.
pub(super) enum Heard {
    Words(Take, Hypothesis),
    /// The recogniser has failed.
    Failed(Take, String),
    Frame(AudioFrame),
    /// The stream has ended; where speech was under way, frames of silence follow.
    Over,
}

/// How soon a frame is wanted.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    /// Something is under way that takes no time of the person.
    pub working: bool,
    /// An utterance is under way.
    pub hearing: bool,
}

pub(super) struct Ears {
    frames: Option<AudioFrames>,
    pub stimulus: Stimulus,
    pub summaries: mpsc::Sender<TurnSummary>,
    /// Any turn begun since listening began?
    pub any_turn: bool,
    vad: Box<dyn VoiceActivity>,
    window: Vec<f32>,
    endpointer: Endpointer,
    retained: VecDeque<AudioFrame>,
    clock: Option<SampleClock>,
    /// End of the newest frame.
    through: u64,
    transcription: Option<Transcription>,
    /// When the newest frame came, or should have.
    frame_at: Instant,
}

struct Transcription {
    take: Take,
    /// `None` once the utterance is over.
    audio: Option<mpsc::Sender<AudioFrame>>,
    hypotheses: BoxStream<'static, Result<Hypothesis, ModelError>>,
    /// Sample up to which it has heard.
    through: u64,
    /// Sample up to which it was fed.
    fed: u64,
}

impl Ears {
    pub fn new(
        frames: AudioFrames,
        stimulus: Stimulus,
        summaries: mpsc::Sender<TurnSummary>,
        vad: Box<dyn VoiceActivity>,
        config: EndpointConfig,
    ) -> Ears {
        Ears {
            frames: Some(frames),
            stimulus,
            summaries,
            any_turn: false,
            vad,
            window: Vec::new(),
            endpointer: Endpointer::new(config),
            retained: VecDeque::new(),
            clock: None,
            through: 0,
            transcription: None,
            frame_at: Instant::now(),
        }
    }

    /// What is heard next: the recogniser's words first, then audio. Cancel-safe.
    ///
    /// On the sample clock a frame waits until the recogniser has heard those before it and
    /// nothing else is under way, but no longer than it would have taken to be spoken.
    pub async fn next(&mut self, pace: Pace) -> Heard {
        let lagging = self.stimulus.fast && !self.caught_up();
        let patience = if self.stimulus.fast && pace.working {
            Some(self.frame_at + FRAME)
        } else {
            None
        };
        let silence_wanted = pace.hearing || self.endpointer.in_speech();
        let silence_at = if self.stimulus.fast {
            self.frame_at
        } else {
            self.frame_at + FRAME
        };
        let frames = &mut self.frames;
        let audio = async {
            sleep_until(patience.unwrap_or_else(Instant::now)).await;
            match frames {
                Some(frames) => frames.next().await,
                None if silence_wanted => {
                    sleep_until(silence_at).await;
                    None
                }
                None => std::future::pending().await,
            }
        };
        let frame = tokio::select! {
            biased;
            words = words(&mut self.transcription) => return words,
            frame = audio, if !lagging => frame,
        };
        match frame {
            Some(frame) => {
                self.frame_at = Instant::now();
                Heard::Frame(frame)
            }
            None if self.frames.take().is_some() => Heard::Over,
            None => {
                // Without drift: each a frame after the one before.
                self.frame_at = if self.stimulus.fast {
                    Instant::now()
                } else {
                    silence_at
                };
                Heard::Frame(AudioFrame {
                    offset: self.through,
                    samples: vec![0.0; FRAME_SAMPLES].into(),
                })
            }
        }
    }

    /// Does time follow the samples?
    pub fn fast(&self) -> bool {
        self.stimulus.fast
    }

    /// Has the stream ended?
    pub fn over(&self) -> bool {
        self.frames.is_none()
    }

    /// Is speech under way?
    pub fn in_speech(&self) -> bool {
        self.endpointer.in_speech()
    }

    /// Has the recogniser heard all it was fed?
    fn caught_up(&self) -> bool {
        self.transcription.as_ref().is_none_or(|transcription| {
            transcription.audio.is_some() && transcription.through >= transcription.fed
        })
    }

    /// When a sample was, or will be, spoken.
    pub fn moment(&self, offset: u64) -> Duration {
        self.clock
            .map_or(Duration::ZERO, |clock| clock.moment(offset))
    }

    /// End of the newest frame.
    pub fn through(&self) -> u64 {
        self.through
    }

    /// Notes that a frame arrived at `now`; returns when its last sample was spoken.
    pub fn arrive(&mut self, frame: &AudioFrame, now: Duration) -> Duration {
        let end = frame.offset + frame.samples.len() as u64;
        match &mut self.clock {
            None if self.stimulus.fast => {
                self.clock = Some(SampleClock::starting(frame.offset, now))
            }
            None => self.clock = Some(SampleClock::starting(end, now)),
            Some(_) if self.stimulus.fast => {}
            Some(clock) => clock.arrived(end, now),
        }
        self.moment(end)
    }

    /// Hears a frame. `retain_from` is the first sample that may be transcribed again.
    pub fn hear(
        &mut self,
        frame: AudioFrame,
        retain_from: Option<u64>,
        events: &mut Vec<EndpointEvent>,
    ) {
        self.through = frame.offset + frame.samples.len() as u64;
        self.feed(&frame);
        let keep_from = retain_from
            .unwrap_or(u64::MAX)
            .min(self.through.saturating_sub(KEPT_SAMPLES));
        while self
            .retained
            .front()
            .is_some_and(|old| old.offset + (old.samples.len() as u64) <= keep_from)
        {
            self.retained.pop_front();
        }
        self.retained.push_back(frame.clone());
        let mut scores = Vec::new();
        self.window.extend_from_slice(&frame.samples);
        let window = self.vad.window().max(1);
        while self.window.len() >= window {
            scores.push(self.vad.score(&self.window[..window]));
            self.window.drain(..window);
        }
        self.endpointer
            .hear(frame.offset, &frame.samples, &scores, events);
    }

    pub fn endpointer(&mut self) -> &mut Endpointer {
        &mut self.endpointer
    }

    fn feed(&mut self, frame: &AudioFrame) {
        let Some(transcription) = &mut self.transcription else {
            return;
        };
        let Some(audio) = &transcription.audio else {
            return;
        };
        transcription.fed = frame.offset + frame.samples.len() as u64;
        // When full, the recogniser has failed; its stream then ends without a final hypothesis.
        if audio.try_send(frame.clone()).is_err() {
            transcription.hypotheses = futures::stream::empty().boxed();
        }
    }

    /// Starts a transcription on the retained audio from sample `from` on.
    pub fn transcribe(
        &mut self,
        stt: &dyn SpeechToText,
        take: Take,
        from: u64,
        options: TranscribeOptions,
    ) {
        let (audio, incoming) = mpsc::channel(MAX_LAG_FRAMES);
        let frames = tokio_stream::wrappers::ReceiverStream::new(incoming).boxed();
        let hypotheses = stt.transcribe(frames, options);
        self.transcription = Some(Transcription {
            take,
            audio: Some(audio),
            hypotheses,
            through: 0,
            fed: 0,
        });
        let again: Vec<AudioFrame> = self
            .retained
            .iter()
            .filter(|frame| frame.offset + frame.samples.len() as u64 > from)
            .cloned()
            .collect();
        for frame in &again {
            self.feed(frame);
        }
    }

    /// No more audio belongs to the utterance.
    pub fn finish(&mut self, take: Take) {
        if let Some(transcription) = &mut self.transcription
            && transcription.take == take
        {
            transcription.audio = None;
        }
    }

    pub fn drop_transcription(&mut self, take: Take) {
        self.transcription
            .take_if(|transcription| transcription.take == take);
    }
}

/// The recogniser's next words; never, if there is none. Cancel-safe.
async fn words(transcription: &mut Option<Transcription>) -> Heard {
    let Some(running) = transcription else {
        return std::future::pending().await;
    };
    let take = running.take;
    let heard = match running.hypotheses.next().await {
        Some(Ok(hypothesis)) if !hypothesis.is_final => {
            running.through = hypothesis.through;
            return Heard::Words(take, hypothesis);
        }
        Some(Ok(hypothesis)) => Heard::Words(take, hypothesis),
        Some(Err(error)) => Heard::Failed(take, error.to_string()),
        None => Heard::Failed(take, "the recogniser stopped before the end".into()),
    };
    *transcription = None;
    heard
}
