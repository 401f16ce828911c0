//! Which model the settings name for a kind, and having them name another.

use super::{Models, by_name, language_model};
use crate::{
    config::{Config, VadEngine},
    library::{Kind, Model},
};
use loqa_protocol::Problem;
use std::path::{self, Path};

/// What says which model of a kind is used.
struct Setting {
    section: &'static str,
    key: &'static str,
    /// What it says: a model, a file, `auto` or `none`.
    says: fn(&Config) -> &str,
    /// What a model of this name, or of this file, is called; or why it cannot be run.
    variant: fn(&str, &Path) -> Result<String, String>,
}

/// The setting of a kind; `None` where nothing is chosen.
fn setting(kind: Kind) -> Option<Setting> {
    match kind {
        Kind::Stt => Some(Setting {
            section: "hearing",
            key: "model",
            says: |config| &config.hearing.model,
            variant: |name, data| by_name(name, data).map(|chosen| chosen.capability.variant),
        }),
        Kind::Llm => Some(Setting {
            section: "thinking",
            key: "model",
            says: |config| &config.thinking.model,
            variant: language_model,
        }),
        // The phrase is chosen, and the model is that of the phrase; voices and what tells them by settings
        // of their own.
        Kind::Wake | Kind::Tts | Kind::Vad => None,
    }
}

/// What the settings name for a kind: a model, a file, `auto` or `none`; `None` where nothing is chosen.
pub fn chosen(config: &Config, kind: Kind) -> Option<&str> {
    setting(kind).map(|setting| (setting.says)(config))
}

/// Has the settings name a model for a kind, or a file, `auto` or `none`. A hub that runs has to take it up.
///
/// # Errors
/// As [`named`]; the settings cannot be written.
pub fn use_model(config: &Config, kind: Kind, name: &str) -> Result<(), Problem> {
    let value = named(config, kind, name)?;
    if let Some(setting) = setting(kind) {
        config.remember(setting.section, setting.key, &value)?;
    }
    Ok(())
}

/// What the settings would say, so that a model is used for a kind, or a file, `auto` or `none`.
///
/// # Errors
/// It is not here, or this machine cannot run it; nothing of that kind is chosen.
pub fn named(config: &Config, kind: Kind, name: &str) -> Result<String, Problem> {
    let problem = |message: String, help: &str| Problem {
        code: "choice".into(),
        message,
        help: help.into(),
    };
    let Some(setting) = setting(kind) else {
        let message = format!("a model of the kind `{}` is not chosen", kind.name());
        return Err(problem(message, "what is said of it tells how it is used"));
    };
    let says_itself = matches!(name, "auto" | "none");
    let value = if says_itself {
        name.to_owned()
    } else {
        let variant = (setting.variant)(name, &config.hub.data).map_err(|why| {
            let help = "`loqa model list` tells which are here and fit, `loqa model pull NAME` fetches one";
            problem(why, help)
        })?;
        match variant == name {
            true => name.to_owned(),
            // A file is named from wherever the hub is started.
            false => path::absolute(name)
                .map_err(|error| problem(format!("{name}: {error}"), "name the file in full"))?
                .display()
                .to_string(),
        }
    };
    Ok(value)
}

impl Models {
    /// Whether a model is used now.
    pub fn uses(&self, config: &Config, model: &Model) -> bool {
        let is_phrase = |phrase: &String| phrase.to_lowercase().replace(' ', "-") == model.name;
        // `stt.whisper:NAME`, or the one model of an engine.
        let placed = |capability: &str| {
            let of_kind = capability.strip_prefix(model.kind.name());
            let parts = of_kind.and_then(|rest| rest.strip_prefix('.')?.split_once(':'));
            parts.is_some_and(|(engine, variant)| [engine, variant].contains(&&*model.name))
        };
        match model.kind {
            Kind::Wake => config.listen.wake.iter().any(is_phrase),
            Kind::Tts => self.expressive.as_ref().is_some_and(|it| it.is_here()),
            Kind::Vad => config.hearing.vad == VadEngine::Silero,
            Kind::Stt | Kind::Llm => self.chosen_here().iter().any(|it| placed(&it.capability)),
        }
    }
}
