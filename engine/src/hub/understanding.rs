//! What the household can say: its rooms, devices and skills, compiled into one grammar that is
//! swapped as a whole.

use crate::config::{Config, DEMO_HOME};
use loqa_core::{
    grammar::Grammar,
    home::Home,
    manifest::{FileError, Manifest},
    seams::{GuessedWord, ModelError, SpeechToText},
};
use loqa_protocol::Problem;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::watch;

/// Rooms, devices, skills and the grammar made of them.
pub struct Understanding {
    home: Home,
    skill_names: Vec<String>,
    grammar: watch::Sender<Arc<Grammar>>,
    guessed: RwLock<Vec<GuessedWord>>,
}

impl Understanding {
    /// Compiles a household and its skills.
    ///
    /// # Errors
    /// Every mistake in the files, each with its place and remedy.
    pub fn build(home: Home, manifests: &[Manifest]) -> Result<Understanding, Problem> {
        let grammar = Grammar::compile(manifests, &home).map_err(|errors| Problem {
            code: "grammar".into(),
            message: errors
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n"),
            help: String::new(),
        })?;
        Ok(Understanding {
            home,
            skill_names: manifests
                .iter()
                .map(|manifest| manifest.name.clone())
                .collect(),
            grammar: watch::Sender::new(Arc::new(grammar)),
            guessed: RwLock::default(),
        })
    }

    /// The household.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// Names of the installed skills.
    pub fn skill_names(&self) -> &[String] {
        &self.skill_names
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

    /// Words whose pronunciation is a guess.
    pub fn guessed_words(&self) -> Vec<GuessedWord> {
        self.guessed
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Reads the household's `home.toml`, or the built-in demo household if nobody wrote one.
///
/// # Errors
/// What is wrong in the file, all of it.
pub fn read_home(config: &Config) -> Result<Home, Problem> {
    let Some(file) = config.home_file() else {
        return Home::parse("demo-home.toml", DEMO_HOME)
            .map_err(|errors| file_problem("home", &errors));
    };
    let text = std::fs::read_to_string(file).map_err(|error| Problem {
        code: "home".into(),
        message: format!("cannot read {}: {error}", file.display()),
        help: "name the file with --home FILE".into(),
    })?;
    Home::parse(&file.display().to_string(), &text).map_err(|errors| file_problem("home", &errors))
}

/// Mistakes in a file as one problem.
pub fn file_problem(code: &str, errors: &[FileError]) -> Problem {
    Problem {
        code: code.into(),
        message: errors
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n"),
        help: String::new(),
    }
}
