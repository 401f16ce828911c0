//! The plain pipeline that most assistants are: wait, recognise, parse, synthesise, play.

use super::stimuli::Command;
use anyhow::{Context as _, Result};
use futures::{StreamExt, stream};
use loqa_core::{
    grammar::Context,
    seams::{TextToSpeech, Voice},
    speech,
};
use loqa_engine::hub;
use loqa_inference::{
    stt::{Ears, Recogniser},
    tts::{DEFAULT_VOICE, Voices},
};
use std::time::Instant;

/// Silence that ends a command, ms: what widely used pipelines wait by default.
const SILENCE_MS: f64 = 700.0;
/// What is said when nothing else is: as long as Loqa's own replies.
const REPLY: &str = "OK, the kitchen lights are off.";

/// End of speech → first sample of the reply, ms, of each command: the wait, then recognition of
/// the whole recording, the parse, and synthesis of the whole reply, measured one after the other.
pub fn run(commands: &[Command]) -> Result<Vec<f64>> {
    let grammar = hub::demonstration_grammar().map_err(|problem| anyhow::anyhow!("{problem}"))?;
    let speech_grammar = grammar.speech();
    let mut recogniser = Recogniser::open(&Ears::default()).context("no recogniser")?;
    recogniser.load(&speech_grammar)?;
    let voices = Voices::load();
    let mut latencies = Vec::with_capacity(commands.len());
    for command in commands {
        let end = command.clip.end + (SILENCE_MS / 1e3 * 16_000.0) as usize;
        let heard = &command.clip.samples[..end.min(command.clip.samples.len())];
        let started = Instant::now();
        recogniser.start(speech_grammar.version, &Context::Commands)?;
        recogniser.feed(heard)?;
        let text = recogniser.finish()?.text();
        std::hint::black_box(grammar.parse(&Context::Commands, &text));
        let whole = vec![speech::speakable(REPLY)];
        let chunks = voices.synthesize(
            stream::iter(whole).boxed(),
            Voice(DEFAULT_VOICE.into()).into(),
        );
        let audio: Vec<_> = futures::executor::block_on(chunks.collect::<Vec<_>>());
        audio.into_iter().collect::<Result<Vec<_>, _>>()?;
        latencies.push(SILENCE_MS + started.elapsed().as_secs_f64() * 1e3);
    }
    Ok(latencies)
}
