//! A real browser, driven by a script in `tests/browser`.

use crate::program::Home;
use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

/// Where Debian and others keep it.
const CHROMIUM: [&str; 2] = ["/usr/bin/chromium", "/usr/bin/chromium-browser"];

/// What drives a browser, and the dashboard that it is to show.
pub struct Browser {
    installed: OsString,
    chromium: &'static str,
    /// Folder of the dashboard's files.
    pub ui: PathBuf,
}

impl Browser {
    /// Nothing, and a line about it, where something is missing.
    pub fn find(home: &Home) -> Option<Browser> {
        let ui = Path::new(home.command(["hub"]).get_program()).with_file_name("ui");
        let chromium = CHROMIUM.into_iter().find(|path| Path::new(path).exists());
        let (Some(installed), Some(chromium)) = (env::var_os("LOQA_BROWSER"), chromium) else {
            eprintln!("skipped: `cargo xtask setup` installs what drives a browser");
            return None;
        };
        if !ui.join("index.html").exists() {
            eprintln!("skipped: `cargo xtask test` builds the dashboard");
            return None;
        }
        Some(Browser {
            installed,
            chromium,
            ui,
        })
    }

    /// A script, not yet started, in that home.
    pub fn script(&self, name: &str, home: &Home) -> Command {
        let hub = home.command(["hub"]);
        let mut node = Command::new("node");
        for (name, value) in hub.get_envs() {
            match value {
                Some(value) => node.env(name, value),
                None => node.env_remove(name),
            };
        }
        node.arg(
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("browser")
                .join(name),
        )
        // Pages are looked through for barriers while a question waits for its answer.
        .env("LOQA_CONVERSATION_ANSWER_S", "60")
        .env("LOQA_BIN", hub.get_program())
        .env("LOQA_DATA", home.path("data"))
        .env("LOQA_BROWSER", &self.installed)
        .env("LOQA_CHROMIUM", self.chromium);
        node
    }
}
