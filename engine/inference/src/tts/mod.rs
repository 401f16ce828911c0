//! The mouth: clauses in, speech out, under the names people give voices.

mod cache;
mod clauses;
mod espeak;
mod expressive;
mod ffi;
pub mod flite;
pub mod kokoro;
mod trim;

pub use self::{
    cache::{CacheStats, PhraseCache},
    clauses::{Speech, speak_in_turn},
    espeak::Espeak,
    expressive::{Expressive, Presence},
    flite::Flite,
    kokoro::{Kokoro, KokoroConfig},
};

use futures::{StreamExt, stream};
use loqa_core::seams::{ModelError, SpeakOptions, TextStream, TextToSpeech, Voice};
use std::sync::Arc;

/// The voice Loqa speaks with unless told otherwise; an empty name means it too.
pub const DEFAULT_VOICE: &str = "slt";

/// Every voice of this machine by name: flite's by their own (`slt`, `rms`, `awb`, `kal`,
/// `kal16`), espeak-ng's and Kokoro's behind a prefix (`espeak:en-us`, `espeak:en-gb+f3`, `kokoro:af_heart`).
pub struct Voices {
    flite: Result<Flite, ModelError>,
    espeak: Espeak,
    kokoro: Option<Arc<Kokoro>>,
}

enum Named<'a> {
    Flite(&'static str),
    Espeak(&'a str),
    Kokoro(&'a str),
}

impl Voices {
    /// Loads what is there. What is missing is told by [`Voices::check`] and when it is to speak.
    pub fn load() -> Self {
        Self {
            flite: Flite::load(),
            espeak: Espeak,
            kokoro: None,
        }
    }

    /// The same, and Kokoro's.
    pub fn with_kokoro(self, kokoro: Arc<Kokoro>) -> Self {
        Self {
            kokoro: Some(kokoro),
            ..self
        }
    }

    /// Tells whether a voice can speak.
    ///
    /// # Errors
    /// [`ModelError::NotLoaded`] with the command that installs it; [`ModelError::Backend`]
    /// naming the nearest voice for a name nobody has.
    pub fn check(&self, voice: &Voice) -> Result<(), ModelError> {
        match named(voice)? {
            Named::Flite(name) => self
                .flite
                .as_ref()
                .map_err(Clone::clone)
                .and_then(|flite| flite.check(name)),
            Named::Espeak(name) => self.espeak.check(name),
            Named::Kokoro(name) => self.kokoro()?.check(name),
        }
    }

    /// Names the voices that can speak here; of espeak-ng's, one per language.
    pub fn available(&self) -> Vec<Voice> {
        let mut voices: Vec<Voice> = flite::VOICES
            .iter()
            .map(|name| Voice((*name).into()))
            .filter(|voice| self.check(voice).is_ok())
            .collect();
        let languages = self.espeak.languages().unwrap_or_default();
        voices.extend(languages.iter().map(|name| Voice(format!("espeak:{name}"))));
        let kokoro = self.kokoro.iter().flat_map(|kokoro| kokoro.voices());
        let kokoro = kokoro.map(|name| Voice(format!("{}{name}", kokoro::PREFIX)));
        voices.extend(kokoro.filter(|voice| self.check(voice).is_ok()));
        voices
    }

    fn kokoro(&self) -> Result<&Kokoro, ModelError> {
        self.kokoro.as_deref().ok_or_else(|| ModelError::NotLoaded {
            what: "Kokoro".into(),
            help: "set `mode = \"expressive\"` under [voice], and type `loqa model pull kokoro`"
                .into(),
        })
    }
}

impl TextToSpeech for Voices {
    fn synthesize(&self, text: TextStream, options: SpeakOptions) -> Speech {
        let by = |name: &str| SpeakOptions {
            voice: Voice(name.into()),
            ..options
        };
        match (named(&options.voice), &self.flite) {
            (Ok(Named::Kokoro(name)), _) => match self.kokoro() {
                Ok(kokoro) => kokoro.synthesize(text, by(name)),
                Err(error) => stream::iter([Err(error)]).boxed(),
            },
            (Ok(Named::Flite(name)), Ok(flite)) => flite.synthesize(text, by(name)),
            (Ok(Named::Espeak(name)), _) => self.espeak.synthesize(text, by(name)),
            (Ok(Named::Flite(_)), Err(error)) => stream::iter([Err(error.clone())]).boxed(),
            (Err(error), _) => stream::iter([Err(error)]).boxed(),
        }
    }
}

fn named(voice: &Voice) -> Result<Named<'_>, ModelError> {
    if let Some(name) = voice.0.strip_prefix("espeak:") {
        return Ok(Named::Espeak(name));
    }
    if let Some(name) = voice.0.strip_prefix(kokoro::PREFIX) {
        return Ok(Named::Kokoro(name));
    }
    let wanted = if voice.0.is_empty() {
        DEFAULT_VOICE
    } else {
        voice.0.as_str()
    };
    match flite::VOICES.into_iter().find(|name| *name == wanted) {
        Some(name) => Ok(Named::Flite(name)),
        None => {
            let known = flite::VOICES.into_iter().chain([
                "espeak:en-us",
                "espeak:en-gb",
                "kokoro:af_heart",
            ]);
            let nearest = nearest(wanted, known);
            Err(ModelError::Backend(format!(
                "there is no voice `{wanted}`{nearest}"
            )))
        }
    }
}

/// `: did you mean …?` with the known name nearest to a wrong one; nothing where none is known.
pub fn nearest<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> String {
    known
        .min_by_key(|name| strsim::damerau_levenshtein(name, wrong))
        .map_or_else(String::new, |name| format!(": did you mean `{name}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_voice_names_the_nearest() {
        let error = |name: &str| match named(&Voice(name.into())) {
            Err(error) => error.to_string(),
            Ok(_) => "known".into(),
        };
        assert_eq!(error("stl"), "there is no voice `stl`: did you mean `slt`?");
        assert_eq!(
            error("espeak-en-us"),
            "there is no voice `espeak-en-us`: did you mean `espeak:en-us`?"
        );
        assert_eq!(error(""), "known");
    }
}
