//! A new grammar for the recogniser while somebody is speaking: is any sound left unheard?

use anyhow::{Context as _, Result, ensure};
use futures::{StreamExt, channel::mpsc, executor::block_on};
use loqa_core::{
    grammar::{Context, SpeechGrammar},
    seams::{AudioFrame, FRAME_SAMPLES, SpeechToText, TranscribeOptions},
};
use loqa_inference::stt::{Ears, PocketSphinx};
use loqa_tests::voices::{SPEAKERS, Studio};
use std::{
    sync::{Arc, OnceLock},
    thread,
    time::{Duration, Instant},
};

/// Length of a frame, ms.
pub const FRAME_MS: f64 = 20.0;
/// Silence before and after the words, ms.
const SILENCE_MS: usize = 300;

/// What a swap cost.
pub struct Swap {
    /// From the new grammar to the first recogniser that has it, ms.
    pub ready_ms: f64,
    /// Longest time from a frame's arrival until its words were out, while the grammar changed, ms.
    pub longest_lag_ms: f64,
    /// The same without a change.
    pub longest_lag_before_ms: f64,
}

/// Speaks `sentence` twice in real time, and puts `new` in place of `old` in the middle of the
/// second time.
///
/// # Errors
/// There is no recogniser or no voice, or the sentence was not heard whole.
pub fn measure(old: &Arc<SpeechGrammar>, new: &Arc<SpeechGrammar>, sentence: &str) -> Result<Swap> {
    let clip = Studio::open()?.speak(SPEAKERS[1], sentence)?;
    let samples = clip.framed(SILENCE_MS, SILENCE_MS).samples;
    let ears = PocketSphinx::open(Ears::default(), 2)?;
    block_on(ears.load_grammar(old.clone()))?;
    let (longest_lag_before_ms, _) = hear(&ears, old, &samples, None)?;
    let (longest_lag_ms, ready_ms) = hear(&ears, old, &samples, Some(new))?;
    Ok(Swap {
        ready_ms: ready_ms.context("the new grammar was not loaded")?,
        longest_lag_ms,
        longest_lag_before_ms,
    })
}

/// Longest lag of a frame and, with a `new` grammar, the time until it was ready, ms.
fn hear(
    ears: &PocketSphinx,
    grammar: &Arc<SpeechGrammar>,
    samples: &[f32],
    new: Option<&Arc<SpeechGrammar>>,
) -> Result<(f64, Option<f64>)> {
    let frames: Vec<&[f32]> = samples.chunks_exact(FRAME_SAMPLES).collect();
    let arrivals: Vec<OnceLock<Instant>> = frames.iter().map(|_| OnceLock::new()).collect();
    let options = TranscribeOptions {
        grammar: Some(grammar.clone()),
        context: Context::Commands,
    };
    // Bounded by the length of the clip: the speaker never waits for the listener.
    let (mut microphone, audio) = mpsc::channel(frames.len());
    let mut hypotheses = ears.transcribe(audio.boxed(), options);
    thread::scope(|scope| {
        let loading = scope.spawn(|| {
            let start = Instant::now();
            let mut loading = None;
            for (n, (frame, arrival)) in frames.iter().zip(&arrivals).enumerate() {
                let due = start + Duration::from_secs_f64(n as f64 * FRAME_MS / 1e3);
                thread::sleep(due.saturating_duration_since(Instant::now()));
                if n == frames.len() / 3 {
                    loading = new.map(|new| scope.spawn(|| load(ears, new.clone())));
                }
                let frame = AudioFrame {
                    offset: (n * FRAME_SAMPLES) as u64,
                    samples: Arc::from(*frame),
                };
                let _ = arrival.set(Instant::now());
                // A listener that hung up has said why.
                let _ = microphone.try_send(frame);
            }
            drop(microphone);
            loading
        });
        let (mut longest, mut heard) = (Duration::ZERO, 0);
        while let Some(hypothesis) = block_on(hypotheses.next()) {
            let through = hypothesis?.through as usize / FRAME_SAMPLES;
            let now = Instant::now();
            for arrival in arrivals.get(heard..through).unwrap_or_default() {
                longest = longest.max(
                    arrival
                        .get()
                        .map_or(Duration::ZERO, |arrival| now - *arrival),
                );
            }
            heard = heard.max(through);
        }
        ensure!(
            heard == frames.len(),
            "{heard} of {} frames were heard",
            frames.len()
        );
        let loading = loading.join().ok().context("the speaker stopped")?;
        let ready = loading
            .map(|loading| loading.join().ok().context("loading stopped"))
            .transpose()?
            .transpose()?;
        Ok((longest.as_secs_f64() * 1e3, ready))
    })
}

/// Time until the first recogniser has the grammar, ms.
fn load(ears: &PocketSphinx, grammar: Arc<SpeechGrammar>) -> Result<f64> {
    let start = Instant::now();
    block_on(ears.load_grammar(grammar))?;
    Ok(start.elapsed().as_secs_f64() * 1e3)
}
