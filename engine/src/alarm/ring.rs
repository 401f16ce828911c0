//! What is heard when something is due: chimes, and a sentence between them.

use futures::{StreamExt, stream};
use loqa_core::{
    seams::{ModelError, Speaker, SpeechChunk, TextToSpeech, Voice},
    speech,
};
use loqa_inference::playback;
use std::{sync::Arc, time::Duration};
use tokio::time::sleep;

/// Chimes before it is said what is due, and then between one saying and the next.
const CHIMES: [usize; 2] = [2, 8];

/// What rings.
#[derive(Clone)]
pub struct RingVoice {
    /// Where it sounds.
    pub speaker: Arc<dyn Speaker>,
    /// What says what is due; chimes alone without it.
    pub tts: Option<Arc<dyn TextToSpeech>>,
    /// In which voice.
    pub voice: Voice,
}

/// Chimes and says `sentence`, over and over, or as often as `times` says. What nobody could hear
/// does not count.
pub(super) async fn ring(voice: RingVoice, sentence: String, times: Option<usize>) {
    let chime = playback::chime();
    let mut chimes = CHIMES[0];
    let mut left = times;
    while left != Some(0) {
        let pause = SpeechChunk {
            sample_rate_hz: chime.sample_rate_hz,
            samples: vec![0.0; chime.sample_rate_hz as usize],
        };
        let row: Vec<SpeechChunk> = (0..chimes)
            .flat_map(|_| [chime.clone(), pause.clone()])
            .collect();
        let played = play(&voice, stream::iter(row).map(Ok).boxed()).await;
        let said = speak(&voice, &sentence).await;
        if played || said {
            left = left.map(|left| left - 1);
        } else {
            // The speaker may come back.
            sleep(Duration::from_secs(5)).await;
        }
        // Who is told something twice need not be woken.
        chimes = times.map_or(CHIMES[1], |_| CHIMES[0]);
    }
}

/// Chimes once and says `sentence` once. Where nothing can be heard it is not said later.
pub async fn say(voice: RingVoice, sentence: String) {
    play(&voice, stream::iter([Ok(playback::chime())]).boxed()).await;
    speak(&voice, &sentence).await;
}

/// Says a sentence. Returns whether it was audible.
async fn speak(voice: &RingVoice, sentence: &str) -> bool {
    let Some(tts) = &voice.tts else {
        return false;
    };
    let clauses = speech::clauses(&speech::speakable(sentence));
    let audio = tts.synthesize(stream::iter(clauses).boxed(), voice.voice.clone().into());
    play(voice, audio).await
}

/// Plays audio to its end. Returns whether it was audible.
async fn play(
    voice: &RingVoice,
    audio: stream::BoxStream<'static, Result<SpeechChunk, ModelError>>,
) -> bool {
    let reply = voice.speaker.arm(audio);
    if let Err(error) = reply.start().await {
        tracing::warn!(%error, "something rings, but cannot be heard");
        return false;
    }
    reply.finished().await;
    true
}
