//! Where values come from: file, environment, command line; and whether they can be.

use super::{Config, ConfigError, Flags, Origin, SECTIONS, Source, file};
use crate::{egress::Address, library};
use loqa_core::document::FileError;
use std::{
    collections::BTreeMap,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};
use toml::{Table, Value};

/// Names the settings file when `--config` does not.
pub(super) const CONFIG_VARIABLE: &str = "LOQA_CONFIG";

impl Config {
    /// Settings of this process: its environment, and the files of its user.
    ///
    /// # Errors
    /// [`ConfigError`], with file, line and column where there is one.
    pub fn load(flags: &Flags) -> Result<Config, ConfigError> {
        Config::load_with(flags, &|name| std::env::var(name).ok())
    }

    /// [`Config::load`] with an environment given as a function.
    pub(super) fn load_with(
        flags: &Flags,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Config, ConfigError> {
        let (path, found) = settings_file(flags, env)?;
        let mut table = Table::new();
        let mut sources = BTreeMap::new();
        if found {
            let text = std::fs::read_to_string(&path).map_err(|source| ConfigError::Read {
                path: path.clone(),
                source,
            })?;
            let lines;
            (table, lines) = file::read(&path, &text).map_err(ConfigError::File)?;
            sources.extend(
                lines
                    .into_iter()
                    .map(|(key, line)| (key, Source::File(path.clone(), line))),
            );
        }
        let defaults = Table::try_from(Config::default()).unwrap_or_default();
        for (section, _, keys) in SECTIONS {
            for key in *keys {
                let name = format!("LOQA_{section}_{}", key.name).to_uppercase();
                let Some(text) = env(&name) else { continue };
                let value = overriding(&defaults[*section][key.name], &text);
                if let Some(section) = table
                    .entry(*section)
                    .or_insert_with(|| Table::new().into())
                    .as_table_mut()
                {
                    section.insert(key.name.into(), value);
                }
                // One at a time, so that a value of the wrong type is blamed on its variable.
                if let Err(error) = table.clone().try_into::<Config>() {
                    return Err(ConfigError::Override {
                        name,
                        message: error.message().to_owned(),
                    });
                }
                sources.insert(format!("{section}.{}", key.name), Source::Environment(name));
            }
        }
        let mut config: Config =
            table
                .try_into()
                .map_err(|error: toml::de::Error| ConfigError::Override {
                    name: path.display().to_string(),
                    message: error.message().to_owned(),
                })?;
        config.origin = Origin {
            file: path,
            found,
            sources,
        };
        config.apply(flags);
        config.resolve_paths(env)?;
        config.check()?;
        Ok(config)
    }

    fn apply(&mut self, flags: &Flags) {
        let mut set = |key: &str, flag| self.origin.sources.insert(key.into(), Source::Flag(flag));
        if let Some(data) = &flags.data {
            self.hub.data = data.clone();
            set("hub.data", "--data");
        }
        if let Some(home) = &flags.home {
            self.household.home = home.clone();
            set("household.home", "--home");
        }
        if !flags.skills.is_empty() {
            self.hub.skills = flags.skills.clone();
            set("hub.skills", "--skills");
        }
        if let Some(only) = &flags.only_skills {
            self.hub.only_skills = only.clone();
            set("hub.only_skills", "--only-skills");
        }
    }

    /// Makes paths absolute: from the file, relative to it; others, to the current folder.
    fn resolve_paths(&mut self, env: &dyn Fn(&str) -> Option<String>) -> Result<(), ConfigError> {
        let beside = self
            .origin
            .file
            .parent()
            .unwrap_or(Path::new(""))
            .to_owned();
        let sources = &self.origin.sources;
        let resolve = |key: &str, path: &mut PathBuf| {
            if path.as_os_str().is_empty() {
                return;
            }
            if let (Ok(rest), Some(home)) = (path.strip_prefix("~"), env("HOME")) {
                *path = Path::new(&home).join(rest);
            } else if matches!(sources.get(key), Some(Source::File(..))) {
                *path = beside.join(&*path);
            }
            if let Ok(absolute) = std::path::absolute(&*path) {
                *path = absolute;
            }
        };
        resolve("hub.data", &mut self.hub.data);
        resolve("hub.only_skills", &mut self.hub.only_skills);
        self.hub
            .skills
            .iter_mut()
            .for_each(|path| resolve("hub.skills", path));
        resolve("household.home", &mut self.household.home);
        resolve("listen.wake_models", &mut self.listen.wake_models);
        resolve("dashboard.files", &mut self.dashboard.files);
        if cfg!(target_os = "macos") && self.dashboard.files.as_os_str().is_empty() {
            // Nothing but programs may lie beside a program there.
            let program = std::env::current_exe().unwrap_or_default();
            let files = program.with_file_name("../Resources/ui");
            if files.is_dir() {
                self.dashboard.files = files;
            }
        }
        if self.hub.data.as_os_str().is_empty() {
            self.hub.data = user_folder(env, "XDG_DATA_HOME", ".local/share")?;
        }
        if self.household.home.as_os_str().is_empty() {
            let home = beside.join("home.toml");
            if home.exists() {
                self.household.home = home;
            }
        }
        Ok(())
    }

    /// What types cannot say.
    fn check(&self) -> Result<(), ConfigError> {
        let endpoint = &self.endpoint;
        let ranges: [(&str, u32, RangeInclusive<u32>); 9] = [
            ("endpoint.closed_ms", endpoint.closed_ms, 10..=5_000),
            ("endpoint.extendable_ms", endpoint.extendable_ms, 10..=5_000),
            ("endpoint.open_ms", endpoint.open_ms, 10..=5_000),
            ("endpoint.incomplete_ms", endpoint.incomplete_ms, 10..=5_000),
            ("endpoint.number_ms", endpoint.number_ms, 10..=5_000),
            (
                "endpoint.max_utterance_s",
                endpoint.max_utterance_s,
                2..=300,
            ),
            ("hearing.wait_ms", self.hearing.wait_ms, 500..=20_000),
            ("conversation.answer_s", self.conversation.answer_s, 1..=60),
            ("timers.ring_min", self.timers.ring_min, 1..=120),
        ];
        for (key, value, range) in ranges {
            if !range.contains(&value) {
                return Err(self.wrong(
                    key,
                    format!(
                        "`{key}` is {value}, but must lie between {} and {}",
                        range.start(),
                        range.end()
                    ),
                ));
            }
        }
        let threshold = self.listen.wake_threshold;
        if !(0.0..=1.0).contains(&threshold) {
            return Err(self.wrong(
                "listen.wake_threshold",
                format!("`listen.wake_threshold` is {threshold}, but must lie between 0 and 1"),
            ));
        }
        let speed = self.voice.speed;
        if !(0.5..=2.0).contains(&speed) {
            return Err(self.wrong(
                "voice.speed",
                format!("`voice.speed` is {speed}, but must lie between 0.5 and 2"),
            ));
        }
        for (number, url) in self.skills.house.iter().enumerate() {
            if let Err(error) = url.parse::<Address>() {
                return Err(self.wrong(&format!("skills.house[{number}]"), error.to_string()));
            }
        }
        let from = &self.models.from;
        match library::Source::written(from) {
            Err(error) => return Err(self.wrong("models.from", error.to_string())),
            Ok(library::Source::Path(path)) if !path.is_absolute() => {
                let message = format!("`{from}` is neither an address nor a folder in full");
                return Err(self.wrong("models.from", message));
            }
            Ok(_) => {}
        }
        let home_assistant = &self.home_assistant.url;
        if let Err(error) = home_assistant.parse::<Address>()
            && !home_assistant.is_empty()
        {
            return Err(self.wrong("home_assistant.url", error.to_string()));
        }
        let zone = &self.household.timezone;
        if zone != "system" && jiff::tz::TimeZone::get(zone).is_err() {
            let message = format!(
                "`{zone}` is not a time zone; write one such as Europe/Berlin, or \"system\""
            );
            return Err(self.wrong("household.timezone", message));
        }
        Ok(())
    }

    fn wrong(&self, key: &str, message: String) -> ConfigError {
        match self.origin.sources.get(key) {
            Some(Source::File(path, line)) => ConfigError::File(vec![FileError {
                file: path.display().to_string(),
                line: *line,
                column: 1,
                message,
                help: String::new(),
            }]),
            Some(source) => ConfigError::Override {
                name: source.to_string(),
                message,
            },
            None => ConfigError::Override {
                name: key.to_owned(),
                message,
            },
        }
    }
}

/// `--config`, `$LOQA_CONFIG`, the user's folder, `/etc`; and whether it is there. A file that was
/// named but is not there counts as there, so that reading it fails with a message.
fn settings_file(
    flags: &Flags,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<(PathBuf, bool), ConfigError> {
    if let Some(named) = flags
        .config
        .clone()
        .or_else(|| env(CONFIG_VARIABLE).map(PathBuf::from))
    {
        return Ok((named, true));
    }
    let own = user_folder(env, "XDG_CONFIG_HOME", ".config").map(|folder| folder.join("loqa.toml"));
    let system = PathBuf::from("/etc/loqa/loqa.toml");
    match own {
        Ok(own) if own.exists() => Ok((own, true)),
        _ if system.exists() => Ok((system, true)),
        Ok(own) => Ok((own, false)),
        Err(_) => Ok((system, false)),
    }
}

/// Loqa's folder of one kind: the XDG one, or Application Support on macOS.
fn user_folder(
    env: &dyn Fn(&str) -> Option<String>,
    variable: &str,
    fallback: &str,
) -> Result<PathBuf, ConfigError> {
    // The XDG specification wants relative paths ignored.
    if let Some(base) = env(variable)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
    {
        return Ok(base.join("loqa"));
    }
    let home = env("HOME")
        .filter(|home| !home.is_empty())
        .map(PathBuf::from)
        .ok_or(ConfigError::NoHome)?;
    if cfg!(target_os = "macos") {
        return Ok(home.join("Library/Application Support/Loqa"));
    }
    Ok(home.join(fallback).join("loqa"))
}

/// An environment variable's text as a value of the same kind as `default`; several paths are
/// separated by `:`. Text that is no such value stays text, and is refused later with its type.
fn overriding(default: &Value, text: &str) -> Value {
    let parsed = match default {
        Value::Integer(_) => text.parse().ok().map(Value::Integer),
        Value::Float(_) => text.parse().ok().map(Value::Float),
        Value::Boolean(_) => text.parse().ok().map(Value::Boolean),
        Value::Array(_) => Some(Value::Array(
            text.split(':')
                .filter(|path| !path.is_empty())
                .map(Value::from)
                .collect(),
        )),
        _ => None,
    };
    parsed.unwrap_or_else(|| Value::from(text))
}
