//! Whether Kokoro speaks, and why it does not.

use super::Check;
use crate::{
    config::{self, Config},
    library::{Kind, Library, Machine, gib},
    workers::{Mouths, Sites, Work},
};
use loqa_core::seams::{ModelError, Voice};
use loqa_inference::tts::{
    Kokoro, KokoroConfig, Voices,
    kokoro::{DEFAULT_VOICE, PREFIX, State},
};
use loqa_protocol::{Placement, PrivacyScope};
use std::{fs, path::Path, sync::Arc, time::Duration};

/// Longer than it takes to load on a machine that it fits.
const PATIENCE: Duration = Duration::from_secs(60);

/// Kokoro, here or on a node, and what is said instead where it cannot.
pub struct ExpressiveVoice {
    /// That of this machine.
    own: Result<Arc<Kokoro>, Absent>,
    /// Whoever has it.
    work: Arc<Work>,
    voice: String,
    /// 1: as it was trained.
    speed: f64,
    /// How private most words are.
    scope: PrivacyScope,
    /// The fast one.
    instead: Placement,
}

/// Why this machine has none, and what to do about it.
struct Absent {
    why: String,
    help: String,
}

impl ExpressiveVoice {
    /// As the settings want it, beside the fast voice that was chosen; `None` if they do not, which goes to `checks`
    /// where they contradict themselves. Nodes may say it as well: `sites`.
    pub fn choose(
        config: &Config,
        instead: &Placement,
        sites: &Arc<Sites>,
        checks: &mut Vec<Check>,
    ) -> Option<ExpressiveVoice> {
        let settings = &config.voice;
        let named = settings.name.strip_prefix(PREFIX);
        if settings.mode == config::VoiceMode::Fast {
            let name = &settings.name;
            checks.extend(named.map(|_| Check {
                what: "kokoro".into(),
                ok: false,
                needed: false,
                message: format!(
                    "{} speaks: `{name}` is a voice of Kokoro, and the mode is fast",
                    instead.capability
                ),
                help: "set `mode = \"expressive\"` under [voice], or name another voice".into(),
            }));
            return None;
        }
        let mut work = Work::of(sites.clone(), "tts", "kokoro");
        let (own, voice) = match open(named, &config.hub.data) {
            Ok((kokoro, voice)) => {
                let kokoro = Arc::new(kokoro);
                work = work.with_voice(kokoro.clone());
                (Ok(kokoro), voice)
            }
            Err(error) => (Err(error.into()), named.unwrap_or(DEFAULT_VOICE).to_owned()),
        };
        Some(ExpressiveVoice {
            own,
            work: Arc::new(work),
            voice,
            speed: settings.speed,
            scope: config.conversation.privacy,
            instead: instead.clone(),
        })
    }

    /// Whether this machine has it.
    pub fn is_here(&self) -> bool {
        self.own.is_ok()
    }

    /// What speaks, with the voices that this machine has besides.
    pub fn mouths(&self, others: Voices) -> Mouths {
        let own = self.own.as_ref().ok().cloned();
        Mouths::new(self.work.clone(), own, &self.voice, others).at_speed(self.speed)
    }

    /// Its name among all voices.
    pub fn voice(&self) -> Voice {
        Voice(format!("{PREFIX}{}", self.voice))
    }

    /// Who speaks now, and why.
    pub fn placement(&self) -> Placement {
        self.spoken().unwrap_or_else(|why| Placement {
            capability: self.instead.capability.clone(),
            reason: self.instead(&why),
        })
    }

    /// That the fast voice speaks, and why.
    fn instead(&self, why: &str) -> String {
        format!("{} on this machine: {why}", self.instead.capability)
    }

    /// Who speaks now, and why; or why the fast voice does.
    fn spoken(&self) -> Result<Placement, String> {
        let state = self.own.as_ref().map(|kokoro| kokoro.state());
        let none = match (
            self.work.look(&Mouths::wish(&self.voice, self.scope)),
            &state,
        ) {
            (Ok((placement, false)), Ok(State::Ready(factor))) => {
                let capability = placement.capability;
                return Ok(Placement {
                    reason: format!(
                        "{capability} on this machine: `expressive` was asked for, and takes {factor:.2} s for a second of speech"
                    ),
                    capability,
                });
            }
            (Ok((placement, _)), _) => return Ok(placement),
            (Err(none), _) => none,
        };
        let here = match &state {
            Ok(state) => state.trouble(),
            Err(absent) => Some(absent.why.clone()),
        };
        // Of this machine it is said better.
        let nodes = none.reasons.into_iter().skip(usize::from(self.is_here()));
        let whys: Vec<String> = here.into_iter().chain(nodes).collect();
        Err(whys.join("; "))
    }

    /// Has it loaded, for replies to come.
    pub fn begin(&self) {
        if let Ok(kokoro) = &self.own {
            kokoro.begin();
        }
    }

    /// Waits until it is loaded, or never will be. Blocks.
    pub fn load(&self) {
        if let Ok(kokoro) = &self.own {
            kokoro.loaded(PATIENCE);
        }
    }

    /// How it is now, for `loqa doctor` and the dashboard.
    pub fn check(&self) -> Check {
        let (ok, message) = match (self.spoken(), &self.own) {
            (Ok(placement), _) => (true, placement.reason),
            (Err(why), Ok(_)) => (false, self.instead(&why)),
            (Err(why), Err(_)) => (false, format!("{} speaks: {why}", self.instead.capability)),
        };
        let help = match self.own.as_ref().map(|kokoro| kokoro.state()) {
            _ if ok => "",
            Ok(State::Loading) => "look again in a minute",
            Ok(State::TooSlow(_)) => {
                "set `mode = \"fast\"` under [voice]: this machine is too slow for it; or have a node of the household speak"
            }
            Ok(State::Ready(_) | State::Failed(_)) => {
                "`loqa model verify kokoro` tells whether the model is whole"
            }
            Err(absent) => &absent.help,
        };
        Check {
            what: "kokoro".into(),
            ok,
            needed: false,
            message,
            help: help.into(),
        }
    }
}

impl From<ModelError> for Absent {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::NotLoaded { what, help } => Absent {
                why: format!("{what} is not installed"),
                help: format!("{help}; or have a node of the household speak"),
            },
            error => Absent {
                why: error.to_string(),
                help: "`loqa model list` tells its voices".into(),
            },
        }
    }
}

fn open(named: Option<&str>, data: &Path) -> Result<(Kokoro, String), ModelError> {
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
    let kokoro = Kokoro::open(&folder, KokoroConfig::default())?;
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
