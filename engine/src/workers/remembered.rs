//! Questions that are asked again and again, answered from memory: the same words after the same words have
//! the same answer, as the model leaves nothing to chance.

use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use loqa_core::seams::{AnswerOptions, Answered, LanguageModel, ModelError, Said};
use std::{
    collections::{VecDeque, hash_map::RandomState},
    hash::BuildHasher,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::mpsc, time::Instant};
use tokio_stream::wrappers::ReceiverStream;

/// Answers that are kept, in memory.
const MOST: usize = 32;
/// How long one is kept.
pub const KEPT: Duration = Duration::from_secs(600);
/// What may wait for the model while somebody speaks.
const WAITING: usize = 64;

/// A language model, with its last answers.
pub struct Remembered {
    model: Arc<dyn LanguageModel>,
    /// Changes when answers may.
    version: Arc<dyn Fn() -> u64 + Send + Sync>,
    answers: Arc<Answers>,
}

/// What was asked is kept as a number that nobody can make the words of.
#[derive(Default)]
struct Answers {
    hasher: RandomState,
    kept: Mutex<VecDeque<(u64, String, Instant)>>,
}

impl Remembered {
    /// A model whose answers may change with `version`.
    pub fn new(
        model: Arc<dyn LanguageModel>,
        version: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Remembered {
        Remembered {
            model,
            version: Arc::new(version),
            answers: Arc::default(),
        }
    }
}

impl Answers {
    fn find(&self, question: u64) -> Option<String> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(_, _, at)| at.elapsed() < KEPT);
        let found = kept.iter().find(|(known, ..)| *known == question);
        found.map(|(_, answer, _)| answer.clone())
    }

    fn keep(&self, question: u64, answer: String) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == MOST {
            kept.pop_front();
        }
        kept.push_back((question, answer, Instant::now()));
    }
}

impl LanguageModel for Remembered {
    fn answer(
        &self,
        said: BoxStream<'static, Said>,
        options: AnswerOptions,
    ) -> BoxStream<'static, Result<Answered, ModelError>> {
        let version = (self.version)();
        // Whoever may have less done is offered less, and answered otherwise.
        let AnswerOptions {
            tier,
            history,
            barred,
            ..
        } = &options;
        let before = format!("{version} {tier:?} {barred:?} {history:?}");
        let (to_model, heard) = mpsc::channel(WAITING);
        let listening = Listening {
            said: Some((said, to_model)),
            answer: self
                .model
                .answer(ReceiverStream::new(heard).boxed(), options),
            before,
            answers: self.answers.clone(),
            question: None,
            words: String::new(),
            over: false,
        };
        stream::unfold(listening, |mut listening| async move {
            let told = listening.next().await?;
            Some((told, listening))
        })
        .boxed()
    }
}

/// One question.
struct Listening {
    /// `None` once it is whole.
    said: Option<(BoxStream<'static, Said>, mpsc::Sender<Said>)>,
    answer: BoxStream<'static, Result<Answered, ModelError>>,
    /// All that the answer depends on but the question.
    before: String,
    answers: Arc<Answers>,
    question: Option<u64>,
    words: String,
    over: bool,
}

enum Came {
    Said(Option<Said>),
    Told(Option<Result<Answered, ModelError>>),
}

impl Listening {
    async fn next(&mut self) -> Option<Result<Answered, ModelError>> {
        while !self.over {
            let said = &mut self.said;
            let more = async {
                match said {
                    Some((said, _)) => said.next().await,
                    None => std::future::pending().await,
                }
            };
            let came = tokio::select! {
                biased;
                said = more => Came::Said(said),
                told = self.answer.next() => Came::Told(told),
            };
            match came {
                Came::Said(Some(said)) => {
                    if let Some(known) = self.heard(said).await {
                        self.over = true;
                        return Some(Ok(Answered::Words(known)));
                    }
                }
                Came::Said(None) => self.said = None,
                Came::Told(told) => {
                    match &told {
                        Some(Ok(Answered::Words(words))) => self.words.push_str(words),
                        // What is done is done anew each time.
                        Some(_) => self.question = None,
                        None => self.over = true,
                    }
                    if let (None, Some(question)) = (&told, self.question)
                        && !self.words.is_empty()
                    {
                        self.answers.keep(question, std::mem::take(&mut self.words));
                    }
                    return told;
                }
            }
        }
        None
    }

    /// Hands on what is said; the answer, if it is known.
    async fn heard(&mut self, said: Said) -> Option<String> {
        let is_final = said.is_final;
        if is_final {
            let question = (self.before.as_str(), said.text.as_str());
            let question = self.answers.hasher.hash_one(question);
            if let Some(known) = self.answers.find(question) {
                return Some(known);
            }
            self.question = Some(question);
        }
        if let Some((_, model)) = &self.said {
            // It has failed, which its answer tells.
            let _ = model.send(said).await;
        }
        if is_final {
            self.said = None;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loqa_protocol::{Message, Role};
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Counts how often it was asked something whole.
    #[derive(Default)]
    struct Counting(Arc<AtomicU64>);

    impl LanguageModel for Counting {
        fn answer(
            &self,
            said: BoxStream<'static, Said>,
            _: AnswerOptions,
        ) -> BoxStream<'static, Result<Answered, ModelError>> {
            let asked = self.0.clone();
            let answers = said.filter(|said| futures::future::ready(said.is_final));
            answers
                .flat_map(move |said| {
                    let count = asked.fetch_add(1, Ordering::SeqCst) + 1;
                    stream::iter(match said.text.as_str() {
                        "do it" => vec![Ok(Answered::Call {
                            name: "a.b".into(),
                            arguments: serde_json::Map::new(),
                        })],
                        "fail" => vec![
                            Ok(Answered::Words("It".into())),
                            Err(ModelError::NodeLost("llama".into())),
                        ],
                        _ => vec![
                            Ok(Answered::Words("It is ".into())),
                            Ok(Answered::Words(count.to_string())),
                        ],
                    })
                })
                .boxed()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_asked_before_is_answered_at_once_and_what_is_done_is_done_each_time() {
        let (asked, version) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(1)));
        let of = version.clone();
        let model = Remembered::new(Arc::new(Counting(asked.clone())), move || {
            of.load(Ordering::SeqCst)
        });
        let ask = async |text: &str, history: &[Message]| {
            let options = AnswerOptions {
                history: history.to_vec(),
                ..AnswerOptions::default()
            };
            let said = ["what", text].map(|it| Said {
                text: it.into(),
                is_final: it == text,
            });
            let parts = model.answer(stream::iter(said).boxed(), options);
            let parts: Vec<_> = parts.collect().await;
            let words = parts.into_iter().map(|part| match part {
                Ok(Answered::Words(words)) => words,
                other => format!("{other:?}"),
            });
            words.collect::<String>()
        };
        assert_eq!(ask("what is it", &[]).await, "It is 1");
        assert_eq!(ask("what is it", &[]).await, "It is 1");
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        let before = [Message {
            role: Role::User,
            text: "look".into(),
        }];
        assert_eq!(ask("what is it", &before).await, "It is 2");
        for _ in 0..2 {
            assert!(ask("do it", &[]).await.contains("a.b"));
            assert!(ask("fail", &[]).await.contains("NodeLost"));
        }
        assert_eq!(asked.load(Ordering::SeqCst), 6);
        version.store(2, Ordering::SeqCst);
        assert_eq!(ask("what is it", &[]).await, "It is 7");
        tokio::time::advance(KEPT).await;
        assert_eq!(ask("what is it", &[]).await, "It is 8");
    }
}
