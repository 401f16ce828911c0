//! Models that the settings name: by their file, or as the hub calls them.

use crate::config;
use loqa_link::is_name;
use loqa_protocol::Capability;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};

/// One of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wanted {
    pub engine: Engine,
    pub weights: Weights,
    /// What it shall do at a time.
    pub slots: u32,
}

/// What runs it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Engine {
    Whisper,
    /// With so many tokens in mind.
    Llama {
        context: u32,
    },
}

/// Where it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Weights {
    /// Here.
    File(PathBuf),
    /// At the hub, under this name.
    OfHub(String),
    /// It is neither, and why.
    Neither(String),
}

impl Wanted {
    /// Those of these settings.
    pub fn of(config: &config::Inference) -> Vec<Wanted> {
        let context = config.context;
        let whisper = config.whisper.as_deref().map(|named| Wanted {
            engine: Engine::Whisper,
            weights: Weights::read(named),
            slots: config.stt.max(1),
        });
        let llama = config.llama.as_deref().map(|named| Wanted {
            engine: Engine::Llama { context },
            weights: Weights::read(named),
            slots: 1,
        });
        whisper.into_iter().chain(llama).collect()
    }

    /// What this machine can do with it.
    pub fn capability(&self) -> Capability {
        let (kind, name) = match self.engine {
            Engine::Whisper => ("stt", "whisper"),
            Engine::Llama { .. } => ("llm", "llama"),
        };
        let variant = match &self.weights {
            Weights::File(file) => file
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into(),
            Weights::OfHub(name) => name.clone(),
            Weights::Neither(_) => String::new(),
        };
        Capability {
            kind: kind.into(),
            name: name.into(),
            variant,
        }
    }
}

impl Weights {
    fn read(named: &str) -> Weights {
        let file = Path::new(named);
        if named.contains(MAIN_SEPARATOR) || file.is_file() {
            return Weights::File(file.to_owned());
        }
        match is_name(named) {
            true => Weights::OfHub(named.to_owned()),
            false => Weights::Neither(format!(
                "`{named}` is no file here, and no hub calls a model so: such names have small letters, digits and `-`"
            )),
        }
    }
}

/// For people.
pub fn mb(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_separator_or_is_there_is_a_file_and_other_names_are_the_hubs() {
        let of = Weights::read;
        assert_eq!(
            of("whisper-base-en"),
            Weights::OfHub("whisper-base-en".into())
        );
        assert_eq!(of("/srv/a.bin"), Weights::File("/srv/a.bin".into()));
        assert_eq!(of("./whisper"), Weights::File("./whisper".into()));
        // Where tests run.
        assert_eq!(of("Cargo.toml"), Weights::File("Cargo.toml".into()));
        assert!(matches!(of("ggml-base.bin"), Weights::Neither(_)));
        assert!(matches!(of(""), Weights::Neither(_)));
    }
}
