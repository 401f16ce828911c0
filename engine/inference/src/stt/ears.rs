//! Where the recogniser's library and model are, and how wide it searches.

use super::{
    channel::Gaussians,
    features::FrontEndConfig,
    ffi::{Sphinx, SphinxError},
    verdict::Thresholds,
};
use loqa_core::seams::ModelError;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// How to open the recogniser. The defaults are what Loqa ships.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Ears {
    /// Folder with `en-us/`, `cmudict-en-us.dict` and `en-us-phone.lm.bin`; `None` looks where
    /// packages put it.
    pub model: Option<PathBuf>,
    /// Level and noise.
    pub front_end: FrontEndConfig,
    /// Search for words.
    pub search: SearchWidth,
    /// Search for phones, which commands are compared with.
    pub phone_loop: PhoneLoop,
    /// When commands are not believed.
    pub thresholds: Thresholds,
}

/// How many paths the search for words keeps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SearchWidth {
    /// Paths less likely than this times the best are dropped at every step.
    pub beam: f64,
    /// The same at ends of words.
    pub word_beam: f64,
    /// The same at ends of phones.
    pub phone_beam: f64,
    /// Phones that are followed at once; where there are more, the beams narrow.
    pub most_phones: u32,
    /// Factor on the likelihood of every word begun; below 1, fewer and longer words win.
    pub word_factor: f64,
    /// Likelihood of a silence between words.
    pub silence: f64,
}

impl Default for SearchWidth {
    fn default() -> Self {
        Self {
            beam: 1e-48,
            word_beam: 7e-29,
            phone_beam: 1e-48,
            most_phones: 3_000,
            word_factor: 0.65,
            silence: 0.3,
        }
    }
}

impl SearchWidth {
    pub(super) fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("beam", format!("{:e}", self.beam)),
            ("wbeam", format!("{:e}", self.word_beam)),
            ("pbeam", format!("{:e}", self.phone_beam)),
            ("maxhmmpf", self.most_phones.to_string()),
            ("fsgusealtpron", "no".to_owned()),
            ("wip", self.word_factor.to_string()),
            ("silprob", self.silence.to_string()),
        ]
    }
}

/// How the phone loop searches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PhoneLoop {
    /// Paths less likely than this times the best are dropped at every step.
    pub beam: f64,
    /// Weight of the phone model against the audio.
    pub weight: f64,
}

impl Default for PhoneLoop {
    fn default() -> Self {
        Self {
            beam: 1e-10,
            weight: 2.0,
        }
    }
}

/// Phones are looked for as they are by themselves, whatever stands beside them; nothing but a phone loop asks.
pub(super) const PHONES_ALONE: (&str, &str) = ("allphone_ci", "yes");

impl PhoneLoop {
    pub(super) fn settings(&self) -> Vec<(&'static str, String)> {
        let numbers = self
            .numbers()
            .map(|(name, value)| (name, format!("{value:e}")));
        [(PHONES_ALONE.0, PHONES_ALONE.1.to_owned())]
            .into_iter()
            .chain(numbers)
            .collect()
    }

    /// All of them that a decoder for something else may have otherwise.
    pub(super) fn numbers(&self) -> [(&'static str, f64); 4] {
        [
            ("beam", self.beam),
            ("pbeam", self.beam),
            ("lw", self.weight),
            // What the library begins with.
            ("wip", 0.65),
        ]
    }
}

/// The library and the files it needs.
#[derive(Clone)]
pub(super) struct Model {
    pub sphinx: Arc<Sphinx>,
    pub acoustic: PathBuf,
    pub dictionary: PathBuf,
    pub phones: PathBuf,
    pub language: PathBuf,
    pub gaussians: Arc<Gaussians>,
}

/// Where packages put the model: Debian and Ubuntu, Homebrew on Apple and Intel machines, a build
/// from source.
const FOLDERS: [&str; 4] = [
    "/usr/share/pocketsphinx/model/en-us",
    "/opt/homebrew/share/pocketsphinx/model/en-us",
    "/usr/local/share/pocketsphinx/model/en-us",
    "/usr/local/share/pocketsphinx/en-us",
];

#[cfg(target_os = "macos")]
const INSTALL: &str = "type `brew install cmu-pocketsphinx`";
#[cfg(not(target_os = "macos"))]
const INSTALL: &str = "type `sudo apt-get install libpocketsphinx3 pocketsphinx-en-us`";

impl Model {
    /// Looks for everything. The error says what is missing and what to type.
    pub(super) fn find(ears: &Ears) -> Result<Self, ModelError> {
        let missing = |what: String| ModelError::NotLoaded {
            what,
            help: INSTALL.into(),
        };
        let sphinx = Sphinx::load().map_err(|error: SphinxError| {
            missing(format!("PocketSphinx, the speech recogniser ({error}),"))
        })?;
        let candidates: Vec<&Path> = match &ears.model {
            Some(folder) => vec![folder.as_path()],
            None => FOLDERS.iter().map(Path::new).collect(),
        };
        let complete = |folder: &&Path| {
            folder.join("en-us/mdef").is_file()
                && folder.join("cmudict-en-us.dict").is_file()
                && folder.join("en-us-phone.lm.bin").is_file()
        };
        let Some(folder) = candidates.iter().copied().find(complete) else {
            let looked: Vec<String> = candidates.iter().map(|f| f.display().to_string()).collect();
            return Err(missing(format!(
                "PocketSphinx's English model (looked in {})",
                looked.join(", ")
            )));
        };
        let gaussians = Gaussians::read(&folder.join("en-us")).map_err(|error| {
            missing(format!(
                "PocketSphinx's acoustic model in {} ({error})",
                folder.display()
            ))
        })?;
        Ok(Self {
            sphinx,
            gaussians: Arc::new(gaussians),
            acoustic: folder.join("en-us"),
            dictionary: folder.join("cmudict-en-us.dict"),
            phones: folder.join("en-us-phone.lm.bin"),
            language: folder.join("en-us.lm.bin"),
        })
    }

    /// Settings of a decoder for open vocabulary: all three passes, since nobody waits for them
    /// within the 5 ms that a command has.
    pub(super) fn open_vocabulary_settings(
        &self,
    ) -> Result<Vec<(&'static str, String)>, ModelError> {
        if !self.language.is_file() {
            return Err(ModelError::NotLoaded {
                what: format!("the language model {}", self.language.display()),
                help: format!("{INSTALL}; commands are understood without it"),
            });
        }
        Ok(vec![
            ("lm", self.language.display().to_string()),
            ("dict", self.dictionary.display().to_string()),
            ("fwdflat", "yes".to_owned()),
            ("bestpath", "yes".to_owned()),
        ])
    }

    /// The folder everything was found in.
    pub(super) fn folder(&self) -> &Path {
        self.acoustic.parent().unwrap_or(&self.acoustic)
    }
}
