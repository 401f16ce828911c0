//! An open question through the hub, from its last word to the first sound of the answer: whisper, a language
//! model and a voice as they come, against the same models, one after the other. The models have the dimensions
//! of real ones, and say what they are told to.

use super::{llm::SIZES, peer};
use crate::figure::{Goal, Report, quantile};
use anyhow::{Context as _, Result, ensure};
use futures::{StreamExt, executor::block_on, stream};
use loqa_core::seams::{TextToSpeech, Voice};
use loqa_engine::{hub, models::prompts};
use loqa_inference::tts::Voices;
use loqa_tests::{
    llama_model::write_sized,
    program::Home,
    voices::{Speaker, Studio, write_wav},
    whisper_model::Model,
};
use serde::Deserialize;
use serde_json::Value;
use std::{fmt::Write, fs, path::Path, time::Instant};
use tokio::sync::watch;

/// Arguments of `bench model`.
#[derive(clap::Args)]
pub struct ModelArgs {
    /// Questions
    #[arg(long, default_value_t = 5)]
    times: usize,
}

/// A question of about 4 s.
const QUESTION: &str =
    "can you tell me which town on the river has the tall iron tower that everybody visits";
/// What is answered, a token each.
const ANSWER: [&str; 30] = [
    "That", " is", " Paris", ",", " which", " lies", " on", " both", " banks", " of", " the",
    " river", " Seine", ".", " Its", " tower", " was", " built", " for", " a", " fair", " in",
    " those", " days", ";", " people", " come", " to", " see", " it",
];
/// Longer than the prompt takes to be read on a slow machine: 15 s each.
const WARMING: usize = 20;

/// Measures.
pub fn run(args: ModelArgs, report: &mut Report) -> Result<()> {
    let home = Home::new()?;
    let [hears, says, wav, prompt] =
        ["hears.bin", "says.gguf", "asks.wav", "prompt.txt"].map(|name| home.path(name));
    Model {
        says: Some(QUESTION),
        ..Model::TINY
    }
    .write(&hears)?;
    let before = before()?;
    write_sized(&says, &SIZES[0].1, &ANSWER, &before);
    let clip = Studio::open()?.speak(Speaker::Flite("slt"), QUESTION)?;
    let samples = clip.framed(300, 1500).samples;
    write_wav(&wav, &samples)?;
    fs::write(
        &prompt,
        format!(
            "<|im_start|>system\n{before}<|im_end|>\n<|im_start|>user\n{QUESTION}<|im_end|>\n<|im_start|>assistant\n"
        ),
    )?;
    let quoted = |path: &Path| format!("{:?}", path.to_string_lossy());
    home.write(
        "config/loqa/loqa.toml",
        format!(
            "[hearing]\nmodel = {}\n[thinking]\nmodel = {}\n",
            quoted(&hears),
            quoted(&says)
        ),
    )?;
    let (mut first_sound, mut endpoint, mut heard) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..args.times {
        // What was asked before would be answered from memory.
        let hub = home.hub()?;
        let warm = (0..WARMING).find_map(|number| {
            let sentence = format!("who are you number {number}");
            let turn = turn(&home, &["ask", "--json", &sentence]).ok()?;
            turn["reply"].as_str()?.starts_with(ANSWER[0]).then_some(())
        });
        warm.context("the language model does not become ready")?;
        let turn = turn(&home, &["ask", "--json", "--wav", &wav.to_string_lossy()])?;
        ensure!(
            turn["reply"]
                .as_str()
                .is_some_and(|reply| reply.starts_with(ANSWER[0])),
            "{turn}"
        );
        first_sound.extend(turn["ttfa_ms"].as_f64());
        endpoint.extend(turn["endpoint_delay_ms"].as_f64());
        heard.extend(turn["hops"]["stt_final_ms"].as_f64());
        drop(hub);
    }
    let speak = speak()?;
    let mut figure = |name: &str, value: Option<f64>, unit: &str, goal| {
        report.figure("model", name, value, unit, goal);
    };
    let [ours, waited, words] = [&first_sound, &endpoint, &heard].map(|all| quantile(all, 0.5));
    figure("first_sound_p50", ours, "ms", Goal::None);
    figure(
        "of_that_silence_that_tells_the_end",
        waited,
        "ms",
        Goal::None,
    );
    figure("of_that_last_words", words, "ms", Goal::None);
    figure("speaking_all_of_it", Some(speak), "ms", Goal::None);
    let Some(peer) = Peer::measure(&hears, &wav, &says, &prompt, args.times)? else {
        return Ok(());
    };
    let [hear, read, answer] =
        [&peer.hear_ms, &peer.read_ms, &peer.answer_ms].map(|all| quantile(all, 0.5));
    figure(
        "one_after_the_other.prompt_tokens",
        Some(peer.prompt_tokens),
        "",
        Goal::None,
    );
    figure("one_after_the_other.hearing", hear, "ms", Goal::None);
    figure("one_after_the_other.reading", read, "ms", Goal::None);
    figure("one_after_the_other.answering", answer, "ms", Goal::None);
    let known = waited
        .zip(hear)
        .zip(answer)
        .map(|((waited, hear), answer)| waited + hear + answer + speak);
    let all = known.zip(read).map(|(known, read)| known + read);
    let ratio = |theirs: Option<f64>| ours.zip(theirs).map(|(ours, theirs)| ours / theirs);
    figure("of_one_after_the_other", ratio(all), "", Goal::AtMost(0.35));
    figure("of_one_that_knows_its_prompt", ratio(known), "", Goal::None);
    Ok(())
}

fn turn(home: &Home, args: &[&str]) -> Result<Value> {
    let ended = home.run(args)?;
    let turn = ended.turns()?.into_iter().next();
    turn.with_context(|| format!("{ended:#?}"))
}

/// What the language model is told of the demo household, as its worker writes it.
fn before() -> Result<String> {
    let grammar = hub::demonstration_grammar().map_err(|problem| anyhow::anyhow!("{problem:?}"))?;
    let (_keep, grammar) = watch::channel(grammar);
    let prompt = prompts(grammar, 4096)();
    let mut text = prompt.system.clone();
    for (_, tool) in &prompt.tools {
        let takes: Value = serde_json::from_str(&tool.parameters)?;
        let takes = takes["properties"].as_object();
        let takes = takes.map(|it| it.keys().cloned().collect::<Vec<_>>().join(", "));
        write!(
            text,
            "\n- {}({}): {}",
            tool.name,
            takes.unwrap_or_default(),
            tool.about
        )?;
    }
    Ok(text)
}

/// The whole answer as sound, ms.
fn speak() -> Result<f64> {
    let voices = Voices::load();
    let text = ANSWER.concat();
    let whole = || {
        let began = Instant::now();
        let chunks = voices.synthesize(
            stream::iter([text.clone()]).boxed(),
            Voice("slt".into()).into(),
        );
        let chunks: Vec<_> = block_on(chunks.collect());
        chunks.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(began.elapsed().as_secs_f64() * 1e3)
    };
    // The first has the voice loaded.
    whole().and_then(|_: f64| whole())
}

/// What the same takes by Python's bindings, ms.
#[derive(Deserialize)]
struct Peer {
    hear_ms: Vec<f64>,
    read_ms: Vec<f64>,
    answer_ms: Vec<f64>,
    prompt_tokens: f64,
}

impl Peer {
    /// Runs it; `None`, with the reason on standard error, where there is none.
    fn measure(
        whisper: &Path,
        wav: &Path,
        llama: &Path,
        prompt: &Path,
        times: usize,
    ) -> Result<Option<Peer>> {
        let mut args: Vec<_> = [whisper, wav, llama, prompt].map(Into::into).into();
        args.extend([ANSWER.len(), times].map(|it| it.to_string().into()));
        peer::measure("one after the other", "model", "model_peer.py", &args)
    }
}
