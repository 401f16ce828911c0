//! Settings: one `node.toml`, every key with a default.

use anyhow::{Context, bail};
use clap::ValueEnum;
use loqa_jobs::CONTEXT;
use loqa_link::wire::Me;
use loqa_protocol::{AudioCodec, NodeRole};
use serde::Deserialize;
use std::{
    env, fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// All settings.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// As people call this machine.
    pub name: String,
    /// What it is there for.
    pub roles: Vec<Role>,
    /// Where the hub is, if it cannot be found by itself.
    pub hub: Vec<SocketAddr>,
    /// `[puck]`
    pub puck: Puck,
    /// `[inference]`
    pub inference: Inference,
    /// `[display]`
    pub display: Display,
}

/// A microphone and a speaker in a room.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Puck {
    /// Id or name of the microphone, or `default`.
    pub microphone: String,
    /// Id or name of the speaker, or `default`.
    pub speaker: String,
    /// What wakes it.
    pub wake: Vec<String>,
    /// How sure it must be of that, in [0, 1].
    pub wake_threshold: f64,
    /// Folder of trained wake words.
    pub wake_models: Option<PathBuf>,
    /// Whether it sounds when it was called.
    pub chime: bool,
    /// How live audio is sent.
    pub codec: Codec,
}

/// Models that run here.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Inference {
    /// Utterances that are heard at a time; 0: none.
    pub stt: u32,
    /// Replies that are spoken at a time; 0: none.
    pub tts: u32,
    /// A whisper model, which hears any words: its file, or what the hub calls it.
    pub whisper: Option<String>,
    /// A language model (GGUF), which answers what no command covers: likewise.
    pub llama: Option<String>,
    /// Tokens that it keeps in mind.
    pub context: u32,
    /// Kokoro, a voice that sounds alive: the folder of its graph and its voices.
    pub kokoro: Option<PathBuf>,
}

/// A screen.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Display {
    /// What it is, in a word.
    pub kind: String,
    /// Where this machine's browser finds the page; 0: wherever there is room.
    pub port: u16,
    /// The program that shows it and what it is told, before the address; `auto` alone: whichever is known and installed;
    /// none: it is opened by somebody else.
    pub browser: Vec<String>,
}

/// What a node is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Runs models for the hub
    Inference,
    /// Hears and speaks in a room
    Puck,
    /// Shows the hub's page for the wall
    Display,
}

/// How live audio is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Codec {
    /// 32 kbit/s.
    Opus,
    /// 256 kbit/s, and less work.
    Pcm16,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            name: host_name(),
            roles: vec![Role::Puck],
            hub: Vec::new(),
            puck: Puck::default(),
            inference: Inference::default(),
            display: Display::default(),
        }
    }
}

impl Default for Puck {
    fn default() -> Self {
        Puck {
            microphone: loqa_inference::sound::DEFAULT.into(),
            speaker: loqa_inference::sound::DEFAULT.into(),
            wake: vec!["hey loqa".into()],
            wake_threshold: loqa_inference::wake::KeyphraseConfig::default().threshold,
            wake_models: None,
            chime: true,
            codec: Codec::Opus,
        }
    }
}

impl Default for Inference {
    fn default() -> Self {
        Inference {
            stt: 1,
            tts: 2,
            whisper: None,
            llama: None,
            context: 4096,
            kokoro: None,
        }
    }
}

impl Default for Display {
    fn default() -> Self {
        Display {
            kind: "tablet".into(),
            port: 7381,
            browser: vec!["auto".into()],
        }
    }
}

impl Config {
    /// From this file, or from the usual one, which need not be there.
    pub fn load(path: Option<&Path>) -> anyhow::Result<Config> {
        let usual =
            || Ok::<_, anyhow::Error>(folder("XDG_CONFIG_HOME", ".config")?.join("node.toml"));
        let file = match path {
            Some(path) => path.to_owned(),
            None => usual()?,
        };
        match fs::read_to_string(&file) {
            Ok(text) => Config::parse(&text).with_context(|| file.display().to_string()),
            Err(error) if error.kind() == io::ErrorKind::NotFound && path.is_none() => {
                Ok(Config::default())
            }
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", file.display())),
        }
    }

    fn parse(text: &str) -> anyhow::Result<Config> {
        // It names line and column, and the keys that there are.
        let config: Config = toml::from_str(text)?;
        if config.roles.is_empty() {
            bail!(
                "`roles` is empty: this machine would do nothing\n  help: write roles = [\"puck\"]"
            );
        }
        if !loqa_link::pairing::plain_name(&config.name) {
            bail!("`name` has 1 to 64 bytes on one line\n  help: write name = \"kitchen\"");
        }
        if !(0.0..=1.0).contains(&config.puck.wake_threshold) {
            bail!("`wake_threshold` lies between 0 and 1");
        }
        if !CONTEXT.contains(&config.inference.context) {
            let (least, most) = (CONTEXT.start(), CONTEXT.end());
            bail!("`context` lies between {least} and {most} tokens");
        }
        let kind = &config.display.kind;
        let plain = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
        if kind.is_empty() || kind.len() > 32 || !kind.chars().all(plain) {
            bail!("`kind` is a word of small letters\n  help: write kind = \"tablet\"");
        }
        Ok(config)
    }

    /// With these addresses, if there are any.
    pub fn with_hub(mut self, hub: Vec<SocketAddr>) -> Config {
        if !hub.is_empty() {
            self.hub = hub;
        }
        self
    }

    /// With these roles, if there are any.
    pub fn with_roles(mut self, roles: Vec<Role>) -> Config {
        if !roles.is_empty() {
            self.roles = roles;
        }
        self
    }

    /// Whether it is there for that.
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// As it introduces itself.
    pub fn me(&self) -> Me {
        let role = |role: &Role| match role {
            Role::Inference => NodeRole::Inference,
            Role::Puck => NodeRole::Puck,
            Role::Display => NodeRole::Display,
        };
        Me {
            name: self.name.clone(),
            software: concat!("loqa-node ", env!("CARGO_PKG_VERSION")).into(),
            roles: self.roles.iter().map(role).collect(),
            offers: Vec::new(),
            codecs: match self.puck.codec {
                Codec::Opus => vec![AudioCodec::Opus, AudioCodec::Pcm16],
                Codec::Pcm16 => vec![AudioCodec::Pcm16],
            },
        }
    }
}

/// Where this machine's key is, unless somebody says so.
pub fn data_folder() -> anyhow::Result<PathBuf> {
    folder("XDG_DATA_HOME", ".local/share").map(|it| it.join("node"))
}

fn folder(variable: &str, at_home: &str) -> anyhow::Result<PathBuf> {
    let absolute = |name: &str| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|it| it.is_absolute())
    };
    let folder = absolute(variable).or_else(|| Some(absolute("HOME")?.join(at_home)));
    let folder = folder.context(
        "this user has no home folder\n  help: name the folders with --config FILE and --data DIR",
    )?;
    Ok(folder.join("loqa"))
}

fn host_name() -> String {
    let name = fs::read_to_string("/etc/hostname").unwrap_or_default();
    let name = name.trim();
    match loqa_link::pairing::plain_name(name) {
        true => name.into(),
        false => "node".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn refused(text: &str, expected: Expect) {
        expected.assert_eq(&format!("{:#}", Config::parse(text).unwrap_err()));
    }

    #[test]
    fn a_file_says_what_it_is_there_for_and_the_rest_is_as_usual() {
        let config = Config::parse(
            "name = \"cellar\"\nroles = [\"inference\"]\nhub = [\"192.168.1.5:7443\"]\n[inference]\nstt = 4\n",
        )
        .unwrap();
        assert!(config.has(Role::Inference) && !config.has(Role::Puck));
        assert_eq!((config.inference.stt, config.inference.tts), (4, 2));
        assert_eq!(config.puck, Puck::default());
        assert_eq!(config.me().name, "cellar");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        refused(
            "[puck]\nmicrofone = \"usb\"\n",
            expect![[r#"
            TOML parse error at line 2, column 1
              |
            2 | microfone = "usb"
              | ^^^^^^^^^
            unknown field `microfone`, expected one of `microphone`, `speaker`, `wake`, `wake_threshold`, `wake_models`, `chime`, `codec`
        "#]],
        );
        refused(
            "roles = [\"toaster\"]\n",
            expect![[r#"
            TOML parse error at line 1, column 10
              |
            1 | roles = ["toaster"]
              |          ^^^^^^^^^
            unknown variant `toaster`, expected one of `inference`, `puck`, `display`
        "#]],
        );
        refused(
            "roles = []\n",
            expect![[r#"
            `roles` is empty: this machine would do nothing
              help: write roles = ["puck"]"#]],
        );
        refused(
            "name = \"a\\nb\"\n",
            expect![[r#"
            `name` has 1 to 64 bytes on one line
              help: write name = "kitchen""#]],
        );
        refused(
            "[inference]\ncontext = 12\n",
            expect!["`context` lies between 1024 and 32768 tokens"],
        );
        refused(
            "[display]\nkind = \"Wall tablet\"\n",
            expect![[r#"
            `kind` is a word of small letters
              help: write kind = "tablet""#]],
        );
        refused(
            "[puck]\nwake_threshold = 7.0\n",
            expect!["`wake_threshold` lies between 0 and 1"],
        );
    }

    #[test]
    fn a_file_with_anything_changed_is_settings_or_refused() {
        let file = "name = \"cellar\"\nroles = [\"puck\", \"inference\"]\nhub = [\"192.168.1.5:7443\"]\n\
                    [puck]\nwake_threshold = 0.5\ncodec = \"pcm16\"\n[inference]\nstt = 4\n";
        bolero::check!()
            .with_type::<(Vec<(u8, u8)>, u8)>()
            .with_iterations(2_000)
            .for_each(|(changes, cut)| {
                let mut bytes = file.as_bytes().to_vec();
                for (at, to) in changes.iter().take(4) {
                    let at = usize::from(*at) % bytes.len();
                    bytes[at] = *to;
                }
                bytes.truncate(bytes.len().saturating_sub((*cut / 4).into()));
                if let Ok(config) = Config::parse(&String::from_utf8_lossy(&bytes)) {
                    assert!(!config.roles.is_empty() && !config.puck.wake_threshold.is_nan());
                    assert!(loqa_link::pairing::plain_name(&config.name));
                }
            });
    }
}
