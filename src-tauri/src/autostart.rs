//! Whether Loqa starts with the desktop, in the tray: a file in the place where the system looks.

use loqa_engine::config::Flags;
use loqa_protocol::Problem;
use std::{env, fs, io, path::PathBuf};

/// The file that starts it.
pub struct Autostart {
    file: PathBuf,
    command: Vec<String>,
}

impl Autostart {
    /// Of this program with these settings. `None` if nothing says where this person's files are.
    pub fn of(flags: &Flags) -> Option<Autostart> {
        let folder = |name: &str| env::var_os(name).map(PathBuf::from);
        let absolute = |path: &PathBuf| path.is_absolute();
        let home = folder("HOME").filter(absolute);
        let file = if cfg!(target_os = "macos") {
            home?.join("Library/LaunchAgents/loqa.desktop.plist")
        } else {
            let settings = folder("XDG_CONFIG_HOME").filter(absolute);
            let settings = settings.or_else(|| Some(home?.join(".config")));
            settings?.join("autostart/loqa.desktop")
        };
        let shown = |path: PathBuf| path.to_string_lossy().into_owned();
        let mut command = vec![shown(env::current_exe().ok()?), "--hidden".into()];
        for (flag, path) in [("--config", &flags.config), ("--data", &flags.data)] {
            // It will run from another folder.
            let path = path
                .as_ref()
                .and_then(|path| std::path::absolute(path).ok());
            command.extend(path.into_iter().flat_map(|path| [flag.into(), shown(path)]));
        }
        Some(Autostart { file, command })
    }

    /// Whether it does.
    pub fn is_on(&self) -> bool {
        self.file.exists()
    }

    /// Has it start with the desktop from now on, or no longer.
    ///
    /// # Errors
    /// The file cannot be written or removed.
    pub fn set(&self, on: bool) -> Result<(), Problem> {
        self.change(on).map_err(|error| Problem {
            code: "autostart".into(),
            message: format!("{} cannot be changed: {error}", self.file.display()),
            help: "make it writable".into(),
        })
    }

    fn change(&self, on: bool) -> io::Result<()> {
        if !on {
            return match fs::remove_file(&self.file) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                other => other,
            };
        }
        fs::create_dir_all(self.file.with_file_name(""))?;
        let text = if cfg!(target_os = "macos") {
            agent(&self.command)
        } else {
            entry(&self.command)
        };
        fs::write(&self.file, text)
    }
}

/// <https://specifications.freedesktop.org/autostart-spec/latest/>
fn entry(command: &[String]) -> String {
    // Quoted for whoever splits the line into words, then for whoever reads the file.
    let quoted = command.iter().map(|word| {
        let mut quoted = String::from('"');
        for c in word.chars() {
            match c {
                '"' | '`' | '$' => quoted.extend(["\\\\", c.encode_utf8(&mut [0; 4])]),
                '\\' => quoted.push_str("\\\\\\\\"),
                '%' => quoted.push_str("%%"),
                '\n' => quoted.push_str("\\n"),
                _ => quoted.push(c),
            }
        }
        quoted + "\""
    });
    let command = quoted.collect::<Vec<_>>().join(" ");
    format!("[Desktop Entry]\nType=Application\nName=Loqa\nExec={command}\nIcon=loqa\n")
}

/// <https://developer.apple.com/library/archive/documentation/MacOSX/Conceptual/BPSystemStartup/Chapters/CreatingLaunchdJobs.html>
fn agent(command: &[String]) -> String {
    let word = |word: &String| {
        let word = word.replace('&', "&amp;").replace('<', "&lt;");
        format!("    <string>{word}</string>\n")
    };
    let words: String = command.iter().map(word).collect();
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>loqa.desktop</string>
  <key>ProgramArguments</key>
  <array>
{words}  </array>
  <key>RunAtLoad</key>
  <true/>
</dict>
</plist>
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_path_survives_the_file() {
        let command = ["/opt/my loqa/loqa-desktop", "--data", r#"/a"b\c$d%e&<f"#];
        let command = command.map(String::from);
        let exec = r#"Exec="/opt/my loqa/loqa-desktop" "--data" "/a\\"b\\\\c\\$d%%e&<f""#;
        assert!(entry(&command).contains(exec), "{}", entry(&command));
        let data = r#"<string>/a"b\c$d%e&amp;&lt;f</string>"#;
        assert!(agent(&command).contains(data), "{}", agent(&command));
    }
}
