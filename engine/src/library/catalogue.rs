//! Models that can be fetched: `models.toml`.

use serde::{Deserialize, Serialize};

/// What a model is for. Those of a kind lie in a folder of that name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Hears a phrase that calls Loqa.
    Wake,
    /// Hears any words.
    Stt,
    /// Speaks.
    Tts,
    /// Tells voices from everything else.
    Vad,
    /// Answers any question.
    Llm,
}

impl Kind {
    /// As in the file.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Wake => "wake",
            Kind::Stt => "stt",
            Kind::Tts => "tts",
            Kind::Vad => "vad",
            Kind::Llm => "llm",
        }
    }
}

/// A model.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Unique; small letters, digits, `-`.
    pub name: String,
    /// What it is for.
    #[serde(rename = "for")]
    pub kind: Kind,
    /// What it does, and how it is used.
    pub about: String,
    /// SPDX.
    pub license: String,
    /// Languages it was trained on, ISO 639-1; `mul` for many.
    pub languages: Vec<String>,
    /// Length of its files, MiB, as its publisher tells it.
    pub mib: u64,
    /// All of them are needed.
    #[serde(rename = "file")]
    pub files: Vec<File>,
}

/// A file of a model.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Where it is published; the last part is its name.
    pub url: String,
    /// Lower-case hex, where its publisher tells it.
    pub sha256: Option<String>,
    /// The same of an older kind, which some publishers still tell: it finds damage as well.
    pub sha1: Option<String>,
    /// Its length, where its publisher tells it.
    pub bytes: Option<u64>,
}

impl File {
    /// What it is called.
    pub fn name(&self) -> &str {
        self.url.rsplit('/').next().unwrap_or(&self.url)
    }
}

/// The models that come with this Loqa, as it knows them.
///
/// # Errors
/// None, unless Loqa was built wrongly.
pub fn catalogue() -> Result<Vec<Model>, toml::de::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        model: Vec<Model>,
    }
    toml::from_str(include_str!("models.toml")).map(|file: File| file.model)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_catalogue_is_sound() {
        let models = catalogue().unwrap();
        let letter = |it: u8| matches!(it, b'a'..=b'z' | b'0'..=b'9' | b'-');
        let (mut names, mut files) = (BTreeSet::new(), BTreeSet::new());
        for model in &models {
            assert!(model.name.bytes().all(letter), "{}", model.name);
            assert!(names.insert(&model.name), "{}", model.name);
            assert!(!model.files.is_empty() && !model.license.is_empty());
            for file in &model.files {
                assert!(file.url.starts_with("https://"), "{}", file.url);
                let plain = |it: char| it.is_ascii_alphanumeric() || "._-".contains(it);
                assert!(file.name().chars().all(plain) && !file.name().starts_with('.'));
                assert!(files.insert((model.kind, file.name().to_owned())));
                for (sum, length) in [(&file.sha256, 64), (&file.sha1, 40)] {
                    let hex = |sum: &String| {
                        sum.len() == length && sum.bytes().all(|b| b.is_ascii_hexdigit())
                    };
                    assert!(sum.as_ref().is_none_or(hex), "{}", file.url);
                }
            }
        }
    }
}
