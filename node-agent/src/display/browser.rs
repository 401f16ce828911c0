//! The browser that fills the screen: started with this program, and again when it ends.

use loqa_core::resilience::Breaker;
use std::{
    env, future, io,
    path::Path,
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};
use tokio::{
    process::{Child, Command},
    time::sleep,
};

/// Whichever of those that are known is installed.
const AUTO: &str = "auto";
/// One that has run for so long had not failed to start.
const STEADY: Duration = Duration::from_secs(60);

/// What is run.
pub struct Browser {
    /// The likeliest first: each a program and what it is told.
    commands: Vec<Vec<String>>,
}

impl Browser {
    /// As the settings have it, at this address. What it keeps is in `folder`.
    pub fn new(wanted: &[String], address: &str, folder: &Path) -> Browser {
        let mut commands: Vec<Vec<String>> = match wanted {
            [] => Vec::new(),
            [auto] if auto == AUTO => {
                let screen = |name| env::var_os(name).is_some();
                match screen("WAYLAND_DISPLAY") || screen("DISPLAY") {
                    true => known(&folder.join("browser")),
                    false => Vec::new(),
                }
            }
            command => vec![command.to_vec()],
        };
        for command in &mut commands {
            command.push(address.to_owned());
        }
        Browser { commands }
    }

    /// Whether one is to be started at all.
    pub fn is_started(&self) -> bool {
        !self.commands.is_empty()
    }

    /// Keeps one running. It ends with this.
    pub async fn run(&self) {
        if !self.is_started() {
            return future::pending().await;
        }
        let (began, mut breaker) = (Instant::now(), Breaker::default());
        loop {
            let started = Instant::now();
            match self.start() {
                Ok((name, mut child)) => {
                    tracing::info!(name, "the screen's browser runs");
                    let ended = child.wait().await;
                    let how = ended
                        .map_or_else(|error| error.to_string(), |it: ExitStatus| it.to_string());
                    eprintln!("The screen's browser has ended ({how}); it is started again.");
                }
                Err(why) => eprintln!("{why}"),
            }
            if started.elapsed() > STEADY {
                breaker.succeeded();
            }
            breaker.failed(began.elapsed());
            sleep(breaker.rests(began.elapsed()).unwrap_or_default()).await;
        }
    }

    fn start(&self) -> Result<(&str, Child), String> {
        for command in &self.commands {
            let Some((program, arguments)) = command.split_first() else {
                continue;
            };
            let started = Command::new(program)
                .args(arguments)
                .stdin(Stdio::null())
                .kill_on_drop(true)
                .spawn();
            match started {
                Ok(child) => return Ok((program, child)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(format!("`{program}` cannot be started: {error}")),
            }
        }
        let names: Vec<&str> = self.commands.iter().map(|it| it[0].as_str()).collect();
        Err(format!(
            "no browser for the screen is installed: none of {}\n  help: install one, or name yours in `browser` of \
             [display] in node.toml",
            names.join(", ")
        ))
    }
}

/// Those that can fill a screen, and how each is told to.
fn known(folder: &Path) -> Vec<Vec<String>> {
    let profile = format!("--user-data-dir={}", folder.display());
    let chromium = ["--kiosk", "--no-first-run", "--noerrdialogs", &profile];
    let all: [(&str, &[&str]); 6] = [
        ("chromium", &chromium),
        ("chromium-browser", &chromium),
        ("google-chrome", &chromium),
        ("cog", &[]),
        ("firefox", &["--kiosk"]),
        ("firefox-esr", &["--kiosk"]),
    ];
    let command = |(name, arguments): &(&str, &[&str])| {
        let words = [*name].into_iter().chain(arguments.iter().copied());
        words.map(str::to_owned).collect()
    };
    all.iter().map(command).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_browser_that_is_installed_is_shown_the_page_and_what_is_wrong_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let shown = folder.path().join("shown");
        let script = format!("echo \"$0\" > {}; exec sleep 60", shown.display());
        let own = ["sh", "-c", &script].map(str::to_owned);
        let mut browser = Browser::new(&own, "http://127.0.0.1:7381/kiosk", folder.path());
        browser.commands.insert(0, vec!["no-such-browser".into()]);
        let (name, mut child) = browser.start().unwrap();
        assert_eq!(name, "sh");
        let text = tokio::time::timeout(Duration::from_secs(10), async {
            loop {
                match std::fs::read_to_string(&shown) {
                    Ok(text) if !text.is_empty() => return text,
                    _ => sleep(Duration::from_millis(5)).await,
                }
            }
        });
        assert_eq!(text.await.unwrap(), "http://127.0.0.1:7381/kiosk\n");
        child.kill().await.unwrap();

        browser.commands.truncate(1);
        let why = browser.start().unwrap_err();
        assert!(why.starts_with("no browser for the screen is installed: none of no-such-browser"));
        assert!(!Browser::new(&[], "http://127.0.0.1:7381/kiosk", folder.path()).is_started());
    }
}
