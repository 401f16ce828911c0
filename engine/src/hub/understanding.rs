//! What the household can say: its rooms, devices and skills, compiled into one grammar that is
//! swapped as a whole.

use super::{home_file::file_problem, service::model_problem};
use loqa_core::{
    grammar::Grammar,
    home::Home,
    seams::{GuessedWord, ModelError, SpeechToText},
};
use loqa_protocol::Problem;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::watch;

/// Rooms, devices, skills and the grammar made of them.
pub struct Understanding {
    home: watch::Sender<Arc<Home>>,
    grammar: watch::Sender<Arc<Grammar>>,
    guessed: RwLock<Vec<GuessedWord>>,
}

impl Understanding {
    /// Of a household, and the grammar of its skills in it.
    pub fn new(home: Home, grammar: Grammar) -> Understanding {
        Understanding {
            home: watch::Sender::new(Arc::new(home)),
            grammar: watch::Sender::new(Arc::new(grammar)),
            guessed: RwLock::default(),
        }
    }

    /// The household.
    pub fn home(&self) -> Arc<Home> {
        self.home.borrow().clone()
    }

    /// The household, now and later.
    pub fn watch_home(&self) -> watch::Receiver<Arc<Home>> {
        self.home.subscribe()
    }

    /// What can be said now.
    pub fn grammar(&self) -> Arc<Grammar> {
        self.grammar.borrow().clone()
    }

    /// What can be said, and when that changes.
    pub fn watch(&self) -> watch::Receiver<Arc<Grammar>> {
        self.grammar.subscribe()
    }

    /// Makes the recogniser ready for the grammar.
    ///
    /// # Errors
    /// The recogniser's.
    pub async fn teach(&self, stt: &dyn SpeechToText) -> Result<(), ModelError> {
        let guessed = stt.load_grammar(self.grammar().speech()).await?;
        *self.guessed.write().unwrap_or_else(PoisonError::into_inner) = guessed;
        Ok(())
    }

    /// Has everybody understand another household. The recogniser learns it first, one listener after
    /// the other, so that there is always one that listens.
    ///
    /// # Errors
    /// The grammar's, and nothing has changed; the recogniser's, which then learns it when somebody
    /// speaks.
    pub async fn replace(&self, home: Home, stt: Option<&dyn SpeechToText>) -> Result<(), Problem> {
        let grammar = tokio::task::block_in_place(|| self.grammar().with_home(&home));
        let grammar = grammar.map_err(|errors| file_problem("grammar", &errors))?;
        self.swap(Some(home), grammar, stt).await
    }

    /// Has everybody understand other sentences in the same household, as [`Self::replace`] does.
    ///
    /// # Errors
    /// The recogniser's, which then learns it when somebody speaks.
    pub async fn learn(
        &self,
        grammar: Grammar,
        stt: Option<&dyn SpeechToText>,
    ) -> Result<(), Problem> {
        self.swap(None, grammar, stt).await
    }

    async fn swap(
        &self,
        home: Option<Home>,
        grammar: Grammar,
        stt: Option<&dyn SpeechToText>,
    ) -> Result<(), Problem> {
        let learned = match stt {
            Some(stt) => stt.load_grammar(grammar.speech()).await,
            None => Ok(Vec::new()),
        };
        if let Some(home) = home {
            self.home.send_replace(Arc::new(home));
        }
        self.grammar.send_replace(Arc::new(grammar));
        let guessed = learned.map_err(|error| model_problem(&error))?;
        *self.guessed.write().unwrap_or_else(PoisonError::into_inner) = guessed;
        Ok(())
    }

    /// Words whose pronunciation is a guess.
    pub fn guessed_words(&self) -> Vec<GuessedWord> {
        self.guessed
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
