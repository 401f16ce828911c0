//! Writes one setting into the settings file and leaves the rest of it as it is.

use super::{Config, ConfigError, file};
use crate::whole_file;
use loqa_core::document::FileError;
use std::{io, path::Path};
use toml::Value;

impl Config {
    /// Sets `section.key` to a text in the settings file, which is made if need be; comments and
    /// all other lines stay. The settings in force are those of the next [`Config::load`].
    ///
    /// # Errors
    /// The file cannot be read or written, or is written in a way that only a person can change.
    pub fn remember(&self, section: &str, key: &str, value: &str) -> Result<(), ConfigError> {
        self.set(section, key, &Value::from(value))
    }

    /// Likewise a setting that is on or off.
    ///
    /// # Errors
    /// As [`Config::remember`].
    pub fn remember_switch(&self, section: &str, key: &str, on: bool) -> Result<(), ConfigError> {
        self.set(section, key, &Value::from(on))
    }

    fn set(&self, section: &str, key: &str, value: &Value) -> Result<(), ConfigError> {
        let path = &self.origin.file.canonicalize();
        let path = path.as_ref().unwrap_or(&self.origin.file);
        let unwritten = |source: io::Error| ConfigError::Write {
            path: path.clone(),
            source,
        };
        let before = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(unwritten(error)),
        };
        let after = with(path, &before, section, key, value).map_err(ConfigError::File)?;
        whole_file::replace(path, &after).map_err(unwritten)
    }
}

/// The text with that one setting changed.
fn with(
    path: &Path,
    text: &str,
    section: &str,
    key: &str,
    value: &Value,
) -> Result<String, Vec<FileError>> {
    let (_, lines) = file::read(path, text)?;
    let setting = format!("{key} = {value}");
    let mut written: Vec<&str> = text.lines().collect();
    let header = format!("[{section}]");
    let place = lines.get(&format!("{section}.{key}")).map(|line| line - 1);
    let begins = written
        .iter()
        .position(|line| line.split('#').next().unwrap_or_default().trim() == header);
    match (place.filter(|line| *line < written.len()), begins) {
        (Some(line), _) => written[line] = &setting,
        (None, Some(line)) => written.insert(line + 1, &setting),
        (None, None) => {
            if !written.is_empty() {
                written.push("");
            }
            written.extend([header.as_str(), &setting]);
        }
    }
    let after = written.join("\n") + "\n";
    // A value of several lines, or a section within braces, would be torn apart.
    let (table, _) = file::read(path, &after)?;
    let kept = table.get(section).and_then(|section| section.get(key));
    if kept != Some(value) {
        return Err(vec![FileError {
            file: path.display().to_string(),
            line: place.map_or(1, |line| line + 1),
            column: 1,
            message: format!("`{section}.{key}` is written in a way that only you can change"),
            help: format!("write `{setting}` under {header}"),
        }]);
    }
    Ok(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_changes_and_the_rest_stays() {
        let path = Path::new("loqa.toml");
        let set = |text: &str| with(path, text, "listen", "microphone", &Value::from("usb"));
        assert_eq!(set("").unwrap(), "[listen]\nmicrophone = \"usb\"\n");
        assert_eq!(
            set("# mine\n[listen] # ears\nwake = []\n\n[timers]\nring_min = 3").unwrap(),
            "# mine\n[listen] # ears\nmicrophone = \"usb\"\nwake = []\n\n[timers]\nring_min = 3\n"
        );
        assert_eq!(
            set("[listen]\nmicrophone = \"old\" # why\nwake = []\n").unwrap(),
            "[listen]\nmicrophone = \"usb\"\nwake = []\n"
        );
        assert_eq!(
            set("[timers]\nring_min = 3\n").unwrap(),
            "[timers]\nring_min = 3\n\n[listen]\nmicrophone = \"usb\"\n"
        );
        let seal = |text: &str| with(path, text, "privacy", "sealed", &Value::from(true));
        assert_eq!(
            seal("[privacy]\nsealed = false\n").unwrap(),
            "[privacy]\nsealed = true\n"
        );
        assert!(set("listen = { wake = [] }\n").is_err());
        assert!(set("[listen]\nmicrofone = \"x\"\n").is_err());
    }
}
