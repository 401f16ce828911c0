//! Wake phrases: any phrase by keyphrase spotting ([`Keyphrase`]), trained ones as microWakeWord
//! models ([`MicroWakeWord`]), and several at once ([`Several`]).

mod features;
mod keyphrase;
mod micro;
mod tflite;

pub use self::{
    features::{BANDS, MicroFeatures},
    keyphrase::{Keyphrase, KeyphraseConfig},
    micro::{MicroWakeWord, models_in},
    tflite::TensorFlowLite,
};

use crate::stt::Ears;
use loqa_core::seams::{FRAME_SAMPLES, ModelError, Wake, WakeWord};
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
    };
    Ok(Box::new(Keyphrase::open(&Ears::default(), config)?))
}

/// Listens for several phrases at once; the first that hears its own wins, and all begin anew.
#[derive(Default)]
pub struct Several(pub Vec<Box<dyn WakeWord>>);

impl WakeWord for Several {
    fn detect(&mut self, offset: u64, frame: &[f32; FRAME_SAMPLES]) -> Option<Wake> {
        // Every one hears every frame, woken or not.
        let mut heard = None;
        for word in &mut self.0 {
            let own = word.detect(offset, frame);
            heard = heard.or(own);
        }
        if heard.is_some() {
            self.reset();
        }
        heard
    }

    fn reset(&mut self) {
        self.0.iter_mut().for_each(|word| word.reset());
    }
}
