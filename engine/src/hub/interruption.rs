//! What is said while Loqa speaks or rings, without a call: it may be "stop", and is nothing else.

use futures::{StreamExt, stream::BoxStream};
use loqa_core::{
    barge_in::{Act, BargeIn, Ear, Sounding, is_stop},
    grammar::{Context, Grammar},
    seams::{AudioFrame, ModelError, SpeechToText, TranscribeOptions},
};
use loqa_inference::vad::FrameScores;
use loqa_protocol::{Hypothesis, PrivacyScope, Verdict};
use std::{future::pending, sync::Arc};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// Frames the recogniser may lag behind: 5 s, more than is listened to. When full, it has failed.
const LAG: usize = 250;

/// P(speech) from which on somebody may have begun to speak.
const VOICE: f32 = 0.5;

/// Hears whoever speaks over Loqa.
pub struct Interruption {
    stt: Option<Arc<dyn SpeechToText>>,
    scores: FrameScores,
    /// P(speech) in the newest frame.
    score: f32,
    barge_in: BargeIn,
    /// What the recogniser is fed; `None` once they have finished.
    audio: Option<mpsc::Sender<AudioFrame>>,
    words: Option<BoxStream<'static, Result<Hypothesis, ModelError>>>,
}

impl Interruption {
    /// Nobody has spoken yet. Without a recogniser nobody can say "stop".
    pub fn new(stt: Option<Arc<dyn SpeechToText>>) -> Self {
        Interruption {
            stt,
            scores: FrameScores::default(),
            score: 0.0,
            barge_in: BargeIn::default(),
            audio: None,
            words: None,
        }
    }

    /// Hears the next frame, which stands so far above Loqa's own voice, while this sounds. Feed
    /// every frame once and in order.
    pub fn hear(&mut self, frame: &AudioFrame, above_echo_db: f32, sounding: Sounding) -> Vec<Act> {
        if let Some(audio) = &self.audio {
            let _ = audio.try_send(frame.clone());
        }
        self.score = self.scores.hear(&frame.samples);
        let ear = Ear::new(frame.offset, &frame.samples, self.score, above_echo_db);
        let mut acts = Vec::new();
        self.barge_in.hear(ear, sounding, &mut acts);
        acts
    }

    /// Whether somebody may have begun to speak.
    pub fn hears_voice(&self) -> bool {
        self.score >= VOICE
    }

    /// Recognises what is said from these frames on.
    pub fn listen(&mut self, since: Vec<AudioFrame>, grammar: &Grammar) {
        let Some(stt) = &self.stt else { return };
        let (audio, frames) = mpsc::channel(LAG);
        for frame in since {
            let _ = audio.try_send(frame);
        }
        let options = TranscribeOptions {
            open: false,
            grammar: Some(grammar.speech()),
            context: Context::Commands,
            // "Stop" is a command.
            household: None,
            scope: PrivacyScope::Ephemeral,
        };
        self.words = Some(stt.transcribe(ReceiverStream::new(frames).boxed(), options));
        self.audio = Some(audio);
    }

    /// They have finished.
    pub fn finish(&mut self) {
        self.audio = None;
    }

    /// Resolves when somebody has said "stop", to their words. Cancel-safe.
    pub async fn stopped(&mut self, grammar: &Grammar) -> String {
        loop {
            let Some(words) = &mut self.words else {
                return pending().await;
            };
            let heard = words.next().await;
            if heard.as_ref().is_none_or(is_last) {
                self.words = None;
            }
            if let Some(Ok(last)) = heard
                && last.is_final
                && last.verdict != Verdict::Rejected
                && is_stop(grammar, &last.text())
            {
                return last.text();
            }
        }
    }
}

fn is_last(heard: &Result<Hypothesis, ModelError>) -> bool {
    heard
        .as_ref()
        .map_or(true, |hypothesis| hypothesis.is_final)
}
