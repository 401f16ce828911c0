//! Kokoro on this machine: the settings name its folder.

use super::Model;
use loqa_core::seams::{ModelError, TextToSpeech};
use loqa_inference::{
    onnx,
    tts::{Kokoro, KokoroConfig, Voices},
};
use loqa_protocol::Capability;
use std::{path::Path, sync::Arc};

/// Clauses of so many replies wait for their turn: of more, some would come late.
const REPLIES: u32 = 4;

/// What is in this folder. It is loaded once it is to speak.
///
/// # Errors
/// It is no such folder, or there is nothing to run it, and what to do.
pub fn open(folder: &Path) -> Result<Arc<Kokoro>, String> {
    let named = folder.display();
    let lacks = |what: &str| {
        format!(
            "Kokoro does not speak: {what}: copy the folder `models/tts` of the hub's data folder, and name the copy (it does not come over the link)"
        )
    };
    if !folder.is_dir() {
        return Err(lacks(&format!("`{named}` is no folder here")));
    }
    let silent = |error| format!("Kokoro does not speak: {error}");
    onnx::available().map_err(silent)?;
    match Kokoro::open(folder, KokoroConfig::default()) {
        Ok(kokoro) => Ok(Arc::new(kokoro)),
        Err(ModelError::NotLoaded { what, .. }) => Err(lacks(&format!("`{named}` lacks {what}"))),
        Err(error) => Err(silent(error)),
    }
}

/// What it can do: one thing for each voice of a language that it is given phonemes of.
pub fn model(kokoro: &Arc<Kokoro>) -> Model<dyn TextToSpeech> {
    let voices = kokoro.voices().iter();
    let known = voices.filter(|voice| kokoro.knows(voice).is_ok());
    let capability = |voice: &String| Capability {
        kind: "tts".into(),
        name: "kokoro".into(),
        variant: voice.clone(),
    };
    let voices = Voices::load().with_kokoro(kokoro.clone());
    Model::new(Arc::new(voices), REPLIES, known.map(capability).collect())
}

#[cfg(test)]
#[test]
fn a_folder_without_kokoro_is_named_with_what_to_do() {
    let nowhere = open(Path::new("/nowhere/kokoro")).err().unwrap();
    assert_eq!(
        nowhere,
        "Kokoro does not speak: `/nowhere/kokoro` is no folder here: copy the folder `models/tts` of the hub's data folder, and name the copy (it does not come over the link)"
    );
    if onnx::available().is_ok() {
        let empty = open(Path::new("src")).err().unwrap();
        assert!(empty.contains("`src` lacks Kokoro: copy"), "{empty}");
    }
}
