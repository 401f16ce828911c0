//! What the dashboard says, in the language of whoever looks at it: Fluent files in `words/`.

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

/// Languages, each with its own name. The first is taken where none fits.
pub const LANGUAGES: [(&str, &str); 2] = [("en", "English"), ("de", "Deutsch")];

/// The dashboard's words in one language.
pub struct Words {
    /// Its tag, such as `de`.
    pub language: &'static str,
    bundle: FluentBundle<FluentResource>,
}

impl Words {
    /// In the language that fits best what a browser asks for, such as `de-AT`.
    pub fn for_language(wanted: &str) -> Words {
        let primary = wanted.split(['-', '_']).next().unwrap_or_default();
        let (language, source) = match primary {
            "de" => ("de", include_str!("../words/de.ftl")),
            _ => ("en", include_str!("../words/en.ftl")),
        };
        let id = LanguageIdentifier::from_bytes(language.as_bytes()).unwrap_or_default();
        let mut bundle = FluentBundle::new(vec![id]);
        // Isolation marks are for mixed scripts in one line; names stand in elements of their own.
        bundle.set_use_isolating(false);
        // What can be read of a broken file is used; a test reads both whole.
        let resource = FluentResource::try_new(source.into()).unwrap_or_else(|(some, _)| some);
        bundle.add_resource_overriding(resource);
        Words { language, bundle }
    }

    /// The words for `key`; the key itself if nobody wrote any.
    pub fn get(&self, key: &str) -> String {
        self.with(key, &[])
    }

    /// The words for `key`, with values in them.
    pub fn with(&self, key: &str, values: &[(&'static str, FluentValue<'_>)]) -> String {
        let message = self.bundle.get_message(key);
        let Some(pattern) = message.and_then(|message| message.value()) else {
            return key.into();
        };
        let arguments: FluentArgs<'_> = values.iter().cloned().collect();
        let mut errors = Vec::new();
        let words = self
            .bundle
            .format_pattern(pattern, Some(&arguments), &mut errors);
        words.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeSet, fs, path::Path};

    fn keys(file: &str) -> BTreeSet<String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("words")
            .join(file);
        let text = fs::read_to_string(&path).unwrap();
        if let Err((_, errors)) = FluentResource::try_new(text.clone()) {
            panic!("{file}: {errors:?}");
        }
        let is_key = |line: &&str| line.starts_with(|c: char| c.is_ascii_lowercase());
        let lines = text.lines().filter(is_key);
        lines
            .filter_map(|line| Some(line.split_once(" =")?.0.to_owned()))
            .collect()
    }

    #[test]
    fn every_language_has_all_the_words_and_no_others() {
        assert_eq!(keys("en.ftl"), keys("de.ftl"));
    }

    /// Keys are written as `words("…")`, `words_with("…"` or end in `-*` of a closed set.
    #[test]
    fn every_word_that_is_used_is_there() {
        let known = keys("en.ftl");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web");
        let mut missing = BTreeSet::new();
        for file in fs::read_dir(folder).unwrap() {
            let text = fs::read_to_string(file.unwrap().path()).unwrap();
            for start in ["words(\"", "words_with(\""] {
                let used = text
                    .split(start)
                    .skip(1)
                    .filter_map(|rest| rest.split('"').next());
                missing.extend(used.filter(|key| !known.contains(*key)).map(str::to_owned));
            }
        }
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn a_language_nobody_wrote_falls_back_and_numbers_find_their_form() {
        assert_eq!(Words::for_language("de-AT").language, "de");
        let english = Words::for_language("tlh");
        assert_eq!(english.language, "en");
        let items = |count: i32| english.with("items", &[("count", count.into())]);
        assert_eq!((items(1), items(3)), ("1 item".into(), "3 items".into()));
        assert_eq!(english.get("no-such-key"), "no-such-key");
    }
}
