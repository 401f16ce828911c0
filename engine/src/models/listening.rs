//! Who tells voices from everything else.

use super::Check;
use crate::{
    config::{Hearing, VadEngine},
    library::{Kind, Library},
    session::VadFactory,
};
use loqa_core::seams::{ModelError, VoiceActivity};
use loqa_inference::vad::{Earshot, SileroModel};
use std::{path::Path, sync::Arc};

/// Silero's graph, as its publisher calls it.
const FILE: &str = "silero_vad.onnx";

/// What the settings name; earshot where it is not there, which goes to `checks`.
///
/// Earshot by itself: in a quiet room it hears as well for a third of the work, and the endpointer was tuned
/// on it (`docs/benchmarks.md`).
pub fn choose(hearing: &Hearing, data: &Path, checks: &mut Vec<Check>) -> VadFactory {
    if hearing.vad == VadEngine::Silero {
        let file = Library::folder(data, Kind::Vad).join(FILE);
        let loaded = match file.exists() {
            true => SileroModel::load(&file),
            false => Err(ModelError::NotLoaded {
                what: "Silero".into(),
                help: "type `loqa model pull silero-vad`".into(),
            }),
        };
        let (ok, message, help) = match &loaded {
            Ok(_) => (
                true,
                "vad.silero on this machine: `silero` was asked for".into(),
                String::new(),
            ),
            Err(ModelError::NotLoaded { what, help }) => (
                false,
                format!("vad.earshot listens: {what} is not installed"),
                help.clone(),
            ),
            Err(error) => (
                false,
                format!("vad.earshot listens: {error}"),
                "`loqa model verify silero-vad` tells whether the model is whole".into(),
            ),
        };
        checks.push(Check {
            what: "vad".into(),
            ok,
            needed: false,
            message,
            help,
        });
        if let Ok(model) = loaded {
            return Arc::new(move || Box::new(model.listen()) as Box<dyn VoiceActivity>);
        }
    }
    Arc::new(|| Box::new(Earshot::default()) as Box<dyn VoiceActivity>)
}
