//! The language model, listening ahead and asked: one question at a time.

use futures::{StreamExt, stream::BoxStream};
use loqa_core::{
    policy::Risk,
    seams::{AnswerOptions, Answered, LanguageModel, ModelError, Said},
    turn::QuestionId,
};
use loqa_protocol::{Message, QosTier};
use std::sync::Arc;
use tokio::sync::oneshot;

/// What the language model is at in a conversation.
pub(super) struct Thoughts {
    model: Option<Arc<dyn LanguageModel>>,
    tier: QosTier,
    /// What it reads or answers.
    current: Option<Thought>,
}

struct Thought {
    /// `None` while nothing has been asked.
    question: Option<QuestionId>,
    history: Vec<Message>,
    barred: Vec<Risk>,
    ask: Option<oneshot::Sender<String>>,
    answer: BoxStream<'static, Result<Answered, ModelError>>,
}

/// What it says: a part, nothing more, or why not.
pub(super) type Told = Result<Option<Answered>, ModelError>;

impl Thoughts {
    pub fn new(model: Option<Arc<dyn LanguageModel>>, tier: QosTier) -> Thoughts {
        Thoughts {
            model,
            tier,
            current: None,
        }
    }

    /// Somebody speaks, and may ask something: it reads what was said before.
    pub fn listen(&mut self, history: Vec<Message>, barred: Vec<Risk>) {
        let busy = self.current.as_ref().is_some_and(|current| {
            current.question.is_some() || (current.history == history && current.barred == barred)
        });
        if let Some(model) = self.model.as_ref().filter(|_| !busy) {
            self.current = Some(Thought::of(model.as_ref(), history, self.tier, barred));
        }
    }

    /// Nobody speaks any more, and nothing was asked.
    pub fn rest(&mut self) {
        self.current.take_if(|current| current.question.is_none());
    }

    /// Asks whoever is offered no commands of risks that are `barred`. What was asked before is forgotten.
    pub fn ask(
        &mut self,
        question: QuestionId,
        history: Vec<Message>,
        text: String,
        barred: Vec<Risk>,
    ) {
        let Some(model) = &self.model else { return };
        let listens = |current: &mut Thought| {
            current.question.is_none()
                && current.history == history
                && current.barred == barred
                && current.ask.is_some()
        };
        let mut thought = match self.current.take_if(listens) {
            Some(thought) => thought,
            None => Thought::of(model.as_ref(), history, self.tier, barred),
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
    fn of(
        model: &dyn LanguageModel,
        history: Vec<Message>,
        tier: QosTier,
        barred: Vec<Risk>,
    ) -> Thought {
        let (ask, asked) = oneshot::channel();
        let said = futures::stream::once(asked).filter_map(|text| async {
            Some(Said {
                text: text.ok()?,
                is_final: true,
            })
        });
        let options = AnswerOptions {
            history: history.clone(),
            tier,
            barred: barred.clone(),
        };
        Thought {
            question: None,
            history,
            barred,
            ask: Some(ask),
            answer: model.answer(said.boxed(), options),
        }
    }
}
