//! Whether Kokoro speaks, and why it does not.

use super::Check;
use crate::{
    config,
    library::{Kind, Library, Machine, gib},
};
use loqa_core::seams::{ModelError, Voice};
use loqa_inference::tts::{
    Kokoro, KokoroConfig,
    kokoro::{DEFAULT_VOICE, State},
};
use loqa_protocol::Placement;
use std::{fs, path::Path, sync::Arc, time::Duration};

/// What its voices have before their names.
const PREFIX: &str = "kokoro:";
/// Longer than it takes to load on a machine that it fits.
const PATIENCE: Duration = Duration::from_secs(60);

/// Kokoro, and what is said instead where it cannot.
pub struct ExpressiveVoice {
    kokoro: Arc<Kokoro>,
    voice: String,
    /// The fast one.
    instead: Placement,
}

impl ExpressiveVoice {
    /// As the settings want it, beside the fast voice that was chosen; `None` if they do not, or if it cannot
    /// be, which goes to `checks`.
    pub fn choose(
        settings: &config::Voice,
        data: &Path,
        instead: &Placement,
        checks: &mut Vec<Check>,
    ) -> Option<ExpressiveVoice> {
        let named = settings.name.strip_prefix(PREFIX);
        let mut missing = |message: String, help: String| {
            checks.push(Check {
                what: "kokoro".into(),
                ok: false,
                needed: false,
                message: format!("{} speaks: {message}", instead.capability),
                help,
            });
            None
        };
        if settings.mode == config::VoiceMode::Fast {
            return match named {
                Some(_) => missing(
                    format!(
                        "`{}` is a voice of Kokoro, and the mode is fast",
                        settings.name
                    ),
                    "set `mode = \"expressive\"` under [voice], or name another voice".into(),
                ),
                None => None,
            };
        }
        match open(settings, named, data) {
            Ok((kokoro, voice)) => Some(ExpressiveVoice {
                kokoro: Arc::new(kokoro),
                voice,
                instead: instead.clone(),
            }),
            Err(ModelError::NotLoaded { what, help }) => {
                missing(format!("{what} is not installed"), help)
            }
            Err(error) => missing(
                error.to_string(),
                "`loqa model list` tells its voices".into(),
            ),
        }
    }

    /// What speaks.
    pub fn kokoro(&self) -> &Arc<Kokoro> {
        &self.kokoro
    }

    /// Its name among all voices.
    pub fn voice(&self) -> Voice {
        Voice(format!("{PREFIX}{}", self.voice))
    }

    /// Who speaks now, and why.
    pub fn placement(&self) -> Placement {
        let capability = format!("tts.kokoro:{}", self.voice);
        let instead = |why: String| Placement {
            capability: self.instead.capability.clone(),
            reason: format!("{} on this machine: {why}", self.instead.capability),
        };
        match self.kokoro.state() {
            State::Ready(factor) => Placement {
                reason: format!(
                    "{capability} on this machine: `expressive` was asked for, and takes {factor:.2} s for a second of speech"
                ),
                capability,
            },
            State::Loading => instead("Kokoro is being loaded".into()),
            State::TooSlow(factor) => instead(format!(
                "Kokoro takes {factor:.1} s for a second of speech here"
            )),
            State::Failed(error) => instead(format!("Kokoro does not work: {error}")),
        }
    }

    /// Has it loaded, for replies to come.
    pub fn begin(&self) {
        self.kokoro.begin();
    }

    /// Waits until it is loaded, or never will be. Blocks.
    pub fn load(&self) {
        self.kokoro.loaded(PATIENCE);
    }

    /// How it is, as far as it is known by now.
    pub fn check(&self) -> Check {
        let state = self.kokoro.state();
        let help = match &state {
            State::Ready(_) => "",
            State::Loading => "look again in a minute",
            State::TooSlow(_) => {
                "set `mode = \"fast\"` under [voice]: this machine is too slow for it"
            }
            State::Failed(_) => "`loqa model verify kokoro` tells whether the model is whole",
        };
        Check {
            what: "kokoro".into(),
            ok: matches!(state, State::Ready(_)),
            needed: false,
            message: self.placement().reason,
            help: help.into(),
        }
    }
}

fn open(
    settings: &config::Voice,
    named: Option<&str>,
    data: &Path,
) -> Result<(Kokoro, String), ModelError> {
    let folder = Library::folder(data, Kind::Tts);
    let files = fs::read_dir(&folder).into_iter().flatten().flatten();
    let lengths = files.filter_map(|file| Some(file.metadata().ok()?.len()));
    // As `Model::memory` reckons it.
    let memory = 2 * lengths.sum::<u64>();
    let machine = Machine::here();
    if !machine.fits(memory) {
        return Err(ModelError::Backend(format!(
            "Kokoro takes about {} of memory, and this machine has {} in all",
            gib(memory),
            gib(machine.memory)
        )));
    }
    let config = KokoroConfig {
        speed: settings.speed as f32,
        ..KokoroConfig::default()
    };
    let kokoro = Kokoro::open(&folder, config)?;
    let voice = match named {
        Some(named) => named.to_owned(),
        None => {
            let first = || kokoro.voices().first().cloned();
            let default = kokoro.voices().iter().find(|name| *name == DEFAULT_VOICE);
            default.cloned().or_else(first).unwrap_or_default()
        }
    };
    // Whether it works is known once it is loaded.
    kokoro.knows(&voice)?;
    Ok((kokoro, voice))
}
