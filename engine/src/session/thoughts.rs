//! The language model, listening ahead and asked: one question at a time.

use futures::{StreamExt, stream::BoxStream};
use loqa_core::{
    seams::{AnswerOptions, Answered, LanguageModel, ModelError, Said},
    turn::QuestionId,
};
use std::sync::Arc;
use tokio::sync::oneshot;

/// What the language model is at in a conversation.
pub(super) struct Thoughts {
    model: Option<Arc<dyn LanguageModel>>,
    /// What it reads or answers.
    current: Option<Thought>,
}

struct Thought {
    /// `None` while nothing has been asked.
    question: Option<QuestionId>,
    options: AnswerOptions,
    ask: Option<oneshot::Sender<String>>,
    answer: BoxStream<'static, Result<Answered, ModelError>>,
}

/// What it says: a part, nothing more, or why not.
pub(super) type Told = Result<Option<Answered>, ModelError>;

impl Thoughts {
    pub fn new(model: Option<Arc<dyn LanguageModel>>) -> Thoughts {
        Thoughts {
            model,
            current: None,
        }
    }

    /// Somebody speaks, and may ask something: it reads what was said before.
    pub fn listen(&mut self, options: AnswerOptions) {
        let busy = self
            .current
            .as_ref()
            .is_some_and(|current| current.question.is_some() || current.options == options);
        if let Some(model) = self.model.as_ref().filter(|_| !busy) {
            self.current = Some(Thought::of(model.as_ref(), options));
        }
    }

    /// Nobody speaks any more, and nothing was asked.
    pub fn rest(&mut self) {
        self.current.take_if(|current| current.question.is_none());
    }

    /// Asks it. What was asked before is forgotten.
    pub fn ask(&mut self, question: QuestionId, text: String, options: AnswerOptions) {
        let Some(model) = &self.model else { return };
        let listens = |current: &mut Thought| {
            current.question.is_none() && current.options == options && current.ask.is_some()
        };
        let mut thought = match self.current.take_if(listens) {
            Some(thought) => thought,
            None => Thought::of(model.as_ref(), options),
        };
        thought.question = Some(question);
        if let Some(ask) = thought.ask.take() {
            // Gone only if it has failed already, which the answer tells.
            let _ = ask.send(text);
        }
        self.current = Some(thought);
    }

    /// Its answer is no longer wanted.
    pub fn forget(&mut self, question: QuestionId) {
        self.current
            .take_if(|current| current.question == Some(question));
    }

    /// What it says next; never, if nothing was asked. Cancel-safe.
    pub async fn next(&mut self) -> (QuestionId, Told) {
        while let Some(current) = &mut self.current {
            let told = current.answer.next().await.transpose();
            let question = current.question;
            if !matches!(told, Ok(Some(_))) {
                // What has not been asked yet will be asked anew.
                self.current = None;
            }
            if let Some(question) = question {
                return (question, told);
            }
        }
        std::future::pending().await
    }
}

impl Thought {
    fn of(model: &dyn LanguageModel, options: AnswerOptions) -> Thought {
        let (ask, asked) = oneshot::channel();
        let said = futures::stream::once(asked).filter_map(|text| async {
            Some(Said {
                text: text.ok()?,
                is_final: true,
            })
        });
        Thought {
            question: None,
            ask: Some(ask),
            answer: model.answer(said.boxed(), options.clone()),
            options,
        }
    }
}
