//! What the dashboard says, in the language of whoever looks at it: Fluent files in `words/`. What
//! the hub says it says in English: `hub.*.ftl` tells its sentences in other languages.

pub use fluent_bundle::FluentValue;

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource};
use unic_langid::LanguageIdentifier;

/// Languages, each with its own name. The first is taken where none fits.
pub const LANGUAGES: [(&str, &str); 2] = [("en", "English"), ("de", "Deutsch")];

/// The dashboard's words in one language.
pub struct Words {
    /// Its tag, such as `de`.
    pub language: &'static str,
    own: Bundle,
    /// Sentences of the hub, which it says in English.
    hub: Bundle,
}

type Bundle = FluentBundle<FluentResource>;

impl Words {
    /// In the language that fits best what a browser asks for, such as `de-AT`.
    pub fn for_language(wanted: &str) -> Words {
        let primary = wanted.split(['-', '_']).next().unwrap_or_default();
        let (language, own, hub) = match primary {
            "de" => (
                "de",
                include_str!("../words/de.ftl"),
                include_str!("../words/hub.de.ftl"),
            ),
            _ => ("en", include_str!("../words/en.ftl"), ""),
        };
        Words {
            language,
            own: bundle(language, own),
            hub: bundle(language, hub),
        }
    }

    /// The words for `key`; the key itself if nobody wrote any.
    pub fn get(&self, key: &str) -> String {
        self.with(key, &[])
    }

    /// The words for `key`, with values in them.
    pub fn with(&self, key: &str, values: &[(&'static str, FluentValue<'_>)]) -> String {
        find(&self.own, key, values).unwrap_or_else(|| key.into())
    }

    /// What the hub says, as it says it where nobody wrote it in this language. The key of a
    /// sentence is its own words, joined by hyphens; numbers, names in quotes, paths and the like
    /// are its values, `$a` to `$h`.
    pub fn of_hub(&self, text: &str) -> String {
        self.sentence(text, &["; ", ": "])
    }

    /// The whole, else what is strung together, part by part.
    fn sentence(&self, text: &str, separators: &[&str]) -> String {
        let (key, values) = keyed(text);
        let values = values.into_iter().map(FluentValue::from);
        let values: Vec<_> = VALUES.into_iter().zip(values).collect();
        match (find(&self.hub, &key, &values), separators) {
            (Some(words), _) => words,
            (None, [separator, rest @ ..]) => {
                let parts = text.split(separator).map(|part| self.sentence(part, rest));
                parts.collect::<Vec<_>>().join(separator)
            }
            (None, []) => text.into(),
        }
    }
}

fn bundle(language: &str, source: &str) -> Bundle {
    let id = LanguageIdentifier::from_bytes(language.as_bytes()).unwrap_or_default();
    let mut bundle = FluentBundle::new(vec![id]);
    // Isolation marks are for mixed scripts in one line; names stand in elements of their own.
    bundle.set_use_isolating(false);
    // What can be read of a broken file is used; a test reads them whole.
    let resource = FluentResource::try_new(source.into()).unwrap_or_else(|(some, _)| some);
    bundle.add_resource_overriding(resource);
    bundle
}

fn find(bundle: &Bundle, key: &str, values: &[(&'static str, FluentValue<'_>)]) -> Option<String> {
    let pattern = bundle.get_message(key)?.value()?;
    let arguments: FluentArgs<'_> = values.iter().cloned().collect();
    let mut errors = Vec::new();
    let words = bundle.format_pattern(pattern, Some(&arguments), &mut errors);
    Some(words.into_owned())
}

/// Names of the values of a sentence, in order.
const VALUES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

/// Around words, and no part of them.
const PUNCTUATION: [char; 9] = [',', '.', ':', ';', '?', '!', '(', ')', '–'];

/// The key of a sentence, and what stands in it for values.
fn keyed(text: &str) -> (String, Vec<&str>) {
    let (mut key, mut values) = (Vec::new(), Vec::new());
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || PUNCTUATION.contains(&c));
        let quoted = |open, close| rest.strip_prefix(open)?.split_once::<char>(close);
        let (token, is_value);
        if let Some((inside, after)) = quoted('`', '`').or_else(|| quoted('“', '”')) {
            (token, is_value, rest) = (inside, true, after);
        } else if rest.is_empty() {
            return (key.join("-"), values);
        } else {
            let (next, after) = rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len()));
            token = next.trim_end_matches(PUNCTUATION);
            is_value = !token.starts_with(|c: char| c.is_ascii_alphabetic())
                || !token
                    .chars()
                    .all(|c| c.is_ascii_alphabetic() || "'’-".contains(c));
            rest = after;
        }
        if is_value {
            key.push(VALUES.get(values.len()).copied().unwrap_or_default().into());
            values.push(token);
        } else {
            key.push(token.to_lowercase().replace(['\'', '’'], ""));
        }
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
        let folders = ["src/web", "../src-tauri/src"];
        let folders = folders.map(|folder| Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
        let mut missing = BTreeSet::new();
        let mut folders = folders.to_vec();
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            let entries = fs::read_dir(folder).unwrap();
            let (inner, here): (Vec<_>, Vec<_>) = entries
                .map(|entry| entry.unwrap().path())
                .partition(|path| path.is_dir());
            folders.extend(inner);
            files.extend(here);
        }
        for file in files {
            let text = fs::read_to_string(file).unwrap();
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
    fn what_the_hub_says_is_said_in_the_language_of_who_looks() {
        let check = |language: &str, text: &str| Words::for_language(language).of_hub(text);
        let text = "there is no microphone named `Blue <b>`; until then typed commands work";
        assert_eq!(check("en", text), text);
        assert_eq!(
            check("de", text),
            "Es gibt kein Mikrofon namens „Blue <b>“; bis dahin gehen geschriebene Befehle"
        );
        let path = "/a b/loqa.toml (not there: the defaults are used)";
        assert_eq!(check("de", "nobody wrote this"), "nobody wrote this");
        assert_eq!(
            check("de", &path.replace("a b", "a")),
            "/a/loqa.toml (nicht da: Es gilt, was vorgesehen ist)"
        );
        assert_eq!(check("de", ""), "");
    }

    /// Each model, as `loqa model list` and the page tell what it is for.
    #[test]
    fn what_models_are_for_is_told_in_every_language() {
        let catalogue =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/src/library/models.toml");
        let catalogue = fs::read_to_string(catalogue).unwrap();
        let about = catalogue
            .lines()
            .filter_map(|line| line.strip_prefix("about = \""));
        let about: Vec<String> = about
            .map(|it| it.trim_end_matches('"').replace("\\\"", "\""))
            .collect();
        assert!(about.len() > 10);
        let german = Words::for_language("de");
        for about in about {
            for part in about.split("; ").flat_map(|it| it.split(": ")) {
                let (key, _) = keyed(part);
                assert!(german.hub.has_message(&key), "{key}: {about}");
            }
        }
    }

    /// A sentence of the hub that has changed would be told in English again.
    #[test]
    fn what_is_translated_of_the_hub_is_what_it_says() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine");
        let mut said = String::new();
        let mut folders = vec![root];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path
                    .extension()
                    .is_some_and(|it| it == "rs" || it == "toml")
                {
                    let text = fs::read_to_string(path).unwrap().replace("\\n", " ");
                    for literal in text.split('"') {
                        said.push_str(&format!("-{}-", keyed(literal).0));
                    }
                }
            }
        }
        // Which it puts into its sentences as well.
        let also = ["microphone", "speaker", "device", "area", "gib"];
        let is_value = |word: &str| VALUES.contains(&word) || also.contains(&word);
        for key in keys("hub.de.ftl") {
            let words: Vec<&str> = key
                .trim_end_matches("-is-not-installed")
                .split('-')
                .collect();
            for run in words
                .split(|word| is_value(word))
                .filter(|run| !run.is_empty())
            {
                let run = run.join("-");
                assert!(said.contains(&run), "{key}: nobody says {run}");
            }
        }
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
