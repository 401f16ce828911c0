//! A new grammar for the recogniser while somebody is speaking: is any sound left unheard?

use anyhow::{Context as _, Result, ensure};
use futures::{StreamExt, channel::mpsc, executor::block_on};
use loqa_core::{
    grammar::SpeechGrammar,
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

/// Times the grammar is swapped.
const ROUNDS: usize = 5;

/// What swaps cost.
#[derive(Default)]
pub struct Swap {
    /// From a new grammar to the first recogniser that has it, ms, each.
    pub ready_ms: Vec<f64>,
    /// While the grammar changed.
    pub lags: Lags,
    /// While it did not.
    pub lags_without: Lags,
}

/// From each frame's arrival until its words were out.
#[derive(Default)]
pub struct Lags {
    /// The longest of all, ms.
    pub longest_ms: Option<f64>,
    /// By frame the shortest of all rounds, ms: a busy machine is late now here and now there, a
    /// swap always in its place.
    pub least_ms: Vec<f64>,
}

impl Lags {
    /// Those of another round.
    fn add(&mut self, lags_ms: Vec<f64>) {
        let longest = self.longest_ms.into_iter().chain(lags_ms.iter().copied());
        self.longest_ms = longest.reduce(f64::max);
        if self.least_ms.is_empty() {
            self.least_ms = vec![f64::INFINITY; lags_ms.len()];
        }
        for (least, lag) in self.least_ms.iter_mut().zip(lags_ms) {
            *least = least.min(lag);
        }
    }
}

/// Speaks `sentence` in real time, in turn without and with a new grammar in the middle; `changed`
/// makes that.
///
/// # Errors
/// There is no recogniser or no voice, or the sentence was not heard whole.
pub fn measure(
    first: Arc<SpeechGrammar>,
    changed: impl Fn() -> Result<Arc<SpeechGrammar>>,
    sentence: &str,
) -> Result<Swap> {
    let clip = Studio::open()?.speak(SPEAKERS[1], sentence)?;
    let samples = clip.framed(SILENCE_MS, SILENCE_MS).samples;
    let ears = PocketSphinx::open(Ears::default(), 2)?;
    block_on(ears.load_grammar(first.clone()))?;
    let mut swap = Swap::default();
    let mut grammar = first;
    for _ in 0..ROUNDS {
        // Meanwhile the second recogniser gets the grammar too; that would count as a lag without.
        hear(&ears, &grammar, &samples, None)?;
        let (lags_ms, _) = hear(&ears, &grammar, &samples, None)?;
        swap.lags_without.add(lags_ms);
        let new = changed()?;
        let (lags_ms, ready_ms) = hear(&ears, &grammar, &samples, Some(&new))?;
        swap.lags.add(lags_ms);
        swap.ready_ms.extend(ready_ms);
        grammar = new;
    }
    Ok(swap)
}

/// The lag of each frame and, with a `new` grammar, the time until it was ready, ms.
fn hear(
    ears: &PocketSphinx,
    grammar: &Arc<SpeechGrammar>,
    samples: &[f32],
    new: Option<&Arc<SpeechGrammar>>,
) -> Result<(Vec<f64>, Option<f64>)> {
    let frames: Vec<&[f32]> = samples.chunks_exact(FRAME_SAMPLES).collect();
    let arrivals: Vec<OnceLock<Instant>> = frames.iter().map(|_| OnceLock::new()).collect();
    let options = TranscribeOptions {
        grammar: Some(grammar.clone()),
        ..TranscribeOptions::default()
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
        let mut lags_ms = Vec::with_capacity(frames.len());
        while let Some(hypothesis) = block_on(hypotheses.next()) {
            let through = hypothesis?.through as usize / FRAME_SAMPLES;
            let now = Instant::now();
            for arrival in arrivals.get(lags_ms.len()..through).unwrap_or_default() {
                let lag = arrival
                    .get()
                    .map_or(Duration::ZERO, |arrival| now - *arrival);
                lags_ms.push(lag.as_secs_f64() * 1e3);
            }
        }
        ensure!(
            lags_ms.len() == frames.len(),
            "{} of {} frames were heard",
            lags_ms.len(),
            frames.len()
        );
        let loading = loading.join().ok().context("the speaker stopped")?;
        let ready = loading
            .map(|loading| loading.join().ok().context("loading stopped"))
            .transpose()?
            .transpose()?;
        Ok((lags_ms, ready))
    })
}

/// Time until the first recogniser has the grammar, ms.
fn load(ears: &PocketSphinx, grammar: Arc<SpeechGrammar>) -> Result<f64> {
    let start = Instant::now();
    block_on(ears.load_grammar(grammar))?;
    Ok(start.elapsed().as_secs_f64() * 1e3)
}
