//! Settings: one `loqa.toml`, every key with a default, and where each value came from.
//!
//! A value is taken from the command line, else from the environment (`LOQA_<SECTION>_<KEY>`),
//! else from the file, else it is the default. Unknown keys are refused with the nearest known one.

mod file;
mod load;
mod remember;
mod sections;
#[cfg(test)]
mod tests;

pub use sections::{
    Conversation, Dashboard, Desktop, Endpoint, Hearing, HearingEngine, HomeAssistant, Household,
    Hub, Listen, Models, Nodes, Patience, Port, Privacy, PushToTalk, Skills, Thinking, Timers,
    Units, VadEngine, Voice, VoiceEngine, VoiceMode,
};

use load::CONFIG_VARIABLE;
use loqa_core::document::FileError;
use loqa_protocol::Problem;
use sections::Key;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fmt::{self, Write},
    io,
    path::{Path, PathBuf},
};
use toml::Table;

/// The household that is used when nobody described one: a `home.toml`.
pub const DEMO_HOME: &str = include_str!("demo-home.toml");

/// All settings.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `[hub]`
    pub hub: Hub,
    /// `[household]`
    pub household: Household,
    /// `[listen]`
    pub listen: Listen,
    /// `[hearing]`
    pub hearing: Hearing,
    /// `[thinking]`
    pub thinking: Thinking,
    /// `[voice]`
    pub voice: Voice,
    /// `[endpoint]`
    pub endpoint: Endpoint,
    /// `[conversation]`
    pub conversation: Conversation,
    /// `[timers]`
    pub timers: Timers,
    /// `[home_assistant]`
    pub home_assistant: HomeAssistant,
    /// `[skills]`
    pub skills: Skills,
    /// `[models]`
    pub models: Models,
    /// `[privacy]`
    pub privacy: Privacy,
    /// `[dashboard]`
    pub dashboard: Dashboard,
    /// `[nodes]`
    pub nodes: Nodes,
    /// `[desktop]`
    pub desktop: Desktop,
    #[serde(skip)]
    origin: Origin,
}

/// Name, doc comment and keys of every section, in the order of `loqa config --explain`.
const SECTIONS: &[(&str, &str, &[Key])] = &[
    ("hub", Hub::ABOUT, Hub::KEYS),
    ("household", Household::ABOUT, Household::KEYS),
    ("listen", Listen::ABOUT, Listen::KEYS),
    ("hearing", Hearing::ABOUT, Hearing::KEYS),
    ("thinking", Thinking::ABOUT, Thinking::KEYS),
    ("voice", Voice::ABOUT, Voice::KEYS),
    ("endpoint", Endpoint::ABOUT, Endpoint::KEYS),
    ("conversation", Conversation::ABOUT, Conversation::KEYS),
    ("timers", Timers::ABOUT, Timers::KEYS),
    ("home_assistant", HomeAssistant::ABOUT, HomeAssistant::KEYS),
    ("skills", Skills::ABOUT, Skills::KEYS),
    ("models", Models::ABOUT, Models::KEYS),
    ("privacy", Privacy::ABOUT, Privacy::KEYS),
    ("dashboard", Dashboard::ABOUT, Dashboard::KEYS),
    ("nodes", Nodes::ABOUT, Nodes::KEYS),
    ("desktop", Desktop::ABOUT, Desktop::KEYS),
];

/// Where the values came from.
#[derive(Clone, Debug, PartialEq, Default)]
struct Origin {
    /// The settings file: read, or looked for.
    file: PathBuf,
    found: bool,
    /// `section.key` → where; absent for defaults.
    sources: BTreeMap<String, Source>,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Built in.
    Default,
    /// A line of the settings file, from 1.
    File(PathBuf, usize),
    /// An environment variable.
    Environment(String),
    /// An option of the command line.
    Flag(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Default => f.write_str("default"),
            Source::File(path, line) => write!(f, "{}:{line}", path.display()),
            Source::Environment(name) => write!(f, "environment {name}"),
            Source::Flag(flag) => write!(f, "command line {flag}"),
        }
    }
}

/// What the command line says about settings.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Flags {
    /// `--config`
    pub config: Option<PathBuf>,
    /// `--data`
    pub data: Option<PathBuf>,
    /// `--home`
    pub home: Option<PathBuf>,
    /// `--skills`, each
    pub skills: Vec<PathBuf>,
    /// `--only-skills`
    pub only_skills: Option<PathBuf>,
}

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file somebody named, or the one in its usual place, cannot be read.
    #[error("cannot read the settings file {}: {source}\n  help: name another with --config FILE or {CONFIG_VARIABLE}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It cannot be written.
    #[error("cannot write the settings file {}: {source}\n  help: make it writable, or name another with --config FILE", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What is wrong in it: every unknown key, or the first other mistake.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    File(Vec<FileError>),
    /// An environment variable or option has a value that cannot be.
    #[error("{name}: {message}")]
    Override {
        /// The variable or option.
        name: String,
        /// What is wrong with it.
        message: String,
    },
    /// No place for settings and data.
    #[error(
        "cannot tell where your files are: HOME is not set\n  help: set HOME, or give --config FILE and --data DIR"
    )]
    NoHome,
}

impl From<ConfigError> for Problem {
    fn from(error: ConfigError) -> Self {
        crate::gateway::problem("settings", &error)
    }
}

/// One setting, explained.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// `section.key`
    pub key: String,
    /// As TOML.
    pub value: String,
    /// Where the value came from.
    pub source: Source,
    /// What it means.
    pub help: String,
}

impl Config {
    /// The settings file: whether it was read, or only looked for.
    pub fn file(&self) -> (&Path, bool) {
        (&self.origin.file, self.origin.found)
    }

    /// The household's `home.toml`; `None` if nobody wrote one: use [`DEMO_HOME`] and say so.
    pub fn home_file(&self) -> Option<&Path> {
        (!self.household.home.as_os_str().is_empty()).then_some(&self.household.home)
    }

    /// Where the household's `home.toml` is, or would be if somebody wrote one; `None` where there
    /// are no files, as in a demonstration.
    pub fn home_place(&self) -> Option<PathBuf> {
        let beside = || Some(self.origin.file.parent()?.join("home.toml"));
        let place = self.home_file().map(Path::to_owned).or_else(beside)?;
        Some(std::path::absolute(&place).unwrap_or(place))
    }

    /// Every setting with its value, where that came from, and what it means.
    pub fn entries(&self) -> Vec<Entry> {
        let values = Table::try_from(self).unwrap_or_default();
        let entry = |section: &str, key: &Key| {
            let path = format!("{section}.{}", key.name);
            Entry {
                value: values
                    .get(section)
                    .and_then(|section| section.get(key.name))
                    .map(ToString::to_string)
                    .unwrap_or_default(),
                source: self
                    .origin
                    .sources
                    .get(&path)
                    .cloned()
                    .unwrap_or(Source::Default),
                help: key
                    .help
                    .lines()
                    .map(str::trim)
                    .collect::<Vec<_>>()
                    .join(" "),
                key: path,
            }
        };
        SECTIONS
            .iter()
            .flat_map(|(section, _, keys)| keys.iter().map(|key| entry(section, key)))
            .collect()
    }

    /// The entries as a `loqa.toml` that would give the same settings, with comments.
    pub fn explain(&self) -> String {
        let state = if self.origin.found {
            ""
        } else {
            " (not there)"
        };
        let mut text = format!("# Settings file: {}{state}\n", self.origin.file.display());
        let mut entries = self.entries().into_iter();
        for (section, about, keys) in SECTIONS {
            let about = about.trim();
            // Writing to a String cannot fail.
            let _ = write!(text, "\n# {about}\n[{section}]\n");
            for (key, entry) in keys.iter().zip(&mut entries) {
                let _ = write!(
                    text,
                    "# {}\n{} = {}  # {}\n",
                    entry.help, key.name, entry.value, entry.source
                );
            }
        }
        text
    }

    /// The settings in force as a `loqa.toml`, without comments.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }
}
