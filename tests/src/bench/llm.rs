//! A language model in its process, on models that nobody has trained: the time is a trained one's, the words
//! are nobody's. Beside it llama.cpp by llama-cpp-python, on the same files.

use super::peer;
use crate::figure::{Goal, Report, quantile};
use anyhow::{Result, anyhow};
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use loqa_core::seams::{AnswerOptions, Answered, LanguageModel, ModelError, Said};
use loqa_engine::workers::{Llama, Prompt, Work};
use loqa_jobs::{Process, Program};
use loqa_tests::{
    llama_model::{Size, write_sized},
    program::loqa,
};
use serde::Deserialize;
use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;

/// Arguments of `bench llm`.
#[derive(clap::Args)]
pub struct LlmArgs {
    /// Answers of each kind
    #[arg(long, default_value_t = 10)]
    times: usize,
}

/// As SmolLM2's 135M and Qwen2.5's 0.5B, with fewer tokens.
pub const SIZES: [(&str, Size); 2] = [
    (
        "135m",
        Size {
            width: 576,
            heads: 9,
            key_heads: 3,
            inner: 1536,
            layers: 30,
            tokens: 8192,
            is_quantised: true,
        },
    ),
    (
        "500m",
        Size {
            width: 896,
            heads: 14,
            key_heads: 2,
            inner: 4864,
            layers: 24,
            tokens: 8192,
            is_quantised: true,
        },
    ),
];
/// Tokens of what comes before a question.
const BEFORE: usize = 1000;
/// What the template puts around it and the question: each letter of it is a token of these models.
const AROUND: &str =
    "<|im_start|>system\n100 <|im_end|>\n<|im_start|>user\n<|im_end|>\n<|im_start|>assistant\n";
/// Words of a question.
const QUESTION: usize = 12;
/// Tokens of an answer.
const TOKENS: usize = 32;
/// Words that are a token each.
const WORDS: [&str; 12] = [
    "turn", "on", "off", "the", "kitchen", "light", "living", "room", "timer", "for", "ten",
    "minutes",
];

/// Measures both sizes.
pub fn run(args: LlmArgs, report: &mut Report) -> Result<()> {
    let runtime = Runtime::new()?;
    let folder = tempfile::tempdir()?;
    for (size, shape) in &SIZES {
        let file = folder.path().join(format!("{size}.gguf"));
        // What it says is known, so that every token is a word that is told.
        let said: Vec<String> = (0..TOKENS + 2).map(|at| format!(" said{at}x")).collect();
        let said: Vec<&str> = said.iter().map(String::as_str).collect();
        write_sized(&file, shape, &said, &WORDS.join(" "));
        let ours = runtime.block_on(measure(&file, args.times))?;
        let mut figure = |name: &str, value: Option<f64>, unit: &str, goal| {
            report.figure("llm", &format!("{size}_{name}"), value, unit, goal);
        };
        let [cold, warm, ahead] =
            [&ours.cold_ms, &ours.warm_ms, &ours.ahead_ms].map(|all| quantile(all, 0.5));
        let token = quantile(&ours.token_ms, 0.5);
        figure("load", Some(ours.load_ms), "ms", Goal::None);
        figure("first_word_when_nothing_was_read", cold, "ms", Goal::None);
        figure("first_word", warm, "ms", Goal::None);
        figure("first_word_when_it_was_read_ahead", ahead, "ms", Goal::None);
        figure("token", token, "ms", Goal::None);
        figure(
            "frame_late_p99",
            quantile(&ours.late_ms, 0.99),
            "ms",
            Goal::AtMost(5.0),
        );
        figure(
            "cancel_p50",
            quantile(&ours.cancel_ms, 0.5),
            "ms",
            Goal::None,
        );
        figure(
            "cancel_p99",
            quantile(&ours.cancel_ms, 0.99),
            "ms",
            Goal::AtMost(50.0),
        );
        if let Some(peer) = Peer::measure(&file, args.times)? {
            let theirs = quantile(&peer.token_ms, 0.5);
            let read = quantile(&peer.prompt_ms, 0.5);
            let ratio = |one: Option<f64>, other: Option<f64>| {
                one.zip(other).map(|(one, other)| one / other)
            };
            figure("peer_prompt", read, "ms", Goal::None);
            figure("prompt_of_peer", ratio(cold, read), "", Goal::AtMost(1.1));
            figure("peer_token", theirs, "ms", Goal::None);
            figure("token_of_peer", ratio(token, theirs), "", Goal::AtMost(1.1));
            figure(
                "first_word_of_peer_prompt",
                ratio(warm, read),
                "",
                Goal::AtMost(0.35),
            );
        }
    }
    Ok(())
}

/// What was found, ms each.
struct Ours {
    load_ms: f64,
    /// From a question to its first word: when nothing of the prompt was known; all but the question; all.
    cold_ms: Vec<f64>,
    warm_ms: Vec<f64>,
    ahead_ms: Vec<f64>,
    token_ms: Vec<f64>,
    /// What an answer, or the reading of a prompt, that nobody waits for any more adds to the next one.
    cancel_ms: Vec<f64>,
    /// How late this process wakes for a frame each 20 ms while the model works.
    late_ms: Vec<f64>,
}

/// A model that is asked with a prompt that changes.
struct Asked {
    llama: Llama,
    system: Arc<Mutex<Arc<Prompt>>>,
}

impl Asked {
    /// Has it begin with other words, so that nothing is known of what follows.
    fn begin(&self, number: usize, tokens: usize) {
        let words = (number..number + tokens).map(|at| WORDS[at * 7 % WORDS.len()]);
        let system = format!("{number} {}", words.collect::<Vec<_>>().join(" "));
        let prompt = Prompt {
            system,
            tools: Vec::new(),
        };
        *self.system.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(prompt);
    }

    fn ask(
        &self,
        said: BoxStream<'static, Said>,
    ) -> BoxStream<'static, Result<Answered, ModelError>> {
        self.llama.answer(said, AnswerOptions::default())
    }

    fn question(&self, number: usize) -> BoxStream<'static, Result<Answered, ModelError>> {
        self.ask(stream::iter([whole(number)]).boxed())
    }
}

fn whole(number: usize) -> Said {
    let words = (0..QUESTION).map(|at| WORDS[(at * 5 + number) % WORDS.len()]);
    Said {
        text: words.collect::<Vec<_>>().join(" "),
        is_final: true,
    }
}

/// Until the next word.
async fn word(answer: &mut BoxStream<'static, Result<Answered, ModelError>>) -> Result<f64> {
    let began = Instant::now();
    answer
        .next()
        .await
        .ok_or_else(|| anyhow!("it said nothing"))??;
    Ok(ms(began))
}

async fn measure(model: &Path, times: usize) -> Result<Ours> {
    let process = Arc::new(Process::of(Program {
        name: "llama".into(),
        file: loqa().with_file_name("loqa-llm-worker"),
        arguments: vec![
            "--model".into(),
            model.into(),
            "--threads".into(),
            "1".into(),
            "--context".into(),
            "2048".into(),
        ],
    }));
    let began = Instant::now();
    process.loaded().await?;
    let load_ms = ms(began);
    let capability = "llm.llama".parse().map_err(|error| anyhow!("{error}"))?;
    let system: Arc<Mutex<Arc<Prompt>>> = Arc::default();
    let prompts = system.clone();
    let asked = Asked {
        llama: Llama::new(
            Work::here(process, capability),
            Arc::new(move || {
                let prompt = prompts.lock().unwrap_or_else(PoisonError::into_inner);
                prompt.clone()
            }),
        ),
        system,
    };
    let mut ours = Ours {
        load_ms,
        cold_ms: Vec::new(),
        warm_ms: Vec::new(),
        ahead_ms: Vec::new(),
        token_ms: Vec::new(),
        cancel_ms: Vec::new(),
        late_ms: Vec::new(),
    };
    for number in 0..times {
        asked.begin(100 + number, BEFORE);
        ours.cold_ms.push(word(&mut asked.question(0)).await?);
        let mut answer = asked.question(1);
        ours.warm_ms.push(word(&mut answer).await?);
        let began = Instant::now();
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        let mut words = 0;
        while words < TOKENS {
            tokio::select! {
                told = answer.next() => {
                    let Some(told) = told else { break };
                    told?;
                    words += 1;
                }
                due = ticks.tick() => ours.late_ms.push(due.elapsed().as_secs_f64() * 1e3),
            }
        }
        if words > 0 {
            ours.token_ms.push(ms(began) / words as f64);
        }
        drop(answer);
        // The question is known before it is whole.
        let said = whole(2);
        let early = Said {
            is_final: false,
            ..said.clone()
        };
        let later = stream::once(async move {
            tokio::time::sleep(Duration::from_millis(600)).await;
            said
        });
        let mut answer = asked.ask(stream::iter([early]).chain(later).boxed());
        let took = word(&mut answer).await?;
        ours.ahead_ms.push((took - 600.0).max(0.0));
        drop(answer);
        // A short prompt: of what was given up it shares nothing.
        let short = async |begin: usize| {
            asked.begin(begin, 8);
            word(&mut asked.question(3)).await
        };
        short(10_000 + number).await?;
        let alone = short(20_000 + number).await?;
        for given_up_after in [40, 90] {
            asked.begin(30_000 + number * 100 + given_up_after as usize, BEFORE);
            let mut answer = asked.question(4);
            let _ =
                tokio::time::timeout(Duration::from_millis(given_up_after), answer.next()).await;
            drop(answer);
            let after = short(40_000 + number * 100 + given_up_after as usize).await?;
            ours.cancel_ms.push((after - alone).max(0.0));
        }
    }
    Ok(ours)
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// What llama-cpp-python takes, ms.
#[derive(Deserialize)]
struct Peer {
    prompt_ms: Vec<f64>,
    token_ms: Vec<f64>,
}

impl Peer {
    /// Runs it; `None`, with the reason on standard error, where there is none.
    fn measure(model: &Path, times: usize) -> Result<Option<Peer>> {
        let mut args = vec![model.into()];
        let prompt = BEFORE + QUESTION + AROUND.len();
        args.extend([prompt, TOKENS, times.min(5)].map(|it| it.to_string().into()));
        peer::measure("llama-cpp-python", "llm", "llama_peer.py", &args)
    }
}
