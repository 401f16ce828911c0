//! Wake phrases: any phrase by keyphrase spotting ([`Keyphrase`]), trained ones as microWakeWord
//! models ([`MicroWakeWord`]).

mod features;
mod keyphrase;
mod micro;
mod tflite;

pub use self::{
    features::{BANDS, MicroFeatures},
    keyphrase::{Keyphrase, KeyphraseConfig, most_certain},
    micro::{MicroWakeWord, models_in},
    tflite::TensorFlowLite,
};

use crate::stt::Ears;
use loqa_core::seams::{ModelError, WakeWord};
use std::path::Path;

/// What hears `phrase`: the model in `models` that was trained on it, if there is one, else the
/// keyphrase search with this threshold, in [0, 1].
///
/// # Errors
/// What [`MicroWakeWord::open`] or [`Keyphrase::open`] lack.
pub fn listen_for(
    phrase: &str,
    threshold: f64,
    models: Option<&Path>,
) -> Result<Box<dyn WakeWord>, ModelError> {
    if let Some(folder) = models {
        let found = models_in(folder).map_err(|error| ModelError::NotLoaded {
            what: format!("the folder of wake word models {}", folder.display()),
            help: format!("{error}: make it, or correct `wake_models` under [listen]"),
        })?;
        for manifest in found {
            if micro::phrase_of(&manifest)?.eq_ignore_ascii_case(phrase) {
                let library = TensorFlowLite::load(folder)?;
                return Ok(Box::new(MicroWakeWord::open(&library, &manifest)?));
            }
        }
    }
    let config = KeyphraseConfig {
        phrase: phrase.to_owned(),
        threshold,
        ..KeyphraseConfig::default()
    };
    Ok(Box::new(Keyphrase::open(&Ears::default(), config)?))
}
