//! What a skill shows: a card, whose texts are templates as replies are.

/// A card of an intent, before its slots are filled in.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct CardTemplate {
    /// What it is about.
    pub title: String,
    /// What it tells: a name, if it has one, and a text.
    pub lines: Vec<(Option<String>, String)>,
    /// Sentences to touch.
    pub say: Vec<String>,
    /// How long it stays, minutes, 1 to a day's.
    pub stays_min: u64,
}

impl CardTemplate {
    /// All its templates, in the order in which [`super::Place::Card`] counts them.
    pub fn templates(&self) -> impl Iterator<Item = &str> {
        let lines = self.lines.iter();
        let lines = lines.flat_map(|(name, text)| name.iter().chain([text]));
        let texts = [&self.title].into_iter().chain(lines).chain(&self.say);
        texts.map(String::as_str)
    }
}
