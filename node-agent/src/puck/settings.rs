//! How loud a puck is, and whether it hears: the same after it was switched off and on again.

use crate::membership::write_whole;
use serde::{Deserialize, Serialize};
use std::{fs, path::PathBuf};

const FILE: &str = "puck.toml";

/// What was chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Percent.
    pub volume: u8,
    /// It hears nothing.
    pub muted: bool,
    /// Somebody has chosen here whether it hears, and the hub does not know yet.
    #[serde(default)]
    pub untold: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            volume: 100,
            muted: false,
            untold: false,
        }
    }
}

/// That, on the disk.
#[derive(Debug, Default)]
pub struct Kept {
    settings: Settings,
    /// `None`: it is kept nowhere.
    folder: Option<PathBuf>,
}

impl Kept {
    /// What `folder` holds; without that nobody has chosen anything. What cannot be read may have said that it is muted.
    pub fn load(folder: PathBuf) -> Kept {
        let settings = match fs::read_to_string(folder.join(FILE)) {
            Ok(text) => toml::from_str(&text).unwrap_or_else(|error| {
                tracing::warn!(%error, "{FILE} is damaged, so nothing is heard until the hub says so");
                Settings {
                    muted: true,
                    ..Settings::default()
                }
            }),
            Err(_) => Settings::default(),
        };
        Kept {
            settings,
            folder: Some(folder),
        }
    }

    /// As it is now.
    pub fn get(&self) -> Settings {
        self.settings
    }

    /// From now on.
    pub fn set(&mut self, settings: Settings) {
        if self.settings == settings {
            return;
        }
        self.settings = settings;
        let Some(folder) = &self.folder else { return };
        let written = toml::to_string(&settings).map_err(anyhow::Error::from);
        let written = written.and_then(|text| write_whole(folder, FILE, &text));
        if let Err(error) = written {
            tracing::warn!("how this machine is set cannot be kept: {error:#}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_chosen_is_there_after_a_restart_and_a_damaged_choice_hears_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let mut kept = Kept::load(path.clone());
        assert_eq!(kept.get(), Settings::default());
        let chosen = Settings {
            volume: 40,
            muted: true,
            untold: true,
        };
        kept.set(chosen);
        assert_eq!(Kept::load(path.clone()).get(), chosen);
        fs::write(path.join(FILE), "volume = loud").unwrap();
        assert!(Kept::load(path).get().muted);
    }
}
