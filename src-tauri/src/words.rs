//! What shows outside of the page, in the language of the desktop: the dashboard's own words.

use loqa_ui::words::{FluentValue, Words};

thread_local! {
    static WORDS: Words = Words::for_language(&language());
}

/// The words for `key`.
pub fn words(key: &str) -> String {
    WORDS.with(|words| words.get(key))
}

/// The words for `key`, with one value in them.
pub fn words_with<'v>(key: &str, name: &'static str, value: impl Into<FluentValue<'v>>) -> String {
    WORDS.with(|words| words.with(key, &[(name, value.into())]))
}

/// What the hub says.
pub fn words_of_hub(text: &str) -> String {
    WORDS.with(|words| words.of_hub(text))
}

/// Which the person has chosen for the desktop.
fn language() -> String {
    if cfg!(test) {
        return "en".into();
    }
    sys_locale::get_locale().unwrap_or_default()
}
