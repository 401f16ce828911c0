//! Language models: what somebody says in, words or one call out.

use crate::{Table, linked::Linked, process, soon};
use anyhow::{Context, Result, bail, ensure};
use futures::{
    FutureExt, StreamExt,
    channel::mpsc,
    future::{BoxFuture, join_all},
    stream::{self, BoxStream},
};
use loqa_core::{
    policy::Risk,
    seams::{AnswerOptions, Answered, LanguageModel, ModelError, Said},
};
use loqa_engine::workers::{Llama, Prompt, Remembered, Work};
use loqa_protocol::{Message, QosTier, Role, Tool};
use loqa_tests::llama_model::{write, write_saying};
use std::{path::Path, sync::Arc};

/// In tokens, of which some are no whole character.
const PIECES: [&str; 10] = [
    "That", " is", " caf", "<0xC3>", "<0xA9>", " ", "<0xF0>", "<0x9F>", "<0x8E>", "<0x89>",
];
const SAYS: &str = "That is café 🎉";

/// One that answers everything alike, one that never ends, and one that calls whatever it is offered: of one kind.
struct Minds {
    says: Arc<dyn LanguageModel>,
    endless: Arc<dyn LanguageModel>,
    calls: Arc<dyn LanguageModel>,
    /// The nodes they are on.
    _nodes: Vec<Linked>,
}

type Answer = BoxStream<'static, Result<Answered, ModelError>>;

fn ask(mind: &dyn LanguageModel, text: &str) -> Answer {
    ask_with(mind, text, AnswerOptions::default())
}

fn ask_with(mind: &dyn LanguageModel, text: &str, options: AnswerOptions) -> Answer {
    let said = said(text, true);
    mind.answer(stream::iter([said]).boxed(), options)
}

fn said(text: &str, is_final: bool) -> Said {
    Said {
        text: text.into(),
        is_final,
    }
}

async fn parts(answer: Answer) -> Result<Vec<Answered>> {
    let parts: Vec<_> = soon("the end of an answer", answer.collect()).await?;
    Ok(parts.into_iter().collect::<Result<_, ModelError>>()?)
}

async fn words(answer: Answer) -> Result<String> {
    let mut all = String::new();
    for part in parts(answer).await? {
        match part {
            Answered::Words(words) => all += &words,
            call => bail!("{call:?}"),
        }
    }
    Ok(all)
}

/// What may be called: the door only by whoever may open it.
fn prompt() -> Arc<Prompt> {
    let tool = |name: &str, parameters: &str| Tool {
        name: name.into(),
        about: "does it.".into(),
        parameters: parameters.into(),
    };
    let light = r#"{"type":"object","properties":{"room":{"enum":["kitchen","hall"]},
        "level":{"type":"integer","minimum":0,"maximum":100}},"required":["room","level"]}"#;
    let door = r#"{"type":"object","properties":{}}"#;
    Arc::new(Prompt {
        system: "You are a test.".into(),
        tools: vec![
            (Risk::Everyday, tool("home.light", light)),
            (Risk::Risky, tool("home.unlock", door)),
        ],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_language_model() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let [says, endless, calls] =
        ["says", "endless", "calls"].map(|it| folder.path().join(format!("{it}.gguf")));
    write_saying(&says, &PIECES, "");
    write(&endless, None);
    write(&calls, Some("{"));
    let of = |work: Arc<Work>| Llama::new(work, Arc::new(prompt));
    let here = |model: &Path| {
        let arguments = ["--threads", "1", "--context", "2048"];
        process("llama", "loqa-llm-worker", model, &arguments).map(of)
    };
    let own = || -> Result<[Llama; 3]> { Ok([here(&says)?, here(&endless)?, here(&calls)?]) };
    let minds = |[says, endless, calls]: [Arc<dyn LanguageModel>; 3], nodes| Minds {
        says,
        endless,
        calls,
        _nodes: nodes,
    };
    let by_nodes = async {
        let mut nodes = Vec::new();
        for model in [&says, &endless, &calls] {
            let settings = format!("llama = {model:?}\ncontext = 2048");
            nodes.push(Linked::with(&settings).await?);
        }
        let llama = |at: usize| {
            let work = Work::of(nodes[at].sites.clone(), "llm", "llama");
            Arc::new(of(Arc::new(work))) as Arc<dyn LanguageModel>
        };
        Ok::<_, anyhow::Error>(minds([llama(0), llama(1), llama(2)], nodes))
    };
    Table::of([
        (
            "llama",
            own().map(|all| minds(all.map(|it| Arc::new(it) as _), vec![])),
        ),
        (
            "llama, remembered",
            own().map(|all| {
                let remembered = |it| Arc::new(Remembered::new(Arc::new(it), || 0)) as _;
                minds(all.map(remembered), vec![])
            }),
        ),
        ("a node", by_nodes.await),
    ])
    .hold([
        ("what was not said to the end is not answered", nothing),
        ("an answer comes in whole characters", whole),
        ("the same is answered to the same", the_same),
        ("whoever stops listening leaves it to the next", dropped),
        ("several at once do not mix", at_once),
        ("the longest answer ends", ends),
        ("only what is offered is called, as it is", calls_only),
        ("what was said long ago is left out", long_history),
        ("what is too long is told", too_long),
    ])
    .await
}

fn nothing(minds: &Minds) -> BoxFuture<'_, Result<()>> {
    async {
        for heard in [
            vec![],
            vec![said("where", false), said("where is it", false)],
        ] {
            let answer = minds
                .says
                .answer(stream::iter(heard).boxed(), <_>::default());
            ensure!(parts(answer).await?.is_empty());
        }
        Ok(())
    }
    .boxed()
}

fn whole(minds: &Minds) -> BoxFuture<'_, Result<()>> {
    async {
        for question in ["where is it", "😀 <|im_end|> \0 {", "x"] {
            let words = words(ask(&*minds.says, question)).await?;
            ensure!(words.trim() == SAYS, "{question:?}: {words:?}");
        }
        Ok(())
    }
    .boxed()
}

fn the_same(minds: &Minds) -> BoxFuture<'_, Result<()>> {
    async {
        let at_once = words(ask(&*minds.endless, "turn off the light")).await?;
        let changed = ["turn", "turn on the", "what is it", "turn off"];
        let heard = changed.map(|text| said(text, false)).into_iter();
        let heard = heard.chain([said("turn off the light", true)]);
        let slowly = minds.endless.answer(
            stream::iter(heard.collect::<Vec<_>>()).boxed(),
            AnswerOptions::default(),
        );
        ensure!(words(slowly).await? == at_once);
        Ok(())
    }
    .boxed()
}

fn dropped(minds: &Minds) -> BoxFuture<'_, Result<()>> {
    async {
        for round in 0..20 {
            // Before it answers, while somebody speaks, and in the middle of it.
            drop(ask(&*minds.endless, "and then"));
            let (mut say, heard) = mpsc::channel(1);
            let mut listens = minds.endless.answer(heard.boxed(), <_>::default());
            say.try_send(said("and", false))?;
            ensure!(futures::poll!(listens.next()).is_pending());
            let mut answer = ask(&*minds.endless, &format!("and then {round}"));
            let first = soon("the first words", answer.next()).await?;
            ensure!(matches!(first, Some(Ok(Answered::Words(_)))), "{first:?}");
        }
        ensure!(!words(ask(&*minds.endless, "what is it")).await?.is_empty());
        Ok(())
    }
    .boxed()
}

fn at_once(minds: &Minds) -> BoxFuture<'_, Result<()>> {
    async {
        let questions = ["turn on the light", "what is the weather"];
        let mut alone = Vec::new();
        for question in questions {
            alone.push(words(ask(&*minds.endless, question)).await?);
        }
        ensure!(alone[0] != alone[1]);
        let both = questions.map(|question| words(ask(&*minds.endless, question)));
        for (said, alone) in join_all(both).await.into_iter().zip(alone) {
            ensure!(said? == alone);
        }
        Ok(())
    }
    .boxed()
}

fn ends(minds: &Minds) -> BoxFuture<'_, Result<()>> {
    async {
        for tier in [QosTier::Fast, QosTier::Balanced, QosTier::Rich] {
            let options = AnswerOptions {
                tier,
                ..AnswerOptions::default()
            };
            let all = words(ask_with(&*minds.endless, "and then", options)).await?;
            ensure!(
                !all.is_empty() && all.len() < 8 << 10,
                "{} bytes",
                all.len()
            );
        }
        Ok(())
    }
    .boxed()
}

fn calls_only(minds: &Minds) -> BoxFuture<'_, Result<()>> {
    async {
        let barring = |barred: &[Risk]| AnswerOptions {
            barred: barred.to_vec(),
            ..AnswerOptions::default()
        };
        let ask = |barred: &[Risk]| ask_with(&*minds.calls, "what is it", barring(barred));
        // The one who may do least asks first: what they are told is nobody else's answer.
        words(ask(&[Risk::Everyday, Risk::Risky])).await?;
        for barred in [&[Risk::Risky][..], &[Risk::Everyday], &[]] {
            let said = parts(ask(barred)).await?;
            let [Answered::Call { name, arguments }] = &said[..] else {
                bail!("{said:?}");
            };
            let (risk, fits) = match name.as_str() {
                "home.light" => {
                    let room = &arguments["room"];
                    let level = arguments["level"].as_i64();
                    let fits = level.is_some_and(|level| (0..=100).contains(&level));
                    (
                        Risk::Everyday,
                        fits && (room == "kitchen" || room == "hall"),
                    )
                }
                "home.unlock" => (Risk::Risky, arguments.is_empty()),
                other => bail!("{other}"),
            };
            ensure!(fits && !barred.contains(&risk), "{name} {arguments:?}");
        }
        Ok(())
    }
    .boxed()
}

fn long_history(minds: &Minds) -> BoxFuture<'_, Result<()>> {
    async {
        let history = (0..40).map(|at| Message {
            role: [Role::User, Role::Assistant][at % 2],
            text: "what is the weather today ".repeat(40),
        });
        let options = AnswerOptions {
            history: history.collect(),
            tier: QosTier::Rich,
            ..AnswerOptions::default()
        };
        let words = words(ask_with(&*minds.says, "and tomorrow", options)).await?;
        ensure!(words.trim() == SAYS, "{words:?}");
        Ok(())
    }
    .boxed()
}

fn too_long(minds: &Minds) -> BoxFuture<'_, Result<()>> {
    async {
        let long = "what is it ".repeat(2000);
        let error = words(ask(&*minds.says, &long)).await.err();
        let error = error.context("it was read")?.to_string();
        ensure!(
            error.contains("tokens") && error.contains("say less"),
            "{error}"
        );
        let words = words(ask(&*minds.says, "what is it")).await?;
        ensure!(words.trim() == SAYS, "{words:?}");
        Ok(())
    }
    .boxed()
}
